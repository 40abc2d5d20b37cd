/* Replies of a length at which a driver must stop, by each way of framing one: what fits is read,
 * a byte more is refused, and nothing is read for ever. */
#include "support/exchanges.h"

#include "buffer.h"
#include "incoming.h"

#include <string.h>

#define OK "HTTP/1.1 200 OK\r\n"
#define LONGEST ((size_t)WXID_MAX_REPLY_BODY)
#define LONGEST_HEAD ((size_t)WXID_MAX_REPLY_HEADERS)

static void add(wxid__buffer *to, const char *text)
{
    wxid__buffer_text(to, text);
    assert_false(to->failed);
}

static void add_many(wxid__buffer *to, const char *text, size_t times)
{
    while (times-- > 0) {
        add(to, text);
    }
}

/* A card of so many bytes. */
static void add_card(wxid__buffer *to, size_t length)
{
    static const char frame[] = "{\"type\":\"Front\",\"x\":\"\"}";
    add(to, "{\"type\":\"Front\",\"x\":\"");
    add_many(to, "y", length - (sizeof frame - 1));
    add(to, "\"}");
}

/* Whole, in pieces, and byte by byte. Returns how many bytes were read then. */
static size_t check(wxid__buffer *made, enum arrival_end end, int kind, const char *says)
{
    static const pieces several[] = {{SIZE_MAX, 0}, {3000, 7}, {1, 0}};
    size_t read = 0;
    wxid_session *session = new_session(0, 0);
    for (size_t i = 0; i < sizeof several / sizeof several[0]; i++) {
        arrival comes = {made->data, made->length, end};
        outcome became = exchange(session, comes, (circumstances){0, 0}, several[i]);
        assert_int_equal(became.kind, kind);
        if (says != NULL && strstr(became.message, says) == NULL) {
            fail_msg("%s", became.message);
        }
        assert_int_equal(became.keeps, kind == CARD && end == STAYS);
        read = became.read;
    }
    wxid_session_free(session);
    wxid__buffer_clear(made);
    return read;
}

static void fits(wxid__buffer made, enum arrival_end end)
{
    (void)check(&made, end, CARD, NULL);
}

static size_t is_refused(wxid__buffer made, const char *says)
{
    return check(&made, STAYS, WXID_KIND_PROTOCOL, says);
}

/* ---- Bodies ---- */

static wxid__buffer by_length(size_t length)
{
    wxid__buffer made = WXID__BUFFER_INIT;
    add(&made, OK);
    wxid__buffer_format(&made, "Content-Length: %zu\r\n\r\n", length);
    add_card(&made, length);
    return made;
}

static wxid__buffer by_close(size_t length)
{
    wxid__buffer made = WXID__BUFFER_INIT;
    add(&made, OK "\r\n");
    add_card(&made, length);
    return made;
}

/* In chunks of so many bytes, and one of the rest. */
static wxid__buffer by_chunks(size_t length, size_t of)
{
    wxid__buffer made = WXID__BUFFER_INIT;
    wxid__buffer card = WXID__BUFFER_INIT;
    add_card(&card, length);
    add(&made, OK "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t at = 0; at < length; at += of) {
        size_t size = length - at < of ? length - at : of;
        wxid__buffer_format(&made, "%zx\r\n", size);
        wxid__buffer_append(&made, card.data + at, size);
        add(&made, "\r\n");
    }
    add(&made, "0\r\n\r\n");
    wxid__buffer_clear(&card);
    return made;
}

static void test_the_longest_body(void **state)
{
    (void)state;
    fits(by_length(LONGEST), STAYS);
    fits(by_close(LONGEST), CLOSES);
    fits(by_chunks(LONGEST, LONGEST), STAYS);
    fits(by_chunks(LONGEST, 1000), STAYS);
}

