/* When an answer comes, and over which connection: what came before the request had been sent, what
 * lies behind a reply, what is sent once more, and what costs trust. */
#include "support/exchanges.h"

#include <string.h>

#define BODY "{\"type\":\"Front\"}" /* 16 bytes */
#define OK "HTTP/1.1 200 OK\r\n"
#define ANSWER OK "Content-Length: 16\r\n\r\n" BODY
#define STATUS(status) "HTTP/1.1 " #status " x\r\nContent-Length: 3\r\n\r\nabc"
#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"
#define CHUNKS OK CHUNKED "10\r\n" BODY "\r\n0\r\n\r\n"

#define COMES(bytes, end)               \
    {                                   \
        (bytes), sizeof(bytes) - 1, end \
    }
#define FRESH(unsent) \
    {                 \
        0, unsent     \
    }
#define REUSED(unsent) \
    {                  \
        1, unsent      \
    }
#define TOO_EARLY "an answer came before the request had been sent"

typedef struct row {
    const char *name;
    arrival comes;
    circumstances on;
    int kind; /* or CARD, or AFRESH */
    int http_status;
    const char *says;
    int keeps;
    int loses;
} row;

/* The same however it is put together to pieces. */
static const row rows[] = {
    /* Too early, over a fresh connection: it is what it says, and no card is one. */
    {"413", COMES(STATUS(413), STAYS), FRESH(NEVER_SENT), WXID_KIND_PROTOCOL, 413, "", 0, 0},
    {"413, then sent", COMES(STATUS(413), STAYS), FRESH(20), WXID_KIND_PROTOCOL, 413, "", 0, 0},
    {"413, sent within its first line", COMES(STATUS(413), STAYS), FRESH(1), WXID_KIND_PROTOCOL,
     413, "", 0, 0},
    {"413, sent when its first line ends", COMES(STATUS(413), STAYS), FRESH(15), WXID_KIND_PROTOCOL,
     413, "", 0, 0},
    {"413 with a length of no body", COMES("HTTP/1.1 413 x\r\nContent-Length: 0\r\n\r\n", STAYS),
     FRESH(NEVER_SENT), WXID_KIND_PROTOCOL, 413, "", 0, 0},
    {"413 to the end", COMES("HTTP/1.1 413 x\r\n\r\n", STAYS), FRESH(NEVER_SENT),
     WXID_KIND_PROTOCOL, 413, "", 0, 0},
    {"413 with bad chunks", COMES("HTTP/1.1 413 x\r\n" CHUNKED "zz\r\n", STAYS), FRESH(NEVER_SENT),
     WXID_KIND_PROTOCOL, 413, "", 0, 0},
    {"a card", COMES(ANSWER, STAYS), FRESH(NEVER_SENT), WXID_KIND_PROTOCOL, 200, TOO_EARLY, 0, 0},
    {"a card, sent within its first line", COMES(ANSWER, STAYS), FRESH(1), WXID_KIND_PROTOCOL, 200,
     TOO_EARLY, 0, 0},
    {"a card to the end", COMES(OK "\r\n" BODY, STAYS), FRESH(NEVER_SENT), WXID_KIND_PROTOCOL, 200,
     TOO_EARLY, 0, 0},
    {"a card in chunks", COMES(CHUNKS, STAYS), FRESH(NEVER_SENT), WXID_KIND_PROTOCOL, 200,
     TOO_EARLY, 0, 0},
    {"a card behind a 100", COMES(CONTINUE ANSWER, STAYS), FRESH(NEVER_SENT), WXID_KIND_PROTOCOL,
     200, TOO_EARLY, 0, 0},
    {"a card, of which a byte is", COMES(CONTINUE ANSWER, STAYS), FRESH(sizeof CONTINUE),
     WXID_KIND_PROTOCOL, 200, TOO_EARLY, 0, 0},
    {"a head that breaks off", COMES(OK, CLOSES), FRESH(NEVER_SENT), WXID_KIND_NETWORK, 0,
     "the reply broke off", 0, 0},
    {"a head that is none", COMES(OK "nonsense\r\n", STAYS), FRESH(NEVER_SENT), WXID_KIND_PROTOCOL,
     0, "not a reply", 0, 0},
    {"junk", COMES("SSH-2.0", STAYS), FRESH(NEVER_SENT), WXID_KIND_PROTOCOL, 0, "not a reply", 0,
     0},
    {"a 100 only", COMES(CONTINUE ANSWER, STAYS), FRESH(sizeof CONTINUE - 1), CARD, 0, "", 1, 0},
    {"part of a 100", COMES(CONTINUE ANSWER, STAYS), FRESH(5), CARD, 0, "", 1, 0},
    {"a reset", COMES("", RESETS), FRESH(NEVER_SENT), WXID_KIND_NETWORK, 0, "closed by", 0, 0},
    {"an end", COMES("", CLOSES), FRESH(NEVER_SENT), WXID_KIND_NETWORK, 0, "without a reply", 0, 0},
    {"408", COMES(STATUS(408), STAYS), FRESH(0), WXID_KIND_PROTOCOL, 408, "", 1, 0},
    /* Too early, over a kept one: another call's answer, perhaps. */
    {"kept: a card", COMES(ANSWER, STAYS), REUSED(NEVER_SENT), AFRESH, 0, "", 0, 1},
    {"kept: 413", COMES(STATUS(413), STAYS), REUSED(NEVER_SENT), AFRESH, 0, "", 0, 1},
    {"kept: a 100", COMES(CONTINUE, STAYS), REUSED(NEVER_SENT), AFRESH, 0, "", 0, 1},
    {"kept: junk", COMES("SSH-2.0", STAYS), REUSED(NEVER_SENT), AFRESH, 0, "", 0, 1},
    {"kept: 101", COMES("HTTP/1.1 101 x\r\n", STAYS), REUSED(NEVER_SENT), AFRESH, 0, "", 0, 1},
    {"kept: a card, sent within its first line", COMES(ANSWER, STAYS), REUSED(1),
     WXID_KIND_PROTOCOL, 0, TOO_EARLY, 0, 1},
    {"kept: a card, sent when its first line ends", COMES(ANSWER, STAYS), REUSED(16),
     WXID_KIND_PROTOCOL, 0, TOO_EARLY, 0, 1},
    {"kept: a 100, sent within its first line", COMES(CONTINUE ANSWER, STAYS), REUSED(3),
     WXID_KIND_PROTOCOL, 0, TOO_EARLY, 0, 1},
    {"kept: part of a card, and the end", COMES("HTTP/1.1 2", CLOSES), REUSED(NEVER_SENT), AFRESH,
     0, "", 0, 0},
    {"kept: part of a card, sent, and the end", COMES("HTTP/1.1 2", CLOSES), REUSED(10),
     WXID_KIND_NETWORK, 0, "broke off", 0, 0},
    /* A 408 is about the time before. */
    {"kept: 408 too early", COMES(STATUS(408), STAYS), REUSED(NEVER_SENT), AFRESH, 0, "", 0, 0},
    {"kept: 408, sent within it", COMES(STATUS(408), STAYS), REUSED(1), AFRESH, 0, "", 0, 0},
    {"kept: 408", COMES(STATUS(408), STAYS), REUSED(0), AFRESH, 0, "", 1, 0},
    {"kept: 408 that breaks off", COMES("HTTP/1.1 408 x\r\n", CLOSES), REUSED(0), AFRESH, 0, "", 0,
     0},
    {"kept: 408 that is late", COMES("HTTP/1.1 408 x\r\n", IS_LATE), REUSED(0), WXID_KIND_TIMEOUT,
     0, "in time", 0, 0},
    /* Kept, and it fails. */
    {"kept: an end", COMES("", CLOSES), REUSED(NEVER_SENT), AFRESH, 0, "", 0, 0},
    {"kept: an end, sent", COMES("", CLOSES), REUSED(0), WXID_KIND_NETWORK, 0, "without a reply", 0,
     0},
    {"kept: a reset", COMES("", RESETS), REUSED(NEVER_SENT), AFRESH, 0, "", 0, 0},
    {"kept: a reset, sent", COMES("", RESETS), REUSED(0), WXID_KIND_NETWORK, 0, "closed by", 0, 0},
    {"kept: late", COMES("", IS_LATE), REUSED(NEVER_SENT), WXID_KIND_TIMEOUT, 0, "in time", 0, 0},
    {"kept: late, sent", COMES("", IS_LATE), REUSED(0), WXID_KIND_TIMEOUT, 0, "in time", 0, 0},
    {"kept: junk, sent", COMES("SSH-2.0", STAYS), REUSED(0), WXID_KIND_PROTOCOL, 0, "not a reply",
     0, 0},
    {"kept: half a reply", COMES(OK, CLOSES), REUSED(0), WXID_KIND_NETWORK, 0, "broke off", 0, 0},
};

