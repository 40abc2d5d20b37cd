/* Recognitions whose session fetches its own token, without a store: when it is fetched, how often
 * after a failure, and what a call ends with. */
#include "support/script.h"

#include <stdio.h>
#include <string.h>

static const script fetches[] = {
    {"the first fetch", RETRIES(0), {GIVES("first"), READS_CARD("first"), END}, CARD, 1, 1},
    {"the first fetch from the older endpoint",
     {.old_endpoint = 1},
     {GIVES("first"), READS_CARD("first"), END},
     CARD,
     1,
     1},
    {"a picture that is refused",
     RETRIES(2),
     {GIVES("first"), POST_ERRCODE("first", 101002), END},
     WXID_KIND_IMAGE,
     1,
     1},
    /* What passes is tried again after the pause of the endpoint, 1 s and 2 s. */
    {"no connection, once",
     RETRIES(2),
     {FETCH_BREAKS(CONNECT, 0), WAIT(1000, 1000), GIVES("first"), READS_CARD("first"), END},
     CARD,
     1,
     2},
    {"no connection, twice",
     RETRIES(2),
     {FETCH_BREAKS(CONNECT, 0), WAIT(1000, 1000), FETCH_BREAKS(CONNECT, 0), WAIT(2000, 2000),
      GIVES("first"), READS_CARD("first"), END},
     CARD,
     1,
     3},
    {"no connection, for ever",
     RETRIES(2),
     {FETCH_BREAKS(CONNECT, 0), WAIT(1000, 1000), FETCH_BREAKS(CONNECT, 0), WAIT(2000, 2000),
      FETCH_BREAKS(CONNECT, 0), END},
     WXID_KIND_CONNECT,
     0,
     3},
    {"no connection, one retry allowed",
     RETRIES(1),
     {FETCH_BREAKS(CONNECT, 0), WAIT(1000, 1000), FETCH_BREAKS(CONNECT, 0), END},
     WXID_KIND_CONNECT,
     0,
     2},
    {"no connection, no retry allowed",
     RETRIES(0),
     {FETCH_BREAKS(CONNECT, 0), END},
     WXID_KIND_CONNECT,
     0,
     1},
    /* A fetch may be repeated safely, whatever was sent. */
    {"reset after it was sent, twice",
     RETRIES(2),
     {FETCH_BREAKS(NETWORK, 1), WAIT(1000, 1000), FETCH_BREAKS(NETWORK, 1), WAIT(2000, 2000),
      GIVES("first"), READS_CARD("first"), END},
     CARD,
     1,
     3},
    {"timed out",
     RETRIES(1),
     {FETCH_BREAKS(TIMEOUT, 1), WAIT(1000, 1000), GIVES("first"), READS_CARD("first"), END},
     CARD,
     1,
     2},
    {"502",
     RETRIES(1),
     {FETCH_STATUS(502), WAIT(1000, 1000), GIVES("first"), READS_CARD("first"), END},
     CARD,
     1,
     2},
    {"502, for ever",
     RETRIES(1),
     {FETCH_STATUS(502), WAIT(1000, 1000), FETCH_STATUS(502), END},
     WXID_KIND_PROTOCOL,
     0,
     2},
    {"busy",
     RETRIES(1),
     {FETCH_ERRCODE(-1), WAIT(1000, 1000), GIVES("first"), READS_CARD("first"), END},
     CARD,
     1,
     2},
    {"busy, no retry allowed", RETRIES(0), {FETCH_ERRCODE(-1), END}, WXID_KIND_BUSY, 0, 1},
    /* What does not pass is said at once. */
    {"a page", RETRIES(2), {FETCH_STATUS(200), END}, WXID_KIND_PROTOCOL, 0, 1},
    {"404", RETRIES(2), {FETCH_STATUS(404), END}, WXID_KIND_PROTOCOL, 0, 1},
    {"no token in it",
     RETRIES(2),
     {REPLIES(NULL, 200, "{\"expires_in\":7200}"), END},
     WXID_KIND_PROTOCOL,
     0,
     1},
    {"no token, but a number",
     RETRIES(2),
     {REPLIES(NULL, 200, "{\"access_token\":1,\"expires_in\":7200}"), END},
     WXID_KIND_PROTOCOL,
     0,
     1},
    {"no token, but a line", RETRIES(2), {GIVES("a b"), END}, WXID_KIND_PROTOCOL, 0, 1},
    {"a wrong secret", RETRIES(2), {FETCH_ERRCODE(40125), END}, WXID_KIND_CREDENTIAL, 0, 1},
    {"a wrong appid", RETRIES(2), {FETCH_ERRCODE(40013), END}, WXID_KIND_CREDENTIAL, 0, 1},
    {"an address that is not allowed",
     RETRIES(2),
     {FETCH_ERRCODE(40164), END},
     WXID_KIND_CREDENTIAL,
     0,
     1},
    {"40001, which here means the secret",
     RETRIES(2),
     {FETCH_ERRCODE(40001), END},
     WXID_KIND_CREDENTIAL,
     0,
     1},
    {"the quota is used up", RETRIES(2), {FETCH_ERRCODE(45009), END}, WXID_KIND_QUOTA, 0, 1},
    {"too many in this minute", RETRIES(2), {FETCH_ERRCODE(45011), END}, WXID_KIND_RATE, 0, 1},
    {"an unknown errcode", RETRIES(2), {FETCH_ERRCODE(7), END}, WXID_KIND_API, 0, 1},
    {"tls", RETRIES(2), {FETCH_BREAKS(TLS, 0), END}, WXID_KIND_TLS, 0, 1},
    {"not http", RETRIES(2), {FETCH_BREAKS(PROTOCOL, 1), END}, WXID_KIND_PROTOCOL, 0, 1},
    {"out of descriptors", RETRIES(2), {FETCH_BREAKS(SYSTEM, 0), END}, WXID_KIND_SYSTEM, 0, 1},
    {"out of memory", RETRIES(2), {FETCH_BREAKS(MEMORY, 0), END}, WXID_KIND_MEMORY, 0, 1},
    /* The deadline */
    {"no wait that would end after the deadline",
     {.max_retries = 2, .timeout_ms = 1000},
     {FETCH_BREAKS(CONNECT, 0), END},
     WXID_KIND_CONNECT,
     0,
     1},
    {"no answer until the deadline",
     {.max_retries = 2, .timeout_ms = 5000},
     {REPLIES(NULL, 502, ""), WAIT(1000, 1000), PASSES(4000), END},
     WXID_KIND_TIMEOUT,
     0,
     1},
    {"a picture that is tried again is sent with the same token",
     RETRIES(2),
     {GIVES("first"), POST_ERRCODE("first", -1), WAIT(0, 250), BREAKS("first", CONNECT, 0),
      WAIT(0, 500), READS_CARD("first"), END},
     CARD,
     3,
     1},
};

