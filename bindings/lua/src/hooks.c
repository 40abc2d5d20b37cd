#include "hooks.h"

#include "failure.h"
#include "store.h"
#include "values.h"

#include <string.h>

enum { ANCHOR_WARN = 1, ANCHOR_PERFORM, ANCHOR_PROVIDER, ANCHOR_STORE, ANCHOR_NOTHING };

static const wxl_class turn_class = {"wxidcard turn", NULL, NULL, NULL, NULL};

/* The Luas word it differently, but all begin so. */
int wxl_tried_to_yield(lua_State *L)
{
    return lua_type(L, -1) == LUA_TSTRING &&
           strstr(lua_tostring(L, -1), "attempt to yield") != NULL;
}

/* ask_provider(provider, turn), under lua_pcall. */
static int ask_provider(lua_State *L)
{
    wxl_turn *turn = lua_touserdata(L, 2);
    const char *token = NULL;
    lua_pushvalue(L, 1);
    lua_pushstring(L, wxid_call_failed_token(turn->call)); /* nil for NULL */
    if (lua_pcall(L, 1, 1, 0) != 0) {
        if (wxl_tried_to_yield(L)) {
            lua_pushfstring(L, "token_provider must not yield: it is called from C (%s)",
                            lua_tostring(L, -1));
        }
        return lua_error(L);
    }
    if (wxl_read_provided(L, lua_gettop(L), &token)) {
        turn->ended_by = WXL_MISUSE;
        return lua_error(L); /* the message is on top */
    }
    /* What it refuses ends the call, with an error of its own. */
    (void)wxid_call_answer_token(turn->call, token, NULL);
    return 0;
}

/* The values pushed here were made beforehand: outside lua_pcall nothing may allocate. */
static int on_token(void *context, wxid_call *call)
{
    wxl_turn *turn = context;
    turn->call = call;
    lua_pushvalue(turn->L, turn->ask);
    lua_pushvalue(turn->L, turn->provider);
    lua_pushvalue(turn->L, turn->itself);
    if (lua_pcall(turn->L, 2, 0, 0) == 0) {
        return 0;
    }
    if (turn->ended_by == WXL_NOTHING) {
        turn->ended_by = WXL_RAISED;
    }
    return -1;
}

/* Of what it answers with, only the value has to outlive this: it stays in a slot of the stack. */
static int on_store(void *context, const wxid_store_request *request, wxid_store_answer *answer)
{
    wxl_turn *turn = context;
    if (turn->ended_by != WXL_NOTHING) {
        return -1; /* a renewal after a call that has ended by an error, which is on top */
    }
    turn->request = request;
    turn->answer = answer;
    lua_pushvalue(turn->L, turn->serve);
    lua_pushvalue(turn->L, turn->store);
    lua_pushvalue(turn->L, turn->warn);
    lua_pushvalue(turn->L, turn->perform);
    lua_pushvalue(turn->L, turn->itself);
    if (lua_pcall(turn->L, 4, 1, 0) != 0) {
        turn->ended_by = WXL_RAISED;
        return -1;
    }
    lua_replace(turn->L, turn->value);
    answer->value = lua_tostring(turn->L, turn->value); /* NULL of nil */
    return 0;
}

/* lua.c's hook is for every single instruction; those of debuggers and profilers are not. */
static int has_interrupt_pending(lua_State *main_thread)
{
    return lua_gethook(main_thread) != NULL && lua_gethookcount(main_thread) == 1;
}

/* lua.c answers SIGINT by a debug hook that raises. It runs when Lua code does, so some is run; and
 * in PUC Lua only on the main thread, so a call made in a coroutine looks whether it is set. */
static int on_tick(void *context)
{
    wxl_turn *turn = context;
    if (turn->ended_by != WXL_NOTHING) {
        return -1;
    }
    lua_pushvalue(turn->L, turn->nothing);
    if (lua_pcall(turn->L, 0, 0, 0) != 0) {
        turn->ended_by = WXL_RAISED;
        return -1;
    }
    if (turn->main_thread != NULL && has_interrupt_pending(turn->main_thread)) {
        turn->ended_by = WXL_MAIN_THREAD;
        return -1;
    }
    return 0;
}

void wxl_anchor_hooks(lua_State *L, int first)
{
    wxl_anchor(L, first, ANCHOR_STORE);
    wxl_get_anchors(L, -1);
    if (luaL_loadstring(L, "return") != 0) {
        lua_error(L); /* without memory */
    }
    lua_rawseti(L, -2, ANCHOR_NOTHING);
    lua_pop(L, 1);
}

/* Pushes an anchor and returns where it is. */
static int push_anchor(lua_State *L, int anchors, int which)
{
    lua_rawgeti(L, anchors, which);
    return lua_gettop(L);
}

wxl_turn *wxl_begin_turn(lua_State *L, int anchors)
{
    static const wxid_hooks unset = WXID_HOOKS_INIT;
    luaL_checkstack(L, LUA_MINSTACK, "a call"); /* also for what the hooks push */
    wxl_turn *turn = wxl_new_object(L, &turn_class, sizeof *turn);
    turn->itself = lua_gettop(L);
    lua_pushcfunction(L, ask_provider);
    turn->ask = lua_gettop(L);
    lua_pushcfunction(L, wxl_serve_store);
    turn->serve = lua_gettop(L);
    turn->warn = push_anchor(L, anchors, ANCHOR_WARN);
    turn->perform = push_anchor(L, anchors, ANCHOR_PERFORM);
    turn->provider = push_anchor(L, anchors, ANCHOR_PROVIDER);
    turn->store = push_anchor(L, anchors, ANCHOR_STORE);
    turn->nothing = push_anchor(L, anchors, ANCHOR_NOTHING);
    lua_pushnil(L);
    turn->value = lua_gettop(L);
    turn->L = L;
    turn->main_thread = wxl_main_thread(L);
    if (turn->main_thread == L) {
        turn->main_thread = NULL;
    }
    turn->hooks = unset;
    turn->hooks.context = turn;
    turn->hooks.token = on_token;
    turn->hooks.tick = on_tick;
    turn->hooks.store = on_store;
    return turn;
}

int wxl_end_turn(lua_State *L, const wxl_turn *turn)
{
    switch (turn->ended_by) {
    case WXL_MISUSE:
        return wxl_refuse(L, "%s", lua_tostring(L, -1));
    case WXL_MAIN_THREAD:
        lua_pushliteral(L, "interrupted!"); /* as lua.c says it; its own hook raises it next */
        return lua_error(L);
    default:
        return lua_error(L);
    }
}
