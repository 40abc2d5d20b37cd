/* Several calls of one session, and what becomes of a lease when a call ends anywhere on its way.
 */
#include "support/script.h"

#include "session.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- One hosts, the others wait ---- */

static void test_one_fetches_for_all(void **state)
{
    wxid_session *session = new_app_session((app){.max_retries = 0});
    player host = {new_call(session, 0, 1), 0, 0};
    (void)state;
    clock_ms = 0;
    assert_false(wxid_call_is_fetching(host.call)); /* not before anybody asks for its step */
    assert_int_equal(wxid_call_step(host.call, 0), WXID_STEP_SEND);
    assert_true(wxid_call_is_fetching(host.call));
    player others[5];
    for (size_t i = 0; i < COUNT(others); i++) {
        others[i] = (player){new_call(session, 0, i), 0, 0};
        for (int again = 0; again < 3; again++) {
            play_moves(&others[i], (const move[]){WAIT(10, 19), END});
        }
        assert_int_equal(wxid_call_step(others[i].call, clock_ms), WXID_STEP_WAIT);
        assert_null(wxid_call_request(others[i].call));
        assert_false(wxid_call_is_fetching(others[i].call));
    }
    play_moves(&host, (const move[]){GIVES("first"), END});
    assert_int_equal(wxid_call_step(host.call, clock_ms), WXID_STEP_SEND);
    assert_false(wxid_call_is_fetching(host.call)); /* the picture is nobody else's */
    play_moves(&host, (const move[]){READS_CARD("first"), END});
    assert_false(wxid_call_is_fetching(host.call));
    for (size_t i = 0; i < COUNT(others); i++) {
        play_moves(&others[i], (const move[]){WAIT(10, 19), READS_CARD("first"), END});
        assert_ended(&others[i], CARD);
        assert_int_equal(others[i].fetches, 0);
    }
    assert_ended(&host, CARD);
    wxid_session_free(session);
}

static void test_one_renews_for_all(void **state)
{
    wxid_session *session = new_app_session((app){.max_retries = 0});
    player calls[4];
    (void)state;
    clock_ms = 0;
    for (size_t i = 0; i < COUNT(calls); i++) {
        calls[i] = (player){new_call(session, 0, i), 0, 0};
        play_moves(&calls[i], i == 0 ? (const move[]){GIVES("first"), END} : (const move[]){END});
        assert_int_equal(wxid_call_step(calls[i].call, 0), WXID_STEP_SEND);
    }
    for (size_t i = 0; i < COUNT(calls); i++) { /* all have sent it when the first is refused */
        play_moves(&calls[i], (const move[]){REFUSES("first"), END});
        assert_int_equal(wxid_call_step(calls[i].call, 0),
                         i == 0 ? WXID_STEP_SEND : WXID_STEP_WAIT);
    }
    play_moves(&calls[0], (const move[]){GIVES("other"), END});
    for (size_t i = 0; i < COUNT(calls); i++) {
        play_moves(&calls[i], i == 0 ? (const move[]){READS_CARD("other"), END}
                                     : (const move[]){WAIT(10, 19), READS_CARD("other"), END});
        assert_ended(&calls[i], CARD);
        assert_int_equal(calls[i].fetches, i == 0 ? 2 : 0);
    }
    wxid_session_free(session);
}

static void test_the_failure_of_one_is_that_of_all(void **state)
{
    wxid_session *session = new_app_session((app){.max_retries = 1});
    player host = {new_call(session, 0, 1), 0, 0};
    player other = {new_call(session, 0, 2), 0, 0};
    (void)state;
    clock_ms = 0;
    assert_int_equal(wxid_call_step(host.call, 0), WXID_STEP_SEND);
    assert_int_equal(wxid_call_step(other.call, 0), WXID_STEP_WAIT);
    play_moves(&host, (const move[]){FETCH_ERRCODE(-1), END});
    assert_int_equal(wxid_call_step(host.call, 0), WXID_STEP_WAIT);
    play_moves(&other, (const move[]){WAIT(10, 19), WAIT(981, 990), FETCH_ERRCODE(-1), END});
    assert_ended(&other, WXID_KIND_BUSY); /* it counts that first failure as a try of its own */
    assert_int_equal(wxid_call_wait_ms(host.call), 1000);
    assert_int_equal(wxid_call_answer_waited(host.call, clock_ms, NULL), 0);
    assert_ended(&host, WXID_KIND_BUSY);
    wxid_session_free(session);
}

