/* What processes leave for each other in a token store: JSON, so that other programs of the same
 * account can read the token too. */
#ifndef WXID_TOKEN_RECORD_H
#define WXID_TOKEN_RECORD_H

#include "wxidcard.h"

/* {"access_token":"…","expires_at":<Unix seconds>,"expires_in":<seconds of its whole life>}; NULL
 * without memory. For wxid__text_free(). */
char *wxid__record_of_token(const char *token, int64_t expires_at_ms, int64_t life_ms);
/* Stores a copy of the token, how long it lives from `unix_ms` on, and its whole life (7,200 s
 * where another program did not say), neither more than 7,200 s; returns 1. Returns 0 for what is
 * no record or has expired, -1 without memory. */
int wxid__record_read_token(char **token, int64_t *left_ms, int64_t *life_ms, const char *record,
                            int64_t unix_ms);

/* {"failed":"<kind>","errcode":…,"retryable":true,"failures":…,"retry_at_ms":<Unix milliseconds>}:
 * stands in place of the lock until it may be tried again. NULL without memory. */
char *wxid__record_of_failure(const wxid_error *error, int64_t failures, int64_t retry_at_ms);
/* The error, with how often it came in a row and how long to wait, at most 30 s; NULL for what is
 * no such record. */
wxid_error *wxid__record_read_failure(int64_t *failures, int64_t *wait_ms, const char *record,
                                      int64_t unix_ms);

#endif
