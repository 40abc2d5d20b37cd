--- The client, written once for wxidcard and wxidcard.safe, which differ in what they do with a
-- failure.
local core = require "wxidcard.core"
local failure = require "wxidcard.failure"
local place = require "wxidcard.place"
local warning = require "wxidcard.warning"

-- A driver's functions return nil and a string for the caller's mistake, nil and a table for a
-- failure. A mistake is raised at the caller's line in both modules: it is corrected, not handled.
local function raise_mistake(problem)
    if type(problem) == "string" then
        error(problem, 3)
    end
end

local function methods_of(Client, fail)
    local methods = {}

    local function check(self)
        if getmetatable(self) ~= Client then
            error("call a client's methods with a colon: client:recognize{ ... }", 3)
        end
    end

    --- Recognises one picture: img = bytes, img_file = path or img_url = URL; type = "photo" or
    -- "scan". Returns the card: a table of the service's own field names.
    function methods.recognize(self, picture)
        check(self)
        local card, problem = self.driver:recognize(picture)
        if card then
            return card
        end
        raise_mistake(problem)
        return fail(failure.new(problem))
    end

    --- Fetches the token of appid and secret anew, which is never needed, but for force = true:
    -- then the service invalidates the old one at once, for all processes and hosts. It does that
    -- 20 times a day, 30 s apart. Returns true.
    function methods.refresh_token(self, options)
        check(self)
        local done, problem = self.driver:refresh_token(options)
        if done then
            return true
        end
        raise_mistake(problem)
        return fail(failure.new(problem))
    end

    --- Closes its connections. A closed client refuses to recognise.
    function methods.close(self)
        check(self)
        self.driver:close()
    end

    return methods
end

local function class_of_clients(fail)
    local Client = { __name = "wxidcard.client" }
    Client.__index = methods_of(Client, fail)
    Client.__close = Client.__index.close -- of a <close> variable, Lua 5.4

    -- What is in a client must not get into a log with it.
    function Client.__tostring(self)
        return Client.__name .. " (" .. self.driver:description() .. ")"
    end

    return Client
end

-- A function of the core's that has no client.
local function exposed(work, fail)
    return function(...)
        local result, problem = work(...)
        if result ~= nil then
            return result
        end
        raise_mistake(problem)
        return fail(failure.new(problem))
    end
end

-- The settings that the core knows, and the transport, which is none of them.
local function take_transport(settings)
    if type(settings) ~= "table" or rawget(settings, "transport") == nil then
        return settings
    end
    local own = settings.transport
    if type(own) ~= "function" then
        error("transport must be a function, not a " .. type(own), 3)
    end
    local rest = {}
    for name, value in next, settings do
        rest[name] = value
    end
    rest.transport = nil
    return rest, own
end

local client = {}

--- Makes a module: its functions, with `fail` deciding how a failure is handed out.
function client.module(fail)
    local Client = class_of_clients(fail)
    local module = { _VERSION = core.version, version = core.version, is_error = failure.is }
    setmetatable(module, warning.of_module)

    --- A client. The settings are those of wxidcard.core's settings(); times are milliseconds. And
    -- transport: a function that sends requests, see wxidcard.transport.
    -- Clients of one process that have the same account share its token.
    function module.new(settings)
        local known, transport = take_transport(settings)
        local driver, problem = place.driver(transport).new(known, warning.give, transport)
        if driver then
            return setmetatable({ driver = driver }, Client)
        end
        raise_mistake(problem)
        return fail(failure.new(problem))
    end

    --- check_id(number, today): the report on a citizen identity number (GB 11643-1999): valid,
    -- birth, sex, province, permit, candidates, findings. today is "YYYY-MM-DD", by default the day
    -- that it is in China.
    module.check_id = exposed(core.check_id, fail)

    --- convert_id(number): the 18 characters that a number of 15 digits became.
    module.convert_id = exposed(core.convert_id, fail)

    --- check(front, back, today): the report on a card, one side or both, in either order: ok,
    -- findings, id, age, valid_from, valid_until, days_left. A finding has field, code, level,
    -- message and message_zh.
    module.check = exposed(core.check, fail)

    --- mask(card): a copy for a log.
    module.mask = exposed(core.mask, fail)

    --- fit_image(bytes, options): the bytes of a JPEG or PNG, made smaller than max_image_bytes if
    -- they are not (an upright JPEG without metadata then); with strip_metadata = true without
    -- metadata anyhow. It works for some tenths of a second: in nginx call it in a thread, by
    -- ngx.run_worker_thread.
    module.fit_image = exposed(core.fit_image, fail)

    return module
end

return client
