/* The call machine, by a driver that plays scripts: which answers lead to which steps, how often a
 * request is handed out, and when. */
#include "support/support.h"

#include <stdlib.h>
#include <string.h>

/* One answer of a script. */
typedef struct move {
    enum { REPLY, FAILURE, TOKEN } what;
    int number;       /* HTTP status or wxid_failure */
    const char *text; /* body or token */
    int sent;         /* of a failure; of a reply: 1 says that the request was incomplete */
    const char *retry_after;
} move;

typedef struct script {
    const char *name;
    int max_retries;
    int ask_for_token;
    move moves[8]; /* ends with an empty one: the call must be over then */
    int ends_with; /* kind; -1 a card */
    int requests;  /* handed out in all */
} script;

#define OK                              \
    {                                   \
        REPLY, 200, CARD_REPLY, 0, NULL \
    }
#define ERRCODE(code)                                                      \
    {                                                                      \
        REPLY, 200, "{\"errcode\":" #code ",\"errmsg\":\"text\"}", 0, NULL \
    }
#define STATUS(status)                   \
    {                                    \
        REPLY, status, "<html>", 0, NULL \
    }
#define FAILS(failure, sent)                              \
    {                                                     \
        FAILURE, WXID_FAILURE_##failure, NULL, sent, NULL \
    }
#define GIVES(token)             \
    {                            \
        TOKEN, 0, token, 0, NULL \
    }
#define END                     \
    {                           \
        REPLY, 0, NULL, 0, NULL \
    }
#define CARD (-1)

