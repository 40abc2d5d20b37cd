--- Calls that do not come to their end: their request is given up, or their thread is killed.
local cjson = require "cjson"
local workers = require "workers"

local seen = ngx.shared.seen
local lost_calls = {}

--- Goes with its client, as a request does that nobody wants the answer of any more.
function lost_calls.aborted()
    assert(ngx.on_abort(function()
        seen:incr("aborted", 1, 0)
        ngx.exit(499)
    end))
    workers.recognize()
end

--- Waits until a test has the recognition, or the refresh, killed, and says so.
function lost_calls.killed()
    local thread = ngx.thread.spawn(workers[ngx.var.arg_what])
    while not seen:get("kill") do
        ngx.sleep(0.005)
    end
    local killed, problem = ngx.thread.kill(thread)
    seen:incr("killed", 1, 0)
    ngx.print(cjson.encode { killed = killed == 1, problem = problem })
end

function lost_calls.kill()
    seen:set("kill", true)
    ngx.print("{}")
end

return lost_calls
