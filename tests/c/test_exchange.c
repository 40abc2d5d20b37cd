/* Replies as they come off a connection: what the call ends with, and whether the connection is
 * kept. Each comes whole, byte by byte and in pieces, over a fresh connection and over a kept one:
 * with the same outcome. */
#include "support/exchanges.h"

#include <string.h>

#define BODY "{\"type\":\"Front\"}" /* 16 bytes */
#define OK "HTTP/1.1 200 OK\r\n"
#define SIZED "Content-Length: 16\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"
#define CHUNK "10\r\n" BODY "\r\n"
#define LAST "0\r\n\r\n"
/* A head with one line between. */
#define WITH(line) OK line SIZED "\r\n" BODY
#define IN_CHUNKS(chunks) OK CHUNKED "\r\n" chunks

typedef struct row {
    const char *name;
    arrival comes;
    int kind; /* or CARD */
    int http_status;
    const char *says;
    int keeps;
} row;

#define COMES(bytes, end)               \
    {                                   \
        (bytes), sizeof(bytes) - 1, end \
    }
#define A_CARD(name, bytes)                         \
    {                                               \
        name, COMES(bytes, STAYS), CARD, 0, NULL, 1 \
    }
#define A_LAST_CARD(name, bytes)                    \
    {                                               \
        name, COMES(bytes, STAYS), CARD, 0, NULL, 0 \
    }
#define A_CARD_TO_THE_END(name, bytes)               \
    {                                                \
        name, COMES(bytes, CLOSES), CARD, 0, NULL, 0 \
    }
#define A_STATUS(name, bytes, status, keeps)                               \
    {                                                                      \
        name, COMES(bytes, STAYS), WXID_KIND_PROTOCOL, status, NULL, keeps \
    }
#define REFUSED(name, bytes, why)                                \
    {                                                            \
        name, COMES(bytes, STAYS), WXID_KIND_PROTOCOL, 0, why, 0 \
    }
#define BROKEN(name, bytes, why)                                 \
    {                                                            \
        name, COMES(bytes, CLOSES), WXID_KIND_NETWORK, 0, why, 0 \
    }

#define NOT_HTTP "not a reply in HTTP/1.1"

