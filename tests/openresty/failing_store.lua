--- Token stores of which some operations raise what nobody is to see.
local failing_store = {}

--- A store over ngx.shared.tokens. failing: the names of the operations.
function failing_store.new(failing)
    local store = {}
    for _, name in ipairs { "get", "set", "add", "delete" } do
        store[name] = function(_, ...)
            local tokens = ngx.shared.tokens
            return tokens[name](tokens, ...)
        end
    end
    for _, name in ipairs(failing) do
        store[name] = function()
            error("no route to redis://:canary-password@store")
        end
    end
    return store
end

return failing_store
