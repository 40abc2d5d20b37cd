--- Reads multipart/form-data (RFC 7578). It is strict: what two readers could take for two
-- different things is refused. It passes over the body once, and copies nothing of it.
local multipart = {}

local MOST_PARTS = 16
local LONGEST_HEAD = 4096
local LONGEST_BOUNDARY = 70

-- What Content-Transfer-Encoding may say: forms do without base64 and its like.
local AS_IT_IS = { ["7bit"] = true, ["8bit"] = true, binary = true }

local TOKEN = "[%w!#$%%&'*+%-.^_`|~]+"
local BOUNDARY = "^[%w'()+_,%-./:=? ]*[%w'()+_,%-./:=?]$"

-- A string in quotes, from the quote on: its text, and the position behind it.
local function read_quoted(text, position)
    local pieces, from = {}, position + 1
    while true do
        local stop = text:find('["\\]', from)
        if not stop then
            return nil
        end
        pieces[#pieces + 1] = text:sub(from, stop - 1)
        if text:sub(stop, stop) == '"' then
            return table.concat(pieces), stop + 1
        end
        pieces[#pieces + 1] = text:sub(stop + 1, stop + 1)
        from = stop + 2
    end
end

local function read_value(text, position)
    if text:sub(position, position) == '"' then
        return read_quoted(text, position)
    end
    return text:match("^(" .. TOKEN .. ")()", position)
end

-- The parameters of a header, from behind its first word: nil if they are not well formed, or one
-- is given twice.
local function read_parameters(text, position)
    local parameters = {}
    while true do
        position = text:find("[^ \t]", position)
        if not position then
            return parameters
        end
        if text:sub(position, position) ~= ";" then
            return nil
        end
        local name, start = text:match("^[ \t]*(" .. TOKEN .. ")=()", position + 1)
        if name then
            local value, stop = read_value(text, start)
            name = name:lower()
            if not value or parameters[name] then
                return nil
            end
            parameters[name], position = value, stop
        else
            position = position + 1
        end
    end
end

-- A header's first word in small letters, and its parameters: nil if they are not well formed.
local function read_header(text)
    local word, stop = text:match("^[ \t]*([%w!#$&^_.+/%-]+)()")
    if word then
        return word:lower(), read_parameters(text, stop)
    end
end

--- The boundary that a Content-Type gives. Without one: nil, and whether it is multipart/form-data
-- at all.
function multipart.boundary(content_type)
    local word, parameters = read_header(content_type)
    local is_form = word == "multipart/form-data"
    local boundary = is_form and parameters and parameters.boundary
    if boundary and #boundary <= LONGEST_BOUNDARY and boundary:find(BOUNDARY) then
        return boundary
    end
    return nil, is_form
end

-- Where the line ends of which a delimiter's text ends at `last`, and whether that is the last of
-- all. nil if the line goes on with something else: then it is data.
local function read_line_end(body, last)
    local is_last = body:sub(last + 1, last + 2) == "--"
    local stop = body:find("[^ \t]", is_last and last + 3 or last + 1)
    if stop and body:sub(stop, stop + 1) == "\r\n" then
        return stop, is_last
    end
    if is_last and not stop then
        return #body + 1, is_last
    end
end

-- The next delimiter: where it begins, where its line ends, and whether it is the last.
local function find_delimiter(body, delimiter, from)
    local first, last = body:find(delimiter, from, true)
    while first do
        local line_end, is_last = read_line_end(body, last)
        if line_end then
            return first, line_end, is_last
        end
        first, last = body:find(delimiter, last + 1, true)
    end
end

-- Before the first one there may be anything, or nothing, not even the end of a line.
local function find_first_delimiter(body, delimiter)
    local opening = delimiter:sub(3)
    if body:sub(1, #opening) == opening then
        local line_end, is_last = read_line_end(body, #opening)
        if line_end then
            return line_end, is_last
        end
    end
    local _, line_end, is_last = find_delimiter(body, delimiter, 1)
    return line_end, is_last
end

-- The name that the lines of a part's head give it.
local function read_name(head)
    local name
    for line in head:gmatch("(.-)\r\n") do
        local field, value = line:match("^(" .. TOKEN .. "):(.*)$")
        if not field or value:gsub("\t", " "):find("%c") then
            return nil
        end
        field = field:lower()
        if field == "content-disposition" then
            local word, parameters = read_header(value)
            if name or word ~= "form-data" or not parameters then
                return nil
            end
            name = parameters.name
        elseif field == "content-transfer-encoding" and not AS_IT_IS[read_header(value)] then
            return nil
        end
    end
    return name
end

-- The part between the end of one delimiter's line and the next delimiter.
local function read_part(body, line_end, next_delimiter)
    -- The end of that line belongs to the search, for a part may have no head.
    local head = body:sub(line_end, math.min(line_end + LONGEST_HEAD, next_delimiter - 1))
    local _, head_end = head:find("\r\n\r\n", 1, true)
    local name = head_end and read_name(head:sub(3, head_end - 2))
    if not name then
        return nil
    end
    return { name = name, first = line_end + head_end, last = next_delimiter - 1 }
end

--- The parts of a body, in their order: each with its name, and the positions of the first and the
-- last byte of its data. nil if the body is not well formed.
function multipart.parts(body, boundary)
    local delimiter = "\r\n--" .. boundary
    local parts = {}
    local line_end, is_last = find_first_delimiter(body, delimiter)
    while line_end and not is_last do
        local next_delimiter, next_line_end, next_is_last
            = find_delimiter(body, delimiter, line_end)
        local part = next_delimiter and read_part(body, line_end, next_delimiter)
        if not part or #parts == MOST_PARTS then
            return nil
        end
        parts[#parts + 1] = part
        line_end, is_last = next_line_end, next_is_last
    end
    return is_last and parts or nil
end

return multipart