static void test_a_byte_more(void **state)
{
    static const char why[] = "a reply that is far too long";
    (void)state;
    assert_true(is_refused(by_length(LONGEST + 1), why) < 100);
    assert_in_range(is_refused(by_close(LONGEST + 1), why), LONGEST, LONGEST + 30);
    assert_true(is_refused(by_chunks(LONGEST + 1, LONGEST + 1), why) < 100);
    (void)is_refused(by_chunks(LONGEST + 1, LONGEST), why);
    (void)is_refused(by_chunks(LONGEST + 1, 1000), why);
}

static void test_bodies_without_end(void **state)
{
    static const char why[] = "a reply that is far too long";
    (void)state;
    assert_in_range(is_refused(by_close(4 * LONGEST), why), LONGEST, LONGEST + 100);
    assert_in_range(is_refused(by_chunks(4 * LONGEST, 30000), why), LONGEST, LONGEST + 100);
}

/* ---- Heads ---- */

/* A card behind a head of so many bytes, the head being a line of X-Long in the main. */
static wxid__buffer by_head(const char *begins, size_t length)
{
    static const char last[] = "\r\nContent-Length: 30\r\n\r\n";
    wxid__buffer made = WXID__BUFFER_INIT;
    add(&made, begins);
    add(&made, "X-Long: ");
    add_many(&made, "y", length - made.length - (sizeof last - 1));
    add(&made, last);
    assert_int_equal(made.length, length);
    add_card(&made, 30);
    return made;
}

static void test_the_longest_head(void **state)
{
    static const char why[] = "headers without end";
    static const char interim[] = "HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" OK;
    (void)state;
    fits(by_head(OK, LONGEST_HEAD), STAYS);
    fits(by_head(interim, LONGEST_HEAD), STAYS);
    (void)is_refused(by_head(OK, LONGEST_HEAD + 1), why);
    (void)is_refused(by_head(interim, LONGEST_HEAD + 1), why);
}

/* A line of so many bytes that has no end. */
static wxid__buffer endless(const char *begins, const char *goes_on, size_t length)
{
    wxid__buffer made = WXID__BUFFER_INIT;
    add(&made, begins);
    while (made.length < length) {
        add(&made, goes_on);
    }
    return made;
}

