/* wxidcard.core: the core without libcurl. Sessions and the call machine, for drivers written in
 * Lua; and what is done with cards and pictures. */
#include "checks.h"
#include "fit.h"
#include "session.h"
#include "tables.h"

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
    return 1;
}
