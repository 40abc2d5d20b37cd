std = "min"
max_line_length = 100
cache = false

-- The modules run where ngx may be.
for _, name in ipairs { "cosocket", "nginx", "place", "poll", "turn" } do
    files["bindings/lua/lua/wxidcard/" .. name .. ".lua"].read_globals = { "ngx" }
end
files["examples/openresty"].std = "+ngx_lua"
files["examples/openresty"].ignore = { "143/ngx" } -- run_worker_thread is younger than the list
files["**/*.rockspec"].std = "+rockspec"
files["tests/lua"].std = "+busted"
files["tests/openresty"].read_globals = { "jit", "ngx" }
files["tests/endurance/by_nginx.lua"].std = "+ngx_lua"
files["bench"].read_globals = { "ngx" }
-- What only some of the Luas have.
files["tests/lua"].ignore = { "143/math", "143/table", "113/unpack" }
files[".busted"].ignore = { "1" }
