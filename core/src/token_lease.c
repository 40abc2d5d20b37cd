/* The life of a token, and the leases to renew it. */
#include "errors.h"
#include "memory.h"
#include "token_state.h"

#include <string.h>

#define SECOND_MS INT64_C(1000)
/* At a random point between these before a token's end it becomes stale. 300 s before it the
 * service begins to give out the next one; hosts that all asked at that very moment would come
 * together. */
#define STALE_MOST_MS (300 * SECOND_MS)
#define STALE_LEAST_MS (240 * SECOND_MS)
#define DEAD_MS (60 * SECOND_MS)
#define FIRST_PAUSE_MS SECOND_MS
#define LONGEST_PAUSE_MS (30 * SECOND_MS)
#define LEAVE_MS (2 * SECOND_MS)
#define FORCE_PAUSE_MS (30 * SECOND_MS)
/* A call that never comes back (a driver lost it) loses its lease this long after its deadline. */
#define LEASE_GRACE_MS SECOND_MS

static uint64_t last_lease; /* with the lock held */

/* ---- Asking; all of these with the lock held ---- */

static int is_leased(const wxid__token_cache *cache, int64_t now_ms)
{
    return cache->lease != 0 && now_ms < cache->lease_ends_ms;
}

static uint64_t take_lease(wxid__token_cache *cache, int64_t until_ms)
{
    cache->lease = ++last_lease;
    cache->lease_ends_ms = wxid__time_after(until_ms, LEASE_GRACE_MS);
    return cache->lease;
}

/* Returns whether it was this one's; a lease that was lost to another changes nothing. */
static int end_lease(wxid__token_cache *cache, uint64_t lease)
{
    if (cache->lease != lease) {
        return 0;
    }
    cache->lease = 0;
    return 1;
}

static int64_t pause_left(const wxid__token_cache *cache, int64_t now_ms)
{
    if (now_ms >= cache->pause_ends_ms) {
        return 0;
    }
    return wxid__time_after(now_ms, LONGEST_PAUSE_MS) < cache->pause_ends_ms
               ? LONGEST_PAUSE_MS
               : cache->pause_ends_ms - now_ms;
}

static wxid__token_answer ready(const wxid__token_cache *cache)
{
    wxid__token_answer answer = {.state = WXID__TOKEN_READY};
    answer.token = wxid__text_copy(cache->token);
    if (answer.token == NULL) {
        answer.state = WXID__TOKEN_NO_MEMORY;
    }
    return answer;
}

static wxid__token_answer failed(const wxid__token_cache *cache, int64_t now_ms)
{
    wxid__token_answer answer = {.state = WXID__TOKEN_FAILED};
    answer.wait_ms = pause_left(cache, now_ms);
    answer.error = cache->failure != NULL ? wxid__error_copy(cache->failure) : NULL;
    return answer;
}

static wxid__token_answer ask(wxid__token_cache *cache, int64_t now_ms, int64_t until_ms,
                              const char *refused)
{
    int is_pausing = pause_left(cache, now_ms) > 0;
    int is_this = refused != NULL && cache->token != NULL && strcmp(refused, cache->token) == 0;
    if (is_this && is_pausing && cache->failure == NULL) {
        /* It came again from the service, or its successor was refused as soon as it came: others
         * may have more luck with it, but to fetch once more would be a storm. */
        return failed(cache, now_ms);
    }
    cache->was_refused |= is_this;
    int is_usable = cache->token != NULL && !cache->was_refused;
    if (is_usable && now_ms < cache->dead_ms) {
        return ready(cache);
    }
    if (is_leased(cache, now_ms)) {
        return (wxid__token_answer){.state = WXID__TOKEN_WAIT};
    }
    if (is_pausing) { /* a last minute is better than an error */
        return is_usable && now_ms < cache->end_ms ? ready(cache) : failed(cache, now_ms);
    }
    return (wxid__token_answer){.state = WXID__TOKEN_RENEW, .lease = take_lease(cache, until_ms)};
}

/* ---- Asking ---- */

wxid__token_answer wxid__token_cache_ask(wxid__token_cache *cache, int64_t now_ms, int64_t until_ms,
                                         const char *refused)
{
    wxid__token_lock();
    wxid__token_answer answer = ask(cache, now_ms, until_ms, refused);
    wxid__token_unlock();
    return answer;
}

int wxid__token_cache_is_stale(wxid__token_cache *cache, int64_t now_ms)
{
    wxid__token_lock();
    int is_stale = cache->token != NULL && now_ms >= cache->stale_ms;
    wxid__token_unlock();
    return is_stale;
}

uint64_t wxid__token_cache_lease_stale(wxid__token_cache *cache, int64_t now_ms, int64_t until_ms)
{
    uint64_t lease = 0;
    wxid__token_lock();
    if (cache->token != NULL && now_ms >= cache->stale_ms && now_ms >= cache->pause_ends_ms &&
        now_ms >= cache->left_until_ms && !is_leased(cache, now_ms)) {
        lease = take_lease(cache, until_ms);
    }
    wxid__token_unlock();
    return lease;
}

wxid__token_answer wxid__token_cache_lease_anyway(wxid__token_cache *cache, int64_t now_ms,
                                                  int64_t until_ms)
{
    wxid__token_answer answer = {.state = WXID__TOKEN_RENEW};
    wxid__token_lock();
    if (is_leased(cache, now_ms)) {
        answer.state = WXID__TOKEN_WAIT;
    } else if (pause_left(cache, now_ms) > 0 && cache->failure != NULL) {
        answer = failed(cache, now_ms);
    } else {
        answer.lease = take_lease(cache, until_ms);
    }
    wxid__token_unlock();
    return answer;
}

