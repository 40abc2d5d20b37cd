--- Lets time pass in nginx, until it has asked the system what has come meanwhile.
--
-- A turn of nginx's loop asks the system, hands out what has come, wakes those whose time is over,
-- and then does what has been posted. When time is over is a matter of nginx's clock, which any Lua
-- in the worker may set (ngx.update_time): one that begins to sleep early in a turn may wake in the
-- same one, when what has come is still in the system. One that begins among what was posted wakes
-- in another turn. And then he waits for what was posted once more: with accept_mutex what has come
-- is handed out there.

-- Seconds, which never pass: it is posted to at once.
local LONG = 60

local function wait_for_what_is_posted()
    local gate = assert(require("ngx.semaphore").new()) -- which can be loaded where it can be used
    local thread = ngx.thread.spawn(gate.wait, gate, LONG)
    gate:post()
    ngx.thread.wait(thread)
end

local poll = {}

--- Returns when at least so many seconds have passed, and all that had come by then has been handed
-- to those who read.
function poll.after(seconds)
    wait_for_what_is_posted()
    ngx.sleep(seconds)
    wait_for_what_is_posted()
end

return poll
