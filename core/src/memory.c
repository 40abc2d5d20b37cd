#include "memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void wxid__wipe(void *memory, size_t length)
{
#if defined(__GLIBC__) || defined(__FreeBSD__) || defined(__OpenBSD__)
    explicit_bzero(memory, length);
#else
    volatile unsigned char *byte = memory;
    while (length-- > 0) {
        *byte++ = 0;
    }
#endif
}

void wxid__text_free(char *text)
{
    if (text != NULL) {
        wxid__wipe(text, strlen(text));
        free(text);
    }
}

int wxid__size_add(size_t *sum, size_t a, size_t b)
{
    if (a > SIZE_MAX - b) {
        return -1;
    }
    *sum = a + b;
    return 0;
}

int64_t wxid__time_after(int64_t now_ms, int64_t span_ms)
{
    return now_ms > INT64_MAX - span_ms ? INT64_MAX : now_ms + span_ms;
}

int64_t wxid__time_before(int64_t then_ms, int64_t span_ms)
{
    return then_ms < INT64_MIN + span_ms ? INT64_MIN : then_ms - span_ms;
}

char *wxid__text_copy(const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    if (copy != NULL) {
        memcpy(copy, text, size);
    }
    return copy;
}
