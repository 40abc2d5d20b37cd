--- The SEND step by nginx's cosockets. What HTTP is, and which connection may be used again, the
-- core knows (wxidcard_connection.h); here are the sockets.
local core = require "wxidcard.core"
local poll = require "wxidcard.poll"
local turn = require "wxidcard.turn"

-- Bytes that are read at once, which is more than most replies have; and that are sent at once.
local PIECE, PIECE_OUT = 4096, 131072
-- Bytes that the system is to keep of what the other end has not acknowledged. It would take the
-- whole of a picture at once, and an answer to something else that comes meanwhile would seem to be
-- the answer to it. Less would slow uploads down; in fact it keeps about twice as many.
local QUEUE = 65536
-- Seconds: the shortest time that nginx counts.
local A_MOMENT = 0.001
local MILLISECONDS = 1000
-- No number of OpenSSL's.
local UNKNOWN = -1

-- Of this worker, by where they lead: how far kept connections may be relied upon, and when the
-- last was put aside. nginx takes the one that was used last.
local addresses = {}

local function address_of(request)
    local name = ("wxidcard:%s:%s:%d"):format(request.scheme, request.host, request.port)
    local address = addresses[name]
    if not address then
        address = { name = name, trust = core.trust(), idle_since_ms = core.now_ms() }
        addresses[name] = address
    end
    return address
end

-- nginx asks its resolver for every name, which knows nothing of this one as a rule.
local function hosts_of(host)
    if host == "localhost" then
        return { "127.0.0.1", "[::1]" }
    end
    return { host:find(":", 1, true) and "[" .. host .. "]" or host }
end

-- ---- Failures before a request is sent

-- Of a connection that nginx itself has none left for (worker_connections) it says no more than
-- "error", or what the system said last: that a connection is "in progress".
local function is_shortage(problem)
    return problem == "error" or problem:find("in progress", 1, true)
        or problem:find("open files", 1, true)
end

local function failure_to_connect(problem)
    if problem:find("timeout", 1, true) then
        return "timeout", "no connection came about in time"
    elseif problem:find("no resolver defined", 1, true) then
        return "connect", "nginx has no resolver for the host's name: give it one, by the "
            .. "directive resolver"
    elseif problem:find("resolve", 1, true) then
        return "connect", "the host's name was not resolved"
    elseif is_shortage(problem) then
        return "system", "no connection or file descriptor is left in this nginx worker"
    end
    return "connect", "nobody accepted the connection"
end

local function failure_of_certificate(number)
    return "tls", core.certificate_detail(number)
        .. " (directives lua_ssl_trusted_certificate, lua_ssl_verify_depth)"
end

-- "20: unable to get local issuer certificate". A number before other words may be that of an
-- earlier failure.
local function failure_of_tls(problem)
    local number = tonumber(problem:match("^(%d+):"))
    if problem:find("timeout", 1, true) then
        return "timeout", "no connection came about in time"
    elseif problem:find("host mismatch", 1, true) then
        return "tls", core.certificate_detail(0)
    elseif number and not problem:find("handshake failed", 1, true) then
        return failure_of_certificate(number)
    end
    return "tls", "the handshake failed"
end

-- ---- Reading

-- Bytes that come one by one must not outlive the call.
local function read_piece(sock, call)
    local time_left_ms = call:time_left_ms(core.now_ms())
    if time_left_ms == 0 then
        return nil, "timeout"
    end
    sock:settimeout(time_left_ms)
    return sock:receiveany(PIECE)
end

-- Returns whether there is more to be read.
local function take_piece(transfer, bytes, problem)
    local exchange, is_whole = transfer.exchange, transfer.is_whole
    if bytes then
        return exchange:read(bytes, is_whole)
    elseif problem == "closed" then
        exchange:close(is_whole)
    else
        exchange:fail(problem == "timeout" and "timeout" or "network", is_whole)
    end
    return false
end

-- Threads are given what they need: what is local to a thread that is killed is gone for others.
local function read_all(sock, call, transfer)
    local has_more = true
    while has_more do
        local bytes, problem = read_piece(sock, call)
        if transfer.exchange then
            has_more = take_piece(transfer, bytes, problem)
        else
            transfer.has_stray = bytes ~= nil
            has_more = false
        end
    end
    transfer.is_read = true
end

