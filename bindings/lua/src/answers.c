#include "answers.h"

#include "call.h"
#include "options.h"
#include "values.h"

#include <string.h>

/* Raises what a reader refused. */
static void insist(lua_State *L, int refused)
{
    if (refused) {
        luaL_error(L, "%s", lua_tostring(L, -1));
    }
}

static int64_t check_now(lua_State *L)
{
    int64_t now_ms = 0;
    insist(L, wxl_read_now(L, 2, "now_ms", &now_ms));
    return now_ms;
}

int wxl_in_turn(lua_State *L, int result, const char *step)
{
    return result == 0 ? 0 : luaL_error(L, "the call is not at the step '%s'", step);
}

int wxl_answer_token(lua_State *L)
{
    wxl_call *held = wxl_check_call(L);
    const char *token = NULL;
    insist(L, wxl_read_text(L, 2, "the token", &token));
    if (token == NULL) {
        return luaL_error(L, "the token is missing: abandon the call instead");
    }
    return wxl_in_turn(L, wxid_call_answer_token(held->call, token, NULL), "token");
}

int wxl_answer_provided(lua_State *L)
{
    wxl_call *held = wxl_check_call(L);
    const char *token = NULL;
    lua_settop(L, 2);
    if (wxl_read_provided(L, 2, &token)) {
        return 2;
    }
    wxl_in_turn(L, wxid_call_answer_token(held->call, token, NULL), "token");
    lua_pushboolean(L, 1);
    return 1;
}

/* Reads a field of the reply at 3 and leaves it on the stack, where the reply borrows it. */
static void read_header(lua_State *L, const char *name, const char **value)
{
    lua_getfield(L, 3, name);
    insist(L, wxl_read_text(L, -1, name, value));
}

static void read_reply(lua_State *L, wxid_reply *reply)
{
    const char *body = NULL;
    int64_t status = 0;
    insist(L, wxl_need_table(L, 3, "a reply"));
    read_header(L, "retry_after", &reply->retry_after);
    read_header(L, "date", &reply->date);
    lua_getfield(L, 3, "body");
    insist(L, wxl_read_bytes(L, -1, "body", &body, &reply->body_length));
    reply->body = body;
    lua_getfield(L, 3, "request_incomplete");
    reply->request_incomplete = lua_toboolean(L, -1);
    lua_getfield(L, 3, "status");
    insist(L, wxl_read_count(L, -1, "status", &status));
    if (status < 100 || status > 999) {
        luaL_error(L, "status must be an HTTP status");
    }
    reply->status = (int)status;
}

int wxl_answer_reply(lua_State *L)
{
    wxl_call *held = wxl_check_call(L);
    int64_t now_ms = check_now(L);
    wxid_reply reply = WXID_REPLY_INIT;
    read_reply(L, &reply);
    return wxl_in_turn(L, wxid_call_answer_reply(held->call, now_ms, &reply, NULL), "send");
}

wxid_failure wxl_check_failure(lua_State *L, int index)
{
    static const char *const names[] = {
        [WXID_FAILURE_CONNECT] = "connect",   [WXID_FAILURE_TIMEOUT] = "timeout",
        [WXID_FAILURE_TLS] = "tls",           [WXID_FAILURE_NETWORK] = "network",
        [WXID_FAILURE_PROTOCOL] = "protocol", [WXID_FAILURE_SYSTEM] = "system",
        [WXID_FAILURE_MEMORY] = "memory",     NULL};
    const char *name = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : "";
    for (int i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0) {
            return (wxid_failure)i;
        }
    }
    luaL_error(L, "there is no failure named '%s'", name);
    return WXID_FAILURE_NETWORK;
}

int wxl_answer_failure(lua_State *L)
{
    wxl_call *held = wxl_check_call(L);
    int64_t now_ms = check_now(L);
    wxid_failure failure = wxl_check_failure(L, 3);
    const char *detail = NULL;
    luaL_argcheck(L, lua_isboolean(L, 4), 4,
                  "whether a byte of the request was sent: true or false");
    insist(L, wxl_read_text(L, 5, "the detail", &detail));
    return wxl_in_turn(
        L, wxid_call_answer_failure(held->call, now_ms, failure, lua_toboolean(L, 4), detail, NULL),
        "send");
}

int wxl_answer_waited(lua_State *L)
{
    wxl_call *held = wxl_check_call(L);
    return wxl_in_turn(L, wxid_call_answer_waited(held->call, check_now(L), NULL), "wait");
}

int wxl_answer_store(lua_State *L)
{
    wxl_call *held = wxl_check_call(L);
    int64_t now_ms = check_now(L);
    int64_t unix_ms = 0;
    size_t length = 0; /* what comes behind a zero byte is not read: no record has one */
    wxid_store_answer answer = WXID_STORE_ANSWER_INIT;
    insist(L, wxl_read_unix(L, 3, "unix_ms", &unix_ms));
    insist(L, wxl_need_table(L, 4, "the store's answer"));
    lua_getfield(L, 4, "failed");
    answer.failed = lua_toboolean(L, -1);
    lua_getfield(L, 4, "stored");
    answer.stored = lua_toboolean(L, -1);
    lua_getfield(L, 4, "value"); /* stays on the stack, where the answer borrows it */
    insist(L, wxl_read_bytes(L, -1, "value", &answer.value, &length));
    return wxl_in_turn(L, wxid_call_answer_store(held->call, now_ms, unix_ms, &answer, NULL),
                       "store");
}

int wxl_abandon(lua_State *L)
{
    wxl_call *held = wxl_check_call(L);
    const char *message = NULL;
    insist(L, wxl_read_text(L, 2, "the message", &message));
    if (message == NULL) {
        message = wxid_kind_info_at(WXID_KIND_INTERRUPTED)->meaning;
    }
    wxid_call_abandon(held->call, wxid_error_new(WXID_KIND_INTERRUPTED, message));
    return 0;
}
