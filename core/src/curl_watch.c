/* What libcurl calls during a transfer, and where the two questions are settled that it settles
 * badly.
 *
 * Whose answer is it? A connection that is used again may still bring, late, a second answer to the
 * request before, and libcurl before 8.1.0 would hand it out as the answer to this one: one
 * person's card as another's. So the socket is looked at just before the request is sent, again
 * before each piece of the upload, and when the reply begins. Nothing may have come before the last
 * piece has been handed out, and when something has come, the other end must have acknowledged the
 * whole request. (What is left over is for trust.c.)
 *
 * How often is it sent? libcurl sends a request once more by itself when a kept connection dies
 * without a byte of a reply. The service may have counted the first, so once a request has been
 * issued the sockets are sealed and wxid__on_issue() stops a second: the core decides about
 * repetitions. There is one exception: when a kept connection fails before the last piece of the
 * upload has been handed out, or before the other end has acknowledged a byte of the request, the
 * service cannot have acted, and the transfer begins again over a fresh connection. */
#include "curl_slot.h"
#include "curl_system.h"

#include <string.h>

int wxid__upload_done(const wxid__transfer *transfer)
{
    return transfer->taken == transfer->request->body_length;
}

int wxid__on_issue(void *context, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
    wxid__slot *slot = context;
    wxid__transfer *transfer = &slot->transfer;
    (void)remote_ip, (void)local_ip, (void)remote_port, (void)local_port;
    if (transfer->issued) {
        return CURL_PREREQFUNC_ABORT;
    }
    transfer->reused = slot->sockets.opened == 0;
    if (transfer->reused && wxid__sockets_unread(&slot->sockets) != WXID__UNREAD_NONE) {
        transfer->stray = wxid__sockets_stray(&slot->sockets);
        return CURL_PREREQFUNC_ABORT;
    }
    transfer->issued = 1;
    wxid__sockets_seal(&slot->sockets);
    return CURL_PREREQFUNC_OK;
}

static size_t take_upload(wxid__transfer *transfer, char *buffer, size_t room)
{
    const wxid_request *request = transfer->request;
    size_t taken = 0;
    while (taken < room && transfer->fragment < request->fragment_count) {
        const wxid_fragment *fragment = &request->body[transfer->fragment];
        size_t left = fragment->length - transfer->offset;
        size_t n = left < room - taken ? left : room - taken;
        if (n > 0) {
            memcpy(buffer + taken, (const char *)fragment->data + transfer->offset, n);
        }
        taken += n;
        transfer->offset += n;
        if (transfer->offset == fragment->length) {
            transfer->fragment++;
            transfer->offset = 0;
        }
    }
    transfer->taken += taken;
    return taken;
}

/* A second answer may lie inside the TLS library, where no look at the socket finds it. A transfer
 * that is held and let go again reads once more, and so brings it to light before the last piece is
 * sent. */
static int must_read_first(wxid__transfer *transfer, size_t room)
{
    int last = transfer->request->body_length - transfer->taken <= room;
    int must = transfer->by_tls && last && transfer->reused && !transfer->read_before_last;
    transfer->read_before_last |= must;
    return must;
}

/* What has come is read before more is sent: when it is a refusal with a reset behind it, one more
 * write() would fail and the refusal be lost. When the reply has begun, nothing more is sent at
 * all. */
size_t wxid__on_upload(char *buffer, size_t size, size_t count, void *context)
{
    wxid__slot *slot = context;
    wxid__transfer *transfer = &slot->transfer;
    if (wxid__upload_done(transfer)) {
        return 0;
    }
    wxid__unread unread = wxid__sockets_unread(&slot->sockets);
    if (transfer->reused && unread != WXID__UNREAD_NONE) {
        transfer->stray = wxid__sockets_stray(&slot->sockets);
        return CURL_READFUNC_ABORT;
    }
    if (transfer->incomplete || unread == WXID__UNREAD_BYTES ||
        must_read_first(transfer, size * count)) {
        transfer->held = 1;
        return CURL_READFUNC_PAUSE;
    }
    return take_upload(transfer, buffer, size * count);
}

/* The status line of the final reply has just been read. */
static int note_reply_begins(wxid__slot *slot)
{
    wxid__transfer *transfer = &slot->transfer;
    transfer->begun_ms = wxid__now_ms();
    if (!wxid__upload_done(transfer)) {
        transfer->incomplete = 1;
        transfer->stray = transfer->reused; /* it may be the answer to the call before */
        return transfer->reused ? -1 : 0;
    }
    /* The segment that brought the reply also brought the acknowledgement of everything that had
     * arrived when it was sent. What is not acknowledged now, the service had not seen when it
     * answered. */
    transfer->incomplete = wxid__sockets_unacknowledged(&slot->sockets);
    return 0;
}

size_t wxid__on_header(char *line, size_t size, size_t count, void *context)
{
    wxid__slot *slot = context;
    int begun = wxid__incoming_begun(&slot->reply);
    if (wxid__incoming_line(&slot->reply, line, size * count) != 0) {
        return 0;
    }
    if (!begun && wxid__incoming_begun(&slot->reply) && note_reply_begins(slot) != 0) {
        return 0;
    }
    return size * count;
}

size_t wxid__on_body(char *data, size_t size, size_t count, void *context)
{
    wxid__slot *slot = context;
    return wxid__incoming_body(&slot->reply, data, size * count) == 0 ? size * count : 0;
}
