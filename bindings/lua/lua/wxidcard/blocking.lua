--- The driver outside of nginx: libcurl, in C.
local curl = require "wxidcard.curl"
local store = require "wxidcard.store"

local blocking = {}

function blocking.new(settings, warn)
    return curl.new(settings, function() warn(store.WARNING) end, store.perform)
end

return blocking
