/* The engine's thread: waits for whatever comes first, and has the jobs see to it. */
#include "curl_job.h"
#include "curl_system.h"

#include <limits.h>
#include <unistd.h>

/* What callers have done since; they do it under the lock. */
static wxid__job *take_arrived(wxid_engine *engine, int *is_closed)
{
    char bytes[16];
    (void)pthread_mutex_lock(&engine->lock);
    wxid__job *arrived = engine->arrived.first;
    engine->arrived = (wxid__job_list){NULL, NULL};
    *is_closed = engine->is_closed;
    if (engine->is_woken) {
        engine->is_woken = 0;
        (void)!read(engine->wake[0], bytes, sizeof bytes);
    }
    (void)pthread_mutex_unlock(&engine->lock);
    return arrived;
}

/* One at a time: a job that is over may be gone. One that has arrived since has woken the thread,
 * and is left until it has been taken. */
static wxid__job *take_cancelled(wxid_engine *engine)
{
    (void)pthread_mutex_lock(&engine->lock);
    wxid__job **at = &engine->cancelled;
    while (*at != NULL && (*at)->state == WXID__JOB_ARRIVED) {
        at = &(*at)->next_cancelled;
    }
    wxid__job *job = *at;
    if (job != NULL) {
        *at = job->next_cancelled;
        job->is_cancelled = 0;
    }
    (void)pthread_mutex_unlock(&engine->lock);
    return job;
}

/* From a bucket on. Once the engine is closed no job comes to those before it. */
static wxid__job *take_any(wxid_engine *engine, size_t *bucket)
{
    wxid__job *found = NULL;
    (void)pthread_mutex_lock(&engine->lock);
    while (*bucket < WXID__JOB_BUCKETS) {
        found = engine->buckets[*bucket];
        while (found != NULL && found->is_over) {
            found = found->next_in_bucket;
        }
        if (found != NULL) {
            break;
        }
        ++*bucket;
    }
    (void)pthread_mutex_unlock(&engine->lock);
    return found;
}

/* Returns whether the engine was closed: no job is left then. */
static int see_to_news(wxid_engine *engine)
{
    int is_closed = 0;
    size_t bucket = 0;
    wxid__job *job = take_arrived(engine, &is_closed);
    while (job != NULL) {
        wxid__job *next = job->next;
        job->next = NULL;
        wxid__job_go_on(job);
        job = next;
    }
    while ((job = take_cancelled(engine)) != NULL) {
        wxid__job_cancel(job);
    }
    while (is_closed && (job = take_any(engine, &bucket)) != NULL) {
        wxid__job_cancel(job);
    }
    return is_closed;
}

static void see_to_due(wxid_engine *engine)
{
    int64_t now_ms = wxid__now_ms();
    wxid__timer *first = NULL;
    while ((first = engine->timers.first) != NULL && first->due_ms <= now_ms) {
        wxid__job_due((wxid__job *)first);
    }
    if (now_ms >= engine->tidy_ms) {
        engine->tidy_ms = INT64_MAX;
        wxid__pool_tidy(engine->pool);
    }
}

static int patience_ms(const wxid_engine *engine)
{
    int64_t due_ms = engine->tidy_ms;
    if (engine->timers.first != NULL && engine->timers.first->due_ms < due_ms) {
        due_ms = engine->timers.first->due_ms;
    }
    if (due_ms == INT64_MAX) {
        return -1;
    }
    int64_t left_ms = due_ms - wxid__now_ms();
    return left_ms <= 0 ? 0 : left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

/* Where poll() fails, for there are more sockets than the process may have by now, or memory is
 * short, all are looked at once in a while. */
static int await_sockets(wxid__waiting *waiting, int longest_ms)
{
    int ready = poll(waiting->sockets, (nfds_t)waiting->count, longest_ms);
    if (ready < 0) {
        int is_short = longest_ms >= 0 && longest_ms < WXID__TICK_MS;
        (void)poll(NULL, 0, is_short ? longest_ms : WXID__TICK_MS);
        for (size_t i = 0; i < waiting->count; i++) {
            waiting->sockets[i].revents = waiting->sockets[i].events;
        }
    }
    return ready;
}

/* From the last to the first: whoever is taken out on the way, the last takes his place, and that
 * one has been seen to. */
static void see_to_sockets(wxid_engine *engine)
{
    wxid__waiting *waiting = &engine->waiting;
    int ready = await_sockets(waiting, patience_ms(engine));
    for (size_t i = waiting->count; ready != 0 && i > 0; i--) {
        if (i > waiting->count) {
            continue;
        }
        struct pollfd *socket = &waiting->sockets[i - 1];
        wxid__job *job = waiting->owners[i - 1];
        if (socket->revents != 0) {
            socket->revents = 0;
            if (job != NULL) { /* else it was the caller who woke the thread */
                wxid__job_ready(job, socket->fd);
            }
        }
    }
}

void *wxid__engine_run(void *context)
{
    wxid_engine *engine = context;
    while (!see_to_news(engine)) {
        wxid__job_serve_queue(engine);
        see_to_due(engine);
        wxid__job_serve_queue(engine);
        see_to_sockets(engine);
    }
    return NULL;
}
