/* What the calls of one client share. */
#ifndef WXID_SESSION_H
#define WXID_SESSION_H

#include "credential.h"
#include "token_cache.h"
#include "token_file.h"
#include "url.h"

#include <stdatomic.h>

struct wxid_session {
    wxid_settings settings; /* complete; its texts are the session's, credentials NULL in it */
    wxid__credential credential;
    char *token;                 /* in hand; else NULL */
    wxid__token_file token_file; /* its path NULL without one */
    wxid__token_cache *cache;    /* of appid and secret; else NULL */
    char *base_url;
    char *ca_file;
    char *proxy;
    char *description;
    wxid__origin origin;
    atomic_int retry_budget; /* points; see wxidcard.h */
};

/* Fills in what concerns pictures (max_image_bytes, fit, strip_metadata), or checks it. */
int wxid__session_settle_picture(wxid_settings *settings, wxid_error **error);
/* A success gives a point back. */
void wxid__session_note_success(wxid_session *session);
/* A time-out costs points. */
void wxid__session_note_timeout(wxid_session *session);
/* The service accepted a call with this token (NULL: without one). */
void wxid__session_note_accepted(wxid_session *session, const char *token);
/* Pays for a retry and returns 1, or 0 when there are too few points left. */
int wxid__session_pay_retry(wxid_session *session);

#endif
