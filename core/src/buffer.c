#include "buffer.h"

#include "memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Not realloc(): it would leave an unwiped copy behind when it moves. */
static int grow(wxid__buffer *buffer, size_t needed)
{
    size_t capacity = buffer->capacity < 64 ? 64 : buffer->capacity;
    while (capacity < needed) {
        if (capacity > SIZE_MAX / 2) {
            return -1;
        }
        capacity *= 2;
    }
    char *data = malloc(capacity);
    if (data == NULL) {
        return -1;
    }
    if (buffer->data != NULL) {
        memcpy(data, buffer->data, buffer->length);
        wxid__wipe(buffer->data, buffer->length);
        free(buffer->data);
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return 0;
}

void wxid__buffer_append(wxid__buffer *buffer, const void *data, size_t length)
{
    size_t needed;
    if (buffer->failed) {
        return;
    }
    if (wxid__size_add(&needed, buffer->length, length) != 0 ||
        wxid__size_add(&needed, needed, 1) != 0 ||
        (needed > buffer->capacity && grow(buffer, needed) != 0)) {
        buffer->failed = 1;
        return;
    }
    if (length > 0) {
        memcpy(buffer->data + buffer->length, data, length);
    }
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
}

void wxid__buffer_text(wxid__buffer *buffer, const char *text)
{
    wxid__buffer_append(buffer, text, strlen(text));
}

void wxid__buffer_format(wxid__buffer *buffer, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof text) {
        buffer->failed = 1;
    } else {
        wxid__buffer_append(buffer, text, (size_t)length);
    }
    wxid__wipe(text, sizeof text);
}

void wxid__buffer_percent(wxid__buffer *buffer, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789-._~";
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (strchr(unreserved, *text) != NULL) {
            wxid__buffer_append(buffer, text, 1);
        } else {
            char encoded[3] = {'%', digits[byte >> 4], digits[byte & 15]};
            wxid__buffer_append(buffer, encoded, sizeof encoded);
        }
    }
}

char *wxid__buffer_take(wxid__buffer *buffer)
{
    char *text = NULL;
    wxid__buffer_append(buffer, "", 0);
    if (!buffer->failed) {
        text = buffer->data;
        buffer->data = NULL;
    }
    wxid__buffer_clear(buffer);
    return text;
}

void wxid__buffer_clear(wxid__buffer *buffer)
{
    if (buffer->data != NULL) {
        wxid__wipe(buffer->data, buffer->length);
        free(buffer->data);
    }
    *buffer = (wxid__buffer)WXID__BUFFER_INIT;
}
