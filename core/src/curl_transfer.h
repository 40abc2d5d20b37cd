/* One transfer over libcurl, in the steps that all drivers share: begin, look whether it is over,
 * end; then begin once more if the kept connection was no good, or answer the call and put the slot
 * aside. How to wait in between is the driver's own. */
#ifndef WXID_CURL_TRANSFER_H
#define WXID_CURL_TRANSFER_H

#include "curl_slot.h"
#include "trust.h"

/* What all transfers of a pool share. */
typedef struct wxid__means {
    const wxid_settings *settings;
    CURLSH *share;
    wxid_trust trust;
} wxid__means;

/* For a driver that waits for many slots at once: is told which sockets libcurl waits for. */
typedef struct wxid__watcher {
    curl_socket_callback on_socket;
    void *context;
} wxid__watcher;

typedef enum wxid__outcome {
    WXID__OUTCOME_DONE,  /* libcurl has come to an end, one way or the other */
    WXID__OUTCOME_EARLY, /* a reply that came too early has been read as far as is worth it */
    WXID__OUTCOME_LATE,  /* the deadline has passed */
    WXID__OUTCOME_ENDED  /* the call was ended by its caller */
} wxid__outcome;

/* Gives libcurl the call's request. watcher may be NULL. Whatever is returned, the transfer is to
 * be ended. */
CURLcode wxid__transfer_begin(wxid__slot *slot, const wxid_call *call, const wxid__means *means,
                              const wxid__watcher *watcher);
/* After libcurl has performed: whether the transfer is over, and how, and by what code. */
int wxid__transfer_over(const wxid__slot *slot, CURLMcode failed, int running, wxid__outcome *how,
                        CURLcode *code);
/* When to look for that although nothing has come; INT64_MAX for never. */
int64_t wxid__transfer_look_again_ms(const wxid__slot *slot);
/* Whether the upload stands still until libcurl has read; then it is to be released, and to perform
 * at once. */
int wxid__transfer_is_held(const wxid__slot *slot);
CURLcode wxid__transfer_release(wxid__slot *slot);
void wxid__transfer_end(wxid__slot *slot, wxid__means *means);
/* Whether a kept connection failed in such a way that the service cannot have acted on the request.
 */
int wxid__transfer_starts_afresh(const wxid__slot *slot, wxid__outcome how, CURLcode code);
void wxid__transfer_answer(const wxid__slot *slot, wxid_call *call, wxid__outcome how,
                           CURLcode code);
/* Afterwards the slot is ready for another transfer, with its connection if that is fit for one. */
void wxid__transfer_put_aside(wxid__slot *slot, wxid__means *means);

#endif
