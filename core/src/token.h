/* Fetching an access token, as part of a call. */
#ifndef WXID_TOKEN_H
#define WXID_TOKEN_H

#include "call.h"

/* Whether appid, secret and endpoint can be sent. Errors: USAGE. */
int wxid__token_fetch_check(const wxid_token_fetch *fetch, wxid_error **error);
/* For an operation that fetches a token: copies what is needed into the call (-1 without memory),
 * builds, reads, wipes. */
int wxid__token_fetch_set(wxid_call *call, const char *appid, const char *secret, int old_endpoint,
                          int force_refresh);
int wxid__token_fetch_build(wxid_call *call);
int wxid__token_fetch_accept(wxid_call *call, const wxid_reply *reply, wxid_error **error);
void wxid__token_fetch_clear(wxid_call *call);

#endif
