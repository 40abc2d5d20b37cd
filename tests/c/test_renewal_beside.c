/* Renewals beside calls, while the token is stale; and refreshes that a caller asks for. */
#include "support/script.h"

#include "session.h"

#include <string.h>

/* Lets a call fetch the token, so that a token of 7,200 s is there. */
static void fetch_first(wxid_session *session)
{
    clock_ms = 0;
    player one = {new_call(session, 0, 1), 0, 0};
    play_moves(&one, (const move[]){GIVES("first"), READS_CARD("first"), END});
    assert_ended(&one, CARD);
}

static void expect_card_with(wxid_session *session, const char *token)
{
    player one = {new_call(session, clock_ms, 1), 0, 0};
    play_moves(&one, (const move[]){READS_CARD(token), END});
    assert_ended(&one, CARD);
}

static player due_renewal(wxid_session *session)
{
    player one = {NULL, 0, 0};
    assert_int_equal(wxid_call_new_renewal(&one.call, session, clock_ms, 5), 1);
    assert_non_null(one.call);
    return one;
}

static void assert_none_due(wxid_session *session)
{
    wxid_call *call = NULL;
    assert_int_equal(wxid_call_new_renewal(&call, session, clock_ms, 5), 0);
    assert_null(call);
}

static void assert_token(player *one, const char *token, int64_t life_s)
{
    const char *its_token = NULL;
    int64_t its_life_s = 0;
    assert_int_equal(wxid_call_step(one->call, clock_ms), WXID_STEP_DONE);
    assert_int_equal(wxid_call_take_token(&its_token, &its_life_s, one->call, NULL), 0);
    assert_string_equal(its_token, token);
    assert_int_equal(its_life_s, life_s);
    wxid_call_free(one->call);
}

/* Ends with a kind, as a renewal does, of which take_token tells. */
static void assert_no_token(player *one, wxid_kind kind)
{
    const char *token = NULL;
    int64_t life_s = 0;
    wxid_error *error = NULL;
    assert_int_equal(wxid_call_step(one->call, clock_ms), WXID_STEP_DONE);
    assert_int_equal(wxid_call_take_token(&token, &life_s, one->call, &error), -1);
    assert_string_equal(wxid_error_kind_name(error), wxid_kind_info_at(kind)->name);
    wxid_error_free(error);
    wxid_call_free(one->call);
}

static void test_none_without_a_token(void **state)
{
    wxid_session *session = new_app_session((app){.max_retries = 0});
    wxid_session *other = new_session(0, 0);
    (void)state;
    clock_ms = 0;
    assert_none_due(session);
    assert_none_due(other);
    wxid_session_free(session);
    wxid_session_free(other);
}

static void test_one_when_it_is_stale(void **state)
{
    wxid_session *session = new_app_session((app){.max_retries = 0});
    (void)state;
    fetch_first(session);
    assert_none_due(session);
    clock_ms = LIFE_MS - 300001;
    assert_none_due(session);
    clock_ms = LIFE_MS - 240000;
    player renewal = due_renewal(session);
    assert_none_due(session);
    expect_card_with(session, "first"); /* nobody waits */
    play_moves(&renewal, (const move[]){GIVES("other"), END});
    expect_card_with(session, "other");
    assert_token(&renewal, "other", 7200);
    assert_none_due(session);
    wxid_session_free(session);
}

static void test_a_renewal_that_is_freed_may_be_made_again(void **state)
{
    wxid_session *session = new_app_session((app){.max_retries = 0});
    (void)state;
    fetch_first(session);
    clock_ms = LIFE_MS - 200000;
    for (int i = 0; i < 3; i++) {
        player renewal = due_renewal(session);
        (void)(i == 0 ? WXID_STEP_DONE : wxid_call_step(renewal.call, clock_ms));
        wxid_call_free(renewal.call);
    }
    wxid_session_free(session);
}