/* Of the pieces that come, the last brings more than the reply. */
static const row excess[] = {
    {"two answers", COMES(ANSWER ANSWER, STAYS), FRESH(0), CARD, 0, "", 0, 1},
    {"two in chunks", COMES(CHUNKS CHUNKS, STAYS), FRESH(0), CARD, 0, "", 0, 1},
    {"a byte", COMES(ANSWER "\n", STAYS), FRESH(0), CARD, 0, "", 0, 1},
    {"a NUL", COMES(ANSWER "\0", STAYS), FRESH(0), CARD, 0, "", 0, 1},
    {"behind no body", COMES("HTTP/1.1 204 x\r\n\r\nabc", STAYS), FRESH(0), WXID_KIND_PROTOCOL, 204,
     "", 0, 1},
    {"the body that a 304 has not", COMES("HTTP/1.1 304 x\r\nContent-Length: 3\r\n\r\nabc", STAYS),
     FRESH(0), WXID_KIND_PROTOCOL, 304, "", 0, 1},
    {"kept: two answers", COMES(ANSWER ANSWER, STAYS), REUSED(0), WXID_KIND_PROTOCOL, 0,
     "two answers to one request", 0, 1},
    {"kept: two in chunks", COMES(CHUNKS CHUNKS, STAYS), REUSED(0), WXID_KIND_PROTOCOL, 0,
     "two answers to one request", 0, 1},
    {"kept: a byte", COMES(ANSWER "x", STAYS), REUSED(0), WXID_KIND_PROTOCOL, 0,
     "two answers to one request", 0, 1},
    {"kept: two 408", COMES(STATUS(408) STATUS(408), STAYS), REUSED(0), AFRESH, 0, "", 0, 1},
    {"kept: refused, and more", COMES("SSH-2.0" ANSWER, STAYS), REUSED(0), WXID_KIND_PROTOCOL, 0,
     "not a reply", 0, 0},
};

