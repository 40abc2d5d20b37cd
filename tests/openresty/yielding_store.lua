--- A token store that lets the other requests of its worker run before each operation, as one does
-- that asks another machine.
local yielding_store = {}

for _, name in ipairs { "get", "set", "add", "delete" } do
    yielding_store[name] = function(_, ...)
        ngx.sleep(0.001)
        local tokens = ngx.shared.tokens
        return tokens[name](tokens, ...)
    end
end

return yielding_store
