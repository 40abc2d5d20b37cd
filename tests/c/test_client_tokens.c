/* Clients that fetch their token themselves: one fetch for all threads and clients, renewals beside
 * calls, and the hooks that stores and renewals have. */
#include "client/account.h"

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SMALL 3000
#define THREADS 64

/* ---- One fetch for all ---- */

static void *call_once(void *client)
{
    return recognize(client, SMALL, 7, NULL).ok ? client : NULL;
}

static void call_from_threads(wxid_client *const *clients, size_t client_count)
{
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, call_once, clients[i % client_count]),
                         0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        void *right = NULL;
        assert_int_equal(pthread_join(threads[i], &right), 0);
        assert_non_null(right);
    }
}

static void threads_and_clients_fetch_once(void **state)
{
    wxid_client *clients[2] = {new_account("account", 0), new_account("account", 0)};
    (void)state;
    server_reset();
    call_from_threads(clients, 1);
    assert_int_equal(count("account/fetches"), 1);
    call_from_threads(clients, 2);
    wxid_client_free(clients[0]); /* the token stays as long as one of them is there */
    call_from_threads(clients + 1, 1);
    assert_int_equal(count("account/fetches"), 1);
    assert_int_equal(count("account/with/account-1"), 3 * THREADS);
    wxid_client_free(clients[1]);
}

static void two_clients_fetch_at_once(void **state)
{
    wxid_client *clients[2] = {new_account("account", 0), new_account("account", 0)};
    (void)state;
    server_reset();
    call_from_threads(clients, 2);
    assert_int_equal(count("account/fetches"), 1);
    wxid_client_free(clients[0]);
    wxid_client_free(clients[1]);
}

/* All were refused, and one of them fetches another token for all. */
static void a_refused_token_is_renewed_once(void **state)
{
    wxid_client *client = new_account("account-refusing", 0);
    (void)state;
    server_reset();
    call_from_threads(&client, 1);
    assert_int_equal(count("account-refusing/fetches"), 2);
    assert_int_equal(count("account-refusing/with/account-refusing-2"), THREADS);
    wxid_client_free(client);
}

static void a_refresh_is_for_all(void **state)
{
    wxid_client *client = new_account("account", 0);
    wxid_error *error = NULL;
    (void)state;
    server_reset();
    assert_clean_call(client);
    assert_int_equal(wxid_client_refresh_token(client, 0, NULL, NULL), 0);
    assert_clean_call(client);
    assert_int_equal(wxid_client_refresh_token(client, 1, NULL, NULL), 0);
    assert_clean_call(client);
    assert_int_equal(wxid_client_refresh_token(client, 1, NULL, &error), -1);
    assert_int_equal(wxid_error_kind(error), WXID_KIND_RATE);
    wxid_error_free(error);
    assert_int_equal(count("account/fetches"), 3);
    assert_int_equal(count("account/with/account-3"), 1);
    wxid_client_close(client);
    wxid_client_renew(client, NULL);
    assert_int_equal(wxid_client_refresh_token(client, 0, NULL, &error), -1);
    assert_int_equal(wxid_error_kind(error), WXID_KIND_USAGE);
    wxid_error_free(error);
    wxid_client_free(client);
}

/* ---- Stores ---- */

static void a_token_goes_through_the_store(void **state)
{
    own_store store = {.record = ""};
    wxid_hooks hooks = hooks_of(&store, 0);
    wxid_client *first = new_account("account", 1);
    (void)state;
    server_reset();
    assert_true(recognize(first, SMALL, 1, &hooks).ok);
    assert_non_null(strstr(store.record, "\"account-1\""));
    assert_int_equal(store.locks, 0);
    assert_int_equal(store.requests, 5);
    assert_true(recognize(first, SMALL, 2, &hooks).ok);
    assert_int_equal(store.requests, 5); /* nearly always there is nothing to ask */
    wxid_client_free(first);
    wxid_client *second = new_account("account", 1); /* as another process would */
    assert_true(recognize(second, SMALL, 3, &hooks).ok);
    assert_int_equal(count("account/fetches"), 1);
    wxid_client_free(second);
}

static void a_store_that_does_not_work_is_left_out(void **state)
{
    own_store store = {.does_not_work = 1};
    wxid_hooks hooks = hooks_of(&store, 0);
    wxid_client *client = new_account("account", 1);
    (void)state;
    server_reset();
    assert_true(recognize(client, SMALL, 1, &hooks).ok);
    assert_int_equal(store.requests, 1);
    assert_int_equal(count("account/fetches"), 1);
    wxid_client_free(client);
}

