local safe = require "wxidcard.safe"
local support = require "support"
local wxidcard = require "wxidcard"

local url, stop_service, folder

local function client_for(path, settings)
    settings = settings or { access_token = "invented" }
    settings.base_url = url .. path
    return wxidcard.new(settings)
end

local function failure_of(client, picture)
    local failure = support.raised_by(client.recognize, client, picture or { img = support.JPEG })
    assert.is_table(failure, tostring(failure))
    return failure
end

setup(function()
    url, stop_service = support.start_service()
    folder = support.new_folder()
end)

teardown(function()
    stop_service()
    support.remove_folder(folder)
end)

describe("wxidcard", function()
    it("has a version", function()
        assert.truthy(wxidcard.version:find("^%d+%.%d+%.%d+$"))
        assert.equal(wxidcard.version, wxidcard._VERSION)
        assert.equal(wxidcard.version, safe.version)
    end)

    it("sends the bytes of a picture, whatever they are", function()
        local picture = support.JPEG .. ("\0\r\n--\255"):rep(50000)
        local card = client_for("/echo"):recognize { img = picture, type = "photo" }
        assert.equal(#picture, card.length)
        assert.equal("invented", card.token)
    end)

    it("sends a file", function()
        local path = folder .. "/front.jpg"
        support.write_file(path, support.JPEG .. ("x"):rep(300000))
        local card = client_for("/echo"):recognize { img_file = path }
        local sum = support.output_of("sha256sum '" .. path .. "'"):match("^%x+")
        assert.equal(sum, card.sha256)
    end)

    it("sends the URL of a picture", function()
        local card = client_for("/echo"):recognize { img_url = "https://example.com/a.jpg" }
        assert.equal("Front", card.type)
        assert.is_nil(card.length)
    end)

    it("serves many calls, and calls in coroutines", function()
        local client = client_for("/echo")
        for length = 1, 20 do
            local picture = support.JPEG .. ("x"):rep(length)
            local card = coroutine.wrap(function()
                return client:recognize { img = picture }
            end)()
            assert.equal(#picture, card.length)
        end
    end)

    it("tells what a client is without its token", function()
        local client = wxidcard.new { access_token = "a_canary", base_url = "http://127.0.0.1:1/x" }
        assert.equal("wxidcard.client (access_token, http://127.0.0.1:1)", tostring(client))
    end)

    it("refuses to use a closed client", function()
        local client = client_for("/echo")
        client:recognize { img = support.JPEG }
        client:close()
        client:close()
        local message = support.raised_by(client.recognize, client, { img = support.JPEG })
        assert.is_string(message)
        assert.truthy(message:find("closed", 1, true))
        assert.truthy(tostring(client):find("access_token", 1, true))
    end)

    it("closes a variable's client", function()
        local load_text = rawget(_G, "loadstring") or load
        local program = load_text("local client <close> = ...; "
            .. "return client:recognize{ img_url = 'https://example.com/a.jpg' }")
        if not program then -- not a word of this Lua, 5.4 alone has it
            assert.not_equal("lua5.4", support.interpreter)
            return
        end
        local client = client_for("/echo")
        assert.equal("Front", program(client).type)
        assert.is_string(support.raised_by(client.recognize, client, { img = support.JPEG }))
    end)
end)

describe("an error table", function()
    it("holds what the service said", function()
        local failure = failure_of(client_for("/case/image_url_hint_and_rid"))
        assert.equal("image_url", failure.kind)
        assert.equal(101000, failure.errcode)
        assert.equal("9bF05142542", failure.hint)
        assert.equal("60f6692a-02a0c9fa-5e832557", failure.rid)
        assert.truthy(failure.errmsg:find("^invalid image url hint"))
        assert.equal(200, failure.http_status)
        assert.is_false(failure.retryable)
        assert.truthy(failure.message:find("101000", 1, true))
        if math.type then
            assert.equal("integer", math.type(failure.errcode))
            assert.equal("integer", math.type(failure.http_status))
        end
    end)

    it("holds nothing where there was nothing", function()
        local failure = failure_of(client_for("/echo"), { img = "no picture" })
        assert.equal("image_input", failure.kind)
        assert.same({ "kind", "message", "retryable" }, (function()
            local names = {}
            for name in pairs(failure) do
                names[#names + 1] = name
            end
            table.sort(names)
            return names
        end)())
    end)

    it("reads as its message", function()
        local failure = failure_of(client_for("/case/no_card"))
        assert.equal(failure.message, tostring(failure))
        assert.equal("failed: " .. failure.message, "failed: " .. failure)
        assert.equal(failure.message .. "!", failure .. "!")
        assert.equal(failure.message .. 1, failure .. 1)
        assert.equal(failure.message .. failure.message, failure .. failure)
        assert.truthy(wxidcard.is_error(failure))
        assert.truthy(safe.is_error(failure))
        assert.falsy(wxidcard.is_error({}))
        assert.falsy(wxidcard.is_error("x"))
    end)

    it("is of the transport's kind when no reply came", function()
        local failure = failure_of(client_for("/gone", {
            access_token = "invented", max_retries = 0,
        }))
        assert.equal("network", failure.kind)
        assert.is_true(failure.retryable)
        assert.is_nil(failure.http_status)
        local closed = wxidcard.new {
            access_token = "invented", base_url = "http://127.0.0.1:1", max_retries = 0,
        }
        assert.equal("connect", failure_of(closed).kind)
    end)

    it("comes when the deadline passes", function()
        local failure = failure_of(client_for("/silent", {
            access_token = "invented", timeout = 120,
        }))
        assert.equal("timeout", failure.kind)
    end)

    it("is of kind image_input for a path that cannot be read, without the path", function()
        local client = client_for("/echo")
        os.execute("cd '" .. folder .. "' && mkfifo fifo && mkdir folder && : > empty")
        for name, reason in pairs {
            missing = "No such file", folder = "folder", fifo = "pipe", empty = "empty",
        } do
            local failure = failure_of(client, { img_file = folder .. "/" .. name })
            assert.equal("image_input", failure.kind)
            assert.truthy(failure.message:find(reason, 1, true), failure.message)
            assert.falsy(failure.message:find(folder, 1, true))
        end
    end)

    it("holds no token, even if the service repeats it", function()
        local client = client_for("/renew", { access_token = "a_canary_token" })
        local failure = failure_of(client)
        assert.equal("token", failure.kind)
        for name, value in pairs(failure) do
            assert.falsy(tostring(value):find("canary", 1, true), name)
        end
    end)
end)

describe("wxidcard.safe", function()
    it("returns what wxidcard raises", function()
        local settings = { access_token = "invented", base_url = url .. "/case/no_card" }
        local card, message, failure = safe.new(settings):recognize { img = support.JPEG }
        assert.is_nil(card)
        assert.same(failure_of(wxidcard.new(settings)), failure)
        assert.equal(failure.message, message)
        assert.equal("no_card", failure.kind)
        assert.truthy(safe.is_error(failure))
    end)

    it("returns the card and nothing else", function()
        local client = safe.new { access_token = "invented", base_url = url .. "/case/back" }
        local outcome = { client:recognize { img = support.JPEG } }
        assert.equal(1, #outcome)
        assert.same({ type = "Back", valid_date = "20070105-20270105" }, outcome[1])
        assert.truthy(tostring(client):find("access_token", 1, true))
        client:close()
    end)
end)

describe("values", function()
    local function card_of(name, settings)
        return client_for("/raw/" .. name, settings):recognize { img = support.JPEG }
    end

    it("keep their types", function()
        local card = card_of "types"
        assert.is_nil(card.name)
        assert.equal("440524188001010014", card.id)
        assert.is_true(card.yes)
        assert.is_false(card.no)
        assert.equal(0.5, card.half)
        assert.equal(1e300, card.huge)
        assert.equal("", card.empty)
        assert.same({}, card.nothing)
        assert.same({ 1, "two", { 3 } }, card.list)
        assert.equal(1, card.holes[1])
        assert.is_nil(card.holes[2])
        assert.equal(3, card.holes[3])
        assert.same({ a = { b = 1 } }, card.inside)
        assert.is_nil(card.errcode)
        assert.is_nil(card.errmsg)
    end)

    it("are integers where Lua has them", function()
        local card = card_of "types"
        for name, value in pairs { small = 4, negative = -7, large = 9007199254740991 } do
            assert.equal(value, card[name])
            if math.type then
                assert.equal("integer", math.type(card[name]))
            end
        end
        assert.equal("4", tostring(card.small))
    end)

    it("may be numbers that no double holds, for what the service means by them", function()
        assert.is_number(card_of("long_number").id)
    end)

    it("nest, within bounds", function()
        local value, depth = card_of "depth_64", 0
        value = value.x
        while value do
            value, depth = value[1], depth + 1
        end
        assert.equal(63, depth)
        assert.equal("protocol", support.raised_by(card_of, "depth_65").kind)
    end)

    it("may be long", function()
        assert.equal(3 * 20480, #card_of("name_of_60_kb").name)
    end)
end)
