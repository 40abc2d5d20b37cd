--- What the locations of workers.py do, in each worker of a nginx. The settings of the client are
-- in settings.lua, which a test writes.
local cjson = require "cjson"
local wxidcard = require "wxidcard.safe"

local PICTURE = "\255\216\255\224invented"

local seen = ngx.shared.seen
local workers = {}

local warn = wxidcard.warn

function wxidcard.warn(message)
    seen:incr("warned: " .. message, 1, 0)
    warn(message)
end

-- One for all requests of a worker, as a program has it.
local client = wxidcard.new(require "settings")

-- What came of a call: "done" or the card's type, or the kind of the failure.
local function outcome_of(method, argument)
    local result, message, failure = client[method](client, argument)
    return {
        worker = ngx.worker.id(), kind = failure and failure.kind, message = message,
        came = result == true and "done" or result and result.type or nil,
    }
end

function workers.recognize()
    seen:incr("begun", 1, 0)
    ngx.print(cjson.encode(outcome_of("recognize", { img = PICTURE })))
end

function workers.refresh()
    ngx.print(cjson.encode(outcome_of("refresh_token", { force = ngx.var.arg_force ~= nil })))
end

--- Which worker this is; its process has another number when it was started anew.
function workers.identify()
    ngx.print(cjson.encode { worker = ngx.worker.id(), pid = ngx.worker.pid() })
end

--- How many recognitions have begun in all workers ("begun"), and how often what was warned of
-- ("warned: ...").
function workers.tell()
    local told = { begun = 0 }
    for _, name in ipairs(seen:get_keys()) do
        told[name] = seen:get(name)
    end
    ngx.print(cjson.encode(told))
end

--- What ngx.shared.tokens has for the key in the query, after the value in the body was put there,
-- or the one that is there was left some milliseconds to live.
function workers.store()
    local tokens, key = ngx.shared.tokens, ngx.unescape_uri(ngx.var.arg_key)
    local milliseconds = tonumber(ngx.var.arg_ms)
    if ngx.var.arg_do == "put" then
        ngx.req.read_body()
        tokens:set(key, ngx.req.get_body_data(), milliseconds / 1000)
    elseif ngx.var.arg_do == "age" then
        tokens:expire(key, milliseconds / 1000)
    end
    ngx.print(cjson.encode { value = tokens:get(key), left = tokens:ttl(key) })
end

return workers
