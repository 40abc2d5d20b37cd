/* Calls of an engine that are broken off, wherever they are. */
#include "client/account.h"
#include "client/engine_calls.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SMALL 3000
#define LARGE ((2 << 20) - 1)
#define MANY 200
#define LAST_MOMENTS 1500

static wxid_client *client_of(const char *fault, int64_t max_connections)
{
    return new_client((client_options){
        .fault = fault, .max_connections = max_connections, .timeout_ms = 30000 * slowness()});
}

/* Bytes that are allocated; 0 under sanitizers and valgrind, which look for leaks themselves. */
static size_t allocated(void)
{
    struct mallinfo2 now = mallinfo2();
    return now.uordblks + now.hblkhd;
}

/* How long it takes until all have come back. */
static int64_t break_off(wxid_engine *engine, engine_call *calls)
{
    int64_t begun_ms = now_ms();
    for (size_t i = 0; i < MANY; i++) {
        wxid_engine_cancel(engine, calls[i].id);
    }
    assert_int_equal(take_back(engine, MANY, 1000 * slowness()), MANY);
    int64_t took_ms = now_ms() - begun_ms;
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(calls[i].back, 1);
        assert_int_equal(end_call(&calls[i]).kind, WXID_KIND_INTERRUPTED);
    }
    return took_ms;
}

/* A machine that is busy with something else is given three chances to be quick. */
static void many_stalled_calls_end_at_once(void **state)
{
    static engine_call calls[MANY];
    int64_t took_ms = INT64_MAX;
    int descriptors = count_descriptors();
    int threads = count_threads();
    wxid_client *client = client_of("never-answers", MANY);
    wxid_engine *engine = new_engine(client);
    (void)state;
    start_calls(engine, client, calls, 1); /* libcurl allocates some things once */
    wait_for_posts("never-answers", 1);
    wxid_engine_cancel(engine, calls[0].id);
    assert_all_interrupted(engine, calls, 1);
    size_t before = allocated();
    int with_engine = count_descriptors();
    for (int round = 0; round < 3 && took_ms > 50 * slowness(); round++) {
        wait_for_open("listener/http", 0);
        server_reset();
        start_calls(engine, client, calls, MANY);
        wait_for_posts("never-answers", MANY);
        assert_true(count_descriptors() >= with_engine + MANY);
        took_ms = break_off(engine, calls);
        assert_int_equal(count_descriptors(), with_engine);
        assert_in_range(allocated(), 0, before + (256 << 10)); /* three of their buffers */
        wait_for_open("listener/http", 0);
        assert_int_equal(server_seen("never-answers").posts_begun, MANY);
    }
    assert_in_range(took_ms, 0, 50 * slowness());
    wxid_engine_free(engine);
    wxid_client_free(client);
    assert_int_equal(count_descriptors(), descriptors);
    wait_for_threads(threads);
}

/* ---- In every state ---- */

static void while_it_waits_for_a_connection(void **state)
{
    engine_call calls[3];
    wxid_client *client = client_of("slow-ok", 1);
    wxid_engine *engine = new_engine(client);
    (void)state;
    server_reset();
    start_calls(engine, client, calls, 3);
    wait_for_posts("slow-ok", 1);
    wxid_engine_cancel(engine, calls[1].id);
    assert_all_interrupted(engine, &calls[1], 1);
    assert_all_right(engine, &calls[0], 1); /* on which it had no effect, as on the next */
    assert_all_right(engine, &calls[2], 1);
    assert_int_equal(server_seen("slow-ok").posts_begun, 2);
    wxid_engine_free(engine);
    wxid_client_free(client);
}

/* A kept connection is watched for 20 ms before it is used for the second time. Whichever came
 * first, connection and engine go on. */
static void while_its_connection_is_watched(void **state)
{
    int broken_off = 0;
    engine_call mine;
    (void)state;
    for (int round = 0; round < 20; round++) {
        wxid_client *client = client_of("ok", 1);
        wxid_engine *engine = new_engine(client);
        server_reset();
        for (unsigned i = 0; i < 3; i++) {
            make_call(&mine, client, SMALL, i);
            start_call(engine, &mine);
            if (i == 1) {
                sleep_ms(round % 4);
                wxid_engine_cancel(engine, mine.id);
            }
            assert_int_equal(take_back(engine, 1, 5000 * slowness()), 1);
            result got = end_call(&mine);
            assert_true(got.ok || (i == 1 && got.kind == WXID_KIND_INTERRUPTED));
            broken_off += !got.ok;
        }
        seen counted = server_seen("ok");
        assert_in_range(counted.connections, 1, counted.posts_begun - 1);
        wxid_engine_free(engine);
        wxid_client_free(client);
    }
    assert_in_range(broken_off, 10, 20);
}