static void test_heads_without_end(void **state)
{
    static const char *const cases[][2] = {
        {OK "X-Giant: ", "y"},
        {"HTTP/1.1 200 ", "y"},
        {OK, "X-Many: y\r\n"},
        {OK, "X: y\r\n z\r\n"},
        {"", "HTTP/1.1 102 Processing\r\n\r\n"},
        {"HTTP/1.1 100 Continue\r\n", "X-Many: y\r\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t read =
            is_refused(endless(cases[i][0], cases[i][1], 3 * LONGEST_HEAD), "headers without end");
        assert_in_range(read, LONGEST_HEAD, LONGEST_HEAD + 30);
    }
}

/* Lines that came whole count together with the one that does not end. */
static void test_a_line_without_end_behind_many(void **state)
{
    wxid__buffer made = WXID__BUFFER_INIT;
    (void)state;
    add(&made, OK);
    add_many(&made, "X-Many: y\r\n", 2500);
    add_many(&made, "y", 2 * LONGEST_HEAD);
    assert_int_equal(is_refused(made, "headers without end"), LONGEST_HEAD);
}

/* What is wrong with a line is told by its beginning, however much of it comes at once. */
static void test_trust_is_lost_by_pieces_of_any_size(void **state)
{
    static const size_t longest[] = {SIZE_MAX, LONGEST_HEAD + 1, LONGEST_HEAD, 1};
    wxid__buffer made = WXID__BUFFER_INIT;
    wxid_session *session = new_session(0, 0);
    (void)state;
    add_many(&made, "x", 2 * LONGEST_HEAD);
    for (size_t i = 0; i < sizeof longest / sizeof longest[0]; i++) {
        arrival comes = {made.data, made.length, STAYS};
        outcome became =
            exchange(session, comes, (circumstances){1, NEVER_SENT}, (pieces){longest[i], 0});
        assert_int_equal(became.kind, AFRESH);
        assert_true(became.loses);
    }
    wxid__buffer_clear(&made);
    wxid_session_free(session);
}

/* What frames chunks counts as a head does: that of one byte in each, of extensions, of trailers.
 */
static void test_chunks_without_end(void **state)
{
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"
    static const char *const cases[][2] = {
        {CHUNKED, "1\r\nx\r\n"},
        {CHUNKED, "1;extension=of-some-length\r\nx\r\n"},
        {CHUNKED "1;", "y"},
        {CHUNKED, "0"},
        {CHUNKED "0\r\n", "X-Trailer: y\r\n"},
        {CHUNKED "0\r\nX-Trailer: ", "y"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)is_refused(endless(cases[i][0], cases[i][1], 3 * LONGEST_HEAD),
                         "headers without end");
    }
}

/* The most chunks that fit. Each takes 5 bytes, and the last three. */
static void test_the_most_chunks(void **state)
{
    static const char head[] = OK "Transfer-Encoding: chunked\r\n\r\n";
    size_t most = (LONGEST_HEAD - (sizeof head - 1) - 5) / 5;
    (void)state;
    fits(by_chunks(most, 1), STAYS);
    (void)is_refused(by_chunks(most + 1, 1), "headers without end");
}

/* Of a line that a library lends, nothing is read that lies behind it. */
static void test_a_line_ends_where_it_is_said_to(void **state)
{
    wxid__incoming reply = {0};
    (void)state;
    assert_int_equal(wxid__incoming_line(&reply, "HTTP/1.1 200 OK\r\n", 12), -1);
    wxid__incoming_clear(&reply);
    assert_int_equal(wxid__incoming_line(&reply, "HTTP/1.1 200 OK\r\n", 13), 0);
    assert_int_equal(wxid__incoming_line(&reply, "Retry-After: 9", 12), 0);
    assert_string_equal(reply.retry_after, "");
    assert_int_equal(wxid__incoming_line(&reply, "Retry-After: 99", 14), 0);
    assert_string_equal(reply.retry_after, "9");
    assert_int_equal(wxid__incoming_line(&reply, "Connection: close", 16), 0);
    assert_false(reply.closes);
    assert_int_equal(wxid__incoming_line(&reply, "Server: x", 6), -1);
}

/* What is kept of a field has its place, and no more than that. */
static void test_long_fields_are_cut(void **state)
{
    static const char *const names[] = {"Retry-After: ", "Date: "};
    unsigned char body[1];
    wxid__incoming reply = {.body = body};
    char expected[WXID__LONGEST_FIELD + 1] = "";
    (void)state;
    memset(expected, 'y', WXID__LONGEST_FIELD);
    assert_int_equal(wxid__incoming_line(&reply, "HTTP/1.1 200 OK\r\n", 17), 0);
    for (size_t i = 2; i-- > 0;) {
        wxid__buffer line = endless(names[i], "y", 200);
        assert_int_equal(wxid__incoming_line(&reply, line.data, line.length), 0);
        wxid__buffer_clear(&line);
        assert_string_equal(reply.date, expected);
        assert_ptr_equal(reply.body, body);
    }
    assert_string_equal(reply.retry_after, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_longest_body),
        cmocka_unit_test(test_a_byte_more),
        cmocka_unit_test(test_bodies_without_end),
        cmocka_unit_test(test_the_longest_head),
        cmocka_unit_test(test_heads_without_end),
        cmocka_unit_test(test_a_line_without_end_behind_many),
        cmocka_unit_test(test_trust_is_lost_by_pieces_of_any_size),
        cmocka_unit_test(test_chunks_without_end),
        cmocka_unit_test(test_the_most_chunks),
        cmocka_unit_test(test_a_line_ends_where_it_is_said_to),
        cmocka_unit_test(test_long_fields_are_cut),
    };
    return cmocka_run_group_tests_name("exchange_bounds", tests, NULL, NULL);
}