static const script refusals[] = {
    {"another token",
     RETRIES(0),
     {GIVES("first"), REFUSES("first"), GIVES("other"), READS_CARD("other"), END},
     CARD,
     2,
     2},
    {"40014",
     RETRIES(0),
     {GIVES("first"), POST_ERRCODE("first", 40014), GIVES("other"), READS_CARD("other"), END},
     CARD,
     2,
     2},
    {"41001",
     RETRIES(0),
     {GIVES("first"), POST_ERRCODE("first", 41001), GIVES("other"), READS_CARD("other"), END},
     CARD,
     2,
     2},
    {"42001",
     RETRIES(0),
     {GIVES("first"), POST_ERRCODE("first", 42001), GIVES("other"), READS_CARD("other"), END},
     CARD,
     2,
     2},
    {"the same token again",
     RETRIES(2),
     {GIVES("first"), REFUSES("first"), GIVES("first"), END},
     WXID_KIND_TOKEN,
     1,
     2},
    {"the other is refused too",
     RETRIES(2),
     {GIVES("first"), REFUSES("first"), GIVES("other"), REFUSES("other"), END},
     WXID_KIND_TOKEN,
     2,
     2},
    {"the endpoint fails, no retry allowed",
     RETRIES(0),
     {GIVES("first"), REFUSES("first"), FETCH_STATUS(503), END},
     WXID_KIND_PROTOCOL,
     1,
     2},
    {"the endpoint fails once",
     RETRIES(1),
     {GIVES("first"), REFUSES("first"), FETCH_STATUS(503), WAIT(1000, 1000), GIVES("other"),
      READS_CARD("other"), END},
     CARD,
     2,
     3},
    {"the endpoint fails for ever",
     RETRIES(2),
     {GIVES("first"), REFUSES("first"), FETCH_STATUS(503), WAIT(1000, 1000), FETCH_ERRCODE(-1),
      WAIT(2000, 2000), FETCH_BREAKS(TIMEOUT, 1), END},
     WXID_KIND_TIMEOUT,
     1,
     4},
    {"the endpoint refuses the secret",
     RETRIES(2),
     {GIVES("first"), REFUSES("first"), FETCH_ERRCODE(40001), END},
     WXID_KIND_CREDENTIAL,
     1,
     2},
    {"no more than three pictures",
     RETRIES(2),
     {GIVES("first"), BREAKS("first", CONNECT, 0), WAIT(0, 250), REFUSES("first"), GIVES("other"),
      POST_ERRCODE("other", -1), END},
     WXID_KIND_BUSY,
     3,
     2},
    {"the tries for the first token count",
     RETRIES(1),
     {FETCH_STATUS(502), WAIT(1000, 1000), GIVES("first"), REFUSES("first"), FETCH_STATUS(502),
      END},
     WXID_KIND_PROTOCOL,
     1,
     3},
    {"the deadline while another is fetched",
     {.max_retries = 2, .timeout_ms = 2000},
     {GIVES("first"), REFUSES("first"), PASSES(2000), END},
     WXID_KIND_TIMEOUT,
     1,
     1},
};

