--- The driver of plain Lua: takes its tasks off standard input, one after the other.
local core = require "wxidcard.core"
local tasks = require "tasks"

local place = { now_ms = core.now_ms }

function place.log(text)
    io.stderr:write(text, "\n")
end

local function tell(line)
    io.write(line, "\n")
    io.flush()
end

for line in io.lines() do
    if line:find('"quiet"', 1, true) then
        tell(tasks.pause(line))
    else
        tasks.perform(line, place, tell)
    end
end
