/* Replies by chance: right ones in every shape, which are all read, and damaged ones, of which the
 * outcome must not hang on how they are put together to pieces. */
#include "support/exchanges.h"

#include "buffer.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

#define CANARY "canary"
#define LONGEST_TYPE 40

static uint64_t state_of_random;

static size_t below(size_t limit)
{
    return (size_t)(wxid__random_next(&state_of_random) % limit);
}

static const char *any_of(const char *const *texts, size_t count)
{
    return texts[below(count)];
}

#define ANY_OF(texts) any_of(texts, sizeof(texts) / sizeof *(texts))

/* ---- Right replies ---- */

typedef struct reply {
    wxid__buffer bytes;
    char type[LONGEST_TYPE + 1]; /* of its card */
    enum arrival_end ends;       /* CLOSES where the body goes to the end */
    int keeps;
} reply;

static const char *line_end(void)
{
    return below(8) == 0 ? "\n" : "\r\n";
}

static void add_line(wxid__buffer *to, const char *line)
{
    wxid__buffer_text(to, line);
    wxid__buffer_text(to, line_end());
}

/* Nothing by which a reply is framed. */
static void add_other_fields(wxid__buffer *to)
{
    static const char *const fields[] = {"Server: canary",
                                         "Date: Sun, 06 Nov 1994 08:49:37 GMT",
                                         "Retry-After: 9",
                                         "Connection: keep-alive",
                                         "Content-Type: application/json",
                                         "X-Folded: one\r\n two: three",
                                         "X-Empty:",
                                         "Content-Length-Was: 3"};
    for (size_t left = below(4); left > 0; left--) {
        add_line(to, ANY_OF(fields));
    }
}

static void add_interim(wxid__buffer *to)
{
    static const char *const lines[] = {"HTTP/1.1 100 Continue", "HTTP/1.1 103 Early Hints",
                                        "HTTP/1.0 102", "HTTP/1.1 199 x"};
    for (size_t left = below(6) == 0 ? 1 + below(3) : 0; left > 0; left--) {
        add_line(to, ANY_OF(lines));
        add_other_fields(to);
        add_line(to, "");
    }
}

static void add_chunks(wxid__buffer *to, const char *body, size_t length)
{
    static const char *const behind[] = {"", "", "", ";x", "; x=\"canary\"", " ", "\t;"};
    size_t size;
    for (size_t at = 0; at < length; at += size) {
        size = 1 + below(length - at);
        wxid__buffer_format(to, below(2) ? "%zx" : "%04zX", size);
        add_line(to, ANY_OF(behind));
        wxid__buffer_append(to, body + at, size);
        add_line(to, "");
    }
    add_line(to, below(2) ? "0" : "000;x");
    if (below(4) == 0) {
        add_line(to, "Content-Length: 3");
    }
    add_line(to, "");
}

static reply new_reply(void)
{
    reply made = {WXID__BUFFER_INIT, "", STAYS, 1};
    char body[128];
    int minor = below(8) != 0;
    for (size_t i = below(LONGEST_TYPE); i > 0; i--) {
        made.type[i - 1] = (char)('a' + below(26));
    }
    int length = snprintf(body, sizeof body, "{\"type\":\"%s\",\"id\":\"" CANARY "\"}", made.type);
    add_interim(&made.bytes);
    wxid__buffer_format(&made.bytes, "HTTP/1.%d 200%s", minor, below(4) ? " OK" : "");
    add_line(&made.bytes, "");
    add_other_fields(&made.bytes);
    size_t framing = below(5);
    if (framing < 2) {
        wxid__buffer_format(&made.bytes, "Content-Length: %d", length);
        add_line(&made.bytes, "");
    } else if (framing < 4) {
        add_line(&made.bytes, "Transfer-Encoding: chunked");
    }
    add_other_fields(&made.bytes);
    add_line(&made.bytes, "");
    if (framing == 2 || framing == 3) {
        add_chunks(&made.bytes, body, (size_t)length);
    } else {
        wxid__buffer_append(&made.bytes, body, (size_t)length);
    }
    made.ends = framing == 4 ? CLOSES : STAYS;
    made.keeps = framing != 4 && minor == 1;
    assert_false(made.bytes.failed);
    return made;
}

static pieces any_pieces(void)
{
    return (pieces){1 + below(60), 1 + below(1000000)};
}

static void test_right_replies(void **state)
{
    wxid_session *session = new_session(0, 0);
    (void)state;
    state_of_random = 1;
    for (int i = rounds(30000); i > 0; i--) {
        reply made = new_reply();
        int reused = (int)below(2);
        arrival comes = {made.bytes.data, made.bytes.length, made.ends};
        outcome became = exchange(session, comes, (circumstances){reused, 0}, any_pieces());
        assert_int_equal(became.kind, CARD);
        assert_string_equal(became.type, made.type);
        assert_int_equal(became.keeps, made.keeps);
        assert_int_equal(became.earns, reused && made.keeps);
        wxid__buffer_clear(&made.bytes);
    }
    wxid_session_free(session);
}

/* ---- Damaged replies ---- */

