local cjson = require "cjson"
local core = require "wxidcard.core"
local driver = require "support.driver"
local memory_store = require "wxidcard.memory_store"
local support = require "support"

local CARD = { status = 200, body = '{"errcode":0,"errmsg":"ok","type":"Back"}' }
local REFUSED = { status = 200, body = '{"errcode":40001,"errmsg":"invalid rid: 1-2-3"}' }
local WRONG = { status = 200, body = '{"errcode":40125,"errmsg":"invalid appsecret rid: 1-2-3"}' }
local TOKEN_KEY = "wxidcard:token:api.weixin.qq.com:wx_machine:stable_token"
local LOCK_KEY = "wxidcard:lock:api.weixin.qq.com:wx_machine:stable_token"

local function token_reply(token)
    return { status = 200, body = ('{"access_token":"%s","expires_in":7200}'):format(token) }
end

local function record_of(token, seconds)
    return ('{"access_token":"%s","expires_at":%d}'):format(token, driver.UNIX_MS / 1000 + seconds)
end

local function new_session(settings)
    settings = settings or { token_store = memory_store.new() }
    settings.appid, settings.secret = "wx_machine", "a_canary"
    return assert(core.session(settings))
end

local function recognition(session, now_ms)
    return assert(session:recognition { img = support.JPEG, now_ms = now_ms or 0, seed = 1 })
end

-- A session that has the token "first" since time 0.
local function with_token(settings)
    local session = new_session(settings)
    driver.play(recognition(session), settings and { token_reply "first", CARD }
        or { {}, { stored = true }, {}, token_reply "first", {}, {}, CARD })
    return session
end

describe("a call of appid and secret", function()
    it("fetches a token, and the next call has it", function()
        local session = new_session {}
        local call = recognition(session)
        assert.equal("send", call:step(0))
        assert.truthy(call:request().target:find("stable_token", 1, true))
        assert.equal("send send done", (driver.play(call, { token_reply "first", CARD })))
        assert.same({ type = "Back" }, call:take_card())
        call = recognition(session)
        assert.equal("send", call:step(1))
        assert.truthy(call:request().target:find("access_token=first", 1, true))
    end)

    it("fetches another when it is refused", function()
        local call = recognition(with_token {})
        assert.equal("send send send done",
            (driver.play(call, { REFUSED, token_reply "second", CARD })))
        assert.same({ type = "Back" }, call:take_card())
    end)

    it("waits while another fetches", function()
        local session = new_session {}
        local first, second = recognition(session), recognition(session)
        assert.equal("send", first:step(0))
        assert.equal("wait", second:step(0))
        first:answer_reply(0, token_reply "first")
        second:answer_waited(20)
        assert.equal("send", second:step(20))
    end)

    it("shares its token with other sessions, if both are told to", function()
        local first = new_session {}
        local apart = new_session {}
        first:share()
        driver.play(recognition(first), { token_reply "first", CARD })
        local second = new_session {}
        second:share()
        local call = recognition(second)
        assert.equal("send", call:step(0))
        assert.truthy(call:request().target:find("access_token=first", 1, true))
        call = recognition(apart)
        call:step(0)
        assert.truthy(call:request().target:find("stable_token", 1, true))
    end)
end)

