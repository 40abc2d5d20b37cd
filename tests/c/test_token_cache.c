/* The life of a token, who may renew it, and what is remembered of failures: arithmetic on a `now`
 * that the tests choose. */
#include "support/caches.h"

#include "memory.h"

#define SECOND 1000
#define LIFE (7200 * SECOND)

/* ---- Life ---- */

static void test_stale_at_a_random_point(void **state)
{
    int64_t least = INT64_MAX;
    int64_t most = 0;
    wxid__token_cache *cache = new_cache();
    (void)state;
    for (uint64_t seed = 0; seed < 70000; seed++) {
        adopt(cache, 0, "token", LIFE, seed);
        assert_false(wxid__token_cache_is_stale(cache, LIFE - 300 * SECOND - 1));
        assert_true(wxid__token_cache_is_stale(cache, LIFE - 240 * SECOND));
        int64_t early = LIFE - 300 * SECOND;
        int64_t late = LIFE - 240 * SECOND;
        while (early < late) { /* the first stale moment */
            int64_t middle = early + (late - early) / 2;
            if (wxid__token_cache_is_stale(cache, middle)) {
                late = middle;
            } else {
                early = middle + 1;
            }
        }
        least = early < least ? early : least;
        most = early > most ? early : most;
    }
    assert_int_equal(least, LIFE - 300 * SECOND); /* both ends are reached */
    assert_int_equal(most, LIFE - 240 * SECOND);
    wxid__token_cache_release(cache);
}

static void test_states_of_a_life(void **state)
{
    wxid__token_cache *cache = new_cache();
    (void)state;
    assert_state(cache, 0, NULL, WXID__TOKEN_RENEW);
    assert_false(wxid__token_cache_is_stale(cache, 0));
    assert_int_equal(wxid__token_cache_lease_stale(cache, 0, 0), 0);
    adopt(cache, 500, "token", LIFE, 0);
    assert_ready(cache, 500, "token");
    assert_int_equal(wxid__token_cache_lease_stale(cache, 500, 600), 0);
    assert_ready(cache, 500 + LIFE - 60 * SECOND - 1, "token");
    assert_state(cache, 500 + LIFE - 60 * SECOND, NULL, WXID__TOKEN_RENEW);
    assert_state(cache, 500 + 2 * (int64_t)LIFE, NULL, WXID__TOKEN_RENEW);
    wxid__token_cache_release(cache);
}

/* In its last minute a token is used only while the endpoint does not work, and not when it was
 * refused. */
static void test_last_minute(void **state)
{
    wxid__token_cache *cache = new_cache();
    wxid_error *error = wxid_error_new(WXID_KIND_BUSY, "busy");
    int64_t failures = 0;
    int64_t now = LIFE - 60 * SECOND;
    (void)state;
    adopt(cache, 0, "token", LIFE, 0);
    uint64_t lease = take_lease(cache, now, now + SECOND, NULL);
    assert_state(cache, now, NULL, WXID__TOKEN_WAIT);
    assert_int_equal(wxid__token_cache_fail(cache, lease, now, error, &failures), 1 * SECOND);
    assert_ready(cache, now, "token");
    assert_state(cache, now + 1 * SECOND, NULL, WXID__TOKEN_RENEW);
    now = LIFE - 1;
    lease = take_lease(cache, now, now, NULL);
    assert_int_equal(wxid__token_cache_fail(cache, lease, now, error, &failures), 2 * SECOND);
    assert_ready(cache, now, "token");
    adopt(cache, now + 2 * SECOND, "other", LIFE, 0);
    now += 2 * SECOND + LIFE - 1;
    lease = take_lease(cache, now, now, NULL);
    (void)wxid__token_cache_fail(cache, lease, now, error, &failures);
    assert_int_equal(failures, 1); /* a success began the count anew */
    assert_ready(cache, now, "other");
    assert_failed(cache, now + 1, NULL, WXID_KIND_BUSY, 999);
    assert_ready(cache, now, "other");
    assert_failed(cache, now, "other", WXID_KIND_BUSY, 1 * SECOND);
    assert_failed(cache, now, NULL, WXID_KIND_BUSY, 1 * SECOND);
    wxid_error_free(error);
    wxid__token_cache_release(cache);
}

