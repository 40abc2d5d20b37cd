/* Memory that held something secret, and sums that may not fit. */
#ifndef WXID_MEMORY_H
#define WXID_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Overwrites memory in a way that the compiler keeps. */
void wxid__wipe(void *memory, size_t length);
/* Wipes and frees text; NULL is allowed. */
void wxid__text_free(char *text);
/* Stores a + b and returns 0, or -1 when it does not fit. */
int wxid__size_add(size_t *sum, size_t a, size_t b);
/* So long after now, or the last moment that there is. */
int64_t wxid__time_after(int64_t now_ms, int64_t span_ms);
/* So long before then, or the first moment that there is. */
int64_t wxid__time_before(int64_t then_ms, int64_t span_ms);
/* A copy, to be freed with wxid__text_free(); NULL without memory or when text is NULL. */
char *wxid__text_copy(const char *text);

#endif