static void a_store_may_end_the_call(void **state)
{
    own_store store = {.ends_the_call = 1};
    wxid_hooks hooks = hooks_of(&store, 0);
    wxid_client *client = new_account("account", 1);
    (void)state;
    server_reset();
    assert_int_equal(recognize(client, SMALL, 1, &hooks).kind, WXID_KIND_INTERRUPTED);
    assert_int_equal(recognize(client, SMALL, 1, NULL).kind, WXID_KIND_USAGE); /* without a hook */
    store.ends_the_call = 0;
    assert_true(recognize(client, SMALL, 1, &hooks).ok); /* nobody kept the lease */
    wxid_client_free(client);
}

/* ---- Renewals beside calls ---- */

/* Has the account's stale token loaded by a client with a store; another one without shares it. */
static wxid_client *load_stale_token(wxid_client *beside)
{
    own_store store = stale_store();
    wxid_hooks hooks = hooks_of(&store, 1);
    assert_true(recognize(beside, SMALL, 1, &hooks).ok);
    assert_int_equal(store.backgrounds, 0); /* it was not there yet */
    return beside;
}

static void a_stale_token_is_renewed_beside_calls(void **state)
{
    wxid_client *loader = load_stale_token(new_account("account", 1));
    wxid_client *client = new_account("account", 0);
    (void)state;
    server_reset();
    assert_clean_call(client); /* while the endpoint takes its time */
    assert_int_equal(count("account/with/stale_token"), 1);
    assert_int_equal(count_until("account/fetches", 1), 1);
    int64_t until = now_ms() + 5000 * slowness();
    while (count("account/with/account-1") == 0 && now_ms() < until) {
        assert_clean_call(client);
    }
    assert_int_equal(count("account/with/account-1"), 1);
    assert_int_equal(count("account/fetches"), 1);
    wxid_client_free(client);
    wxid_client_free(loader);
}

static void a_client_ends_while_its_renewal_hangs(void **state)
{
    wxid_client *loader = load_stale_token(new_account("account-hanging", 1));
    (void)state;
    server_reset();
    for (int round = 1; round < 3; round++) { /* the second finds the lease given back */
        wxid_client *client = new_account("account-hanging", 0);
        assert_clean_call(client);
        assert_int_equal(count_until("account-hanging/fetches", round), round);
        int64_t before = now_ms();
        wxid_client_free(client);
        assert_in_range(now_ms() - before, 0, 500 * slowness());
    }
    wxid_client_free(loader);
}

/* In another thread, when the endpoint has been left alone for as long as it wants. */
static void a_renewal_that_failed_is_tried_again(void **state)
{
    wxid_client *loader = load_stale_token(new_account("account-failing", 1));
    wxid_client *client = new_account("account-failing", 0);
    int64_t until = now_ms() + 10000 * slowness();
    (void)state;
    server_reset();
    while (count("account-failing/fetches") < 2 && now_ms() < until) {
        assert_clean_call(client);
        sleep_ms(20);
    }
    assert_int_equal(count("account-failing/fetches"), 2);
    wxid_client_free(client);
    wxid_client_free(loader);
}

#ifdef __SANITIZE_THREAD__ /* which allows a forked child no threads */
enum { CHILD_HAS_THREADS = 0 };
#else
enum { CHILD_HAS_THREADS = 1 };
#endif

static int child_works(wxid_client *client)
{
    own_store store = {.background_fails = 1};
    wxid_hooks hooks = hooks_of(&store, 1);
    if (!recognize(client, SMALL, 5, CHILD_HAS_THREADS ? NULL : &hooks).ok) {
        return 0;
    }
    if (count_until("account-hanging/fetches", 1 + CHILD_HAS_THREADS) != 1 + CHILD_HAS_THREADS) {
        return 0;
    }
    int64_t before = now_ms();
    wxid_client_free(client);
    return now_ms() - before <= 500 * slowness();
}

