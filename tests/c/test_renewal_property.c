/* Whatever the service, the store and other processes answer, and when: bounds that hold for every
 * call. A random driver plays several calls at once, of two sessions with one account, by a clock
 * of its own; the seeds are fixed. */
#include "support/fake_store.h"

#include "call.h"
#include "renewal.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORLDS 500
#define CALLS 50 /* in each */
#define AT_ONCE 5
#define MOST_TOKENS 2000
#define MOST_STEPS 9000
#define MOST_STEPS_AT_ONCE 40
#define TIMEOUT_MS 12000
#define STORE_MS 2000 /* for what follows a fetch */

typedef struct actor {
    wxid_call *call;    /* NULL: idle */
    int is_recognition; /* or else a renewal */
    int64_t deadline_ms, acted_ms;
    int64_t ready_ms; /* when the step is answered, or the call made */
    int is_armed;     /* the step was seen, and its answer is on the way */
    wxid_step step;
    int is_fetching;
    int steps, steps_at_once;
    int posts, hosted, fetch_failures;
    uint64_t lease; /* of the last that it hosted */
    int renewed;    /* tokens fetched after one was refused */
    char refused[32];
    int got_card, had_other_outcome; /* than a token error */
} actor;

/* In percent; drawn anew from time to time. */
typedef struct mood {
    unsigned refuses, fails, hangs, same_token, endpoint_fails, endpoint_refuses, store_fails,
        others;
} mood;

static uint64_t random_state;
static wxid_session *sessions[2];
static int with_store, max_retries;
static actor actors[AT_ONCE];
static mood now_is;
/* The service */
static int64_t token_ends_ms[MOST_TOKENS];
static int tokens_given, fetches_under_way;
static int fetch_failures; /* in a row */
static int64_t fetch_failed_ms;
static fake_store store;
/* What has happened in all worlds: bounds that nothing comes near to would say nothing. */
static struct {
    int cards, failures, second_posts, fetches, renewed, timeouts;
} seen;

static unsigned below(unsigned bound)
{
    return (unsigned)(wxid__random_next(&random_state) % bound);
}

static int happens(unsigned percent)
{
    return below(100) < percent;
}

static unsigned often(void)
{
    static const unsigned rates[] = {0, 0, 0, 5, 30, 100};
    return rates[below(6)];
}

static void change_mood(void)
{
    now_is = (mood){often(), often() / 2, often() / 10, often(),
                    often(), often() / 5, often() / 5,  often() / 5};
}

/* ---- The service ---- */

static void note_fetch_failure(actor *one)
{
    one->fetch_failures++;
    assert_true(one->fetch_failures <= 1 + max_retries);
    fetch_failures++;
    fetch_failed_ms = clock_ms;
}

static void break_off(wxid_call *call)
{
    static const wxid_failure failures[] = {WXID_FAILURE_CONNECT, WXID_FAILURE_TIMEOUT,
                                            WXID_FAILURE_NETWORK};
    assert_int_equal(
        wxid_call_answer_failure(call, clock_ms, failures[below(3)], (int)below(2), NULL, NULL), 0);
}

static void grant(actor *one)
{
    char body[128];
    int life_s = happens(80) ? 7200 : 60 + (int)below(400);
    int64_t left_s = tokens_given > 0 ? (token_ends_ms[tokens_given - 1] - clock_ms) / 1000 : 0;
    int is_same = left_s >= 60 && happens(now_is.same_token);
    int number = is_same ? tokens_given - 1 : tokens_given++;
    assert_true(tokens_given < MOST_TOKENS);
    if (is_same) { /* with what is left of its life */
        life_s = (int)left_s;
    } else {
        token_ends_ms[number] = clock_ms + life_s * 1000;
    }
    snprintf(body, sizeof body, "{\"access_token\":\"token_%d\",\"expires_in\":%d}", number,
             life_s);
    one->renewed += one->refused[0] != '\0';
    fetch_failures = 0;
    answer(one->call, clock_ms, 200, body);
}

static void answer_fetch(actor *one)
{
    if (happens(now_is.endpoint_refuses)) {
        note_fetch_failure(one);
        answer(one->call, clock_ms, 200, "{\"errcode\":40125}");
    } else if (happens(now_is.endpoint_fails)) {
        note_fetch_failure(one);
        if (happens(50)) {
            break_off(one->call);
        } else {
            answer(one->call, clock_ms, happens(50) ? 502 : 200, "{\"errcode\":-1}");
        }
    } else {
        grant(one);
    }
}

