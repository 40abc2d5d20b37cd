/* The call machine's inside, shared by call.c (steps, retries, deadline) and the operations that it
 * can carry out: recognition.c and token.c. */
#ifndef WXID_CALL_H
#define WXID_CALL_H

#include "image.h"
#include "request.h"
#include "session.h"

/* What makes a recognition a recognition, and a token fetch a token fetch. */
typedef struct wxid__operation {
    int uses_token; /* whether requests carry an access token */
    /* Fills call->request; -1 without memory. */
    int (*build)(wxid_call *call);
    /* Reads a reply into the call's result; on failure stores an error and returns -1. */
    int (*accept)(wxid_call *call, const wxid_reply *reply, wxid_error **error);
    /* Wipes and frees what is the operation's own. */
    void (*clear)(wxid_call *call);
} wxid__operation;

struct wxid_call {
    const wxid__operation *operation;
    wxid_session *session;
    wxid_step step;
    int64_t deadline_ms;
    uint64_t random;
    wxid__request request;
    char *token;        /* that the request carries */
    char *failed_token; /* that the service refused */
    int attempts;       /* requests handed out so far */
    int retries;        /* of them after a failure */
    int ambiguous;      /* of these after one in which something had been sent */
    int renewals;
    int64_t wait_ms;
    wxid_error *error; /* of the last attempt; the result when DONE */
    /* recognition */
    wxid__image image;
    char *img_url;
    const char *type; /* static */
    wxid_value *card;
    /* token fetch */
    char *appid;
    char *secret;
    int old_endpoint;
    int force_refresh;
    char *fetched_token;
    int64_t expires_in_s;
};

/* An empty call at its first step, deadline set; NULL without memory. */
wxid_call *wxid__call_new(const wxid__operation *operation, wxid_session *session, int64_t now_ms,
                          uint64_t seed);
/* Goes to the first step. On failure frees the call. */
int wxid__call_begin(wxid_call **call, wxid_call *made, wxid_error **error);

#endif
