/* A driver that plays the other end of a connection: which bytes come, when, and what becomes of
 * the call. */
#ifndef TEST_EXCHANGES_H
#define TEST_EXCHANGES_H

#include "support.h"

#include <wxidcard_connection.h>

/* What comes, and what comes then. The exchange must be over before the end is told, and not
 * before, if there is one to tell. */
typedef struct arrival {
    const char *bytes;
    size_t length;
    enum arrival_end {
        STAYS,  /* nothing more comes, and nothing is waited for */
        CLOSES, /* the other end has sent everything */
        RESETS,
        IS_LATE, /* no time is left */
        ENDS     /* closes if it is not over then, which may be or not */
    } end;
} arrival;

/* A connection and a request on it. */
typedef struct circumstances {
    int reused;
    size_t unsent; /* bytes that come before the request has been sent whole; at its end if all */
} circumstances;
#define NEVER_SENT SIZE_MAX

/* How bytes are put together to pieces. */
typedef struct pieces {
    size_t longest;
    uint64_t seed; /* of random lengths up to that; 0: all are as long */
} pieces;

#define CARD (-1)
#define AFRESH (-2) /* the request is to be sent once more; the call has not been answered then */

typedef struct outcome {
    int kind; /* or CARD, or AFRESH */
    int http_status;
    char message[200];
    char type[64]; /* of the card */
    int keeps;
    int loses; /* trust */
    int earns;
    size_t read; /* bytes until the exchange was over */
} outcome;

#define NOW INT64_C(1000000)

/* One exchange of a session's call, of a new trust's connection. */
outcome exchange(wxid_session *session, arrival comes, circumstances on, pieces of);

#endif
