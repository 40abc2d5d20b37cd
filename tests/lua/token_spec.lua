local safe = require "wxidcard.safe"
local support = require "support"
local wxidcard = require "wxidcard"

local url, stop_service, folder

setup(function()
    url, stop_service = support.start_service()
    folder = support.new_folder()
end)

teardown(function()
    stop_service()
    support.remove_folder(folder)
end)

local SECRET = "a_canary_secret"

local function client_of(appid, path, settings, module)
    settings = settings or {}
    settings.appid, settings.secret = appid, settings.secret or SECRET
    settings.base_url = url .. (path or "/app/40001")
    return (module or wxidcard).new(settings)
end

local function recognize(client)
    local card = client:recognize { img = support.JPEG }
    return card
end

-- Has the service do something that has nothing to do with tokens, and returns its card.
local function ask_service(path)
    return recognize(wxidcard.new { access_token = "x", base_url = url .. path })
end

local function counts_of(appid)
    local card = ask_service("/counts/" .. appid)
    return { fetches = card.fetches, pictures = card.pictures }
end

local function assert_no_secret(value)
    for _, text in pairs(type(value) == "table" and value or { value }) do
        assert.falsy(tostring(text):find("canary", 1, true), text)
        assert.falsy(tostring(text):find("_token_%d"), text)
        assert.falsy(tostring(text):find("wrong_secret", 1, true), text)
    end
end

describe("appid and secret", function()
    it("have their token fetched once for many calls and clients", function()
        local client = client_of "wx_once"
        for _ = 1, 5 do
            assert.equal("wx_once_token_1", recognize(client).token)
        end
        assert.equal("wx_once_token_1", recognize(client_of("wx_once", nil, nil, safe)).token)
        assert.same({ fetches = 1, pictures = 6 }, counts_of "wx_once")
    end)

    it("have it renewed when the service refuses it", function()
        for _, errcode in ipairs { 40001, 40014, 42001 } do
            local appid = "wx_refused_" .. errcode
            local client = client_of(appid, "/app/" .. errcode)
            assert.equal(appid .. "_token_1", recognize(client).token)
            ask_service("/revoke/" .. appid)
            assert.equal(appid .. "_token_2", recognize(client).token)
            assert.same({ fetches = 2, pictures = 3 }, counts_of(appid))
        end
    end)

    it("fail when the same token comes again, without another picture sent", function()
        local client = client_of("wx_stuck", "/stuck")
        local failure = support.raised_by(recognize, client)
        assert.equal("token", failure.kind)
        assert.equal(40001, failure.errcode)
        assert_no_secret(failure)
        assert.same({ fetches = 2, pictures = 1 }, counts_of "wx_stuck")
        assert.equal("token", support.raised_by(recognize, client).kind)
        assert.equal(2, counts_of("wx_stuck").fetches)
    end)

    it("fail at once when they are wrong, and that is remembered", function()
        local client = client_of("wx_wrong", nil, { secret = "wrong_secret" })
        for _ = 1, 3 do
            local failure = support.raised_by(recognize, client)
            assert.equal("credential", failure.kind)
            assert.equal(40125, failure.errcode)
            assert.is_false(failure.retryable)
            assert_no_secret(failure)
        end
        assert.same({ fetches = 1, pictures = 0 }, counts_of "wx_wrong")
        local card, message, failure = client_of("wx_wrong", nil, {
            secret = "wrong_secret",
        }, safe):recognize { img = support.JPEG }
        assert.is_nil(card)
        assert.equal("credential", failure.kind)
        assert_no_secret(message)
        assert.equal(1, counts_of("wx_wrong").fetches)
    end)

    it("have tokens of the older endpoint, if they say so", function()
        local client = client_of("wx_older", nil, { token_endpoint = "token" })
        assert.equal("wx_older_token_2", recognize(client).token)
        assert.equal("wx_older_token_2", recognize(client).token)
        assert.equal(1, counts_of("wx_older").fetches)
    end)

    it("are shown by the account alone", function()
        local client = client_of("wx0123456789abcdef", "/app/40001")
        recognize(client)
        assert.equal("wxidcard.client (appid wx***cdef, " .. url:match("^http://[^/]+") .. ")",
            tostring(client))
        assert_no_secret(tostring(client))
    end)

    it("do not get into a traceback", function()
        local client = client_of("wx_traceback", "/stuck")
        local _, traceback = xpcall(function()
            recognize(client)
        end, function(problem)
            return tostring(problem) .. debug.traceback()
        end)
        assert_no_secret(traceback)
        _, traceback = xpcall(function()
            client:recognize { wrong = client }
        end, debug.traceback)
        assert_no_secret(traceback)
    end)
end)