static void answer_post(actor *one)
{
    if (happens(now_is.refuses)) {
        const char *token = strstr(wxid_call_request(one->call)->target, "token=") + 6;
        snprintf(one->refused, sizeof one->refused, "%s", token);
        answer(one->call, clock_ms, 200, "{\"errcode\":42001}");
        return;
    }
    one->had_other_outcome = 1;
    if (happens(now_is.fails)) {
        break_off(one->call);
    } else if (happens(now_is.fails)) {
        answer(one->call, clock_ms, 503, "<html>");
    } else {
        one->got_card = 1;
        answer(one->call, clock_ms, 200, CARD_REPLY);
    }
}

/* ---- The store, and other processes ---- */

static void let_others_act(void)
{
    if (happens(now_is.others)) {
        int number = tokens_given++;
        int64_t life_s = 61 + below(7000);
        token_ends_ms[number] = clock_ms + life_s * 1000;
        store.token.until_ms = token_ends_ms[number];
        snprintf(store.token.value, sizeof store.token.value,
                 "{\"access_token\":\"token_%d\",\"expires_at\":%lld}", number,
                 (long long)(unix_ms() / 1000 + life_s));
    }
    if (happens(now_is.others) && clock_ms >= store.lock.until_ms) {
        store.lock.until_ms = clock_ms + below(10000);
        snprintf(store.lock.value, sizeof store.lock.value, "somebody");
        if (happens(50)) { /* whose clock may be wrong */
            snprintf(store.lock.value, sizeof store.lock.value,
                     "{\"failed\":\"busy\",\"errcode\":-1,\"failures\":%u,\"retry_at_ms\":%lld}",
                     below(9), (long long)(unix_ms() - 2000 + below(9000)));
        }
    }
}

static void answer_store(wxid_call *call)
{
    wxid_store_answer stored = WXID_STORE_ANSWER_INIT;
    const wxid_store_request *request = wxid_call_store_request(call, unix_ms());
    assert_non_null(request);
    let_others_act();
    stored.failed = happens(now_is.store_fails);
    fake_store_carry_out(&store, request, &stored);
    assert_int_equal(wxid_call_answer_store(call, clock_ms, unix_ms(), &stored, NULL), 0);
}

/* ---- Bounds ---- */

static void check_fetch(actor *one)
{
    one->is_fetching = 1;
    fetches_under_way++;
    seen.fetches++;
    assert_int_equal(fetches_under_way, 1); /* one for all */
    if (fetch_failures > 0) {
        int64_t pause = fetch_failures > 5 ? 30000 : 1000 << (fetch_failures - 1);
        assert_true(clock_ms - fetch_failed_ms >= (with_store ? 1000 : pause));
    }
}

static void check_post(actor *one, const char *target)
{
    const char *token = strstr(target, "token_");
    assert_non_null(token);
    assert_true(clock_ms < token_ends_ms[atoi(token + strlen("token_"))]);
    assert_string_not_equal(token, one->refused);
    one->posts++;
    assert_true(one->posts <= 3);
}

static void check_end(const actor *one)
{
    wxid_value *card = NULL;
    wxid_error *error = NULL;
    assert_true(clock_ms <= one->deadline_ms + (one->is_recognition ? 0 : STORE_MS));
    assert_true(one->posts <= 2 || one->had_other_outcome);
    assert_true(one->renewed <= 1);
    /* With a store a token may die while it is unlocked. */
    assert_true(one->hosted <= 2 + max_retries + with_store);
    (void)wxid_call_take_card(&card, one->call, &error);
    assert_int_equal(card != NULL, one->got_card);
    seen.cards += card != NULL;
    seen.failures += card == NULL;
    seen.second_posts += one->posts > 1;
    seen.renewed += one->renewed;
    wxid_kind kind = error != NULL ? wxid_error_kind(error) : WXID_KIND_API;
    seen.timeouts += kind == WXID_KIND_TIMEOUT;
    assert_true(!one->is_recognition || (kind != WXID_KIND_USAGE && kind != WXID_KIND_MEMORY));
    wxid_value_free(card);
    wxid_error_free(error);
}

/* ---- Calls ---- */

static void end(actor *one)
{
    fetches_under_way -= one->is_fetching;
    wxid_call_free(one->call);
    *one = (actor){.ready_ms = clock_ms + below(happens(10) ? 3000000 : 300)};
}

static void begin(actor *one)
{
    wxid_session *session = sessions[below(2)];
    uint64_t seed = wxid__random_next(&random_state);
    one->is_recognition = !happens(5);
    one->deadline_ms = clock_ms + TIMEOUT_MS;
    if (!one->is_recognition) {
        assert_int_equal(wxid_call_new_refresh(&one->call, session, 0, clock_ms, seed, NULL), 0);
    } else if (wxid_call_new_renewal(&one->call, session, clock_ms, seed)) {
        one->is_recognition = 0;
    } else {
        one->call = new_call(session, clock_ms, seed);
    }
}

