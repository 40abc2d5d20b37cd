local cjson = require "cjson"
local folder_store = require "support.folder_store"
local memory_store = require "wxidcard.memory_store"
local safe = require "wxidcard.safe"
local support = require "support"
local wxidcard = require "wxidcard"

local url, stop_service
local warn = wxidcard.warn

setup(function()
    url, stop_service = support.start_service()
end)

teardown(function()
    stop_service()
    wxidcard.warn = warn
end)

local warnings

before_each(function()
    warnings = {}
    wxidcard.warn = function(...)
        warnings[#warnings + 1] = { ... }
    end
end)

local WARNING = "the token store failed: going on with this process's own token"

local function client_of(appid, store, path, module)
    return (module or wxidcard).new {
        appid = appid, secret = "a_canary_secret", token_store = store,
        base_url = url .. (path or "/app/40001"),
    }
end

local function recognize(client)
    local card = client:recognize { img = support.JPEG }
    return card
end

local function fetches_of(appid)
    return recognize(wxidcard.new {
        access_token = "x", base_url = url .. "/counts/" .. appid,
    }).fetches
end

local function key_of(what, appid, path)
    return ("wxidcard:%s:%s%s:%s:stable_token"):format(what, url:match("//(.*)"),
        path or "/app/40001", appid)
end

local function record_of(token, seconds)
    return cjson.encode { access_token = token, expires_at = os.time() + seconds }
end

-- A store that notes how it is called, and does what `instead` says for some methods.
local function watched(instead)
    local inner, calls = memory_store.new(), {}
    local store = { inner = inner }
    for _, name in ipairs { "get", "set", "add", "delete" } do
        store[name] = function(self, ...)
            assert(self == store)
            calls[#calls + 1] = { name, ... }
            if instead and instead[name] then
                return instead[name](...)
            end
            return inner[name](inner, ...)
        end
    end
    return store, calls
end

describe("a token_store", function()
    it("is where a token is found, and none is fetched", function()
        local store = memory_store.new()
        store:set(key_of("token", "wx_found"), record_of("wx_found_token_1", 3000), 3000)
        local client = client_of("wx_found", store)
        assert.equal("wx_found_token_1", recognize(client).token)
        assert.equal("wx_found_token_1", recognize(client).token)
        assert.equal(0, fetches_of "wx_found")
    end)

    it("is called as ngx.shared is, and given what was fetched", function()
        local store, calls = watched()
        local before = os.time()
        recognize(client_of("wx_given", store))
        local token, lock = key_of("token", "wx_given"), key_of("lock", "wx_given")
        local owner, published, life = calls[2][3], calls[4][3], calls[4][4]
        assert.truthy(owner:find("^%x+$"))
        assert.is_true(life > 7190 and life <= 7200)
        assert.same({
            { "get", token }, { "add", lock, owner, 10 }, { "get", token },
            { "set", token, published, life }, { "get", lock }, { "delete", lock },
        }, calls)
        local record = cjson.decode(published)
        assert.equal("wx_given_token_1", record.access_token)
        assert.is_true(record.expires_at >= before + 7190)
        assert.is_nil(store.inner:get(lock))
        assert.same({}, warnings)
    end)

    it("loses no lock but one's own", function()
        local store, calls = watched { set = function() end }
        store.set = function(_, key)
            calls[#calls + 1] = { "set", key }
            store.inner:set(key_of("lock", "wx_lost"), "somebody else's", 10)
        end
        recognize(client_of("wx_lost", store))
        assert.same({ "get", key_of("lock", "wx_lost") }, calls[#calls])
        assert.equal("somebody else's", store.inner:get(key_of("lock", "wx_lost")))
    end)

    it("is shared by processes", function()
        local folder = support.new_folder()
        finally(function() support.remove_folder(folder) end)
        assert.equal("wx_two_token_1", recognize(client_of("wx_two", folder_store(folder))).token)
        local path = folder .. "/program.lua"
        support.write_file(path, ([[
            package.path = "%stests/lua/?.lua;%stests/lua/?/init.lua;" .. package.path
            local client = require("wxidcard").new {
                appid = "wx_two", secret = "a_canary_secret", base_url = "%s/app/40001",
                token_store = require("support.folder_store")("%s"),
            }
            print(client:recognize({ img = require("support").JPEG }).token)
        ]]):format(support.root, support.root, url, folder))
        assert.equal("wx_two_token_1\n",
            support.output_of(support.program .. " " .. path .. " 2>&1"))
        assert.equal(1, fetches_of "wx_two")
    end)

    it("has a failure noted for others", function()
        local store = memory_store.new()
        local client = wxidcard.new {
            appid = "wx_noted", secret = "wrong_secret", token_store = store,
            base_url = url .. "/app/40001",
        }
        assert.equal("credential", support.raised_by(recognize, client).kind)
        local record = cjson.decode(store:get(key_of("lock", "wx_noted")))
        assert.equal("credential", record.failed)
        assert.equal(40125, record.errcode)
        -- Another client, of another secret: it does not even try.
        local failure = support.raised_by(recognize, client_of("wx_noted", store))
        assert.equal("credential", failure.kind)
        assert.equal(1, fetches_of "wx_noted")
    end)

    it("may be a userdata", function()
        if not rawget(_G, "newproxy") then -- no other Lua can make one without C
            return
        end
        local proxy, inner = _G.newproxy(true), memory_store.new()
        getmetatable(proxy).__index = {
            get = function(_, key) return inner:get(key) end,
            set = function(_, ...) return inner:set(...) end,
            add = function(_, ...) return inner:add(...) end,
            delete = function(_, key) return inner:delete(key) end,
        }
        recognize(client_of("wx_userdata", proxy))
        assert.truthy(inner:get(key_of("token", "wx_userdata")))
    end)

    it("is kept for as long as the client", function()
        local store = memory_store.new()
        store:set(key_of("token", "wx_kept"), record_of("wx_kept_token_1", 3000), 3000)
        local client = client_of("wx_kept", store)
        local seen = setmetatable({ store = store }, { __mode = "v" })
        store = nil -- luacheck: ignore
        collectgarbage()
        collectgarbage()
        assert.equal("wx_kept_token_1", recognize(client).token)
        assert.truthy(seen.store)
    end)
end)

describe("a token_store that does not work", function()
    local broken = {
        raises = { get = function() error("password a_canary") end },
        ["raises a table"] = { get = function() error({ "a_canary" }) end },
        ["raises nil"] = { add = function() error(nil) end },
        ["returns a number"] = { get = function() return 17 end },
        ["returns false"] = { get = function() return false end },
        ["has no room"] = { set = function() return nil, "no memory a_canary" end },
        ["says 0 to a lock"] = { add = function() return 0 end },
        ["says why to a lock"] = { add = function() return false, "a_canary" end },
        ["cannot delete"] = { delete = function() return nil, "a_canary" end },
    }
    for name, instead in pairs(broken) do
        it("is left out with a warning: it " .. name, function()
            for number, module in ipairs { wxidcard, safe } do
                local appid = ("wx_%s_%d"):format(name:gsub(" ", "_"), number)
                local client = client_of(appid, (watched(instead)), nil, module)
                assert.equal(appid .. "_token_1", recognize(client).token)
                assert.equal(appid .. "_token_1", recognize(client).token)
                assert.equal(1, fetches_of(appid))
                assert.equal(number, #warnings)
                assert.same({ WARNING }, warnings[number])
            end
        end)
    end

    local sound = {
        ["has garbage"] = { get = function() return "a_canary\0{" end },
        ["sets without a word"] = { set = function() end },
        ["says no to a set, without a reason"] = { set = function() return false end },
        ["says more than asked"] = { get = function() return nil, 17 end },
        ["deletes without a word"] = { delete = function() end },
    }
    for name, instead in pairs(sound) do
        it("is another than one that " .. name, function()
            local appid = "wx_" .. name:gsub("%W", "_")
            assert.equal(appid .. "_token_1", recognize(client_of(appid, (watched(instead)))).token)
            assert.same({}, warnings)
        end)
    end

    it("must not yield, and is told so", function()
        for number, module in ipairs { wxidcard, safe } do
            local client = client_of("wx_yields_" .. number, (watched {
                get = function() coroutine.yield("a_canary") end,
            }), nil, module)
            for _, call in ipairs { recognize, support.in_coroutine(recognize) } do
                local message = support.raised_by(call, client)
                assert.truthy(message:find("token_store must not yield", 1, true), message)
                assert.falsy(message:find("canary", 1, true))
            end
        end
        assert.same({}, warnings)
    end)

    it("is not what Ctrl-C ends", function()
        -- As lua.c raises it in whatever is running.
        local client = client_of("wx_interrupt", (watched {
            add = function() error("interrupted!") end,
        }))
        assert.truthy(support.raised_by(recognize, client):find("interrupted!", 1, true))
        assert.truthy(support.raised_by(client.refresh_token, client):find("interrupted!", 1, true))
        assert.same({}, warnings)
    end)

    it("fails no call by what happens to the warning", function()
        wxidcard.warn = function() error("a_canary") end
        local instead = { get = function() error("a_canary") end }
        local card = recognize(client_of("wx_warn_1", (watched(instead))))
        assert.equal("wx_warn_1_token_1", card.token)
        wxidcard.warn = nil
        card = recognize(client_of("wx_warn_2", (watched(instead))))
        assert.equal("wx_warn_2_token_1", card.token)
    end)
end)

describe("warn", function()
    it("is one field of both modules", function()
        local function mine() end
        safe.warn = mine
        assert.equal(mine, wxidcard.warn)
        wxidcard.warn = nil
        assert.is_nil(safe.warn)
        require("wxidcard.warning").give("nobody hears it")
        for _, module in ipairs { wxidcard, safe } do
            assert.truthy(support.raised_by(function()
                module.warn = "x"
            end):find("token_store_spec.lua:%d+: warn must be a function"))
            module.another = 1
            assert.equal(1, rawget(module, "another"))
            module.another = nil
        end
        assert.is_nil(wxidcard.no_such_field)
    end)

    it("writes a line to stderr, unless told otherwise", function()
        local path = os.tmpname()
        finally(function() os.remove(path) end)
        support.write_file(path, ([[
            io.stdout:setvbuf("no")
            local function fail() error("password a_canary") end
            for _, prepare in ipairs {
                function() end, function() io.stderr = nil end,
            } do
                prepare()
                local client = require("wxidcard").new {
                    appid = "wx_stderr", secret = "a_canary", base_url = "%s/app/40001",
                    token_store = { get = fail, set = fail, add = fail, delete = fail },
                }
                client:refresh_token()
                print(client:recognize({ img_url = "https://example.com/a.jpg" }).type)
            end]]):format(url))
        assert.equal("wxidcard: warning: " .. WARNING .. "\nFront\nFront\n",
            support.output_of(support.program .. " " .. path .. " 2>&1"))
    end)
end)
