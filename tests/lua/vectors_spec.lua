-- The vectors of requests and replies, which every language runs: tests/vectors/*.json.
local core = require "wxidcard.core"
local play = require "support.play"
local support = require "support"

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
            local card, problem = play.reply_over_http(case, url)
            assert_result(case.expect, card, problem, case.name)
        end
        support.count("replies", #cases)
    end)

    it("of replies, through the call machine", function()
        for number, case in ipairs(support.vectors "replies") do
            local card, problem = play.reply(case, number)
            assert_result(case.expect, card, problem, case.name)
        end
    end)

    it("of the token endpoints", function()
        local cases = support.vectors "tokens"
        for number, case in ipairs(cases) do
            local token, life = play.token(case, number)
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
                assert_refused(case, play.request(case))
            else
                assert_request(case, play.request(case))
            end
        end
        support.count("requests", #cases)
    end)
end)
