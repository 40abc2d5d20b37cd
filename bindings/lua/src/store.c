#include "store.h"

#include "hooks.h"

#include <string.h>

#define MILLISECONDS_IN_A_SECOND 1000.0

/* Arguments of work(), and of wxl_serve_store(). */
enum { PERFORM = 1, STORE, TURN };
enum { SERVED_STORE = 1, SERVED_WARN, SERVED_PERFORM, SERVED_TURN };

/* work(perform, store, turn), under lua_pcall of its own: returns the value, or nil. */
static int work(lua_State *L)
{
    static const char *const actions[] = {[WXID_STORE_GET] = "get",
                                          [WXID_STORE_SET] = "set",
                                          [WXID_STORE_ADD] = "add",
                                          [WXID_STORE_DELETE] = "delete"};
    wxl_turn *turn = lua_touserdata(L, TURN);
    const wxid_store_request *request = turn->request;
    lua_pushvalue(L, PERFORM);
    lua_pushvalue(L, STORE);
    lua_pushstring(L, actions[request->action]);
    lua_pushstring(L, request->key);
    lua_pushstring(L, request->value); /* nil for NULL */
    lua_pushnumber(L, (lua_Number)request->ttl_ms / MILLISECONDS_IN_A_SECOND);
    lua_call(L, 5, 2);
    turn->answer->stored = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return 1;
}

/* lua.c's words for Ctrl-C: it raises in whatever runs just then, which may be the store. */
static int is_interrupt(lua_State *L)
{
    return lua_type(L, -1) == LUA_TSTRING && strstr(lua_tostring(L, -1), "interrupted!") != NULL;
}

/* As lua_pcall(), but what ends a call is raised. Of other errors it returns non-zero and leaves
 * nothing on the stack: they may hold a password, so nobody gets to see them. */
static int call_safely(lua_State *L, int arguments, int results, const char *who)
{
    int status = lua_pcall(L, arguments, results, 0);
    if (status == 0) {
        return 0;
    }
    if (wxl_tried_to_yield(L)) {
        return luaL_error(L, "%s must not yield: it is called from C", who);
    }
    if (status == LUA_ERRMEM || is_interrupt(L)) {
        return lua_error(L);
    }
    lua_pop(L, 1);
    return -1;
}

/* A warning that cannot be given must not fail the call either. */
static void warn(lua_State *L)
{
    if (!lua_isnil(L, SERVED_WARN)) {
        lua_pushvalue(L, SERVED_WARN);
        (void)call_safely(L, 0, 0, "the function that warns");
    }
}

int wxl_serve_store(lua_State *L)
{
    wxl_turn *turn = lua_touserdata(L, SERVED_TURN);
    lua_pushcfunction(L, work);
    lua_pushvalue(L, SERVED_PERFORM);
    lua_pushvalue(L, SERVED_STORE);
    lua_pushvalue(L, SERVED_TURN);
    if (call_safely(L, 3, 1, "the token_store") != 0) {
        turn->answer->failed = 1;
        warn(L);
        return 0;
    }
    return 1;
}
