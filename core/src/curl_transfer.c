/* One request and its reply: the steps that a driver takes, whether it waits or not. */
#include "curl_transfer.h"

#include "curl_failure.h"
#include "curl_system.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How long to wait for the rest of a reply that came too early and does not say how long it is. */
#define EARLY_REPLY_MS 500

/* ---- Beginning ---- */

static CURLcode watch(const wxid__slot *slot, const wxid__watcher *watcher)
{
    if (curl_multi_setopt(slot->multi, CURLMOPT_SOCKETFUNCTION, watcher->on_socket) != CURLM_OK ||
        curl_multi_setopt(slot->multi, CURLMOPT_SOCKETDATA, watcher->context) != CURLM_OK) {
        return CURLE_OUT_OF_MEMORY;
    }
    return CURLE_OK;
}

CURLcode wxid__transfer_begin(wxid__slot *slot, const wxid_call *call, const wxid__means *means,
                              const wxid__watcher *watcher)
{
    slot->transfer = (wxid__transfer){.request = wxid_call_request(call)};
    slot->transfer.by_tls = strcmp(slot->transfer.request->scheme, "https") == 0;
    wxid__incoming_clear(&slot->reply);
    CURLcode code = wxid__slot_open(slot, means->settings, means->share);
    code = code != CURLE_OK ? code : wxid__slot_aim(slot, slot->transfer.request);
    code = code != CURLE_OK ? code
                            : wxid__slot_limit(slot, means->settings,
                                               wxid_call_time_left_ms(call, wxid__now_ms()));
    code = code != CURLE_OK || watcher == NULL ? code : watch(slot, watcher);
    wxid__sockets_begin(&slot->sockets);
    if (code == CURLE_OK && curl_multi_add_handle(slot->multi, slot->easy) != CURLM_OK) {
        code = CURLE_OUT_OF_MEMORY;
    }
    return code;
}

/* ---- In the middle ---- */

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

int64_t wxid__transfer_look_again_ms(const wxid__slot *slot)
{
    return slot->transfer.incomplete && wxid__incoming_head_whole(&slot->reply)
               ? slot->transfer.begun_ms + EARLY_REPLY_MS
               : INT64_MAX;
}

int wxid__transfer_over(const wxid__slot *slot, CURLMcode failed, int running, wxid__outcome *how,
                        CURLcode *code)
{
    *how = WXID__OUTCOME_DONE;
    if (failed != CURLM_OK) {
        /* A watcher refuses a socket for lack of memory only. */
        int is_memory = failed == CURLM_OUT_OF_MEMORY || failed == CURLM_ABORTED_BY_CALLBACK;
        *code = is_memory ? CURLE_OUT_OF_MEMORY : CURLE_FAILED_INIT;
        return 1;
    }
    if (running == 0) {
        *code = result_of(slot);
        return 1;
    }
    *how = WXID__OUTCOME_EARLY;
    return early_reply_over(slot);
}

int wxid__transfer_is_held(const wxid__slot *slot)
{
    return slot->transfer.held && !slot->transfer.incomplete;
}

CURLcode wxid__transfer_release(wxid__slot *slot)
{
    slot->transfer.held = 0;
    return curl_easy_pause(slot->easy, CURLPAUSE_CONT);
}

/* ---- The answer ---- */

static void answer_reply(const wxid__slot *slot, wxid_call *call)
{
    wxid_error *error = NULL;
    wxid_reply reply = wxid__incoming_reply(&slot->reply, slot->transfer.incomplete);
    if (wxid_call_answer_reply(call, wxid__now_ms(), &reply, &error) != 0) {
        wxid_call_abandon(call, error);
    }
}

