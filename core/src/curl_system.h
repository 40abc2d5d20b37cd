/* What the libcurl drivers need of the operating system: a clock, random bits, threads, and peace
 * from SIGPIPE. */
#ifndef WXID_CURL_SYSTEM_H
#define WXID_CURL_SYSTEM_H

#include <pthread.h>
#include <signal.h>
#include <stdint.h>

/* Nobody waits longer than this without looking whether the caller still wants to. */
#define WXID__TICK_MS 50

/* Initialises libcurl, the first time. Whether that worked. */
int wxid__libcurl_ready(void);
/* CLOCK_MONOTONIC in milliseconds. */
int64_t wxid__now_ms(void);
/* Milliseconds since 1970. */
int64_t wxid__unix_ms(void);
/* 64 random bits for the boundary and the jitter of a call. Never fails, never blocks. */
uint64_t wxid__random_seed(void);
/* Whether the process has no file descriptor left. */
int wxid__descriptors_used_up(void);

/* A thread in which all signals are blocked: they are the program's own threads' to handle. Returns
 * -1 when there can be none. */
int wxid__thread_start(pthread_t *thread, void *(*run)(void *), void *argument);

/* CURLOPT_NOSIGNAL keeps libcurl from guarding against SIGPIPE, and the TLS library writes with
 * write(), which raises it when the service has closed: between hold and release the signal cannot
 * end the process. The process's own disposition is left alone. */
typedef struct wxid__sigpipe {
    sigset_t mask;
    int pending; /* one was there before: it is not ours to take */
} wxid__sigpipe;

void wxid__sigpipe_hold(wxid__sigpipe *held);
void wxid__sigpipe_release(const wxid__sigpipe *held);

#endif
