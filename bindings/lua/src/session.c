#include "session.h"

#include "failure.h"
#include "options.h"
#include "tables.h"

#include <stdlib.h>

void wxl_session_release(wxl_session *session)
{
    if (session != NULL && --session->holders == 0) {
        wxid_session_free(session->session);
        free(session);
    }
}

static int finalize(lua_State *L)
{
    wxl_session **held = lua_touserdata(L, 1);
    wxl_session_release(*held);
    *held = NULL;
    return 0;
}

static const wxl_class session_class; /* below, with the methods */

static wxl_session *check(lua_State *L)
{
    wxl_session **held = wxl_check_object(L, 1, &session_class);
    if (*held == NULL) {
        luaL_error(L, "this session is gone"); /* met in another object's finalizer */
    }
    return *held;
}

static int describe(lua_State *L)
{
    lua_pushfstring(L, "%s (%s)", session_class.name, wxid_session_description(check(L)->session));
    return 1;
}

static int settings(lua_State *L)
{
    wxl_push_settings(L, wxid_session_settings(check(L)->session));
    return 1;
}

static int description(lua_State *L)
{
    lua_pushstring(L, wxid_session_description(check(L)->session));
    return 1;
}

static int recognition(lua_State *L)
{
    return wxl_new_recognition(L, check(L));
}

static int token_fetch(lua_State *L)
{
    return wxl_new_token_fetch(L, check(L));
}

static int renewal(lua_State *L)
{
    return wxl_new_renewal(L, check(L));
}

static int refresh(lua_State *L)
{
    return wxl_new_refresh(L, check(L));
}

static int share(lua_State *L)
{
    wxid_session_share(check(L)->session);
    return 0;
}

static const luaL_Reg methods[] = {
    {"settings", settings},
    {"description", description},
    {"recognition", recognition},
    {"token_fetch", token_fetch},
    {"renewal", renewal},
    {"refresh", refresh},
    {"share", share},
    {NULL, NULL},
};

/* The caller's own function or store: the method has the setting's name, and the place of its
 * anchor for an upvalue. */
static int kept(lua_State *L)
{
    check(L);
    wxl_get_anchors(L, 1);
    lua_rawgeti(L, -1, (int)lua_tointeger(L, lua_upvalueindex(1)));
    return 1;
}

static void add_kept(lua_State *L)
{
    const wxid_setting_info *info;
    for (size_t i = 0; (info = wxid_setting_info_at(i)) != NULL; i++) {
        int place = wxl_place_kept(info);
        if (place > 0) {
            lua_pushinteger(L, place);
            lua_pushcclosure(L, kept, 1);
            lua_setfield(L, -2, info->name);
        }
    }
}

static const wxl_class session_class = {"wxidcard session", methods, finalize, describe, add_kept};

int wxl_new_session(lua_State *L)
{
    wxid_settings read;
    lua_settop(L, 1);
    int refused = wxl_read_settings(L, 1, &read); /* what is kept is at 2 and 3 from now on */
    if (refused) {
        return refused;
    }
    wxl_slot *slot = wxl_new_slot(L);
    wxl_session **held = wxl_new_object(L, &session_class, sizeof(wxl_session *));
    wxl_anchor(L, 2, WXL_KEPT);
    *held = calloc(1, sizeof(wxl_session));
    if (*held == NULL) {
        return luaL_error(L, "not enough memory");
    }
    (*held)->holders = 1;
    if (wxid_session_new(&(*held)->session, &read, &slot->error) != 0) {
        return wxl_fail(L, slot, 0);
    }
    return 1;
}
