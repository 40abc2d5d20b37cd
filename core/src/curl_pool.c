#include "curl_pool.h"

#include "curl_system.h"
#include "wxidcard_connection.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A thread that waits for a slot; it lives on that thread's stack. */
typedef struct waiter {
    pthread_cond_t handed;
    wxid__slot *slot; /* what it has been handed */
    struct waiter *next;
} waiter;

struct wxid__pool {
    pid_t pid;
    wxid__pool *next_abandoned;
    wxid__means means;
    pthread_mutex_t share_locks[CURL_LOCK_DATA_LAST];
    pthread_mutex_t lock; /* guards what follows */
    int closed;
    waiter *first; /* waiters in the order in which they came */
    wxid__slot *slots;
    size_t slot_count;
    wxid__slot **idle; /* a stack: the slot used last is on top, and connections stay few */
    size_t idle_count;
};

/* ---- DNS answers and TLS sessions, which all slots share ---- */

static void lock_share(CURL *easy, curl_lock_data data, curl_lock_access access, void *pool)
{
    (void)easy, (void)access;
    (void)pthread_mutex_lock(&((wxid__pool *)pool)->share_locks[data]);
}

static void unlock_share(CURL *easy, curl_lock_data data, void *pool)
{
    (void)easy;
    (void)pthread_mutex_unlock(&((wxid__pool *)pool)->share_locks[data]);
}

static CURLSH *make_share(wxid__pool *pool)
{
    CURLSH *share = curl_share_init();
    if (share == NULL) {
        return NULL;
    }
    if (curl_share_setopt(share, CURLSHOPT_USERDATA, pool) != CURLSHE_OK ||
        curl_share_setopt(share, CURLSHOPT_LOCKFUNC, lock_share) != CURLSHE_OK ||
        curl_share_setopt(share, CURLSHOPT_UNLOCKFUNC, unlock_share) != CURLSHE_OK ||
        curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS) != CURLSHE_OK ||
        curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK) {
        (void)curl_share_cleanup(share);
        return NULL;
    }
    return share;
}

/* ---- Beginning and end ---- */

static wxid__pool *allocate(size_t slot_count)
{
    wxid__pool *pool = calloc(1, sizeof *pool);
    if (pool != NULL) {
        pool->slots = calloc(slot_count, sizeof *pool->slots);
        pool->idle = calloc(slot_count, sizeof *pool->idle);
        if (pool->slots == NULL || pool->idle == NULL) {
            free(pool->slots);
            free(pool->idle);
            free(pool);
            return NULL;
        }
    }
    return pool;
}

wxid__pool *wxid__pool_new(const wxid_settings *settings)
{
    size_t slot_count = (size_t)settings->max_connections;
    wxid__pool *pool = allocate(slot_count);
    if (pool == NULL) {
        return NULL;
    }
    pool->pid = getpid();
    pool->means.settings = settings;
    pool->slot_count = slot_count;
    for (size_t i = 0; i < slot_count; i++) {
        pool->idle[i] = &pool->slots[i];
    }
    pool->idle_count = slot_count;
    wxid__trust_init(&pool->means.trust);
    /* With default attributes these cannot fail on any system that the library runs on. */
    (void)pthread_mutex_init(&pool->lock, NULL);
    for (size_t i = 0; i < CURL_LOCK_DATA_LAST; i++) {
        (void)pthread_mutex_init(&pool->share_locks[i], NULL);
    }
    pool->means.share = make_share(pool);
    if (pool->means.share == NULL) {
        wxid__pool_free(pool);
        return NULL;
    }
    return pool;
}

void wxid__pool_free(wxid__pool *pool)
{
    if (pool == NULL) {
        return;
    }
    for (size_t i = 0; i < pool->slot_count; i++) {
        wxid__slot_close(&pool->slots[i]);
    }
    (void)curl_share_cleanup(pool->means.share);
    for (size_t i = 0; i < CURL_LOCK_DATA_LAST; i++) {
        (void)pthread_mutex_destroy(&pool->share_locks[i]);
    }
    (void)pthread_mutex_destroy(&pool->lock);
    free(pool->slots);
    free(pool->idle);
    free(pool);
}

int wxid__pool_is_ours(const wxid__pool *pool)
{
    return pool->pid == getpid();
}

void wxid__pool_abandon(wxid__pool *pool)
{
    static _Atomic(wxid__pool *) abandoned; /* all of them, in sight of leak checkers */
    pool->next_abandoned = atomic_load(&abandoned);
    while (!atomic_compare_exchange_weak(&abandoned, &pool->next_abandoned, pool)) {
    }
}

wxid__means *wxid__pool_means(wxid__pool *pool)
{
    return &pool->means;
}

/* ---- Taking ---- */

static void enqueue(wxid__pool *pool, waiter *me)
{
    waiter **end = &pool->first;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = me;
}

static void dequeue(wxid__pool *pool, const waiter *me)
{
    waiter **at = &pool->first;
    while (*at != NULL && *at != me) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        *at = me->next;
    }
}

