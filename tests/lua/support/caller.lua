--- Makes the calls that a test in Python asks for: a line of JSON on standard input for each, and
-- one on standard output for what came of it. `settings` make a client, which `closes` closes;
-- `picture` is a file.
local cjson = require "cjson"
local safe = require "wxidcard.safe"

local client

-- All that a program can show of an error.
local function told(message, problem)
    local texts = { message, tostring(problem) }
    for name, value in pairs(problem) do
        texts[#texts + 1] = name .. "=" .. tostring(value)
    end
    return table.concat(texts, "\n")
end

local function recognize(path)
    local file = assert(io.open(path, "rb"))
    local picture = file:read("*a")
    file:close()
    local card, message, problem = client:recognize { img = picture }
    if card then
        return { crc32 = card.image_crc32 }
    end
    return { kind = problem.kind, http_status = problem.http_status, told = told(message, problem) }
end

for line in io.lines() do
    local asked = cjson.decode(line)
    if asked.closes then
        client:close()
    elseif asked.settings then
        client = assert(safe.new(asked.settings))
    end
    io.write(cjson.encode(asked.picture and recognize(asked.picture) or {}), "\n")
    io.flush()
end