static void test_another_takes_over(void **state)
{
    wxid_session *session = new_app_session((app){.max_retries = 0});
    player host = {new_call(session, 0, 1), 0, 0};
    player other = {new_call(session, 0, 2), 0, 0};
    (void)state;
    clock_ms = 0;
    assert_int_equal(wxid_call_step(host.call, 0), WXID_STEP_SEND);
    play_moves(&other, (const move[]){WAIT(10, 19), END});
    wxid_call_free(host.call);
    play_moves(&other, (const move[]){GIVES("first"), READS_CARD("first"), END});
    assert_ended(&other, CARD);
    wxid_session_free(session);
}

/* A driver that loses a call keeps the others waiting until 1 s after its deadline, and no longer.
 */
static void test_a_lost_call_loses_its_lease(void **state)
{
    wxid_session *session = new_app_session((app){.timeout_ms = 5000});
    player lost = {new_call(session, 0, 1), 0, 0};
    (void)state;
    clock_ms = 0;
    assert_int_equal(wxid_call_step(lost.call, 0), WXID_STEP_SEND);
    clock_ms = 5999;
    player other = {new_call(session, clock_ms, 2), 0, 0};
    assert_int_equal(wxid_call_step(other.call, clock_ms), WXID_STEP_WAIT);
    clock_ms = 6000;
    player third = {new_call(session, clock_ms, 3), 0, 0};
    assert_int_equal(wxid_call_step(third.call, clock_ms), WXID_STEP_SEND);
    wxid_call_free(lost.call); /* which must not give back what is another's now */
    play_moves(&other, (const move[]){WAIT(10, 19), END});
    assert_int_equal(wxid_call_step(other.call, clock_ms), WXID_STEP_WAIT);
    play_moves(&third, (const move[]){GIVES("first"), READS_CARD("first"), END});
    assert_ended(&third, CARD);
    wxid_call_free(other.call);
    wxid_session_free(session);
}

/* A call that nobody drives has no lease: it takes one with its first step. */
static void test_a_new_call_has_no_lease(void **state)
{
    wxid_session *session = new_app_session((app){.max_retries = 0});
    wxid_call *idle = new_call(session, 0, 1);
    wxid_call *refresh = NULL;
    (void)state;
    clock_ms = 0;
    assert_int_equal(wxid_call_new_refresh(&refresh, session, 0, 0, 1, NULL), 0);
    player one = {new_call(session, 0, 2), 0, 0};
    play_moves(&one, (const move[]){GIVES("first"), READS_CARD("first"), END});
    assert_ended(&one, CARD);
    wxid_call_free(idle);
    wxid_call_free(refresh);
    wxid_session_free(session);
}

/* ---- Ends on the way ---- */

static const move whole_way[] = {
    FINDS_TOKEN(NULL),          ADDS_LOCK(0),
    FINDS_LOCK("somebody"),     WAIT(50, 99),
    FINDS_TOKEN(NULL),          ADDS_LOCK(1),
    FINDS_TOKEN(NULL),          FETCH_ERRCODE(-1),
    SETS_FAILURE("busy", 1000), WAIT(1000, 1000),
    FINDS_TOKEN(NULL),          ADDS_LOCK(1),
    FINDS_TOKEN(NULL),          GIVES("first"),
    SETS_TOKEN("first"),        DELETES_LOCK,
    REFUSES("first"),           FINDS_TOKEN(PUBLISHED("theirs")),
    REPLIES("theirs", 503, ""), WAIT(0, 250),
    READS_CARD("theirs"),       END,
};