static const char *const parts[] = {"\r\n",
                                    "\n",
                                    "\r",
                                    "\r\n\r\n",
                                    " ",
                                    ":",
                                    "0",
                                    "7",
                                    "f",
                                    "0\r\n\r\n",
                                    "10\r\n",
                                    "ffffffffffffffff",
                                    "00000000000000000",
                                    "HTTP/1.1 200 OK\r\n",
                                    "HTTP/1.1 204 x\r\n\r\n",
                                    "HTTP/1.1 408 x\r\nContent-Length: 0\r\n\r\n",
                                    "HTTP/1.1 413 x\r\nContent-Length: 0\r\n\r\n",
                                    "HTTP/1.1 100 x\r\n\r\n",
                                    "HTTP/1.1 101 x\r\n\r\n",
                                    "Content-Length: 0\r\n",
                                    "Content-Length: 16\r\n",
                                    "Content-Length: 65536\r\n",
                                    "Content-Length: 65537\r\n",
                                    "Content-Length: 18446744073709551616\r\n",
                                    "Transfer-Encoding: chunked\r\n",
                                    "Transfer-Encoding: gzip\r\n",
                                    "Connection: close\r\n",
                                    "SSH-2.0"};

/* Takes something out and puts something in: a byte, a part of a reply, or some of this one. */
static void damage(wxid__buffer *bytes)
{
    wxid__buffer made = WXID__BUFFER_INIT;
    size_t at = below(bytes->length + 1);
    size_t left = bytes->length - at;
    size_t out = below(3) != 0 ? 0 : below((left < 8 ? left : 8) + 1);
    wxid__buffer_append(&made, bytes->data, at);
    switch (below(4)) {
    case 0: {
        char byte = (char)below(256);
        wxid__buffer_append(&made, &byte, 1);
        break;
    }
    case 1:
        wxid__buffer_text(&made, ANY_OF(parts));
        break;
    case 2: {
        size_t from = below(bytes->length + 1);
        wxid__buffer_append(&made, bytes->data + from, below(bytes->length - from + 1));
        break;
    }
    default:
        out = below(3) == 0 ? left : out;
        break;
    }
    wxid__buffer_append(&made, bytes->data + at + out, left - out);
    wxid__buffer_append(&made, "", 0);
    assert_false(made.failed);
    wxid__buffer_clear(bytes);
    *bytes = made;
}

static wxid__buffer damaged_reply(void)
{
    wxid__buffer made = new_reply().bytes;
    for (size_t left = below(4); left > 0; left--) {
        damage(&made);
    }
    if (below(8) == 0) {
        wxid__buffer second = new_reply().bytes;
        wxid__buffer_append(&made, second.data, second.length);
        wxid__buffer_clear(&second);
    }
    return made;
}

static void assert_possible(outcome became, int reused)
{
    int is_answer = became.kind == CARD || became.http_status != 0 || became.kind == AFRESH;
    assert_true(became.kind == CARD || became.kind == AFRESH || became.kind == WXID_KIND_PROTOCOL ||
                became.kind == WXID_KIND_NETWORK);
    assert_true(is_answer || !became.keeps);
    assert_true(reused || became.kind != AFRESH);
    assert_int_equal(became.earns, reused && became.keeps && became.kind != AFRESH);
    assert_null(strstr(became.message, CANARY));
}

static void assert_same(outcome one, outcome other)
{
    assert_int_equal(one.kind, other.kind);
    assert_int_equal(one.http_status, other.http_status);
    assert_string_equal(one.message, other.message);
    assert_string_equal(one.type, other.type);
    assert_int_equal(one.keeps, other.keeps);
    assert_int_equal(one.loses, other.loses);
    assert_int_equal(one.read, other.read);
}

/* Byte by byte it is seen where a reply ends. */
static outcome exchange_in_three_ways(wxid_session *session, const wxid__buffer *made,
                                      circumstances on)
{
    arrival comes = {made->data, made->length, ENDS};
    outcome became = exchange(session, comes, on, (pieces){1, 0});
    assert_possible(became, on.reused);
    comes.length = became.read;
    assert_same(exchange(session, comes, on, below(2) ? any_pieces() : (pieces){SIZE_MAX, 0}),
                became);
    if (became.read < made->length) {
        comes.length = made->length;
        size_t longest = below(2) && became.read > 1 ? became.read - 1 : SIZE_MAX;
        outcome with_excess = exchange(session, comes, on, (pieces){longest, 0});
        assert_possible(with_excess, on.reused);
        if (became.kind == CARD) {
            assert_int_equal(with_excess.kind, on.reused ? WXID_KIND_PROTOCOL : CARD);
            assert_true(with_excess.loses);
        }
    }
    return became;
}

static void test_damaged_replies(void **state)
{
    int cards = 0;
    int broken = 0;
    int refused = 0;
    int afresh = 0;
    wxid_session *session = new_session(0, 0);
    (void)state;
    state_of_random = 2;
    for (int i = rounds(70000); i > 0; i--) {
        wxid__buffer made = damaged_reply();
        size_t unsent = below(3) != 0 ? 0 : below(2) != 0 ? NEVER_SENT : below(made.length + 1);
        circumstances on = {(int)below(2), unsent};
        outcome became = exchange_in_three_ways(session, &made, on);
        cards += became.kind == CARD;
        broken += became.kind == WXID_KIND_NETWORK;
        refused += became.kind == WXID_KIND_PROTOCOL;
        afresh += became.kind == AFRESH;
        wxid__buffer_clear(&made);
    }
    wxid_session_free(session);
    print_message("%d cards, %d broken, %d refused, %d afresh\n", cards, broken, refused, afresh);
    assert_true(cards > rounds(10000) && broken > rounds(3000));
    assert_true(refused > rounds(10000) && afresh > rounds(5000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right_replies),
        cmocka_unit_test(test_damaged_replies),
    };
    return cmocka_run_group_tests_name("exchange_random", tests, NULL, NULL);
}
