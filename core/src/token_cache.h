/* The token of one account, shared by everybody in this process who needs it: its life as
 * arithmetic on a given `now`, who renews it, and what went wrong lately. Safe to use from any
 * number of threads, and after fork(). */
#ifndef WXID_TOKEN_CACHE_H
#define WXID_TOKEN_CACHE_H

#include "url.h"

typedef struct wxid__token_cache wxid__token_cache;

/* A private cache; all is copied. NULL without memory. */
wxid__token_cache *wxid__token_cache_new(const wxid__origin *origin, const char *appid,
                                         const char *secret, int old_endpoint);
/* The last holder's release frees a private cache; 16 shared ones without a holder are kept, until
 * others take their place. NULL is allowed. */
void wxid__token_cache_release(wxid__token_cache *cache);
/* Wipes those without a holder: by itself when the program ends or the library is unloaded. */
#if defined(__GNUC__)
__attribute__((destructor))
#endif
void wxid__token_cache_forget_unused(void);
/* The shared cache of the same account, in exchange for the holder's own. */
wxid__token_cache *wxid__token_cache_share(wxid__token_cache *cache);

/* What never changes: the account, and its name for a store, "api.weixin.qq.com:wx…:stable_token".
 */
const char *wxid__token_cache_appid(const wxid__token_cache *cache);
const char *wxid__token_cache_secret(const wxid__token_cache *cache);
int wxid__token_cache_is_old_endpoint(const wxid__token_cache *cache);
const char *wxid__token_cache_name(const wxid__token_cache *cache);

typedef enum wxid__token_state {
    WXID__TOKEN_READY,  /* here is a token */
    WXID__TOKEN_WAIT,   /* somebody is fetching one */
    WXID__TOKEN_RENEW,  /* nobody is: the asker shall, under the lease that comes with it */
    WXID__TOKEN_FAILED, /* it was tried just now, and failed */
    WXID__TOKEN_NO_MEMORY
} wxid__token_state;

typedef struct wxid__token_answer {
    wxid__token_state state;
    char *token;       /* READY: a copy, for wxid__text_free() */
    uint64_t lease;    /* RENEW: to be given back by one of the functions below */
    wxid_error *error; /* FAILED: a copy; NULL when the service gave the refused token again */
    int64_t wait_ms;   /* FAILED: until it may be tried again */
} wxid__token_answer;

/* A token for a call that ends at `until_ms`; `refused` is the one that the service refused it, or
 * NULL. */
wxid__token_answer wxid__token_cache_ask(wxid__token_cache *cache, int64_t now_ms, int64_t until_ms,
                                         const char *refused);
/* Whether the token may be due for renewal, by its age alone. */
int wxid__token_cache_is_stale(wxid__token_cache *cache, int64_t now_ms);
/* A lease to renew a token that is stale and that nobody renews; 0 if there is nothing to do. */
uint64_t wxid__token_cache_lease_stale(wxid__token_cache *cache, int64_t now_ms, int64_t until_ms);
/* A lease to renew it whatever its age: RENEW, or WAIT while somebody else has one, or FAILED. */
wxid__token_answer wxid__token_cache_lease_anyway(wxid__token_cache *cache, int64_t now_ms,
                                                  int64_t until_ms);
/* Milliseconds to wait within 30 s of the last forced refresh, else 0; and to be told of one. */
int64_t wxid__token_cache_force_wait_ms(wxid__token_cache *cache, int64_t now_ms);
void wxid__token_cache_note_force(wxid__token_cache *cache, int64_t now_ms);

/* What a lease is for: the token that is to be replaced, as a copy (NULL for none), and whether the
 * service refused it. Returns -1 without memory. */
int wxid__token_cache_replaces(wxid__token_cache *cache, char **token, int *was_refused);

/* How long before its end a token with so long a life is dead, and stale at the earliest. Lives of
 * less than 300 s, which no real token has, are divided in proportion: else such a token would be
 * fetched anew for each call. */
int64_t wxid__token_dead_ms(int64_t life_ms);
int64_t wxid__token_earliest_stale_ms(int64_t life_ms);
/* The token, with so much left of its life, is in use from now on. Returns -1 without memory; the
 * lease ends anyhow. */
int wxid__token_cache_adopt(wxid__token_cache *cache, uint64_t lease, int64_t now_ms,
                            const char *token, int64_t left_ms, int64_t life_ms, uint64_t random);
/* It failed: nobody tries again for 1 s, doubling to 30 s. Returns how long, in milliseconds, and
 * stores how often in a row it did. */
int64_t wxid__token_cache_fail(wxid__token_cache *cache, uint64_t lease, int64_t now_ms,
                               const wxid_error *error, int64_t *failures);
/* It failed elsewhere, as a store says: the same as there. */
void wxid__token_cache_fail_as(wxid__token_cache *cache, uint64_t lease, int64_t now_ms,
                               const wxid_error *error, int64_t failures, int64_t wait_ms);
/* Another process renews it: a stale token is left alone for a moment. */
void wxid__token_cache_leave(wxid__token_cache *cache, uint64_t lease, int64_t now_ms);
/* The lease ends without a result. */
void wxid__token_cache_give_back(wxid__token_cache *cache, uint64_t lease);
/* The service accepted a call with this token. */
void wxid__token_cache_note_accepted(wxid__token_cache *cache, const char *token);

#endif
