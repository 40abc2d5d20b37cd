#include "session.h"

#include "answers.h"
#include "call.h"
#include "exchange.h"
#include "failure.h"
#include "options.h"
#include "values.h"

#include <string.h>

static int finalize(lua_State *L)
{
    wxl_call *held = lua_touserdata(L, 1);
    wxid_call_free(held->call);
    wxl_session_release(held->session);
    memset(held, 0, sizeof *held);
    return 0;
}

static const wxl_class call_class; /* below, with the methods */

wxl_call *wxl_check_call(lua_State *L)
{
    wxl_call *held = wxl_check_object(L, 1, &call_class);
    if (held->call == NULL) {
        luaL_error(L, "this call is over: its result was taken");
    }
    return held;
}

/* Pushes a call to be filled in, and its anchors: the strings on the stack from `first` on. */
static wxl_call *new_call(lua_State *L, wxl_session *session, int first, int count)
{
    wxl_call *held = wxl_new_object(L, &call_class, sizeof *held);
    wxl_anchor(L, first, count);
    held->session = session;
    session->holders++;
    return held;
}

static const char *const occasion[] = {"now_ms", "seed", NULL};

/* Pops what is read: a point in time and a seed, of the table at 3 if there is one. A driver that
 * is handed its caller's table at 2 gives another there, and then they have no place in the first.
 */
static int read_now_and_seed(lua_State *L, int64_t *now_ms, uint64_t *seed)
{
    int index = lua_isnil(L, 3) ? 2 : 3;
    int unfit = wxl_need_table(L, index, "the occasion");
    if (unfit) {
        return unfit;
    }
    lua_getfield(L, index, "now_ms");
    lua_getfield(L, index, "seed");
    int refused = wxl_read_now(L, -2, "now_ms", now_ms);
    if (refused || (refused = wxl_read_seed(L, -1, "seed", seed)) != 0) {
        return refused;
    }
    lua_pop(L, 2);
    return 0;
}

int wxl_new_recognition(lua_State *L, wxl_session *session)
{
    static const char *const no_more[] = {NULL};
    wxid_recognition recognition;
    int64_t now_ms = 0;
    uint64_t seed = 0;
    int of_path = 0;
    lua_settop(L, 3);
    int refused =
        wxl_read_recognition(L, 2, &recognition, &of_path, lua_isnil(L, 3) ? occasion : no_more);
    if (refused || (refused = read_now_and_seed(L, &now_ms, &seed)) != 0) {
        return refused;
    }
    wxl_slot *slot = wxl_new_slot(L);
    wxl_call *held = new_call(L, session, 4, WXL_BORROWED);
    held->image = recognition.image;
    if (wxid_call_new_recognition(&held->call, session->session, &recognition, now_ms, seed,
                                  &slot->error) != 0) {
        return wxl_fail(L, slot, of_path);
    }
    return 1;
}

static int read_token_fetch(lua_State *L, wxid_token_fetch *fetch)
{
    static const char *const names[] = {"appid",  "secret", "endpoint", "force_refresh",
                                        "now_ms", "seed",   NULL};
    static const wxid_token_fetch unset = WXID_TOKEN_FETCH_INIT;
    *fetch = unset;
    int refused = wxl_need_table(L, 2, "a token fetch");
    if (refused || (refused = wxl_refuse_unknown(L, 2, names)) != 0) {
        return refused;
    }
    lua_getfield(L, 2, "appid");
    lua_getfield(L, 2, "secret");
    lua_getfield(L, 2, "endpoint");
    lua_getfield(L, 2, "force_refresh");
    if (!lua_isnil(L, -1) && !lua_isboolean(L, -1)) {
        return wxl_refuse(L, "force_refresh must be true or false");
    }
    fetch->force_refresh = lua_toboolean(L, -1);
    if ((refused = wxl_read_text(L, -4, "appid", &fetch->appid)) != 0 ||
        (refused = wxl_read_text(L, -3, "secret", &fetch->secret)) != 0) {
        return refused;
    }
    return wxl_read_text(L, -2, "endpoint", &fetch->endpoint);
}

