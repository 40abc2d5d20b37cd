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

-- Without a header: Debian's libcurl has it in a folder that luarocks does not look into. libjpeg and
-- libpng are for pictures that are made fit. A rock has no options: CMake builds it without them.
external_dependencies = {
    CURL = { library = "curl" },
    CJSON = { library = "cjson" },
    JPEG = { library = "jpeg" },
    PNG = { library = "png" },
}

build = {
    -- And not "builtin", which can give the compiler no flags of hardening.
    type = "make",
    makefile = "bindings/lua/Makefile",
    build_variables = {
        CFLAGS = "$(CFLAGS)",
        LIBFLAG = "$(LIBFLAG)",
        LIB_EXTENSION = "$(LIB_EXTENSION)",
        LUA_INCDIR = "$(LUA_INCDIR)",
        CURL_INCDIR = "$(CURL_INCDIR)",
        CURL_LIBDIR = "$(CURL_LIBDIR)",
        CJSON_INCDIR = "$(CJSON_INCDIR)",
        CJSON_LIBDIR = "$(CJSON_LIBDIR)",
        JPEG_INCDIR = "$(JPEG_INCDIR)",
        JPEG_LIBDIR = "$(JPEG_LIBDIR)",
        PNG_INCDIR = "$(PNG_INCDIR)",
        PNG_LIBDIR = "$(PNG_LIBDIR)",
    },
    install_variables = {
        LIB_EXTENSION = "$(LIB_EXTENSION)",
        INST_LIBDIR = "$(LIBDIR)",
        INST_LUADIR = "$(LUADIR)",
    },
    copy_directories = {},
}
