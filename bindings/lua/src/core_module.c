/* wxidcard.core: the core without libcurl. Sessions and the call machine, for drivers written in
 * Lua; and what is done with cards and pictures. */
#include "checks.h"
#include "exchange.h"
#include "fit.h"
#include "session.h"
#include "system.h"
#include "tables.h"

#include <wxidcard_connection.h>

WXL_EXPORT int luaopen_wxidcard_core(lua_State *L);

int luaopen_wxidcard_core(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"session", wxl_new_session},
        {"kinds", wxl_kinds},
        {"errcodes", wxl_errcodes},
        {"settings", wxl_settings},
        {"findings", wxl_findings},
        {"check_id", wxl_check_id},
        {"convert_id", wxl_convert_id},
        {"check", wxl_check},
        {"mask", wxl_mask},
        {"fit_image", wxl_fit_image},
        {"trust", wxl_new_trust},
        {"exchange", wxl_new_exchange},
        {"certificate_detail", wxl_certificate_detail},
        {"now_ms", wxl_now_ms},
        {"unix_ms", wxl_unix_ms},
        {"sleep_ms", wxl_sleep_ms},
        {"random_seed", wxl_random_seed},
        {NULL, NULL},
    };
    lua_newtable(L);
    wxl_set_functions(L, functions);
    lua_pushstring(L, wxid_version());
    lua_setfield(L, -2, "version");
    wxl_push_whole(L, WXID_MAX_REPLY_BODY);
    lua_setfield(L, -2, "max_reply_body");
    wxl_push_whole(L, WXID_MAX_REPLY_HEADERS);
    lua_setfield(L, -2, "max_reply_headers");
    wxl_push_whole(L, WXID_KEPT_MS);
    lua_setfield(L, -2, "kept_ms");
    return 1;
}
