--- What the locations of openresty.py do, in the worker that is measured.
local wxidcard = require "wxidcard"

local TOKEN = "a_token_for_the_bench"
local WARM_UP_CALLS = 50

local openresty = {}

local function settings(url)
    return { access_token = TOKEN, base_url = url, timeout = 60000 }
end

local pictures = {}

-- A file's bytes; it is read once.
local function read_file(path)
    if not pictures[path] then
        local file = assert(io.open(path, "rb"))
        pictures[path] = file:read("*a")
        file:close()
    end
    return pictures[path]
end

-- ---- One recognition a request

local client

--- By cosockets.
function openresty.cosockets(url, path)
    client = client or wxidcard.new(settings(url))
    ngx.print(client:recognize({ img = read_file(path) }).type)
end

--- The same of the picture that is the request's body.
function openresty.uploaded(url)
    client = client or wxidcard.new(settings(url))
    ngx.req.read_body()
    ngx.print(client:recognize({ img = ngx.req.get_body_data() }).type)
end

--- Nothing but what nginx does for such a request.
function openresty.uploads()
    ngx.req.read_body()
    assert(ngx.req.get_body_data())
    ngx.print("Front")
end

--- By libcurl in a thread.
function openresty.threads(url, path)
    local ran, came = ngx.run_worker_thread("recognition", "openresty", "in_a_thread", url,
        read_file(path))
    ngx.print(ran and came)
end

local client_of_thread

function openresty.in_a_thread(url, picture)
    client_of_thread = client_of_thread or wxidcard.new(settings(url))
    return client_of_thread:recognize({ img = picture }).type
end

local blocking

--- By libcurl in the event loop, which the library itself does not do.
function openresty.blocking(url, path)
    blocking = blocking or require("wxidcard.blocking").new(settings(url), print)
    ngx.print(blocking:recognize({ img = read_file(path) }).type)
end

-- ---- Many calls in one request, with what they cost

local callers = {}

function callers.cosockets(url, picture)
    local made = wxidcard.new(settings(url))
    return function()
        return made:recognize({ img = picture }).type
    end
end

function callers.threads(url, picture)
    return function()
        local _, came = ngx.run_worker_thread("recognition", "openresty", "in_a_thread", url,
            picture)
        return came
    end
end

--- What one would write with cosockets alone, if nothing ever went wrong.
function callers.alone(url, picture)
    local host, port = url:match("//(.-):(%d+)")
    local before = '--b\r\nContent-Disposition: form-data; name="img"; filename="image.jpg"\r\n'
        .. "Content-Type: image/jpeg\r\n\r\n"
    local after = "\r\n--b--\r\n"
    local head = ("POST /cv/ocr/idcard?access_token=%s HTTP/1.1\r\nHost: %s:%s\r\n"
        .. "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: %d\r\n\r\n")
        :format(TOKEN, host, port, #before + #picture + #after)
    return function()
        local sock = ngx.socket.tcp()
        assert(sock:connect(host, tonumber(port)))
        assert(sock:send { head, before, picture, after })
        local length
        repeat
            local line = assert(sock:receive "*l")
            length = line:match("^Content%-Length: (%d+)") or length
        until line == ""
        local body = assert(sock:receive(tonumber(length)))
        assert(sock:setkeepalive(20000, 10))
        return body:match('"type": "(%a+)"')
    end
end

local function repeated(call, calls)
    for _ = 1, calls do
        assert(call() == "Front")
    end
end

--- Measures a number of calls: processor and wall time of one, in microseconds.
function openresty.measure(how, url, path, calls)
    local call = callers[how](url, read_file(path))
    repeated(call, WARM_UP_CALLS)
    ngx.update_time()
    local processor, wall = os.clock(), ngx.now()
    repeated(call, calls)
    processor = os.clock() - processor
    ngx.update_time()
    ngx.print(('{"processor_us": %.2f, "wall_us": %.2f}'):format(processor / calls * 1e6,
        (ngx.now() - wall) / calls * 1e6))
end

return openresty