static const row status_lines[] = {
    A_CARD("plain", WITH("")),
    A_CARD("no reason", "HTTP/1.1 200\r\n" SIZED "\r\n" BODY),
    A_CARD("an empty reason", "HTTP/1.1 200 \r\n" SIZED "\r\n" BODY),
    A_CARD("lines end with LF", "HTTP/1.1 200 OK\nContent-Length: 16\n\n" BODY),
    A_CARD("no reason, and LF", "HTTP/1.1 200\nContent-Length: 16\n\n" BODY),
    A_LAST_CARD("HTTP/1.0", "HTTP/1.0 200 OK\r\n" SIZED "\r\n" BODY),
    A_LAST_CARD("HTTP/1.0 with chunks", "HTTP/1.0 200 OK\r\n" CHUNKED "\r\n" CHUNK LAST),
    A_CARD("a 100 before", "HTTP/1.1 100 Continue\r\n\r\n" WITH("")),
    A_CARD("1xx in HTTP/1.0 before", "HTTP/1.0 100 Continue\r\n\r\n" WITH("")),
    A_CARD("what an early hint says is not the reply's",
           "HTTP/1.1 103 Early Hints\r\nContent-Length: 3\r\nTransfer-Encoding: gzip\r\n"
           "Connection: close\r\n\r\n" WITH("")),
    REFUSED("HTTP/0.9", BODY, NOT_HTTP),
    REFUSED("HTTP/1.2", "HTTP/1.2 200 OK\r\n" SIZED "\r\n" BODY, NOT_HTTP),
    REFUSED("HTTP/2", "HTTP/2 200 OK\r\n" SIZED "\r\n" BODY, NOT_HTTP),
    REFUSED("HTTP/3.7", "HTTP/3.7 200 OK\r\n" SIZED "\r\n" BODY, NOT_HTTP),
    REFUSED("HTTP/1", "HTTP/1 200 OK\r\n", NOT_HTTP),
    REFUSED("HTTP/1.10", "HTTP/1.10 200 OK\r\n", NOT_HTTP),
    REFUSED("small letters", "http/1.1 200 OK\r\n", NOT_HTTP),
    REFUSED("a tab", "HTTP/1.1\t200 OK\r\n", NOT_HTTP),
    REFUSED("two blanks", "HTTP/1.1  200 OK\r\n", NOT_HTTP),
    REFUSED("status of 4 digits", "HTTP/1.1 2000 OK\r\n", NOT_HTTP),
    REFUSED("status of 2 digits", "HTTP/1.1 20 OK\r\n", NOT_HTTP),
    REFUSED("status of 2 digits, nothing else", "HTTP/1.1 20\r\n", NOT_HTTP),
    REFUSED("first digit is none", "HTTP/1.1 /00 OK\r\n", NOT_HTTP),
    REFUSED("second digit is none", "HTTP/1.1 2:0 OK\r\n", NOT_HTTP),
    REFUSED("third digit is none", "HTTP/1.1 20x OK\r\n", NOT_HTTP),
    REFUSED("no status", "HTTP/1.1\r\n", NOT_HTTP),
    REFUSED("an empty line before", "\r\n" WITH(""), NOT_HTTP),
    REFUSED("an SSH banner", "SSH-2.0-OpenSSH_9.2p1", NOT_HTTP),
    REFUSED("status 007", "HTTP/1.1 007 Bond\r\n", "a status that does not exist"),
    REFUSED("status 099", "HTTP/1.1 099 x\r\n", "a status that does not exist"),
    REFUSED("status 600", "HTTP/1.1 600 x\r\n", "a status that does not exist"),
    REFUSED("101", "HTTP/1.1 101 Switching Protocols\r\n", "a switch of protocols"),
    REFUSED("a NUL", "HTTP/1.1 200 O\0K\r\n", "a header with a NUL in it"),
    REFUSED("a carriage return", "HTTP/1.1 200 O\rK\r\n", "a carriage return"),
    BROKEN("only 1xx", "HTTP/1.1 100 Continue\r\n\r\n", "closed without a reply"),
    BROKEN("half a line", "HTTP/1.1 2", "the reply broke off"),
    BROKEN("no head", "HTTP/1.1 200 OK\r\n", "the reply broke off"),
    BROKEN("nothing", "", "closed without a reply"),
};

static const row statuses[] = {
    A_STATUS("413", "HTTP/1.1 413 Too Large\r\nContent-Length: 6\r\n\r\n<html>", 413, 1),
    A_STATUS("400", "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n", 400, 1),
    A_STATUS("599", "HTTP/1.1 599 x\r\nContent-Length: 0\r\n\r\n", 599, 1),
    A_STATUS("302", "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", 302, 1),
    A_STATUS("204", "HTTP/1.1 204 No Content\r\n\r\n", 204, 1),
    A_STATUS("204 with a length", "HTTP/1.1 204 No Content\r\nContent-Length: 16\r\n\r\n", 204, 1),
    A_STATUS("204 with chunks", "HTTP/1.1 204 No Content\r\n" CHUNKED "\r\n", 204, 1),
    A_STATUS("304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 16\r\n\r\n", 304, 1),
    A_STATUS("200 without a body", OK "Content-Length: 0\r\n\r\n", 200, 1),
    A_STATUS("no chunk but the last", IN_CHUNKS(LAST), 200, 1),
};

