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

static const luaL_Reg methods[] = {
    {"settings", settings},
    {"description", description},
    {"recognition", recognition},
    {"token_fetch", token_fetch},
    {NULL, NULL},
};

static const wxl_class session_class = {"wxidcard session", methods, finalize, describe};

int wxl_new_session(lua_State *L)
{
    wxid_settings read;
    const char *function_name;
    lua_settop(L, 1);
    int refused = wxl_read_settings(L, 1, &read, &function_name);
    if (refused) {
        return refused;
    }
    wxl_slot *slot = wxl_new_slot(L);
    wxl_session **held = wxl_new_object(L, &session_class, sizeof(wxl_session *));
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
