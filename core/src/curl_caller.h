/* The thread that waits for a call, and what it does meanwhile. */
#ifndef WXID_CURL_CALLER_H
#define WXID_CURL_CALLER_H

#include "wxidcard_curl.h"

#include <sys/types.h>

typedef struct wxid__caller {
    wxid_call *call;
    const wxid_hooks *hooks; /* NULL for none */
    int64_t ticked_ms;
    pid_t pid;
    int forked; /* the process forked in a hook: what was in flight is the parent's */
} wxid__caller;

void wxid__caller_init(wxid__caller *caller, wxid_call *call, const wxid_hooks *hooks);
int64_t wxid__caller_time_left_ms(const wxid__caller *caller);
/* How long may be waited before the next tick: at most until the deadline, and then 0. */
int wxid__caller_patience_ms(const wxid__caller *caller);
/* Calls the tick. Returns non-zero when the call ended by it. */
int wxid__caller_tick(wxid__caller *caller);
/* The same, unless it was called just now. */
int wxid__caller_tick_if_due(wxid__caller *caller);
/* Lets the hook answer the TOKEN step; whatever it does, the call is at another step afterwards. */
void wxid__caller_token(wxid__caller *caller);
/* Lets the hook carry out the STORE step; the same. */
void wxid__caller_store(wxid__caller *caller);
/* Waits until the time has passed or the call ended. */
void wxid__caller_wait(wxid__caller *caller, int64_t wait_ms);

#endif
