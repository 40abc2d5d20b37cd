/* The call machine: steps, deadline, retries. No IO, no clock: the driver brings both. */
#include "call.h"

#include "errors.h"
#include "memory.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* No call is sent more often, whatever the reasons. */
#define MOST_ATTEMPTS 3
#define MOST_AMBIGUOUS_RETRIES 1
#define MOST_RENEWALS 1
/* Full jitter: a random time up to a bound that doubles. */
#define FIRST_BACK_OFF_MS 250
#define LONGEST_BACK_OFF_MS 4000

/* Why a call may be tried again; the letters are those of docs/architecture.md. */
typedef enum retry_class {
    RETRY_NEVER = 'N',
    RETRY_SAFE = 'S',      /* nothing was sent */
    RETRY_AMBIGUOUS = 'A', /* something was: the service may have counted it */
    RETRY_BUSY = 'B',      /* the server said so */
    RETRY_TOKEN = 'T'      /* with another token */
} retry_class;

void wxid__call_finish(wxid_call *call, wxid_error *error)
{
    wxid_error_free(call->error);
    call->error = error;
    call->step = WXID_STEP_DONE;
    if (call->operation->end != NULL) {
        call->operation->end(call);
    }
    wxid_call_free(call->hosted);
    call->hosted = NULL;
    wxid__request_clear(&call->request);
    wxid__image_clear(&call->image);
}

void wxid__call_send(wxid_call *call)
{
    if (call->operation->build(call) != 0) {
        wxid__call_finish(call, wxid__error_memory());
        return;
    }
    call->attempts++;
    call->step = WXID_STEP_SEND;
}

void wxid__call_wait_and_seek(wxid_call *call, int64_t wait_ms)
{
    call->seeks_again = 1;
    call->wait_ms = wait_ms;
    call->step = WXID_STEP_WAIT;
}

wxid_call *wxid__call_new(const wxid__operation *operation, wxid_session *session, int64_t now_ms,
                          uint64_t seed)
{
    wxid_call *call = calloc(1, sizeof *call);
    if (call != NULL) {
        call->operation = operation;
        call->session = session;
        call->step = WXID__STEP_SEEK;
        call->random = seed;
        call->deadline_ms = wxid__time_after(now_ms, session->settings.timeout_ms);
    }
    return call;
}

void wxid_call_free(wxid_call *call)
{
    if (call != NULL) {
        if (call->step != WXID_STEP_DONE && call->operation->end != NULL) {
            call->operation->end(call);
        }
        wxid_call_free(call->hosted);
        call->operation->clear(call);
        wxid__request_clear(&call->request);
        wxid__image_clear(&call->image);
        wxid__text_free(call->token);
        wxid__text_free(call->failed_token);
        wxid_error_free(call->renewal_error);
        wxid_error_free(call->error);
        free(call);
    }
}

int wxid_call_is_fetching(const wxid_call *call)
{
    return call->step != WXID_STEP_DONE && (call->hosted != NULL || call->renewal != NULL);
}

int64_t wxid_call_time_left_ms(const wxid_call *call, int64_t now_ms)
{
    int64_t deadline_ms = call->deadline_ms;
    if (call->hosted != NULL && call->hosted->deadline_ms < deadline_ms) {
        deadline_ms = call->hosted->deadline_ms;
    }
    if (now_ms >= deadline_ms) {
        return 0;
    }
    /* A clock may start below 0, where the difference could overflow. */
    return now_ms < 0 && deadline_ms > INT64_MAX + now_ms ? INT64_MAX : deadline_ms - now_ms;
}

/* Past its deadline. */
static void time_out(wxid_call *call, int64_t now_ms)
{
    if (call->operation->settle == NULL) { /* else the call that hosts it pays */
        wxid__session_note_timeout(call->session);
    } else if (call->step == WXID_STEP_SEND) {
        const char *meaning = wxid_kind_info_at(WXID_KIND_TIMEOUT)->meaning;
        call->operation->settle(call, now_ms, wxid_error_new(WXID_KIND_TIMEOUT, meaning));
        return;
    }
    wxid__call_finish(call,
                      wxid__error_format(WXID_KIND_TIMEOUT, "the call did not end within %lld ms",
                                         (long long)call->session->settings.timeout_ms));
}

wxid_step wxid_call_step(wxid_call *call, int64_t now_ms)
{
    for (;;) {
        if (call->hosted != NULL && wxid_call_step(call->hosted, now_ms) == WXID_STEP_DONE) {
            wxid__call_end_hosted(call);
        }
        if (call->step != WXID_STEP_DONE && now_ms >= call->deadline_ms) {
            time_out(call, now_ms);
        }
        if (call->hosted != NULL) {
            return call->hosted->step;
        }
        if (call->step != WXID__STEP_SEEK) {
            return call->step;
        }
        call->operation->seek(call, now_ms);
    }
}

