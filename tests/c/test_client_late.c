/* A second answer to each of ten thousand calls, at random moments: all calls have their own card,
 * and nothing is sent twice for it. */
#include "client/fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* A client that has seen one second answer keeps no connection any more: so there are many, and
 * each has to find one out. They are made side by side, since most of their time they wait. */
#define CALLS_EACH 5
#define CLIENTS (2000 / slowness())
#define AT_ONCE 16
#define SMALL 2000

static atomic_int next_client;
static atomic_int mismatched;
static atomic_int failed;

static void call_some_times(int client_number)
{
    wxid_client *client = new_client((client_options){.fault = "twice-at-random"});
    for (int i = 0; i < CALLS_EACH; i++) {
        unsigned number = (unsigned)(client_number * CALLS_EACH + i);
        result got = recognize(client, SMALL, number, NULL);
        mismatched += got.mismatched;
        failed += !got.ok && !got.mismatched;
    }
    wxid_client_free(client);
}

static void *make_calls(void *context)
{
    int number;
    while ((number = atomic_fetch_add(&next_client, 1)) < CLIENTS) {
        call_some_times(number);
    }
    return context;
}

static void no_late_answer_is_handed_out(void **state)
{
    pthread_t threads[AT_ONCE];
    int calls = CLIENTS * CALLS_EACH;
    (void)state;
    server_reset();
    for (size_t i = 0; i < AT_ONCE; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, make_calls, NULL), 0);
    }
    for (size_t i = 0; i < AT_ONCE; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    int stalled = server_seen("twice-at-random/stalled").posts_begun;
    int skipped = server_seen("twice-at-random/skipped").posts_begun;
    assert_in_range(mismatched + failed, 0, stalled);
    assert_in_range(server_seen("twice-at-random").posts_begun, calls, calls + stalled);
    /* Else this says little. */
    assert_in_range(stalled + skipped, 0, calls / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_late_answer_is_handed_out)};
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
