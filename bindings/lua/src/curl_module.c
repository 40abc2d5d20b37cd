/* wxidcard.curl: the blocking client over libcurl. Not for nginx workers. */
#include "failure.h"
#include "hooks.h"
#include "options.h"
#include "values.h"

#include <dlfcn.h>

WXL_EXPORT int luaopen_wxidcard_curl(lua_State *L);

typedef struct held_client {
    wxid_client *client;
} held_client;

static int finalize(lua_State *L)
{
    held_client *held = lua_touserdata(L, 1);
    wxid_client_free(held->client);
    held->client = NULL;
    return 0;
}

static const wxl_class client_class; /* below, with the methods */

static wxid_client *check(lua_State *L)
{
    held_client *held = wxl_check_object(L, 1, &client_class);
    if (held->client == NULL) {
        luaL_error(L, "this client is gone"); /* met in another object's finalizer */
    }
    return held->client;
}

static const char *text_of(wxid_client *client)
{
    return wxid_session_description(wxid_client_session(client));
}

static int describe(lua_State *L)
{
    lua_pushfstring(L, "%s (%s)", client_class.name, text_of(check(L)));
    return 1;
}

static int description(lua_State *L)
{
    lua_pushstring(L, text_of(check(L)));
    return 1;
}

static int close_client(lua_State *L)
{
    wxid_client_close(check(L));
    return 0;
}

/* The strings of the picture stay on this function's stack while the call lasts: a token_provider
 * may change the table they came from. */
static int recognize(lua_State *L)
{
    static const char *const no_more[] = {NULL};
    wxid_client *client = check(L);
    wxid_recognition recognition;
    int of_path = 0;
    lua_settop(L, 2);
    int refused = wxl_read_recognition(L, 2, &recognition, &of_path, no_more);
    if (refused) {
        return refused;
    }
    wxl_slot *slot = wxl_new_slot(L);
    wxl_get_anchors(L, 1);
    wxl_turn *turn = wxl_begin_turn(L, lua_gettop(L));
    int failed =
        wxid_client_recognize(&slot->value, client, &recognition, &turn->hooks, &slot->error);
    if (turn->ended_by != WXL_NOTHING) {
        wxl_clear_slot(slot); /* even a card: what the caller's own code raised must not be lost */
        return wxl_end_turn(L, turn);
    }
    return failed ? wxl_fail(L, slot, of_path) : wxl_succeed(L, slot);
}

/* Stores whether the options at 2, which need not be given, ask for force. */
static int read_refresh(lua_State *L, int64_t *force)
{
    static const char *const names[] = {"force", NULL};
    if (lua_isnoneornil(L, 2)) {
        return 0;
    }
    int refused = wxl_need_table(L, 2, "options");
    if (refused || (refused = wxl_refuse_unknown(L, 2, names)) != 0) {
        return refused;
    }
    lua_pushstring(L, names[0]);
    lua_rawget(L, 2);
    return wxl_read_flag(L, -1, names[0], force);
}

static int refresh_token(lua_State *L)
{
    wxid_client *client = check(L);
    int64_t force = 0;
    lua_settop(L, 2);
    int refused = read_refresh(L, &force);
    if (refused) {
        return refused;
    }
    wxl_slot *slot = wxl_new_slot(L);
    wxl_get_anchors(L, 1);
    wxl_turn *turn = wxl_begin_turn(L, lua_gettop(L));
    int failed = wxid_client_refresh_token(client, force != 0, &turn->hooks, &slot->error);
    if (turn->ended_by != WXL_NOTHING) {
        wxl_clear_slot(slot);
        return wxl_end_turn(L, turn);
    }
    if (failed) {
        return wxl_fail(L, slot, 0);
    }
    lua_pushboolean(L, 1);
    return 1;
}

static const luaL_Reg methods[] = {
    {"recognize", recognize},
    {"refresh_token", refresh_token},
    {"close", close_client},
    {"description", description},
    {NULL, NULL},
};

static const wxl_class client_class = {"wxidcard client", methods, finalize, describe, NULL};

/* curl.new(settings, warn, perform): warn is called when the store does not work; perform is
 * wxidcard.store's, and must not be missing where there is a store. */
static int new_client(lua_State *L)
{
    wxid_settings settings;
    lua_settop(L, 3);
    luaL_argcheck(L, lua_isnil(L, 2) || lua_isfunction(L, 2), 2, "a function that warns, or nil");
    int refused = wxl_read_settings(L, 1, &settings);
    if (refused) {
        return refused;
    }
    luaL_argcheck(L, lua_isfunction(L, 3) || settings.token_store != 1, 3,
                  "wxidcard.store's perform, since there is a store");
    wxl_slot *slot = wxl_new_slot(L);
    held_client *held = wxl_new_object(L, &client_class, sizeof *held);
    wxl_anchor_hooks(L, 2);
    if (wxid_client_new(&held->client, &settings, &slot->error) != 0) {
        return wxl_fail(L, slot, 0);
    }
    return 1;
}

/* Lua unloads its modules when a state is closed, but libcurl may leave a thread behind that waits
 * for a resolver: the code must stay. Without success there is nothing to do about it. */
static void stay_loaded(void)
{
    static const char inside = 0;
    Dl_info info;
    if (dladdr(&inside, &info) != 0) {
        /* cppcheck-suppress leakReturnValNotUsed */
        (void)dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
    }
}

int luaopen_wxidcard_curl(lua_State *L)
{
    static const luaL_Reg functions[] = {{"new", new_client}, {NULL, NULL}};
    stay_loaded();
    wxl_remember_main_thread(L);
    lua_newtable(L);
    wxl_set_functions(L, functions);
    lua_pushstring(L, wxid_version());
    lua_setfield(L, -2, "version");
    return 1;
}