void wxid__call_begin(wxid_call *call, int64_t now_ms)
{
    if (!call->operation->uses_token || call->session->cache == NULL) {
        (void)wxid_call_step(call, now_ms);
    }
}

void wxid_call_abandon(wxid_call *call, wxid_error *error)
{
    if (call->step == WXID_STEP_DONE) {
        wxid_error_free(error);
    } else {
        wxid__call_finish(call, error != NULL ? error : wxid__error_memory());
    }
}

int wxid__call_expect(const wxid_call *call, wxid_step step, wxid_error **error)
{
    if (call->step != step) {
        return wxid__fail(error,
                          wxid_error_new(WXID_KIND_USAGE,
                                         "the call is at another step: ask for the step, and "
                                         "answer that one"));
    }
    return 0;
}

const wxid_request *wxid_call_request(const wxid_call *call)
{
    if (call->hosted != NULL) {
        return wxid_call_request(call->hosted);
    }
    return call->step == WXID_STEP_SEND ? &call->request.shown : NULL;
}

/* Whether the class, the settings and what has been done already leave room for another attempt. */
static int may_retry(const wxid_call *call, retry_class class)
{
    if (call->attempts >= MOST_ATTEMPTS) {
        return 0;
    }
    switch (class) {
    case RETRY_TOKEN:
        return call->operation->uses_token && wxid__credential_renews(call->session->credential) &&
               call->renewals < MOST_RENEWALS;
    case RETRY_AMBIGUOUS:
        return call->retries < call->session->settings.max_retries &&
               call->ambiguous < MOST_AMBIGUOUS_RETRIES;
    case RETRY_SAFE:
    case RETRY_BUSY:
        return call->retries < call->session->settings.max_retries;
    default:
        return 0;
    }
}

/* The call goes on with another token, if there is one. */
static void renew_token(wxid_call *call, wxid_error *error)
{
    wxid_error_free(call->error);
    call->error = error; /* the result if the renewal brings the same token */
    wxid__request_clear(&call->request);
    wxid__text_free(call->failed_token);
    call->failed_token = call->token;
    call->token = NULL;
    call->renewals++;
    call->step = WXID__STEP_SEEK;
}

static int64_t back_off_ms(wxid_call *call)
{
    int64_t bound = (int64_t)FIRST_BACK_OFF_MS << call->retries;
    bound = bound > LONGEST_BACK_OFF_MS ? LONGEST_BACK_OFF_MS : bound;
    return (int64_t)(wxid__random_next(&call->random) % (uint64_t)(bound + 1));
}

/* Takes the error over: the call goes on, or ends with it. asked_ms: what Retry-After said, or -1.
 */
static void retry_or_finish(wxid_call *call, int64_t now_ms, retry_class class, int64_t asked_ms,
                            wxid_error *error)
{
    if (!may_retry(call, class)) {
        wxid__call_finish(call, error);
        return;
    }
    if (class == RETRY_TOKEN) {
        renew_token(call, error);
        return;
    }
    int64_t wait = asked_ms >= 0 ? asked_ms : back_off_ms(call);
    if (wait >= wxid_call_time_left_ms(call, now_ms) || !wxid__session_pay_retry(call->session)) {
        wxid__call_finish(call, error);
        return;
    }
    wxid_error_free(error);
    wxid__request_clear(&call->request);
    call->retries++;
    call->ambiguous += class == RETRY_AMBIGUOUS;
    call->seeks_again = 0;
    call->wait_ms = wait;
    call->step = WXID_STEP_WAIT;
}

/* Milliseconds of a Retry-After header: seconds, or a date (which, without a clock of our own, is
 * reckoned from the reply's Date). -1 for none, or for what is neither. */
static int64_t retry_after_ms(const wxid_reply *reply)
{
    int64_t seconds = 0;
    int64_t then = 0;
    int64_t server_now = 0;
    if (reply->retry_after == NULL) {
        return -1;
    }
    if (!wxid__decimal(&seconds, reply->retry_after)) {
        if (reply->date == NULL || !wxid__http_date(&then, reply->retry_after) ||
            !wxid__http_date(&server_now, reply->date)) {
            return -1;
        }
        seconds = then > server_now ? then - server_now : 0;
    }
    if (seconds < 0) {
        return -1;
    }
    return seconds > INT64_MAX / 1000 ? INT64_MAX : seconds * 1000;
}

