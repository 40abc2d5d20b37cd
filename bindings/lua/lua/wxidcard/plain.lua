--- The driver outside of nginx for who has a transport of his own: it waits as the transport does,
-- by blocking.
local core = require "wxidcard.core"
local driver = require "wxidcard.driver"
local transport = require "wxidcard.transport"

local plain = {}

function plain.new(settings, warn, own)
    return driver.new(settings, function(complete)
        return { send = transport.sender(own, complete), sleep = core.sleep_ms, warn = warn }
    end)
end

return plain
