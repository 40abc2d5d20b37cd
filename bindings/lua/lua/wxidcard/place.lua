--- Where this program runs decides who carries its bytes.
local place = {}

-- ngx may be absent, behind a strict _G that raises, or inherited by a request's environment.
local function read_ngx()
    return ngx
end

--- Whether this is the event loop of an nginx process, where waiting would stop everybody. The
-- threads of ngx.run_worker_thread have an ngx table too, but no sockets, and may wait.
function place.is_nginx()
    local found, nginx = pcall(read_ngx)
    return found and type(nginx) == "table" and type(nginx.config) == "table"
        and nginx.socket ~= nil
end

--- The driver for here: a module with new(settings, warn, transport). Loaded when it is needed, so
-- that libcurl never gets into an nginx worker's event loop.
function place.driver(has_transport)
    if place.is_nginx() then
        return require "wxidcard.nginx"
    end
    return require(has_transport and "wxidcard.plain" or "wxidcard.blocking")
end

return place