static void answer_failure(wxid_call *call, wxid__failure failure, int sent)
{
    wxid_error *error = NULL;
    if (wxid_call_answer_failure(call, wxid__now_ms(), failure.failure, sent, failure.detail,
                                 &error) != 0) {
        wxid_call_abandon(call, error);
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

/* Where libcurl has read more than a reply of known length it throws the rest away, and closes a
 * connection that the reply would have kept. */
static int has_read_more(const wxid__slot *slot)
{
    const wxid__incoming *reply = &slot->reply;
    return slot->sockets.count == 0 && wxid__incoming_body_whole(reply) && !reply->closes &&
           !slot->transfer.incomplete;
}

/* Two answers to one request, on a connection that had been used before: one of them belongs to the
 * request before, and nobody can say which. (By TLS it cannot be seen whether what has come and was
 * not read is an answer.) */
static int is_ambiguous(const wxid__slot *slot)
{
    int by_tls = strcmp(slot->transfer.request->scheme, "https") == 0;
    return slot->transfer.reused &&
           (has_read_more(slot) ||
            (!by_tls && wxid__sockets_unread(&slot->sockets) == WXID__UNREAD_BYTES));
}

void wxid__transfer_answer(const wxid__slot *slot, wxid_call *call, wxid__outcome how,
                           CURLcode code)
{
    int sent = slot->transfer.issued;
    /* An answer that came too early counts although sending failed, even if its body was cut short.
     */
    int replied = slot->reply.refusal == NULL && wxid__incoming_head_whole(&slot->reply) &&
                  (slot->transfer.incomplete || (how == WXID__OUTCOME_DONE && code == CURLE_OK));
    if (replied && is_ambiguous(slot)) {
        answer_failure(call, (wxid__failure){WXID_FAILURE_PROTOCOL, "two answers to one request"},
                       sent);
    } else if (replied) {
        answer_reply(slot, call);
    } else if (how == WXID__OUTCOME_LATE) {
        answer_failure(call, wxid__failure_of(CURLE_OPERATION_TIMEDOUT, sent, 0), sent);
    } else {
        answer_failure(call, diagnose(slot, code), sent);
    }
}

/* ---- The end ---- */

/* After it nothing points to the request any more. */
static void let_go(wxid__slot *slot)
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

void wxid__transfer_end(wxid__slot *slot, wxid__means *means)
{
    let_go(slot);
    if (slot->transfer.stray) {
        wxid_trust_lose(&means->trust, wxid__now_ms());
    }
}

int wxid__transfer_starts_afresh(const wxid__slot *slot, wxid__outcome how, CURLcode code)
{
    const wxid__transfer *transfer = &slot->transfer;
    if (!transfer->reused || how != WXID__OUTCOME_DONE || code == CURLE_OPERATION_TIMEDOUT) {
        return 0;
    }
    if (slot->reply.status == 408) {
        return 1; /* it says that no request came in time: it means the time before this one */
    }
    return code != CURLE_OK &&
           (!transfer->issued || !wxid__upload_done(transfer) || slot->sockets.untouched);
}

/* After an answer: whether the connection is fit for another request, and libcurl's handles. */
static void keep_or_close(wxid__slot *slot, wxid_trust *trust)
{
    int by_chunks = slot->reply.chunked;
    wxid__incoming_clear(&slot->reply);
    if (slot->sockets.refused) {
        /* libcurl, which was not let send the request once more, has it in mind still (7.88: to
         * rewind its body), and would let the next one fail. */
        wxid__slot_close(slot);
        return;
    }
    if (slot->sockets.count == 0) {
        return; /* libcurl has closed it */
    }
    if (wxid__sockets_stray(&slot->sockets)) {
        wxid_trust_lose(trust, wxid__now_ms());
    }
    /* libcurl would also keep one on which the rest of a request stands in a queue that nobody
     * reads. And of a second answer that comes with a reply in chunks it says nothing, not even by
     * closing the connection, so that on the next one of the kind nobody could tell which of two is
     * right. */
    if (slot->transfer.incomplete || by_chunks ||
        wxid__sockets_unread(&slot->sockets) != WXID__UNREAD_NONE) {
        wxid__slot_close(slot);
    } else if (slot->transfer.reused) {
        wxid__trust_earn(trust);
    }
}

void wxid__transfer_put_aside(wxid__slot *slot, wxid__means *means)
{
    if (has_read_more(slot)) {
        wxid_trust_lose(&means->trust, wxid__now_ms());
    }
    keep_or_close(slot, &means->trust);
    wxid__sockets_begin(&slot->sockets);
}
