--- A token store in Redis, by the client of lua-nginx-redis, which waits as nginx does.
local redis = require "nginx.redis"

local Store = {}
Store.__index = Store

-- The reply to a command; what the server refuses is raised, like a connection that fails.
local function ask(self, command, ...)
    local client = redis:new()
    client:set_timeout(10000)
    assert(client:connect(self.address))
    local reply = assert(client[command](client, ...))
    client:set_keepalive(10000, 100)
    return reply ~= ngx.null and reply or nil
end

local function milliseconds(seconds)
    return ("%d"):format(seconds * 1000)
end

function Store:get(key)
    return ask(self, "get", key)
end

function Store:set(key, value, seconds)
    return ask(self, "set", key, value, "PX", milliseconds(seconds)) ~= nil
end

function Store:add(key, value, seconds)
    if ask(self, "set", key, value, "NX", "PX", milliseconds(seconds)) then
        return true
    end
    return false, "exists"
end

function Store:delete(key)
    ask(self, "del", key)
    return true
end

local redis_store = {}

--- address: as connect takes it, "unix:/path".
function redis_store.new(address)
    return setmetatable({ address = address }, Store)
end

return redis_store
