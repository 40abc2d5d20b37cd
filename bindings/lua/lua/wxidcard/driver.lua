--- A client over the call machine: asks a call for its next step and carries it out by means of the
-- place where it runs. What the client does is decided in the core; see docs/architecture.md.
--
-- The means are functions:
--
--     send(call)          carries out the SEND step and answers it; or returns the sentence of a
--                         mistake
--     sleep(milliseconds) lets time pass
--     background(work, …) has a function run beside the caller, with these arguments and no local
--                         of the caller's, who may vanish; false if that cannot be, and even so
--                         it may never begin. Without it, what is to be done beside a call is done
--                         after it
--     refusal()           a sentence if nothing can be sent from here, else nil. May be absent
--     take_turn()         returns when a call may begin. May be absent
--     warn(message)
local core = require "wxidcard.core"
local store = require "wxidcard.store"

local CLOSED = "the client is closed: make a new one"
local A_MOMENT_MS = 2

local answers = {}

function answers.token(call, own)
    local _, mistake = call:answer_provided(own.provider(call:failed_token()))
    return mistake
end

function answers.send(call, own)
    return own.means.send(call)
end

-- The deadline may pass meanwhile.
function answers.wait(call, own)
    own.means.sleep(call:wait_ms())
    local now_ms = core.now_ms()
    if call:step(now_ms) == "wait" then
        call:answer_waited(now_ms)
    end
end

function answers.store(call, own)
    local asked = call:store_request(core.unix_ms())
    local answer = {}
    local worked, value, stored = pcall(store.perform, own.store, asked.action, asked.key,
        asked.value, asked.ttl and asked.ttl / 1000)
    if worked then
        answer.value, answer.stored = value, stored
    else
        answer.failed = true
        pcall(own.means.warn, store.WARNING) -- what cannot be said must not fail the call either
    end
    call:answer_store(core.now_ms(), core.unix_ms(), answer)
end

local function carry_out_fetch(call, own)
    local step = call:step(core.now_ms())
    while step ~= "done" and call:is_fetching() do
        if answers[step](call, own) then
            return -- a mistake, which the caller will be told when he does it himself
        end
        step = call:step(core.now_ms())
    end
end

local function fetch(call, own, progress)
    if not progress.is_given_up then
        progress.has_begun = true
        pcall(carry_out_fetch, call, own)
        progress.is_over = true
    end
end

-- Whether what has been put into the background has begun. It begins before the second of two
-- sleeps is over, or never: nginx drops a timer for which it has no connection, or when as many are
-- running as may (lua_max_running_timers).
local function has_begun(own, progress)
    for _ = 1, 2 do
        if not progress.has_begun then
            own.means.sleep(A_MOMENT_MS)
        end
    end
    progress.is_given_up = not progress.has_begun
    return progress.has_begun
end

-- Carries out the steps of a fetch beside the caller, and waits for its end: others may be waiting
-- for the token, and the caller may vanish. False if nothing came of it.
local function fetch_apart(call, own)
    local progress = { has_begun = false, is_given_up = false, is_over = false }
    if not own.means.background(fetch, call, own, progress) or not has_begun(own, progress) then
        return false
    end
    while not progress.is_over do
        own.means.sleep(A_MOMENT_MS)
    end
    return not call:is_fetching()
end

-- Returns the sentence of a mistake, if the caller's own function made one. is_apart: nobody waits
-- for this call who may vanish.
local function drive(call, own, is_apart)
    local goes_apart = not is_apart and own.means.background ~= nil
    while true do
        local step = call:step(core.now_ms())
        if step == "done" then
            return nil
        end
        local is_fetch = goes_apart and call:is_fetching()
        goes_apart = goes_apart and (not is_fetch or fetch_apart(call, own))
        local mistake = not (is_fetch and goes_apart) and answers[step](call, own)
        if mistake then
            return mistake
        end
    end
end

-- What the caller's functions raise goes on to the caller, but the call ends here: others may be
-- waiting for the token that it was to fetch.
local function drive_to_end(call, own, is_apart)
    local ran, mistake = pcall(drive, call, own, is_apart)
    if ran and not mistake then
        return nil
    end
    call:abandon()
    call:take_card()
    if not ran then
        error(mistake, 0)
    end
    return mistake
end

local function occasion()
    return { now_ms = core.now_ms(), seed = core.random_seed() }
end

-- A renewal's errors are remembered in the core, where the next call meets them.
local function renew(self)
    local call = self.session:renewal(occasion())
    if call then
        pcall(drive_to_end, call, self, true)
    end
end

local function renew_beside(self, is_over)
    local background = self.means.background
    if background and not is_over then
        local call = self.session:renewal(occasion())
        if call and not background(pcall, drive_to_end, call, self, true) then
            call:abandon()
            call:take_card()
        end
    elseif not background and is_over then
        renew(self)
    end
end

local Driver = {}
Driver.__index = Driver

local function refusal_of(self)
    if self.closed then
        return CLOSED
    end
    return self.means.refusal and self.means.refusal()
end

function Driver:recognize(picture)
    local refusal = refusal_of(self)
    if refusal then
        return nil, refusal
    end
    if self.means.take_turn then
        self.means.take_turn()
    end
    local call, problem = self.session:recognition(picture, occasion())
    if not call then
        return nil, problem
    end
    renew_beside(self, false)
    local mistake = drive_to_end(call, self)
    if mistake then
        return nil, mistake
    end
    local card, failure = call:take_card()
    renew_beside(self, true)
    return card, failure
end

function Driver:refresh_token(options)
    local refusal = refusal_of(self)
    if refusal then
        return nil, refusal
    end
    local call, problem = self.session:refresh(options == nil and {} or options, occasion())
    if not call then
        return nil, problem
    end
    local mistake = drive_to_end(call, self)
    if mistake then
        return nil, mistake
    end
    local token, failure = call:take_token()
    return token ~= nil or nil, failure
end

function Driver:close()
    self.closed = true
end

function Driver:description()
    return self.session:description()
end

local driver = {}

--- A client of a session, or nil and what is wrong with the settings. make_means(settings) returns
-- the means, or nil and a sentence; it is given the settings with the defaults filled in.
function driver.new(settings, make_means)
    local session, problem = core.session(settings)
    if not session then
        return nil, problem
    end
    local means, mistake = make_means(session:settings())
    if not means then
        return nil, mistake
    end
    session:share()
    return setmetatable({
        session = session, means = means, provider = session:token_provider(),
        store = session:token_store(),
    }, Driver)
end

return driver