describe("refresh_token", function()
    it("fetches the token anew", function()
        local client = client_of "wx_refresh"
        recognize(client)
        assert.is_true(client:refresh_token())
        assert.is_true(client:refresh_token {})
        assert.is_true(client:refresh_token { force = false })
        assert.equal("wx_refresh_token_1", recognize(client).token)
        assert.equal(4, counts_of("wx_refresh").fetches)
    end)

    it("by force has the old one invalidated, once in 30 s", function()
        local client = client_of "wx_force"
        recognize(client)
        assert.is_true(client:refresh_token { force = true })
        assert.same({ fetches = 2, pictures = 1 }, counts_of "wx_force")
        assert.equal("wx_force_token_2", recognize(client).token)
        local failure = support.raised_by(client.refresh_token, client, { force = true })
        assert.equal("rate", failure.kind)
        assert.is_true(wxidcard.is_error(failure))
        local done, message, same = client_of("wx_force", nil, nil, safe)
            :refresh_token { force = true }
        assert.is_nil(done)
        assert.equal(failure.message, message)
        assert.equal("rate", same.kind)
        assert.equal(2, counts_of("wx_force").fetches)
    end)

    it("fails as a fetch does", function()
        local client = client_of("wx_wrong_refresh", nil, { secret = "wrong_secret" })
        local failure = support.raised_by(client.refresh_token, client)
        assert.equal("credential", failure.kind)
        assert_no_secret(failure)
    end)

    it("is refused where it makes no sense, at the line of the caller", function()
        for _, module in ipairs { wxidcard, safe } do
            local function assert_refuses(part, settings, options)
                local client = module.new(settings)
                local ok, message = pcall(function()
                    return (client:refresh_token(options))
                end)
                assert.is_false(ok)
                assert.is_string(message)
                assert.truthy(message:find("token_spec.lua:%d+: "), message)
                assert.truthy(message:find(part, 1, true), message)
            end
            local of_account = { appid = "wx_misuse", secret = SECRET }
            assert_refuses("nothing to refresh", { access_token = "x" })
            assert_refuses("stable_token only", {
                appid = "wx_misuse", secret = SECRET, token_endpoint = "token",
            }, { force = true })
            assert_refuses("'force'", of_account, { forse = true })
            assert_refuses("force = ", of_account, { true })
            assert_refuses("true or false", of_account, { force = 1 })
            assert_refuses("table", of_account, true)
            local client = module.new(of_account)
            assert.truthy(support.raised_by(client.refresh_token, {}):find("colon", 1, true))
            client:close()
            assert.truthy(support.raised_by(client.refresh_token, client):find("closed", 1, true))
        end
    end)
end)

describe("WeChat Cloud Base", function()
    it("has a parameter of its own for its token", function()
        local card = recognize(wxidcard.new {
            cloudbase_access_token = "of_the_cloud", base_url = url .. "/echo",
        })
        assert.equal("of_the_cloud", card.token)
        assert.equal("cloudbase_access_token", card.parameter)
    end)

    it("keeps its token in a file, which is read for each call", function()
        local path = folder .. "/cloudbase_access_token"
        support.write_file(path, " \tfirst\r\n")
        local client = wxidcard.new { cloudbase_token_file = path, base_url = url .. "/echo" }
        local card = recognize(client)
        assert.equal("first", card.token)
        assert.equal("cloudbase_access_token", card.parameter)
        support.write_file(path, "second\n")
        -- Half a token looks like a token: what is new has to be read twice.
        assert.equal("first", recognize(client).token)
        assert.equal("second", recognize(client).token)
        assert.falsy(tostring(client):find(folder, 1, true))
    end)

    it("has another token sought in the file when one is refused", function()
        local path = folder .. "/renewed"
        support.write_file(path, "old_one")
        local client = wxidcard.new { cloudbase_token_file = path, base_url = url .. "/renew" }
        local failure = support.raised_by(recognize, client)
        assert.equal("token", failure.kind)
        support.write_file(path, "fresh_one")
        assert.equal("Front", recognize(client).type)
    end)

    it("may have no such file, and its path is not told", function()
        local client = wxidcard.new {
            cloudbase_token_file = folder .. "/missing", base_url = url .. "/echo",
        }
        local failure = support.raised_by(recognize, client)
        assert.truthy(tostring(failure):find("token file cannot be opened", 1, true))
        assert.falsy(tostring(failure):find(folder, 1, true))
    end)

    it("has a file of its own, which true stands for", function()
        local client = wxidcard.new { cloudbase_token_file = true, base_url = url .. "/echo" }
        assert.truthy(tostring(client):find("(cloudbase_token_file, http", 1, true))
    end)

    it("has an open service, which needs no token", function()
        local client = wxidcard.new { open_service = true, base_url = url .. "/echo" }
        local card = recognize(client)
        assert.equal("", card.token)
        assert.equal("", card.parameter)
        assert.truthy(tostring(client):find("(open_service, http", 1, true))
        assert.equal("wxidcard.client (open_service, http://api.weixin.qq.com)",
            tostring(wxidcard.new { open_service = true }))
    end)
end)

