/* Clients that fetch their token from tests/faults/tokens.py, and a store in the test's memory. */
#ifndef TEST_CLIENT_ACCOUNT_H
#define TEST_CLIENT_ACCOUNT_H

#include "fixture.h"

/* Set-up of a test: its clients are of an account of their own, since those of a process share the
 * token. */
int next_account(void **state);
/* A client of that account at a fault of tests/faults/tokens.py. */
wxid_client *new_account(const char *fault, int with_store);
/* How often the server saw it: "account/fetches", "account/with/TOKEN". */
int count(const char *key);
/* The same, waiting for so many to come. */
int count_until(const char *key, int wanted);

/* A store of one's own program, and what it was asked. */
typedef struct own_store {
    char record[256]; /* "" for none */
    int does_not_work;
    int ends_the_call;
    int requests, sets, locks;
    int backgrounds;
    int background_fails;
} own_store;

/* With a record of another process, of a token with 200 s left: enough to be used, and stale at
 * once. */
own_store stale_store(void);
/* with_background: one that counts itself, and renews nothing. */
wxid_hooks hooks_of(own_store *store, int with_background);

#endif
