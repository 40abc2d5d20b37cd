--- A token store is called in the manner of ngx.shared.DICT:
--
--     store:get(key)                    the value, or nil
--     store:set(key, value, seconds)    stores it, whatever was there
--     store:add(key, value, seconds)    true, or false and "exists" if there is one
--     store:delete(key)
--
-- Of set, add and delete, nil or false with a string says that the store does not work; an error
-- that is raised says so too, and anything that is not in this table.
local store = {}

-- Nobody reads it: it is the same for the caller as an error that the store raises.
local function give_up()
    error("the store does not work", 0)
end

local function is_failure(result, problem)
    return not result and type(problem) == "string"
end

local operations = {}

-- What else get returns, flags perhaps, is no matter.
function operations.get(kept, key)
    local value = kept:get(key)
    if value ~= nil and type(value) ~= "string" then
        give_up()
    end
    return value
end

function operations.set(kept, key, value, seconds)
    if is_failure(kept:set(key, value, seconds)) then
        give_up()
    end
end

-- A lock is had if the store says true, and not if it says something that Lua takes for true, such
-- as the 0 of some databases.
function operations.add(kept, key, value, seconds)
    local stored, problem = kept:add(key, value, seconds)
    if stored and stored ~= true or is_failure(stored, problem) and problem ~= "exists" then
        give_up()
    end
    return nil, stored == true
end

-- Only what is this very value. Between the look and the removal the value can change, but only if
-- its time to live ends just then.
function operations.delete(kept, key, value)
    if operations.get(kept, key) == value and is_failure(kept:delete(key)) then
        give_up()
    end
end

--- Carries out one operation: "get", "set", "add" or "delete". Returns the value that get found,
-- and whether add stored; raises when the store does not work.
function store.perform(kept, action, key, value, seconds)
    return operations[action](kept, key, value, seconds)
end

--- What is said of a store that does not work. What it raises may hold a password.
store.WARNING = "the token store failed: going on with this process's own token"

return store
