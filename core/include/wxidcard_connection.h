/* wxidcard, for drivers that have sockets and no HTTP of their own: the reply as it comes off a
 * connection, and when a connection may be used again. Part of the core: no IO, no clock. A driver
 * with an HTTP library answers the SEND step by wxid_call_answer_reply() instead.
 *
 * A SEND step is an exchange on one connection:
 *
 *     exchange = wxid_exchange_new(trust, reused);
 *     ... send request->head and the fragments, and read beside that, until it is over:
 *     while (wxid_exchange_read(exchange, bytes, length, sent_whole)) { ... }
 *     if (wxid_exchange_starts_afresh(exchange, now)) { ... the same again over a new connection }
 *     wxid_exchange_answer(exchange, call, now, &error);
 *     ... keep the connection if wxid_exchange_keeps(exchange), else close it.
 */
#ifndef WXIDCARD_CONNECTION_H
#define WXIDCARD_CONNECTION_H

#include "wxidcard.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Kept connections ---- */

/* How far the kept connections to one address may be relied upon. A second answer that comes late,
 * when the next request has already gone, cannot be told from the answer to that one: one person's
 * card would be handed out as another's. Against it there is only caution: the first times that
 * connections are used again, some time is let pass in which such an answer would show; and once
 * one has shown, none is kept for ten minutes. May be used from any number of threads. */
typedef struct wxid_trust wxid_trust;

/* NULL without memory. */
WXID_API wxid_trust *wxid_trust_new(void);
/* After its exchanges. NULL is allowed. */
WXID_API void wxid_trust_free(wxid_trust *trust);
/* Whether a connection may be used again, and be kept for that. */
WXID_API int wxid_trust_allows_reuse(const wxid_trust *trust, int64_t now_ms);
/* For how many milliseconds a connection that has been idle since then is to be watched before it
 * is used again: nothing may come, and it must stay open. It is looked at even if it is 0. */
WXID_API int64_t wxid_trust_settling_ms(const wxid_trust *trust, int64_t idle_since_ms,
                                        int64_t now_ms);
/* Something came on an idle connection, which is still open. */
WXID_API void wxid_trust_lose(wxid_trust *trust, int64_t now_ms);

/* An idle connection is kept for so long, and not used afterwards: longer than a batch pauses
 * between two pictures, shorter than servers commonly keep one. */
#define WXID_KEPT_MS 20000

/* ---- Exchanges ---- */

typedef struct wxid_exchange wxid_exchange;

/* Of a connection to which the request is about to be sent. reused: it has carried another. The
 * trust must outlive the exchange. NULL without memory. */
WXID_API wxid_exchange *wxid_exchange_new(wxid_trust *trust, int reused);
/* Wipes what was read. NULL is allowed. */
WXID_API void wxid_exchange_free(wxid_exchange *exchange);

/* Bytes have come. sent_whole: the last byte of the request had been handed to the system. Returns
 * 1 if there is more to be read, 0 when the exchange is over. */
WXID_API int wxid_exchange_read(wxid_exchange *exchange, const void *data, size_t length,
                                int sent_whole);
/* Instead of bytes: the other end has closed, having sent everything. */
WXID_API void wxid_exchange_close(wxid_exchange *exchange, int sent_whole);
/* Instead of bytes, anything else: reset (NETWORK), no time left (TIMEOUT) … */
WXID_API void wxid_exchange_fail(wxid_exchange *exchange, wxid_failure failure, int sent_whole);

/* Over: whether a kept connection failed in such a way that the service cannot have acted on the
 * request. It is sent once more then, over a new connection, and the call is none the wiser. */
WXID_API int wxid_exchange_starts_afresh(const wxid_exchange *exchange, int64_t now_ms);
/* Over: whether the connection is fit for another request. */
WXID_API int wxid_exchange_keeps(const wxid_exchange *exchange);
/* Over: answers the call's SEND step. Returns -1, kind USAGE, when it is not the time for it. */
WXID_API int wxid_exchange_answer(wxid_exchange *exchange, wxid_call *call, int64_t now_ms,
                                  wxid_error **error);

/* What is wrong with a certificate, in words for the detail of a failure: by the number that
 * OpenSSL and its kin call X509_V_ERR_*; 0 stands for a certificate of another host. Static. */
WXID_API const char *wxid_certificate_detail(long verify_result);

#ifdef __cplusplus
}
#endif

#endif
