/* Who has a token in common with whom: sessions of one account, threads, forked children; and by
 * which clocks. */
#include "support/caches.h"
#include "support/script.h"

#include "session.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIFE 7200000

/* ---- Sharing ---- */

static wxid_session *new_shared(app options)
{
    wxid_session *session = new_app_session(options);
    wxid_session_share(session);
    return session;
}

static void test_one_account_one_cache(void **state)
{
    wxid_session *one = new_shared((app){.max_retries = 0});
    wxid_session *other = new_shared((app){.max_retries = 2, .timeout_ms = 77, .with_store = 1});
    wxid_session *named = new_shared((app){.base_url = "https://API.weixin.qq.com:443/"});
    wxid_session *private = new_app_session((app){.max_retries = 0});
    (void)state;
    assert_ptr_equal(one->cache, other->cache);
    assert_ptr_not_equal(one->cache, private->cache);
    adopt(one->cache, 0, "token", LIFE, 0);
    assert_ready(other->cache, 0, "token");
    assert_state(private->cache, 0, NULL, WXID__TOKEN_RENEW);
    wxid_session_share(one); /* twice is no harm */
    assert_ready(one->cache, 0, "token");
    wxid_session_free(one);
    wxid_session_free(other);
    wxid_session_free(named);
    wxid_session_free(private);
}

static void test_what_keeps_accounts_apart(void **state)
{
    static const app others[] = {
        {.secret = "another_secret"},
        {.old_endpoint = 1},
        {.base_url = "https://sh.api.weixin.qq.com"},
        {.base_url = "https://api.weixin.qq.com:8443"},
        {.base_url = "https://api.weixin.qq.com/gateway"},
        {.base_url = "http://127.0.0.1:8080"},
        {.base_url = "https://127.0.0.1:8080"},
    };
    enum { COUNT = sizeof others / sizeof others[0] };
    wxid_session *sessions[COUNT + 1];
    (void)state;
    sessions[COUNT] = new_shared((app){.max_retries = 0});
    for (size_t i = 0; i < COUNT; i++) {
        sessions[i] = new_shared(others[i]);
        assert_ptr_not_equal(sessions[i]->cache, sessions[COUNT]->cache);
        for (size_t k = 0; k < i; k++) {
            assert_ptr_not_equal(sessions[i]->cache, sessions[k]->cache);
        }
    }
    for (size_t i = 0; i <= COUNT; i++) {
        wxid_session_free(sessions[i]);
    }
}

/* Whoever goes first, the token stays as long as one is there. */
static void test_any_order_of_release(void **state)
{
    (void)state;
    for (int first = 0; first < 3; first++) {
        wxid__token_cache_forget_unused();
        wxid_session *sessions[3];
        for (size_t i = 0; i < 3; i++) {
            sessions[i] = new_shared((app){.max_retries = 0});
        }
        assert_state(sessions[0]->cache, 0, NULL,
                     WXID__TOKEN_RENEW); /* nothing of the last round */
        adopt(sessions[first]->cache, 0, "token", LIFE, 0);
        for (int i = 0; i < 3; i++) {
            assert_ready(sessions[(first + i) % 3]->cache, 0, "token");
            wxid_session_free(sessions[(first + i) % 3]);
        }
    }
}

static wxid_session *new_numbered(int number)
{
    char appid[32];
    snprintf(appid, sizeof appid, "wx_number_%d", number);
    return new_shared((app){.appid = appid});
}

/* For a program that makes a client for each picture. Of those that nobody uses the last 16 stay.
 */
static void test_a_token_outlives_its_sessions(void **state)
{
    (void)state;
    wxid__token_cache_forget_unused();
    wxid_session *session = new_numbered(0);
    wxid__token_answer lost = wxid__token_cache_ask(session->cache, 0, 1000, NULL);
    assert_int_equal(lost.state, WXID__TOKEN_RENEW);
    wxid_session_free(session);
    session = new_numbered(0);
    assert_state(session->cache, 0, NULL, WXID__TOKEN_RENEW); /* a lost lease does not stay */
    adopt(session->cache, 0, "token", LIFE, 0);
    wxid_session_free(session);
    for (int number = 0; number <= 15; number++) { /* it is used, and so the last of them again */
        wxid_session_free(new_numbered(number));
    }
    for (int number = 15; number >= 0; number--) {
        wxid_session_free(new_numbered(number));
    }
    session = new_numbered(0);
    assert_ready(session->cache, 0, "token");
    wxid_session_free(session);
    for (int number = 1; number <= 16; number++) {
        wxid_session_free(new_numbered(number));
    }
    session = new_numbered(0);
    assert_state(session->cache, 0, NULL, WXID__TOKEN_RENEW); /* 16 others came after it */
    wxid_session_free(session);
}

