/* A renewal's dealings with the store that processes share. */
#include "renewal.h"

#include "errors.h"
#include "memory.h"
#include "text.h"
#include "token_record.h"

#include <string.h>

/* For what follows a fetch, however long that took. */
#define STORE_MS 2000
/* Waiting for another process's lock. */
#define LOCK_POLL_MS 50

/* ---- Asking ---- */

static void ask_store(wxid_call *call, wxid__renewal_stage stage, wxid_store_action action,
                      const char *key, int64_t ttl_ms)
{
    wxid__renewal *renewal = call->renewal;
    renewal->stage = stage;
    renewal->request = (wxid_store_request){action, key, NULL, ttl_ms};
    call->step = WXID_STEP_STORE;
}

void wxid__renewal_take_lock(wxid_call *call)
{
    ask_store(call, WXID__RENEWAL_LOCK, WXID_STORE_ADD, call->renewal->lock_key, WXID__RENEWAL_MS);
    call->renewal->request.value = call->renewal->owner;
}

void wxid__renewal_unlock_and_end(wxid_call *call)
{
    wxid__renewal *renewal = call->renewal;
    if (!renewal->has_lock) {
        wxid__call_finish(call, NULL);
        return;
    }
    renewal->has_lock = 0;
    ask_store(call, WXID__RENEWAL_UNLOCK, WXID_STORE_DELETE, renewal->lock_key, 0);
    renewal->request.value = renewal->owner;
}

/* Time for what is left to do with the store, whatever the fetch took. */
static void allow_for_store(wxid_call *call, int64_t now_ms)
{
    call->deadline_ms = wxid__time_after(now_ms, STORE_MS);
}

void wxid__renewal_look(wxid_call *call)
{
    ask_store(call, WXID__RENEWAL_LOOK, WXID_STORE_GET, call->renewal->token_key, 0);
}

void wxid__renewal_publish(wxid_call *call, int64_t now_ms)
{
    allow_for_store(call, now_ms);
    ask_store(call, WXID__RENEWAL_PUBLISH, WXID_STORE_SET, call->renewal->token_key,
              call->renewal->life_ms);
}

void wxid__renewal_note_failure(wxid_call *call, int64_t now_ms)
{
    wxid__renewal *renewal = call->renewal;
    allow_for_store(call, now_ms);
    ask_store(call, WXID__RENEWAL_NOTE_FAILURE, WXID_STORE_SET, renewal->lock_key,
              renewal->pause_ms);
}

/* ---- What others published ---- */

static int is_replaced(const wxid__renewal *renewal, const char *token)
{
    return renewal->replaced != NULL && strcmp(renewal->replaced, token) == 0;
}

/* What has so much left must not be dead, for a caller who waits for it, nor soon stale, for a
 * renewal that nobody waits for. */
static int lasts(const wxid__renewal *renewal, int64_t left_ms, int64_t life_ms)
{
    return left_ms > (renewal->in_background ? wxid__token_earliest_stale_ms(life_ms)
                                             : wxid__token_dead_ms(life_ms));
}

/* Takes what another process published, if it is of use: returns 1. */
static int take_published(wxid_call *call, int64_t now_ms, int64_t unix_ms, const char *record)
{
    wxid__renewal *renewal = call->renewal;
    char *token = NULL;
    int64_t left_ms = 0;
    int64_t life_ms = 0;
    if (record == NULL || renewal->is_refresh ||
        wxid__record_read_token(&token, &left_ms, &life_ms, record, unix_ms) <= 0) {
        return 0;
    }
    if (!lasts(renewal, left_ms, life_ms) ||
        (renewal->was_refused && is_replaced(renewal, token))) {
        wxid__text_free(token);
        return 0;
    }
    wxid__text_free(call->fetched_token);
    call->fetched_token = token;
    call->expires_in_s = left_ms / 1000;
    wxid__renewal_adopt(call, now_ms, left_ms, life_ms);
    return 1;
}

/* ---- Requests and answers ---- */

/* A time that can be reckoned with, whatever the driver's clock says. */
static int64_t sensible(int64_t unix_ms)
{
    const int64_t most = INT64_C(1) << 53;
    return unix_ms < 0 ? 0 : unix_ms > most ? most : unix_ms;
}

/* What the request carries is made late, since it holds points in time. Returns -1 without memory.
 */
static int fill_in(wxid__renewal *renewal, const char *token, int64_t unix_ms)
{
    wxid__text_free(renewal->value);
    renewal->value = NULL;
    if (renewal->stage == WXID__RENEWAL_PUBLISH) {
        renewal->value = wxid__record_of_token(token, unix_ms + renewal->life_ms, renewal->life_ms);
    } else if (renewal->stage == WXID__RENEWAL_NOTE_FAILURE) {
        renewal->value = wxid__record_of_failure(renewal->failure, renewal->failures,
                                                 unix_ms + renewal->pause_ms);
    } else {
        return 0;
    }
    renewal->request.value = renewal->value;
    return renewal->value != NULL ? 0 : -1;
}

