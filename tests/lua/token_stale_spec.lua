local cjson = require "cjson"
local memory_store = require "wxidcard.memory_store"
local safe = require "wxidcard.safe"
local support = require "support"
local wxidcard = require "wxidcard"

local url, stop_service
local warn = wxidcard.warn
local warnings

setup(function()
    url, stop_service = support.start_service()
end)

teardown(function()
    stop_service()
    wxidcard.warn = warn
end)

before_each(function()
    warnings = 0
    wxidcard.warn = function()
        warnings = warnings + 1
    end
end)

-- A client that finds "old_one" in its store, with 200 s to live: it is to be renewed soon. Returns
-- the store, and a function that tells the token which is in it, too.
local function client_of(appid, path, module)
    local store = memory_store.new()
    local key = ("wxidcard:token:%s%s:%s:stable_token"):format(url:match("//(.*)"), path, appid)
    store:set(key, cjson.encode {
        access_token = "old_one", expires_at = os.time() + 200, expires_in = 7200,
    }, 200)
    local client = (module or wxidcard).new {
        appid = appid, secret = "a_canary_secret", token_store = store, base_url = url .. path,
    }
    return client, store, function()
        return cjson.decode(memory_store.new().get(store, key)).access_token
    end
end

local function recognize(client)
    local card, message, failure = client:recognize { img = support.JPEG }
    return card, message, failure
end

local function fetches_of(appid)
    return recognize(wxidcard.new {
        access_token = "x", base_url = url .. "/counts/" .. appid,
    }).fetches
end

-- The token that is used in the end, when it has been renewed.
local function token_in_the_end(client, expected)
    return support.eventually(expected, function() return recognize(client).token end)
end

describe("a stale token in a store", function()
    it("is used, and renewed after the call; and the store is given the new one", function()
        local client, _, token_in_store = client_of("wx_stale", "/echo")
        assert.equal("old_one", recognize(client).token)
        assert.equal("wx_stale_token_1", token_in_the_end(client, "wx_stale_token_1"))
        assert.equal("wx_stale_token_1", token_in_store())
        assert.equal(1, fetches_of "wx_stale")
        assert.equal(0, warnings)
    end)

    it("is renewed by him who has the lock", function()
        local client, store, token_in_store = client_of("wx_locked", "/echo")
        local lock
        function store.add(_, key)
            lock = key
            return false, "exists"
        end
        assert.equal("old_one", recognize(client).token)
        assert.equal("old_one", recognize(client).token)
        assert.truthy(lock)
        assert.equal(0, fetches_of "wx_locked")
        assert.equal("old_one", token_in_store())
    end)

    it("is renewed after a call that failed, too, and the failure is not lost", function()
        local client = client_of("wx_no_card", "/case/no_card", safe)
        local card, message, failure = recognize(client)
        assert.is_nil(card)
        assert.equal("no_card", failure.kind)
        assert.equal(failure.message, message)
        assert.equal(1, support.eventually(1, function()
            local fetches = fetches_of "wx_no_card"
            recognize(client)
            return fetches
        end))
    end)

    it("is renewed without the store that stops working, with a warning", function()
        local client, store = client_of("wx_stops", "/echo")
        function store.add()
            error("password a_canary")
        end
        assert.equal("old_one", recognize(client).token)
        assert.equal("wx_stops_token_1", token_in_the_end(client, "wx_stops_token_1"))
        assert.equal(1, warnings)
        assert.equal(1, fetches_of "wx_stops")
    end)

    it("has what is raised in its renewal raised, even if the card was there", function()
        for number, path in ipairs { "/echo", "/case/no_card" } do
            for _, module in ipairs { wxidcard, safe } do
                local appid = ("wx_raised_%d_%s"):format(number, module == safe and "s" or "u")
                local client, store = client_of(appid, path, module)
                function store.add()
                    error("interrupted!", 0)
                end
                assert.equal("interrupted!", support.raised_by(recognize, client))
                store.add = coroutine.yield
                local message = support.raised_by(support.in_coroutine(recognize), client)
                assert.truthy(message:find("token_store must not yield", 1, true), message)
                assert.equal(0, fetches_of(appid))
            end
        end
        assert.equal(0, warnings)
    end)

    it("is not renewed after a call that Ctrl-C ended", function()
        local client, store = client_of("wx_ended", "/silent")
        local calls = 0
        local function interrupt()
            debug.sethook()
            error("interrupted!", 0)
        end
        finally(debug.sethook)
        local get = store.get
        function store.get(...)
            calls = calls + 1
            local value = get(...)
            debug.sethook(interrupt, "c") -- for the next function that is called: while it waits
            return value
        end
        assert.equal("interrupted!", support.raised_by(recognize, client))
        assert.equal(1, calls)
        assert.equal(0, fetches_of "wx_ended")
    end)
end)
