-- The same calls from plain Lua. usage: luajit lua_client.lua BASE_URL PICTURE CALLS
local core = require "wxidcard.core"
local wxidcard = require "wxidcard"

local WARM_UP_CALLS = 50

local url, path, calls = arg[1], arg[2], tonumber(arg[3])
local file = assert(io.open(path, "rb"))
local picture = file:read("*a")
file:close()
local client = wxidcard.new { access_token = "a_token_for_the_bench", base_url = url }

local function repeated(number)
    for _ = 1, number do
        assert(client:recognize({ img = picture }).type == "Front")
    end
end

repeated(WARM_UP_CALLS)
local processor, wall = os.clock(), core.now_ms()
repeated(calls)
processor, wall = os.clock() - processor, core.now_ms() - wall
print(('{"processor_us": %.2f, "wall_us": %.2f}'):format(processor / calls * 1e6,
    wall / calls * 1e3))
