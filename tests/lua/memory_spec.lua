local core = require "wxidcard.core"
local driver = require "support.driver"
local memory_store = require "wxidcard.memory_store"
local support = require "support"
local wxidcard = require "wxidcard"

local url, stop_service
local warn = wxidcard.warn

setup(function()
    url, stop_service = support.start_service()
    wxidcard.warn = nil
end)

teardown(function()
    stop_service()
    wxidcard.warn = warn
    collectgarbage("setpause", 200)
    collectgarbage("setstepmul", 200)
    if support.interpreter == "lua5.4" then
        collectgarbage("incremental", 0, 0)
    end
end)

-- The collector in every mode that this Lua has, at its most zealous.
local modes = {
    function()
        collectgarbage("setpause", 1)
        collectgarbage("setstepmul", 1000)
    end,
}
if support.interpreter == "lua5.4" then
    modes[#modes + 1] = function()
        collectgarbage("generational", 1, 1)
    end
end

local function exercise(number)
    local client = wxidcard.new {
        base_url = url .. (number % 2 == 0 and "/raw/types" or "/renew"),
        token_provider = function(failed)
            collectgarbage("step")
            return failed and "fresh" or "old"
        end,
        max_retries = 0,
    }
    local ok, card = pcall(client.recognize, client, { img = support.JPEG .. ("x"):rep(number) })
    assert.is_true(ok, tostring(card))
    pcall(client.recognize, client, { img_file = "/nonexistent" })
    pcall(client.recognize, client, { wrong = number })
    if number % 3 == 0 then
        client:close()
    end
end

-- A client whose token comes from a store, which it is given, and renews it.
local function exercise_store(number)
    local store = memory_store.new()
    local get = store.get
    function store.get(...)
        collectgarbage("step")
        return get(...) and get(...) .. ("")
    end
    if number % 5 == 0 then
        function store.add()
            error({})
        end
    end
    local client = wxidcard.new {
        appid = "wx_memory_" .. number, secret = "a_secret", token_store = store,
        base_url = url .. "/echo",
    }
    store = nil -- luacheck: ignore
    collectgarbage("step")
    local ok, card = pcall(client.recognize, client, { img = support.JPEG })
    assert.is_true(ok, tostring(card))
    assert.equal("wx_memory_" .. number .. "_token_1", card.token)
    client:refresh_token()
end

describe("the collector", function()
    it("may run at any time of a client's life", function()
        for _, set_mode in ipairs(modes) do
            set_mode()
            for number = 1, 60 do
                exercise(number)
                collectgarbage("step")
            end
            for number = 1, 20 do
                exercise_store(number)
                collectgarbage("step")
            end
            collectgarbage()
        end
    end)

    it("may take sessions and calls in any order, at any step", function()
        for _, set_mode in ipairs(modes) do
            set_mode()
            for number = 1, 300 do
                local call = core.session({ access_token = "x" }):recognition {
                    img = support.JPEG .. ("x"):rep(number), now_ms = 0, seed = number,
                }
                collectgarbage("step", number)
                if number % 3 == 1 then
                    assert.equal(number, #call:request().body[2] - #support.JPEG)
                elseif number % 3 == 2 then
                    driver.play(call, { { status = 200, body = '{"errcode":0,"type":"Back"}' } })
                    collectgarbage()
                    assert.same({ type = "Back" }, call:take_card())
                end
            end
            collectgarbage()
        end
    end)

    it("does not have to hurry: a picture's memory goes with its call", function()
        local function resident_kib()
            return tonumber(io.open("/proc/self/status"):read("*a"):match("VmRSS:%s*(%d+)"))
        end
        local folder = support.new_folder()
        finally(function() support.remove_folder(folder) end)
        local path = folder .. "/large.jpg"
        support.write_file(path, support.JPEG .. ("x"):rep(1900000))
        local session = core.session { access_token = "x", max_retries = 0 }
        collectgarbage()
        collectgarbage("stop")
        local before
        for number = 1, 60 do
            local call = session:recognition { img_file = path, now_ms = 0, seed = number }
            driver.play(call, { { status = 200, body = '{"errcode":0,"type":"Back"}' } })
            call:take_card()
            before = before or resident_kib()
        end
        local grown = resident_kib() - before
        collectgarbage("restart")
        -- A sanitizer holds back what was freed, 256 MiB of it.
        local sanitized = (os.getenv("LD_PRELOAD") or ""):find("asan", 1, true)
        assert.is_true(grown < (sanitized and 256 or 8) * 1024, grown .. " KiB")
    end)
end)
