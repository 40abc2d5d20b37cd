#include "fake_store.h"

#include <stdio.h>
#include <string.h>

void fake_store_carry_out(fake_store *store, const wxid_store_request *request,
                          wxid_store_answer *stored)
{
    int is_lock = strncmp(request->key, "wxidcard:lock:", 14) == 0;
    kept *there = is_lock ? &store->lock : &store->token;
    int is_there = clock_ms < there->until_ms;
    if (request->action == WXID_STORE_GET) {
        stored->value = is_there ? there->value : NULL;
    } else if (request->action == WXID_STORE_DELETE) {
        there->until_ms = strcmp(there->value, request->value) == 0 ? clock_ms : there->until_ms;
    } else if (request->action == WXID_STORE_SET || !is_there) {
        assert_true(request->ttl_ms > 0 && request->ttl_ms <= LIFE_MS);
        snprintf(there->value, sizeof there->value, "%s", request->value);
        there->until_ms = clock_ms + request->ttl_ms;
        stored->stored = 1;
    }
}
