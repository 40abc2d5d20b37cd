/* What the calls of one client share. */
#ifndef WXID_SESSION_H
#define WXID_SESSION_H

#include "url.h"

#include <stdatomic.h>

struct wxid_session {
    wxid_settings settings; /* complete; its texts are the session's, access_token is NULL in it */
    char *base_url;
    char *ca_file;
    char *proxy;
    char *access_token; /* NULL when the driver is asked */
    char *description;
    wxid__origin origin;
    atomic_int retry_budget; /* points; see wxidcard.h */
};

/* A success gives a point back. */
void wxid__session_note_success(wxid_session *session);
/* A time-out costs points. */
void wxid__session_note_timeout(wxid_session *session);
/* Pays for a retry and returns 1, or 0 when there are too few points left. */
int wxid__session_pay_retry(wxid_session *session);

#endif