-- Begins to read, in a thread of its own. Without an exchange it watches an idle connection: what
-- comes then is nothing that was asked for. When an exchange is put into the transfer, the same
-- read is the first of its reply; for nginx logs each read that ends by a time-out, and a look that
-- came to its end would be one.
local function start_reading(sock, call, exchange)
    local transfer = { exchange = exchange, is_whole = false, is_sent = false, is_read = false }
    transfer.reader = ngx.thread.spawn(read_all, sock, call, transfer)
    return transfer
end

-- ---- Connections

-- Whether nothing has come on an idle connection, and it is still open, when some time has passed.
local function is_quiet(sock, address, transfer)
    local trust = address.trust
    local watched_ms = trust:settling_ms(address.idle_since_ms, core.now_ms())
    poll.after(math.max(watched_ms / MILLISECONDS, A_MOMENT))
    if not transfer.is_read then
        return true
    end
    ngx.thread.wait(transfer.reader)
    if transfer.has_stray then
        sock:settimeout(1)
        local _, problem = sock:receiveany(PIECE)
        if problem ~= "closed" then -- else it was its goodbye
            trust:lose(core.now_ms())
        end
    end
    return false
end

-- Both, since modules of some years take the one for the other; a reply is short anyhow.
local function keep_queue_short(sock)
    sock:setoption("sndbuf", QUEUE)
    sock:setoption("rcvbuf", QUEUE)
end

local function is_address(host)
    return host:find("^%[") or host:find("^%d+%.%d+%.%d+%.%d+$")
end

local function connect_in_thread(sock, progress, host, port, options)
    progress.connected, progress.problem = sock:connect(host, port, options)
    progress.is_over = true
end

local function grow_late(milliseconds)
    ngx.sleep(milliseconds / MILLISECONDS)
    return true
end

-- Runs in a thread of its own: when the one that waits for it is killed, it still sees to it that
-- neither of these two goes on, since a request ends when the last of its threads does.
local function connect_or_grow_late(sock, milliseconds, host, port, options)
    local progress = { connected = nil, problem = nil, is_over = false }
    local connector = ngx.thread.spawn(connect_in_thread, sock, progress, host, port, options)
    if progress.is_over then
        ngx.thread.wait(connector)
    else
        local timer = ngx.thread.spawn(grow_late, milliseconds)
        local ran, is_late = ngx.thread.wait(connector, timer)
        ngx.thread.kill(ran and is_late and connector or timer)
    end
    return progress.connected, progress.problem or "timeout"
end

-- nginx waits for its resolver as long as a directive says, and no time-out of a socket reaches it.
-- So a name is waited for in a thread, beside another that lets the time pass, and whichever is
-- late is killed. What is left of a lookup nginx drops by itself when resolver_timeout has passed;
-- the socket stays in the middle of connecting, and nothing can be done with it.
local function connect_to(sock, milliseconds, host, port, options)
    if is_address(host) then
        return sock:connect(host, port, options)
    end
    local thread = ngx.thread.spawn(connect_or_grow_late, sock, milliseconds, host, port, options)
    local _, connected, problem = ngx.thread.wait(thread)
    return connected, problem
end

local function connect(request, address, settings, time_left_ms)
    local sock = ngx.socket.tcp()
    local connect_ms = math.min(settings.connect_timeout, time_left_ms)
    local problem
    sock:settimeouts(connect_ms, time_left_ms, time_left_ms)
    for _, host in ipairs(hosts_of(request.host)) do
        local connected
        connected, problem = connect_to(sock, connect_ms, host, request.port, {
            pool = address.name, pool_size = settings.max_connections,
        })
        if connected then
            keep_queue_short(sock)
            return sock
        end
    end
    return nil, failure_to_connect(problem)
end

-- It throws where the host's name is none. Modules up to 0.10.26 say that all is well when a
-- certificate is refused without any wait; but the connection is gone then, which tells.
local function shake_hands(sock, request)
    local ran, done, problem = pcall(sock.sslhandshake, sock, false, request.host, true)
    if ran and done then
        if sock:getreusedtimes() then
            return true
        end
        return false, failure_of_certificate(UNKNOWN)
    end
    return false, failure_of_tls(ran and problem or "")
end

local function connect_anew(sock, request)
    if request.scheme == "https" then
        local done, failure, detail = shake_hands(sock, request)
        if not done then
            sock:close()
            return nil, nil, { failure, detail }
        end
    end
    return sock
end

