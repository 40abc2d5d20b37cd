local memory_store = require "wxidcard.memory_store"
local support = require "support"

local now

local function new_store()
    now = 1000
    return memory_store.new { clock = function() return now end }
end

describe("a memory store", function()
    it("keeps values for their time", function()
        local store = new_store()
        assert.is_nil(store:get "key")
        assert.is_true(store:set("key", "value", 10))
        assert.equal("value", store:get "key")
        now = 1009.9
        assert.equal("value", store:get "key")
        now = 1010
        assert.is_nil(store:get "key")
    end)

    it("sets whatever was there", function()
        local store = new_store()
        store:set("key", "first", 10)
        store:set("key", "second", 20)
        now = 1015
        assert.equal("second", store:get "key")
    end)

    it("adds only what is not there, or there no more", function()
        local store = new_store()
        assert.is_true(store:add("key", "first", 10))
        assert.same({ false, "exists" }, { store:add("key", "second", 10) })
        assert.equal("first", store:get "key")
        now = 1010
        assert.is_true(store:add("key", "second", 10))
        assert.equal("second", store:get "key")
    end)

    it("deletes", function()
        local store = new_store()
        store:set("key", "value", 10)
        assert.is_true(store:delete "key")
        assert.is_true(store:delete "key")
        assert.is_nil(store:get "key")
        assert.is_true(store:add("key", "another", 10))
    end)

    it("keeps values for ever without a time, or with 0", function()
        local store = new_store()
        store:set("key", "value")
        store:set("another", "value", 0)
        now = 1e12
        assert.equal("value", store:get "key")
        assert.equal("value", store:get "another")
    end)

    it("has keys of its own", function()
        local first, second = new_store(), new_store()
        first:set("key", "value", 10)
        assert.is_nil(second:get "key")
    end)

    it("has the wall clock, and keeps nothing for less than its time", function()
        local time = os.time
        finally(function() os.time = time end) -- luacheck: ignore
        os.time = function() return now end -- luacheck: ignore
        local store = memory_store.new()
        now = 1000 -- or nearly 1001
        store:set("key", "value", 1)
        now = 1001
        assert.equal("value", store:get "key")
        now = 1002
        assert.is_nil(store:get "key")
    end)

    it("shows nothing of what is in it", function()
        local store = new_store()
        store:set("a_canary_key", "a_canary", 10)
        assert.equal("wxidcard.memory_store", tostring(store))
        assert.is_nil(next(store))
    end)

    it("is called with a colon", function()
        local store = new_store()
        for _, name in ipairs { "get", "set", "add", "delete" } do
            local message = support.raised_by(function()
                return (store[name]("key", "value", 1))
            end)
            assert.truthy(message:find("memory_store_spec.lua:%d+: call a store's methods"))
        end
    end)
end)
