/* The engine: what its callers do. All of it is done under the lock, and the thread is woken. */
#include "curl_failure.h"
#include "curl_job.h"
#include "curl_system.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static void append(wxid__job_list *list, wxid__job *job)
{
    job->next = NULL;
    *(list->last != NULL ? &list->last->next : &list->first) = job;
    list->last = job;
}

/* A pipe that is full says all that one more byte would. */
static void put_byte(const int ends[2])
{
    (void)!write(ends[1], "", 1);
}

/* ---- Beginning and end ---- */

static int make_pipe(int ends[2])
{
    if (pipe(ends) != 0) {
        ends[0] = ends[1] = -1;
        return -1;
    }
    for (int i = 0; i < 2; i++) {
        if (fcntl(ends[i], F_SETFD, FD_CLOEXEC) != 0 || fcntl(ends[i], F_SETFL, O_NONBLOCK) != 0) {
            return -1;
        }
    }
    return 0;
}

static void close_pipe(const int ends[2])
{
    for (int i = 0; i < 2; i++) {
        if (ends[i] >= 0) {
            (void)close(ends[i]);
        }
    }
}

static void free_jobs(wxid_engine *engine)
{
    for (size_t i = 0; i < WXID__JOB_BUCKETS; i++) {
        while (engine->buckets[i] != NULL) {
            wxid__job *job = engine->buckets[i];
            engine->buckets[i] = job->next_in_bucket;
            free(job);
        }
    }
}

static void free_engine(wxid_engine *engine)
{
    free_jobs(engine);
    close_pipe(engine->wake);
    close_pipe(engine->done);
    wxid__pool_free(engine->pool);
    wxid__waiting_free(&engine->waiting);
    (void)pthread_mutex_destroy(&engine->closing);
    (void)pthread_mutex_destroy(&engine->lock);
    free(engine);
}

int wxid_engine_new(wxid_engine **engine, wxid_session *session, wxid_error **error)
{
    if (!wxid__libcurl_ready()) {
        return wxid__fail_as(error, WXID_KIND_SYSTEM, "libcurl could not be initialised");
    }
    wxid_engine *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return wxid__fail_as(error, WXID_KIND_MEMORY, "out of memory");
    }
    made->wake[0] = made->wake[1] = made->done[0] = made->done[1] = -1;
    made->pid = getpid();
    made->tidy_ms = INT64_MAX;
    (void)pthread_mutex_init(&made->closing, NULL);
    (void)pthread_mutex_init(&made->lock, NULL);
    made->pool = wxid__pool_new(wxid_session_settings(session));
    if (make_pipe(made->wake) != 0 || make_pipe(made->done) != 0) {
        free_engine(made);
        return wxid__fail_as(error, WXID_KIND_SYSTEM, "no file descriptor is left");
    }
    if (made->pool == NULL || wxid__waiting_set(&made->waiting, made->wake[0], POLLIN, NULL) != 0) {
        free_engine(made);
        return wxid__fail_as(error, WXID_KIND_MEMORY, "out of memory");
    }
    *engine = made;
    return 0;
}

/* In a forked child neither the thread nor a lock that it held can be relied upon, and what is in
 * flight is the parent's. */
static int is_ours(const wxid_engine *engine)
{
    return engine->pid == getpid();
}

static void wake(wxid_engine *engine)
{
    if (!engine->is_woken) {
        engine->is_woken = 1;
        put_byte(engine->wake);
    }
}

void wxid_engine_close(wxid_engine *engine)
{
    if (!is_ours(engine)) {
        return;
    }
    (void)pthread_mutex_lock(&engine->closing);
    (void)pthread_mutex_lock(&engine->lock);
    int has_thread = engine->has_thread;
    engine->is_closed = 1;
    engine->has_thread = 0;
    wake(engine);
    (void)pthread_mutex_unlock(&engine->lock);
    if (has_thread) {
        (void)pthread_join(engine->thread, NULL);
    }
    wxid__pool_free(engine->pool);
    engine->pool = NULL;
    (void)pthread_mutex_unlock(&engine->closing);
}

static void abandon(wxid_engine *engine)
{
    static _Atomic(wxid_engine *) abandoned; /* all of them, in sight of leak checkers */
    engine->next_abandoned = atomic_load(&abandoned);
    while (!atomic_compare_exchange_weak(&abandoned, &engine->next_abandoned, engine)) {
    }
}

void wxid_engine_free(wxid_engine *engine)
{
    if (engine == NULL) {
        return;
    }
    wxid_engine_close(engine);
    if (is_ours(engine)) {
        free_engine(engine);
        return;
    }
    /* The pipes are this process's own descriptors; all else is left as it is. */
    close_pipe(engine->wake);
    close_pipe(engine->done);
    abandon(engine);
}

