local support = require "support"

-- A program of its own, so that neither a global ngx nor libcurl gets into this one.
local function run(program)
    local path = os.tmpname()
    support.write_file(path, program)
    local said = support.output_of(support.program .. " " .. path .. " 2>&1")
    os.remove(path)
    return said
end

-- As in a phase that has no sockets; tests/openresty has the others.
local NGINX = [[
    ngx = {
        config = { nginx_version = 1022001, subsystem = 'http' },
        socket = { tcp = function() error "API disabled in the context of log_by_lua*" end },
        get_phase = function() return "log" end,
    }
]]

describe("inside nginx", function()
    it("recognising is refused where nothing can be sent, and libcurl is not loaded", function()
        for _, name in ipairs { "wxidcard", "wxidcard.safe" } do
            local said = run(NGINX .. "local wxidcard = require '" .. name .. [['
                local client = wxidcard.new{ access_token = "invented" }
                print(tostring(client))
                print(pcall(client.recognize, client, { img = "x" }))
                print(package.loaded["wxidcard.curl"])
                client:close()
                for line in io.lines("/proc/self/maps") do
                    if line:find("libcurl", 1, true) then print("libcurl is here") break end
                end]])
            assert.truthy(said:find("(access_token, https://api.weixin.qq.com)", 1, true), said)
            assert.truthy(said:find("false\t[^\n]*wxidcard cannot send from log: "), said)
            assert.truthy(said:find("ngx.timer.at", 1, true), said)
            assert.truthy(said:find("\nnil\n", 1, true), said)
            assert.falsy(said:find("libcurl is here", 1, true), said)
        end
    end)

    it("refreshing a token is refused, too", function()
        for _, name in ipairs { "wxidcard", "wxidcard.safe" } do
            local said = run(NGINX .. "local wxidcard = require '" .. name .. [['
                local client = wxidcard.new{
                    appid = "wx0123456789abcdef", secret = "a_canary",
                    token_store = require("wxidcard.memory_store").new(),
                }
                print(tostring(client))
                print(pcall(client.refresh_token, client, { force = true }))
                print(package.loaded["wxidcard.curl"])]])
            assert.truthy(said:find("(appid wx***cdef, https://api.weixin.qq.com)", 1, true), said)
            assert.truthy(said:find("false\t[^\n]*wxidcard cannot send from log: "), said)
            assert.truthy(said:find("\nnil\n", 1, true), said)
            assert.falsy(said:find("canary", 1, true), said)
        end
    end)

    it("settings are checked all the same", function()
        local said = run(NGINX .. "print(pcall(require('wxidcard').new, { timout = 1 }))")
        assert.truthy(said:find("did you mean 'timeout'", 1, true), said)
    end)
end)

describe("outside nginx", function()
    it("a global that is called ngx, or a strict _G, changes nothing", function()
        for _, prologue in ipairs {
            "", "ngx = 1", "ngx = {}", "ngx = { config = {} }",
            "setmetatable(_G, { __index = function() error('no such global') end })",
        } do
            local said = run(prologue .. "\nrequire('wxidcard').new{ access_token = 'x' }\n" .. [[
                for name in pairs(package.loaded) do
                    if name == "wxidcard.curl" or name == "wxidcard.nginx" then print(name) end
                end]])
            assert.equal("wxidcard.curl\n", said)
        end
    end)

    it("the modules leave no globals", function()
        local said = run [[
            local before = {}
            for name in pairs(_G) do before[name] = true end
            require("wxidcard") require("wxidcard.safe").new{ access_token = "x" }
            for name in pairs(_G) do if not before[name] then print(name) end end]]
        assert.equal("", said)
    end)
end)

describe("Ctrl-C", function()
    local function interrupt(program)
        local path = os.tmpname()
        support.write_file(path, program)
        local said = support.output_of(("python3 '%stests/lua/support/interrupt.py' %s %s")
            :format(support.root, support.program, path))
        os.remove(path)
        local elapsed, status, message = said:match("^(%d+) (%-?%d+) (.*)$")
        assert(elapsed, said)
        return tonumber(elapsed), tonumber(status), message
    end

    local CALL = [[
        local client = require("wxidcard").new{
            access_token = "x", base_url = arg[1], max_retries = 0,
        }
        local function call() client:recognize{ img_url = "https://example.com/a.jpg" } end
    ]]

    it("ends a call within 250 ms", function()
        local elapsed, status, message = interrupt(CALL .. "call()")
        assert.truthy(message:find("interrupted!", 1, true), message)
        assert.equal(1, status)
        assert.is_true(elapsed <= 250, elapsed .. " ms")
    end)

    it("ends a call in a coroutine, too", function()
        local elapsed, status, message = interrupt(CALL .. "coroutine.wrap(call)()")
        assert.truthy(message:find("interrupted!", 1, true), message)
        assert.equal(1, status)
        assert.is_true(elapsed <= 250, elapsed .. " ms")
    end)

    it("ends a call that a coroutine made after it", function()
        local url, stop_service = support.start_service()
        finally(stop_service)
        local said = run(([[
            local client = require("wxidcard").new{
                access_token = "x", base_url = "%s/silent", timeout = 3000,
            }
            coroutine.wrap(function()
                io.popen("kill -INT $PPID"):close()
                print(pcall(client.recognize, client, { img_url = "https://example.com/a.jpg" }))
            end)()]]):format(url))
        -- LuaJIT's hooks are of all threads: there the call is not even made.
        assert.truthy(said:find("interrupted!", 1, true), said)
        assert.falsy(said:find("did not end", 1, true), said)
    end)

    it("can be caught, and the client goes on", function()
        local _, status, message = interrupt(CALL .. [[
            print(pcall(call))
            print(pcall(client.recognize, client, { img = "no picture" }))]])
        assert.truthy(message:find("false.*interrupted!.*false.*picture"), message)
        assert.equal(0, status)
    end)
end)