static void test_one_in_use_is_not_forgotten(void **state)
{
    wxid_session *session = new_numbered(0);
    (void)state;
    adopt(session->cache, 0, "token", LIFE, 0);
    for (int number = 1; number <= 40; number++) {
        wxid_session_free(new_numbered(number));
    }
    wxid__token_cache_forget_unused();
    assert_ready(session->cache, 0, "token");
    wxid_session_free(session);
}

static void test_other_credentials_share_nothing(void **state)
{
    wxid_session *session = new_session(0, 0);
    (void)state;
    wxid_session_share(session);
    assert_null(session->cache);
    wxid_session_free(session);
}

static void test_names_for_a_store(void **state)
{
    wxid_session *session =
        new_app_session((app){.base_url = "https://gateway.example:8443/wx/", .old_endpoint = 1});
    (void)state;
    assert_string_equal(wxid__token_cache_name(session->cache),
                        "gateway.example:8443/wx:" APPID ":token");
    wxid_session_free(session);
}

static atomic_int renewals;

/* Each thread asks until it has the token; whoever gets the lease fetches it. */
static void *use_token(void *argument)
{
    wxid_session *session = new_shared((app){.max_retries = 0});
    int64_t *uses = argument;
    while (*uses < 200) {
        wxid__token_answer answered = wxid__token_cache_ask(session->cache, 0, 1000000, NULL);
        if (answered.state == WXID__TOKEN_RENEW) {
            (void)atomic_fetch_add(&renewals, 1);
            (void)wxid__token_cache_adopt(session->cache, answered.lease, 0, "token", LIFE, LIFE,
                                          1);
        }
        *uses += answered.state == WXID__TOKEN_READY;
        free(answered.token);
        (void)wxid__token_cache_is_stale(session->cache, 0);
        wxid__token_cache_note_accepted(session->cache, "token");
    }
    wxid_session_free(session);
    return NULL;
}

static void test_threads_fetch_it_once(void **state)
{
    pthread_t threads[16];
    int64_t uses[16] = {0};
    wxid_session *keeper = new_shared((app){.max_retries = 0});
    (void)state;
    atomic_store(&renewals, 0);
    for (size_t i = 0; i < 16; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, use_token, &uses[i]), 0);
    }
    for (size_t i = 0; i < 16; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(atomic_load(&renewals), 1);
    wxid_session_free(keeper);
}

/* ---- Fork ---- */

static int state_is(wxid__token_cache *cache, const char *refused, wxid__token_state state)
{
    wxid__token_answer answered = wxid__token_cache_ask(cache, 0, 1000, refused);
    free(answered.token);
    return answered.state == state;
}

static void assert_child_agrees(pid_t pid)
{
    int status = 0;
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void test_a_child_has_no_lease(void **state)
{
    wxid__token_cache *first = new_cache();
    wxid__token_cache *second = new_cache();
    (void)state;
    (void)take_lease(first, 0, 1000, NULL);
    adopt(second, 0, "token", LIFE, 0);
    (void)wxid__token_cache_lease_anyway(second, 0, 1000);
    pid_t pid = fork();
    if (pid == 0) { /* it has the token, and whoever is first may renew it */
        int agrees = state_is(first, NULL, WXID__TOKEN_RENEW) &&
                     state_is(first, NULL, WXID__TOKEN_WAIT) &&
                     state_is(second, NULL, WXID__TOKEN_READY) &&
                     state_is(second, "token", WXID__TOKEN_RENEW);
        _exit(agrees ? 0 : 1);
    }
    assert_child_agrees(pid);
    assert_state(first, 0, NULL, WXID__TOKEN_WAIT); /* the parent's is where it was */
    assert_state(second, 0, NULL, WXID__TOKEN_READY);
    assert_state(second, 0, "token", WXID__TOKEN_WAIT);
    wxid__token_cache_release(first);
    wxid__token_cache_release(second);
}

static atomic_int enough;

static void *ask_without_end(void *cache)
{
    while (!atomic_load(&enough)) {
        (void)state_is(cache, NULL, WXID__TOKEN_READY);
        wxid__token_cache_release(new_cache());
    }
    return NULL;
}

/* A lock that another thread holds at that moment does not stay locked in the child for ever. */
static void test_a_fork_while_the_lock_is_held(void **state)
{
    pthread_t threads[3];
    wxid__token_cache *cache = new_cache();
    (void)state;
    adopt(cache, 0, "token", LIFE, 0);
    atomic_store(&enough, 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, ask_without_end, cache), 0);
    }
    for (int round = 0; round < 200; round++) {
        pid_t pid = fork();
        if (pid == 0) {
            (void)alarm(20);
            int agrees = state_is(cache, NULL, WXID__TOKEN_READY);
            wxid__token_cache_release(cache);
            _exit(agrees ? 0 : 1);
        }
        assert_child_agrees(pid);
    }
    atomic_store(&enough, 1);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    wxid__token_cache_release(cache);
}

