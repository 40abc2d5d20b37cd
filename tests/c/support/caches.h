/* Token caches without a session around them. */
#ifndef TEST_CACHES_H
#define TEST_CACHES_H

#include "support.h"

#include "token_cache.h"

/* A cache of its own at the default service. Never NULL. */
wxid__token_cache *new_cache(void);
/* Adopts a token under a lease, which there must be, at a time. */
void adopt(wxid__token_cache *cache, int64_t now_ms, const char *token, int64_t life_ms,
           uint64_t random);
/* Asks, and checks the state; a lease is given back, so that asking changes nothing. */
void assert_state(wxid__token_cache *cache, int64_t now_ms, const char *refused,
                  wxid__token_state state);
/* The lease that comes with RENEW. */
uint64_t take_lease(wxid__token_cache *cache, int64_t now_ms, int64_t until_ms,
                    const char *refused);
/* READY, with this token. */
void assert_ready(wxid__token_cache *cache, int64_t now_ms, const char *token);
/* FAILED, for so long, with an error of this kind, or with none: NO_ERROR. */
#define NO_ERROR (-1)
void assert_failed(wxid__token_cache *cache, int64_t now_ms, const char *refused, int kind,
                   int64_t wait_ms);

#endif
