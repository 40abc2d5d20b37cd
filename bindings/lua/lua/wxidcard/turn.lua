--- Leaves an nginx worker time for its other requests. To begin a call, and to send a piece of a
-- picture, takes one to two tenths of a millisecond: a hundred calls that come at once would hold
-- all others up for a hundred times as long, again and again.

-- Of these, as many go before nginx looks after its other connections.
local AT_ONCE = 16
-- Seconds: the shortest time that nginx counts.
local A_MOMENT = 0.001

-- nginx's own clock stands still until it has looked at its connections.
local began, taken = nil, 0

local turn = {}

--- Returns when the caller may do a piece of work.
function turn.take()
    while began == ngx.now() and taken == AT_ONCE do
        ngx.sleep(A_MOMENT)
    end
    if began ~= ngx.now() then
        began, taken = ngx.now(), 0
    end
    taken = taken + 1
end

return turn