static void test_short_lives_are_divided_in_proportion(void **state)
{
    wxid__token_cache *cache = new_cache();
    (void)state;
    for (int64_t life = 60 * SECOND; life <= 300 * SECOND; life += 5 * SECOND) {
        int64_t dead = life / 2 < 60 * SECOND ? life / 2 : 60 * SECOND;
        int64_t stale = life / 5 * 4 < 240 * SECOND ? life / 5 * 4 : 240 * SECOND;
        adopt(cache, 7, "token", life, 0);
        assert_false(wxid__token_cache_is_stale(cache, 7 + life - stale - 1));
        assert_true(wxid__token_cache_is_stale(cache, 7 + life - stale));
        assert_ready(cache, 7 + life - dead - 1, "token");
        assert_state(cache, 7 + life - dead, NULL, WXID__TOKEN_RENEW);
        assert_true(life - stale >= 12 * SECOND); /* never for one call only */
        assert_true(stale > dead);
    }
    wxid__token_cache_release(cache);
}

/* Of a token that another process fetched the margins are those of its whole life. */
static void test_what_is_left_of_a_life(void **state)
{
    wxid__token_cache *cache = new_cache();
    (void)state;
    uint64_t lease = take_lease(cache, 0, 0, NULL);
    assert_int_equal(wxid__token_cache_adopt(cache, lease, 0, "token", 50 * SECOND, 80 * SECOND, 0),
                     0);
    assert_true(wxid__token_cache_is_stale(cache, 0)); /* 64 s before its end */
    assert_ready(cache, 10 * SECOND - 1, "token");
    assert_state(cache, 10 * SECOND, NULL, WXID__TOKEN_RENEW);
    assert_int_equal(wxid__token_dead_ms(80 * SECOND), 40 * SECOND);
    assert_int_equal(wxid__token_dead_ms(LIFE), 60 * SECOND);
    assert_int_equal(wxid__token_earliest_stale_ms(80 * SECOND), 64 * SECOND);
    assert_int_equal(wxid__token_earliest_stale_ms(LIFE), 300 * SECOND);
    wxid__token_cache_release(cache);
}

/* A clock may start as low as it goes, and another process's token have little left of its life. */
static void test_a_clock_at_its_first_moment(void **state)
{
    wxid__token_cache *cache = new_cache();
    (void)state;
    uint64_t lease = take_lease(cache, INT64_MIN, INT64_MIN + SECOND, NULL);
    assert_int_equal(
        wxid__token_cache_adopt(cache, lease, INT64_MIN, "token", 61 * SECOND, LIFE, 1), 0);
    assert_ready(cache, INT64_MIN, "token");
    assert_true(wxid__token_cache_is_stale(cache, INT64_MIN));
    assert_state(cache, INT64_MIN + 2 * SECOND, NULL, WXID__TOKEN_RENEW);
    wxid__token_cache_release(cache);
}

/* ---- Leases ---- */

static void test_one_lease_at_a_time(void **state)
{
    wxid__token_cache *cache = new_cache();
    (void)state;
    uint64_t lease = take_lease(cache, 0, 1000, NULL);
    assert_state(cache, 0, NULL, WXID__TOKEN_WAIT);
    assert_int_equal(wxid__token_cache_lease_anyway(cache, 0, 0).state, WXID__TOKEN_WAIT);
    wxid__token_cache_give_back(cache, lease);
    assert_state(cache, 0, NULL, WXID__TOKEN_RENEW);
    adopt(cache, 0, "token", LIFE, 0);
    uint64_t stale = wxid__token_cache_lease_stale(cache, LIFE - 100000, LIFE);
    assert_true(stale != 0);
    assert_int_equal(wxid__token_cache_lease_stale(cache, LIFE - 100000, LIFE), 0);
    assert_int_equal(wxid__token_cache_lease_anyway(cache, LIFE - 100000, 0).state,
                     WXID__TOKEN_WAIT);
    assert_state(cache, LIFE - 100000, NULL, WXID__TOKEN_READY);
    assert_state(cache, LIFE - 60000, NULL, WXID__TOKEN_WAIT);
    wxid__token_cache_give_back(cache, stale);
    assert_true(wxid__token_cache_lease_stale(cache, LIFE - 100000, LIFE) > stale);
    wxid__token_cache_release(cache);
}

