--- Makes photographs small enough for the service.
local wxidcard = require "wxidcard.safe"

local pictures = {}

local THREADS = "pictures" -- the thread_pool of nginx.conf

-- Of the pictures that the service takes, as wxidcard has it.
local LIMIT = 2 * 1024 * 1024

--- The picture, smaller if it must be; or nil and the kind of the error. This is what the thread
-- runs, in a Lua of its own.
function pictures.shrink(bytes)
    local shrunk, _, err = wxidcard.fit_image(bytes)
    return shrunk, err and err.kind
end

--- The same, without keeping this worker from its other requests. Also says whether the call may
-- be made again.
function pictures.fit(bytes)
    if #bytes < LIMIT then
        return bytes
    end
    if not ngx.run_worker_thread then -- a Lua module before 0.10.22, or without threads
        return pictures.shrink(bytes)
    end
    local ran, shrunk, kind = ngx.run_worker_thread(THREADS, "idcard.pictures", "shrink", bytes)
    if ran then
        return shrunk, kind
    end
    -- What stands in the place of the result is now why it did not run.
    if tostring(shrunk):find("not found", 1, true) then -- no thread_pool in nginx.conf
        return pictures.shrink(bytes)
    end
    ngx.log(ngx.ERR, "no thread for a picture: ", shrunk)
    return nil, "busy", true
end

return pictures
