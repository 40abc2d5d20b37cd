local core = require "wxidcard.core"
local driver = require "support.driver"
local support = require "support"
local wxidcard = require "wxidcard"

local TOKEN = "invented_token"

local function assert_result(expect, result, problem, name)
    if not expect.error then
        return assert.same(support.without_nulls(expect.card), result, name)
    end
    assert.is_nil(result, name)
    for _, field in ipairs { "kind", "errcode", "hint", "rid" } do
        local wanted = support.without_nulls(expect.error)[field]
        assert.equal(wanted, problem[field], name .. ": " .. field)
    end
    assert.is_string(problem.message, name)
    assert.is_boolean(problem.retryable, name)
end

describe("the vectors", function()
    it("of replies, over HTTP", function()
        local url, stop = support.start_service()
        finally(stop)
        local cases = support.vectors "replies"
        for _, case in ipairs(cases) do
            local client = wxidcard.new {
                access_token = TOKEN, base_url = url .. "/case/" .. case.name, max_retries = 0,
            }
            local ok, outcome = pcall(client.recognize, client, { img = support.JPEG })
            assert_result(case.expect, ok and outcome or nil, outcome, case.name)
            client:close()
        end
        support.count("replies", #cases)
    end)

    it("of replies, through the call machine", function()
        local session = core.session { access_token = TOKEN, max_retries = 0 }
        for number, case in ipairs(support.vectors "replies") do
            local call = assert(session:recognition {
                img = support.JPEG, now_ms = 0, seed = number,
            })
            local steps = driver.play(call, { { status = case.http_status, body = case.body } })
            assert.equal("send done", steps)
            local card, problem = call:take_card()
            assert_result(case.expect, card, problem, case.name)
        end
    end)

    it("of the token endpoints", function()
        local session = core.session { access_token = TOKEN, max_retries = 0 }
        local cases = support.vectors "tokens"
        for number, case in ipairs(cases) do
            local call = assert(session:token_fetch {
                appid = "wx_invented", secret = "secret_of_the_tests", now_ms = 0, seed = number,
            })
            driver.play(call, { { status = case.http_status, body = case.body } })
            local token, life = call:take_token()
            assert.equal(case.expect.token, token, case.name)
            if token then
                assert.equal(case.expect.expires_in, life, case.name)
            else
                assert_result(case.expect, token, life, case.name)
            end
        end
        support.count("tokens", #cases)
    end)
end)

-- The settings of a vector: times are in seconds there.
local function settings_of(case)
    local settings = {}
    for _, info in ipairs(core.settings()) do
        local value = case.settings[info.name]
        settings[info.name] = value and info.type == "duration" and value * 1000 or value
    end
    return settings
end

local function operation_of(case)
    local operation = { now_ms = 0, seed = support.seed(case.seed) }
    for name, value in pairs(case.recognition or case.token_fetch) do
        if name == "image_base64" then
            operation.img = support.from_base64(value)
        else
            operation[name] = value
        end
    end
    return operation
end

local function start_call(case)
    local session, problem = core.session(settings_of(case))
    if not session then
        return nil, problem
    end
    local start = case.token_fetch and session.token_fetch or session.recognition
    return start(session, operation_of(case))
end

local function assert_refused(case, call, problem)
    local expect = case.expect.error
    assert.is_nil(call, case.name)
    if expect.kind == "usage" then
        assert.is_string(problem, case.name)
    else
        assert.equal(expect.kind, problem.kind, case.name)
    end
    local message = expect.kind == "usage" and problem or problem.message
    assert.truthy(message:find(expect.says, 1, true), case.name .. ": " .. message)
end

local function with_version(text)
    return (text:gsub("{version}", (core.version:gsub("%%", "%%%%"))))
end

local function assert_request(case, call, problem)
    assert(call, problem and tostring(problem.message or problem))
    assert.equal("send", call:step(0))
    local request, expect = call:request(), case.expect
    for _, field in ipairs { "method", "scheme", "host", "port", "target", "body_length" } do
        assert.equal(expect[field], request[field], case.name .. ": " .. field)
    end
    assert.equal(with_version(expect.head), request.head, case.name)
    assert.equal(#expect.body, #request.body, case.name)
    for i, fragment in ipairs(expect.body) do
        if fragment == "image" then
            fragment = support.from_base64(case.recognition.image_base64)
        end
        assert.equal(fragment, request.body[i], case.name)
    end
end

describe("the vectors", function()
    it("of requests", function()
        local cases = support.vectors "requests"
        for _, case in ipairs(cases) do
            if case.expect.error then
                assert_refused(case, start_call(case))
            else
                assert_request(case, start_call(case))
            end
        end
        support.count("requests", #cases)
    end)
end)
