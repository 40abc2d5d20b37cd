--- Leaves an nginx worker time for its other requests. To begin a call, and to send a piece of a
-- picture, takes one to two tenths of a millisecond: a hundred calls that come at once would hold
-- all others up for a hundred times as long, again and again.

-- Of these, as many go before nginx looks after its other connections.
local AT_ONCE = 16
-- Seconds: the shortest time that nginx counts; and after which one who waits, and should have
-- woken, is taken to have been killed.
local A_MOMENT, DEAD = 0.001, 0.05

-- nginx's own clock stands still until it has looked at its connections.
local began, taken = nil, 0
-- Who waits, in order. nginx sees to those who have just come before those who sleep: newcomers go
-- behind these, who would otherwise wait for as long as there are any.
local waiting, first, last = {}, 1, 0

local function pass_over_gone()
    local oldest = ngx.now() - DEAD
    while first <= last and (waiting[first].is_gone or waiting[first].seen < oldest) do
        waiting[first] = nil
        first = first + 1
    end
end

local function has_room()
    if began ~= ngx.now() then
        began, taken = ngx.now(), 0
    end
    return taken < AT_ONCE
end

local function wait()
    local mine = { seen = ngx.now(), is_gone = false }
    last = last + 1
    waiting[last] = mine
    local place = last
    repeat
        ngx.sleep(A_MOMENT)
        mine.seen = ngx.now()
        pass_over_gone()
    until place - first < AT_ONCE and has_room()
    mine.is_gone = true
    pass_over_gone()
end

local turn = {}

--- Returns when the caller may do a piece of work.
function turn.take()
    pass_over_gone()
    if first <= last or not has_room() then
        wait()
    end
    taken = taken + 1
end

return turn