-- A connection that was kept, if there is one that may be used, else a new one. Returns it, and of
-- one that was kept the transfer that watches it; or nil, nil, and what failed.
local function open(call, request, address, settings, is_fresh)
    while true do
        local time_left_ms = call:time_left_ms(core.now_ms())
        if time_left_ms == 0 then
            return nil, nil, { "timeout", "no connection came about in time" }
        end
        local sock, failure, detail = connect(request, address, settings, time_left_ms)
        if not sock then
            return nil, nil, { failure, detail }
        end
        if sock:getreusedtimes() == 0 then
            return connect_anew(sock, request)
        elseif not is_fresh and address.trust:allows_reuse(core.now_ms()) then
            local transfer = start_reading(sock, call)
            if is_quiet(sock, address, transfer) then
                return sock, transfer
            end
        end
        sock:close()
    end
end

-- ---- Requests and replies

local function send_in_turn(sock, list)
    turn.take()
    return sock:send(list)
end

-- Sends a fragment that is too large to be sent at once, behind what is in the list, but for a last
-- piece, which takes the list's place.
local function send_pieces(sock, list, fragment)
    local first = 1
    while #fragment - first >= PIECE_OUT do
        list[#list + 1] = fragment:sub(first, first + PIECE_OUT - 1)
        if not send_in_turn(sock, list) then
            return nil
        end
        ngx.sleep(A_MOMENT)
        list, first = {}, first + PIECE_OUT
    end
    list[#list + 1] = first == 1 and fragment or fragment:sub(first)
    return list
end

-- A picture goes piece by piece, with a moment between them: nginx copies what it is given, and a
-- server that takes it as fast as it comes would leave no time for other requests. In that moment,
-- too, what has come is read, and all of it before the last fragment makes the request whole.
-- Returns whether all has been sent.
local function send_request(sock, request)
    local body, list = request.body, { request.head }
    for number = 1, #body - 1 do
        list = send_pieces(sock, list, body[number])
        if not list then
            return false
        end
    end
    if #body > 1 then
        if not send_in_turn(sock, list) then
            return false
        end
        poll.after(A_MOMENT)
        list = {}
    end
    list[#list + 1] = body[#body]
    return sock:send(list) ~= nil
end

local function send_all(sock, request, transfer)
    transfer.is_whole = send_request(sock, request)
    transfer.is_sent = true
end

-- Sends in a thread of its own: a service that refuses a picture says so before it has read all of
-- it. This thread does nothing but wait for both. None that has ended may be left without having
-- been waited for: should this one be killed then, nginx would never end the request.
local function carry_out(sock, request, transfer)
    local sender = ngx.thread.spawn(send_all, sock, request, transfer)
    local reader = transfer.reader
    if not transfer.is_read and not transfer.is_sent then
        ngx.thread.wait(sender, reader)
    end
    if transfer.is_sent then
        ngx.thread.wait(sender)
    end
    ngx.thread.wait(reader)
    local stop = transfer.is_sent and ngx.thread.wait or ngx.thread.kill
    stop(sender)
end

local function put_aside(sock, address, settings)
    if address.trust:allows_reuse(core.now_ms())
        and sock:setkeepalive(core.kept_ms, settings.max_connections) then
        address.idle_since_ms = core.now_ms()
    else
        sock:close()
    end
end

-- Returns false if the request is to be sent once more, over a new connection.
local function attempt(call, request, address, settings, is_fresh)
    local sock, transfer, problem = open(call, request, address, settings, is_fresh)
    if not sock then
        call:answer_failure(core.now_ms(), problem[1], false, problem[2])
        return true
    end
    local exchange = core.exchange(address.trust, transfer ~= nil)
    sock:settimeout(math.max(call:time_left_ms(core.now_ms()), 1))
    if transfer then
        transfer.exchange = exchange
    else
        transfer = start_reading(sock, call, exchange)
    end
    carry_out(sock, request, transfer)
    if exchange:starts_afresh(core.now_ms()) then
        sock:close()
        return false
    end
    if call:answer_exchange(core.now_ms(), exchange) then
        put_aside(sock, address, settings)
    else
        sock:close()
    end
    return true
end

local cosocket = {}

--- The function that carries out SEND steps.
function cosocket.sender(settings)
    return function(call)
        local request = call:request()
        local address = address_of(request)
        if not attempt(call, request, address, settings, false) then
            attempt(call, request, address, settings, true)
        end
    end
end

return cosocket
