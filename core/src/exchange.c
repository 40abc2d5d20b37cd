/* One request and its reply on one connection: the framing of HTTP/1.1, and what the driver of
 * libcurl watches for in curl_watch.c and curl_transfer.c, for drivers that have sockets only. */
#include "buffer.h"
#include "errors.h"
#include "incoming.h"
#include "memory.h"
#include "trust.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef enum part {
    PART_HEAD,
    PART_LENGTH, /* a body of a known length */
    PART_CLOSE,  /* a body that ends with the connection */
    PART_CHUNK_SIZE,
    PART_CHUNK,
    PART_CHUNK_END,
    PART_TRAILER,
    PART_OVER
} part;

struct wxid_exchange {
    wxid_trust *trust;
    int reused;
    part part;
    wxid__buffer line;    /* a line that has not come whole yet */
    int early;            /* some of it came before the request had been sent whole */
    size_t chunk_left;    /* bytes of the chunk */
    int whole;            /* the reply has come to its end */
    int incomplete;       /* it began to come before the request had been sent whole */
    int unsent;           /* so much is known when it failed: neither had the request */
    int stray;            /* something came where nothing should */
    wxid_failure failure; /* unless a reply is to be answered with */
    const char *detail;   /* static */
    wxid__incoming reply;
    unsigned char body[WXID_MAX_REPLY_BODY];
};

wxid_exchange *wxid_exchange_new(wxid_trust *trust, int reused)
{
    wxid_exchange *exchange = malloc(sizeof *exchange);
    if (exchange != NULL) {
        memset(exchange, 0, offsetof(wxid_exchange, body));
        exchange->trust = trust;
        exchange->reused = reused;
        exchange->reply.body = exchange->body;
    }
    return exchange;
}

void wxid_exchange_free(wxid_exchange *exchange)
{
    if (exchange != NULL) {
        wxid__buffer_clear(&exchange->line);
        wxid__incoming_clear(&exchange->reply);
        free(exchange);
    }
}

/* ---- The end of an exchange ---- */

static void fail(wxid_exchange *exchange, wxid_failure failure, const char *detail)
{
    if (exchange->part != PART_OVER) {
        exchange->part = PART_OVER;
        exchange->failure = failure;
        exchange->detail = detail;
    }
}

/* What begins to come on a kept connection before the request has been sent, be it a 1xx, may be
 * the answer to the call before. Only a 408 cannot: it says that the connection was idle. */
static void refuse(wxid_exchange *exchange, const char *detail)
{
    exchange->stray = exchange->early && exchange->reused && exchange->reply.status != 408;
    fail(exchange, WXID_FAILURE_PROTOCOL, detail);
}

static void note_sent(wxid_exchange *exchange, int sent_whole)
{
    if (exchange->part != PART_OVER) {
        exchange->unsent = !sent_whole;
    }
}

static void end_reply(wxid_exchange *exchange)
{
    exchange->part = PART_OVER;
    exchange->whole = 1;
}

/* ---- Heads ---- */

/* A status line has been read. */
static void note_status_line(wxid_exchange *exchange)
{
    exchange->incomplete = exchange->early;
    if (exchange->early && exchange->reused) {
        refuse(exchange, "an answer came before the request had been sent");
    }
}

static int has_no_body(const wxid__incoming *reply)
{
    return reply->status == 204 || reply->status == 304 ||
           (reply->has_length && reply->length == 0);
}

static void begin_body(wxid_exchange *exchange)
{
    const wxid__incoming *reply = &exchange->reply;
    if (has_no_body(reply)) {
        end_reply(exchange);
    } else if (reply->chunked) {
        exchange->part = PART_CHUNK_SIZE;
    } else {
        exchange->part = reply->has_length ? PART_LENGTH : PART_CLOSE;
    }
}

static void read_head_line(wxid_exchange *exchange, const char *line, size_t length)
{
    int is_status_line = exchange->reply.at == WXID__AT_STATUS_LINE;
    if (wxid__incoming_line(&exchange->reply, line, length) != 0) {
        refuse(exchange, exchange->reply.refusal);
    } else if (is_status_line) {
        note_status_line(exchange);
    } else if (wxid__incoming_head_whole(&exchange->reply)) {
        begin_body(exchange);
    }
}

/* ---- Chunks ---- */

