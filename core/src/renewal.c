/* A renewal's beginning, its fetch, and its end. */
#include "renewal.h"

#include "buffer.h"
#include "errors.h"
#include "memory.h"
#include "text.h"
#include "token.h"

#include <stdio.h>
#include <stdlib.h>

/* Waiting for another caller's renewal. */
#define LEASE_POLL_MS 10

void wxid__renewal_adopt(wxid_call *call, int64_t now_ms, int64_t left_ms, int64_t life_ms)
{
    wxid__renewal *renewal = call->renewal;
    renewal->life_ms = life_ms;
    if (wxid__token_cache_adopt(call->session->cache, renewal->lease, now_ms, call->fetched_token,
                                left_ms, life_ms, wxid__random_next(&call->random)) != 0) {
        wxid_error_free(renewal->failure);
        renewal->failure = wxid__error_memory();
    }
}

void wxid__renewal_bound(wxid_call *call, int64_t now_ms)
{
    int64_t latest = wxid__time_after(now_ms, WXID__RENEWAL_MS);
    call->deadline_ms = call->deadline_ms < latest ? call->deadline_ms : latest;
}

static wxid_error *forced_too_soon(int64_t wait_ms)
{
    return wxid__error_format(WXID_KIND_RATE,
                              "the token was refreshed by force a moment ago, and the service "
                              "allows that once in 30 s: wait %lld s, or refresh without force",
                              (long long)((wait_ms + 999) / 1000));
}

/* Of two that were asked for at once only one may be sent. Returns 0 when it has ended. */
static int may_force(wxid_call *call, int64_t now_ms)
{
    int64_t wait_ms = wxid__token_cache_force_wait_ms(call->session->cache, now_ms);
    if (wait_ms > 0) {
        call->renewal->failure = forced_too_soon(wait_ms);
        wxid__renewal_unlock_and_end(call);
        return 0;
    }
    wxid__token_cache_note_force(call->session->cache, now_ms);
    return 1;
}

void wxid__renewal_fetch(wxid_call *call, int64_t now_ms)
{
    call->renewal->stage = WXID__RENEWAL_FETCH;
    wxid__renewal_bound(call, now_ms);
    if (!call->renewal->force || may_force(call, now_ms)) {
        wxid__call_send(call);
    }
}

/* A lease, unless there is one. Returns 0 when the call has to wait, or has ended. */
static int have_lease(wxid_call *call, int64_t now_ms)
{
    wxid__renewal *renewal = call->renewal;
    if (renewal->lease != 0) {
        return 1;
    }
    wxid__token_answer answer =
        wxid__token_cache_lease_anyway(call->session->cache, now_ms, call->deadline_ms);
    if (answer.state == WXID__TOKEN_WAIT) {
        wxid__call_wait_and_seek(call, LEASE_POLL_MS);
    } else if (answer.state == WXID__TOKEN_FAILED) {
        wxid__call_finish(call, answer.error);
    } else {
        renewal->lease = answer.lease;
    }
    return renewal->lease != 0;
}

static void seek(wxid_call *call, int64_t now_ms)
{
    wxid__renewal *renewal = call->renewal;
    if (!have_lease(call, now_ms)) {
        return;
    }
    wxid__text_free(renewal->replaced);
    if (wxid__token_cache_replaces(call->session->cache, &renewal->replaced,
                                   &renewal->was_refused) != 0) {
        wxid__call_finish(call, wxid__error_memory());
    } else if (!renewal->with_store) {
        wxid__renewal_fetch(call, now_ms);
    } else if (renewal->is_refresh) {
        wxid__renewal_take_lock(call);
    } else {
        wxid__renewal_look(call);
    }
}

/* ---- The fetch has ended ---- */

static void succeed(wxid_call *call, int64_t now_ms)
{
    int64_t life_ms = call->expires_in_s * 1000;
    wxid__renewal_adopt(call, now_ms, life_ms, life_ms);
    if (!call->renewal->with_store) {
        wxid__call_finish(call, NULL);
        return;
    }
    wxid__renewal_publish(call, now_ms);
}

static void fail(wxid_call *call, int64_t now_ms, wxid_error *error)
{
    wxid__renewal *renewal = call->renewal;
    if (wxid__error_is_own(error)) {
        /* What this process lacks, memory or descriptors, says nothing about the endpoint. */
        wxid__token_cache_give_back(call->session->cache, renewal->lease);
        renewal->failure = error;
        wxid__renewal_unlock_and_end(call);
        return;
    }
    renewal->failure = wxid__error_in_token_fetch(error);
    renewal->pause_ms = wxid__token_cache_fail(call->session->cache, renewal->lease, now_ms,
                                               renewal->failure, &renewal->failures);
    if (!renewal->has_lock || renewal->pause_ms <= 0) {
        wxid__renewal_unlock_and_end(call);
        return;
    }
    wxid__renewal_note_failure(call, now_ms);
}

static void settle(wxid_call *call, int64_t now_ms, wxid_error *error)
{
    wxid__request_clear(&call->request); /* it holds the secret */
    if (error == NULL) {
        succeed(call, now_ms);
    } else {
        fail(call, now_ms, error);
    }
}

/* ---- Beginning and end ---- */

