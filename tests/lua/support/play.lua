--- How the cases of tests/vectors are carried out. What comes of it is for the caller to judge.
local cjson = require "cjson"
local core = require "wxidcard.core"
local driver = require "support.driver"
local support = require "support"

local play = {}

local TOKEN = "invented_token"

-- Plays the reply of a case to a call.
local function reply_to(call, case)
    local steps = driver.play(call, { { status = case.http_status, body = case.body } })
    assert(steps == "send done", steps)
    return call
end

--- A reply, through the call machine. Returns the card, or nil and the error.
function play.reply(case, seed)
    local session = core.session { access_token = TOKEN, max_retries = 0 }
    local call = assert(session:recognition { img = support.JPEG, now_ms = 0, seed = seed })
    return reply_to(call, case):take_card()
end

--- A reply, over HTTP: url is that of service.py. Returns the card, or nil and what was raised.
function play.reply_over_http(case, url)
    local client = require("wxidcard").new {
        access_token = TOKEN, base_url = url .. "/case/" .. case.name, max_retries = 0,
    }
    local ok, outcome = pcall(client.recognize, client, { img = support.JPEG })
    client:close()
    if ok then
        return outcome
    end
    return nil, outcome
end

--- A reply of a token endpoint. Returns the token and its life, or nil and the error.
function play.token(case, seed)
    local session = core.session { access_token = TOKEN, max_retries = 0 }
    local call = assert(session:token_fetch {
        appid = "wx_invented", secret = "secret_of_the_tests", now_ms = 0, seed = seed,
    })
    return reply_to(call, case):take_token()
end

--- The settings of a request, for a client. Times are in seconds there.
function play.settings_of(case)
    local settings = {}
    for _, info in ipairs(core.settings()) do
        local value = case.settings[info.name]
        settings[info.name] = value and info.type == "duration" and value * 1000 or value
    end
    return settings
end

local function operation_of(case)
    local operation = { now_ms = 0, seed = support.seed(case.seed) }
    return support.put_given(operation, case.recognition or case.token_fetch)
end

--- A request. Returns the call, which is about to send it, or nil and the refusal.
function play.request(case)
    local session, problem = core.session(play.settings_of(case))
    if not session then
        return nil, problem
    end
    local start = case.token_fetch and session.token_fetch or session.recognition
    return start(session, operation_of(case))
end

--- The number of a case of numbers.
function play.number_of(case)
    return case.number or support.from_base64(case.number_base64)
end

--- The two sides of a case of cards; one may be nil.
function play.sides_of(case)
    local front, back = case.front, case.back
    return front ~= cjson.null and front or nil, back ~= cjson.null and back or nil
end

return play