const wxid_store_request *wxid_call_store_request(wxid_call *call, int64_t unix_ms)
{
    if (call->hosted != NULL) {
        return wxid_call_store_request(call->hosted, unix_ms);
    }
    if (call->step != WXID_STEP_STORE) {
        return NULL;
    }
    if (fill_in(call->renewal, call->fetched_token, sensible(unix_ms)) != 0) {
        wxid__call_finish(call, wxid__error_memory());
        return NULL;
    }
    return &call->renewal->request;
}

/* The failure that stands in place of the lock; NULL if it is none, or one that is over by this
 * process's clock: to ask again at once, for as long as the store keeps it, would be a storm. */
static wxid_error *read_failure(int64_t *failures, int64_t *wait_ms, const char *record,
                                int64_t unix_ms)
{
    wxid_error *error =
        record == NULL ? NULL : wxid__record_read_failure(failures, wait_ms, record, unix_ms);
    if (error != NULL && *wait_ms <= 0) {
        wxid_error_free(error);
        error = NULL;
    }
    return error != NULL ? wxid__error_in_token_fetch(error) : NULL;
}

/* Somebody else has the lock, or had it and failed. */
static void heed_lock(wxid_call *call, int64_t now_ms, int64_t unix_ms, const char *record)
{
    wxid__renewal *renewal = call->renewal;
    int64_t failures = 0;
    int64_t wait_ms = 0;
    wxid_error *error = read_failure(&failures, &wait_ms, record, unix_ms);
    if (error != NULL) {
        wxid__token_cache_fail_as(call->session->cache, renewal->lease, now_ms, error, failures,
                                  wait_ms);
        wxid__call_finish(call, error);
    } else if (renewal->in_background) {
        wxid__token_cache_leave(call->session->cache, renewal->lease, now_ms);
        wxid__call_finish(call, NULL);
    } else {
        wxid__call_wait_and_seek(
            call, LOCK_POLL_MS + (int64_t)(wxid__random_next(&call->random) % LOCK_POLL_MS));
    }
}

/* Without the store this process fetches for itself. */
static void go_on_without(wxid_call *call, int64_t now_ms)
{
    wxid__renewal *renewal = call->renewal;
    renewal->with_store = 0;
    renewal->has_lock = 0;
    if (renewal->stage < WXID__RENEWAL_FETCH) {
        wxid__renewal_fetch(call, now_ms);
    } else {
        wxid__call_finish(call, NULL);
    }
}

static void go_on(wxid_call *call, int64_t now_ms, int64_t unix_ms, const wxid_store_answer *answer)
{
    wxid__renewal *renewal = call->renewal;
    switch (renewal->stage) {
    case WXID__RENEWAL_LOOK:
        if (take_published(call, now_ms, unix_ms, answer->value)) {
            wxid__renewal_unlock_and_end(call);
        } else if (renewal->has_lock) {
            wxid__renewal_fetch(call, now_ms);
        } else {
            wxid__renewal_take_lock(call);
        }
        break;
    case WXID__RENEWAL_LOCK:
        renewal->has_lock = answer->stored;
        if (answer->stored) {
            wxid__renewal_bound(call, now_ms); /* the lock's time has begun */
            wxid__renewal_look(call);
        } else {
            ask_store(call, WXID__RENEWAL_READ_LOCK, WXID_STORE_GET, renewal->lock_key, 0);
        }
        break;
    case WXID__RENEWAL_READ_LOCK:
        heed_lock(call, now_ms, unix_ms, answer->value);
        break;
    case WXID__RENEWAL_PUBLISH:
        wxid__renewal_unlock_and_end(call);
        break;
    default:
        wxid__call_finish(call, NULL);
        break;
    }
}

int wxid_call_answer_store(wxid_call *call, int64_t now_ms, int64_t unix_ms,
                           const wxid_store_answer *answer, wxid_error **error)
{
    if (call->hosted != NULL) {
        return wxid_call_answer_store(call->hosted, now_ms, unix_ms, answer, error);
    }
    if (wxid__call_expect(call, WXID_STEP_STORE, error) != 0) {
        return -1;
    }
    if (answer == NULL || answer->version != WXID_STORE_ANSWER_VERSION) {
        return wxid__fail(error, wxid_error_new(WXID_KIND_USAGE,
                                                "the answer is missing or of another version: "
                                                "start from WXID_STORE_ANSWER_INIT"));
    }
    if (answer->failed) {
        go_on_without(call, now_ms);
    } else {
        go_on(call, now_ms, sensible(unix_ms), answer);
    }
    return 0;
}
