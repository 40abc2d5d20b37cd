--- The driver inside nginx's event loop: cosockets, ngx.sleep and timers, none of which blocks.
local cosocket = require "wxidcard.cosocket"
local driver = require "wxidcard.driver"
local transport = require "wxidcard.transport"
local turn = require "wxidcard.turn"

local MILLISECONDS = 1000

local REFUSAL = "wxidcard cannot send from %s: nginx gives no sockets there. Call it in "
    .. "rewrite_by_lua, access_by_lua or content_by_lua, or in a timer, by ngx.timer.at"

local CA_FILE = "ca_file is not for nginx, whose sockets have their authorities from the directive "
    .. "lua_ssl_trusted_certificate: leave it out"
local PROXY = "proxy is not for nginx, whose sockets know none: leave it out, or give a transport "
    .. "that goes by one"

local function refusal()
    if not pcall(ngx.socket.tcp) then
        return REFUSAL:format(ngx.get_phase())
    end
end

local function sleep(milliseconds)
    ngx.sleep(milliseconds / MILLISECONDS)
end

local function run(_, work, ...)
    work(...)
end

-- Also in a worker that is about to end, where somebody may be waiting for it.
local function background(work, ...)
    return ngx.timer.at(0, run, work, ...)
end

local nginx = {}

--- own: the caller's transport, or nil for cosockets.
function nginx.new(settings, warn, own)
    return driver.new(settings, function(complete)
        if not own and complete.ca_file then
            return nil, CA_FILE
        elseif not own and complete.proxy then
            return nil, PROXY
        end
        return {
            send = own and transport.sender(own, complete) or cosocket.sender(complete),
            sleep = sleep, take_turn = turn.take, background = background, refusal = refusal,
            warn = warn,
        }
    end)
end

return nginx