static const script scripts[] = {
    {"a card at once", 2, 0, {OK, END}, CARD, 1},
    /* N: never */
    {"no card", 2, 0, {ERRCODE(101001), END}, WXID_KIND_NO_CARD, 1},
    {"quota", 2, 0, {ERRCODE(45009), END}, WXID_KIND_QUOTA, 1},
    {"rate is not tried inside the call", 2, 0, {ERRCODE(45011), END}, WXID_KIND_RATE, 1},
    {"credential", 2, 0, {ERRCODE(40164), END}, WXID_KIND_CREDENTIAL, 1},
    {"permission", 2, 0, {ERRCODE(48001), END}, WXID_KIND_PERMISSION, 1},
    {"unknown errcode", 2, 0, {ERRCODE(7), END}, WXID_KIND_API, 1},
    {"404", 2, 0, {STATUS(404), END}, WXID_KIND_PROTOCOL, 1},
    {"412", 2, 0, {STATUS(412), END}, WXID_KIND_PROTOCOL, 1},
    {"302", 2, 0, {STATUS(302), END}, WXID_KIND_PROTOCOL, 1},
    {"204", 2, 0, {{REPLY, 204, "", 0, NULL}, END}, WXID_KIND_PROTOCOL, 1},
    {"tls", 2, 0, {FAILS(TLS, 0), END}, WXID_KIND_TLS, 1},
    {"not http", 2, 0, {FAILS(PROTOCOL, 1), END}, WXID_KIND_PROTOCOL, 1},
    {"no descriptor", 2, 0, {FAILS(SYSTEM, 0), END}, WXID_KIND_SYSTEM, 1},
    {"no memory", 2, 0, {FAILS(MEMORY, 0), END}, WXID_KIND_MEMORY, 1},
    {"413 in mid-upload", 2, 0, {{REPLY, 413, "", 1, NULL}, END}, WXID_KIND_PROTOCOL, 1},
    {"a card in mid-upload", 2, 0, {{REPLY, 200, CARD_REPLY, 1, NULL}, END}, WXID_KIND_PROTOCOL, 1},
    /* S: nothing was sent, at most two more */
    {"connect, once", 2, 0, {FAILS(CONNECT, 0), OK, END}, CARD, 2},
    {"connect, twice", 2, 0, {FAILS(CONNECT, 0), FAILS(CONNECT, 0), OK, END}, CARD, 3},
    {"connect, for ever",
     2,
     0,
     {FAILS(CONNECT, 0), FAILS(CONNECT, 0), FAILS(CONNECT, 0), END},
     WXID_KIND_CONNECT,
     3},
    {"connect, one retry allowed",
     1,
     0,
     {FAILS(CONNECT, 0), FAILS(CONNECT, 0), END},
     WXID_KIND_CONNECT,
     2},
    {"connect, no retry allowed", 0, 0, {FAILS(CONNECT, 0), END}, WXID_KIND_CONNECT, 1},
    {"connect timeout", 2, 0, {FAILS(TIMEOUT, 0), FAILS(TIMEOUT, 0), OK, END}, CARD, 3},
    {"broken before sending", 2, 0, {FAILS(NETWORK, 0), FAILS(NETWORK, 0), OK, END}, CARD, 3},
    /* A: something was sent, at most one more */
    {"reset, once", 2, 0, {FAILS(NETWORK, 1), OK, END}, CARD, 2},
    {"reset, for ever", 2, 0, {FAILS(NETWORK, 1), FAILS(NETWORK, 1), END}, WXID_KIND_NETWORK, 2},
    {"timeout after sending",
     2,
     0,
     {FAILS(TIMEOUT, 1), FAILS(TIMEOUT, 1), END},
     WXID_KIND_TIMEOUT,
     2},
    {"reset, no retry allowed", 0, 0, {FAILS(NETWORK, 1), END}, WXID_KIND_NETWORK, 1},
    {"connect, then reset twice",
     2,
     0,
     {FAILS(CONNECT, 0), FAILS(NETWORK, 1), FAILS(NETWORK, 1), END},
     WXID_KIND_NETWORK,
     3},
    {"reset, then connect", 2, 0, {FAILS(NETWORK, 1), FAILS(CONNECT, 0), OK, END}, CARD, 3},
    /* B: the server says busy, at most two more */
    {"busy, twice", 2, 0, {ERRCODE(-1), ERRCODE(-1), OK, END}, CARD, 3},
    {"busy, for ever", 2, 0, {ERRCODE(-1), ERRCODE(-1), ERRCODE(-1), END}, WXID_KIND_BUSY, 3},
    {"502, for ever", 2, 0, {STATUS(502), STATUS(502), STATUS(502), END}, WXID_KIND_PROTOCOL, 3},
    {"429 503 500", 2, 0, {STATUS(429), STATUS(503), STATUS(500), END}, WXID_KIND_PROTOCOL, 3},
    {"504, no retry allowed", 0, 0, {STATUS(504), END}, WXID_KIND_PROTOCOL, 1},
    {"busy in 500", 1, 0, {{REPLY, 500, "{\"errcode\":-1}", 0, NULL}, OK, END}, CARD, 2},
    /* T: another token, once */
    {"token in hand is refused", 2, 0, {ERRCODE(40001), END}, WXID_KIND_TOKEN, 1},
    {"token asked for", 2, 1, {GIVES("first_token"), OK, END}, CARD, 1},
    {"token renewed",
     2,
     1,
     {GIVES("first_token"), ERRCODE(42001), GIVES("other_token"), OK, END},
     CARD,
     2},
    {"token renewed without retries",
     0,
     1,
     {GIVES("first_token"), ERRCODE(40014), GIVES("other_token"), OK, END},
     CARD,
     2},
    {"token renewed, refused again",
     2,
     1,
     {GIVES("first_token"), ERRCODE(40001), GIVES("other_token"), ERRCODE(40001), END},
     WXID_KIND_TOKEN,
     2},
    {"the same token again",
     2,
     1,
     {GIVES("first_token"), ERRCODE(41001), GIVES("first_token"), END},
     WXID_KIND_TOKEN,
     1},
    {"no token", 2, 1, {{TOKEN, 0, NULL, 0, NULL}, END}, WXID_KIND_USAGE, 0},
    {"empty token", 2, 1, {GIVES(""), END}, WXID_KIND_USAGE, 0},
    {"token with a line end", 2, 1, {GIVES("abc\n"), END}, WXID_KIND_USAGE, 0},
    {"everything at once",
     2,
     1,
     {GIVES("first_token"), FAILS(CONNECT, 0), ERRCODE(40001), GIVES("other_token"), ERRCODE(-1),
      END},
     WXID_KIND_BUSY,
     3},
    /* Retry-After */
    {"retry after 0", 2, 0, {{REPLY, 503, "", 0, "0"}, OK, END}, CARD, 2},
    {"retry after 2 s", 2, 0, {{REPLY, 503, "", 0, "2"}, OK, END}, CARD, 2},
    {"retry after the deadline",
     2,
     0,
     {{REPLY, 503, "", 0, "999999999"}, END},
     WXID_KIND_PROTOCOL,
     1},
    {"retry after beyond all numbers",
     2,
     0,
     {{REPLY, 503, "", 0, "99999999999999999999999"}, END},
     WXID_KIND_PROTOCOL,
     1},
    {"retry after junk", 2, 0, {{REPLY, 429, "", 0, "soon"}, OK, END}, CARD, 2},
    {"retry after -1", 2, 0, {{REPLY, 429, "", 0, "-1"}, OK, END}, CARD, 2},
};

