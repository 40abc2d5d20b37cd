/* How far kept connections may be relied upon.
 *
 * A second answer that comes late, when the next request has already gone, cannot be told from the
 * answer to that one by any look at the socket: one person's card would be handed out as another's.
 * Against it there is only caution. The first times that connections are used again, some time is
 * let pass in which such an answer would show; and once one has shown, no connection of the client
 * is kept for a good while. */
#ifndef WXID_CURL_TRUST_H
#define WXID_CURL_TRUST_H

#include "curl_caller.h"
#include "curl_socket.h"

#include <stdatomic.h>

/* Of a pool: any thread may use it. */
typedef struct wxid__trust {
    atomic_int earned;            /* times that a connection was used again, and rightly */
    atomic_int_fast64_t alone_ms; /* until when every request gets a connection of its own */
} wxid__trust;

/* Whether connections may be kept. */
int wxid__trust_allows_reuse(const wxid__trust *trust);
/* Waits, if that is still called for, before a connection that has been idle since then is used
 * again. Returns non-zero when the call ended meanwhile. */
int wxid__trust_settle(const wxid__trust *trust, const wxid__sockets *sockets,
                       int64_t idle_since_ms, wxid__caller *caller);
/* A connection was used again, and nothing was wrong. */
void wxid__trust_earn(wxid__trust *trust);
/* Something came on a connection where nothing should. */
void wxid__trust_lose(wxid__trust *trust);

#endif
