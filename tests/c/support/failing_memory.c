#include "failing_memory.h"

#include "support.h"

#include <malloc.h>
#include <stdatomic.h>
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
static atomic_long blocks; /* that are in use */
static long stride = 1;
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

/* What others left there is not ours. */
static void clear_from(void *memory, size_t used)
{
    if (memory != NULL && secret != NULL) {
        size_t size = malloc_usable_size(memory);
        memset((char *)memory + used, 0, size > used ? size - used : 0);
    }
}

void *__wrap_malloc(size_t size)
{
    void *memory = fails() ? NULL : __real_malloc(size);
    clear_from(memory, 0);
    blocks += memory != NULL;
    return memory;
}

void *__wrap_calloc(size_t count, size_t size)
{
    void *memory = fails() ? NULL : __real_calloc(count, size);
    clear_from(memory, 0);
    blocks += memory != NULL;
    return memory;
}

void *__wrap_realloc(void *memory, size_t size)
{
    size_t used = memory != NULL ? malloc_usable_size(memory) : 0;
    void *moved = fails() ? NULL : __real_realloc(memory, size);
    clear_from(moved, used);
    blocks += memory == NULL && moved != NULL;
    return moved;
}

void __wrap_free(void *memory)
{
    if (memory != NULL && secret != NULL) {
        betrayals += memmem(memory, malloc_usable_size(memory), secret, strlen(secret)) != NULL;
    }
    blocks -= memory != NULL;
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

void lack_memory(long n, int from_there_on)
{
    until_failure = n;
    for_good = from_there_on;
    has_failed = 0;
}

void spare_allocations(long every)
{
    stride = every;
}

void have_memory(void)
{
    until_failure = -1;
}

int have_lacked_memory(void)
{
    return has_failed;
}

long blocks_in_use(void)
{
    return blocks;
}

static void fail_in_turn(int from_there_on, long kept, int (*run)(void *context), void *context)
{
    int failures = 0;
    assert_int_equal(run(context), 0);
    long before = blocks;
    has_failed = 1;
    for (long n = 0; has_failed; n += stride) {
        assert_true(n < MOST_ALLOCATIONS);
        lack_memory(n, from_there_on);
        failures += run(context) != 0;
        have_memory();
        assert_in_range(blocks, before - kept, before + kept);
    }
    assert_true(failures * stride > 20);
}

void every_allocation_fails(int (*run)(void *context), void *context)
{
    every_allocation_fails_beside(0, run, context);
}

void every_allocation_fails_beside(long kept, int (*run)(void *context), void *context)
{
    fail_in_turn(0, kept, run, context);
    fail_in_turn(1, kept, run, context);
}

int wrap_cjson(void **state)
{
    cJSON_Hooks hooks = {__wrap_malloc, free_plainly};
    (void)state;
    cJSON_InitHooks(&hooks);
    return 0;
}
