/* Allocations that fail in turn, and blocks that are freed with something in them. Programs named
 * test_memory* are linked so that malloc, calloc, realloc and free of the core come here. */
#ifndef TEST_FAILING_MEMORY_H
#define TEST_FAILING_MEMORY_H

/* Runs it with its first allocation failing, with its second, and so on until none is left to fail;
 * and all of that once more with every allocation after that one failing too. The run returns 0
 * when it ended as it should with memory, which it may not always do. */
void every_allocation_fails(int (*run)(void *context), void *context);
/* How many of the blocks that are freed during a run hold a text: if it is a secret, none may. What
 * realloc() leaves behind is not seen. */
int blocks_freed_with(const char *text, void (*run)(void *context), void *context);
/* Within a run: there is memory again. */
void have_memory(void);
/* cJSON's own allocations are to fail too: a group's set-up. */
int wrap_cjson(void **state);

#endif
