--- What the locations of workers.py do, in each worker of a nginx. The settings of the client are in
-- settings.lua, which a test writes.
local cjson = require "cjson"
local wxidcard = require "wxidcard"

local PICTURE = "\255\216\255\224invented"

local seen = ngx.shared.seen
local workers = {}

function wxidcard.warn(message)
    seen:rpush("warnings", message)
end

-- One for all requests of a worker, as a program has it. Not made with the module: a worker that
-- was never asked has none.
local clients = {}

local function client_of(name)
    if not clients[name] then
        clients[name] = require(name).new(require("settings"))
    end
    return clients[name]
end

-- The client's method, and what came of it: "done" or the card's type, or the failure.
local function outcome_of(name, method, ...)
    local client = client_of(name)
    local worked, result, message, failure = pcall(client[method], client, ...)
    failure = failure or not worked and type(result) == "table" and result or nil
    return {
        worker = ngx.worker.id(),
        came = worked and result and (result == true and "done" or result.type) or nil,
        kind = failure and failure.kind,
        message = message or not worked and tostring(result) or nil,
    }
end

function workers.recognize()
    seen:incr("begun", 1, 0)
    local outcome = outcome_of(ngx.var.arg_module or "wxidcard", "recognize", { img = PICTURE })
    seen:incr("over", 1, 0)
    ngx.print(cjson.encode(outcome))
end

function workers.refresh()
    ngx.print(cjson.encode(outcome_of("wxidcard.safe", "refresh_token", {
        force = ngx.var.arg_force ~= nil,
    })))
end

--- Which worker this is; its process has another number when it was started anew.
function workers.identify()
    ngx.print(cjson.encode { worker = ngx.worker.id(), pid = ngx.worker.pid() })
end

--- How many recognitions have begun and ended, and what was warned of.
function workers.tell()
    local warnings = {}
    for number = 1, seen:llen("warnings") do
        warnings[number] = seen:lpop("warnings")
        seen:rpush("warnings", warnings[number])
    end
    setmetatable(warnings, cjson.empty_array_mt)
    ngx.print(cjson.encode {
        begun = seen:get("begun") or 0, over = seen:get("over") or 0, warnings = warnings,
    })
end

--- One operation of ngx.shared.tokens on the key in the query: GET, PUT with the value, or AGE,
-- which leaves it some milliseconds to live.
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
