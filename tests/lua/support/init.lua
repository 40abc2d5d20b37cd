--- What the Lua tests share.
local cjson = require "cjson"

local support = {}

--- How a program in this Lua is started: "lua5.1", "luajit", "lua5.3" or "lua5.4".
support.program = rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match("%d%.%d")

--- The same, or "nginx".
support.interpreter = rawget(_G, "ngx") and "nginx" or support.program

--- The repository, by where this file stands.
support.root = debug.getinfo(1, "S").source:match("^@(.*)tests/lua/support/init%.lua$")
if support.root == "" or support.root == "./" then
    support.root = "./"
end

--- The bytes of pictures: the library looks at the first few only.
support.JPEG = "\255\216\255\224\0\16JFIF\0invented\255\217"

local function read_file(path)
    local file = assert(io.open(path, "rb"))
    local text = file:read("*a")
    file:close()
    return text
end

function support.write_file(path, text)
    local file = assert(io.open(path, "wb"))
    file:write(text)
    file:close()
end

--- The cases of a file of tests/vectors.
function support.vectors(name)
    return cjson.decode(read_file(support.root .. "tests/vectors/" .. name .. ".json")).cases
end

--- A copy without the members that are null.
function support.without_nulls(value)
    if type(value) ~= "table" then
        return value
    end
    local copy = {}
    for key, member in pairs(value) do
        if member ~= cjson.null then
            copy[key] = support.without_nulls(member)
        end
    end
    return copy
end

--- Tells the check that compares the languages how many cases were run.
function support.count(what, number)
    local path = os.getenv("WXIDCARD_VECTOR_COUNTS")
    if path then
        local file = assert(io.open(path, "a"))
        file:write(("%s %s %d\n"):format(support.interpreter, what, number))
        file:close()
    end
    assert(number > 0)
end

--- The 8 bytes of a decimal number up to 2^64, which no double holds.
function support.seed(decimal)
    local bytes = {}
    for position = 8, 1, -1 do
        local quotient, remainder = {}, 0
        for digit in decimal:gmatch("%d") do
            local value = remainder * 10 + tonumber(digit)
            quotient[#quotient + 1] = math.floor(value / 256)
            remainder = value % 256
        end
        decimal = table.concat(quotient)
        bytes[position] = string.char(remainder)
    end
    return table.concat(bytes)
end

function support.from_base64(text)
    local letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    local bits, held, bytes = 0, 0, {}
    for letter in text:gmatch("[%w+/]") do
        bits, held = bits * 64 + letters:find(letter, 1, true) - 1, held + 6
        if held >= 8 then
            held = held - 8
            bytes[#bytes + 1] = string.char(math.floor(bits / 2 ^ held))
            bits = bits % 2 ^ held
        end
    end
    return table.concat(bytes)
end

--- What a case of the vectors gives, as this language takes it: a picture as bytes. Puts it into a
-- table, and returns that.
function support.put_given(into, given)
    for name, value in pairs(given) do
        if name == "image_base64" then
            into.img = support.from_base64(value)
        else
            into[name] = value
        end
    end
    return into
end

--- Calls a function that must raise. Returns what it raised.
function support.raised_by(f, ...)
    local ok, problem = pcall(f, ...)
    assert(not ok, "it should have raised")
    return problem
end

--- What a function returns, once it is what is expected, or after some time. Outside of nginx at
-- once: there nothing goes on beside the caller.
function support.eventually(expected, read)
    local result = read()
    local nginx = rawget(_G, "ngx")
    for _ = 1, nginx and 1000 or 0 do
        if result == expected then
            break
        end
        nginx.sleep(0.002)
        result = read()
    end
    return result
end

--- As coroutine.wrap, for a function that ends without a yield. Inside nginx no pcall catches what
-- the module's coroutine.wrap raises.
function support.in_coroutine(f)
    return function(...)
        local ok, result = coroutine.resume(coroutine.create(f), ...)
        if not ok then
            error(result, 0)
        end
        return result
    end
end

--- What a command prints.
function support.output_of(command)
    local pipe = assert(io.popen(command))
    local text = pipe:read("*a")
    pipe:close()
    return text
end

--- A new temporary folder, without a slash at its end.
function support.new_folder()
    return (support.output_of("mktemp -d"):gsub("%s+$", ""))
end

function support.remove_folder(folder)
    os.execute("rm -rf '" .. folder .. "'")
end

--- Starts the service of service.py. Returns its URL, and a function that ends it.
function support.start_service()
    local folder = support.new_folder()
    local fifo = folder .. "/url"
    os.execute("mkfifo '" .. fifo .. "'")
    -- Should it not start, the pipe is opened and closed, for nobody to wait at it for ever.
    local pipe = assert(io.popen(
        ("python3 '%stests/lua/support/service.py' '%s' || { test -p '%s' && : > '%s'; }")
            :format(support.root, fifo, fifo, fifo), "w"))
    local reader = assert(io.open(fifo, "r"))
    local url = reader:read("*l")
    reader:close()
    support.remove_folder(folder)
    return assert(url, "the service did not start"), function()
        pipe:close()
    end
end

return support
