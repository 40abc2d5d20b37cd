--- The driver inside nginx: each request is a task, and the lines of its calls are the reply.
local tasks = require "tasks"

local place = {}

function place.now_ms()
    ngx.update_time()
    return ngx.now() * 1000
end

function place.log(text)
    ngx.log(ngx.WARN, text)
end

local by_nginx = {}

local function reply_to(uri, line)
    if uri == "/worker" then
        return ngx.worker.pid() .. "\n"
    elseif uri == "/quiet" then
        return tasks.pause(line) .. "\n"
    end
    local lines = {}
    tasks.perform(line, place, function(told)
        lines[#lines + 1] = told .. "\n"
    end)
    return table.concat(lines)
end

function by_nginx.answer()
    ngx.req.read_body()
    local reply = reply_to(ngx.var.uri, ngx.req.get_body_data())
    ngx.header["Content-Length"] = #reply
    ngx.print(reply)
end

return by_nginx
