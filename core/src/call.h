/* The call machine's inside, shared by call.c (steps, retries, deadline) and the operations that it
 * can carry out: recognition.c and token.c. */
#ifndef WXID_CALL_H
#define WXID_CALL_H

#include "image.h"
#include "request.h"
#include "session.h"

/* Before the others: what to do next is found out when the step is asked for. */
#define WXID__STEP_SEEK ((wxid_step)-1)

/* What makes a recognition a recognition, and a token fetch a token fetch. */
typedef struct wxid__operation {
    int uses_token; /* whether requests carry an access token */
    /* SEEK: goes to another step. */
    void (*seek)(wxid_call *call, int64_t now_ms);
    /* Fills call->request; -1 without memory. */
    int (*build)(wxid_call *call);
    /* Reads a reply into the call's result; on failure stores an error and returns -1. */
    int (*accept)(wxid_call *call, const wxid_reply *reply, wxid_error **error);
    /* Goes on after an attempt: with a result when error is NULL, else without, owning the error.
     * NULL for an operation that ends, or tries again, by the usual rules. */
    void (*settle)(wxid_call *call, int64_t now_ms, wxid_error *error);
    /* The call ends, with an error or with NULL for success. May be NULL. */
    void (*end)(wxid_call *call);
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
    wxid_call *hosted;  /* a renewal that this call carries out for itself and whoever waits */
    int has_renewed;    /* it did, after a token had failed */
    int token_tries;    /* how often no token could be had */
    wxid_error *renewal_error; /* of the last that it hosted, until a token is sought again */
    int seeks_again;           /* WAIT: for a token, not for another attempt */
    int attempts;              /* requests handed out so far */
    int retries;               /* of them after a failure */
    int ambiguous;             /* of these after one in which something had been sent */
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
    /* renewal */
    struct wxid__renewal *renewal;
};

/* An empty call before its first step, deadline set; NULL without memory. */
wxid_call *wxid__call_new(const wxid__operation *operation, wxid_session *session, int64_t now_ms,
                          uint64_t seed);
/* Goes to the first step, unless that takes a lease, which a call that nobody drives would keep. */
void wxid__call_begin(wxid_call *call, int64_t now_ms);
/* Ends the call, with an error that it now owns or NULL for success. */
void wxid__call_finish(wxid_call *call, wxid_error *error);
/* Builds a request and goes to SEND. */
void wxid__call_send(wxid_call *call);
/* Goes to WAIT, and then to SEEK. */
void wxid__call_wait_and_seek(wxid_call *call, int64_t wait_ms);
/* Every answer begins here: -1 with the error, unless the call is at this step. */
int wxid__call_expect(const wxid_call *call, wxid_step step, wxid_error **error);
/* SEEK of a recognition: a token from the session's credential (call_token.c). */
void wxid__call_seek_token(wxid_call *call, int64_t now_ms);
/* The renewal that a call hosts has ended: takes it away and goes on. */
void wxid__call_end_hosted(wxid_call *call);

#endif
