--- Error tables: kind, message and retryable; errcode, errmsg, hint, rid and http_status where
-- there is one.
local Failure = { __name = "wxidcard.error" }

function Failure.__tostring(failure)
    return failure.message
end

-- For the habit of writing "recognition failed: " .. err, on either side.
function Failure.__concat(left, right)
    return tostring(left) .. tostring(right)
end

local failure = {}

--- Makes an error table of what wxidcard.core or wxidcard.curl returned after nil.
function failure.new(fields)
    return setmetatable(fields, Failure)
end

function failure.is(value)
    return getmetatable(value) == Failure
end

return failure