/* Whatever ended it, nobody else has to wait for this one; and what the fetch failed with is the
 * result, even if a store was too slow to be told of it. */
static void end(wxid_call *call)
{
    wxid__renewal *renewal = call->renewal;
    if (renewal == NULL) {
        return;
    }
    if (renewal->lease != 0) {
        wxid__token_cache_give_back(call->session->cache, renewal->lease);
        renewal->lease = 0;
    }
    if (renewal->failure != NULL) {
        wxid_error_free(call->error);
        call->error = renewal->failure;
        renewal->failure = NULL;
    }
}

static void clear(wxid_call *call)
{
    wxid__renewal *renewal = call->renewal;
    wxid__token_fetch_clear(call);
    if (renewal != NULL) {
        wxid__text_free(renewal->replaced);
        wxid__text_free(renewal->token_key);
        wxid__text_free(renewal->lock_key);
        wxid__text_free(renewal->value);
        wxid_error_free(renewal->failure);
        free(renewal);
    }
}

static const wxid__operation renewal_operation = {
    .seek = seek,
    .build = wxid__token_fetch_build,
    .accept = wxid__token_fetch_accept,
    .settle = settle,
    .end = end,
    .clear = clear,
};

static char *compose_key(const wxid__token_cache *cache, const char *prefix)
{
    wxid__buffer key = WXID__BUFFER_INIT;
    wxid__buffer_text(&key, prefix);
    wxid__buffer_text(&key, wxid__token_cache_name(cache));
    return wxid__buffer_take(&key);
}

/* -1 without memory. */
static int furnish(wxid_call *call, int force)
{
    const wxid__token_cache *cache = call->session->cache;
    wxid__renewal *renewal = calloc(1, sizeof *renewal);
    call->renewal = renewal;
    if (renewal == NULL ||
        wxid__token_fetch_set(call, wxid__token_cache_appid(cache), wxid__token_cache_secret(cache),
                              wxid__token_cache_is_old_endpoint(cache), force) != 0) {
        return -1;
    }
    renewal->force = force;
    renewal->with_store = call->session->settings.token_store != 0;
    renewal->token_key = compose_key(cache, "wxidcard:token:");
    renewal->lock_key = compose_key(cache, "wxidcard:lock:");
    (void)snprintf(renewal->owner, sizeof renewal->owner, "%016llx",
                   (unsigned long long)wxid__random_next(&call->random));
    return renewal->token_key != NULL && renewal->lock_key != NULL ? 0 : -1;
}

/* Without a lease yet; NULL without memory. */
static wxid_call *make(wxid_session *session, int force, int64_t now_ms, uint64_t seed)
{
    wxid_call *call = wxid__call_new(&renewal_operation, session, now_ms, seed);
    if (call != NULL && furnish(call, force) != 0) {
        wxid_call_free(call);
        call = NULL;
    }
    return call;
}

wxid_call *wxid__renewal_new(wxid_session *session, uint64_t lease, int64_t deadline_ms,
                             uint64_t seed)
{
    wxid_call *call = make(session, 0, 0, seed);
    if (call == NULL) {
        wxid__token_cache_give_back(session->cache, lease);
        return NULL;
    }
    call->deadline_ms = deadline_ms;
    call->renewal->lease = lease;
    return call;
}

int wxid_call_new_renewal(wxid_call **call, wxid_session *session, int64_t now_ms, uint64_t seed)
{
    if (session->cache == NULL || !wxid__token_cache_is_stale(session->cache, now_ms)) {
        return 0; /* nearly always */
    }
    wxid_call *made = make(session, 0, now_ms, seed);
    if (made == NULL) {
        return 0;
    }
    made->renewal->in_background = 1;
    made->renewal->lease = wxid__token_cache_lease_stale(session->cache, now_ms, made->deadline_ms);
    if (made->renewal->lease == 0) { /* another was quicker */
        wxid_call_free(made);
        return 0;
    }
    *call = made;
    return 1;
}

static int check_refresh(const wxid_session *session, int force, int64_t now_ms, wxid_error **error)
{
    if (session->cache == NULL) {
        return wxid__fail(error, wxid_error_new(WXID_KIND_USAGE,
                                                "there is nothing to refresh: only tokens that are "
                                                "fetched with appid and secret can be"));
    }
    if (force && wxid__token_cache_is_old_endpoint(session->cache)) {
        return wxid__fail(error, wxid_error_new(WXID_KIND_USAGE,
                                                "force is for stable_token only: of the endpoint "
                                                "token every fetch invalidates the token before"));
    }
    int64_t wait_ms = force ? wxid__token_cache_force_wait_ms(session->cache, now_ms) : 0;
    return wait_ms > 0 ? wxid__fail(error, forced_too_soon(wait_ms)) : 0;
}

int wxid_call_new_refresh(wxid_call **call, wxid_session *session, int force, int64_t now_ms,
                          uint64_t seed, wxid_error **error)
{
    if (check_refresh(session, force != 0, now_ms, error) != 0) {
        return -1;
    }
    wxid_call *made = make(session, force != 0, now_ms, seed);
    if (made == NULL) {
        return wxid__fail(error, wxid__error_memory());
    }
    made->renewal->is_refresh = 1;
    *call = made;
    return 0;
}
