/* One request and its reply, from beginning to end. */
#include "curl_transfer.h"

#include "curl_failure.h"
#include "curl_system.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* How long to wait for the rest of a reply that came too early and does not say how long it is. */
#define EARLY_REPLY_MS 500

/* ---- The loop ---- */

typedef enum outcome {
    OUTCOME_DONE,  /* libcurl has come to an end, one way or the other */
    OUTCOME_EARLY, /* a reply that came too early has been read as far as is worth it */
    OUTCOME_LATE,  /* the deadline has passed */
    OUTCOME_ENDED  /* the call was ended by the tick */
} outcome;

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

static CURLcode result_of(const wxid__slot *slot)
{
    int left = 0;
    const CURLMsg *message = NULL;
    while ((message = curl_multi_info_read(slot->multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            return message->data.result;
        }
    }
    return CURLE_FAILED_INIT;
}

/* libcurl would go on waiting for a chance to send the rest of a request that nobody wants any
 * more. */
static int early_reply_over(const wxid__slot *slot)
{
    const wxid__transfer *transfer = &slot->transfer;
    return transfer->incomplete && wxid__incoming_head_whole(&slot->reply) &&
           (wxid__incoming_body_whole(&slot->reply) ||
            wxid__now_ms() - transfer->begun_ms >= EARLY_REPLY_MS);
}

static outcome drive(wxid__slot *slot, wxid__caller *caller, CURLcode *code)
{
    for (;;) {
        int running = 0;
        int ready = 0;
        CURLMcode failed = perform(slot, &running);
        if (failed != CURLM_OK) {
            *code = failed == CURLM_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_FAILED_INIT;
            return OUTCOME_DONE;
        }
        if (running == 0) {
            *code = result_of(slot);
            return OUTCOME_DONE;
        }
        if (early_reply_over(slot)) {
            return OUTCOME_EARLY;
        }
        int patience = wxid__caller_patience_ms(caller);
        if (patience == 0) {
            return OUTCOME_LATE;
        }
        if (slot->transfer.held && !slot->transfer.incomplete) {
            slot->transfer.held = 0; /* libcurl reads before it asks for the next piece */
            patience = 0;
            *code = curl_easy_pause(slot->easy, CURLPAUSE_CONT);
            if (*code != CURLE_OK) {
                return OUTCOME_DONE;
            }
        }
        /* A signal ends it early, with nothing ready: the tick then sees it at once. */
        if (curl_multi_poll(slot->multi, NULL, 0, patience, &ready) != CURLM_OK) {
            *code = CURLE_FAILED_INIT;
            return OUTCOME_DONE;
        }
        if (ready == 0 && patience > 0 ? wxid__caller_tick(caller)
                                       : wxid__caller_tick_if_due(caller)) {
            return OUTCOME_ENDED;
        }
    }
}

/* ---- The answer ---- */

static void answer_reply(const wxid__slot *slot, wxid__caller *caller)
{
    wxid_error *error = NULL;
    wxid_reply reply = wxid__incoming_reply(&slot->reply, slot->transfer.incomplete);
    if (wxid_call_answer_reply(caller->call, wxid__now_ms(), &reply, &error) != 0) {
        wxid_call_abandon(caller->call, error);
    }
}

static void answer_failure(wxid__caller *caller, wxid__failure failure, int sent)
{
    wxid_error *error = NULL;
    if (wxid_call_answer_failure(caller->call, wxid__now_ms(), failure.failure, sent,
                                 failure.detail, &error) != 0) {
        wxid_call_abandon(caller->call, error);
    }
}

/* libcurl says "out of memory" when a header line is longer than it likes. Once the upload is under
 * way it allocates nothing else of that size, so unless memory is short indeed, that is what it
 * was. */
static int is_giant_header(const wxid__slot *slot)
{
    const wxid__transfer *transfer = &slot->transfer;
    if (!transfer->issued || wxid__incoming_head_whole(&slot->reply) ||
        (transfer->taken == 0 && !wxid__upload_done(transfer))) {
        return 0;
    }
    void *memory = malloc(2 * CURL_MAX_HTTP_HEADER);
    int plenty = memory != NULL;
    free(memory);
    return plenty;
}

static wxid__failure diagnose(const wxid__slot *slot, CURLcode code)
{
    long verify_result = 0;
    if (slot->reply.refusal != NULL) {
        return (wxid__failure){WXID_FAILURE_PROTOCOL, slot->reply.refusal};
    }
    if (code == CURLE_OUT_OF_MEMORY && is_giant_header(slot)) {
        return (wxid__failure){WXID_FAILURE_PROTOCOL, "headers without end"};
    }
    if (slot->transfer.issued && slot->sockets.refused) { /* libcurl wanted to send it once more */
        return wxid__failure_of(CURLE_ABORTED_BY_CALLBACK, 1, 0);
    }
    if (slot->sockets.error == EMFILE || slot->sockets.error == ENFILE) {
        return (wxid__failure){WXID_FAILURE_SYSTEM, "no file descriptor is left"};
    }
    if (slot->easy != NULL) {
        (void)curl_easy_getinfo(slot->easy, CURLINFO_SSL_VERIFYRESULT, &verify_result);
    }
    return wxid__failure_of(code, slot->transfer.issued, verify_result);
}

/* Two answers to one request, on a connection that had been used before: one of them belongs to the
 * request before, and nobody can say which. (By TLS it cannot be seen whether what has come is an
 * answer.) */
static int is_ambiguous(const wxid__slot *slot)
{
    return slot->transfer.reused && strcmp(slot->transfer.request->scheme, "http") == 0 &&
           wxid__sockets_unread(&slot->sockets) == WXID__UNREAD_BYTES;
}

static void answer(const wxid__slot *slot, wxid__caller *caller, outcome how, CURLcode code)
{
    int sent = slot->transfer.issued;
    /* An answer that came too early counts although sending failed, even if its body was cut short.
     */
    int replied = slot->reply.refusal == NULL && wxid__incoming_head_whole(&slot->reply) &&
                  (slot->transfer.incomplete || (how == OUTCOME_DONE && code == CURLE_OK));
    if (replied && is_ambiguous(slot)) {
        answer_failure(caller, (wxid__failure){WXID_FAILURE_PROTOCOL, "two answers to one request"},
                       sent);
    } else if (replied) {
        answer_reply(slot, caller);
    } else if (how == OUTCOME_LATE) {
        answer_failure(caller, wxid__failure_of(CURLE_OPERATION_TIMEDOUT, sent, 0), sent);
    } else {
        answer_failure(caller, diagnose(slot, code), sent);
    }
}

/* ---- From beginning to end ---- */

static CURLcode begin(wxid__slot *slot, const wxid__caller *caller, const wxid__means *means)
{
    slot->transfer = (wxid__transfer){.request = wxid_call_request(caller->call)};
    slot->transfer.by_tls = strcmp(slot->transfer.request->scheme, "https") == 0;
    wxid__incoming_clear(&slot->reply);
    CURLcode code = wxid__slot_open(slot, means->settings, means->share);
    code = code != CURLE_OK ? code : wxid__slot_aim(slot, slot->transfer.request);
    code = code != CURLE_OK
               ? code
               : wxid__slot_limit(slot, means->settings, wxid__caller_time_left_ms(caller));
    wxid__sockets_begin(&slot->sockets);
    if (code == CURLE_OK && curl_multi_add_handle(slot->multi, slot->easy) != CURLM_OK) {
        code = CURLE_OUT_OF_MEMORY;
    }
    return code;
}

/* After this nothing points to the request any more. */
static void end(wxid__slot *slot)
{
    wxid__sigpipe held;
    if (slot->multi != NULL) {
        wxid__sigpipe_hold(&held);
        (void)curl_multi_remove_handle(slot->multi, slot->easy);
        wxid__sigpipe_release(&held);
        (void)curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, NULL);
    }
    curl_slist_free_all(slot->transfer.headers);
    slot->transfer.headers = NULL;
}

