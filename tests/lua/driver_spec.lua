local cjson = require "cjson"
local core = require "wxidcard.core"
local driver = require "wxidcard.driver"
local memory_store = require "wxidcard.memory_store"
local support = require "support"

local CARD = [[{"errcode":0,"errmsg":"ok","type":"Back","valid_date":"20070105-20270105"}]]
local TOKEN = [[{"access_token":"a_canary_token","expires_in":7200}]]

-- A driver's client with these means beside its send. Returns it, and a list of what it does: what
-- is sent, and where the means say so.
local function client_of(appid, means_of, store)
    local done = {}
    local means = means_of(done)
    local before_sending = means.before_sending or function() end
    function means.send(call)
        local is_fetch = call:request().target:find("/cgi-bin/", 1, true)
        done[#done + 1] = is_fetch and "fetch" or "picture"
        before_sending(call)
        call:answer_reply(core.now_ms(), { status = 200, body = is_fetch and TOKEN or CARD })
    end
    local settings = { appid = appid, secret = "a_canary_secret", token_store = store }
    return driver.new(settings, function() return means end), done
end

-- What is put into the background begins when this is called for the time of the number.
local function late_background(done, number)
    local begin
    local calls = 0
    return function(work, ...)
        local arguments, count = { ... }, select("#", ...)
        begin = function()
            local unpack = table.unpack or unpack
            done[#done + 1] = "begun"
            work(unpack(arguments, 1, count))
        end
        return true
    end, function()
        calls = calls + 1
        if calls == number then
            begin()
        end
    end
end

local function recognize(client)
    return client:recognize { img = support.JPEG }
end

describe("a driver", function()
    it("fetches a token in the background, which begins after a while", function()
        local client, done = client_of("wx_of_a_driver", function(done)
            local background, sleep = late_background(done, 2)
            return { background = background, sleep = sleep }
        end)
        assert.equal("Back", recognize(client).type)
        assert.same({ "begun", "fetch", "picture" }, done)
    end)

    it("does it itself where the background does not begin, and not twice", function()
        local client, done = client_of("wx_of_a_late_driver", function(done)
            local background, begin = late_background(done, 1)
            return { background = background, sleep = function() end, before_sending = begin }
        end)
        assert.equal("Back", recognize(client).type)
        assert.same({ "fetch", "begun", "picture" }, done)
    end)

    it("renews a token in the background, and needs no other for that", function()
        local store = memory_store.new()
        local key = "wxidcard:token:api.weixin.qq.com:wx_of_a_background:stable_token"
        store:set(key, cjson.encode {
            access_token = "a_canary_old_one", expires_at = os.time() + 200, expires_in = 7200,
        }, 200)
        local client, done = client_of("wx_of_a_background", function(done)
            return {
                background = function(work, ...)
                    done[#done + 1] = "background"
                    work(...)
                    return true
                end,
            }
        end, store)
        for _ = 1, 3 do -- the first looks into the store, which is done in the background, too
            assert.equal("Back", recognize(client).type)
        end
        assert.same({
            "background", "picture", "background", "fetch", "picture", "picture",
        }, done)
    end)

    it("begins each call by chance: none is like another", function()
        local boundaries = {}
        local client = client_of("wx_of_chance", function()
            return {
                before_sending = function(call)
                    local boundary = call:request().head:match("boundary=(%S+)")
                    boundaries[#boundaries + 1] = boundary
                end,
            }
        end)
        for _ = 1, 3 do -- the first fetches the token besides, for which chance is needed, too
            recognize(client)
        end
        assert.equal(3, #boundaries)
        assert.not_equal(boundaries[2], boundaries[3])
    end)

    it("does it itself where there is no background", function()
        for name, means in pairs {
            wx_of_none = {}, wx_of_a_refusal = { background = function() return false end },
        } do
            local client, done = client_of(name, function() return means end)
            assert.equal("Back", recognize(client).type)
            assert.same({ "fetch", "picture" }, done)
        end
    end)
end)
