/* Allocations that fail in turn, and blocks that are freed with something in them. Programs named
 * test_memory* are linked so that malloc, calloc, realloc and free of the core come here. */
#ifndef TEST_FAILING_MEMORY_H
#define TEST_FAILING_MEMORY_H

/* Runs it with its first allocation failing, with its second, and so on until none is left to fail;
 * and all of that once more with every allocation after that one failing too. The run returns 0
 * when it ended as it should with memory, which it may not always do; and it leaves no block
 * behind. */
void every_allocation_fails(int (*run)(void *context), void *context);
/* The same beside something that has so many blocks more or fewer after a run, as an open
 * connection. */
void every_allocation_fails_beside(long kept, int (*run)(void *context), void *context);
/* How many of the blocks that are freed during a run hold a text: if it is a secret, none may. What
 * realloc() leaves behind is not seen. */
int blocks_freed_with(const char *text, void (*run)(void *context), void *context);
/* Only every so-many-th fails, from now on: for runs that take long where all is slowed down. */
void spare_allocations(long every);
/* Within a run: there is memory again. */
void have_memory(void);
/* By hand: after n allocations one fails, or all do; and whether one has. */
void lack_memory(long n, int from_there_on);
int have_lacked_memory(void);
/* Blocks that were allocated by those functions and not freed. */
long blocks_in_use(void);
/* cJSON's own allocations are to fail too: a group's set-up. */
int wrap_cjson(void **state);

#endif