static void play_move(wxid_call *call, const move *next, int64_t now)
{
    if (next->what == TOKEN) {
        assert_int_equal(wxid_call_step(call, now), WXID_STEP_TOKEN);
        assert_int_equal(wxid_call_answer_token(call, next->text, NULL), 0);
    } else if (next->what == FAILURE) {
        assert_int_equal(wxid_call_answer_failure(call, now, (wxid_failure)next->number, next->sent,
                                                  "as the script says", NULL),
                         0);
    } else {
        wxid_reply reply = WXID_REPLY_INIT;
        reply.status = next->number;
        reply.body = next->text;
        reply.body_length = strlen(next->text);
        reply.retry_after = next->retry_after;
        reply.request_incomplete = next->sent;
        assert_int_equal(wxid_call_answer_reply(call, now, &reply, NULL), 0);
    }
}

static void play(const script *play_this, uint64_t seed)
{
    wxid_session *session = new_session(play_this->max_retries, play_this->ask_for_token);
    wxid_call *call = new_call(session, 0, seed);
    int64_t now = 0;
    int requests = 0;
    for (const move *next = play_this->moves; next->what != REPLY || next->number != 0; next++) {
        if (wxid_call_step(call, now) == WXID_STEP_WAIT) {
            assert_true(wxid_call_wait_ms(call) >= 0 && wxid_call_wait_ms(call) <= 4000);
            now += wxid_call_wait_ms(call);
            assert_int_equal(wxid_call_answer_waited(call, now, NULL), 0);
        }
        if (next->what != TOKEN) {
            assert_int_equal(wxid_call_step(call, now), WXID_STEP_SEND);
            assert_non_null(wxid_call_request(call));
            requests++;
        }
        play_move(call, next, now);
    }
    assert_int_equal(wxid_call_step(call, now), WXID_STEP_DONE);
    assert_null(wxid_call_request(call));
    assert_int_equal(requests, play_this->requests);
    if (play_this->ends_with == CARD) {
        wxid_value *card = NULL;
        assert_int_equal(wxid_call_take_card(&card, call, NULL), 0);
        wxid_value_free(card);
    } else {
        assert_ends_with(call, (wxid_kind)play_this->ends_with);
    }
    wxid_call_free(call);
    wxid_session_free(session);
}

static void test_scripts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        for (uint64_t seed = 0; seed < 20; seed++) {
            print_message("script: %s, seed %d\n", scripts[i].name, (int)seed);
            play(&scripts[i], seed);
        }
    }
}

