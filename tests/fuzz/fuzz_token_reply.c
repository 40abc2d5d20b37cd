/* The reply to a token fetch: any bytes under any HTTP status. Input: a choice of status and of
 * endpoint, the body.
 *
 * What comes out is a token, of the characters that may stand in a query and with a life of 60 to
 * 7,200 s, or an error, of neither of which the secret is a part. */
#include "input.h"
#include "properties.h"

#include "errors.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#define SECRET MARK "_secret_of_an_account"

static const int statuses[] = {200, 200, 200, 200, 400, 404, 412, 429, 500, 502, 503, 504};

static wxid_session *the_session(void)
{
    static wxid_session *session = NULL;
    if (session == NULL) {
        wxid_settings settings = WXID_SETTINGS_INIT;
        settings.access_token = MARK "_token";
        settings.max_retries = 0;
        HOLDS(wxid_session_new(&session, &settings, NULL) == 0);
    }
    return session;
}

static wxid_call *new_fetch(const char *endpoint)
{
    wxid_token_fetch fetch = WXID_TOKEN_FETCH_INIT;
    wxid_call *call = NULL;
    fetch.appid = "wx0123456789abcdef";
    fetch.secret = SECRET;
    fetch.endpoint = endpoint;
    HOLDS(wxid_call_new_token_fetch(&call, the_session(), &fetch, 0, 1, NULL) == 0);
    HOLDS(wxid_call_step(call, 0) == WXID_STEP_SEND);
    return call;
}

/* By another reader: a whole number of seconds is taken as it is, within bounds. */
static void check_life(int64_t life, const char *body, size_t length)
{
    cJSON *document = cJSON_ParseWithLength(body, length);
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(document, "expires_in");
    HOLDS(life >= 60 && life <= 7200);
    if (cJSON_IsNumber(item)) {
        double bounded = item->valuedouble < 60     ? 60
                         : item->valuedouble > 7200 ? 7200
                                                    : item->valuedouble;
        HOLDS(life == (int64_t)bounded);
    }
    cJSON_Delete(document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    input from = {data, length};
    wxid_reply reply = WXID_REPLY_INIT;
    wxid_error *error = NULL;
    const char *token = NULL;
    int64_t life = 0;
    reply.status = statuses[take_below(&from, sizeof statuses / sizeof statuses[0])];
    wxid_call *call = new_fetch(take_below(&from, 2) == 0 ? "stable_token" : "token");
    char *body = copy_of(from.data, from.length);
    reply.body = body;
    reply.body_length = from.length;
    HOLDS(wxid_call_answer_reply(call, 1, &reply, NULL) == 0);
    HOLDS(wxid_call_step(call, 2) == WXID_STEP_DONE);
    if (wxid_call_take_token(&token, &life, call, &error) == 0) {
        HOLDS(error == NULL && reply.status == 200);
        HOLDS(is_token(token));
        check_life(life, body, from.length);
    } else {
        HOLDS(token == NULL);
        check_error(error, SECRET);
        HOLDS(wxid_error_kind(error) != WXID_KIND_TOKEN);
    }
    wxid_error_free(error);
    wxid_call_free(call);
    free(body);
    return 0;
}
