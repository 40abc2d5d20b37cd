/* What an engine does with one call, and the engine itself as its files see it. */
#ifndef WXID_CURL_JOB_H
#define WXID_CURL_JOB_H

#include "curl_pool.h"
#include "curl_timers.h"
#include "curl_waiting.h"
#include "wxidcard_curl.h"

#include <pthread.h>
#include <sys/types.h>

#define WXID__JOB_BUCKETS 1024

typedef enum wxid__job_state {
    WXID__JOB_ARRIVED,  /* the thread has not seen it yet */
    WXID__JOB_QUEUED,   /* all slots are out */
    WXID__JOB_SETTLING, /* it has a slot, whose connection is watched before it is used again */
    WXID__JOB_RUNNING,  /* libcurl has its request */
    WXID__JOB_WAITING,  /* its call wants time to pass */
    WXID__JOB_OVER      /* its call is the caller's again */
} wxid__job_state;

/* A call that was given to an engine. */
typedef struct wxid__job {
    wxid__timer timer; /* first: a timer of the engine's is its job */
    wxid_engine *engine;
    wxid_call *call;
    void *context;
    uint64_t id;
    /* Guarded by the engine's lock. */
    struct wxid__job *next_in_bucket;
    struct wxid__job *next; /* of those that arrived, or are over */
    struct wxid__job *next_cancelled;
    int is_cancelled;
    int is_over;
    /* The thread's own. */
    wxid__job_state state;
    wxid__slot *slot;
    int is_fetching; /* the call was, when it was started */
    int has_begun;   /* it had a slot before */
    int is_afresh;   /* its request is being sent over a fresh connection */
    int is_broken;   /* libcurl's multi handle is of no use any more */
    int64_t deadline_ms;
    struct wxid__job *queued_next;
    struct wxid__job *queued_before;
} wxid__job;

typedef struct wxid__job_list {
    wxid__job *first;
    wxid__job *last;
} wxid__job_list;

struct wxid_engine {
    pid_t pid;
    wxid_engine *next_abandoned;
    int wake[2]; /* a pipe: a byte in it ends the thread's wait */
    int done[2]; /* a pipe: a byte in it while calls are over */
    pthread_t thread;
    pthread_mutex_t closing; /* whoever closes it second waits until the first has closed it */
    pthread_mutex_t lock;    /* guards what follows */
    int has_thread;
    int is_closed;
    int is_woken;
    uint64_t last_id;
    size_t job_count;
    wxid__job *buckets[WXID__JOB_BUCKETS]; /* all jobs, by id */
    wxid__job_list arrived;
    wxid__job_list over;
    wxid__job *cancelled;
    /* The thread's own. */
    wxid__pool *pool;
    wxid__timers timers;
    wxid__waiting waiting;
    wxid__job_list begun_queue; /* jobs that wait for a slot: first those that had one before, */
    wxid__job_list queue;       /* and then those that did not */
    int64_t tidy_ms;            /* when to look for connections that have been idle for long */
};

/* curl_job.c: what the engine's thread does with a job. */

/* Carries the call's step out, as far as can be done now. */
void wxid__job_go_on(wxid__job *job);
/* One of its sockets is ready, or was closed; or it may be, where nobody can tell. */
void wxid__job_ready(wxid__job *job, int socket);
/* Its timer has come. */
void wxid__job_due(wxid__job *job);
/* Lets jobs in the queue have the slots that there are. */
void wxid__job_serve_queue(wxid_engine *engine);
/* Breaks off whatever is under way; the call ends with kind INTERRUPTED. */
void wxid__job_cancel(wxid__job *job);

/* curl_engine.c: gives the call back. */
void wxid__engine_hand_over(wxid__job *job);

/* curl_engine_thread.c */
void *wxid__engine_run(void *engine);

#endif
