#include "curl_caller.h"

#include "curl_system.h"

#include <poll.h>
#include <unistd.h>

void wxid__caller_init(wxid__caller *caller, wxid_call *call, const wxid_hooks *hooks)
{
    *caller = (wxid__caller){.call = call, .hooks = hooks, .pid = getpid()};
    caller->ticked_ms = wxid__now_ms();
}

int64_t wxid__caller_time_left_ms(const wxid__caller *caller)
{
    return wxid_call_time_left_ms(caller->call, wxid__now_ms());
}

int wxid__caller_patience_ms(const wxid__caller *caller)
{
    int64_t left = wxid__caller_time_left_ms(caller);
    return left < WXID__TICK_MS ? (int)left : WXID__TICK_MS;
}

static void abandon(wxid__caller *caller, wxid_kind kind, const char *message)
{
    wxid_call_abandon(caller->call, wxid_error_new(kind, message));
}

/* A hook may run a program in a language that has fork(). In the child, what this call had in
 * flight is still the parent's: it must neither be read nor closed here. */
static int note_fork(wxid__caller *caller)
{
    caller->forked = getpid() != caller->pid;
    if (caller->forked) {
        abandon(caller, WXID_KIND_INTERRUPTED, "the process forked during the call");
    }
    return caller->forked;
}

int wxid__caller_tick(wxid__caller *caller)
{
    caller->ticked_ms = wxid__now_ms();
    if (caller->hooks == NULL || caller->hooks->tick == NULL) {
        return 0;
    }
    int ended = caller->hooks->tick(caller->hooks->context);
    if (note_fork(caller)) {
        return 1;
    }
    if (ended != 0) {
        abandon(caller, WXID_KIND_INTERRUPTED, "the caller ended the call");
    }
    return ended != 0;
}

int wxid__caller_tick_if_due(wxid__caller *caller)
{
    return wxid__now_ms() - caller->ticked_ms >= WXID__TICK_MS ? wxid__caller_tick(caller) : 0;
}

void wxid__caller_token(wxid__caller *caller)
{
    if (caller->hooks == NULL || caller->hooks->token == NULL) {
        abandon(caller, WXID_KIND_USAGE,
                "this client asks for tokens: give hooks with a token function");
        return;
    }
    int ended = caller->hooks->token(caller->hooks->context, caller->call);
    if (note_fork(caller)) {
        return;
    }
    if (ended != 0) {
        abandon(caller, WXID_KIND_INTERRUPTED, "the caller ended the call");
    } else if (wxid_call_step(caller->call, wxid__now_ms()) == WXID_STEP_TOKEN) {
        /* Asking again would be an endless loop: no answer brings the call back to this step. */
        abandon(caller, WXID_KIND_USAGE,
                "the token function gave no token: answer with wxid_call_answer_token()");
    }
}

void wxid__caller_store(wxid__caller *caller)
{
    wxid_error *error = NULL;
    wxid_store_answer answer = WXID_STORE_ANSWER_INIT;
    const wxid_store_request *request = wxid_call_store_request(caller->call, wxid__unix_ms());
    if (request == NULL) {
        return; /* the call has ended */
    }
    if (caller->hooks == NULL || caller->hooks->store == NULL) {
        abandon(caller, WXID_KIND_USAGE,
                "this client has a token store: give hooks with a store function");
        return;
    }
    int ended = caller->hooks->store(caller->hooks->context, request, &answer);
    if (note_fork(caller)) {
        return;
    }
    if (ended != 0) {
        abandon(caller, WXID_KIND_INTERRUPTED, "the caller ended the call");
    } else if (wxid_call_answer_store(caller->call, wxid__now_ms(), wxid__unix_ms(), &answer,
                                      &error) != 0) {
        wxid_call_abandon(caller->call, error);
    }
}

void wxid__caller_wait(wxid__caller *caller, int64_t wait_ms)
{
    int64_t until = wxid__now_ms() + wait_ms;
    for (;;) {
        int64_t left = until - wxid__now_ms();
        int patience = wxid__caller_patience_ms(caller);
        if (left <= 0 || patience == 0) {
            return;
        }
        /* A signal ends poll() early, and the tick then sees what it was about at once. */
        (void)poll(NULL, 0, left < patience ? (int)left : patience);
        if (wxid__caller_tick(caller) != 0) {
            return;
        }
    }
}
