#include "store.h"

#include "hooks.h"

#include <string.h>

#define MILLISECONDS_IN_A_SECOND 1000.0
#define WARNING "the token store failed: going on with this process's own token"

/* Arguments of wxl_serve_store(), and of work(). */
enum { STORE = 1, TURN };
enum { SERVED_STORE = 1, SERVED_WARN, SERVED_TURN };

/* ---- The operations, in the manner of ngx.shared.DICT ---- */

/* Leaves two results on the stack. */
static void call_method(lua_State *L, const char *name, const wxid_store_request *request,
                        int with_value)
{
    lua_getfield(L, STORE, name);
    lua_pushvalue(L, STORE);
    lua_pushstring(L, request->key);
    if (with_value) {
        lua_pushstring(L, request->value);
        lua_pushnumber(L, (lua_Number)request->ttl_ms / MILLISECONDS_IN_A_SECOND);
    }
    lua_call(L, with_value ? 4 : 2, 2);
}

/* Nobody reads the text: it is the same for the caller as an error that the store raises. */
static int give_up(lua_State *L)
{
    return luaL_error(L, "the store does not work");
}

/* Whether the results are nil or false, and a string. */
static int is_failure(lua_State *L)
{
    return !lua_toboolean(L, -2) && lua_type(L, -1) == LUA_TSTRING;
}

/* Leaves the value on top; what else get returns, flags perhaps, is no matter. */
static void get(lua_State *L, const wxid_store_request *request)
{
    call_method(L, "get", request, 0);
    lua_pop(L, 1);
    if (!lua_isnil(L, -1) && lua_type(L, -1) != LUA_TSTRING) {
        give_up(L);
    }
}

static void set(lua_State *L, const wxid_store_request *request)
{
    call_method(L, "set", request, 1);
    if (is_failure(L)) {
        give_up(L);
    }
}

/* A lock is had if the store says true, and not if it says something that Lua takes for true, such
 * as the 0 of some databases. */
static int add(lua_State *L, const wxid_store_request *request)
{
    call_method(L, "add", request, 1);
    int stored = lua_toboolean(L, -2);
    if (stored ? !lua_isboolean(L, -2)
               : is_failure(L) && strcmp(lua_tostring(L, -1), "exists") != 0) {
        give_up(L);
    }
    return stored;
}

/* Only what is this very value. Between the look and the removal the value can change, but only if
 * its time to live ends just then. */
static void delete_own(lua_State *L, const wxid_store_request *request)
{
    get(L, request);
    lua_pushstring(L, request->value);
    if (!lua_rawequal(L, -1, -2)) {
        return;
    }
    call_method(L, "delete", request, 0);
    if (is_failure(L)) {
        give_up(L);
    }
}

/* work(store, turn), under lua_pcall of its own: returns the value, or nothing. */
static int work(lua_State *L)
{
    wxl_turn *turn = lua_touserdata(L, TURN);
    switch (turn->request->action) {
    case WXID_STORE_GET:
        get(L, turn->request);
        return 1;
    case WXID_STORE_SET:
        set(L, turn->request);
        return 0;
    case WXID_STORE_ADD:
        turn->answer->stored = add(L, turn->request);
        return 0;
    case WXID_STORE_DELETE:
        delete_own(L, turn->request);
        return 0;
    }
    return give_up(L);
}

/* ---- What goes wrong in them ---- */

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
        lua_pushliteral(L, WARNING);
        (void)call_safely(L, 1, 0, "the function that warns");
    }
}

int wxl_serve_store(lua_State *L)
{
    wxl_turn *turn = lua_touserdata(L, SERVED_TURN);
    lua_pushcfunction(L, work);
    lua_pushvalue(L, SERVED_STORE);
    lua_pushvalue(L, SERVED_TURN);
    if (call_safely(L, 2, 1, "the token_store") != 0) {
        turn->answer->failed = 1;
        warn(L);
        return 0;
    }
    return 1;
}