int64_t wxid__token_cache_force_wait_ms(wxid__token_cache *cache, int64_t now_ms)
{
    wxid__token_lock();
    int64_t wait =
        cache->was_forced ? wxid__time_after(cache->forced_ms, FORCE_PAUSE_MS) - now_ms : 0;
    wxid__token_unlock();
    return wait > 0 ? wait : 0;
}

void wxid__token_cache_note_force(wxid__token_cache *cache, int64_t now_ms)
{
    wxid__token_lock();
    cache->was_forced = 1;
    cache->forced_ms = now_ms;
    wxid__token_unlock();
}

int wxid__token_cache_replaces(wxid__token_cache *cache, char **token, int *was_refused)
{
    wxid__token_lock();
    *was_refused = cache->was_refused;
    *token = wxid__text_copy(cache->token);
    int lost = cache->token != NULL && *token == NULL;
    wxid__token_unlock();
    return lost ? -1 : 0;
}

/* ---- Results ---- */

static int64_t pause_after(int64_t failures)
{
    int64_t pause = failures > 5 ? LONGEST_PAUSE_MS : FIRST_PAUSE_MS << (failures - 1);
    return pause < LONGEST_PAUSE_MS ? pause : LONGEST_PAUSE_MS;
}

static int64_t stale_ms(int64_t margin_ms, int64_t life_ms)
{
    return margin_ms < life_ms / 5 * 4 ? margin_ms : life_ms / 5 * 4;
}

int64_t wxid__token_earliest_stale_ms(int64_t life_ms)
{
    return stale_ms(STALE_MOST_MS, life_ms);
}

int64_t wxid__token_dead_ms(int64_t life_ms)
{
    return DEAD_MS < life_ms / 2 ? DEAD_MS : life_ms / 2;
}

static void set_life(wxid__token_cache *cache, int64_t now_ms, int64_t left_ms, int64_t life_ms,
                     uint64_t random)
{
    int64_t margin = STALE_LEAST_MS + (int64_t)(random % (STALE_MOST_MS - STALE_LEAST_MS + 1));
    cache->end_ms = wxid__time_after(now_ms, left_ms);
    cache->stale_ms = wxid__time_before(cache->end_ms, stale_ms(margin, life_ms));
    cache->dead_ms = wxid__time_before(cache->end_ms, wxid__token_dead_ms(life_ms));
}

int wxid__token_cache_adopt(wxid__token_cache *cache, uint64_t lease, int64_t now_ms,
                            const char *token, int64_t left_ms, int64_t life_ms, uint64_t random)
{
    char *copy = wxid__text_copy(token);
    wxid__token_lock();
    (void)end_lease(cache, lease);
    if (copy != NULL) {
        wxid__text_free(cache->token);
        cache->token = copy;
        set_life(cache, now_ms, left_ms, life_ms, random);
        wxid_error_free(cache->failure);
        cache->failure = NULL;
        /* What comes after a refused token has to prove itself, by a call that succeeds. */
        cache->failures = cache->was_refused ? cache->failures + 1 : 0;
        cache->pause_ends_ms = INT64_MIN;
        if (cache->was_refused) {
            cache->pause_ends_ms = wxid__time_after(now_ms, pause_after(cache->failures));
        }
        cache->was_refused = 0;
    }
    wxid__token_unlock();
    return copy != NULL ? 0 : -1;
}

static void note_failure(wxid__token_cache *cache, int64_t now_ms, wxid_error *error,
                         int64_t failures, int64_t wait_ms)
{
    wxid_error_free(cache->failure);
    cache->failure = error;
    cache->failures = failures;
    cache->pause_ends_ms = wxid__time_after(now_ms, wait_ms);
}

int64_t wxid__token_cache_fail(wxid__token_cache *cache, uint64_t lease, int64_t now_ms,
                               const wxid_error *error, int64_t *failures)
{
    wxid_error *copy = wxid__error_copy(error);
    wxid__token_lock();
    if (end_lease(cache, lease)) {
        int64_t count = cache->failures < INT32_MAX ? cache->failures + 1 : cache->failures;
        note_failure(cache, now_ms, copy, count, pause_after(count));
        copy = NULL;
    }
    int64_t wait = pause_left(cache, now_ms);
    *failures = cache->failures;
    wxid__token_unlock();
    wxid_error_free(copy);
    return wait;
}

void wxid__token_cache_fail_as(wxid__token_cache *cache, uint64_t lease, int64_t now_ms,
                               const wxid_error *error, int64_t failures, int64_t wait_ms)
{
    wxid_error *copy = wxid__error_copy(error);
    wxid__token_lock();
    if (end_lease(cache, lease)) {
        note_failure(cache, now_ms, copy, failures, wait_ms);
        copy = NULL;
    }
    wxid__token_unlock();
    wxid_error_free(copy);
}

void wxid__token_cache_leave(wxid__token_cache *cache, uint64_t lease, int64_t now_ms)
{
    wxid__token_lock();
    if (end_lease(cache, lease)) {
        cache->left_until_ms = wxid__time_after(now_ms, LEAVE_MS);
    }
    wxid__token_unlock();
}

void wxid__token_cache_give_back(wxid__token_cache *cache, uint64_t lease)
{
    wxid__token_lock();
    (void)end_lease(cache, lease);
    wxid__token_unlock();
}

void wxid__token_cache_note_accepted(wxid__token_cache *cache, const char *token)
{
    wxid__token_lock();
    if (cache->failures != 0 && cache->failure == NULL && cache->token != NULL &&
        strcmp(cache->token, token) == 0) {
        cache->failures = 0;
        cache->pause_ends_ms = INT64_MIN;
    }
    wxid__token_unlock();
}