static const row heads[] = {
    A_CARD("names in any letters", OK "cOnTeNt-LeNgTh: 16\r\n\r\n" BODY),
    A_CARD("no blank behind the colon", OK "Content-Length:16\r\n\r\n" BODY),
    A_CARD("blanks around the value", OK "Content-Length: \t 16 \t\r\n\r\n" BODY),
    A_CARD("an empty value", WITH("X-Empty:\r\n")),
    A_CARD("a folded line", WITH("X-Folded: one\r\n two\r\n\tthree\r\n")),
    A_CARD("a fold that looks like a field", WITH("X: y\r\n Content-Length: 5\r\n")),
    A_CARD("a blank line that is none", WITH("X: y\r\n \r\n")),
    A_CARD("a fold behind the status line", WITH(" Content-Length: 5\r\n")),
    A_CARD("a longer name", WITH("Content-Length-Was: 5\r\n")),
    A_CARD("a shorter name", WITH("Content-Len: 5\r\n")),
    A_CARD("Connection: keep-alive", WITH("Connection: keep-alive\r\n")),
    A_CARD("Connection: clos", WITH("Connection: clos\r\n")),
    A_LAST_CARD("Connection: close", WITH("Connection: close\r\n")),
    A_LAST_CARD("Proxy-Connection: close", WITH("Proxy-Connection: close\r\n")),
    A_LAST_CARD("Connection: Close in a list", WITH("Connection: x, CLOSE\r\n")),
    REFUSED("no colon", WITH("nonsense\r\n"), NOT_HTTP),
    REFUSED("no colon in a 1xx", "HTTP/1.1 100 Continue\r\nnonsense\r\n", NOT_HTTP),
    REFUSED("no name", WITH(": x\r\n"), NOT_HTTP),
    REFUSED("a blank before the colon", OK "Content-Length : 16\r\n\r\n" BODY, NOT_HTTP),
    REFUSED("a tab before the colon", OK "Transfer-Encoding\t: chunked\r\n\r\n", NOT_HTTP),
    REFUSED("a NUL", WITH("X-Nul: a\0b\r\n"), "a header with a NUL in it"),
    REFUSED("a NUL at its beginning", WITH("\0X-Nul: ab\r\n"), "a header with a NUL in it"),
    REFUSED("a carriage return within", WITH("X: a\rContent-Length: 5\r\n"), "a carriage return"),
    REFUSED("a carriage return before", WITH("\rX: a\r\n"), "a carriage return"),
    REFUSED("two carriage returns", WITH("X: a\r\r\n"), "a carriage return"),
    REFUSED("gzip", OK "Transfer-Encoding: gzip\r\n\r\n", "a Transfer-Encoding"),
    REFUSED("gzip and chunks", OK "Transfer-Encoding: gzip, chunked\r\n\r\n", "a Transfer-Enc"),
    REFUSED("chunks of a kind", OK "Transfer-Encoding: chunked;q=1\r\n\r\n", "a Transfer-Enc"),
    REFUSED("no encoding", OK "Transfer-Encoding:\r\n chunked\r\n\r\n", "a Transfer-Encoding"),
    REFUSED("a letter other", OK "Transfer-Encoding: chunkex\r\n\r\n", "a Transfer-Encoding"),
    REFUSED("a folded encoding", OK CHUNKED " , gzip\r\n\r\n", "of more than one line"),
    BROKEN("in the head", OK SIZED "X: y\r\n", "the reply broke off"),
};

#define LENGTH_IS(value) OK "Content-Length: " value "\r\n\r\n" BODY

static const row lengths[] = {
    A_CARD("noughts before", LENGTH_IS("000000000000000000000000016")),
    A_CARD("twice the same", WITH(SIZED)),
    A_CARD("twice the same, written otherwise", WITH("Content-Length: 016\r\n")),
    A_STATUS("too short", OK "Content-Length: 5\r\n\r\n{\"typ", 200, 1),
    REFUSED("twice", WITH("Content-Length: 15\r\n"), "contradicts itself"),
    REFUSED("nought, and more", WITH("Content-Length: 0\r\n"), "contradicts itself"),
    REFUSED("a list", LENGTH_IS("16, 16"), "a Content-Length that is not a number"),
    REFUSED("negative", LENGTH_IS("-1"), "a Content-Length that is not a number"),
    REFUSED("a sign", LENGTH_IS("+16"), "a Content-Length that is not a number"),
    REFUSED("hexadecimal", LENGTH_IS("0x10"), "a Content-Length that is not a number"),
    REFUSED("a fraction", LENGTH_IS("16.0"), "a Content-Length that is not a number"),
    REFUSED("a blank within", LENGTH_IS("1 6"), "a Content-Length that is not a number"),
    REFUSED("junk", LENGTH_IS("many"), "a Content-Length that is not a number"),
    REFUSED("none", LENGTH_IS(""), "a Content-Length that is not a number"),
    REFUSED("folded", OK "Content-Length: 1\r\n 6\r\n\r\n" BODY, "of more than one line"),
    REFUSED("65537", LENGTH_IS("65537"), "far too long"),
    REFUSED("655361", LENGTH_IS("655361"), "far too long"),
    REFUSED("2 to the 64th and 16", LENGTH_IS("18446744073709551632"), "far too long"),
    REFUSED("absurd", LENGTH_IS("99999999999999999999999999"), "far too long"),
    REFUSED("with chunks behind", OK SIZED CHUNKED "\r\n" CHUNK LAST, "and chunks"),
    REFUSED("with chunks before", OK CHUNKED SIZED "\r\n" CHUNK LAST, "and chunks"),
    BROKEN("too long", LENGTH_IS("5000"), "the reply broke off"),
    BROKEN("no body", OK SIZED "\r\n", "the reply broke off"),
};