static void check_row(wxid_session *session, const row *this_one, pieces of)
{
    outcome became = exchange(session, this_one->comes, this_one->on, of);
    if (became.kind != this_one->kind || became.http_status != this_one->http_status ||
        became.keeps != this_one->keeps || became.loses != this_one->loses ||
        strstr(became.message, this_one->says) == NULL) {
        fail_msg("%s: kind %d, status %d, keeps %d, loses %d: %s", this_one->name, became.kind,
                 became.http_status, became.keeps, became.loses, became.message);
    }
    assert_string_equal(became.type, became.kind == CARD ? "Front" : "");
}

static void test_early_and_kept(void **state)
{
    wxid_session *session = new_session(0, 0);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("arrival: %s\n", rows[i].name);
        check_row(session, &rows[i], (pieces){SIZE_MAX, 0});
        check_row(session, &rows[i], (pieces){1, 0});
        for (uint64_t seed = 1; seed <= 5; seed++) {
            check_row(session, &rows[i], (pieces){5 * (size_t)seed, seed});
        }
    }
    wxid_session_free(session);
}

static void test_excess(void **state)
{
    wxid_session *session = new_session(0, 0);
    (void)state;
    for (size_t i = 0; i < sizeof excess / sizeof excess[0]; i++) {
        print_message("arrival: %s\n", excess[i].name);
        check_row(session, &excess[i], (pieces){SIZE_MAX, 0});
        /* The excess comes with the last byte of the reply. */
        size_t read = exchange(session, excess[i].comes, excess[i].on, (pieces){1, 0}).read;
        if (read > 1) {
            check_row(session, &excess[i], (pieces){read - 1, 0});
        }
    }
    wxid_session_free(session);
}

