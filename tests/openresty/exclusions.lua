--- The tests that are not run inside nginx, and why: `test` is a part of the full name.
local MAY_YIELD = "inside nginx it may: cosockets yield, so that no other request has to wait"
local NO_INTERRUPT = "no Ctrl-C raises an error in nginx's Lua"

return {
    { file = "provider_spec.lua", test = "must not yield", because = MAY_YIELD },
    { file = "token_store_spec.lua", test = "must not yield", because = MAY_YIELD },
    { file = "token_store_spec.lua", test = "is not what Ctrl-C ends", because = NO_INTERRUPT },
    { file = "token_stale_spec.lua", test = "a call that Ctrl-C ended", because = NO_INTERRUPT },
    {
        file = "token_stale_spec.lua", test = "has what is raised in its renewal raised",
        because = "a renewal goes on in a timer, beside the call, which may be over by then",
    },
}
