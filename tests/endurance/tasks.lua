--- Carries tasks out in Lua, plain or inside nginx; what came of each call is a line.
local cjson = require "cjson"
local safe = require "wxidcard.safe"

local HEAD = "\255\216\255\224"

local tasks = {}

local entries = {} -- by a client's name: it, and how many of its tasks are still to come

local function client_of(task)
    local entry = entries[task.client]
    if not entry then
        entry = { client = assert(safe.new(task.settings)), left = task.tasks }
        entries[task.client] = entry
    end
    return entry
end

-- All that a program can show of an error.
local function told(call, message, problem)
    local texts = { ("%.0f:"):format(call.number), tostring(message), tostring(problem) }
    for name, value in pairs(type(problem) == "table" and problem or {}) do
        texts[#texts + 1] = name .. "=" .. tostring(value)
    end
    return table.concat(texts, " ")
end

-- place: now_ms() and log(text), as they are where this runs.
local function recognize(client, call, place)
    local picture = HEAD .. call.says
    picture = picture .. ("x"):rep(call.length - #picture)
    local began = place.now_ms()
    local ran, card, message, problem = pcall(client.recognize, client, { img = picture })
    local elapsed_ms = place.now_ms() - began
    local words
    if not ran then
        place.log(told(call, card))
        words = { "raised", "error" }
    elseif card then
        words = { "card", ("%.0f"):format(card.image_crc32), ("%.0f"):format(card.image_length) }
    else
        place.log(told(call, message, problem))
        words = { "error", problem.kind, tostring(problem.http_status) }
    end
    return ("%.0f %.3f %s"):format(call.number, elapsed_ms, table.concat(words, " "))
end

--- Carries a line of the plan out; tell is called with what came of each call.
function tasks.perform(line, place, tell)
    local task = cjson.decode(line)
    local entry = client_of(task)
    for _, call in ipairs(task.calls) do
        tell(recognize(entry.client, call, place))
    end
    entry.left = entry.left - 1
    if entry.left == 0 then
        entry.client:close()
        entries[task.client] = nil
    end
end

-- What C's malloc has given out, where LuaJIT's ffi can ask it; and Lua's own.
local function in_use()
    local found, ffi = pcall(require, "ffi")
    if not found then
        return "-"
    end
    if not tasks.is_declared then
        ffi.cdef [[
            struct wxidcard_mallinfo2 { size_t arena, ordblks, smblks, hblks, hblkhd, usmblks,
                fsmblks, uordblks, fordblks, keepcost; };
            struct wxidcard_mallinfo2 mallinfo2(void);
            int malloc_trim(size_t);
        ]]
        tasks.is_declared = true
    end
    ffi.C.malloc_trim(0)
    local info = ffi.C.mallinfo2()
    local bytes = tonumber(info.uordblks) + tonumber(info.hblkhd) + collectgarbage "count" * 1024
    return ("%.0f"):format(bytes)
end

--- When no task is under way: closes clients, those that last only if that is said, and returns a
-- line that tells the memory in use.
function tasks.pause(line)
    local closes_all = cjson.decode(line).quiet == "closed"
    for name, entry in pairs(entries) do
        if closes_all or entry.left > 0 then
            entry.client:close()
            entries[name] = nil
        end
    end
    collectgarbage()
    collectgarbage()
    return "quiet " .. in_use()
end

return tasks
