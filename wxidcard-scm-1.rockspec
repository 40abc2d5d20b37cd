rockspec_format = "3.0"
package = "wxidcard"
version = "scm-1"

source = {
    -- The rock is built where this file stands: luarocks make.
    url = "git+file://.",
}

description = {
    summary = "Reads Chinese ID cards through WeChat's OCR service",
    license = "MIT",
}

dependencies = {
    "lua >= 5.1, < 5.5",
}

-- Without a header: Debian's libcurl has it in a folder that luarocks does not look into.
external_dependencies = {
    CURL = { library = "curl" },
    CJSON = { library = "cjson" },
}

build = {
    type = "builtin",
    -- A check compares the sources with the folders.
    modules = {
        ["wxidcard"] = "bindings/lua/lua/wxidcard.lua",
        ["wxidcard.client"] = "bindings/lua/lua/wxidcard/client.lua",
        ["wxidcard.failure"] = "bindings/lua/lua/wxidcard/failure.lua",
        ["wxidcard.memory_store"] = "bindings/lua/lua/wxidcard/memory_store.lua",
        ["wxidcard.nginx"] = "bindings/lua/lua/wxidcard/nginx.lua",
        ["wxidcard.place"] = "bindings/lua/lua/wxidcard/place.lua",
        ["wxidcard.safe"] = "bindings/lua/lua/wxidcard/safe.lua",
        ["wxidcard.warning"] = "bindings/lua/lua/wxidcard/warning.lua",
        ["wxidcard.core"] = {
            sources = {
                "bindings/lua/src/answers.c",
                "bindings/lua/src/call.c",
                "bindings/lua/src/compat.c",
                "bindings/lua/src/core_module.c",
                "bindings/lua/src/failure.c",
                "bindings/lua/src/options.c",
                "bindings/lua/src/session.c",
                "bindings/lua/src/tables.c",
                "bindings/lua/src/values.c",
                "core/src/buffer.c",
                "core/src/call.c",
                "core/src/call_token.c",
                "core/src/credential.c",
                "core/src/errors.c",
                "core/src/file.c",
                "core/src/image.c",
                "core/src/memory.c",
                "core/src/recognition.c",
                "core/src/renewal.c",
                "core/src/renewal_store.c",
                "core/src/reply.c",
                "core/src/request.c",
                "core/src/session.c",
                "core/src/text.c",
                "core/src/token.c",
                "core/src/token_cache.c",
                "core/src/token_file.c",
                "core/src/token_lease.c",
                "core/src/token_record.c",
                "core/src/url.c",
                "core/src/value.c",
            },
            defines = { "_GNU_SOURCE" },
            incdirs = { "core/include", "$(CJSON_INCDIR)" },
            libdirs = { "$(CJSON_LIBDIR)" },
            libraries = { "cjson", "pthread", "m" },
        },
        ["wxidcard.curl"] = {
            sources = {
                "bindings/lua/src/compat.c",
                "bindings/lua/src/curl_module.c",
                "bindings/lua/src/failure.c",
                "bindings/lua/src/hooks.c",
                "bindings/lua/src/options.c",
                "bindings/lua/src/store.c",
                "bindings/lua/src/values.c",
                "core/src/buffer.c",
                "core/src/call.c",
                "core/src/call_token.c",
                "core/src/credential.c",
                "core/src/curl_caller.c",
                "core/src/curl_client.c",
                "core/src/curl_failure.c",
                "core/src/curl_pool.c",
                "core/src/curl_renewer.c",
                "core/src/curl_reply.c",
                "core/src/curl_slot.c",
                "core/src/curl_socket.c",
                "core/src/curl_system.c",
                "core/src/curl_transfer.c",
                "core/src/curl_trust.c",
                "core/src/curl_watch.c",
                "core/src/errors.c",
                "core/src/file.c",
                "core/src/image.c",
                "core/src/memory.c",
                "core/src/recognition.c",
                "core/src/renewal.c",
                "core/src/renewal_store.c",
                "core/src/reply.c",
                "core/src/request.c",
                "core/src/session.c",
                "core/src/text.c",
                "core/src/token.c",
                "core/src/token_cache.c",
                "core/src/token_file.c",
                "core/src/token_lease.c",
                "core/src/token_record.c",
                "core/src/url.c",
                "core/src/value.c",
            },
            defines = { "_GNU_SOURCE" },
            incdirs = { "core/include", "$(CURL_INCDIR)", "$(CJSON_INCDIR)" },
            libdirs = { "$(CURL_LIBDIR)", "$(CJSON_LIBDIR)" },
            libraries = { "curl", "cjson", "pthread", "m", "dl" },
        },
    },
    copy_directories = {},
}
