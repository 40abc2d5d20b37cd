--- A driver for the call machine that plays a script: what the author of a driver has to write,
-- without IO.
local driver = {}

--- The time by the wall clock, unless an entry says another.
driver.UNIX_MS = 1760000000000

-- One entry of a script answers one step. Time passes only where the script says so.
local answers = {}

function answers.token(call, entry)
    call:answer_token(entry.token)
end

function answers.send(call, entry, now_ms)
    if entry.failure then
        call:answer_failure(now_ms, entry.failure, entry.sent or false, entry.detail)
    else
        call:answer_reply(now_ms, entry)
    end
end

function answers.wait(call, entry, now_ms)
    call:answer_waited(now_ms + (entry.passes or call:wait_ms()))
end

-- What was asked of the store is put into the entry, for the test to look at.
function answers.store(call, entry, now_ms)
    local unix_ms = entry.unix_ms or driver.UNIX_MS
    entry.asked = call:store_request(unix_ms)
    call:answer_store(now_ms, unix_ms, entry)
end

--- Drives a call to its end. Returns the steps it took, joined by spaces, and the time at the end.
function driver.play(call, script)
    local now_ms, taken = 0, {}
    for _, entry in ipairs(script) do
        local step = call:step(now_ms)
        taken[#taken + 1] = step
        assert(answers[step], "the call has ended before its script")(call, entry, now_ms)
        now_ms = now_ms + (entry.takes or 0)
    end
    taken[#taken + 1] = call:step(now_ms)
    return table.concat(taken, " "), now_ms
end

return driver
