/* One request and its reply on one connection: the framing of HTTP/1.1, and what the driver of
 * libcurl watches for in curl_watch.c and curl_transfer.c, for drivers that have sockets only. */
#include "buffer.h"
#include "incoming.h"
#include "memory.h"
#include "trust.h"

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
    size_t chunk_left;    /* bytes of the chunk */
    int whole;            /* the reply has come to its end */
    int incomplete;       /* it began before the request had been sent whole */
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

static void refuse(wxid_exchange *exchange, const char *detail)
{
    fail(exchange, WXID_FAILURE_PROTOCOL, detail);
}

static void end_reply(wxid_exchange *exchange)
{
    exchange->part = PART_OVER;
    exchange->whole = 1;
}

/* ---- Heads ---- */

/* The status line of the final reply has been read. On a kept connection an answer that comes so
 * early may be the answer to the call before. */
static void note_reply_begins(wxid_exchange *exchange, int sent_whole)
{
    exchange->incomplete = !sent_whole;
    if (exchange->incomplete && exchange->reused) {
        exchange->stray = 1;
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

static void read_head_line(wxid_exchange *exchange, const char *line, size_t length, int sent_whole)
{
    int begun = wxid__incoming_begun(&exchange->reply);
    if (wxid__incoming_line(&exchange->reply, line, length) != 0) {
        refuse(exchange, exchange->reply.refusal);
        return;
    }
    if (!begun && wxid__incoming_begun(&exchange->reply)) {
        note_reply_begins(exchange, sent_whole);
    }
    if (exchange->part == PART_HEAD && wxid__incoming_head_whole(&exchange->reply)) {
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
static void read_chunk_size(wxid_exchange *exchange, const char *line, size_t length)
{
    size_t size = 0;
    size_t digits = 0;
    while (digits < length && hex_value(line[digits]) >= 0) {
        if (size <= WXID_MAX_REPLY_BODY) { /* beyond it every number means the same */
            size = size * 16 + (size_t)hex_value(line[digits]);
        }
        digits++;
    }
    if (digits == 0 || digits > 16 || digits == length ||
        strchr("; \t\r\n", line[digits]) == NULL || line[digits] == '\0') {
        refuse(exchange, "a chunk whose size is not a number");
    } else if (size > WXID_MAX_REPLY_BODY) {
        refuse(exchange, "a reply that is far too long");
    } else {
        exchange->chunk_left = size;
        exchange->part = size > 0 ? PART_CHUNK : PART_TRAILER;
    }
}

static int is_empty(const char *line)
{
    return line[0] == '\r' || line[0] == '\n';
}

/* Chunk sizes and trailers count as headers: a body of chunks of a byte each has an end, too. */
static void read_chunk_line(wxid_exchange *exchange, const char *line, size_t length)
{
    if (wxid__incoming_line(&exchange->reply, line, length) != 0) {
        refuse(exchange, exchange->reply.refusal);
    } else if (exchange->part == PART_CHUNK_SIZE) {
        read_chunk_size(exchange, line, length);
    } else if (exchange->part == PART_CHUNK_END) {
        exchange->part = PART_CHUNK_SIZE;
        if (!is_empty(line)) {
            refuse(exchange, "a chunk that is longer than it says");
        }
    } else if (is_empty(line)) {
        end_reply(exchange);
    }
}

/* ---- Pieces ---- */

/* Nobody waits for the end of a line that is none of HTTP's. */
static int looks_like_http(const wxid__buffer *line)
{
    static const char expected[] = "HTTP/1.";
    size_t length = sizeof expected - 1;
    return memcmp(line->data, expected, line->length < length ? line->length : length) == 0;
}

/* A line, or the beginning of one that is put aside. Returns how many bytes were taken. */
static size_t take_line(wxid_exchange *exchange, const char *data, size_t length, int sent_whole)
{
    const char *end = memchr(data, '\n', length);
    size_t taken = end == NULL ? length : (size_t)(end - data) + 1;
    wxid__buffer *line = &exchange->line;
    if (taken > WXID_MAX_REPLY_HEADERS - line->length) {
        refuse(exchange, "headers without end");
        return length;
    }
    wxid__buffer_append(line, data, taken);
    if (line->failed) {
        fail(exchange, WXID_FAILURE_MEMORY, NULL);
        return length;
    }
    if (exchange->reply.at == WXID__AT_STATUS_LINE && !looks_like_http(line)) {
        refuse(exchange, "not a reply in HTTP/1.1");
        return length;
    }
    if (end != NULL) {
        if (exchange->part == PART_HEAD) {
            read_head_line(exchange, line->data, line->length, sent_whole);
        } else {
            read_chunk_line(exchange, line->data, line->length);
        }
        wxid__wipe(line->data, line->length);
        line->length = 0;
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
    } else if (exchange->part == PART_LENGTH && wxid__incoming_body_whole(reply)) {
        end_reply(exchange);
    }
    return taken;
}

int wxid_exchange_read(wxid_exchange *exchange, const void *data, size_t length, int sent_whole)
{
    const char *at = data;
    while (length > 0 && exchange->part != PART_OVER) {
        int in_body = exchange->part == PART_LENGTH || exchange->part == PART_CLOSE ||
                      exchange->part == PART_CHUNK;
        size_t taken =
            in_body ? take_body(exchange, at, length) : take_line(exchange, at, length, sent_whole);
        at += taken;
        length -= taken;
        exchange->unsent = !sent_whole;
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
    int by_close = exchange->part == PART_CLOSE;
    exchange->unsent = !sent_whole;
    if (by_close) {
        end_reply(exchange);
    } else if (wxid__incoming_begun(&exchange->reply) || exchange->line.length > 0) {
        fail(exchange, WXID_FAILURE_NETWORK, "the reply broke off");
    } else {
        fail(exchange, WXID_FAILURE_NETWORK, "closed without a reply");
    }
}

void wxid_exchange_fail(wxid_exchange *exchange, wxid_failure failure, int sent_whole)
{
    exchange->unsent = !sent_whole;
    fail(exchange, failure,
         failure == WXID_FAILURE_TIMEOUT   ? "no reply came in time"
         : failure == WXID_FAILURE_NETWORK ? "closed by the other end"
                                           : NULL);
}

/* ---- What became of it ---- */

/* An answer that came too early counts even if its body was cut short. */
static int has_reply(const wxid_exchange *exchange)
{
    return exchange->whole ||
           (exchange->incomplete && !exchange->reused &&
            wxid__incoming_head_whole(&exchange->reply) && exchange->reply.refusal == NULL);
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
    if (!exchange->reused) {
        return 0;
    }
    if (exchange->stray) {
        note_trust(exchange, now_ms);
    }
    if (exchange->reply.status == 408) {
        return 1; /* it says that no request came in time: it means the time before this one */
    }
    return !has_reply(exchange) && exchange->unsent && exchange->failure != WXID_FAILURE_TIMEOUT;
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