int wxl_new_token_fetch(lua_State *L, wxl_session *session)
{
    wxid_token_fetch fetch;
    int64_t now_ms = 0;
    uint64_t seed = 0;
    lua_settop(L, 3);
    int refused = read_token_fetch(L, &fetch);
    if (refused || (refused = read_now_and_seed(L, &now_ms, &seed)) != 0) {
        return refused;
    }
    wxl_slot *slot = wxl_new_slot(L);
    wxl_call *held = new_call(L, session, 3, 0); /* the core copies what it needs */
    if (wxid_call_new_token_fetch(&held->call, session->session, &fetch, now_ms, seed,
                                  &slot->error) != 0) {
        return wxl_fail(L, slot, 0);
    }
    return 1;
}

/* A table of what is in `names`. */
static int read_occasion(lua_State *L, const char *what, const char *const *names, int64_t *now_ms,
                         uint64_t *seed)
{
    lua_settop(L, 3);
    int refused = wxl_need_table(L, 2, what);
    if (refused || (refused = wxl_refuse_unknown(L, 2, names)) != 0) {
        return refused;
    }
    return read_now_and_seed(L, now_ms, seed);
}

int wxl_new_renewal(lua_State *L, wxl_session *session)
{
    int64_t now_ms = 0;
    uint64_t seed = 0;
    int refused = read_occasion(L, "a renewal", occasion, &now_ms, &seed);
    if (refused) {
        return refused;
    }
    wxl_call *held = new_call(L, session, 3, 0);
    return wxid_call_new_renewal(&held->call, session->session, now_ms, seed);
}

int wxl_new_refresh(lua_State *L, wxl_session *session)
{
    static const char *const names[] = {"force", "now_ms", "seed", NULL};
    static const char *const own[] = {"force", NULL};
    int64_t now_ms = 0;
    int64_t force = 0;
    uint64_t seed = 0;
    int refused = read_occasion(L, "options", lua_isnoneornil(L, 3) ? names : own, &now_ms, &seed);
    if (refused) {
        return refused;
    }
    lua_getfield(L, 2, "force");
    if ((refused = wxl_read_flag(L, -1, "force", &force)) != 0) {
        return refused;
    }
    wxl_slot *slot = wxl_new_slot(L);
    wxl_call *held = new_call(L, session, 3, 0);
    if (wxid_call_new_refresh(&held->call, session->session, force != 0, now_ms, seed,
                              &slot->error) != 0) {
        return wxl_fail(L, slot, 0);
    }
    return 1;
}

static int64_t check_now(lua_State *L)
{
    int64_t now_ms = 0;
    if (wxl_read_now(L, 2, "now_ms", &now_ms)) {
        luaL_error(L, "%s", lua_tostring(L, -1));
    }
    return now_ms;
}

static int step(lua_State *L)
{
    static const char *const names[] = {[WXID_STEP_TOKEN] = "token",
                                        [WXID_STEP_SEND] = "send",
                                        [WXID_STEP_WAIT] = "wait",
                                        [WXID_STEP_STORE] = "store",
                                        [WXID_STEP_DONE] = "done"};
    wxl_call *held = wxl_check_call(L);
    lua_pushstring(L, names[wxid_call_step(held->call, check_now(L))]);
    return 1;
}

static int failed_token(lua_State *L)
{
    lua_pushstring(L, wxid_call_failed_token(wxl_check_call(L)->call)); /* nil for NULL */
    return 1;
}

static int wait_ms(lua_State *L)
{
    wxl_push_whole(L, wxid_call_wait_ms(wxl_check_call(L)->call));
    return 1;
}

static int time_left_ms(lua_State *L)
{
    wxl_call *held = wxl_check_call(L);
    lua_pushnumber(L, (lua_Number)wxid_call_time_left_ms(held->call, check_now(L)));
    return 1;
}

static int is_fetching(lua_State *L)
{
    lua_pushboolean(L, wxid_call_is_fetching(wxl_check_call(L)->call));
    return 1;
}