int wxid_call_answer_reply(wxid_call *call, int64_t now_ms, const wxid_reply *reply,
                           wxid_error **error)
{
    wxid_error *problem = NULL;
    if (call->hosted != NULL) {
        return wxid_call_answer_reply(call->hosted, now_ms, reply, error);
    }
    if (wxid__call_expect(call, WXID_STEP_SEND, error) != 0) {
        return -1;
    }
    if (reply->request_incomplete && reply->status == 200) {
        /* It was sent before the picture was there, so it must be the answer to something else. */
        problem = wxid__error_protocol("an answer came before the request had been sent", 200,
                                       reply->body_length);
        wxid__call_finish(call, problem);
        return 0;
    }
    int accepted = call->operation->accept(call, reply, &problem) == 0;
    retry_class class = accepted ? RETRY_NEVER : (retry_class)wxid__error_retry_class(problem);
    if (accepted) {
        wxid__session_note_success(call->session);
    }
    if (call->operation->uses_token && (accepted || wxid_error_errcode(problem, NULL)) &&
        class != RETRY_TOKEN) {
        wxid__session_note_accepted(call->session, call->token);
    }
    if (call->operation->settle != NULL) {
        call->operation->settle(call, now_ms, problem);
    } else if (accepted) {
        wxid__call_finish(call, NULL);
    } else {
        retry_or_finish(call, now_ms, class, retry_after_ms(reply), problem);
    }
    return 0;
}

typedef struct failure_row {
    wxid_kind kind;
    retry_class unsent;
    retry_class sent;
} failure_row;

static const failure_row failures[] = {
    [WXID_FAILURE_CONNECT] = {WXID_KIND_CONNECT, RETRY_SAFE, RETRY_AMBIGUOUS},
    [WXID_FAILURE_TIMEOUT] = {WXID_KIND_TIMEOUT, RETRY_SAFE, RETRY_AMBIGUOUS},
    [WXID_FAILURE_TLS] = {WXID_KIND_TLS, RETRY_NEVER, RETRY_NEVER},
    [WXID_FAILURE_NETWORK] = {WXID_KIND_NETWORK, RETRY_SAFE, RETRY_AMBIGUOUS},
    [WXID_FAILURE_PROTOCOL] = {WXID_KIND_PROTOCOL, RETRY_NEVER, RETRY_NEVER},
    [WXID_FAILURE_SYSTEM] = {WXID_KIND_SYSTEM, RETRY_NEVER, RETRY_NEVER},
    [WXID_FAILURE_MEMORY] = {WXID_KIND_MEMORY, RETRY_NEVER, RETRY_NEVER},
};

int wxid_call_answer_failure(wxid_call *call, int64_t now_ms, wxid_failure failure, int sent,
                             const char *detail, wxid_error **error)
{
    if (call->hosted != NULL) {
        return wxid_call_answer_failure(call->hosted, now_ms, failure, sent, detail, error);
    }
    if (wxid__call_expect(call, WXID_STEP_SEND, error) != 0) {
        return -1;
    }
    if ((int)failure < 0 || (size_t)failure >= sizeof failures / sizeof failures[0]) {
        return wxid__fail(error, wxid_error_new(WXID_KIND_USAGE, "there is no such failure"));
    }
    const failure_row *row = &failures[failure];
    const char *meaning = wxid_kind_info_at(row->kind)->meaning;
    wxid_error *problem = detail == NULL ? wxid_error_new(row->kind, meaning)
                                         : wxid__error_format(row->kind, "%s: %s", meaning, detail);
    if (failure == WXID_FAILURE_TIMEOUT) {
        wxid__session_note_timeout(call->session);
    }
    if (call->operation->settle != NULL) {
        call->operation->settle(call, now_ms, problem);
    } else {
        retry_or_finish(call, now_ms, sent ? row->sent : row->unsent, -1, problem);
    }
    return 0;
}

int64_t wxid_call_wait_ms(const wxid_call *call)
{
    if (call->hosted != NULL) {
        return wxid_call_wait_ms(call->hosted);
    }
    return call->step == WXID_STEP_WAIT ? call->wait_ms : 0;
}

int wxid_call_answer_waited(wxid_call *call, int64_t now_ms, wxid_error **error)
{
    if (call->hosted != NULL) {
        return wxid_call_answer_waited(call->hosted, now_ms, error);
    }
    if (wxid__call_expect(call, WXID_STEP_WAIT, error) != 0) {
        return -1;
    }
    if (wxid_call_step(call, now_ms) == WXID_STEP_DONE) {
        return 0;
    }
    if (call->seeks_again) {
        call->step = WXID__STEP_SEEK;
    } else {
        wxid__call_send(call);
    }
    return 0;
}