static void test_a_lease_ends_1_s_after_the_deadline(void **state)
{
    wxid__token_cache *cache = new_cache();
    (void)state;
    (void)take_lease(cache, 0, 5000, NULL);
    assert_state(cache, 5999, NULL, WXID__TOKEN_WAIT);
    assert_state(cache, 6000, NULL, WXID__TOKEN_RENEW);
    wxid__token_cache_release(cache);
}

/* Whoever had it before it expired changes nothing for him who has it now. */
static void test_a_lost_lease_changes_nothing(void **state)
{
    wxid__token_cache *cache = new_cache();
    wxid_error *error = wxid_error_new(WXID_KIND_BUSY, "busy");
    int64_t failures = 0;
    (void)state;
    uint64_t lost = take_lease(cache, 0, 0, NULL);
    uint64_t held = take_lease(cache, 1000, 9000, NULL);
    assert_true(lost != held);
    wxid__token_cache_give_back(cache, lost);
    assert_state(cache, 1000, NULL, WXID__TOKEN_WAIT);
    wxid__token_cache_leave(cache, lost, 1000);
    assert_state(cache, 1000, NULL, WXID__TOKEN_WAIT);
    assert_int_equal(wxid__token_cache_fail(cache, lost, 1000, error, &failures), 0);
    assert_int_equal(failures, 0);
    assert_state(cache, 1000, NULL, WXID__TOKEN_WAIT);
    wxid__token_cache_fail_as(cache, lost, 1000, error, 3, 9000);
    assert_state(cache, 1000, NULL, WXID__TOKEN_WAIT);
    /* but a token is a token, however late it comes */
    assert_int_equal(wxid__token_cache_adopt(cache, lost, 1000, "late", LIFE, LIFE, 0), 0);
    assert_ready(cache, 1000, "late");
    assert_int_equal(wxid__token_cache_lease_anyway(cache, 1000, 0).state, WXID__TOKEN_WAIT);
    wxid__token_cache_give_back(cache, held);
    wxid__token_cache_give_back(cache, 0);
    adopt(cache, 1000, "other", LIFE, 0);
    wxid_error_free(error);
    wxid__token_cache_release(cache);
}

static void test_a_stale_token_is_left_for_2_s(void **state)
{
    wxid__token_cache *cache = new_cache();
    int64_t now = LIFE - 100000;
    (void)state;
    adopt(cache, 0, "token", LIFE, 0);
    wxid__token_cache_leave(cache, wxid__token_cache_lease_stale(cache, now, now), now);
    assert_int_equal(wxid__token_cache_lease_stale(cache, now + 1999, now), 0);
    assert_true(wxid__token_cache_lease_stale(cache, now + 2000, now) != 0);
    wxid__token_cache_release(cache);
}

static void test_what_is_replaced(void **state)
{
    wxid__token_cache *cache = new_cache();
    char *token = NULL;
    int was_refused = 1;
    (void)state;
    assert_int_equal(wxid__token_cache_replaces(cache, &token, &was_refused), 0);
    assert_null(token);
    assert_false(was_refused);
    adopt(cache, 0, "token", LIFE, 0);
    assert_state(cache, 0, "token", WXID__TOKEN_RENEW);
    assert_int_equal(wxid__token_cache_replaces(cache, &token, &was_refused), 0);
    assert_string_equal(token, "token");
    assert_true(was_refused);
    wxid__text_free(token);
    wxid__token_cache_release(cache);
}

/* ---- Failures ---- */