/* The call after so many moves. */
static player part_of_the_way(wxid_session *session, size_t moves)
{
    move part[COUNT(whole_way)] = {END};
    memcpy(part, whole_way, moves * sizeof part[0]);
    part[moves] = (move)END;
    clock_ms = 0;
    player one = {new_call(session, 0, moves), 0, 0};
    play_moves(&one, part);
    return one;
}

typedef enum end_by { BY_FREE, BY_ABANDON, BY_DEADLINE } end_by;

static void end(player *one, end_by how)
{
    if (how == BY_FREE) {
        wxid_call_free(one->call);
    } else if (how == BY_ABANDON) {
        wxid_call_abandon(one->call, wxid_error_new(WXID_KIND_INTERRUPTED, "enough"));
        assert_null(wxid_call_request(one->call));
        assert_null(wxid_call_store_request(one->call, unix_ms()));
        assert_int_equal(wxid_call_wait_ms(one->call), 0);
        assert_ended(one, WXID_KIND_INTERRUPTED);
    } else {
        clock_ms = 20000;
        assert_int_equal(wxid_call_time_left_ms(one->call, clock_ms), 0);
        assert_ended(one, WXID_KIND_TIMEOUT);
    }
}

static void test_every_end_gives_the_lease_back(void **state)
{
    (void)state;
    for (end_by how = BY_FREE; how <= BY_DEADLINE; how++) {
        for (size_t moves = 0; moves + 1 < COUNT(whole_way); moves++) {
            wxid_session *session =
                new_app_session((app){.max_retries = 2, .timeout_ms = 20000, .with_store = 1});
            player one = part_of_the_way(session, moves);
            (void)wxid_call_step(one.call, clock_ms);
            end(&one, how);
            assert_no_lease(session);
            wxid_session_free(session);
        }
    }
}

static void test_the_whole_way(void **state)
{
    wxid_session *session =
        new_app_session((app){.max_retries = 2, .timeout_ms = 20000, .with_store = 1});
    (void)state;
    player one = part_of_the_way(session, COUNT(whole_way) - 1);
    assert_ended(&one, CARD);
    wxid_session_free(session);
}

static void assert_refused(int result, wxid_error **error)
{
    assert_int_equal(result, -1);
    assert_int_equal(wxid_error_kind(*error), WXID_KIND_USAGE);
    wxid_error_free(*error);
}

/* With every answer but the one that is asked for. */
static void answer_wrongly(wxid_call *call, wxid_step step)
{
    wxid_reply reply = WXID_REPLY_INIT;
    wxid_store_answer stored = WXID_STORE_ANSWER_INIT;
    wxid_error *error = NULL;
    assert_refused(wxid_call_answer_token(call, "a_token", &error), &error);
    if (step != WXID_STEP_SEND) {
        assert_refused(wxid_call_answer_reply(call, clock_ms, &reply, &error), &error);
        assert_refused(wxid_call_answer_failure(call, clock_ms, WXID_FAILURE_TLS, 0, NULL, &error),
                       &error);
        assert_null(wxid_call_request(call));
    }
    if (step != WXID_STEP_WAIT) {
        assert_refused(wxid_call_answer_waited(call, clock_ms, &error), &error);
        assert_int_equal(wxid_call_wait_ms(call), 0);
    }
    if (step != WXID_STEP_STORE) {
        assert_refused(wxid_call_answer_store(call, clock_ms, unix_ms(), &stored, &error), &error);
        assert_null(wxid_call_store_request(call, unix_ms()));
    } else {
        stored.version = 99;
        assert_refused(wxid_call_answer_store(call, clock_ms, unix_ms(), &stored, &error), &error);
        assert_refused(wxid_call_answer_store(call, clock_ms, unix_ms(), NULL, &error), &error);
    }
}

