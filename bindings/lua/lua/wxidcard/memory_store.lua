--- A token store in the memory of one Lua state, with the methods of ngx.shared.DICT that a
-- token_store needs:
--
--     local store = require("wxidcard.memory_store").new()
--     store:get(key)                 -- the value, or nil
--     store:set(key, value, seconds) -- true
--     store:add(key, value, seconds) -- true, or false and "exists"
--     store:delete(key)              -- true
--
-- It shows what a store has to do, and serves tests. Programs have little use for it: the clients
-- of one process share the token of an account anyhow, whatever Lua state they are in. What reaches
-- other processes (ngx.shared, a database) is written like this, over four operations.
local Store = { __name = "wxidcard.memory_store" }
Store.__index = Store

-- Not in the objects themselves, where whatever prints tables would show the tokens.
local insides = setmetatable({}, { __mode = "k" })

function Store.__tostring()
    return Store.__name
end

-- The entry of a key, unless its time has passed.
local function find(self, key)
    local inside = insides[self] or error("call a store's methods with a colon: store:get(key)", 3)
    local entry = inside.entries[key]
    if entry and entry.ends and inside.clock() >= entry.ends then
        inside.entries[key] = nil
        return nil, inside
    end
    return entry, inside
end

local function put(inside, key, value, seconds)
    local lasts = seconds and seconds > 0
    inside.entries[key] = {
        value = value, ends = lasts and inside.clock() + seconds + inside.grain or nil,
    }
    return true
end

function Store:get(key)
    local entry = find(self, key)
    return entry and entry.value
end

--- Stores a value, whatever was there. It is gone after so many seconds; without them, or with 0,
-- it stays.
function Store:set(key, value, seconds)
    local _, inside = find(self, key)
    return put(inside, key, value, seconds)
end

--- The same, but only if there is no value: how a lock is taken.
function Store:add(key, value, seconds)
    local entry, inside = find(self, key)
    if entry then
        return false, "exists"
    end
    return put(inside, key, value, seconds)
end

function Store:delete(key)
    local _, inside = find(self, key)
    inside.entries[key] = nil
    return true
end

local memory_store = {}

--- A store. clock: a function that returns the time in seconds; os.time is taken for it, which
-- knows whole seconds only, so that a value may live one second longer, but never a shorter time.
function memory_store.new(options)
    local clock = options and options.clock
    local store = setmetatable({}, Store)
    insides[store] = { entries = {}, clock = clock or os.time, grain = clock and 0 or 1 }
    return store
end

return memory_store