static const row chunks[] = {
    A_CARD("one", IN_CHUNKS(CHUNK LAST)),
    A_CARD("many", IN_CHUNKS("1\r\n{\r\n6\r\n\"type\"\r\n9\r\n:\"Front\"}\r\n" LAST)),
    A_CARD("small letters", IN_CHUNKS("a\r\n{\"type\":\"F\r\n6\r\nront\"}\r\n" LAST)),
    A_CARD("capitals", IN_CHUNKS("A\r\n{\"type\":\"F\r\n6\r\nront\"}\r\n" LAST)),
    A_CARD("f", IN_CHUNKS("f\r\n{\"type\":\"Front\"\r\n1\r\n}\r\n" LAST)),
    A_CARD("F", IN_CHUNKS("F\r\n{\"type\":\"Front\"\r\n1\r\n}\r\n" LAST)),
    A_CARD("lines end with LF", IN_CHUNKS("10\n" BODY "\n0\n\n")),
    A_CARD("extensions", IN_CHUNKS("10;a=b;c=\"d\"\r\n" BODY "\r\n0;x\r\n\r\n")),
    A_CARD("blanks behind", IN_CHUNKS("10  \t\r\n" BODY "\r\n0 ;x\r\n\r\n")),
    A_CARD("16 digits", IN_CHUNKS("0000000000000010\r\n" BODY "\r\n0000000000000000\r\n\r\n")),
    A_CARD("trailers", IN_CHUNKS(CHUNK "0\r\nX: y\r\nContent-Length: 5\r\nno colon\r\n\r\n")),
    A_CARD("a trailer that would close", IN_CHUNKS(CHUNK "0\r\nConnection: close\r\n\r\n")),
    A_CARD("chunked twice", OK CHUNKED CHUNKED "\r\n" CHUNK LAST),
    A_CARD("CHUNKED", OK "TRANSFER-ENCODING: CHUNKED\r\n\r\n" CHUNK LAST),
    REFUSED("no size", IN_CHUNKS("\r\n" CHUNK), "a chunk whose size is not a number"),
    REFUSED("junk", IN_CHUNKS("zz\r\n" CHUNK), "a chunk whose size is not a number"),
    REFUSED("g", IN_CHUNKS("g\r\n" CHUNK), "a chunk whose size is not a number"),
    REFUSED("G", IN_CHUNKS("G\r\n" CHUNK), "a chunk whose size is not a number"),
    REFUSED("a colon", IN_CHUNKS("1:\r\n" CHUNK), "a chunk whose size is not a number"),
    REFUSED("a slash", IN_CHUNKS("/\r\n" CHUNK), "a chunk whose size is not a number"),
    REFUSED("@", IN_CHUNKS("@\r\n" CHUNK), "a chunk whose size is not a number"),
    REFUSED("`", IN_CHUNKS("`\r\n" CHUNK), "a chunk whose size is not a number"),
    REFUSED("an extension alone", IN_CHUNKS(";x\r\n" CHUNK), "a chunk whose size is not a"),
    REFUSED("negative", IN_CHUNKS("-10\r\n" CHUNK), "a chunk whose size is not a number"),
    REFUSED("0x", IN_CHUNKS("0x10\r\n" CHUNK), "a chunk whose size is not a number"),
    REFUSED("17 digits", IN_CHUNKS("00000000000000010\r\n"), "a chunk whose size is not a"),
    REFUSED("a NUL", IN_CHUNKS("10\0\r\n"), "a header with a NUL in it"),
    REFUSED("a NUL in a trailer", IN_CHUNKS(CHUNK "0\r\nX: \0\r\n"), "a header with a NUL"),
    REFUSED("a return", IN_CHUNKS("10\r;\r\n"), "a carriage return"),
    REFUSED("of 65537 bytes", IN_CHUNKS("10001\r\n"), "far too long"),
    REFUSED("of 2 to the 64th less one", IN_CHUNKS("ffffffffffffffff\r\n"), "far too long"),
    REFUSED("of 2 to the 32nd and 16", IN_CHUNKS("100000010\r\n"), "far too long"),
    REFUSED("longer than it says", IN_CHUNKS("f\r\n" BODY), "longer than it says"),
    REFUSED("a return behind it alone", IN_CHUNKS("10\r\n" BODY "\r0"), "longer than it says"),
    BROKEN("no last", IN_CHUNKS(CHUNK), "the reply broke off"),
    BROKEN("no line behind it", IN_CHUNKS("10\r\n" BODY), "the reply broke off"),
    BROKEN("no empty line behind the last", IN_CHUNKS(CHUNK "0\r\n"), "the reply broke off"),
    BROKEN("shorter than it says", IN_CHUNKS("11\r\n" BODY), "the reply broke off"),
    BROKEN("no chunk", OK CHUNKED "\r\n", "the reply broke off"),
};

