/* Reading replies: the one place that knows what comes back, and the only one that uses cJSON. */
#ifndef WXID_REPLY_H
#define WXID_REPLY_H

#include "wxidcard.h"

/* The reply's JSON object, without errcode and errmsg, when the service reports success; else NULL,
 * and the error. `success`: names of which one must be there for a reply to count as one, since
 * errcode may be missing; `secrets`: what must not appear in the error's text. Both lists end with
 * NULL. Errors: of the service's kinds, PROTOCOL, MEMORY. */
wxid_value *wxid__reply_read(const wxid_reply *reply, const char *const *success,
                             const char *const *secrets, wxid_error **error);

/* A JSON object of up to WXID_MAX_REPLY_BODY bytes; NULL with the problem said, a phrase about "the
 * reply", or without memory. */
wxid_value *wxid__json_read(const void *text, size_t length, const char **problem);

/* A card's fields, any of which makes a reply a card. */
extern const char *const wxid__card_fields[];
/* A token reply's. */
extern const char *const wxid__token_fields[];

#endif
