local safe = require "wxidcard.safe"
local support = require "support"
local wxidcard = require "wxidcard"

local modules = { wxidcard = wxidcard, safe = safe }

-- The place of the line that calls this, as error(message, 2) writes it.
local function this_line()
    local info = debug.getinfo(2, "Sl")
    return info.short_src .. ":" .. info.currentline .. ": "
end

for name, module in pairs(modules) do
    describe("misuse of " .. name, function()
        local function client()
            return module.new { access_token = "invented", base_url = "http://127.0.0.1:1" }
        end

        local function assert_new_refuses(settings, ...)
            local ok, message = pcall(function()
                return (module.new(settings))
            end)
            assert.is_false(ok)
            for _, part in ipairs { ... } do
                assert.truthy(message:find(part, 1, true), message)
            end
            return message
        end

        local function assert_recognize_refuses(picture, ...)
            local ok, message = pcall(function()
                return (client():recognize(picture))
            end)
            assert.is_false(ok)
            assert.is_string(message)
            for _, part in ipairs { ... } do
                assert.truthy(message:find(part, 1, true), message)
            end
        end

        it("is raised at the line of the caller", function()
            local made = client()
            local here, message = this_line(), support.raised_by(function() made:recognize {} end)
            assert.equal(here, message:sub(1, #here))
            here, message = this_line(), support.raised_by(function() module.new {} end)
            assert.equal(here, message:sub(1, #here))
        end)

        it("names the option that was meant", function()
            assert_new_refuses({ timout = 1 }, "'timout'", "'timeout'")
            assert_new_refuses({ acces_token = "x" }, "'access_token'")
            assert_new_refuses({ token = "x" }, "'access_token'")
            assert_new_refuses({ max_retry = 1 }, "'max_retries'")
            assert_new_refuses({ colour = 1 }, "unknown option 'colour'")
            assert_recognize_refuses({ image = "x" }, "'img'")
            assert_recognize_refuses({ file = "x" }, "'img_file'")
            assert_recognize_refuses({ url = "x" }, "'img_url'")
            assert_recognize_refuses({ img = support.JPEG, typ = "photo" }, "'type'")
        end)

        it("does not repeat what may be a secret", function()
            local message = assert_new_refuses({ "a_canary" }, "access_token = ")
            assert.falsy(message:find("canary", 1, true))
            message = assert_new_refuses({ ["78_A_CANARY"] = 1 }, "unknown option")
            assert.falsy(message:find("CANARY", 1, true))
        end)

        it("is a number where a string is meant", function()
            assert_new_refuses({ access_token = 440524188001010014 }, "access_token", "quotes")
            assert_new_refuses({ access_token = "x", base_url = 1 }, "base_url", "string")
            assert_recognize_refuses({ img = 1 }, "img ", "string")
            assert_recognize_refuses({ img_url = 1 }, "img_url", "string")
            assert_recognize_refuses({ img_file = 1 }, "img_file", "string")
            assert_recognize_refuses({ img = support.JPEG, type = 1 }, "type", "string")
            assert_recognize_refuses({ img = io.stdout }, "img ", "userdata")
            assert_recognize_refuses({ img = true }, "img ", "boolean")
        end)

        it("is a string where a number is meant, or a number that is none", function()
            local function with(option, value)
                return { access_token = "x", [option] = value }
            end
            assert_new_refuses(with("timeout", "30"), "timeout", "milliseconds", "string")
            for _, value in ipairs { 0 / 0, math.huge, -math.huge, -1, 0, 1e300 } do
                assert_new_refuses(with("timeout", value), "timeout")
            end
            for _, value in ipairs { "1", 0.5, 0 / 0, math.huge, -1, 3, 2 ^ 60, true } do
                assert_new_refuses(with("max_retries", value), "max_retries")
            end
            if math.mininteger then
                assert_new_refuses(with("max_retries", math.mininteger), "max_retries")
                assert_new_refuses(with("timeout", math.mininteger), "timeout")
            end
            assert_new_refuses({ token_provider = "x" }, "token_provider", "function")
            local callable = setmetatable({}, { __call = print })
            assert_new_refuses({ token_provider = callable }, "token_provider", "table")
        end)

        it("is a zero byte in a text", function()
            assert_new_refuses({ access_token = "a\0b" }, "access_token", "zero byte")
            assert_new_refuses({ access_token = "a", ca_file = "a\0b" }, "ca_file", "zero byte")
            assert_recognize_refuses({ img_file = "a\0b" }, "img_file", "zero byte")
            assert_recognize_refuses({ img_url = "https://a/\0" }, "img_url", "zero byte")
        end)

        it("is a wrong number of credentials or pictures", function()
            assert_new_refuses({}, "access_token", "token_provider")
            assert_new_refuses({ access_token = "x", token_provider = print }, "exactly one")
            assert_recognize_refuses({}, "no picture")
            local two = { img = support.JPEG, img_url = "https://a/b" }
            assert_recognize_refuses(two, "more than one")
        end)

        it("is a URL that the service could not use", function()
            assert_recognize_refuses({ img_url = "/tmp/front.jpg" }, "upload")
            assert_recognize_refuses({ img_url = "https%3A%2F%2Fexample.com" }, "encoded")
            assert_recognize_refuses({ img = support.JPEG, type = "Photo" }, "photo")
        end)

        it("is something else than a table", function()
            assert_new_refuses(nil, "table")
            assert_new_refuses("token", "table")
            assert_recognize_refuses(nil, "table")
            assert_recognize_refuses("front.jpg", "table")
        end)

        it("is a dot where a colon should be", function()
            local made = client()
            for _, wrong in ipairs {
                function() made.recognize { img = support.JPEG } end,
                function() made.close() end,
                function() made.recognize(nil, {}) end,
            } do
                local message = support.raised_by(wrong)
                assert.truthy(message:find("misuse_spec.lua:%d+: call a client's methods with"))
            end
        end)
    end)
end
