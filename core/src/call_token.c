/* Where a recognition has its token from. */
#include "call.h"

#include "errors.h"
#include "memory.h"
#include "renewal.h"
#include "text.h"

#include <string.h>

/* Others are fetching the token: looking again costs little. The random part keeps many callers
 * from looking at the same moment. */
#define POLL_MS 10
#define POLL_RANDOM_MS 10
/* A file is rewritten in a moment. */
#define FILE_POLL_MS 20
#define MOST_FILE_TRIES 10
/* It is better to say at once that no token can be had than to keep the caller longer than this. */
#define LONGEST_PAUSE_MS 4000

/* No other token than the one that was refused: sending that again would only cost a call. */
static void end_refused(wxid_call *call)
{
    wxid_error *refused = call->error;
    call->error = NULL;
    wxid__call_finish(call, refused);
}

/* Goes on with a token, which the call owns from now on; NULL stands for a lack of memory. */
static void use(wxid_call *call, char *token)
{
    if (token == NULL) {
        wxid__call_finish(call, wxid__error_memory());
        return;
    }
    wxid__text_free(call->token);
    call->token = token;
    wxid__call_send(call);
}

/* ---- A token provider ---- */

const char *wxid_call_failed_token(const wxid_call *call)
{
    return call->failed_token;
}

int wxid_call_answer_token(wxid_call *call, const char *token, wxid_error **error)
{
    if (wxid__call_expect(call, WXID_STEP_TOKEN, error) != 0) {
        return -1;
    }
    if (token == NULL || !wxid__token_valid(token)) {
        wxid__call_finish(
            call,
            wxid_error_new(WXID_KIND_USAGE,
                           "the token provided is empty, too long, or holds white space, quotes "
                           "or control characters: provide it as the service sent it"));
        return 0;
    }
    if (call->failed_token != NULL && strcmp(token, call->failed_token) == 0) {
        end_refused(call);
        return 0;
    }
    call->token = wxid__text_copy(token);
    if (call->token == NULL) {
        wxid__call_finish(call, wxid__error_memory());
    } else {
        wxid__call_send(call);
    }
    return 0;
}

/* ---- A token file ---- */

static void seek_in_file(wxid_call *call)
{
    char *token = NULL;
    wxid_error *problem = NULL;
    switch (
        wxid__token_file_read(&call->session->token_file, &token, call->failed_token, &problem)) {
    case WXID__TOKEN_FILE_READY:
        use(call, token);
        return;
    case WXID__TOKEN_FILE_NO_MEMORY:
        wxid__call_finish(call, wxid__error_memory());
        return;
    case WXID__TOKEN_FILE_LATER:
        break;
    }
    if (call->token_tries++ < MOST_FILE_TRIES) {
        wxid_error_free(problem);
        wxid__call_wait_and_seek(call, FILE_POLL_MS);
    } else if (call->failed_token != NULL) {
        wxid_error_free(problem);
        end_refused(call);
    } else {
        wxid__call_finish(call, problem);
    }
}

/* ---- Tokens of appid and secret ---- */

static void host_renewal(wxid_call *call, uint64_t lease)
{
    wxid_call *made = wxid__renewal_new(call->session, lease, call->deadline_ms,
                                        wxid__random_next(&call->random));
    if (made == NULL) { /* the lease has been given back */
        wxid__call_finish(call, wxid__error_memory());
        return;
    }
    call->hosted = made;
}

void wxid__call_end_hosted(wxid_call *call)
{
    wxid_call *hosted = call->hosted;
    wxid_error *error = hosted->error;
    call->hosted = NULL;
    hosted->error = NULL;
    int has_token = hosted->fetched_token != NULL;
    call->has_renewed |= call->failed_token != NULL && has_token;
    wxid_call_free(hosted);
    /* What the service or the way to it did is remembered where the token is sought again; what
     * this process lacks is not, and concerns this call only. */
    if (error != NULL && wxid__error_is_own(error)) {
        wxid__call_finish(call, error);
        return;
    }
    if (has_token) {
        wxid_error_free(error);
    } else {
        call->renewal_error = error;
    }
    call->step = WXID__STEP_SEEK;
}

/* Whether this can be another time, and is worth it. */
static int is_passing(const wxid_error *error)
{
    return wxid_error_retryable(error) && wxid_error_kind(error) != WXID_KIND_RATE;
}

/* It failed just now, here or elsewhere: the call waits for the next try or ends. Each such try
 * counts as one of the call's own. */
static void bear_failure(wxid_call *call, int64_t now_ms, const wxid__token_answer *answer)
{
    if (answer->error == NULL) {
        end_refused(call);
        return;
    }
    if (is_passing(answer->error) && call->token_tries < call->session->settings.max_retries &&
        answer->wait_ms <= LONGEST_PAUSE_MS &&
        answer->wait_ms < wxid_call_time_left_ms(call, now_ms)) {
        call->token_tries++;
        wxid_error_free(answer->error);
        wxid__call_wait_and_seek(call, answer->wait_ms);
        return;
    }
    wxid__call_finish(call, answer->error);
}

static void seek_in_cache(wxid_call *call, int64_t now_ms)
{
    wxid__token_cache *cache = call->session->cache;
    wxid_error *own = call->renewal_error;
    call->renewal_error = NULL;
    wxid__token_answer answer =
        wxid__token_cache_ask(cache, now_ms, call->deadline_ms, call->failed_token);
    switch (answer.state) {
    case WXID__TOKEN_READY:
        use(call, answer.token);
        break;
    case WXID__TOKEN_WAIT:
        wxid__call_wait_and_seek(
            call, POLL_MS + (int64_t)(wxid__random_next(&call->random) % POLL_RANDOM_MS));
        break;
    case WXID__TOKEN_RENEW:
        if (call->has_renewed) { /* and got the same token, or one that was refused too */
            wxid__token_cache_give_back(cache, answer.lease);
            end_refused(call);
        } else if (own != NULL) { /* it counts, though a slow store outlasted the pause */
            wxid__token_cache_give_back(cache, answer.lease);
            answer.error = own;
            own = NULL;
            bear_failure(call, now_ms, &answer);
        } else {
            host_renewal(call, answer.lease);
        }
        break;
    case WXID__TOKEN_FAILED:
        bear_failure(call, now_ms, &answer);
        break;
    case WXID__TOKEN_NO_MEMORY:
        wxid__call_finish(call, wxid__error_memory());
        break;
    }
    wxid_error_free(own);
}

void wxid__call_seek_token(wxid_call *call, int64_t now_ms)
{
    switch (call->session->credential) {
    case WXID__CREDENTIAL_TOKEN:
    case WXID__CREDENTIAL_CLOUDBASE:
        use(call, wxid__text_copy(call->session->token));
        break;
    case WXID__CREDENTIAL_APP:
        seek_in_cache(call, now_ms);
        break;
    case WXID__CREDENTIAL_PROVIDER:
        call->step = WXID_STEP_TOKEN;
        break;
    case WXID__CREDENTIAL_CLOUDBASE_FILE:
        seek_in_file(call);
        break;
    case WXID__CREDENTIAL_OPEN_SERVICE:
        wxid__call_send(call);
        break;
    }
}