static void set_text(lua_State *L, const char *name, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

/* Pushes a list of strings. The caller's picture is his string again, not a copy of it. */
static void push_body(lua_State *L, const wxl_call *held, const wxid_request *asked)
{
    lua_createtable(L, (int)asked->fragment_count, 0);
    for (size_t i = 0; i < asked->fragment_count; i++) {
        const wxid_fragment *fragment = &asked->body[i];
        if (held->image != NULL && fragment->data == held->image) {
            wxl_get_anchors(L, 1);
            lua_rawgeti(L, -1, 1);
            lua_remove(L, -2);
        } else {
            lua_pushlstring(L, fragment->data, fragment->length);
        }
        lua_rawseti(L, -2, (int)i + 1);
    }
}

static int request(lua_State *L)
{
    wxl_call *held = wxl_check_call(L);
    const wxid_request *asked = wxid_call_request(held->call);
    if (asked == NULL) {
        return 0;
    }
    lua_createtable(L, 0, 10);
    set_text(L, "method", asked->method);
    set_text(L, "scheme", asked->scheme);
    set_text(L, "host", asked->host);
    set_text(L, "target", asked->target);
    set_text(L, "url", asked->url);
    lua_pushlstring(L, asked->head, asked->head_length);
    lua_setfield(L, -2, "head");
    wxl_push_whole(L, asked->port);
    lua_setfield(L, -2, "port");
    wxl_push_whole(L, (int64_t)asked->body_length);
    lua_setfield(L, -2, "body_length");
    lua_createtable(L, 0, (int)asked->header_count);
    for (size_t i = 0; i < asked->header_count; i++) {
        set_text(L, asked->headers[i].name, asked->headers[i].value);
    }
    lua_setfield(L, -2, "headers");
    push_body(L, held, asked);
    lua_setfield(L, -2, "body");
    return 1;
}

static int store_request(lua_State *L)
{
    static const char *const actions[] = {[WXID_STORE_GET] = "get",
                                          [WXID_STORE_SET] = "set",
                                          [WXID_STORE_ADD] = "add",
                                          [WXID_STORE_DELETE] = "delete"};
    wxl_call *held = wxl_check_call(L);
    int64_t unix_ms = 0;
    if (wxl_read_unix(L, 2, "unix_ms", &unix_ms)) {
        return luaL_error(L, "%s", lua_tostring(L, -1));
    }
    const wxid_store_request *asked = wxid_call_store_request(held->call, unix_ms);
    if (asked == NULL) {
        return 0;
    }
    lua_createtable(L, 0, 4);
    set_text(L, "action", actions[asked->action]);
    set_text(L, "key", asked->key);
    set_text(L, "value", asked->value); /* nil for NULL */
    if (asked->ttl_ms > 0) {
        wxl_push_whole(L, asked->ttl_ms);
        lua_setfield(L, -2, "ttl");
    }
    return 1;
}

/* The call's memory goes at once: to the collector a call is small, but it may hold a picture. */
static void release(wxl_call *held)
{
    wxid_call_free(held->call);
    held->call = NULL;
}

static int take_card(lua_State *L)
{
    wxl_call *held = wxl_check_call(L);
    wxl_slot *slot = wxl_new_slot(L);
    int failed = wxid_call_take_card(&slot->value, held->call, &slot->error);
    release(held);
    return failed ? wxl_fail(L, slot, 0) : wxl_succeed(L, slot);
}

static int take_token(lua_State *L)
{
    wxl_call *held = wxl_check_call(L);
    wxl_slot *slot = wxl_new_slot(L);
    const char *token = NULL;
    int64_t expires_in_s = 0;
    if (wxid_call_take_token(&token, &expires_in_s, held->call, &slot->error) != 0) {
        release(held);
        return wxl_fail(L, slot, 0);
    }
    lua_pushstring(L, token);
    wxl_push_whole(L, expires_in_s);
    release(held);
    return 2;
}

static const luaL_Reg methods[] = {
    {"step", step},
    {"request", request},
    {"failed_token", failed_token},
    {"wait_ms", wait_ms},
    {"is_fetching", is_fetching},
    {"time_left_ms", time_left_ms},
    {"store_request", store_request},
    {"take_card", take_card},
    {"take_token", take_token},
    {"answer_token", wxl_answer_token},
    {"answer_provided", wxl_answer_provided},
    {"answer_reply", wxl_answer_reply},
    {"answer_exchange", wxl_answer_exchange},
    {"answer_failure", wxl_answer_failure},
    {"answer_waited", wxl_answer_waited},
    {"answer_store", wxl_answer_store},
    {"abandon", wxl_abandon},
    {NULL, NULL},
};

static const wxl_class call_class = {"wxidcard call", methods, finalize, NULL, NULL};