describe("the step store", function()
    it("looks, locks, looks again, publishes and unlocks", function()
        local script = { {}, { stored = true }, {}, token_reply "first", {}, {}, CARD }
        local call = recognition(new_session())
        assert.equal("store store store send store store send done", (driver.play(call, script)))
        assert.same({ action = "get", key = TOKEN_KEY }, script[1].asked)
        local lock = script[2].asked
        assert.same({ "add", LOCK_KEY, 10000 }, { lock.action, lock.key, lock.ttl })
        assert.same({ action = "get", key = TOKEN_KEY }, script[3].asked)
        local published = script[5].asked
        assert.same({ "set", TOKEN_KEY, 7200000 },
            { published.action, published.key, published.ttl })
        local record = cjson.decode(published.value)
        assert.equal("first", record.access_token)
        assert.equal(driver.UNIX_MS / 1000 + 7200, record.expires_at)
        assert.same({ action = "delete", key = LOCK_KEY, value = lock.value }, script[6].asked)
    end)

    it("finds a token", function()
        local call = recognition(new_session())
        call:step(0)
        call:answer_store(0, driver.UNIX_MS, { value = record_of("found", 3000) })
        assert.equal("send", call:step(0))
        assert.truthy(call:request().target:find("access_token=found", 1, true))
        assert.is_nil(call:store_request(driver.UNIX_MS))
    end)

    it("waits for somebody else's lock, and then takes his token", function()
        local call = recognition(new_session())
        assert.equal("store store store wait store send done", (driver.play(call, {
            {}, { stored = false }, { value = "his lock" }, {}, { value = record_of("his", 7200) },
            CARD,
        })))
        assert.same({ type = "Back" }, call:take_card())
    end)

    it("goes with his failure", function()
        local call = recognition(new_session())
        assert.equal("store store store done", (driver.play(call, {
            {}, {}, { value = '{"failed":"credential","errcode":40125,"failures":1,"retry_at_ms":'
                .. ("%d"):format(driver.UNIX_MS + 1000) .. "}" },
        })))
        assert.equal("credential", select(2, call:take_card()).kind)
    end)

    it("notes a failure in place of the lock", function()
        local script = { {}, { stored = true }, {}, WRONG, {} }
        local call = recognition(new_session())
        assert.equal("store store store send store done", (driver.play(call, script)))
        local _, problem = call:take_card()
        assert.equal("credential", problem.kind)
        assert.falsy(problem.message:find("canary", 1, true))
        local noted = script[5].asked
        assert.same({ "set", LOCK_KEY, 1000 }, { noted.action, noted.key, noted.ttl })
        assert.truthy(noted.value:find('"failed":"credential"', 1, true))
    end)

    it("goes on without a store that fails, or that holds garbage", function()
        assert.equal("store send send done", (driver.play(recognition(new_session()), {
            { failed = true }, token_reply "first", CARD,
        })))
        assert.equal("store store store send store store send done",
            (driver.play(recognition(new_session()), {
                { value = "garbage\0" }, { stored = 1 }, { value = "[" }, token_reply "first",
                { failed = false }, {}, CARD,
            })))
    end)

    it("works with a store in Lua", function()
        local store = memory_store.new()
        local session = new_session { token_store = store }
        assert.equal(store, session:token_store())
        local call, now = recognition(session), 0
        while call:step(now) ~= "done" do
            local asked = call:store_request(driver.UNIX_MS)
            if asked and asked.action == "delete" then
                store:delete(asked.key)
                call:answer_store(now, driver.UNIX_MS, {})
            elseif asked then
                local result = store[asked.action](store, asked.key, asked.value,
                    asked.ttl and asked.ttl / 1000)
                call:answer_store(now, driver.UNIX_MS, {
                    stored = result == true, value = asked.action == "get" and result or nil,
                })
            else
                call:answer_reply(now, call:request().target:find("stable_token", 1, true)
                    and token_reply "first" or CARD)
            end
            now = now + 1
        end
        assert.same({ type = "Back" }, call:take_card())
        assert.equal("first", cjson.decode(store:get(TOKEN_KEY)).access_token)
    end)

    it("raises for what is no answer", function()
        local call = recognition(new_session())
        call:step(0)
        for _, answer in ipairs {
            {}, { 0 }, { 0, 0 }, { 0, 0, true }, { 0, 0, { value = 1 } }, { "0", 0, {} },
            { 0, "0", {} }, { 0, 0 / 0, {} }, { 0, 0, { value = {} } },
        } do
            assert.is_string(support.raised_by(call.answer_store, call, answer[1], answer[2],
                answer[3]))
        end
        assert.truthy(support.raised_by(call.store_request, call):find("since 1970", 1, true))
        assert.truthy(support.raised_by(call.answer_reply, call, 0, CARD):find("'send'", 1, true))
        assert.equal("store", call:step(0))
        call = recognition(new_session {})
        call:step(0)
        assert.is_nil(call:store_request(0))
        local message = support.raised_by(call.answer_store, call, 0, 0, {})
        assert.truthy(message:find("'store'", 1, true), message)
    end)
end)