/* A step was seen: its answer comes after a while, but not after the deadline. */
static void arm(actor *one)
{
    int64_t while_ms = below(happens(90) ? 300 : 3000);
    if (one->call->hosted != NULL && one->call->hosted->renewal->lease != one->lease) {
        one->lease = one->call->hosted->renewal->lease;
        one->hosted++;
    }
    if (one->step == WXID_STEP_WAIT) {
        while_ms = wxid_call_wait_ms(one->call);
    } else if (one->step == WXID_STEP_STORE) {
        while_ms = happens(60) ? 0 : while_ms;
    } else {
        const char *target = wxid_call_request(one->call)->target;
        if (strstr(target, "/cgi-bin/") != NULL) {
            check_fetch(one);
        } else {
            check_post(one, target);
        }
        while_ms = happens(now_is.hangs) ? 99999 : while_ms;
    }
    int64_t left_ms = wxid_call_time_left_ms(one->call, clock_ms);
    one->ready_ms = clock_ms + (while_ms < left_ms ? while_ms : left_ms);
    one->is_armed = 1;
}

static void answer_step(actor *one)
{
    fetches_under_way -= one->is_fetching;
    if (one->step == WXID_STEP_STORE) {
        answer_store(one->call);
    } else if (one->step == WXID_STEP_WAIT) {
        assert_int_equal(wxid_call_answer_waited(one->call, clock_ms, NULL), 0);
    } else if (one->is_fetching) {
        answer_fetch(one);
    } else {
        answer_post(one);
    }
    one->is_fetching = 0;
    one->is_armed = 0;
}

/* What a step that was in flight at its deadline leaves: a fetch has failed. */
static void note_timeout(actor *one)
{
    if (one->is_fetching) {
        fetches_under_way--;
        one->is_fetching = 0;
        note_fetch_failure(one);
    }
    one->is_armed = 0;
}

/* Returns whether a call has ended. */
static int act(actor *one)
{
    clock_ms = one->ready_ms > clock_ms ? one->ready_ms : clock_ms;
    one->steps_at_once = clock_ms > one->acted_ms ? 0 : one->steps_at_once + 1;
    one->acted_ms = clock_ms;
    assert_true(one->steps_at_once < MOST_STEPS_AT_ONCE && one->steps++ < MOST_STEPS);
    if (one->call == NULL) {
        begin(one);
    }
    if (happens(now_is.hangs) && happens(1)) { /* its driver has had enough */
        end(one);
        return 1;
    }
    wxid_step step = wxid_call_step(one->call, clock_ms);
    if (one->is_armed && step != one->step) {
        note_timeout(one);
    }
    one->step = step;
    if (step == WXID_STEP_DONE) {
        check_end(one);
        end(one);
        return 1;
    }
    (one->is_armed ? answer_step : arm)(one);
    return 0;
}

static actor *next_to_act(void)
{
    actor *first = &actors[0];
    for (size_t i = 1; i < AT_ONCE; i++) {
        first = actors[i].ready_ms < first->ready_ms ? &actors[i] : first;
    }
    return first;
}

static void live(uint64_t seed)
{
    wxid__token_cache_forget_unused(); /* of the last world */
    random_state = seed;
    clock_ms = 0;
    with_store = happens(50);
    max_retries = (int)below(3);
    tokens_given = fetches_under_way = fetch_failures = 0;
    store = (fake_store){.token = {.until_ms = 0}};
    for (size_t i = 0; i < 2; i++) {
        sessions[i] = new_app_session(
            (app){.max_retries = max_retries, .timeout_ms = TIMEOUT_MS, .with_store = with_store});
        wxid_session_share(sessions[i]);
    }
    memset(actors, 0, sizeof actors);
    change_mood();
    for (int calls = 0; calls < CALLS;) {
        if (happens(1)) {
            change_mood();
        }
        calls += act(next_to_act());
    }
    for (size_t i = 0; i < AT_ONCE; i++) {
        wxid_call_free(actors[i].call);
    }
    assert_no_lease(sessions[0]);
    wxid_session_free(sessions[0]);
    wxid_session_free(sessions[1]);
}

static void test_bounds(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < WORLDS; seed++) {
        print_message("world: %d\n", (int)seed);
        live(seed);
    }
    assert_true(seen.cards > 5000 && seen.failures > 5000 && seen.timeouts > 500);
    assert_true(seen.fetches > 1000 && seen.renewed > 300 && seen.second_posts > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests_name("renewal_property", tests, NULL, NULL);
}
