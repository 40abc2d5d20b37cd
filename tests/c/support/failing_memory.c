#include "failing_memory.h"

#include "support.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define MOST_ALLOCATIONS 5000

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void __wrap_free(void *memory);

static long until_failure = -1; /* allocations; negative: none fails */
static int for_good;            /* and all after it fail too */
static int has_failed;
static const char *secret; /* NULL: nothing is looked for */
static int betrayals;

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
    void *memory = fails() ? NULL : __real_malloc(size);
    if (memory != NULL && secret != NULL) { /* what others left there is not ours */
        memset(memory, 0, malloc_usable_size(memory));
    }
    return memory;
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}

void __wrap_free(void *memory)
{
    if (memory != NULL && secret != NULL) {
        betrayals += memmem(memory, malloc_usable_size(memory), secret, strlen(secret)) != NULL;
    }
    __real_free(memory);
}

int blocks_freed_with(const char *text, void (*run)(void *context), void *context)
{
    betrayals = 0;
    secret = text;
    run(context);
    secret = NULL;
    return betrayals;
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