static void test_pauses_double_to_30_s(void **state)
{
    static const int64_t pauses[] = {1, 2, 4, 8, 16, 30, 30, 30};
    wxid__token_cache *cache = new_cache();
    wxid_error *error = wxid_error_new(WXID_KIND_CREDENTIAL, "a wrong secret");
    int64_t now = 0;
    (void)state;
    for (int64_t i = 0; i < 8; i++) {
        int64_t failures = 0;
        uint64_t lease = take_lease(cache, now, now, NULL);
        assert_int_equal(wxid__token_cache_fail(cache, lease, now, error, &failures),
                         pauses[i] * SECOND);
        assert_int_equal(failures, i + 1);
        assert_failed(cache, now, NULL, WXID_KIND_CREDENTIAL, pauses[i] * SECOND);
        wxid__token_answer anyway = wxid__token_cache_lease_anyway(cache, now, now);
        assert_int_equal(anyway.state, WXID__TOKEN_FAILED);
        wxid_error_free(anyway.error);
        now += pauses[i] * SECOND - 1;
        assert_failed(cache, now, NULL, WXID_KIND_CREDENTIAL, 1);
        assert_failed(cache, now - 100 * SECOND, NULL, WXID_KIND_CREDENTIAL, 30 * SECOND);
        now++;
    }
    wxid_error_free(error);
    wxid__token_cache_release(cache);
}

static void test_failures_of_others_count(void **state)
{
    wxid__token_cache *cache = new_cache();
    wxid_error *error = wxid_error_new(WXID_KIND_BUSY, "busy");
    int64_t failures = 0;
    (void)state;
    wxid__token_cache_fail_as(cache, take_lease(cache, 0, 0, NULL), 0, error, 3, 2500);
    assert_failed(cache, 0, NULL, WXID_KIND_BUSY, 2500);
    assert_state(cache, 2500, NULL, WXID__TOKEN_RENEW);
    assert_int_equal(
        wxid__token_cache_fail(cache, take_lease(cache, 2500, 0, NULL), 2500, error, &failures),
        8 * SECOND);
    assert_int_equal(failures, 4);
    wxid_error_free(error);
    wxid__token_cache_release(cache);
}

static void test_a_failure_delays_no_stale_token_s_use(void **state)
{
    wxid__token_cache *cache = new_cache();
    wxid_error *error = wxid_error_new(WXID_KIND_BUSY, "busy");
    int64_t failures = 0;
    int64_t now = LIFE - 100000;
    (void)state;
    adopt(cache, 0, "token", LIFE, 0);
    uint64_t lease = wxid__token_cache_lease_stale(cache, now, now);
    (void)wxid__token_cache_fail(cache, lease, now, error, &failures);
    assert_ready(cache, now, "token");
    assert_int_equal(wxid__token_cache_lease_stale(cache, now + 999, now), 0);
    assert_true(wxid__token_cache_lease_stale(cache, now + 1000, now) != 0);
    wxid_error_free(error);
    wxid__token_cache_release(cache);
}

/* ---- Refused tokens ---- */

static void test_a_newer_token_is_used(void **state)
{
    wxid__token_cache *cache = new_cache();
    (void)state;
    adopt(cache, 0, "other", LIFE, 0);
    assert_state(cache, 0, "token", WXID__TOKEN_READY);
    assert_ready(cache, 0, "other"); /* it was not that one which was refused */
    wxid__token_cache_release(cache);
}

static void test_a_refused_token_is_used_by_nobody(void **state)
{
    wxid__token_cache *cache = new_cache();
    (void)state;
    adopt(cache, 0, "token", LIFE, 0);
    uint64_t lease = take_lease(cache, 0, 0, "token");
    assert_state(cache, 0, NULL, WXID__TOKEN_WAIT);
    assert_state(cache, 0, "token", WXID__TOKEN_WAIT);
    wxid__token_cache_give_back(cache, lease);
    assert_state(cache, 0, NULL, WXID__TOKEN_RENEW);
    wxid__token_cache_release(cache);
}

