--- A token store of files in a folder, for several processes one after the other: times to live are
-- not kept.
local support = require "support"

local Store = {}
Store.__index = Store

function Store:path(key)
    return self.folder .. "/" .. key:gsub("[^%w]", "_")
end

function Store:get(key)
    local file = io.open(self:path(key), "rb")
    local value = file and file:read("*a")
    if file then
        file:close()
    end
    return value
end

function Store:set(key, value)
    support.write_file(self:path(key), value)
    return true
end

function Store:add(key, value)
    if self:get(key) then
        return false, "exists"
    end
    return self:set(key, value)
end

function Store:delete(key)
    return os.remove(self:path(key))
end

return function(folder)
    return setmetatable({ folder = folder }, Store)
end