describe("a renewal", function()
    it("is made when the token is stale, and nobody else makes it", function()
        local session = with_token {}
        assert.is_nil(session:renewal { now_ms = 6890000, seed = 1 })
        local renewal = session:renewal { now_ms = 6970000, seed = 1 }
        assert.equal("send", renewal:step(6970000))
        assert.is_nil(session:renewal { now_ms = 6970000, seed = 1 })
        local call = recognition(session, 6970000)
        assert.equal("send", call:step(6970000))
        assert.truthy(call:request().target:find("access_token=first", 1, true))
        renewal:answer_reply(6970000, token_reply "second")
        assert.equal("done", renewal:step(6970000))
        assert.same({ "second", 7200 }, { renewal:take_token() })
        call = recognition(session, 6970000)
        call:step(6970000)
        assert.truthy(call:request().target:find("access_token=second", 1, true))
    end)

    it("leaves a lock to him who has it", function()
        local session = with_token()
        local renewal = session:renewal { now_ms = 6970000, seed = 1 }
        assert.equal("store", renewal:step(6970000))
        renewal:answer_store(6970000, driver.UNIX_MS, { value = record_of("first", 230) })
        assert.equal("store", renewal:step(6970000))
        renewal:answer_store(6970000, driver.UNIX_MS, { stored = false })
        assert.equal("store", renewal:step(6970000))
        renewal:answer_store(6970000, driver.UNIX_MS, { value = "his lock" })
        assert.equal("done", renewal:step(6970000))
    end)

    it("is nothing for other credentials", function()
        local session = core.session { access_token = "x" }
        assert.is_nil(session:renewal { now_ms = 0, seed = 1 })
        session:share()
        local call, problem = session:refresh { now_ms = 0, seed = 1 }
        assert.is_nil(call)
        assert.truthy(problem:find("nothing to refresh", 1, true))
    end)

    it("needs a time and a seed, as a refresh does", function()
        local session = with_token {}
        for _, name in ipairs { "renewal", "refresh" } do
            for _, wrong in ipairs {
                {}, { now_ms = 0 }, { seed = 1 }, { now_ms = 0, seed = 1, sead = 2 }, 17, false,
            } do
                local call, problem = session[name](session, wrong)
                assert.is_nil(call)
                assert.is_string(problem)
            end
        end
        assert.is_string(select(2, session:refresh { now_ms = 0, seed = 1, force = 1 }))
    end)
end)

describe("a refresh", function()
    it("fetches, whatever the token's age", function()
        local refresh = with_token({}):refresh { now_ms = 1, seed = 1 }
        assert.equal("send", refresh:step(1))
        assert.falsy(table.concat(refresh:request().body):find('"force_refresh":true', 1, true))
        assert.is_true(refresh:is_fetching())
        refresh:answer_reply(1, token_reply "second")
        assert.is_false(refresh:is_fetching())
        assert.same({ "second", 7200 }, { refresh:take_token() })
    end)

    it("by force looks for no token, and is refused within 30 s", function()
        local session = with_token()
        local refresh = session:refresh { now_ms = 1, seed = 1, force = true }
        assert.equal("store", refresh:step(1))
        assert.equal("add", refresh:store_request(driver.UNIX_MS).action)
        refresh:answer_store(1, driver.UNIX_MS, { failed = true })
        assert.equal("send", refresh:step(1))
        assert.truthy(table.concat(refresh:request().body):find('"force_refresh":true', 1, true))
        local call, problem = session:refresh { now_ms = 30000, seed = 1, force = true }
        assert.is_nil(call)
        assert.equal("rate", problem.kind)
        assert.truthy(session:refresh { now_ms = 30001, seed = 1, force = true })
    end)
end)

describe("a session", function()
    it("keeps the store and the provider for its driver", function()
        local store = memory_store.new()
        local session = new_session { token_store = store }
        collectgarbage()
        assert.equal(store, session:token_store())
        assert.is_nil(session:token_provider())
        assert.equal(print, core.session({ token_provider = print }):token_provider())
        assert.is_nil(core.session({ access_token = "x" }):token_store())
        assert.truthy(support.raised_by(session.token_store, {}):find("colon", 1, true))
    end)

    it("tells its settings without a secret", function()
        local session = new_session()
        local settings = session:settings()
        assert.is_true(settings.token_store)
        assert.is_false(settings.open_service)
        assert.is_false(settings.token_provider)
        assert.equal("stable_token", settings.token_endpoint)
        assert.is_nil(settings.appid)
        assert.is_nil(settings.secret)
        assert.equal("wxidcard session (appid wx***, https://api.weixin.qq.com)", tostring(session))
        settings = core.session({ cloudbase_token_file = true }):settings()
        assert.equal("/.tencentcloudbase/wx/cloudbase_access_token", settings.cloudbase_token_file)
        assert.is_true(core.session({ open_service = true }):settings().open_service)
    end)

    it("has the types of its settings in a table", function()
        local types = {}
        for _, row in ipairs(core.settings()) do
            types[row.name] = row.type
            assert.equal(row.name == "secret" or row.name:find("access_token$") ~= nil, row.secret)
        end
        assert.equal("store", types.token_store)
        assert.equal("function", types.token_provider)
        assert.equal("token_file", types.cloudbase_token_file)
        assert.equal("flag", types.open_service)
        assert.equal("text", types.secret)
    end)
end)