static const row ends[] = {
    A_CARD_TO_THE_END("HTTP/1.1", OK "\r\n" BODY),
    A_CARD_TO_THE_END("HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\n" BODY),
    A_CARD_TO_THE_END("keep-alive", OK "Connection: keep-alive\r\n\r\n" BODY),
    {"empty", COMES(OK "\r\n", CLOSES), WXID_KIND_PROTOCOL, 200, NULL, 0},
    {"two cards", COMES(OK "\r\n" BODY BODY, CLOSES), WXID_KIND_PROTOCOL, 200, NULL, 0},
    {"reset", COMES(OK "\r\n" BODY, RESETS), WXID_KIND_NETWORK, 0, "closed by the other end", 0},
    {"late", COMES(OK "\r\n" BODY, IS_LATE), WXID_KIND_TIMEOUT, 0, "no reply came in time", 0},
    {"reset in the head", COMES(OK, RESETS), WXID_KIND_NETWORK, 0, "closed by the other end", 0},
    {"reset at once", COMES("", RESETS), WXID_KIND_NETWORK, 0, "closed by the other end", 0},
    {"late at once", COMES("", IS_LATE), WXID_KIND_TIMEOUT, 0, "no reply came in time", 0},
};

static void check_row(wxid_session *session, const row *this_one, int reused, pieces of)
{
    outcome became = exchange(session, this_one->comes, (circumstances){reused, 0}, of);
    if (became.kind != this_one->kind || became.http_status != this_one->http_status ||
        became.keeps != this_one->keeps ||
        (this_one->says != NULL && strstr(became.message, this_one->says) == NULL)) {
        fail_msg("%s: kind %d, status %d, keeps %d: %s", this_one->name, became.kind,
                 became.http_status, became.keeps, became.message);
    }
    assert_string_equal(became.type, became.kind == CARD ? "Front" : "");
    assert_false(became.loses);
    assert_int_equal(became.earns, reused && became.keeps);
}

static void check_rows(const row *rows, size_t count)
{
    wxid_session *session = new_session(0, 0);
    for (size_t i = 0; i < count; i++) {
        print_message("reply: %s\n", rows[i].name);
        for (int reused = 0; reused < 2; reused++) {
            check_row(session, &rows[i], reused, (pieces){SIZE_MAX, 0});
            check_row(session, &rows[i], reused, (pieces){1, 0});
            for (uint64_t seed = 1; seed <= 5; seed++) {
                check_row(session, &rows[i], reused, (pieces){4 * (size_t)seed, seed});
            }
        }
    }
    wxid_session_free(session);
}