/* Its failure is remembered for the pause, and concerns no call as long as the token lives. */
static void test_a_failed_renewal_harms_nobody(void **state)
{
    static const int64_t pauses[] = {1000, 2000, 4000};
    wxid_session *session = new_app_session((app){.max_retries = 0});
    (void)state;
    fetch_first(session);
    clock_ms = LIFE_MS - 200000;
    for (size_t i = 0; i < sizeof pauses / sizeof pauses[0]; i++) {
        player renewal = due_renewal(session);
        play_moves(&renewal, (const move[]){FETCH_STATUS(502), END});
        assert_no_token(&renewal, WXID_KIND_PROTOCOL);
        expect_card_with(session, "first");
        clock_ms += pauses[i] - 1;
        assert_none_due(session);
        clock_ms += 1;
    }
    clock_ms = LIFE_MS - 1;
    player last_minute = {new_call(session, clock_ms, 1), 0, 0};
    play_moves(&last_minute, (const move[]){FETCH_STATUS(502), READS_CARD("first"), END});
    assert_ended(&last_minute, CARD);
    clock_ms = LIFE_MS;
    player dead = {new_call(session, clock_ms, 1), 0, 0};
    assert_ended(&dead, WXID_KIND_PROTOCOL);
    wxid_session_free(session);
}

/* A dead token is for nobody to use: the call waits for the renewal that is under way already. */
static void test_a_dead_token_is_waited_for(void **state)
{
    wxid_session *session = new_app_session((app){.max_retries = 0});
    (void)state;
    fetch_first(session);
    clock_ms = LIFE_MS - 60001;
    player renewal = due_renewal(session);
    (void)wxid_call_step(renewal.call, clock_ms);
    expect_card_with(session, "first");
    clock_ms += 1;
    player one = {new_call(session, clock_ms, 1), 0, 0};
    play_moves(&one, (const move[]){WAIT(10, 19), END});
    play_moves(&renewal, (const move[]){GIVES("other"), END});
    play_moves(&one, (const move[]){READS_CARD("other"), END});
    assert_ended(&one, CARD);
    assert_token(&renewal, "other", 7200);
    wxid_session_free(session);
}

/* ---- With a store ---- */

static wxid_session *stale_with_store(void)
{
    wxid_session *session = new_app_session((app){.with_store = 1});
    clock_ms = 0;
    player one = {new_call(session, 0, 1), 0, 0};
    play_moves(&one,
               (const move[]){FINDS_TOKEN(RECORD("first", "00200")), READS_CARD("first"), END});
    assert_ended(&one, CARD);
    clock_ms = 50000; /* 150 s left */
    return session;
}

static void test_another_process_renews_it(void **state)
{
    wxid_session *session = stale_with_store();
    (void)state;
    player renewal = due_renewal(session);
    play_moves(&renewal, (const move[]){FINDS_TOKEN(RECORD("first", "00200")), ADDS_LOCK(0),
                                        FINDS_LOCK("somebody"), END});
    assert_no_token(&renewal, WXID_KIND_USAGE); /* there is none to take, and nothing is wrong */
    clock_ms += 1999;
    assert_none_due(session);
    expect_card_with(session, "first");
    clock_ms += 1;
    renewal = due_renewal(session);
    play_moves(&renewal, (const move[]){FINDS_TOKEN(RECORD("theirs", "07200")), END});
    assert_token(&renewal, "theirs", 7148);
    expect_card_with(session, "theirs");
    wxid_session_free(session);
}

/* A token in the store that is stale too is no renewal. */
static void test_a_stale_token_in_the_store_is_renewed(void **state)
{
    wxid_session *session = stale_with_store();
    (void)state;
    player renewal = due_renewal(session);
    play_moves(&renewal, (const move[]){FINDS_TOKEN(RECORD("first", "00349")), ADDS_LOCK(1),
                                        FINDS_TOKEN(RECORD("first", "00349")), GIVES("other"),
                                        SETS_TOKEN("other"), DELETES_LOCK, END});
    assert_token(&renewal, "other", 7200);
    clock_ms = 50000;
    expect_card_with(session, "other");
    wxid_session_free(session);
}

