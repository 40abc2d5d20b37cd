#include "exchange.h"

#include "answers.h"
#include "call.h"
#include "values.h"

#include <wxidcard_connection.h>

/* ---- Trust ---- */

typedef struct held_trust {
    wxid_trust *trust;
} held_trust;

static int finalize_trust(lua_State *L)
{
    held_trust *held = lua_touserdata(L, 1);
    wxid_trust_free(held->trust);
    held->trust = NULL;
    return 0;
}

static const wxl_class trust_class; /* below, with the methods */

static wxid_trust *check_trust(lua_State *L)
{
    held_trust *held = wxl_check_object(L, 1, &trust_class);
    if (held->trust == NULL) {
        luaL_error(L, "this trust is gone"); /* met in another object's finalizer */
    }
    return held->trust;
}

static int64_t check_time(lua_State *L, int index, const char *name)
{
    int64_t time_ms = 0;
    if (wxl_read_now(L, index, name, &time_ms)) {
        luaL_error(L, "%s", lua_tostring(L, -1));
    }
    return time_ms;
}

static int allows_reuse(lua_State *L)
{
    const wxid_trust *trust = check_trust(L);
    lua_pushboolean(L, wxid_trust_allows_reuse(trust, check_time(L, 2, "now_ms")));
    return 1;
}

static int settling_ms(lua_State *L)
{
    const wxid_trust *trust = check_trust(L);
    int64_t idle_since_ms = check_time(L, 2, "idle_since_ms");
    wxl_push_whole(L, wxid_trust_settling_ms(trust, idle_since_ms, check_time(L, 3, "now_ms")));
    return 1;
}

static int lose(lua_State *L)
{
    wxid_trust *trust = check_trust(L);
    wxid_trust_lose(trust, check_time(L, 2, "now_ms"));
    return 0;
}

static const luaL_Reg trust_methods[] = {
    {"allows_reuse", allows_reuse},
    {"settling_ms", settling_ms},
    {"lose", lose},
    {NULL, NULL},
};

static const wxl_class trust_class = {"wxidcard trust", trust_methods, finalize_trust, NULL, NULL};

int wxl_new_trust(lua_State *L)
{
    held_trust *held = wxl_new_object(L, &trust_class, sizeof *held);
    held->trust = wxid_trust_new();
    return held->trust != NULL ? 1 : luaL_error(L, "not enough memory");
}

/* ---- Exchanges ---- */

/* Its anchor is the trust. */
typedef struct held_exchange {
    wxid_exchange *exchange; /* NULL once it has been answered with */
} held_exchange;

static void release(held_exchange *held)
{
    wxid_exchange_free(held->exchange);
    held->exchange = NULL;
}

static int finalize_exchange(lua_State *L)
{
    release(lua_touserdata(L, 1));
    return 0;
}

static const wxl_class exchange_class; /* below, with the methods */

static held_exchange *check_exchange(lua_State *L, int index)
{
    held_exchange *held = wxl_check_object(L, index, &exchange_class);
    if (held->exchange == NULL) {
        luaL_error(L, "this exchange is over");
    }
    return held;
}

static int check_flag(lua_State *L, int index, const char *name)
{
    if (!lua_isboolean(L, index)) {
        luaL_error(L, "%s must be true or false", name);
    }
    return lua_toboolean(L, index);
}

static int read_bytes(lua_State *L)
{
    wxid_exchange *exchange = check_exchange(L, 1)->exchange;
    const char *bytes = NULL;
    size_t length = 0;
    if (wxl_read_bytes(L, 2, "the bytes", &bytes, &length)) {
        return luaL_error(L, "%s", lua_tostring(L, -1));
    }
    int more = wxid_exchange_read(exchange, bytes, length, check_flag(L, 3, "sent_whole"));
    lua_pushboolean(L, more);
    return 1;
}

static int close_exchange(lua_State *L)
{
    wxid_exchange *exchange = check_exchange(L, 1)->exchange;
    wxid_exchange_close(exchange, check_flag(L, 2, "sent_whole"));
    return 0;
}

static int fail(lua_State *L)
{
    wxid_exchange *exchange = check_exchange(L, 1)->exchange;
    wxid_failure failure = wxl_check_failure(L, 2);
    wxid_exchange_fail(exchange, failure, check_flag(L, 3, "sent_whole"));
    return 0;
}

static int starts_afresh(lua_State *L)
{
    held_exchange *held = check_exchange(L, 1);
    int afresh = wxid_exchange_starts_afresh(held->exchange, check_time(L, 2, "now_ms"));
    if (afresh) {
        release(held); /* it holds a body's room, of which the collector knows nothing */
    }
    lua_pushboolean(L, afresh);
    return 1;
}

static const luaL_Reg exchange_methods[] = {
    {"read", read_bytes}, {"close", close_exchange},
    {"fail", fail},       {"starts_afresh", starts_afresh},
    {NULL, NULL},
};

static const wxl_class exchange_class = {"wxidcard exchange", exchange_methods, finalize_exchange,
                                         NULL, NULL};

int wxl_new_exchange(lua_State *L)
{
    wxid_trust *trust = check_trust(L);
    int reused = check_flag(L, 2, "reused");
    held_exchange *held = wxl_new_object(L, &exchange_class, sizeof *held);
    wxl_anchor(L, 1, 1);
    held->exchange = wxid_exchange_new(trust, reused);
    return held->exchange != NULL ? 1 : luaL_error(L, "not enough memory");
}

int wxl_answer_exchange(lua_State *L)
{
    wxl_call *call = wxl_check_call(L);
    int64_t now_ms = check_time(L, 2, "now_ms");
    held_exchange *held = check_exchange(L, 3);
    int keeps = wxid_exchange_keeps(held->exchange);
    int result = wxid_exchange_answer(held->exchange, call->call, now_ms, NULL);
    release(held);
    wxl_in_turn(L, result, "send");
    lua_pushboolean(L, keeps);
    return 1;
}

int wxl_certificate_detail(lua_State *L)
{
    int64_t number = 0;
    if (wxl_read_count(L, 1, "the number", &number)) {
        return luaL_error(L, "%s", lua_tostring(L, -1));
    }
    lua_pushstring(L, wxid_certificate_detail((long)number));
    return 1;
}