static void test_retry_after_is_obeyed_exactly(void **state)
{
    static const struct {
        const char *retry_after;
        const char *date;
        int64_t wait_ms;
    } cases[] = {
        {"2", NULL, 2000},
        {"0", NULL, 0},
        {"Sun, 06 Nov 1994 08:49:40 GMT", "Sun, 06 Nov 1994 08:49:37 GMT", 3000},
        {"Sun, 06 Nov 1994 08:49:30 GMT", "Sun, 06 Nov 1994 08:49:37 GMT", 0},
        {"Wed, 01 Mar 2000 00:00:01 GMT", "Tue, 29 Feb 2000 23:59:59 GMT", 2000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        wxid_session *session = new_session(2, 0);
        wxid_call *call = new_call(session, 0, 1);
        wxid_reply reply = WXID_REPLY_INIT;
        reply.status = 503;
        reply.retry_after = cases[i].retry_after;
        reply.date = cases[i].date;
        assert_int_equal(wxid_call_answer_reply(call, 0, &reply, NULL), 0);
        assert_int_equal(wxid_call_step(call, 0), WXID_STEP_WAIT);
        assert_int_equal(wxid_call_wait_ms(call), cases[i].wait_ms);
        wxid_call_free(call);
        wxid_session_free(session);
    }
}

/* Full jitter: any time from 0 to a bound that doubles, and all of that range is used. */
static void test_back_off_has_full_jitter(void **state)
{
    int64_t least[2] = {INT64_MAX, INT64_MAX};
    int64_t most[2] = {0, 0};
    (void)state;
    for (uint64_t seed = 0; seed < 400; seed++) {
        wxid_session *session = new_session(2, 0);
        wxid_call *call = new_call(session, 0, seed);
        for (int retry = 0; retry < 2; retry++) {
            assert_int_equal(wxid_call_answer_failure(call, 0, WXID_FAILURE_CONNECT, 0, NULL, NULL),
                             0);
            int64_t wait = wxid_call_wait_ms(call);
            least[retry] = wait < least[retry] ? wait : least[retry];
            most[retry] = wait > most[retry] ? wait : most[retry];
            assert_int_equal(wxid_call_answer_waited(call, 0, NULL), 0);
        }
        wxid_call_free(call);
        wxid_session_free(session);
    }
    assert_in_range((uintmax_t)least[0], 0, 25);
    assert_in_range((uintmax_t)most[0], 225, 250);
    assert_in_range((uintmax_t)least[1], 0, 50);
    assert_in_range((uintmax_t)most[1], 450, 500);
}

static wxid_session *session_with_timeout(int64_t timeout_ms)
{
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_session *session = NULL;
    settings.access_token = "token_of_the_tests";
    settings.timeout_ms = timeout_ms;
    assert_int_equal(wxid_session_new(&session, &settings, NULL), 0);
    return session;
}

static void test_deadline_ends_every_step(void **state)
{
    wxid_session *session = session_with_timeout(1000);
    wxid_session *asking = new_session(2, 1);
    (void)state;
    wxid_call *sending = new_call(session, 5000, 1);
    assert_int_equal(wxid_call_step(sending, 5999), WXID_STEP_SEND);
    assert_int_equal(wxid_call_time_left_ms(sending, 5999), 1);
    assert_int_equal(wxid_call_time_left_ms(sending, 7000), 0);
    assert_int_equal(wxid_call_step(sending, 6000), WXID_STEP_DONE);
    assert_ends_with(sending, WXID_KIND_TIMEOUT);
    wxid_call *waiting = new_call(session, 0, 1);
    assert_int_equal(wxid_call_answer_failure(waiting, 0, WXID_FAILURE_CONNECT, 0, NULL, NULL), 0);
    assert_int_equal(wxid_call_step(waiting, 0), WXID_STEP_WAIT);
    assert_int_equal(wxid_call_answer_waited(waiting, 1000, NULL), 0);
    assert_ends_with(waiting, WXID_KIND_TIMEOUT);
    wxid_call *asked = new_call(asking, 0, 1);
    assert_int_equal(wxid_call_step(asked, 29999), WXID_STEP_TOKEN);
    assert_int_equal(wxid_call_step(asked, 30000), WXID_STEP_DONE);
    assert_ends_with(asked, WXID_KIND_TIMEOUT);
    wxid_call_free(sending);
    wxid_call_free(waiting);
    wxid_call_free(asked);
    wxid_session_free(session);
    wxid_session_free(asking);
}

static void test_no_retry_beyond_the_deadline(void **state)
{
    wxid_session *session = session_with_timeout(1000);
    wxid_call *call = new_call(session, 0, 3);
    (void)state;
    assert_int_equal(wxid_call_answer_failure(call, 999, WXID_FAILURE_CONNECT, 0, NULL, NULL), 0);
    assert_int_equal(wxid_call_step(call, 999), WXID_STEP_DONE);
    assert_ends_with(call, WXID_KIND_CONNECT); /* what went wrong says more than that time is up */
    wxid_call_free(call);
    wxid_session_free(session);
}

static void test_any_clock_will_do(void **state)
{
    static const int64_t starts[] = {INT64_MIN, INT64_MIN + 1,  -1,
                                     0,         INT64_MAX - 10, INT64_MAX - 1};
    wxid_session *session = session_with_timeout(1000);
    (void)state;
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        wxid_call *call = new_call(session, starts[i], 1);
        assert_int_equal(wxid_call_step(call, starts[i]), WXID_STEP_SEND);
        assert_in_range((uintmax_t)wxid_call_time_left_ms(call, starts[i]), 1, 1000);
        (void)wxid_call_time_left_ms(call, INT64_MIN);
        (void)wxid_call_time_left_ms(call, INT64_MAX);
        wxid_call_free(call);
    }
    wxid_session_free(session);
}