#define CHECK(rows) check_rows(rows, sizeof(rows) / sizeof *(rows))

static void test_status_lines(void **state)
{
    (void)state;
    CHECK(status_lines);
}

static void test_statuses(void **state)
{
    (void)state;
    CHECK(statuses);
}

static void test_heads(void **state)
{
    (void)state;
    CHECK(heads);
}

static void test_lengths(void **state)
{
    (void)state;
    CHECK(lengths);
}

static void test_chunks(void **state)
{
    (void)state;
    CHECK(chunks);
}

static void test_bodies_to_the_end(void **state)
{
    (void)state;
    CHECK(ends);
}

/* What can be none of HTTP's is refused at its first byte, with no end of its line waited for. */
static void test_nothing_is_waited_for_in_vain(void **state)
{
    static const struct {
        const char *bytes;
        size_t read;
    } cases[] = {
        {"SSH-2.0-OpenSSH_9.2p1", 1},
        {"HTTP/2 200 OK\r\n", 6},
        {"HTTP/1.1 100 Continue\r\n\r\nSSH", 26},
        {IN_CHUNKS("3\r\nabcdef"), sizeof(IN_CHUNKS("3\r\nabcd")) - 1},
    };
    wxid_session *session = new_session(0, 0);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        arrival comes = {cases[i].bytes, strlen(cases[i].bytes), STAYS};
        outcome became = exchange(session, comes, (circumstances){0, 0}, (pieces){1, 0});
        assert_int_equal(became.kind, WXID_KIND_PROTOCOL);
        assert_int_equal(became.read, cases[i].read);
    }
    wxid_session_free(session);
}

/* The call ends: there is not so much time. */
#define TOO_LONG INT64_MAX

/* The date of a Retry-After is reckoned from Date; what is longer than a date is cut off. */
static void test_retry_after(void **state)
{
    static const struct {
        const char *lines;
        int64_t wait_ms; /* -1: whatever the core thinks best */
    } cases[] = {
        {"Retry-After: 3\r\n", 3000},
        {"retry-after:\t 3 \r\n", 3000},
        {"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
         "Retry-After: Sun, 06 Nov 1994 08:49:42 GMT\r\n",
         5000},
        {"Retry-After: 5000000000000000000000000000000000000000000000000000000000000000\r\n",
         TOO_LONG},
        {"Retry-After: 5 seconds, which is so long a text that it cannot be kept whole\r\n", -1},
        {"Retry-After:\r\n", -1},
        {"X-Retry-After: 9\r\n", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        wxid_session *session = new_session(2, 0);
        wxid_call *call = new_call(session, NOW, 1);
        wxid_trust *trust = wxid_trust_new();
        wxid_exchange *exchange = wxid_exchange_new(trust, 0);
        const char head[] = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n";
        assert_true(wxid_exchange_read(exchange, head, strlen(head), 1));
        assert_true(wxid_exchange_read(exchange, cases[i].lines, strlen(cases[i].lines), 1));
        assert_false(wxid_exchange_read(exchange, "\r\n", 2, 1));
        assert_int_equal(wxid_exchange_answer(exchange, call, NOW, NULL), 0);
        int is_too_long = cases[i].wait_ms == TOO_LONG;
        assert_int_equal(wxid_call_step(call, NOW), is_too_long ? WXID_STEP_DONE : WXID_STEP_WAIT);
        if (cases[i].wait_ms < 0) {
            assert_in_range(wxid_call_wait_ms(call), 0, 250);
        } else if (!is_too_long) {
            assert_int_equal(wxid_call_wait_ms(call), cases[i].wait_ms);
        }
        wxid_exchange_free(exchange);
        wxid_trust_free(trust);
        wxid_call_free(call);
        wxid_session_free(session);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_lines),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_bodies_to_the_end),
        cmocka_unit_test(test_nothing_is_waited_for_in_vain),
        cmocka_unit_test(test_retry_after),
    };
    return cmocka_run_group_tests_name("exchange", tests, NULL, NULL);
}
