#include "token_cache.h"

#include "buffer.h"
#include "errors.h"
#include "memory.h"
#include "token_state.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define MOST_UNUSED 16

/* One lock for all of them: it is held for a few copies only. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static wxid__token_cache *all;

/* ---- Beginning, end, fork ---- */

static void watch_forks(void);

void wxid__token_lock(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, watch_forks);
    (void)pthread_mutex_lock(&lock);
}

void wxid__token_unlock(void)
{
    (void)pthread_mutex_unlock(&lock);
}

/* Whoever was renewing does it in the parent: here nobody is. */
static void begin_child(void)
{
    for (wxid__token_cache *cache = all; cache != NULL; cache = cache->next) {
        cache->lease = 0;
    }
    wxid__token_unlock();
}

static void watch_forks(void)
{
    (void)pthread_atfork(wxid__token_lock, wxid__token_unlock, begin_child);
}

static void free_cache(wxid__token_cache *cache)
{
    wxid__text_free(cache->name);
    wxid__text_free(cache->appid);
    wxid__text_free(cache->secret);
    wxid__text_free(cache->token);
    wxid_error_free(cache->failure);
    free(cache);
}

static char *compose_name(const wxid__origin *origin, const char *appid, int old_endpoint)
{
    wxid__buffer name = WXID__BUFFER_INIT;
    wxid__buffer_text(&name, origin->authority);
    wxid__buffer_text(&name, origin->prefix);
    wxid__buffer_text(&name, ":");
    wxid__buffer_text(&name, appid);
    wxid__buffer_text(&name, old_endpoint ? ":token" : ":stable_token");
    return wxid__buffer_take(&name);
}

wxid__token_cache *wxid__token_cache_new(const wxid__origin *origin, const char *appid,
                                         const char *secret, int old_endpoint)
{
    wxid__token_cache *cache = calloc(1, sizeof *cache);
    if (cache == NULL) {
        return NULL;
    }
    cache->holders = 1;
    cache->scheme = origin->scheme;
    cache->name = compose_name(origin, appid, old_endpoint);
    cache->appid = wxid__text_copy(appid);
    cache->secret = wxid__text_copy(secret);
    cache->old_endpoint = old_endpoint;
    cache->pause_ends_ms = INT64_MIN; /* a clock may start below 0 */
    cache->left_until_ms = INT64_MIN;
    if (cache->name == NULL || cache->appid == NULL || cache->secret == NULL) {
        free_cache(cache);
        return NULL;
    }
    wxid__token_lock();
    cache->next = all;
    all = cache;
    wxid__token_unlock();
    return cache;
}

static void unlink_cache(const wxid__token_cache *cache)
{
    wxid__token_cache **at = &all;
    while (*at != cache) {
        at = &(*at)->next;
    }
    *at = cache->next;
}

/* A cache that nobody holds any more stays for the next client of the account: a program that makes
 * a client for each picture must not fetch a token for each. Returns the one that has to go for it,
 * the one that has been without a holder for longest, or NULL. */
static wxid__token_cache *retire(wxid__token_cache *cache)
{
    wxid__token_cache *oldest = NULL;
    int unused = 0;
    cache->lease = 0; /* of a call that was lost */
    unlink_cache(cache);
    cache->next = all;
    all = cache;
    for (wxid__token_cache *each = all; each != NULL; each = each->next) {
        if (each->holders == 0) {
            unused++;
            oldest = each;
        }
    }
    return unused > MOST_UNUSED ? oldest : NULL;
}

void wxid__token_cache_release(wxid__token_cache *cache)
{
    wxid__token_cache *gone = NULL;
    if (cache == NULL) {
        return;
    }
    wxid__token_lock();
    if (--cache->holders == 0) {
        gone = cache->is_shared ? retire(cache) : cache;
    }
    if (gone != NULL) {
        unlink_cache(gone);
    }
    wxid__token_unlock();
    if (gone != NULL) {
        free_cache(gone);
    }
}

void wxid__token_cache_forget_unused(void)
{
    wxid__token_lock();
    wxid__token_cache **at = &all;
    while (*at != NULL) {
        wxid__token_cache *cache = *at;
        if (cache->holders == 0) {
            *at = cache->next;
            free_cache(cache);
        } else {
            at = &cache->next;
        }
    }
    wxid__token_unlock();
}

static int is_same_account(const wxid__token_cache *one, const wxid__token_cache *other)
{
    return one->scheme == other->scheme && strcmp(one->name, other->name) == 0 &&
           strcmp(one->secret, other->secret) == 0;
}

wxid__token_cache *wxid__token_cache_share(wxid__token_cache *cache)
{
    wxid__token_lock();
    wxid__token_cache *found = all;
    while (found != NULL && !(found->is_shared && is_same_account(found, cache))) {
        found = found->next;
    }
    if (found != NULL) {
        found->holders++;
    } else {
        cache->is_shared = 1;
    }
    wxid__token_unlock();
    if (found == NULL) {
        return cache;
    }
    wxid__token_cache_release(cache);
    return found;
}

const char *wxid__token_cache_appid(const wxid__token_cache *cache)
{
    return cache->appid;
}

const char *wxid__token_cache_secret(const wxid__token_cache *cache)
{
    return cache->secret;
}

int wxid__token_cache_is_old_endpoint(const wxid__token_cache *cache)
{
    return cache->old_endpoint;
}

const char *wxid__token_cache_name(const wxid__token_cache *cache)
{
    return cache->name;
}