/* A watched connection of a call that was broken off is nobody's: when the server closes it, nobody
 * wakes, let alone the call. */
static void when_its_watched_connection_ends_later(void **state)
{
    engine_call mine;
    (void)state;
    for (int round = 0; round < 5; round++) {
        wxid_client *client = client_of("close-idle-later", 1);
        wxid_engine *engine = new_engine(client);
        start_calls(engine, client, &mine, 1);
        assert_all_right(engine, &mine, 1);
        start_calls(engine, client, &mine, 1);
        sleep_ms(1);
        wxid_engine_cancel(engine, mine.id);
        assert_int_equal(take_back(engine, 1, 5000 * slowness()), 1);
        (void)end_call(&mine);
        sleep_ms(100);
        uint64_t wakes = figure_of_thread(newest_thread(), "voluntary_ctxt_switches", 10);
        clock_t used = clock();
        sleep_ms(200);
        assert_in_range(clock() - used, 0, CLOCKS_PER_SEC / 50 * slowness());
        assert_in_range(figure_of_thread(newest_thread(), "voluntary_ctxt_switches", 10) - wakes, 0,
                        2);
        wxid_engine_free(engine);
        wxid_client_free(client);
    }
}

/* At each of these places a call runs. The server sees the connection close, where it has read what
 * was sent before. */
static void while_it_runs(void **state)
{
    static const struct {
        const char *fault;
        size_t length;
    } places[] = {{"never-answers", SMALL},
                  {"slow-headers", SMALL},
                  {"slow-body", SMALL},
                  {"never-reads", LARGE},
                  {"early-status-line", LARGE}};
    engine_call mine;
    (void)state;
    for (size_t i = 0; i < 2 * sizeof places / sizeof places[0]; i++) {
        int by_tls = i % 2 == 1;
        const char *fault = places[i / 2].fault;
        wxid_client *client = new_client((client_options){.word = by_tls ? "https" : "http",
                                                          .ca_file = server_word("ca"),
                                                          .fault = fault,
                                                          .timeout_ms = 30000 * slowness()});
        wxid_engine *engine = new_engine(client);
        server_reset();
        make_call(&mine, client, places[i / 2].length, (unsigned)i);
        start_call(engine, &mine);
        wait_for_posts(fault, 1);
        sleep_ms(100);
        int64_t begun_ms = now_ms();
        wxid_engine_cancel(engine, mine.id);
        assert_all_interrupted(engine, &mine, 1);
        assert_in_range(now_ms() - begun_ms, 0, 500 * slowness());
        if (places[i / 2].length == SMALL) {
            wait_for_open(by_tls ? "listener/https" : "listener/http", 0);
        }
        wxid_engine_free(engine);
        wxid_client_free(client);
    }
}

static void while_it_waits_to_try_again(void **state)
{
    engine_call mine;
    wxid_client *client = new_client((client_options){
        .fault = "status-503/retry-after-2", .max_retries = 2, .timeout_ms = 30000 * slowness()});
    wxid_engine *engine = new_engine(client);
    (void)state;
    server_reset();
    start_calls(engine, client, &mine, 1);
    wait_for_posts("status-503/retry-after-2", 1);
    sleep_ms(50 * slowness());
    int64_t begun_ms = now_ms();
    wxid_engine_cancel(engine, mine.id);
    assert_all_interrupted(engine, &mine, 1);
    assert_in_range(now_ms() - begun_ms, 0, 500 * slowness());
    wxid_engine_free(engine);
    wxid_client_free(client);
}

/* While a call fetches the token for itself and others: one of the others fetches it then. */
static void while_it_fetches_the_token(void **state)
{
    engine_call calls[3];
    wxid_client *client = new_account("account", 0);
    wxid_engine *engine = new_engine(client);
    (void)state;
    server_reset();
    start_calls(engine, client, calls, 3);
    assert_int_equal(take_back(engine, 1, 100), 0);
    assert_int_equal(count_until("account/fetches", 1), 1);
    wxid_engine_cancel(engine, calls[0].id);
    assert_all_interrupted(engine, calls, 1);
    assert_all_right(engine, calls + 1, 2);
    assert_int_equal(count("account/fetches"), 2);
    wxid_engine_free(engine);
    wxid_client_free(client);
}

