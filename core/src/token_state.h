/* The inside of a token cache, for token_cache.c (who holds it) and token_lease.c (what happens to
 * it). */
#ifndef WXID_TOKEN_STATE_H
#define WXID_TOKEN_STATE_H

#include "token_cache.h"

struct wxid__token_cache {
    wxid__token_cache *next;
    size_t holders;
    int is_shared;
    const char *scheme; /* static */
    char *name;
    char *appid;
    char *secret;
    int old_endpoint;
    char *token; /* NULL at first */
    int was_refused;
    int64_t stale_ms;
    int64_t dead_ms;
    int64_t end_ms;
    uint64_t lease; /* of the renewal under way; 0 for none */
    int64_t lease_ends_ms;
    int64_t failures; /* in a row */
    int64_t pause_ends_ms;
    wxid_error *failure; /* the last; NULL when a refused token came again */
    int64_t left_until_ms;
    int was_forced;
    int64_t forced_ms;
};

/* One lock for all caches: it is held for a few copies only. */
void wxid__token_lock(void);
void wxid__token_unlock(void);

#endif