static void test_answers_out_of_step_are_refused(void **state)
{
    (void)state;
    for (size_t moves = 0; moves + 1 < COUNT(whole_way); moves++) {
        wxid_session *session =
            new_app_session((app){.max_retries = 2, .timeout_ms = 20000, .with_store = 1});
        player one = part_of_the_way(session, moves);
        wxid_step step = wxid_call_step(one.call, clock_ms);
        answer_wrongly(one.call, step);
        assert_int_equal(wxid_call_step(one.call, clock_ms), step);
        play_moves(&one, whole_way + moves); /* it goes on as if nothing had happened */
        assert_ended(&one, CARD);
        wxid_session_free(session);
    }
}

/* While the token that it hosted is published, a call has no more time than it had. */
static void test_no_step_has_more_time_than_its_call(void **state)
{
    wxid_session *session = new_app_session((app){.timeout_ms = 5000, .with_store = 1});
    player one = {new_call(session, 0, 1), 0, 0};
    (void)state;
    clock_ms = 0;
    play_moves(&one, (const move[]){FINDS_TOKEN(NULL), ADDS_LOCK(1), FINDS_TOKEN(NULL),
                                    PASSES(4900), GIVES("first"), END});
    assert_int_equal(wxid_call_step(one.call, clock_ms), WXID_STEP_STORE);
    assert_int_equal(wxid_call_time_left_ms(one.call, clock_ms), 100);
    clock_ms = 5000;
    assert_ended(&one, WXID_KIND_TIMEOUT);
    wxid_session_free(session);
}

/* What is left to do with the store when the fetch has ended keeps nobody else waiting. */
static void test_nobody_waits_for_what_follows_a_fetch(void **state)
{
    static const move ends[] = {GIVES("first"), FETCH_ERRCODE(-1), FETCH_BREAKS(SYSTEM, 0)};
    (void)state;
    for (size_t i = 0; i < COUNT(ends); i++) {
        wxid_session *session = new_app_session((app){.with_store = 1});
        clock_ms = 0;
        player one = {new_call(session, 0, 1), 0, 0};
        play_moves(
            &one, (const move[]){FINDS_TOKEN(NULL), ADDS_LOCK(1), FINDS_TOKEN(NULL), ends[i], END});
        assert_int_equal(wxid_call_step(one.call, 0), WXID_STEP_STORE);
        assert_no_lease(session);
        wxid_call_free(one.call);
        wxid_session_free(session);
    }
}

/* It waited for a token first; that is over when it waits to try again. */
static void test_another_attempt_has_the_same_token(void **state)
{
    wxid_session *session = new_app_session((app){.max_retries = 2});
    player one = {new_call(session, 0, 1), 0, 0};
    player renewal = {NULL, 0, 0};
    (void)state;
    clock_ms = 0;
    play_moves(&one, (const move[]){FETCH_STATUS(502), WAIT(1000, 1000), GIVES("first"),
                                    POST_ERRCODE("first", -1), END});
    assert_int_equal(wxid_call_new_refresh(&renewal.call, session, 0, clock_ms, 1, NULL), 0);
    play_moves(&renewal, (const move[]){GIVES("other"), END});
    wxid_call_free(renewal.call);
    play_moves(&one, (const move[]){WAIT(0, 250), READS_CARD("first"), END});
    assert_ended(&one, CARD);
    wxid_session_free(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_fetches_for_all),
        cmocka_unit_test(test_one_renews_for_all),
        cmocka_unit_test(test_the_failure_of_one_is_that_of_all),
        cmocka_unit_test(test_another_takes_over),
        cmocka_unit_test(test_a_lost_call_loses_its_lease),
        cmocka_unit_test(test_a_new_call_has_no_lease),
        cmocka_unit_test(test_the_whole_way),
        cmocka_unit_test(test_every_end_gives_the_lease_back),
        cmocka_unit_test(test_no_step_has_more_time_than_its_call),
        cmocka_unit_test(test_nobody_waits_for_what_follows_a_fetch),
        cmocka_unit_test(test_another_attempt_has_the_same_token),
        cmocka_unit_test(test_answers_out_of_step_are_refused),
    };
    return cmocka_run_group_tests_name("renewal_calls", tests, NULL, NULL);
}
