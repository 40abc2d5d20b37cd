#include "wire.h"

#include "input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Head ---- */

static int is_visible(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x21 || (unsigned char)*text > 0x7e) {
            return 0;
        }
    }
    return 1;
}

/* Takes the expected words off the text. */
static const char *past(const char *text, const char *words)
{
    size_t length = strlen(words);
    HOLDS(strncmp(text, words, length) == 0);
    return text + length;
}

static const char *header_of(const wxid_request *request, const char *name)
{
    const char *value = NULL;
    for (size_t i = 0; i < request->header_count; i++) {
        if (strcmp(request->headers[i].name, name) == 0) {
            HOLDS(value == NULL); /* once */
            value = request->headers[i].value;
        }
    }
    return value;
}

/* The head is the request line and the headers, and nothing else. */
static void check_head(const wxid_request *request)
{
    const char *at = request->head;
    HOLDS(strlen(at) == request->head_length);
    at = past(past(past(at, request->method), " "), request->target);
    at = past(at, " HTTP/1.1\r\n");
    for (size_t i = 0; i < request->header_count; i++) {
        const wxid_header *header = &request->headers[i];
        HOLDS(strpbrk(header->name, ": \r\n") == NULL && header->name[0] != '\0');
        HOLDS(strpbrk(header->value, "\r\n") == NULL);
        at = past(past(past(past(at, header->name), ": "), header->value), "\r\n");
    }
    at = past(at, "\r\n");
    HOLDS(*at == '\0');
}

/* Host, port, target and URL are of one another. */
static void check_url(const wxid_request *request)
{
    char port[16];
    int is_https = strcmp(request->scheme, "https") == 0;
    int has_colon = strchr(request->host, ':') != NULL;
    const char *authority = header_of(request, "Host");
    HOLDS(is_https || strcmp(request->scheme, "http") == 0);
    HOLDS(is_visible(request->url) && is_visible(request->target) && request->target[0] == '/');
    HOLDS(request->host[0] != '\0' && request->port >= 1 && request->port <= 65535);
    HOLDS(strpbrk(request->host, "/@?#[]\"") == NULL);
    HOLDS(strcmp(request->headers[0].name, "Host") == 0);
    const char *at =
        past(past(past(authority, has_colon ? "[" : ""), request->host), has_colon ? "]" : "");
    (void)snprintf(port, sizeof port, ":%d", request->port);
    at = past(at, request->port == (is_https ? 443 : 80) ? "" : port);
    HOLDS(*at == '\0');
    at = past(past(past(past(request->url, request->scheme), "://"), authority), request->target);
    HOLDS(*at == '\0');
}

/* ---- Query ---- */

static int hex_digit(char digit)
{
    const char *digits = "0123456789ABCDEF";
    const char *found = digit != '\0' ? strchr(digits, digit) : NULL;
    HOLDS(found != NULL);
    return (int)(found - digits);
}

/* Takes a value off the query, up to the next & or the end, which is the expected one encoded. */
static const char *past_value(const char *at, const char *value)
{
    for (; *value != '\0'; value++) {
        int byte = (unsigned char)*at++;
        HOLDS(byte != '\0' && byte != '&' && byte != '=' && byte != '?' && byte != '#' &&
              byte != '+' && byte != '/');
        if (byte == '%') {
            byte = hex_digit(at[0]) * 16 + hex_digit(at[1]);
            at += 2;
        }
        HOLDS(byte == (unsigned char)*value);
    }
    return at;
}

static void check_target(const wxid_request *request, const expected *wanted)
{
    const char *query = strchr(request->target, '?');
    const char *end = query != NULL ? query : request->target + strlen(request->target);
    size_t path_length = strlen(wanted->path);
    HOLDS((size_t)(end - request->target) >= path_length);
    HOLDS(strncmp(end - path_length, wanted->path, path_length) == 0);
    HOLDS(strchr(request->target, '#') == NULL);
    char before = '?';
    for (size_t i = 0; i < wanted->parameter_count; i++) {
        if (wanted->parameters[i].value != NULL) {
            HOLDS(*end == before);
            end = past(past(end + 1, wanted->parameters[i].name), "=");
            end = past_value(end, wanted->parameters[i].value);
            before = '&';
        }
    }
    HOLDS(*end == '\0');
}

