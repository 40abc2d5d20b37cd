/* The operation that fetches an access token, from either of the service's two endpoints. */
#include "token.h"

#include "errors.h"
#include "memory.h"
#include "reply.h"
#include "text.h"

#include <string.h>

#define SHORTEST_LIFE_S 60
#define LONGEST_LIFE_S 7200

int wxid__token_fetch_build(wxid_call *call)
{
    const wxid__origin *origin = &call->session->origin;
    if (call->old_endpoint) {
        return wxid__request_token(&call->request, origin, call->appid, call->secret);
    }
    return wxid__request_stable_token(&call->request, origin, call->appid, call->secret,
                                      call->force_refresh);
}

/* Seconds of life: a number, or text of one; within bounds, whatever the service says. */
static int64_t read_life(const wxid_value *object)
{
    const wxid_value *value = wxid_value_get(object, "expires_in");
    int64_t life = 0;
    if (value != NULL && wxid_value_type(value) == WXID_TYPE_STRING) {
        (void)wxid__decimal(&life, wxid_value_string(value, NULL));
    } else if (value != NULL) {
        double number = wxid_value_number(value);
        life = number > LONGEST_LIFE_S ? LONGEST_LIFE_S : number < 0 ? 0 : (int64_t)number;
    }
    return life < SHORTEST_LIFE_S ? SHORTEST_LIFE_S : life > LONGEST_LIFE_S ? LONGEST_LIFE_S : life;
}

int wxid__token_fetch_accept(wxid_call *call, const wxid_reply *reply, wxid_error **error)
{
    const char *const secrets[] = {call->secret, NULL};
    wxid_error *problem = NULL;
    wxid_value *object = wxid__reply_read(reply, wxid__token_fields, secrets, &problem);
    if (object == NULL) {
        return wxid__fail(error, wxid__error_blame_credential(problem));
    }
    const char *token = wxid_value_string(wxid_value_get(object, "access_token"), NULL);
    int valid = token != NULL && wxid__token_valid(token);
    call->expires_in_s = read_life(object);
    call->fetched_token = valid ? wxid__text_copy(token) : NULL;
    wxid_value_free(object);
    if (call->fetched_token == NULL) {
        return wxid__fail(error, valid
                                     ? wxid__error_memory()
                                     : wxid__error_protocol("the reply's access_token is no token",
                                                            reply->status, reply->body_length));
    }
    return 0;
}

void wxid__token_fetch_clear(wxid_call *call)
{
    wxid__text_free(call->appid);
    wxid__text_free(call->secret);
    wxid__text_free(call->fetched_token);
}

static void seek(wxid_call *call, int64_t now_ms)
{
    (void)now_ms;
    wxid__call_send(call);
}

static const wxid__operation token_operation = {
    .seek = seek,
    .build = wxid__token_fetch_build,
    .accept = wxid__token_fetch_accept,
    .clear = wxid__token_fetch_clear,
};

/* What is let through needs no escaping in JSON. */
int wxid__token_fetch_check(const wxid_token_fetch *fetch, wxid_error **error)
{
    const char *problem = NULL;
    if (fetch == NULL || fetch->version != WXID_TOKEN_FETCH_VERSION) {
        problem =
            "the token fetch is missing or of another version: start from WXID_TOKEN_FETCH_INIT";
    } else if (fetch->appid == NULL || fetch->secret == NULL) {
        problem = fetch->appid == NULL ? "appid is missing: give appid and secret together"
                                       : "secret is missing: give appid and secret together";
    } else if (fetch->appid[0] == '\0' || strlen(fetch->appid) > 128 ||
               strspn(fetch->appid, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789_-") != strlen(fetch->appid)) {
        problem = "appid is no app id: it has letters, digits, - and _, like wx0123456789abcdef";
    } else if (!wxid__token_valid(fetch->secret)) {
        problem = "secret is empty, too long, or holds white space, quotes or control characters";
    } else if (fetch->endpoint != NULL && strcmp(fetch->endpoint, "token") != 0 &&
               strcmp(fetch->endpoint, "stable_token") != 0) {
        problem = "token_endpoint must be \"stable_token\" or \"token\"";
    } else if (fetch->force_refresh && fetch->endpoint != NULL &&
               strcmp(fetch->endpoint, "token") == 0) {
        problem =
            "force_refresh is for stable_token only: every call of token invalidates the old one";
    }
    return problem == NULL ? 0 : wxid__fail(error, wxid_error_new(WXID_KIND_USAGE, problem));
}

int wxid__token_fetch_set(wxid_call *call, const char *appid, const char *secret, int old_endpoint,
                          int force_refresh)
{
    call->appid = wxid__text_copy(appid);
    call->secret = wxid__text_copy(secret);
    call->old_endpoint = old_endpoint;
    call->force_refresh = force_refresh;
    return call->appid != NULL && call->secret != NULL ? 0 : -1;
}

int wxid_call_new_token_fetch(wxid_call **call, wxid_session *session,
                              const wxid_token_fetch *fetch, int64_t now_ms, uint64_t seed,
                              wxid_error **error)
{
    if (wxid__token_fetch_check(fetch, error) != 0) {
        return -1;
    }
    wxid_call *made = wxid__call_new(&token_operation, session, now_ms, seed);
    if (made == NULL) {
        return wxid__fail(error, wxid__error_memory());
    }
    int old_endpoint = fetch->endpoint != NULL && strcmp(fetch->endpoint, "token") == 0;
    if (wxid__token_fetch_set(made, fetch->appid, fetch->secret, old_endpoint,
                              fetch->force_refresh) != 0) {
        wxid_call_free(made);
        return wxid__fail(error, wxid__error_memory());
    }
    wxid__call_begin(made, now_ms);
    *call = made;
    return 0;
}

int wxid_call_take_token(const char **token, int64_t *expires_in_s, wxid_call *call,
                         wxid_error **error)
{
    if (call->fetched_token != NULL) {
        *token = call->fetched_token;
        *expires_in_s = call->expires_in_s;
        return 0;
    }
    wxid_error *result = call->error;
    call->error = NULL;
    if (result == NULL) {
        result = wxid_error_new(WXID_KIND_USAGE,
                                "there is no token to take: the call has not ended, its "
                                "result was taken, or it recognises a card");
    }
    return wxid__fail(error, result);
}