static void test_the_failure_of_another_process_pauses_it(void **state)
{
    wxid_session *session = stale_with_store();
    (void)state;
    player renewal = due_renewal(session);
    play_moves(&renewal, (const move[]){FINDS_TOKEN(NULL), ADDS_LOCK(0),
                                        FINDS_LOCK("{\"failed\":\"connect\",\"failures\":2,"
                                                   "\"retry_at_ms\":1760000052000}"),
                                        END});
    assert_no_token(&renewal, WXID_KIND_CONNECT);
    clock_ms += 1999;
    assert_none_due(session);
    expect_card_with(session, "first");
    clock_ms += 1;
    renewal = due_renewal(session);
    wxid_call_free(renewal.call);
    wxid_session_free(session);
}

/* ---- Refresh ---- */

static int refresh(player *one, wxid_session *session, int force, wxid_kind *kind)
{
    wxid_error *error = NULL;
    *one = (player){NULL, 0, 0};
    int result = wxid_call_new_refresh(&one->call, session, force, clock_ms, 5, &error);
    *kind = error != NULL ? wxid_error_kind(error) : WXID_KIND_COUNT;
    wxid_error_free(error);
    return result;
}

static void assert_force_is(const player *one, int force)
{
    assert_int_equal(wxid_call_step(one->call, clock_ms), WXID_STEP_SEND);
    const wxid_fragment *body = wxid_call_request(one->call)->body;
    const char *wanted = force ? "\"force_refresh\":true}" : "\"force_refresh\":false}";
    assert_memory_equal((const char *)body->data + body->length - strlen(wanted), wanted,
                        strlen(wanted));
}

static void test_refresh(void **state)
{
    wxid_session *session = new_app_session((app){.max_retries = 0});
    wxid_kind kind;
    player one;
    (void)state;
    fetch_first(session);
    assert_int_equal(refresh(&one, session, 0, &kind), 0);
    assert_force_is(&one, 0);
    expect_card_with(session, "first"); /* which is not dead: calls go on with it */
    play_moves(&one, (const move[]){GIVES("other"), END});
    assert_token(&one, "other", 7200);
    expect_card_with(session, "other");
    assert_int_equal(refresh(&one, session, 0, &kind), 0);
    play_moves(&one, (const move[]){FETCH_ERRCODE(45009), END});
    assert_no_token(&one, WXID_KIND_QUOTA);
    assert_int_equal(refresh(&one, session, 0, &kind), 0);
    assert_no_token(&one, WXID_KIND_QUOTA); /* within the pause it does not ask either */
    expect_card_with(session, "other");
    wxid_session_free(session);
}

static void test_refresh_waits_for_another(void **state)
{
    wxid_session *session = new_app_session((app){.max_retries = 0});
    player host = {new_call(session, 0, 1), 0, 0};
    wxid_kind kind;
    player one;
    (void)state;
    clock_ms = 0;
    assert_int_equal(wxid_call_step(host.call, 0), WXID_STEP_SEND);
    assert_int_equal(refresh(&one, session, 0, &kind), 0);
    play_moves(&one, (const move[]){WAIT(10, 10), WAIT(10, 10), END});
    play_moves(&host, (const move[]){GIVES("first"), READS_CARD("first"), END});
    assert_ended(&host, CARD);
    play_moves(&one, (const move[]){GIVES("other"), END});
    assert_token(&one, "other", 7200);
    wxid_session_free(session);
}

/* Once in 30 s, for all sessions that share the account. */
static void test_refresh_by_force(void **state)
{
    wxid_session *session = new_app_session((app){.max_retries = 0});
    wxid_session *twin = new_app_session((app){.max_retries = 0});
    wxid_kind kind;
    player one;
    (void)state;
    clock_ms = 0;
    wxid_session_share(session);
    wxid_session_share(twin);
    assert_int_equal(refresh(&one, session, 1, &kind), 0);
    assert_force_is(&one, 1);
    play_moves(&one, (const move[]){GIVES("first"), END});
    assert_token(&one, "first", 7200);
    clock_ms = 29999;
    assert_int_equal(refresh(&one, twin, 1, &kind), -1);
    assert_int_equal(kind, WXID_KIND_RATE);
    assert_int_equal(refresh(&one, session, 0, &kind), 0);
    wxid_call_free(one.call);
    clock_ms = 30000;
    assert_int_equal(refresh(&one, twin, 1, &kind), 0);
    wxid_call_free(one.call);
    wxid_session_free(session);
    wxid_session_free(twin);
}