/* ---- After the end ---- */

typedef struct one {
    wxid_session *session;
    wxid_trust *trust;
    wxid_exchange *exchange;
    wxid_call *call;
} one;

static one begin(int reused)
{
    one made = {new_session(0, 0), wxid_trust_new(), NULL, NULL};
    made.exchange = wxid_exchange_new(made.trust, reused);
    made.call = new_call(made.session, NOW, 1);
    assert_non_null(made.exchange);
    return made;
}

static void end(one made)
{
    wxid_exchange_free(made.exchange);
    wxid_exchange_free(NULL);
    wxid_call_free(made.call);
    wxid_trust_free(made.trust);
    wxid_session_free(made.session);
}

static int read_text(one to, const char *text, int sent_whole)
{
    return wxid_exchange_read(to.exchange, text, strlen(text), sent_whole);
}

static void test_what_is_told_after_the_end_changes_nothing(void **state)
{
    one refused = begin(1);
    one right = begin(1);
    wxid_value *card = NULL;
    (void)state;
    assert_false(read_text(refused, OK, 0));
    wxid_exchange_close(refused.exchange, 1);
    wxid_exchange_fail(refused.exchange, WXID_FAILURE_TIMEOUT, 1);
    assert_false(read_text(refused, ANSWER, 1));
    assert_true(wxid_exchange_starts_afresh(refused.exchange, NOW));
    assert_false(read_text(right, ANSWER, 1));
    wxid_exchange_close(right.exchange, 1);
    wxid_exchange_fail(right.exchange, WXID_FAILURE_NETWORK, 0);
    assert_false(wxid_exchange_starts_afresh(right.exchange, NOW));
    assert_true(wxid_exchange_keeps(right.exchange));
    assert_int_equal(wxid_exchange_answer(right.exchange, right.call, NOW, NULL), 0);
    assert_int_equal(wxid_call_take_card(&card, right.call, NULL), 0);
    wxid_value_free(card);
    end(refused);
    end(right);
}

/* Nothing has come: of what came before, nothing is known by that. */
static void test_no_bytes_say_nothing(void **state)
{
    one made = begin(1);
    (void)state;
    assert_true(wxid_exchange_read(made.exchange, NULL, 0, 0));
    assert_true(wxid_exchange_read(made.exchange, "", 0, 0));
    assert_false(read_text(made, ANSWER, 1));
    assert_false(wxid_exchange_starts_afresh(made.exchange, NOW));
    assert_true(wxid_exchange_keeps(made.exchange));
    assert_false(wxid_exchange_read(made.exchange, NULL, 0, 1));
    assert_true(wxid_exchange_keeps(made.exchange));
    end(made);
}

/* A driver that reads on finds it. */
static void test_more_behind_the_end(void **state)
{
    one made = begin(0);
    (void)state;
    assert_false(read_text(made, ANSWER, 1));
    assert_true(wxid_exchange_keeps(made.exchange));
    assert_false(read_text(made, "H", 1));
    assert_false(wxid_exchange_keeps(made.exchange));
    assert_true(wxid_trust_allows_reuse(made.trust, NOW));
    assert_int_equal(wxid_exchange_answer(made.exchange, made.call, NOW, NULL), 0);
    assert_false(wxid_trust_allows_reuse(made.trust, NOW));
    end(made);
}

/* What has been sent stays sent, whatever a driver says: a whole reply is not asked for twice. */
static void test_a_reply_is_not_asked_for_again(void **state)
{
    one made = begin(1);
    (void)state;
    assert_true(read_text(made, OK, 1));
    assert_false(read_text(made, "Content-Length: 0\r\n\r\n", 0));
    assert_false(wxid_exchange_starts_afresh(made.exchange, NOW));
    end(made);
}

