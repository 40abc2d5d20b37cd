#include "incoming.h"

#include "memory.h"

#include <string.h>
#include <strings.h>

static int refuse(wxid__incoming *reply, const char *why)
{
    reply->refusal = why;
    return -1;
}

void wxid__incoming_clear(wxid__incoming *reply)
{
    unsigned char *body = reply->body;
    if (body != NULL) {
        wxid__wipe(body, reply->body_length);
    }
    *reply = (wxid__incoming){.body = body};
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "HTTP/1.1 200 OK", whose reason may be missing. libcurl would take "HTTP/2 200" as well, and 101
 * as a reply with a body. */
static int read_status_line(wxid__incoming *reply, const char *line, size_t length)
{
    if (length < 13 || memcmp(line, "HTTP/1.", 7) != 0 || (line[7] != '0' && line[7] != '1') ||
        line[8] != ' ' || !is_digit(line[9]) || !is_digit(line[10]) || !is_digit(line[11]) ||
        (line[12] != ' ' && line[12] != '\r' && line[12] != '\n')) {
        return refuse(reply, "not a reply in HTTP/1.1");
    }
    reply->status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
    if (reply->status < 100 || reply->status > 599) {
        return refuse(reply, "a status that does not exist");
    }
    if (reply->status == 101) {
        return refuse(reply, "a switch of protocols that was not asked for");
    }
    reply->closes = line[7] == '0';
    reply->at = WXID__AT_FIELDS;
    return 0;
}

/* 1xx replies come before the real one. A crowd of them ends at the cap on headers. */
static int end_fields(wxid__incoming *reply)
{
    if (reply->status < 200) {
        reply->at = WXID__AT_STATUS_LINE;
    } else {
        reply->at = WXID__AT_BODY;
    }
    return 0;
}

/* libcurl takes the last of two lengths, and a number with something behind it. Whoever stands
 * between the service and us may have taken the other: such a reply cannot be relied upon. */
static int read_length(wxid__incoming *reply, const char *value, size_t length)
{
    size_t number = 0;
    for (size_t i = 0; i < length; i++) {
        if (!is_digit(value[i])) {
            return refuse(reply, "a Content-Length that is not a number");
        }
        if (number <= WXID_MAX_REPLY_BODY) { /* beyond it every number means the same */
            number = number * 10 + (size_t)(value[i] - '0');
        }
    }
    if (length == 0) {
        return refuse(reply, "a Content-Length that is not a number");
    }
    if (reply->has_length && reply->length != number) {
        return refuse(reply, "a Content-Length that contradicts itself");
    }
    if (number > WXID_MAX_REPLY_BODY) {
        return refuse(reply, "a reply that is far too long");
    }
    reply->has_length = 1;
    reply->length = number;
    return 0;
}

/* libcurl would also unpack a gzip here, asked or not. */
static int read_encoding(wxid__incoming *reply, const char *value, size_t length)
{
    if (length != 7 || strncasecmp(value, "chunked", 7) != 0) {
        return refuse(reply, "a Transfer-Encoding that was not asked for");
    }
    reply->chunked = 1;
    return 0;
}

static void keep(char kept[WXID__LONGEST_FIELD + 1], const char *value, size_t length)
{
    size_t n = length < WXID__LONGEST_FIELD ? length : WXID__LONGEST_FIELD;
    memcpy(kept, value, n);
    kept[n] = '\0';
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* "close", alone or in a list. */
static void read_connection(wxid__incoming *reply, const char *value, size_t length)
{
    for (size_t i = 0; length - i >= 5; i++) {
        if (strncasecmp(value + i, "close", 5) == 0) {
            reply->closes = 1;
            return;
        }
    }
}

static int is_named(const char *line, size_t length, const char *name)
{
    return length == strlen(name) && strncasecmp(line, name, length) == 0;
}

/* A line that begins with a blank goes on with the one before. Some read it, and some do not: where
 * a body ends must not hang on that. Of everything else the first line will do. */
static int read_fold(wxid__incoming *reply)
{
    return reply->frames ? refuse(reply, "a length of more than one line") : 0;
}

/* "Content-Length : 5" has a length for some, and for others none. */
static int is_field(const char *line, const char *colon)
{
    return colon != NULL && colon != line && !is_blank(colon[-1]);
}

static int read_field(wxid__incoming *reply, const char *line, size_t length)
{
    const char *colon = memchr(line, ':', length);
    if (is_blank(line[0])) {
        return read_fold(reply);
    }
    if (!is_field(line, colon)) {
        return refuse(reply, "not a reply in HTTP/1.1");
    }
    if (reply->status < 200) {
        return 0;
    }
    size_t name_length = (size_t)(colon - line);
    const char *value = colon + 1;
    size_t value_length = length - name_length - 1;
    while (value_length > 0 && is_blank(*value)) {
        value++;
        value_length--;
    }
    while (value_length > 0 && is_blank(value[value_length - 1])) {
        value_length--;
    }
    reply->frames = 0;
    if (is_named(line, name_length, "Retry-After")) {
        keep(reply->retry_after, value, value_length);
    } else if (is_named(line, name_length, "Date")) {
        keep(reply->date, value, value_length);
    } else if (is_named(line, name_length, "Connection") ||
               is_named(line, name_length, "Proxy-Connection")) { /* libcurl obeys it, too */
        read_connection(reply, value, value_length);
    } else if (is_named(line, name_length, "Content-Length")) {
        reply->frames = 1;
        return read_length(reply, value, value_length);
    } else if (is_named(line, name_length, "Transfer-Encoding")) {
        reply->frames = 1;
        return read_encoding(reply, value, value_length);
    }
    return 0;
}

/* What ends a line for some, and for others not. */
static int has_stray_return(const char *line, size_t length)
{
    const char *at = memchr(line, '\r', length);
    return at != NULL && (size_t)(at - line) + 2 != length;
}

int wxid__incoming_line(wxid__incoming *reply, const char *line, size_t length)
{
    reply->header_bytes += length;
    if (reply->header_bytes > WXID_MAX_REPLY_HEADERS) {
        return refuse(reply, "headers without end");
    }
    if (memchr(line, '\0', length) != NULL) {
        return refuse(reply, "a header with a NUL in it");
    }
    if (has_stray_return(line, length)) {
        return refuse(reply, "a header with a carriage return in it");
    }
    if (reply->at == WXID__AT_STATUS_LINE) {
        return read_status_line(reply, line, length);
    }
    if (reply->at == WXID__AT_BODY) {
        return 0; /* a trailer must not pass for a header */
    }
    if (line[0] == '\r' || line[0] == '\n') {
        return end_fields(reply);
    }
    if (read_field(reply, line, length) != 0) {
        return -1;
    }
    if (reply->chunked && reply->has_length) {
        return refuse(reply, "both a Content-Length and chunks");
    }
    return 0;
}

int wxid__incoming_body(wxid__incoming *reply, const void *data, size_t length)
{
    if (length > WXID_MAX_REPLY_BODY - reply->body_length) {
        return refuse(reply, "a reply that is far too long");
    }
    memcpy(reply->body + reply->body_length, data, length);
    reply->body_length += length;
    return 0;
}

int wxid__incoming_begun(const wxid__incoming *reply)
{
    return reply->status >= 200;
}

int wxid__incoming_head_whole(const wxid__incoming *reply)
{
    return reply->at == WXID__AT_BODY;
}

int wxid__incoming_body_whole(const wxid__incoming *reply)
{
    return wxid__incoming_head_whole(reply) && reply->has_length &&
           reply->body_length >= reply->length;
}

wxid_reply wxid__incoming_reply(const wxid__incoming *reply, int request_incomplete)
{
    wxid_reply whole = WXID_REPLY_INIT;
    whole.status = reply->status;
    whole.retry_after = reply->retry_after[0] != '\0' ? reply->retry_after : NULL;
    whole.date = reply->date[0] != '\0' ? reply->date : NULL;
    whole.body = reply->body;
    whole.body_length = reply->body_length;
    whole.request_incomplete = request_incomplete;
    return whole;
}