static void test_refresh_by_force_with_store(void **state)
{
    wxid_session *session = new_app_session((app){.with_store = 1});
    wxid_kind kind;
    player one;
    (void)state;
    clock_ms = 0;
    assert_int_equal(refresh(&one, session, 1, &kind), 0);
    play_moves(&one, (const move[]){ADDS_LOCK(1), FINDS_TOKEN(RECORD("theirs", "07200")), END});
    assert_force_is(&one, 1); /* what was published before does not count */
    play_moves(&one, (const move[]){GIVES("first"), SETS_TOKEN("first"), DELETES_LOCK, END});
    assert_token(&one, "first", 7200);
    wxid_session_free(session);
}

static void test_refresh_that_cannot_be(void **state)
{
    wxid_session *with_token = new_session(0, 0);
    wxid_session *asking = new_session(0, 1);
    wxid_session *old = new_app_session((app){.old_endpoint = 1});
    wxid_kind kind;
    player one;
    (void)state;
    clock_ms = 0;
    assert_int_equal(refresh(&one, with_token, 0, &kind), -1);
    assert_int_equal(kind, WXID_KIND_USAGE);
    assert_int_equal(refresh(&one, asking, 0, &kind), -1);
    assert_int_equal(kind, WXID_KIND_USAGE);
    assert_int_equal(refresh(&one, old, 1, &kind), -1);
    assert_int_equal(kind, WXID_KIND_USAGE);
    assert_int_equal(refresh(&one, old, 0, &kind), 0);
    play_moves(&one, (const move[]){GIVES("first"), END});
    assert_token(&one, "first", 7200);
    wxid_session_free(with_token);
    wxid_session_free(asking);
    wxid_session_free(old);
}

/* For what is left to do with the store a refresh has 2 s, whatever the fetch took. */
static void test_refresh_ends(void **state)
{
    wxid_session *session = new_app_session((app){.timeout_ms = 5000, .with_store = 1});
    wxid_kind kind;
    player one;
    (void)state;
    clock_ms = 0;
    assert_int_equal(refresh(&one, session, 0, &kind), 0);
    play_moves(&one,
               (const move[]){ADDS_LOCK(1), FINDS_TOKEN(NULL), PASSES(4999), GIVES("first"), END});
    assert_int_equal(wxid_call_time_left_ms(one.call, clock_ms), 2000);
    assert_int_equal(wxid_call_step(one.call, 6998), WXID_STEP_STORE);
    clock_ms = 6999;
    assert_token(&one, "first", 7200); /* it has been fetched: that is what was asked for */
    assert_no_lease(session);
    wxid_session_free(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none_without_a_token),
        cmocka_unit_test(test_one_when_it_is_stale),
        cmocka_unit_test(test_a_renewal_that_is_freed_may_be_made_again),
        cmocka_unit_test(test_a_failed_renewal_harms_nobody),
        cmocka_unit_test(test_a_dead_token_is_waited_for),
        cmocka_unit_test(test_another_process_renews_it),
        cmocka_unit_test(test_a_stale_token_in_the_store_is_renewed),
        cmocka_unit_test(test_the_failure_of_another_process_pauses_it),
        cmocka_unit_test(test_refresh),
        cmocka_unit_test(test_refresh_waits_for_another),
        cmocka_unit_test(test_refresh_by_force),
        cmocka_unit_test(test_refresh_by_force_with_store),
        cmocka_unit_test(test_refresh_that_cannot_be),
        cmocka_unit_test(test_refresh_ends),
    };
    return cmocka_run_group_tests_name("renewal_beside", tests, NULL, NULL);
}