static int hex_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* "1a3;extension": 16 digits at most, as libcurl has it, and no more than a body may have. */
static void read_chunk_size(wxid_exchange *exchange, const char *line)
{
    size_t size = 0;
    size_t digits = 0;
    while (hex_value(line[digits]) >= 0) { /* the line ends with none */
        if (size <= WXID_MAX_REPLY_BODY) { /* beyond it every number means the same */
            size = size * 16 + (size_t)hex_value(line[digits]);
        }
        digits++;
    }
    if (digits == 0 || digits > 16 || strchr("; \t\r\n", line[digits]) == NULL) {
        refuse(exchange, "a chunk whose size is not a number");
    } else if (size > WXID_MAX_REPLY_BODY) {
        refuse(exchange, "a reply that is far too long");
    } else {
        exchange->chunk_left = size;
        exchange->part = size > 0 ? PART_CHUNK : PART_TRAILER;
    }
}

/* Chunk sizes and trailers count as headers: a body of chunks of a byte each has an end, too. */
static void read_chunk_line(wxid_exchange *exchange, const char *line, size_t length)
{
    if (wxid__incoming_line(&exchange->reply, line, length) != 0) {
        refuse(exchange, exchange->reply.refusal);
    } else if (exchange->part == PART_CHUNK_SIZE) {
        read_chunk_size(exchange, line);
    } else if (exchange->part == PART_CHUNK_END) {
        exchange->part = PART_CHUNK_SIZE;
    } else if (line[0] == '\r' || line[0] == '\n') { /* behind the trailers */
        end_reply(exchange);
    }
}

/* ---- Pieces ---- */

static int begins_like(const wxid__buffer *line, const char *expected)
{
    size_t length = strlen(expected);
    return memcmp(line->data, expected, line->length < length ? line->length : length) == 0;
}

/* Nobody waits for the end of a line that can be none of HTTP's. NULL: it can. */
static const char *what_is_wrong(const wxid_exchange *exchange)
{
    const wxid__buffer *line = &exchange->line;
    if (exchange->reply.at == WXID__AT_STATUS_LINE && !begins_like(line, "HTTP/1.")) {
        return "not a reply in HTTP/1.1";
    }
    if (exchange->part == PART_CHUNK_END && !begins_like(line, "\r\n") && line->data[0] != '\n') {
        return "a chunk that is longer than it says";
    }
    return NULL;
}

static void read_line(wxid_exchange *exchange)
{
    wxid__buffer *line = &exchange->line;
    if (exchange->part == PART_HEAD) {
        read_head_line(exchange, line->data, line->length);
    } else {
        read_chunk_line(exchange, line->data, line->length);
    }
    wxid__wipe(line->data, line->length);
    line->length = 0;
    exchange->early = 0;
}

/* How many bytes of head there may still be, chunk sizes and trailers included. */
static size_t head_room(const wxid_exchange *exchange)
{
    return WXID_MAX_REPLY_HEADERS - exchange->reply.header_bytes - exchange->line.length;
}

/* A line, or the beginning of one that is put aside; what there is no room for is not looked at, so
 * that nothing hangs on how much of it comes at once. Returns how many bytes were taken. */
static size_t take_line(wxid_exchange *exchange, const char *data, size_t length, int sent_whole)
{
    size_t room = head_room(exchange);
    size_t most = length < room ? length : room;
    const char *end = memchr(data, '\n', most);
    size_t taken = end == NULL ? most : (size_t)(end - data) + 1;
    wxid__buffer *line = &exchange->line;
    wxid__buffer_append(line, data, taken);
    if (line->failed) {
        fail(exchange, WXID_FAILURE_MEMORY, NULL);
        return length;
    }
    exchange->early |= !sent_whole;
    const char *wrong = line->length > 0 ? what_is_wrong(exchange) : NULL;
    if (wrong == NULL && end == NULL && head_room(exchange) == 0) {
        wrong = "headers without end";
    }
    if (wrong != NULL) {
        refuse(exchange, wrong);
    } else if (end != NULL) {
        read_line(exchange);
    }
    return taken;
}

static size_t take_body(wxid_exchange *exchange, const char *data, size_t length)
{
    wxid__incoming *reply = &exchange->reply;
    size_t room = exchange->part == PART_CHUNK    ? exchange->chunk_left
                  : exchange->part == PART_LENGTH ? reply->length - reply->body_length
                                                  : length;
    size_t taken = length < room ? length : room;
    if (wxid__incoming_body(reply, data, taken) != 0) {
        refuse(exchange, reply->refusal);
        return length;
    }
    if (exchange->part == PART_CHUNK) {
        exchange->chunk_left -= taken;
        exchange->part = exchange->chunk_left > 0 ? PART_CHUNK : PART_CHUNK_END;
    } else if (wxid__incoming_body_whole(reply)) {
        end_reply(exchange);
    }
    return taken;
}

