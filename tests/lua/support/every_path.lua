--- For failing_allocator.c: returns a function that goes through every part of the C modules.
local core = require "wxidcard.core"
local curl = require "wxidcard.curl"
local perform = require("wxidcard.store").perform

local JPEG = "\255\216\255\224invented"
local CARD = '{"errcode":0,"type":"Back","list":[1,[2.5,{"a":true}]],"id":"440524188001010014"}'
local REFUSED = '{"errcode":40001,"errmsg":"invalid credential hint: [a] rid: 1-2-3"}'

local function recognise(picture, ...)
    local session = core.session { token_provider = print, max_retries = 1 }
    picture.now_ms, picture.seed = 0, 1
    local call = session:recognition(picture)
    for _, reply in ipairs { ... } do
        if call:step(0) == "token" then
            call:answer_token("token" .. tostring(call:failed_token()))
        end
        call:request()
        call:answer_reply(0, { status = 200, body = reply })
    end
    return call:take_card()
end

local function fetch_token()
    local session = core.session { access_token = "x" }
    local call = session:token_fetch { appid = "a", secret = "b", now_ms = 0, seed = "12345678" }
    call:answer_failure(0, "connect", false, "a detail")
    call:answer_waited(call:wait_ms())
    call:answer_reply(0, { status = 200, body = '{"access_token":"T","expires_in":7200}' })
    return call:take_token()
end

-- An account that nobody has had: what became of the others' tokens is remembered.
local function account(settings)
    settings.appid = ("wx%.0f"):format(os.clock() * 1e6)
    settings.secret = "s"
    return settings
end

-- A store whose locks can be had, with a token in it if there is one.
local function store_of(token)
    local methods = {}
    function methods.get(_, key)
        return key:find(":token:", 1, true) and token
            and ('{"access_token":"%s","expires_at":%d}'):format(token, os.time() + 200) or nil
    end
    function methods.add() return true end
    function methods.set() return true end
    function methods.delete() return true end
    return setmetatable({}, { __index = methods })
end

local function play_store()
    local session = core.session(account { token_store = store_of() })
    session:share()
    assert(session:token_store())
    assert(not session:renewal { now_ms = 0, seed = 1 })
    local call = session:refresh { now_ms = 0, seed = 1, force = false }
    while call:step(0) == "store" do
        local asked = call:store_request(0)
        call:answer_store(0, 0, { stored = asked.action == "add", value = asked.value })
    end
    call:answer_reply(0, { status = 200, body = '{"access_token":"T","expires_in":7200}' })
    call:answer_store(0, 0, { failed = true })
    return call:take_token()
end

-- Nobody listens at port 1: a call ends there at once.
local function call_nobody(settings, picture)
    settings.base_url, settings.max_retries = "http://127.0.0.1:1", 0
    local client = curl.new(settings, nil, perform)
    local _, problem = client:recognize(picture)
    client:close()
    return tostring(client), problem
end

local FRONT = {
    type = "Front", name = "张三", id = "110105194912310028", other = {}, more = 1, nothing = false,
}

local function check_cards()
    assert(core.check(FRONT, { type = "Back" }, "2026-11-24").id.candidates[1])
    assert(core.check_id("110105194912310028").candidates[1])
    assert(core.convert_id("110105491231002"))
    assert(core.mask(FRONT).name == "张*")
    assert(core.fit_image(JPEG) == JPEG)
    for _, refused in ipairs {
        { core.check(FRONT, { type = 7 }) }, { core.check(FRONT, { "x" }) },
        { core.check(FRONT, FRONT) }, { core.mask { ["\255"] = 1 } }, { core.convert_id("7") },
        { core.check_id("7", "x") }, { core.fit_image("x") }, { core.fit_image(JPEG, { x = 1 }) },
    } do
        assert(refused[2])
    end
end

return function()
    core.kinds()
    core.findings()
    check_cards()
    core.errcodes()
    core.settings()
    tostring(core.session { access_token = "x" })
    core.session({ access_token = "x" }):settings()
    core.session { acces_token = "x" }
    core.session {}
    assert(recognise({ img = JPEG }, REFUSED, CARD).list[2][2].a)
    assert(select(2, recognise({ img_url = "https://example.com/a" }, REFUSED, REFUSED)).errcode)
    assert(fetch_token() == "T")
    local session = core.session { access_token = "x" }
    session:recognition { img_file = "/nonexistent", now_ms = 0, seed = 1 }
    session:recognition({ img = JPEG, now_ms = 0, seed = 1 }):abandon()
    local _, problem = call_nobody({ access_token = "x" }, { img = JPEG })
    assert(problem.kind == "connect")
    _, problem = call_nobody({ token_provider = function() return "token" end }, { img = JPEG })
    assert(problem.kind == "connect")
    _, problem = call_nobody({ token_provider = function() return 1 end }, { img = JPEG })
    assert(problem:find("token_provider", 1, true))
    assert(play_store() == "T")
    _, problem = call_nobody(account { token_store = store_of() }, { img = JPEG })
    assert(problem.kind == "connect")
    _, problem = call_nobody(account { token_store = store_of "T" }, { img = JPEG })
    assert(problem.kind == "connect")
    local failing = store_of()
    failing.get = error
    local warned
    local client = curl.new(account {
        token_store = failing, base_url = "http://127.0.0.1:1", max_retries = 0,
    }, function() warned = true end, perform)
    _, problem = client:refresh_token { force = false }
    assert(problem.kind == "connect" and warned)
    failing.get = coroutine.yield
    pcall(client.recognize, client, { img = JPEG })
    core.session { open_service = 1 }
    core.session { cloudbase_token_file = false }
    core.session { appid = "a", secret = "b", token_store = {} }
    pcall(call_nobody, { token_provider = error }, { img = JPEG })
    pcall(call_nobody, { token_provider = coroutine.yield }, { img = JPEG })
end
