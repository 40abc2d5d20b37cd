/* The thread in which a client renews a stale token while calls go on with it. */
#ifndef WXID_CURL_RENEWER_H
#define WXID_CURL_RENEWER_H

#include "wxidcard_curl.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

typedef struct wxid__renewer {
    _Atomic(pid_t) pid; /* of the process whose thread it is: a forked child has none */
    atomic_int state;
    pthread_t thread;
} wxid__renewer;

/* curl_client.c: drives a renewal on a connection of its own, and frees it. */
void wxid__client_drive_renewal(wxid_client *client, wxid_call *call, const wxid_hooks *hooks);

void wxid__renewer_init(wxid__renewer *renewer);
/* Drives the call in a thread and frees it. Returns -1, and leaves the call alone, when the thread
 * is busy or there can be none. */
int wxid__renewer_start(wxid__renewer *renewer, wxid_client *client, wxid_call *call);
/* Waits for the thread, which ends soon after the client was closed. */
void wxid__renewer_join(wxid__renewer *renewer);

#endif