describe("credentials are refused", function()
    local function assert_refuses(settings, ...)
        for _, module in ipairs { wxidcard, safe } do
            local ok, message = pcall(function()
                return (module.new(settings))
            end)
            assert.is_false(ok)
            assert.is_string(message)
            assert.truthy(message:find("token_spec.lua:%d+: "), message)
            assert_no_secret(message)
            for _, part in ipairs { ... } do
                assert.truthy(message:find(part, 1, true), message)
            end
        end
    end

    it("when there are none, or two", function()
        assert_refuses({}, "exactly one", "appid with secret", "open_service")
        assert_refuses({ open_service = false }, "exactly one")
        assert_refuses({ appid = "wx1", secret = SECRET, access_token = "x" }, "more than one")
        assert_refuses({ open_service = true, cloudbase_token_file = true }, "more than one")
        assert_refuses({ cloudbase_access_token = "x", access_token = "x" }, "more than one")
    end)

    it("when half of them is there", function()
        assert_refuses({ appid = "wx1" }, "secret is missing")
        assert_refuses({ secret = SECRET }, "appid is missing")
        assert_refuses({ appid = "wx 1", secret = SECRET }, "letters, digits")
        assert_refuses({ appid = "wx1", secret = SECRET .. " x" }, "white space")
    end)

    it("when something goes with another credential", function()
        local store = require("wxidcard.memory_store").new()
        assert_refuses({ access_token = "x", token_store = store }, "token_store", "leave it out")
        assert_refuses({ access_token = "x", token_endpoint = "token" }, "token_endpoint")
        assert_refuses({ appid = "wx1", secret = SECRET, token_endpoint = "x" }, "stable_token")
    end)

    it("when they are of another type", function()
        assert_refuses({ appid = 1, secret = SECRET }, "appid", "quotes")
        assert_refuses({ open_service = 1 }, "open_service must be true or false, not a number")
        assert_refuses({ open_service = "true" }, "open_service must be true or false")
        for _, wrong in ipairs { 1, {}, print } do
            assert_refuses({ cloudbase_token_file = wrong }, "cloudbase_token_file must be true",
                "write cloudbase_token_file = true")
        end
        assert_refuses({ cloudbase_token_file = false }, "a credential is needed")
        assert_refuses({ cloudbase_token_file = "" }, "cloudbase_token_file is empty")
        assert_refuses({ cloudbase_token_file = "a\0b" }, "zero byte")
    end)

    it("when a store is none", function()
        local function with(store)
            return { appid = "wx1", secret = SECRET, token_store = store }
        end
        for _, wrong in ipairs { "redis://a_canary", 1, true, print } do
            assert_refuses(with(wrong), "token_store must be an object", "get, set, add and delete",
                "not a " .. type(wrong))
        end
        assert_refuses(with(io.stdout), "token_store has no method get")
        assert_refuses(with {}, "token_store has no method get")
        local methods = { get = print, set = print, add = print }
        assert_refuses(with(methods), "token_store has no method delete")
        methods.delete = "delete"
        assert_refuses(with(methods), "token_store has no method delete")
        methods.delete = print
        assert.truthy(wxidcard.new(with(setmetatable({}, { __index = methods }))))
    end)
end)