/* ---- Answers ---- */

static void assert_is_usage(one made)
{
    wxid_error *error = NULL;
    assert_int_equal(wxid_exchange_answer(made.exchange, made.call, NOW, &error), -1);
    assert_int_equal(wxid_error_kind(error), WXID_KIND_USAGE);
    wxid_error_free(error);
    assert_int_equal(wxid_exchange_answer(made.exchange, made.call, NOW, NULL), -1);
}

static void test_answers_out_of_step_are_refused(void **state)
{
    one made = begin(1);
    (void)state;
    assert_is_usage(made);
    assert_true(read_text(made, "HTTP/1.1", 0));
    assert_false(wxid_exchange_starts_afresh(made.exchange, NOW));
    end(made);
    made = begin(1);
    assert_true(read_text(made, OK, 1));
    assert_is_usage(made);
    assert_false(wxid_exchange_keeps(made.exchange));
    assert_false(wxid_exchange_starts_afresh(made.exchange, NOW));
    assert_int_equal(wxid_call_step(made.call, NOW), WXID_STEP_SEND);
    wxid_exchange_close(made.exchange, 1);
    assert_int_equal(wxid_exchange_answer(made.exchange, made.call, NOW, NULL), 0);
    assert_is_usage(made);
    assert_ends_with(made.call, WXID_KIND_NETWORK);
    end(made);
}

static void test_other_failures_go_to_the_call(void **state)
{
    static const struct {
        wxid_failure failure;
        wxid_kind kind;
    } cases[] = {{WXID_FAILURE_CONNECT, WXID_KIND_CONNECT},
                 {WXID_FAILURE_TLS, WXID_KIND_TLS},
                 {WXID_FAILURE_PROTOCOL, WXID_KIND_PROTOCOL},
                 {WXID_FAILURE_SYSTEM, WXID_KIND_SYSTEM},
                 {WXID_FAILURE_MEMORY, WXID_KIND_MEMORY}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        one made = begin(0);
        wxid_error *error = NULL;
        wxid_value *card = NULL;
        wxid_exchange_fail(made.exchange, cases[i].failure, 1);
        assert_int_equal(wxid_exchange_answer(made.exchange, made.call, NOW, NULL), 0);
        assert_int_equal(wxid_call_take_card(&card, made.call, &error), -1);
        assert_int_equal(wxid_error_kind(error), cases[i].kind);
        assert_string_equal(wxid_error_message(error), wxid_kind_info_at(cases[i].kind)->meaning);
        wxid_error_free(error);
        end(made);
    }
}

/* Something of the request may have been acted on: it is sent once more, and not again. */
static void test_the_core_decides_about_repetitions(void **state)
{
    one made = begin(0);
    wxid_session *session = new_session(2, 0);
    wxid_call *call = new_call(session, NOW, 1);
    (void)state;
    wxid_exchange_close(made.exchange, 0);
    assert_int_equal(wxid_exchange_answer(made.exchange, call, NOW, NULL), 0);
    assert_int_equal(wxid_call_step(call, NOW), WXID_STEP_WAIT);
    assert_int_equal(wxid_call_answer_waited(call, NOW, NULL), 0);
    assert_int_equal(wxid_exchange_answer(made.exchange, call, NOW, NULL), 0);
    assert_ends_with(call, WXID_KIND_NETWORK);
    wxid_call_free(call);
    wxid_session_free(session);
    end(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_early_and_kept),
        cmocka_unit_test(test_excess),
        cmocka_unit_test(test_what_is_told_after_the_end_changes_nothing),
        cmocka_unit_test(test_no_bytes_say_nothing),
        cmocka_unit_test(test_more_behind_the_end),
        cmocka_unit_test(test_a_reply_is_not_asked_for_again),
        cmocka_unit_test(test_answers_out_of_step_are_refused),
        cmocka_unit_test(test_other_failures_go_to_the_call),
        cmocka_unit_test(test_the_core_decides_about_repetitions),
    };
    return cmocka_run_group_tests_name("exchange_reuse", tests, NULL, NULL);
}