static void test_fetches(void **state)
{
    (void)state;
    play_scripts(fetches, sizeof fetches / sizeof fetches[0]);
}

static void test_refusals(void **state)
{
    (void)state;
    play_scripts(refusals, sizeof refusals / sizeof refusals[0]);
}

/* What was told once is told to all who come during the pause, without another fetch. */
static void test_failure_is_remembered(void **state)
{
    static const int64_t pauses[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000};
    wxid_session *session = new_app_session((app){.max_retries = 0});
    (void)state;
    clock_ms = 0;
    for (size_t i = 0; i < sizeof pauses / sizeof pauses[0]; i++) {
        player first = {new_call(session, clock_ms, 1), 0, 0};
        play_moves(&first, (const move[]){FETCH_ERRCODE(-1), END});
        assert_ended(&first, WXID_KIND_BUSY);
        clock_ms += pauses[i] - 1;
        player other = {new_call(session, clock_ms, 1), 0, 0};
        assert_ended(&other, WXID_KIND_BUSY);
        clock_ms += 1;
    }
    player again = {new_call(session, clock_ms, 1), 0, 0};
    play_moves(&again, (const move[]){GIVES("first"), READS_CARD("first"), END});
    assert_ended(&again, CARD);
    wxid_session_free(session);
}

/* A pause of more than 4 s is not waited for: the caller learns at once what is wrong. */
static void test_no_long_wait(void **state)
{
    wxid_session *session = new_app_session((app){.max_retries = 2});
    (void)state;
    clock_ms = 0;
    player one = {new_call(session, clock_ms, 1), 0, 0};
    play_moves(&one, (const move[]){FETCH_STATUS(503), WAIT(1000, 1000), FETCH_STATUS(503),
                                    WAIT(2000, 2000), FETCH_STATUS(503), END});
    assert_ended(&one, WXID_KIND_PROTOCOL);
    player two = {new_call(session, clock_ms, 1), 0, 0};
    play_moves(&two, (const move[]){WAIT(4000, 4000), FETCH_STATUS(503), END}); /* now 8 s */
    assert_ended(&two, WXID_KIND_PROTOCOL);
    player three = {new_call(session, clock_ms, 1), 0, 0};
    assert_ended(&three, WXID_KIND_PROTOCOL);
    wxid_session_free(session);
}

