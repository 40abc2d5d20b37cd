local safe = require "wxidcard.safe"
local support = require "support"
local wxidcard = require "wxidcard"

local url, stop_service

setup(function()
    url, stop_service = support.start_service()
end)

teardown(function()
    stop_service()
end)

local function recognize(provider, path, module)
    local client = (module or wxidcard).new {
        token_provider = provider, base_url = url .. (path or "/echo"),
    }
    -- No tail call: 5.1 would know no line of it.
    local card = client:recognize { img = support.JPEG }
    return card
end

describe("a token_provider", function()
    it("is asked for the token", function()
        local asked = {}
        local card = recognize(function(...)
            asked[#asked + 1] = { count = select("#", ...), failed = (...) }
            return "from_the_provider"
        end)
        assert.equal("from_the_provider", card.token)
        assert.same({ { count = 1 } }, asked)
    end)

    it("is told which token failed", function()
        local asked = {}
        local card = recognize(function(failed)
            asked[#asked + 1] = failed or "none"
            return failed and "fresh_one" or "old_one"
        end, "/renew")
        assert.equal("Front", card.type)
        assert.same({ "none", "old_one" }, asked)
    end)

    it("ends the call when it returns the token that failed", function()
        local asked = 0
        local failure = support.raised_by(recognize, function()
            asked = asked + 1
            return "old_one"
        end, "/renew")
        assert.equal("token", failure.kind)
        assert.equal(2, asked)
    end)

    it("raises what it raises, unchanged, in both modules", function()
        for _, module in ipairs { wxidcard, safe } do
            for _, raised in ipairs { {}, "a text", 17, false, print } do
                assert.equal(raised, support.raised_by(recognize, function()
                    error(raised, 0)
                end, "/echo", module))
            end
            assert.is_nil(support.raised_by(recognize, function()
                error(nil)
            end, "/echo", module))
        end
    end)

    it("must return a string", function()
        for _, module in ipairs { wxidcard, safe } do
            for name, wrong in pairs { number = 440524188001010014, table = {}, boolean = true } do
                local message = support.raised_by(function()
                    recognize(function() return wrong end, "/echo", module)
                end)
                assert.truthy(message:find("token_provider must return", 1, true), message)
                assert.truthy(message:find("a string, not a " .. name, 1, true), message)
                assert.truthy(message:find("provider_spec.lua:%d+: "), message)
            end
            local message = support.raised_by(recognize, function() end, "/echo", module)
            assert.truthy(message:find("not a nil", 1, true))
        end
    end)

    it("must return a token that can be one, and the message does not repeat it", function()
        for _, wrong in ipairs { "", "a canary", "a\0canary", "canary\n", "canary\"" } do
            local message = support.raised_by(recognize, function() return wrong end)
            assert.is_string(message)
            assert.truthy(message:find("token", 1, true))
            assert.falsy(message:find("canary", 1, true))
        end
    end)

    it("must not yield, and is told so", function()
        local function yielding()
            coroutine.yield()
            return "never"
        end
        for _, call in ipairs { recognize, support.in_coroutine(recognize) } do
            local message = support.raised_by(call, yielding)
            assert.truthy(message:find("token_provider must not yield", 1, true), message)
        end
    end)

    it("may use coroutines of its own", function()
        local card = recognize(function()
            return coroutine.wrap(function()
                coroutine.yield("from_a_coroutine")
            end)()
        end)
        assert.equal("from_a_coroutine", card.token)
    end)

    it("may collect garbage, change the picture's table and use other clients", function()
        local other = wxidcard.new { access_token = "other", base_url = url .. "/echo" }
        local picture = { img = support.JPEG .. ("x"):rep(100000) .. os.time() }
        local length = #picture.img
        local client
        client = wxidcard.new {
            base_url = url .. "/echo",
            token_provider = function()
                picture.img = nil
                collectgarbage()
                collectgarbage()
                return other:recognize({ img = support.JPEG }).token
            end,
        }
        local card = client:recognize(picture)
        assert.equal(length, card.length)
        assert.equal("other", card.token)
    end)

    it("may close the client: the call ends as it would, and the next is refused", function()
        local client
        client = wxidcard.new {
            base_url = url .. "/echo",
            token_provider = function()
                client:close()
                return "last"
            end,
        }
        local ok, outcome = pcall(client.recognize, client, { img = support.JPEG })
        assert.is_true(ok, tostring(outcome))
        assert.equal("last", outcome.token)
        assert.is_false((pcall(client.recognize, client, { img = support.JPEG })))
    end)
end)
