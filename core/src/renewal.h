/* The operation that renews a session's token: looks into the store that processes share, locks it,
 * fetches, publishes. docs/tokens.md has the table of its stages. */
#ifndef WXID_RENEWAL_H
#define WXID_RENEWAL_H

#include "call.h"

/* The longest that a fetch may take, and the time to live of the lock: whoever holds the lock has
 * ended before it goes. */
#define WXID__RENEWAL_MS 10000

typedef enum wxid__renewal_stage {
    WXID__RENEWAL_LOOK,      /* GET: another process may have renewed it; again with the lock */
    WXID__RENEWAL_LOCK,      /* ADD */
    WXID__RENEWAL_READ_LOCK, /* GET: who has the lock, or what failed */
    WXID__RENEWAL_FETCH,
    WXID__RENEWAL_PUBLISH,      /* SET */
    WXID__RENEWAL_NOTE_FAILURE, /* SET, in place of the lock */
    WXID__RENEWAL_UNLOCK        /* DELETE */
} wxid__renewal_stage;

typedef struct wxid__renewal {
    uint64_t lease; /* 0 until there is one */
    wxid__renewal_stage stage;
    int in_background; /* nobody waits for it */
    int is_refresh;    /* asked for: what there is already is no answer */
    int force;
    int with_store;
    int has_lock;
    char *replaced; /* the token to be replaced; NULL for none */
    int was_refused;
    char *token_key;
    char *lock_key;
    char owner[17];
    wxid_store_request request;
    char *value; /* that the request carries, if it is not the owner */
    int64_t life_ms;
    wxid_error *failure; /* of the fetch */
    int64_t failures;
    int64_t pause_ms;
} wxid__renewal;

/* A renewal for a caller who waits for its token until `deadline_ms`, under a lease of the
 * session's cache. NULL without memory; the lease has been given back then. */
wxid_call *wxid__renewal_new(wxid_session *session, uint64_t lease, int64_t deadline_ms,
                             uint64_t seed);

/* renewal.c */
/* From now on it must end within 10 s. */
void wxid__renewal_bound(wxid_call *call, int64_t now_ms);
/* Goes to SEND, whether there is a store or not. */
void wxid__renewal_fetch(wxid_call *call, int64_t now_ms);
/* Puts the call's fetched token, with so much left of its life, into use. */
void wxid__renewal_adopt(wxid_call *call, int64_t now_ms, int64_t left_ms, int64_t life_ms);

/* renewal_store.c: what is asked of the store, stage by stage. */
void wxid__renewal_look(wxid_call *call);
void wxid__renewal_take_lock(wxid_call *call);
void wxid__renewal_publish(wxid_call *call, int64_t now_ms);
/* Leaves the failure in place of the lock. */
void wxid__renewal_note_failure(wxid_call *call, int64_t now_ms);
void wxid__renewal_unlock_and_end(wxid_call *call);

#endif