/* The child has the token, but neither the thread nor the lease; it may renew it itself. */
static void a_fork_while_a_renewal_is_under_way(void **state)
{
    wxid_client *loader = load_stale_token(new_account("account-hanging", 1));
    wxid_client *client = new_account("account-hanging", 0);
    (void)state;
    server_reset();
    assert_clean_call(client);
    assert_int_equal(count_until("account-hanging/fetches", 1), 1);
    pid_t child = fork();
    if (child == 0) {
        _exit(child_works(client) ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_clean_call(client);
    assert_int_equal(count("account-hanging/fetches"), 1 + CHILD_HAS_THREADS);
    wxid_client_free(client);
    wxid_client_free(loader);
}

/* With a store and nobody to do it elsewhere, the calling thread renews, after its card is there.
 */
static void a_store_s_own_thread_renews(void **state)
{
    own_store store = stale_store();
    wxid_hooks hooks = hooks_of(&store, 0);
    wxid_client *client = new_account("account", 1);
    (void)state;
    server_reset();
    assert_true(recognize(client, SMALL, 1, &hooks).ok);
    assert_int_equal(count("account/with/stale_token"), 1);
    assert_int_equal(count("account/fetches"), 1);
    assert_non_null(strstr(store.record, "\"account-1\""));
    assert_int_equal(store.sets, 1);
    assert_true(recognize(client, SMALL, 1, &hooks).ok);
    assert_int_equal(count("account/with/account-1"), 1);
    wxid_client_free(client);
}

static void the_background_is_asked_once(void **state)
{
    own_store store = stale_store();
    wxid_hooks hooks = hooks_of(&store, 1);
    wxid_client *client = new_account("account", 1);
    (void)state;
    server_reset();
    assert_true(recognize(client, SMALL, 1, &hooks).ok);
    assert_int_equal(store.backgrounds, 0);
    store.background_fails = 1;
    assert_true(recognize(client, SMALL, 2, &hooks).ok);
    assert_true(recognize(client, SMALL, 3, &hooks).ok);
    assert_int_equal(store.backgrounds, 2); /* it could not be arranged, and was asked again */
    store.background_fails = 0;
    for (unsigned i = 0; i < 4; i++) {
        assert_true(recognize(client, SMALL, i, &hooks).ok);
    }
    assert_int_equal(store.backgrounds, 3);
    assert_int_equal(count("account/fetches"), 0);
    wxid_client_renew(client, &hooks);
    assert_int_equal(count("account/fetches"), 1);
    wxid_client_renew(client, &hooks); /* there is nothing left to do */
    assert_true(recognize(client, SMALL, 9, &hooks).ok);
    assert_int_equal(count("account/with/account-1"), 1);
    assert_int_equal(count("account/fetches"), 1);
    assert_int_equal(store.backgrounds, 3);
    wxid_client_free(client);
}

/* A renewal that was arranged, and never made, goes with its client. */
static void a_renewal_that_nobody_made(void **state)
{
    own_store store = stale_store();
    wxid_hooks hooks = hooks_of(&store, 1);
    wxid_client *client = new_account("account", 1);
    wxid_client *other = new_account("account", 0);
    (void)state;
    server_reset();
    assert_true(recognize(client, SMALL, 1, &hooks).ok);
    assert_true(recognize(client, SMALL, 1, &hooks).ok);
    assert_int_equal(store.backgrounds, 1);
    wxid_client_free(client);
    assert_clean_call(other);
    assert_int_equal(count_until("account/fetches", 1), 1);
    wxid_client_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(threads_and_clients_fetch_once, next_account),
        cmocka_unit_test_setup(two_clients_fetch_at_once, next_account),
        cmocka_unit_test_setup(a_refused_token_is_renewed_once, next_account),
        cmocka_unit_test_setup(a_refresh_is_for_all, next_account),
        cmocka_unit_test_setup(a_token_goes_through_the_store, next_account),
        cmocka_unit_test_setup(a_store_that_does_not_work_is_left_out, next_account),
        cmocka_unit_test_setup(a_store_may_end_the_call, next_account),
        cmocka_unit_test_setup(a_stale_token_is_renewed_beside_calls, next_account),
        cmocka_unit_test_setup(a_client_ends_while_its_renewal_hangs, next_account),
        cmocka_unit_test_setup(a_renewal_that_failed_is_tried_again, next_account),
        cmocka_unit_test_setup(a_fork_while_a_renewal_is_under_way, next_account),
        cmocka_unit_test_setup(a_store_s_own_thread_renews, next_account),
        cmocka_unit_test_setup(the_background_is_asked_once, next_account),
        cmocka_unit_test_setup(a_renewal_that_nobody_made, next_account),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
