/* A growing text. Failure is remembered, so that a caller looks once, at the end. */
#ifndef WXID_BUFFER_H
#define WXID_BUFFER_H

#include <stddef.h>

typedef struct wxid__buffer {
    char *data; /* NUL-terminated when not NULL */
    size_t length;
    size_t capacity;
    int failed; /* out of memory: everything appended since is lost */
} wxid__buffer;

#define WXID__BUFFER_INIT \
    {                     \
        NULL, 0, 0, 0     \
    }

void wxid__buffer_append(wxid__buffer *buffer, const void *data, size_t length);
void wxid__buffer_text(wxid__buffer *buffer, const char *text);
/* As printf; for short texts only (up to 255 bytes each). */
void wxid__buffer_format(wxid__buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Percent-encodes every byte that is not unreserved in RFC 3986, once. */
void wxid__buffer_percent(wxid__buffer *buffer, const char *text);
/* Hands the text over, to be freed with wxid__text_free(); NULL if anything failed. The buffer is
 * empty. */
char *wxid__buffer_take(wxid__buffer *buffer);
/* Wipes and frees. */
void wxid__buffer_clear(wxid__buffer *buffer);

#endif