/* Whether a kept connection failed in such a way that the service cannot have acted on the request.
 */
static int should_start_afresh(const wxid__slot *slot, outcome how, CURLcode code)
{
    const wxid__transfer *transfer = &slot->transfer;
    if (!transfer->reused || how != OUTCOME_DONE || code == CURLE_OPERATION_TIMEDOUT) {
        return 0;
    }
    if (slot->reply.status == 408) {
        return 1; /* it says that no request came in time: it means the time before this one */
    }
    return code != CURLE_OK &&
           (!transfer->issued || !wxid__upload_done(transfer) || slot->sockets.untouched);
}

static outcome attempt(wxid__slot *slot, wxid__caller *caller, wxid__means *means, CURLcode *code)
{
    *code = begin(slot, caller, means);
    outcome how = *code == CURLE_OK ? drive(slot, caller, code) : OUTCOME_DONE;
    if (!caller->forked) {
        end(slot);
        if (slot->transfer.stray) {
            wxid_trust_lose(&means->trust, wxid__now_ms());
        }
    }
    return how;
}

/* After an answer: whether the connection is fit for another request. */
static void keep_or_close(wxid__slot *slot, wxid_trust *trust)
{
    if (slot->sockets.count == 0) {
        return; /* libcurl has closed it */
    }
    if (wxid__sockets_stray(&slot->sockets)) {
        wxid_trust_lose(trust, wxid__now_ms());
    }
    /* libcurl would also keep one on which the rest of a request stands in a queue that nobody
     * reads. */
    if (slot->transfer.incomplete || wxid__sockets_unread(&slot->sockets) != WXID__UNREAD_NONE) {
        wxid__slot_close(slot);
    } else if (slot->transfer.reused) {
        wxid__trust_earn(trust);
    }
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

void wxid__transfer_run(wxid__slot *slot, wxid__caller *caller, wxid__means *means)
{
    CURLcode code = CURLE_OK;
    if (!wxid_trust_allows_reuse(&means->trust, wxid__now_ms())) {
        wxid__slot_close(slot);
    } else if (settle(slot, &means->trust, caller) != 0) {
        return;
    }
    outcome how = attempt(slot, caller, means, &code);
    if (!caller->forked && should_start_afresh(slot, how, code)) {
        wxid__slot_close(slot); /* so that there is no kept connection to be used */
        how = attempt(slot, caller, means, &code);
    }
    if (caller->forked) {
        return;
    }
    if (how != OUTCOME_ENDED) {
        answer(slot, caller, how, code);
    }
    wxid__incoming_clear(&slot->reply);
    wxid__sockets_begin(&slot->sockets);
    keep_or_close(slot, &means->trust);
}
