--- The driver inside nginx. This version has none that does not block, and one that blocks must not
-- run here.
local core = require "wxidcard.core"

local REFUSAL = "wxidcard cannot %s inside nginx yet: this version has only a client that blocks, "
    .. "which would stop the worker for every request. Call it in a thread, by "
    .. "ngx.run_worker_thread, or in another process (plain Lua or Python) behind proxy_pass or a "
    .. "queue"

local Driver = {}
Driver.__index = Driver

function Driver.recognize()
    return nil, REFUSAL:format("recognise")
end

function Driver.refresh_token()
    return nil, REFUSAL:format("refresh a token")
end

function Driver.close() end

function Driver:description()
    return self.session:description()
end

local nginx = {}

function nginx.new(settings)
    local session, problem = core.session(settings)
    if not session then
        return nil, problem
    end
    return setmetatable({ session = session }, Driver)
end

return nginx
