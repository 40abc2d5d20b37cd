--- What every vector gives, as text that can be compared byte by byte between plain Lua and nginx:
-- a line of JSON for each case, [file, name of the case, what came of it…], with names in order.
local cjson = require "cjson"
local play = require "support.play"
local support = require "support"
local wxidcard = require "wxidcard"

local encode

local function encode_list(list)
    local parts = {}
    for i = 1, #list do
        parts[i] = encode(list[i])
    end
    return "[" .. table.concat(parts, ",") .. "]"
end

local function encode_object(object)
    local names, parts = {}, {}
    for name in pairs(object) do
        assert(type(name) == "string", "a list with holes")
        names[#names + 1] = name
    end
    table.sort(names)
    for i, name in ipairs(names) do
        parts[i] = cjson.encode(name) .. ":" .. encode(object[name])
    end
    return "{" .. table.concat(parts, ",") .. "}"
end

function encode(value)
    if type(value) == "table" then
        return (#value > 0 and encode_list or encode_object)(value)
    elseif type(value) == "number" then
        return ("%.17g"):format(value)
    end
    return cjson.encode(value) -- refuses what no result may be: a function, say
end

-- Nothing is null. The place in front of a message of misuse is left out: it is that of the caller.
local function comparable(value)
    if type(value) == "string" then
        return (value:gsub("^[^\n]-:%d+: ", ""))
    end
    return value == nil and cjson.null or value
end

-- Whether a function returned, and what it returned or raised.
local function outcome_of(f, ...)
    local ok, first, second = pcall(f, ...)
    return { ok, comparable(first), comparable(second) }
end

local function request_of(case)
    local call, problem = play.request(case)
    if not call then
        return nil, problem
    end
    local step, request = call:step(0), call:request()
    -- A picture is bytes, not text.
    request.body = table.concat(request.body):gsub(".", function(byte)
        return ("%02x"):format(byte:byte())
    end)
    return { step = step, request = request }
end

local outcomes = {
    replies = function(case, number, url)
        return outcome_of(play.reply, case, number), outcome_of(play.reply_over_http, case, url)
    end,
    tokens = function(case, number)
        return outcome_of(play.token, case, number)
    end,
    requests = function(case)
        return outcome_of(request_of, case)
    end,
    numbers = function(case)
        local number = play.number_of(case)
        return outcome_of(wxidcard.check_id, number, case.today),
            outcome_of(wxidcard.convert_id, number)
    end,
    cards = function(case)
        local front, back = play.sides_of(case)
        return outcome_of(wxidcard.check, front, back, case.today),
            outcome_of(wxidcard.check, back, front, case.today)
    end,
    masks = function(case)
        return outcome_of(wxidcard.mask, case.card)
    end,
}

--- All of it; url is that of service.py.
return function(url)
    local lines = {}
    for _, file in ipairs { "replies", "tokens", "requests", "numbers", "cards", "masks" } do
        for number, case in ipairs(support.vectors(file)) do
            lines[#lines + 1] = encode { file, case.name, outcomes[file](case, number, url) }
        end
    end
    return table.concat(lines, "\n") .. "\n"
end