/* ---- Clocks ---- */

/* A life, a refusal and a failure from some point on, however near to the end of all numbers. */
static void live(int64_t start)
{
    wxid__token_cache *cache = new_cache();
    wxid_error *error = wxid_error_new(WXID_KIND_BUSY, "busy");
    int64_t failures = 0;
    assert_state(cache, start, NULL, WXID__TOKEN_RENEW);
    adopt(cache, start, "token", LIFE, 1);
    assert_ready(cache, start, "token");
    assert_false(wxid__token_cache_is_stale(cache, start));
    uint64_t lease = take_lease(cache, start, start + 10, "token");
    assert_state(cache, start + 10, NULL, WXID__TOKEN_WAIT);
    assert_int_equal(wxid__token_cache_fail(cache, lease, start, error, &failures), 1000);
    assert_failed(cache, start, NULL, WXID_KIND_BUSY, 1000);
    assert_failed(cache, start + 999, NULL, WXID_KIND_BUSY, 1);
    lease = take_lease(cache, start + 1000, start + 1000, NULL);
    wxid__token_cache_leave(cache, lease, start + 1000);
    assert_state(cache, start + 1000, NULL, WXID__TOKEN_RENEW);
    assert_int_equal(wxid__token_cache_force_wait_ms(cache, start), 0);
    wxid__token_cache_note_force(cache, start);
    assert_int_equal(wxid__token_cache_force_wait_ms(cache, start + 1), 29999);
    assert_int_equal(wxid__token_cache_force_wait_ms(cache, start + 30000), 0);
    wxid_error_free(error);
    wxid__token_cache_release(cache);
}

static void test_any_clock_will_do(void **state)
{
    static const int64_t starts[] = {
        INT64_MIN, INT64_MIN + 1, INT64_MIN + 29999, -LIFE, -1, 0, INT64_MAX - LIFE,
    };
    (void)state;
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        live(starts[i]);
    }
}

static void test_the_end_of_all_clocks(void **state)
{
    wxid__token_cache *cache = new_cache();
    wxid_error *error = wxid_error_new(WXID_KIND_BUSY, "busy");
    int64_t failures = 0;
    (void)state;
    for (int64_t now = INT64_MAX - 2; now < INT64_MAX; now++) {
        uint64_t lease = take_lease(cache, now, INT64_MAX, NULL);
        (void)wxid__token_cache_fail(cache, lease, now, error, &failures);
        wxid__token_cache_fail_as(cache, 0, now, error, 1, 1);
        assert_state(cache, now, NULL, WXID__TOKEN_FAILED);
        wxid__token_cache_release(cache);
        cache = new_cache();
    }
    adopt(cache, INT64_MAX - 1, "token", LIFE, 1);
    (void)wxid__token_cache_lease_stale(cache, INT64_MAX, INT64_MAX);
    (void)wxid__token_cache_note_force(cache, INT64_MAX);
    (void)wxid__token_cache_note_force(cache, INT64_MAX);
    wxid_error_free(error);
    wxid__token_cache_release(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_account_one_cache),
        cmocka_unit_test(test_what_keeps_accounts_apart),
        cmocka_unit_test(test_any_order_of_release),
        cmocka_unit_test(test_a_token_outlives_its_sessions),
        cmocka_unit_test(test_one_in_use_is_not_forgotten),
        cmocka_unit_test(test_other_credentials_share_nothing),
        cmocka_unit_test(test_names_for_a_store),
        cmocka_unit_test(test_threads_fetch_it_once),
        cmocka_unit_test(test_a_child_has_no_lease),
        cmocka_unit_test(test_a_fork_while_the_lock_is_held),
        cmocka_unit_test(test_any_clock_will_do),
        cmocka_unit_test(test_the_end_of_all_clocks),
    };
    return cmocka_run_group_tests_name("token_sharing", tests, NULL, NULL);
}
