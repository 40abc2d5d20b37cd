local cjson = require "cjson"
local memory_store = require "wxidcard.memory_store"
local refusal = require "support.refusal"
local safe = require "wxidcard.safe"
local support = require "support"
local wxidcard = require "wxidcard"

local CARD = [[{"errcode":0,"errmsg":"ok","type":"Back","valid_date":"20070105-20270105"}]]
local TOKEN = [[{"access_token":"a_canary_token_2","expires_in":7200}]]

local function reply(body, status, headers)
    return { status = status or 200, body = body, headers = headers }
end

-- A client whose transport returns what is in the script, one after the other; and what it was
-- asked to send.
local function client_of(script, settings, module)
    local requests = {}
    settings = settings or { access_token = "a_canary_token" }
    settings.max_retries = settings.max_retries or 0
    function settings.transport(request)
        requests[#requests + 1] = request
        local entry = script[#requests]
        if type(entry) == "function" then
            return entry(request)
        end
        local unpack = table.unpack or unpack
        return unpack(entry, 1, 3)
    end
    return (module or safe).new(settings), requests
end

local function recognize(client)
    return client:recognize { img = support.JPEG }
end

describe("a transport of the caller's", function()
    it("is given the request, and its reply becomes a card", function()
        local client, requests = client_of { { reply(CARD) } }
        assert.same({ type = "Back", valid_date = "20070105-20270105" }, (recognize(client)))
        local request = requests[1]
        assert.equal("POST", request.method)
        assert.equal("https://api.weixin.qq.com/cv/ocr/idcard?access_token=a_canary_token",
            request.url)
        local body = table.concat(request.body)
        assert.equal(#body, request.body_length)
        assert.equal(tostring(#body), request.headers["Content-Length"])
        assert.truthy(body:find(support.JPEG, 1, true))
        assert.is_true(request.timeout > 29000 and request.timeout <= 30000)
        assert.equal(5000, request.connect_timeout)
    end)

    it("may say what failed", function()
        for _, case in ipairs {
            { { nil, "connect", false }, "connect" }, { { nil, "timeout", true }, "timeout" },
            { { nil, "tls" }, "tls" }, { { nil, "protocol" }, "protocol" },
            { { nil, "network" }, "network" }, { { nil }, "network" },
        } do
            local _, message, problem = recognize(client_of { case[1] })
            assert.equal(case[2], problem.kind)
            assert.equal(message, problem.message)
            assert.falsy(message:find("canary", 1, true))
        end
    end)

    it("is asked again where that is safe, and not where it is not", function()
        local settings = { access_token = "a_canary_token", max_retries = 1 }
        local client, requests = client_of({ { nil, "connect", false }, { reply(CARD) } }, settings)
        assert.equal("Back", recognize(client).type)
        assert.equal(2, #requests)
        client, requests = client_of({ { nil, "protocol" }, { reply(CARD) } }, settings)
        assert.is_nil((recognize(client)))
        assert.equal(1, #requests)
    end)

    it("brings errcodes, statuses and Retry-After, in whatever letters", function()
        local refused = [[{"errcode":101001,"errmsg":"certificate not found rid: 1-2-3"}]]
        local _, _, problem = recognize(client_of { { reply(refused) } })
        assert.equal("no_card", problem.kind)
        _, _, problem = recognize(client_of { { reply("<html>", 413) } })
        assert.same({ "protocol", 413 }, { problem.kind, problem.http_status })
        local settings = { access_token = "a_canary_token", max_retries = 1 }
        for _, name in ipairs { "Retry-After", "retry-after" } do
            local client, requests = client_of({
                { reply("", 503, { [name] = "0", [1] = "junk" }) }, { reply(CARD) },
            }, settings)
            assert.equal("Back", recognize(client).type)
            assert.equal(2, #requests)
        end
        local client, requests = client_of({
            { reply("", 503, { ["RETRY-AFTER"] = "3600" }) }, { reply(CARD) },
        }, settings)
        assert.is_nil((recognize(client)))
        assert.equal(1, #requests)
    end)

    it("may bring a reply of the longest size, and no longer one", function()
        local longest = CARD .. (" "):rep(65536 - #CARD)
        assert.equal("Back", recognize(client_of { { reply(longest) } }).type)
        local _, message, problem = recognize(client_of { { reply(longest .. " ") } })
        assert.equal("protocol", problem.kind)
        assert.truthy(message:find("far too long", 1, true))
    end)

    it("fetches tokens, too", function()
        local client, requests = client_of({ { reply(TOKEN) }, { reply(CARD) } }, {
            appid = "wx_of_a_transport", secret = "a_canary_secret",
        })
        assert.equal("Back", recognize(client).type)
        assert.truthy(requests[1].url:find("/cgi-bin/stable_token", 1, true))
        assert.truthy(table.concat(requests[1].body):find("a_canary_secret", 1, true))
        assert.truthy(requests[2].url:find("a_canary_token_2", 1, true))
    end)

    it("may raise, and what it raises reaches the caller", function()
        local own = {}
        local function raise() error(own) end
        for _, module in ipairs { wxidcard, safe } do
            local client = client_of({ raise }, nil, module)
            assert.equal(own, support.raised_by(recognize, client))
            -- Where the token is fetched beside the call, it is fetched by the call then.
            client = client_of({ raise, raise }, {
                appid = "wx_of_a_raise", secret = "a_canary_secret",
            }, module)
            assert.equal(own, support.raised_by(recognize, client))
        end
    end)
end)

-- Time in which nginx carries out what was put beside a call.
local function let_pass()
    if support.interpreter == "nginx" then
        rawget(_G, "ngx").sleep(0.02)
    end
end

-- A client that finds "a_canary_old_one" in its store, which is to be renewed soon: by what
-- renewal() returns. Returns it, and a function that tells how often that was asked for; so do its
-- cards, of the time when their pictures were taken.
local function client_of_stale_token(appid, renewal)
    local store, renewals = memory_store.new(), 0
    store:set(("wxidcard:token:api.weixin.qq.com:%s:stable_token"):format(appid), cjson.encode {
        access_token = "a_canary_old_one", expires_at = os.time() + 200, expires_in = 7200,
    }, 200)
    local client = safe.new {
        appid = appid, secret = "a_canary_secret", token_store = store, max_retries = 0,
        transport = function(request)
            if not request.url:find("/cgi-bin/", 1, true) then
                let_pass()
                return reply(cjson.encode {
                    errcode = 0, type = "Back", token = request.url:match("access_token=(.*)"),
                    renewals = renewals,
                })
            end
            renewals = renewals + 1
            return renewal()
        end,
    }
    return client, function() return renewals end
end

-- In plain Lua behind the first call, in nginx beside the second.
local function assert_renewed(client, renewals)
    local card = recognize(client)
    assert.same({ "a_canary_old_one", 0 }, { card.token, card.renewals })
    if support.interpreter == "nginx" then
        let_pass()
        assert.equal(0, renewals())
        card = recognize(client)
        assert.same({ "a_canary_old_one", 1 }, { card.token, card.renewals })
    end
    assert.equal(1, renewals())
end

describe("a renewal by a transport", function()
    it("comes after the call in plain Lua, beside it in nginx", function()
        local client, renewals = client_of_stale_token("wx_of_a_renewal", function()
            return reply(TOKEN)
        end)
        assert_renewed(client, renewals)
        assert.equal("a_canary_token_2", recognize(client).token)
        assert.equal(1, renewals())
    end)

    it("fails no call by what it raises, of which nothing is said", function()
        local client, renewals = client_of_stale_token("wx_of_a_raised_renewal", function()
            error("a canary")
        end)
        assert_renewed(client, renewals)
        assert.equal("a_canary_old_one", recognize(client).token)
    end)
end)

describe("a transport that is mistaken", function()
    it("is told at the caller's line, in both modules", function()
        for _, module in ipairs { wxidcard, safe } do
            for _, given in ipairs { { "text" }, { {} }, { reply(7) }, { reply(CARD, "200") } } do
                local client = client_of({ given }, nil, module)
                local said = refusal.of(client.recognize, client, { img = support.JPEG })
                assert.truthy(said:find("transport must return a table of status", 1, true), said)
            end
            local client = client_of({ { nil, "a_canary_failure" } }, nil, module)
            local said = refusal.of(client.recognize, client, { img = support.JPEG })
            assert.truthy(said:find("transport must say what failed", 1, true), said)
            assert.falsy(said:find("canary", 1, true))
        end
    end)

    it("is told when it fetches a token, too", function()
        for _, module in ipairs { wxidcard, safe } do
            local function mistaken() return "text" end
            local client = client_of({ mistaken, mistaken, mistaken, mistaken }, {
                appid = "wx_of_a_mistake", secret = "a_canary_secret",
            }, module)
            for _, method in ipairs { "recognize", "refresh_token" } do
                local argument = method == "recognize" and { img = support.JPEG } or nil
                local said = refusal.of(client[method], client, argument)
                assert.truthy(said:find("transport must return a table of status", 1, true), said)
            end
        end
    end)

    it("is no function", function()
        for _, module in ipairs { wxidcard, safe } do
            local said = refusal.of(module.new, { access_token = "x", transport = "curl" })
            assert.equal("transport must be a function, not a string", said)
        end
    end)

    it("is not taken out of the caller's settings", function()
        local settings = { access_token = "x", transport = print }
        safe.new(settings)
        assert.equal(print, settings.transport)
    end)
end)

describe("a client with a transport", function()
    it("refuses when it is closed, and checks what it is given", function()
        local client = client_of { { reply(CARD) } }
        local said = refusal.of(client.recognize, client, { img = support.JPEG, now_ms = 1 })
        assert.truthy(said:find("now_ms", 1, true), said)
        said = refusal.of(client.recognize, client, "front.jpg")
        assert.truthy(said:find("table", 1, true), said)
        said = refusal.of(client.refresh_token, client, false)
        assert.truthy(said:find("table", 1, true), said)
        client:close()
        said = refusal.of(client.recognize, client, { img = support.JPEG })
        assert.equal("the client is closed: make a new one", said)
        said = refusal.of(client.refresh_token, client)
        assert.equal("the client is closed: make a new one", said)
    end)
end)
