#include "input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void does_not_hold(const char *property, const char *file, int line)
{
    (void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, property);
    abort();
}

uint8_t take_byte(input *from)
{
    if (from->length == 0) {
        return 0;
    }
    from->length--;
    return *from->data++;
}

uint32_t take_below(input *from, uint32_t limit)
{
    uint32_t number = take_byte(from);
    for (uint32_t covered = 256; covered < limit && covered != 0; covered <<= 8) {
        number = number << 8 | take_byte(from);
    }
    return number % limit;
}

uint64_t take_number(input *from)
{
    uint64_t number = 0;
    for (int shift = 0; shift < 64; shift += 8) {
        number |= (uint64_t)take_byte(from) << shift;
    }
    return number;
}

void *copy_of(const void *data, size_t length)
{
    void *copy = malloc(length);
    HOLDS(copy != NULL || length == 0);
    if (copy != NULL) {
        memcpy(copy, data, length);
    }
    return copy;
}

char *take_text(input *from)
{
    const uint8_t *end = from->length > 0 ? memchr(from->data, 0, from->length) : NULL;
    size_t length = end != NULL ? (size_t)(end - from->data) : from->length;
    size_t taken = length + (end != NULL);
    char *text = malloc(length + 1);
    HOLDS(text != NULL);
    if (length > 0) {
        memcpy(text, from->data, length);
    }
    text[length] = '\0';
    from->data = taken > 0 ? from->data + taken : from->data;
    from->length -= taken;
    return text;
}

char *joined(const char *one, const char *other)
{
    size_t length = strlen(one);
    size_t size = strlen(other) + 1;
    char *text = malloc(length + size);
    HOLDS(text != NULL);
    memcpy(text, one, length);
    memcpy(text + length, other, size);
    return text;
}
