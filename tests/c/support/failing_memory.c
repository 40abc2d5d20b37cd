#include "failing_memory.h"

#include "support.h"

#include <stdlib.h>

#define MOST_ALLOCATIONS 5000

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static long until_failure = -1; /* allocations; negative: none fails */
static int for_good;            /* and all after it fail too */
static int has_failed;

static int fails(void)
{
    if (until_failure < 0) {
        return 0;
    }
    if (until_failure == 0) {
        until_failure = for_good ? 0 : -1;
        has_failed = 1;
        return 1;
    }
    until_failure--;
    return 0;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}

static void free_plainly(void *memory)
{
    free(memory);
}

void have_memory(void)
{
    until_failure = -1;
}

static void fail_in_turn(int (*run)(void *context), void *context)
{
    int failures = 0;
    has_failed = 1;
    for (long n = 0; has_failed; n++) {
        assert_true(n < MOST_ALLOCATIONS);
        has_failed = 0;
        until_failure = n;
        failures += run(context) != 0;
        have_memory();
    }
    assert_true(failures > 20);
    assert_int_equal(run(context), 0);
}

void every_allocation_fails(int (*run)(void *context), void *context)
{
    for (for_good = 0; for_good < 2; for_good++) {
        fail_in_turn(run, context);
    }
}

int wrap_cjson(void **state)
{
    cJSON_Hooks hooks = {__wrap_malloc, free_plainly};
    (void)state;
    cJSON_InitHooks(&hooks);
    return 0;
}