/* ---- Calls ---- */

static wxid__job **bucket_of(wxid_engine *engine, uint64_t id)
{
    return &engine->buckets[id % WXID__JOB_BUCKETS];
}

static int may_begin(wxid_engine *engine, wxid_error **error)
{
    if (engine->is_closed) {
        return wxid__fail_as(error, WXID_KIND_USAGE, "the engine is closed: make a new one");
    }
    if (engine->job_count == WXID_ENGINE_MOST_CALLS) {
        return wxid__fail_as(error, WXID_KIND_USAGE,
                             "too many calls at once: wait for some to end");
    }
    if (!engine->has_thread) {
        if (wxid__thread_start(&engine->thread, wxid__engine_run, engine) != 0) {
            return wxid__fail_as(error, WXID_KIND_SYSTEM, "no thread can be started");
        }
        engine->has_thread = 1;
    }
    return 0;
}

/* A job, which is the engine's; NULL with the error. */
static wxid__job *begin_job(wxid_engine *engine, wxid_call *call, wxid_error **error)
{
    if (may_begin(engine, error) != 0) {
        return NULL;
    }
    wxid__job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        (void)wxid__fail_as(error, WXID_KIND_MEMORY, "out of memory");
        return NULL;
    }
    job->engine = engine;
    job->call = call;
    job->is_fetching = wxid_call_is_fetching(call);
    job->id = ++engine->last_id;
    job->next_in_bucket = *bucket_of(engine, job->id);
    *bucket_of(engine, job->id) = job;
    engine->job_count++;
    append(&engine->arrived, job);
    return job;
}

int wxid_engine_start(wxid_engine *engine, wxid_call *call, void *context, uint64_t *id,
                      wxid_error **error)
{
    if (!is_ours(engine)) {
        return wxid__fail_as(error, WXID_KIND_USAGE,
                             "the engine is another process's: make one in this process");
    }
    (void)pthread_mutex_lock(&engine->lock);
    wxid__job *job = begin_job(engine, call, error);
    if (job != NULL) {
        job->context = context;
        if (id != NULL) {
            *id = job->id;
        }
        wake(engine);
    }
    (void)pthread_mutex_unlock(&engine->lock);
    return job != NULL ? 0 : -1;
}

void wxid_engine_cancel(wxid_engine *engine, uint64_t id)
{
    if (!is_ours(engine)) {
        return;
    }
    (void)pthread_mutex_lock(&engine->lock);
    wxid__job *job = *bucket_of(engine, id);
    while (job != NULL && job->id != id) {
        job = job->next_in_bucket;
    }
    if (job != NULL && !job->is_over && !job->is_cancelled) {
        job->is_cancelled = 1;
        job->next_cancelled = engine->cancelled;
        engine->cancelled = job;
        wake(engine);
    }
    (void)pthread_mutex_unlock(&engine->lock);
}

/* A job may come to its end just before its cancellation would be seen to. */
static void forget_cancellation(wxid__job *job)
{
    wxid__job **at = &job->engine->cancelled;
    while (*at != NULL && *at != job) {
        at = &(*at)->next_cancelled;
    }
    if (*at != NULL) {
        *at = job->next_cancelled;
    }
}

void wxid__engine_hand_over(wxid__job *job)
{
    wxid_engine *engine = job->engine;
    (void)pthread_mutex_lock(&engine->lock);
    if (job->is_cancelled) {
        forget_cancellation(job);
    }
    job->is_over = 1;
    if (engine->over.first == NULL) {
        put_byte(engine->done);
    }
    append(&engine->over, job);
    (void)pthread_mutex_unlock(&engine->lock);
}

int wxid_engine_fd(const wxid_engine *engine)
{
    return engine->done[0];
}

static void remove_job(wxid_engine *engine, const wxid__job *job)
{
    wxid__job **at = bucket_of(engine, job->id);
    while (*at != job) {
        at = &(*at)->next_in_bucket;
    }
    *at = job->next_in_bucket;
    engine->job_count--;
}

int wxid_engine_next(wxid_engine *engine, void **context)
{
    char bytes[16];
    if (!is_ours(engine)) {
        return 0;
    }
    (void)pthread_mutex_lock(&engine->lock);
    wxid__job *job = engine->over.first;
    if (job != NULL) {
        engine->over.first = job->next;
        if (job->next == NULL) {
            engine->over.last = NULL;
            (void)!read(engine->done[0], bytes, sizeof bytes);
        }
        remove_job(engine, job);
    }
    (void)pthread_mutex_unlock(&engine->lock);
    if (job == NULL) {
        return 0;
    }
    *context = job->context;
    free(job);
    return 1;
}
