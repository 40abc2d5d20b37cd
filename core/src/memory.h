/* Memory that held something secret, and sums of sizes. */
#ifndef WXID_MEMORY_H
#define WXID_MEMORY_H

#include <stddef.h>

/* Overwrites memory in a way that the compiler keeps. */
void wxid__wipe(void *memory, size_t length);
/* Wipes and frees text; NULL is allowed. */
void wxid__text_free(char *text);
/* Stores a + b and returns 0, or -1 when it does not fit. */
int wxid__size_add(size_t *sum, size_t a, size_t b);
/* A copy, to be freed with wxid__text_free(); NULL without memory or when text is NULL. */
char *wxid__text_copy(const char *text);

#endif
