#include "curl_renewer.h"

#include "curl_system.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

enum { IDLE, STARTING, RUNNING, ENDED /* and to be joined */ };

typedef struct errand {
    wxid__renewer *renewer;
    wxid_client *client;
    wxid_call *call;
} errand;

void wxid__renewer_init(wxid__renewer *renewer)
{
    atomic_init(&renewer->pid, 0);
    atomic_init(&renewer->state, IDLE);
}

/* From whatever it is to STARTING, for one caller only. */
static int claim(wxid__renewer *renewer)
{
    pid_t here = getpid();
    pid_t pid = atomic_load(&renewer->pid);
    if (pid != here) { /* the first time, or after a fork: whatever thread there was is not here */
        if (!atomic_compare_exchange_strong(&renewer->pid, &pid, here)) {
            return 0;
        }
        atomic_store(&renewer->state, STARTING);
        return 1;
    }
    int idle = IDLE;
    if (atomic_compare_exchange_strong(&renewer->state, &idle, STARTING)) {
        return 1;
    }
    int ended = ENDED;
    if (atomic_compare_exchange_strong(&renewer->state, &ended, STARTING)) {
        (void)pthread_join(renewer->thread, NULL);
        return 1;
    }
    return 0;
}

/* Nobody is kept waiting by it, so nobody has to wait for it either. */
static int end_with_client(void *client)
{
    return wxid_client_is_closed(client);
}

static void *run(void *argument)
{
    errand *given = argument;
    wxid__renewer *renewer = given->renewer;
    wxid_hooks hooks = WXID_HOOKS_INIT;
    hooks.context = given->client;
    hooks.tick = end_with_client;
    wxid__client_drive_renewal(given->client, given->call, &hooks);
    free(given);
    while (atomic_load(&renewer->state) == STARTING) { /* its creator is about to say so */
        (void)sched_yield();
    }
    atomic_store(&renewer->state, ENDED);
    return NULL;
}

int wxid__renewer_start(wxid__renewer *renewer, wxid_client *client, wxid_call *call)
{
    errand *given = malloc(sizeof *given);
    if (given == NULL || !claim(renewer)) {
        free(given);
        return -1;
    }
    *given = (errand){renewer, client, call};
    if (wxid__thread_start(&renewer->thread, run, given) != 0) {
        free(given);
        atomic_store(&renewer->state, IDLE);
        return -1;
    }
    atomic_store(&renewer->state, RUNNING);
    return 0;
}

void wxid__renewer_join(wxid__renewer *renewer)
{
    int state = atomic_load(&renewer->state);
    if (atomic_load(&renewer->pid) == getpid() && (state == RUNNING || state == ENDED)) {
        (void)pthread_join(renewer->thread, NULL);
        atomic_store(&renewer->state, IDLE);
    }
}