/* 100 points, 5 for each retry: the 21st is not made. A success gives one back. */
static int retries_left(wxid_session *session)
{
    int retries = 0;
    for (int i = 0; i < 100; i++) {
        wxid_call *call = new_call(session, 0, 1);
        assert_int_equal(wxid_call_answer_failure(call, 0, WXID_FAILURE_CONNECT, 0, NULL, NULL), 0);
        int tried_again = wxid_call_step(call, 0) == WXID_STEP_WAIT;
        wxid_call_free(call);
        if (!tried_again) {
            break;
        }
        retries++;
    }
    return retries;
}

static void succeed(wxid_session *session, int times)
{
    for (int i = 0; i < times; i++) {
        wxid_call *call = new_call(session, 0, 1);
        answer(call, 0, 200, CARD_REPLY);
        wxid_call_free(call);
    }
}

static void test_retry_budget(void **state)
{
    wxid_session *session = new_session(2, 0);
    (void)state;
    assert_int_equal(retries_left(session), 20);
    assert_int_equal(retries_left(session), 0);
    succeed(session, 4);
    assert_int_equal(retries_left(session), 0);
    succeed(session, 5);
    assert_int_equal(retries_left(session), 1);
    succeed(session, 1000); /* never more than 100 */
    wxid_call *call = new_call(session, 0, 1);
    assert_int_equal(wxid_call_answer_failure(call, 0, WXID_FAILURE_TIMEOUT, 0, NULL, NULL), 0);
    assert_int_equal(wxid_call_step(call, 0), WXID_STEP_WAIT); /* 10 for the time-out, 5 for this */
    wxid_call_free(call);
    assert_int_equal(retries_left(session), 17);
    wxid_session_free(session);
}

static void test_answers_out_of_step_are_refused(void **state)
{
    wxid_session *session = new_session(2, 0);
    wxid_call *call = new_call(session, 0, 1);
    wxid_error *error = NULL;
    wxid_value *card = NULL;
    (void)state;
    assert_int_equal(wxid_call_answer_token(call, "a_token_too_many", &error), -1);
    assert_int_equal(wxid_error_kind(error), WXID_KIND_USAGE);
    wxid_error_free(error);
    assert_int_equal(wxid_call_answer_waited(call, 0, NULL), -1);
    assert_int_equal(wxid_call_take_card(&card, call, NULL), -1);
    assert_int_equal(wxid_call_answer_failure(call, 0, (wxid_failure)99, 0, NULL, NULL), -1);
    assert_int_equal(wxid_call_step(call, 0), WXID_STEP_SEND);
    answer(call, 0, 200, CARD_REPLY);
    wxid_reply reply = WXID_REPLY_INIT;
    assert_int_equal(wxid_call_answer_reply(call, 0, &reply, NULL), -1);
    assert_int_equal(wxid_call_take_card(&card, call, NULL), 0);
    wxid_value_free(card);
    assert_int_equal(wxid_call_take_card(&card, call, NULL), -1); /* once */
    wxid_call_free(call);
    wxid_session_free(session);
}

static void test_abandon(void **state)
{
    wxid_session *session = new_session(2, 0);
    wxid_call *call = new_call(session, 0, 1);
    (void)state;
    wxid_call_abandon(call, wxid_error_new(WXID_KIND_INTERRUPTED, "the caller had enough"));
    assert_null(wxid_call_request(call));
    wxid_call_abandon(call, wxid_error_new(WXID_KIND_API, "too late"));
    assert_ends_with(call, WXID_KIND_INTERRUPTED);
    wxid_call_free(call);
    wxid_session_free(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scripts),
        cmocka_unit_test(test_retry_after_is_obeyed_exactly),
        cmocka_unit_test(test_back_off_has_full_jitter),
        cmocka_unit_test(test_deadline_ends_every_step),
        cmocka_unit_test(test_no_retry_beyond_the_deadline),
        cmocka_unit_test(test_any_clock_will_do),
        cmocka_unit_test(test_retry_budget),
        cmocka_unit_test(test_answers_out_of_step_are_refused),
        cmocka_unit_test(test_abandon),
    };
    return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