int wxid_exchange_read(wxid_exchange *exchange, const void *data, size_t length, int sent_whole)
{
    const char *at = data;
    note_sent(exchange, sent_whole);
    while (length > 0 && exchange->part != PART_OVER) {
        int in_body = exchange->part == PART_LENGTH || exchange->part == PART_CLOSE ||
                      exchange->part == PART_CHUNK;
        size_t taken =
            in_body ? take_body(exchange, at, length) : take_line(exchange, at, length, sent_whole);
        at += taken;
        length -= taken;
    }
    if (exchange->whole && length > 0) {
        exchange->stray = 1; /* behind the end of the reply */
    }
    /* Of a reply that came too early nothing more is worth waiting for than what it is. */
    if (exchange->incomplete && wxid__incoming_head_whole(&exchange->reply)) {
        fail(exchange, WXID_FAILURE_PROTOCOL, NULL);
    }
    return exchange->part != PART_OVER;
}

void wxid_exchange_close(wxid_exchange *exchange, int sent_whole)
{
    note_sent(exchange, sent_whole);
    if (exchange->part == PART_CLOSE) {
        end_reply(exchange);
    } else if (wxid__incoming_begun(&exchange->reply) || exchange->line.length > 0) {
        fail(exchange, WXID_FAILURE_NETWORK, "the reply broke off");
    } else {
        fail(exchange, WXID_FAILURE_NETWORK, "closed without a reply");
    }
}

void wxid_exchange_fail(wxid_exchange *exchange, wxid_failure failure, int sent_whole)
{
    note_sent(exchange, sent_whole);
    fail(exchange, failure,
         failure == WXID_FAILURE_TIMEOUT   ? "no reply came in time"
         : failure == WXID_FAILURE_NETWORK ? "closed by the other end"
                                           : NULL);
}

/* ---- What became of it ---- */

/* An answer that came too early counts even if its body was cut short, or was none. */
static int has_reply(const wxid_exchange *exchange)
{
    return exchange->whole || (exchange->incomplete && wxid__incoming_head_whole(&exchange->reply));
}

static void note_trust(const wxid_exchange *exchange, int64_t now_ms)
{
    if (exchange->stray) {
        wxid_trust_lose(exchange->trust, now_ms);
    } else if (exchange->reused && wxid_exchange_keeps(exchange)) {
        wxid__trust_earn(exchange->trust);
    }
}

int wxid_exchange_starts_afresh(const wxid_exchange *exchange, int64_t now_ms)
{
    if (!exchange->reused || exchange->part != PART_OVER) {
        return 0;
    }
    if (exchange->stray) {
        wxid_trust_lose(exchange->trust, now_ms);
    }
    if (exchange->failure == WXID_FAILURE_TIMEOUT) {
        return 0; /* there is no time for it */
    }
    if (exchange->reply.status == 408) {
        return 1; /* it says that no request came in time: it means the time before this one */
    }
    return !has_reply(exchange) && exchange->unsent;
}

int wxid_exchange_keeps(const wxid_exchange *exchange)
{
    const wxid__incoming *reply = &exchange->reply;
    int framed = reply->has_length || reply->chunked || has_no_body(reply);
    return exchange->whole && framed && !reply->closes && !exchange->incomplete && !exchange->stray;
}

int wxid_exchange_answer(wxid_exchange *exchange, wxid_call *call, int64_t now_ms,
                         wxid_error **error)
{
    if (exchange->part != PART_OVER) {
        return wxid__fail(error, wxid_error_new(WXID_KIND_USAGE, "the exchange is not over"));
    }
    note_trust(exchange, now_ms);
    /* Two answers to one request: one of them belongs to the request before, nobody can say which.
     */
    if (exchange->whole && exchange->stray && exchange->reused) {
        return wxid_call_answer_failure(call, now_ms, WXID_FAILURE_PROTOCOL, 1,
                                        "two answers to one request", error);
    }
    if (has_reply(exchange)) {
        wxid_reply reply = wxid__incoming_reply(&exchange->reply, exchange->incomplete);
        return wxid_call_answer_reply(call, now_ms, &reply, error);
    }
    return wxid_call_answer_failure(call, now_ms, exchange->failure, 1, exchange->detail, error);
}
