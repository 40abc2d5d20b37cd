local core = require "wxidcard.core"
local driver = require "support.driver"
local support = require "support"

local CARD = { status = 200, body = '{"errcode":0,"errmsg":"ok","type":"Back"}' }
local BUSY = { status = 200, body = '{"errcode":-1,"errmsg":"system error hints: [a]"}' }
local REFUSED = { status = 200, body = '{"errcode":40001,"errmsg":"invalid rid: 1-2-3"}' }

local function new_call(settings, picture)
    settings = settings or { access_token = "invented" }
    picture = picture or { img = support.JPEG }
    picture.now_ms, picture.seed = 0, 1
    return assert(assert(core.session(settings)):recognition(picture))
end

local function asking(settings)
    settings = settings or {}
    settings.token_provider = function() end
    return settings
end

describe("the call machine", function()
    it("ends with a card", function()
        local call = new_call()
        assert.equal("send done", driver.play(call, { CARD }))
        assert.same({ type = "Back" }, call:take_card())
    end)

    it("waits and tries again when the service is busy", function()
        local call = new_call()
        assert.equal("send wait send done", (driver.play(call, { BUSY, {}, CARD })))
        assert.same({ type = "Back" }, call:take_card())
    end)

    it("says how long to wait and how long is left", function()
        local call = new_call { access_token = "invented", timeout = 10000 }
        assert.equal(10000, call:time_left_ms(0))
        assert.equal(0, call:wait_ms())
        call:answer_reply(1, { status = 503, body = "", retry_after = "2" })
        assert.equal("wait", call:step(1))
        assert.equal(2000, call:wait_ms())
        assert.equal(8000, call:time_left_ms(2000))
        assert.equal(0, call:time_left_ms(10001))
        assert.equal("done", call:step(10001))
        local _, problem = call:take_card()
        assert.equal("timeout", problem.kind)
    end)

    it("asks for a token, and for another when it fails", function()
        local call = new_call(asking())
        assert.equal("token", call:step(0))
        assert.is_nil(call:failed_token())
        assert.is_nil(call:request())
        call:answer_token "first"
        assert.equal("send", call:step(0))
        assert.truthy(call:request().target:find("access_token=first", 1, true))
        call:answer_reply(1, REFUSED)
        assert.equal("token", call:step(1))
        assert.equal("first", call:failed_token())
        call:answer_token "second"
        assert.equal("send done", (driver.play(call, { CARD })))
    end)

    it("ends with the refusal when the same token comes again", function()
        local call = new_call(asking())
        assert.equal("token send token done",
            (driver.play(call, { { token = "same" }, REFUSED, { token = "same" } })))
        local card, problem = call:take_card()
        assert.is_nil(card)
        assert.equal("token", problem.kind)
        assert.equal(40001, problem.errcode)
        assert.equal("1-2-3", problem.rid)
        assert.equal(200, problem.http_status)
    end)

    it("takes every kind of transport failure", function()
        for _, kind in ipairs { "connect", "timeout", "tls", "network", "protocol", "system" } do
            local call = new_call { access_token = "invented", max_retries = 0 }
            driver.play(call, { { failure = kind, detail = "a detail" } })
            local _, problem = call:take_card()
            assert.equal(kind, problem.kind)
            assert.truthy(problem.message:find("a detail", 1, true))
            assert.is_nil(problem.http_status)
        end
        local call = new_call()
        call:answer_failure(0, "memory", false)
        assert.equal("not enough memory", support.raised_by(call.take_card, call))
    end)

    it("refuses a card that came before the picture was sent", function()
        local call = new_call()
        driver.play(call, { { status = 200, body = CARD.body, request_incomplete = true } })
        local _, problem = call:take_card()
        assert.equal("protocol", problem.kind)
    end)

    it("reckons Retry-After dates from the reply's own date", function()
        local call = new_call()
        call:answer_reply(0, {
            status = 429, body = "",
            date = "Sun, 06 Nov 1994 08:49:37 GMT", retry_after = "Sun, 06 Nov 1994 08:49:40 GMT",
        })
        assert.equal("wait", call:step(0))
        assert.equal(3000, call:wait_ms())
    end)

    it("can be abandoned", function()
        local call = new_call(asking())
        call:abandon "the worker is going away"
        assert.equal("done", call:step(0))
        local _, problem = call:take_card()
        assert.equal("interrupted", problem.kind)
        assert.equal("the worker is going away", problem.message)
        call = new_call()
        call:abandon()
        assert.truthy(select(2, call:take_card()).message)
    end)

    it("hands the caller's own string to the driver, and frees what it read itself", function()
        local folder = support.new_folder()
        finally(function() support.remove_folder(folder) end)
        support.write_file(folder .. "/front.jpg", support.JPEG)
        local request = new_call():request()
        assert.equal(support.JPEG, request.body[2])
        assert.equal(request.body_length, #table.concat(request.body))
        assert.equal(tostring(request.body_length), request.headers["Content-Length"])
        request = new_call(nil, { img_file = folder .. "/front.jpg" }):request()
        assert.equal(support.JPEG, request.body[2])
        assert.same({}, new_call(nil, { img_url = "https://example.com/a.jpg" }):request().body)
    end)

    it("raises for answers out of turn, and after the end", function()
        local call = new_call()
        local function assert_raises(part, method, ...)
            local message = support.raised_by(call[method], call, ...)
            assert.truthy(message:find(part, 1, true), message)
        end
        assert_raises("'token'", "answer_token", "x")
        assert_raises("'wait'", "answer_waited", 0)
        driver.play(call, { CARD })
        assert_raises("'send'", "answer_reply", 0, CARD)
        assert_raises("'send'", "answer_failure", 0, "tls", true)
        assert.truthy(select(2, call:take_token()):find("no token", 1, true))
        assert_raises("over", "step", 0)
        assert_raises("over", "take_card")
    end)

    it("raises for answers that are none", function()
        local call = new_call()
        for _, answer in ipairs {
            { "answer_reply", 0, {} }, { "answer_reply", 0, { status = "200" } },
            { "answer_reply", 0, { status = 200, body = 1 } }, { "answer_reply", 0 },
            { "answer_reply", 0, { status = 200, date = "a\0b" } }, { "answer_reply", "0", CARD },
            { "answer_reply", 0 / 0, CARD }, { "answer_reply", 0, { status = 2 ^ 40 } },
            { "answer_failure", 0, "refused", true }, { "answer_failure", 0, "tls" },
            { "answer_failure", 0, "tls", true, 1 }, { "answer_token" }, { "answer_token", 17 },
            { "step" }, { "step", math.huge }, { "abandon", 1 },
        } do
            local name, first, second, third, fourth = (table.unpack or unpack)(answer, 1, 5)
            assert.is_string(support.raised_by(call[name], call, first, second, third, fourth))
        end
        assert.equal("send", call:step(0))
    end)

    it("raises for objects that are not its own", function()
        local call, session = new_call(), core.session { access_token = "invented" }
        for _, wrong in ipairs { session, io.stdout, {}, "x", 1 } do
            assert.truthy(support.raised_by(call.step, wrong, 0):find("colon", 1, true))
        end
        assert.truthy(support.raised_by(session.settings, call):find("colon", 1, true))
        assert.equal("wxidcard call", getmetatable(call))
    end)

    it("needs a time and a seed", function()
        local session = core.session { access_token = "invented" }
        for _, wrong in ipairs {
            { seed = 1 }, { now_ms = 0 }, { now_ms = "0", seed = 1 }, { now_ms = 0 / 0, seed = 1 },
            { now_ms = 0, seed = -1 }, { now_ms = 0, seed = 0.5 }, { now_ms = 0, seed = 2 ^ 60 },
            { now_ms = 0, seed = "" }, { now_ms = 0, seed = "123456789" },
        } do
            wrong.img = support.JPEG
            local call, problem = session:recognition(wrong)
            assert.is_nil(call)
            assert.truthy(problem:find(wrong.seed and wrong.now_ms == 0 and "seed" or "", 1, true))
        end
    end)
end)

describe("a session", function()
    it("knows its settings, but for the token", function()
        local settings = core.session({
            access_token = "invented", timeout = 1500.5, max_retries = 1,
        }):settings()
        assert.equal(1501, settings.timeout)
        assert.equal(1, settings.max_retries)
        assert.is_number(settings.connect_timeout)
        assert.is_nil(settings.access_token)
        assert.is_false(settings.token_provider)
        assert.is_true(core.session(asking()):settings().token_provider)
    end)

    it("describes itself without the token", function()
        local session = core.session { access_token = "a_canary" }
        assert.truthy(tostring(session):find("access_token, https://api.weixin.qq.com", 1, true))
        assert.truthy(tostring(session):find(session:description(), 1, true))
        assert.falsy(tostring(session):find("canary", 1, true))
    end)

    it("fetches tokens", function()
        local session = core.session { access_token = "invented" }
        local call = session:token_fetch {
            appid = "wx1", secret = "s", endpoint = "token", now_ms = 0, seed = 1,
        }
        assert.equal("GET", call:request().method)
        driver.play(call, { { status = 200, body = '{"access_token":"T","expires_in":7200}' } })
        assert.same({ "T", 7200 }, { call:take_token() })
        for _, wrong in ipairs {
            {}, { appid = 1 }, { appid = "wx1", secret = 2 }, { apid = "wx1" },
            { appid = "wx1", secret = "s", endpoint = "x" },
            { appid = "wx1", secret = "s", force_refresh = 1 },
        } do
            wrong.now_ms, wrong.seed = 0, 1
            local made, problem = session:token_fetch(wrong)
            assert.is_nil(made)
            assert.is_string(problem)
        end
        assert.is_string(select(2, session:token_fetch(nil)))
    end)
end)

describe("the core's tables", function()
    it("hold what the header says", function()
        local kinds, errcodes = {}, {}
        for _, kind in ipairs(core.kinds()) do
            kinds[kind.name] = kind
        end
        for _, row in ipairs(core.errcodes()) do
            errcodes[row.errcode] = row
            assert.truthy(kinds[row.kind])
            assert.truthy(("NBT"):find(row.retry_class, 1, true))
        end
        assert.is_true(kinds.busy.retryable)
        assert.is_string(kinds.no_card.meaning)
        assert.equal("no_card", errcodes[101001].kind)
        assert.is_string(errcodes[101001].text)
        assert.equal(65536, core.max_reply_body)
        assert.equal(32768, core.max_reply_headers)
    end)

    it("say the version of the header", function()
        local header = io.open(support.root .. "core/include/wxidcard_version.h"):read("*a")
        assert.equal(header:match('WXID_VERSION "([^"]+)"'), core.version)
    end)
end)