/* ---- Body ---- */

/* The fragments in one block, with a NUL behind them; to be freed. */
static char *whole_body(const wxid_request *request)
{
    size_t length = 0;
    char *body = malloc(request->body_length + 1);
    HOLDS(body != NULL);
    for (size_t i = 0; i < request->fragment_count; i++) {
        const wxid_fragment *fragment = &request->body[i];
        HOLDS(fragment->length <= request->body_length - length);
        if (fragment->length > 0) {
            memcpy(body + length, fragment->data, fragment->length);
        }
        length += fragment->length;
    }
    HOLDS(length == request->body_length);
    body[length] = '\0';
    return body;
}

void read_boundary(char boundary[80], const wxid_request *request)
{
    const char *type = header_of(request, "Content-Type");
    HOLDS(type != NULL);
    const char *value = past(type, "multipart/form-data; boundary=");
    size_t length = strlen(value);
    HOLDS(length >= 16 && length <= 70); /* RFC 2046 */
    HOLDS(strspn(value, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
          length);
    memcpy(boundary, value, length + 1);
}

/* How often a text is found, one occurrence after the other. */
static size_t occurrences(const char *body, size_t length, const char *text)
{
    size_t count = 0;
    size_t size = strlen(text);
    for (size_t at = 0; at + size <= length; at++) {
        count += memcmp(body + at, text, size) == 0;
    }
    return count;
}

/* Exactly one part, called img, which is the picture byte for byte. */
static void check_multipart(const wxid_request *request, const expected *wanted, const char *body)
{
    static const char *const endings[] = {"jpg", "png", "gif", "webp", "bmp"};
    char boundary[80];
    char disposition[80];
    int has_known_name = 0;
    read_boundary(boundary, request);
    HOLDS(occurrences(body, request->body_length, boundary) == 2);
    const char *at = past(past(past(body, "--"), boundary), "\r\n");
    const char *value = past(at, "Content-Disposition: form-data; name=\"img\"; ");
    at = strstr(at, "\r\n");
    HOLDS(at != NULL);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        (void)snprintf(disposition, sizeof disposition, "filename=\"image.%s\"\r\n", endings[i]);
        has_known_name |= strncmp(value, disposition, strlen(disposition)) == 0;
    }
    HOLDS(has_known_name);
    at = past(at, "\r\nContent-Type: image/");
    at += strspn(at, "abcdefghijklmnopqrstuvwxyz");
    at = past(at, "\r\n\r\n");
    size_t left = request->body_length - (size_t)(at - body);
    size_t tail = strlen(boundary) + 8;
    HOLDS(left == wanted->image_length + tail);
    HOLDS(memcmp(at, wanted->image, wanted->image_length) == 0);
    at = past(past(past(at + wanted->image_length, "\r\n--"), boundary), "--\r\n");
    HOLDS((size_t)(at - body) == request->body_length);
}

static void check_body(const wxid_request *request, const expected *wanted)
{
    char length[32];
    const char *type = header_of(request, "Content-Type");
    char *body = whole_body(request);
    (void)snprintf(length, sizeof length, "%zu", request->body_length);
    if (strcmp(request->method, "POST") == 0) {
        HOLDS(strcmp(header_of(request, "Content-Length"), length) == 0);
    } else {
        HOLDS(header_of(request, "Content-Length") == NULL && request->body_length == 0);
    }
    HOLDS((type != NULL) == (wanted->media_type != NULL));
    if (wanted->media_type != NULL) {
        (void)past(type, wanted->media_type);
    }
    if (wanted->image != NULL) {
        check_multipart(request, wanted, body);
    }
    free(body);
}

void check_request(const wxid_request *request, const expected *wanted)
{
    HOLDS(request != NULL && strcmp(request->method, wanted->method) == 0);
    check_head(request);
    check_url(request);
    check_target(request, wanted);
    check_body(request, wanted);
}
