--- Where warnings go. There is one place for wxidcard and wxidcard.safe, which have it as their
-- field `warn`:
--
--     wxidcard.warn = function(message) ngx.log(ngx.WARN, message) end
--     wxidcard.warn = nil -- no warnings
--
-- A warning is a line of text, without a secret in it. What the function raises is not seen.
local warning = {}

function warning.warn(message)
    io.stderr:write("wxidcard: warning: ", message, "\n")
end

--- Gives a warning, by the function that is set just now.
function warning.give(message)
    if warning.warn then
        warning.warn(message)
    end
end

--- What makes `warn` a field of a module.
warning.of_module = {}

function warning.of_module.__index(_, name)
    return name == "warn" and warning.warn or nil
end

function warning.of_module.__newindex(module, name, value)
    if name ~= "warn" then
        rawset(module, name, value)
    elseif value and type(value) ~= "function" then
        error("warn must be a function, or nil for no warnings, not a " .. type(value), 2)
    else
        warning.warn = value
    end
end

return warning
