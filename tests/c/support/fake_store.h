/* A token store in memory, by the clock of the scripts. */
#ifndef TEST_FAKE_STORE_H
#define TEST_FAKE_STORE_H

#include "script.h"

typedef struct kept {
    char value[256];
    int64_t until_ms; /* nothing from then on */
} kept;

typedef struct fake_store {
    kept token;
    kept lock;
} fake_store;

/* Does what is asked, and fills the answer in. */
void fake_store_carry_out(fake_store *store, const wxid_store_request *request,
                          wxid_store_answer *stored);

#endif
