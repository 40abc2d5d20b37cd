--- The SEND step by a function of the caller's, `transport`, for who has an HTTP client already:
--
--     transport = function(request)
--         -- request: method, url, headers (a table), body (a list of strings), body_length,
--         -- timeout and connect_timeout (milliseconds); scheme, host, port and target, too.
--         return { status = 200, headers = { ... }, body = "..." }
--         -- or: return nil, "connect" | "timeout" | "tls" | "network" | "protocol", was_sent
--     end
--
-- It must follow no redirect and send nothing twice by itself. was_sent: false only if no byte of
-- the request can have left. What it raises goes on to the caller.
local core = require "wxidcard.core"

local MISTAKE = "transport must return a table of status (a number), body (a string) and headers, "
    .. "or nil and what failed"
local UNKNOWN = "transport must say what failed: \"connect\", \"timeout\", \"tls\", \"network\" or "
    .. "\"protocol\""

local FAILURES = { connect = true, timeout = true, tls = true, network = true, protocol = true }

-- By name, in whatever letters it came: Retry-After is retry_after.
local function fields_of(headers)
    local found = {}
    for name, value in pairs(type(headers) == "table" and headers or {}) do
        if type(name) == "string" and type(value) == "string" then
            found[name:lower():gsub("-", "_")] = value
        end
    end
    return found
end

local function answer(call, reply)
    local body = reply.body or ""
    if type(reply.status) ~= "number" or type(body) ~= "string" then
        return MISTAKE
    elseif #body > core.max_reply_body then
        return call:answer_failure(core.now_ms(), "protocol", true, "a reply that is far too long")
    end
    local fields = fields_of(reply.headers)
    call:answer_reply(core.now_ms(), {
        status = reply.status, body = body, retry_after = fields.retry_after,
        date = fields.date,
    })
end

local transport = {}

--- The function that carries out SEND steps, and returns the sentence of a mistake if there is one.
function transport.sender(send, settings)
    return function(call)
        local request = call:request()
        request.timeout = call:time_left_ms(core.now_ms())
        request.connect_timeout = math.min(settings.connect_timeout, request.timeout)
        local reply, failure, was_sent = send(request)
        if type(reply) == "table" then
            return answer(call, reply)
        elseif reply ~= nil then
            return MISTAKE
        elseif failure ~= nil and not FAILURES[failure] then
            return UNKNOWN
        end
        call:answer_failure(core.now_ms(), failure or "network", was_sent ~= false)
    end
end

return transport