/* After a renewal of a refused token the next one waits; others may try the token meanwhile. */
static void test_the_pause_after_a_refusal(void **state)
{
    static const int64_t pauses[] = {1, 2, 4, 8, 16, 30, 30};
    wxid__token_cache *cache = new_cache();
    int64_t now = 0;
    (void)state;
    adopt(cache, now, "token", LIFE, 0);
    for (size_t i = 0; i < 7; i++) {
        uint64_t lease = take_lease(cache, now, now, "token");
        assert_int_equal(wxid__token_cache_adopt(cache, lease, now, "token", LIFE, LIFE, 0), 0);
        assert_ready(cache, now, "token");
        assert_failed(cache, now, "token", NO_ERROR, pauses[i] * SECOND);
        now += pauses[i] * SECOND;
        assert_failed(cache, now - 1, "token", NO_ERROR, 1);
        assert_ready(cache, now, "token");
    }
    uint64_t lease = take_lease(cache, now, now, "token");
    assert_int_equal(wxid__token_cache_adopt(cache, lease, now, "token", LIFE, LIFE, 0), 0);
    wxid__token_cache_note_accepted(cache, "another");
    assert_failed(cache, now, "token", NO_ERROR, 30 * SECOND);
    wxid__token_cache_note_accepted(cache, "token");
    lease = take_lease(cache, now, now, "token");
    assert_int_equal(wxid__token_cache_adopt(cache, lease, now, "token", LIFE, LIFE, 0), 0);
    assert_failed(cache, now, "token", NO_ERROR, 1 * SECOND); /* it counts from the start again */
    wxid__token_cache_release(cache);
}

/* A call that succeeds says nothing about the endpoint. */
static void test_success_does_not_end_the_pause_of_the_endpoint(void **state)
{
    wxid__token_cache *cache = new_cache();
    wxid_error *error = wxid_error_new(WXID_KIND_BUSY, "busy");
    int64_t failures = 0;
    int64_t now = LIFE - 100000;
    (void)state;
    adopt(cache, 0, "token", LIFE, 0);
    (void)wxid__token_cache_fail(cache, wxid__token_cache_lease_stale(cache, now, now), now, error,
                                 &failures);
    wxid__token_cache_note_accepted(cache, "token");
    assert_int_equal(wxid__token_cache_lease_stale(cache, now + 999, now), 0);
    wxid_error_free(error);
    wxid__token_cache_release(cache);
}

static void test_force_once_in_30_s(void **state)
{
    wxid__token_cache *cache = new_cache();
    (void)state;
    assert_int_equal(wxid__token_cache_force_wait_ms(cache, 100), 0);
    assert_int_equal(wxid__token_cache_force_wait_ms(cache, 100), 0); /* to ask is not to do */
    wxid__token_cache_note_force(cache, 100);
    assert_int_equal(wxid__token_cache_force_wait_ms(cache, 100), 30000);
    assert_int_equal(wxid__token_cache_force_wait_ms(cache, 30099), 1);
    assert_int_equal(wxid__token_cache_force_wait_ms(cache, 30100), 0);
    wxid__token_cache_note_force(cache, 30100);
    assert_int_equal(wxid__token_cache_force_wait_ms(cache, 30101), 29999);
    wxid__token_cache_release(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_clock_at_its_first_moment),
        cmocka_unit_test(test_stale_at_a_random_point),
        cmocka_unit_test(test_states_of_a_life),
        cmocka_unit_test(test_last_minute),
        cmocka_unit_test(test_short_lives_are_divided_in_proportion),
        cmocka_unit_test(test_what_is_left_of_a_life),
        cmocka_unit_test(test_one_lease_at_a_time),
        cmocka_unit_test(test_a_lease_ends_1_s_after_the_deadline),
        cmocka_unit_test(test_a_lost_lease_changes_nothing),
        cmocka_unit_test(test_a_stale_token_is_left_for_2_s),
        cmocka_unit_test(test_what_is_replaced),
        cmocka_unit_test(test_pauses_double_to_30_s),
        cmocka_unit_test(test_failures_of_others_count),
        cmocka_unit_test(test_a_failure_delays_no_stale_token_s_use),
        cmocka_unit_test(test_a_newer_token_is_used),
        cmocka_unit_test(test_a_refused_token_is_used_by_nobody),
        cmocka_unit_test(test_the_pause_after_a_refusal),
        cmocka_unit_test(test_success_does_not_end_the_pause_of_the_endpoint),
        cmocka_unit_test(test_force_once_in_30_s),
    };
    return cmocka_run_group_tests_name("token_cache", tests, NULL, NULL);
}