static struct timespec after_ms(int ms)
{
    struct timespec at = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += (long)ms * 1000000L;
    at.tv_sec += at.tv_nsec / 1000000000L;
    at.tv_nsec %= 1000000000L;
    return at;
}

/* With the lock held, and again on return; not while the tick runs. */
static void await(wxid__pool *pool, waiter *me, wxid__caller *caller)
{
    for (;;) {
        int patience = wxid__caller_patience_ms(caller);
        if (patience == 0) {
            return;
        }
        struct timespec until = after_ms(patience);
        while (me->slot == NULL &&
               pthread_cond_timedwait(&me->handed, &pool->lock, &until) != ETIMEDOUT) {
        }
        if (me->slot != NULL) {
            return;
        }
        (void)pthread_mutex_unlock(&pool->lock);
        int ended = wxid__caller_tick(caller);
        if (caller->forked) {
            return; /* the lock is the parent's */
        }
        (void)pthread_mutex_lock(&pool->lock);
        if (ended) {
            return;
        }
    }
}

/* With the lock held; not on return. */
static wxid__slot *wait_for_slot(wxid__pool *pool, wxid__caller *caller)
{
    waiter me = {.slot = NULL};
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&me.handed, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    enqueue(pool, &me);
    await(pool, &me, caller);
    if (caller->forked) {
        return NULL;
    }
    dequeue(pool, &me);
    (void)pthread_mutex_unlock(&pool->lock);
    (void)pthread_cond_destroy(&me.handed);
    return me.slot;
}

/* With the lock held: puts a slot where the next to take one finds it, or hands it to the first
 * waiter. */
static void put(wxid__pool *pool, wxid__slot *slot, int on_top)
{
    waiter *first = pool->first;
    if (first != NULL) {
        pool->first = first->next;
        first->slot = slot;
        (void)pthread_cond_signal(&first->handed);
        return;
    }
    if (on_top) {
        pool->idle[pool->idle_count] = slot;
    } else {
        memmove(pool->idle + 1, pool->idle, pool->idle_count * sizeof *pool->idle);
        pool->idle[0] = slot;
    }
    pool->idle_count++;
}

/* With the lock held: takes an idle slot out that is open, and has been idle since `before` or
 * longer. */
static wxid__slot *pull_open(wxid__pool *pool, int64_t before_ms)
{
    for (size_t i = 0; i < pool->idle_count; i++) {
        wxid__slot *slot = pool->idle[i];
        if (slot->multi != NULL && slot->idle_since_ms <= before_ms) {
            pool->idle_count--;
            memmove(pool->idle + i, pool->idle + i + 1,
                    (pool->idle_count - i) * sizeof *pool->idle);
            return slot;
        }
    }
    return NULL;
}

/* With the lock held, but not while a slot is being closed. */
static void close_idle(wxid__pool *pool, int64_t before_ms)
{
    wxid__slot *slot = NULL;
    while ((slot = pull_open(pool, before_ms)) != NULL) {
        (void)pthread_mutex_unlock(&pool->lock);
        wxid__slot_close(slot);
        (void)pthread_mutex_lock(&pool->lock);
        put(pool, slot, 0);
    }
}

wxid__slot *wxid__pool_take_idle(wxid__pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    wxid__slot *slot = pool->idle_count > 0 ? pool->idle[--pool->idle_count] : NULL;
    (void)pthread_mutex_unlock(&pool->lock);
    return slot;
}

wxid__slot *wxid__pool_take(wxid__pool *pool, wxid__caller *caller)
{
    wxid__slot *slot = NULL;
    (void)pthread_mutex_lock(&pool->lock);
    if (pool->idle_count > 0) {
        slot = pool->idle[--pool->idle_count];
        (void)pthread_mutex_unlock(&pool->lock);
        return slot;
    }
    slot = wait_for_slot(pool, caller);
    /* A slot can be handed over at the very moment at which the call ends. */
    if (slot != NULL && wxid_call_step(caller->call, wxid__now_ms()) != WXID_STEP_SEND) {
        wxid__pool_give(pool, slot);
        slot = NULL;
    }
    return slot;
}

void wxid__pool_give(wxid__pool *pool, wxid__slot *slot)
{
    int64_t now = wxid__now_ms();
    slot->idle_since_ms = now;
    (void)pthread_mutex_lock(&pool->lock);
    put(pool, slot, 1);
    close_idle(pool, pool->closed ? now : now - WXID_KEPT_MS);
    (void)pthread_mutex_unlock(&pool->lock);
}

void wxid__pool_tidy(wxid__pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    close_idle(pool, wxid__now_ms() - WXID_KEPT_MS);
    (void)pthread_mutex_unlock(&pool->lock);
}

void wxid__pool_close(wxid__pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    pool->closed = 1;
    close_idle(pool, INT64_MAX);
    (void)pthread_mutex_unlock(&pool->lock);
}