static void test_what_this_process_lacks_is_not_remembered(void **state)
{
    wxid_session *session = new_app_session((app){.max_retries = 2});
    (void)state;
    clock_ms = 0;
    player one = {new_call(session, clock_ms, 1), 0, 0};
    play_moves(&one, (const move[]){FETCH_BREAKS(SYSTEM, 0), END});
    assert_ended(&one, WXID_KIND_SYSTEM);
    player two = {new_call(session, clock_ms, 1), 0, 0};
    play_moves(&two, (const move[]){GIVES("first"), READS_CARD("first"), END});
    assert_ended(&two, CARD);
    wxid_session_free(session);
}

/* 10 s are the longest that a fetch may take, whatever the timeout of the call. */
static void test_a_fetch_ends_in_10_s(void **state)
{
    wxid_session *session = new_app_session((app){.max_retries = 1});
    (void)state;
    clock_ms = 0;
    player one = {new_call(session, clock_ms, 1), 0, 0};
    assert_int_equal(wxid_call_step(one.call, 0), WXID_STEP_SEND);
    assert_int_equal(wxid_call_time_left_ms(one.call, 0), 10000);
    assert_int_equal(wxid_call_step(one.call, 9999), WXID_STEP_SEND);
    clock_ms = 10000;
    play_moves(&one, (const move[]){WAIT(1000, 1000), GIVES("first"), READS_CARD("first"), END});
    assert_ended(&one, CARD);
    wxid_session_free(session);
}

/* An account whose every token is refused: at most two pictures and one renewal a call, and of
 * renewals one in each pause. */
static void test_refusals_for_ever(void **state)
{
    wxid_session *session = new_app_session((app){.max_retries = 2});
    int64_t renewed_ms[64] = {0};
    int renewals = 0;
    (void)state;
    clock_ms = 0;
    for (int number = 0; number < 2000; number++, clock_ms += 50) {
        player one = {new_call(session, clock_ms, (uint64_t)number), 0, 0};
        while (wxid_call_step(one.call, clock_ms) == WXID_STEP_SEND) {
            const wxid_request *request = wxid_call_request(one.call);
            if (strstr(request->target, "/cgi-bin/") == NULL) {
                one.posts++;
                answer(one.call, clock_ms, 200, "{\"errcode\":40001}");
                continue;
            }
            one.fetches++;
            char body[96];
            snprintf(body, sizeof body, "{\"access_token\":\"token_%d\",\"expires_in\":7200}",
                     renewals);
            renewed_ms[renewals++] = clock_ms;
            assert_true(renewals < 60);
            answer(one.call, clock_ms, 200, body);
        }
        assert_true(one.posts >= 1 && one.posts <= 2 && one.fetches <= (number == 0 ? 2 : 1));
        assert_ended(&one, WXID_KIND_TOKEN);
    }
    for (int i = 2; i < renewals; i++) {
        int64_t pause = i < 7 ? 1000 << (i - 2) : 30000;
        assert_true(renewed_ms[i] - renewed_ms[i - 1] >= (pause < 30000 ? pause : 30000));
    }
    assert_in_range((uintmax_t)renewals, 7, 10);
    wxid_session_free(session);
}

/* A call that succeeds ends the pause. */
static void test_success_ends_the_pause(void **state)
{
    wxid_session *session = new_app_session((app){.max_retries = 2});
    (void)state;
    clock_ms = 0;
    player one = {new_call(session, 0, 1), 0, 0};
    play_moves(&one, (const move[]){GIVES("first"), REFUSES("first"), GIVES("other"),
                                    POST_ERRCODE("other", 101001), END});
    assert_ended(&one, WXID_KIND_NO_CARD); /* an errcode that is not about tokens accepts them */
    player two = {new_call(session, 0, 1), 0, 0};
    play_moves(&two, (const move[]){REFUSES("other"), GIVES("third"), READS_CARD("third"), END});
    assert_ended(&two, CARD);
    wxid_session_free(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fetches),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_failure_is_remembered),
        cmocka_unit_test(test_no_long_wait),
        cmocka_unit_test(test_what_this_process_lacks_is_not_remembered),
        cmocka_unit_test(test_a_fetch_ends_in_10_s),
        cmocka_unit_test(test_refusals_for_ever),
        cmocka_unit_test(test_success_ends_the_pause),
    };
    return cmocka_run_group_tests_name("renewal", tests, NULL, NULL);
}
