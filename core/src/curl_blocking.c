/* The SEND step in the thread that waits for it. */
#include "curl_blocking.h"

#include "curl_system.h"

#include <poll.h>

static CURLMcode perform(wxid__slot *slot, int *running)
{
    wxid__sigpipe held;
    if (!slot->transfer.by_tls) { /* libcurl's own send() raises no signal */
        return curl_multi_perform(slot->multi, running);
    }
    wxid__sigpipe_hold(&held);
    CURLMcode code = curl_multi_perform(slot->multi, running);
    wxid__sigpipe_release(&held);
    return code;
}

static wxid__outcome drive(wxid__slot *slot, wxid__caller *caller, CURLcode *code)
{
    for (;;) {
        int running = 0;
        int ready = 0;
        wxid__outcome how = WXID__OUTCOME_DONE;
        CURLMcode failed = perform(slot, &running);
        if (wxid__transfer_over(slot, failed, running, &how, code)) {
            return how;
        }
        int patience = wxid__caller_patience_ms(caller);
        if (patience == 0) {
            return WXID__OUTCOME_LATE;
        }
        if (wxid__transfer_is_held(slot)) {
            patience = 0; /* libcurl reads before it asks for the next piece */
            *code = wxid__transfer_release(slot);
            if (*code != CURLE_OK) {
                return WXID__OUTCOME_DONE;
            }
        }
        /* A signal ends it early, with nothing ready: the tick then sees it at once. */
        if (curl_multi_poll(slot->multi, NULL, 0, patience, &ready) != CURLM_OK) {
            *code = CURLE_FAILED_INIT;
            return WXID__OUTCOME_DONE;
        }
        if (ready == 0 && patience > 0 ? wxid__caller_tick(caller)
                                       : wxid__caller_tick_if_due(caller)) {
            return WXID__OUTCOME_ENDED;
        }
    }
}

static wxid__outcome attempt(wxid__slot *slot, wxid__caller *caller, wxid__means *means,
                             CURLcode *code)
{
    *code = wxid__transfer_begin(slot, caller->call, means, NULL);
    wxid__outcome how = *code == CURLE_OK ? drive(slot, caller, code) : WXID__OUTCOME_DONE;
    if (!caller->forked) {
        wxid__transfer_end(slot, means);
    }
    return how;
}

/* Waits, if that is still called for, before a kept connection is used again. Returns non-zero when
 * the call ended meanwhile. */
static int settle(const wxid__slot *slot, const wxid_trust *trust, wxid__caller *caller)
{
    while (slot->sockets.count == 1) {
        struct pollfd fd = {.fd = slot->sockets.open[0], .events = POLLIN};
        int64_t left = wxid_trust_settling_ms(trust, slot->idle_since_ms, wxid__now_ms());
        int patience = wxid__caller_patience_ms(caller);
        if (left <= 0 || patience == 0 ||
            poll(&fd, 1, left < patience ? (int)left : patience) > 0) {
            break;
        }
        if (wxid__caller_tick_if_due(caller) != 0) {
            return -1;
        }
    }
    return 0;
}

void wxid__blocking_send(wxid__slot *slot, wxid__caller *caller, wxid__means *means)
{
    CURLcode code = CURLE_OK;
    if (!wxid_trust_allows_reuse(&means->trust, wxid__now_ms())) {
        wxid__slot_close(slot);
    } else if (settle(slot, &means->trust, caller) != 0) {
        return;
    }
    wxid__outcome how = attempt(slot, caller, means, &code);
    if (!caller->forked && wxid__transfer_starts_afresh(slot, how, code)) {
        wxid__slot_close(slot); /* so that there is no kept connection to be used */
        how = attempt(slot, caller, means, &code);
    }
    if (caller->forked) {
        return;
    }
    if (how != WXID__OUTCOME_ENDED) {
        wxid__transfer_answer(slot, caller->call, how, code);
    }
    wxid__transfer_put_aside(slot, means);
}
