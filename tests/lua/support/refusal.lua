--- What a function says that refuses its arguments.
local refusal = {}

--- Calls a function, whose error must be a string that begins with the line of the caller, here.
-- Returns what follows.
function refusal.of(f, ...)
    local arguments, count = { ... }, select("#", ...)
    local here = debug.getinfo(1, "Sl")
    local ok, message = pcall(function()
        local unpack = table.unpack or unpack
        local result = f(unpack(arguments, 1, count)) -- the third line behind `here`
        return result
    end)
    assert(not ok, "nothing was refused")
    assert(type(message) == "string", "what was raised is no string")
    local place = ("%s:%d: "):format(here.short_src, here.currentline + 3)
    assert(message:sub(1, #place) == place, message)
    return message:sub(#place + 1)
end

return refusal