static void ids_that_mean_nothing_any_more(void **state)
{
    engine_call calls[3];
    wxid_client *client = client_of("slow-ok", 3);
    wxid_engine *engine = new_engine(client);
    (void)state;
    start_calls(engine, client, calls, 3);
    assert_true(calls[0].id != calls[1].id && calls[1].id != calls[2].id);
    wxid_engine_cancel(engine, calls[0].id);
    wxid_engine_cancel(engine, calls[0].id);
    wxid_engine_cancel(engine, 0);
    wxid_engine_cancel(engine, UINT64_MAX);
    wxid_engine_cancel(engine, calls[2].id + 1);
    wxid_engine_cancel(engine, calls[2].id + 1024);
    assert_int_equal(take_back(engine, 1, 1000 * slowness()), 1);
    wxid_engine_cancel(engine, calls[0].id); /* it came back */
    assert_int_equal(end_call(&calls[0]).kind, WXID_KIND_INTERRUPTED);
    sleep_ms(400 * slowness());
    wxid_engine_cancel(engine, calls[1].id); /* it is over, and has not been taken */
    wxid_engine_cancel(engine, calls[1].id);
    assert_all_right(engine, calls + 1, 2);
    wxid_engine_free(engine);
    wxid_client_free(client);
}

/* ---- At the last moment, and the first ---- */

static void when_it_is_just_ending(void **state)
{
    engine_call calls[4];
    int right = 0;
    int broken_off = 0;
    wxid_client *client = client_of("ok", 4);
    wxid_engine *engine = new_engine(client);
    (void)state;
    for (unsigned round = 0; round < LAST_MOMENTS / 4; round++) {
        start_calls(engine, client, calls, 4);
        while (round % 2 == 0 && !is_readable(engine)) { /* the others are about to be over */
        }
        sleep_ms((int)(round / 2 % 4) * slowness());
        for (size_t i = 0; i < 4; i++) {
            wxid_engine_cancel(engine, calls[i].id);
        }
        assert_int_equal(take_back(engine, 4, 5000 * slowness()), 4);
        for (size_t i = 0; i < 4; i++) {
            result got = end_call(&calls[i]);
            assert_int_equal(calls[i].back, 1);
            assert_true(got.ok || got.kind == WXID_KIND_INTERRUPTED);
            right += got.ok;
            broken_off += !got.ok;
        }
        assert_false(is_readable(engine));
    }
    assert_in_range(right, 1, LAST_MOMENTS);
    assert_in_range(broken_off, 1, LAST_MOMENTS);
    wxid_engine_free(engine);
    wxid_client_free(client);
}

/* The thread looks for calls that arrived, then for those that are to be broken off: one of the
 * latter may not be among the former. */
static void when_it_has_just_arrived(void **state)
{
    engine_call calls[8];
    wxid_client *client = client_of("never-answers", 1);
    wxid_engine *engine = new_engine(client);
    (void)state;
    for (unsigned round = 0; round < 4000; round++) {
        for (size_t i = 0; i < 8; i++) {
            if (round == 0) {
                make_call(&calls[i], client, SMALL, (unsigned)i);
            }
            start_call(engine, &calls[i]);
            wxid_engine_cancel(engine, calls[i].id);
        }
        if (take_back(engine, 8, 5000 * slowness()) != 8) {
            fail_msg("a call was lost in round %u", round);
        }
        assert_false(is_readable(engine));
    }
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(calls[i].back, 4000);
        drop_call(&calls[i]);
    }
    wxid_engine_free(engine);
    wxid_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_stalled_calls_end_at_once),
        cmocka_unit_test(while_it_waits_for_a_connection),
        cmocka_unit_test(while_its_connection_is_watched),
        cmocka_unit_test(when_its_watched_connection_ends_later),
        cmocka_unit_test(while_it_runs),
        cmocka_unit_test(while_it_waits_to_try_again),
        cmocka_unit_test_setup(while_it_fetches_the_token, next_account),
        cmocka_unit_test(ids_that_mean_nothing_any_more),
        cmocka_unit_test(when_it_is_just_ending),
        cmocka_unit_test(when_it_has_just_arrived),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
