/* The end of an engine, whatever it is in the middle of; and all of its functions at once. */
#include "client/engine_calls.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SMALL 3000

static wxid_client *client_of(const char *fault, int64_t max_connections)
{
    return new_client((client_options){
        .fault = fault, .max_connections = max_connections, .timeout_ms = 30000 * slowness()});
}

/* ---- Closing ---- */

static void a_closed_engine_says_so(void **state)
{
    engine_call mine;
    wxid_error *error = NULL;
    uint64_t id = 4711;
    int before = count_descriptors();
    int threads = count_threads();
    wxid_client *client = client_of("ok", 2);
    wxid_engine *engine = new_engine(client);
    (void)state;
    start_calls(engine, client, &mine, 1);
    assert_all_right(engine, &mine, 1);
    wait_for_threads(threads + 1);
    wxid_engine_close(engine);
    wait_for_threads(threads);
    assert_int_equal(count_descriptors(), before + 4);
    make_call(&mine, client, SMALL, 1);
    assert_int_equal(wxid_engine_start(engine, mine.call, &mine, &id, &error), -1);
    assert_int_equal(wxid_error_kind(error), WXID_KIND_USAGE);
    assert_non_null(strstr(wxid_error_message(error), "closed"));
    wxid_error_free(error);
    assert_int_equal(id, 4711);
    assert_int_equal(wxid_call_step(mine.call, now_ms()), WXID_STEP_SEND); /* it was left alone */
    drop_call(&mine);
    wxid_engine_close(engine);
    wxid_engine_free(engine);
    wxid_engine_free(NULL);
    wxid_client_free(client);
    assert_int_equal(count_descriptors(), before);
}

static void an_engine_that_was_never_used(void **state)
{
    void *context = NULL;
    int before = count_descriptors();
    int threads = count_threads();
    wxid_client *client = client_of("ok", 2);
    wxid_engine *engine = new_engine(client);
    (void)state;
    wait_for_threads(threads); /* a thread is for those who have calls */
    assert_false(wxid_engine_next(engine, &context));
    wxid_engine_cancel(engine, 1);
    wxid_engine_close(engine);
    assert_false(wxid_engine_next(engine, &context));
    wxid_engine_free(engine);
    wxid_client_free(client);
    assert_int_equal(count_descriptors(), before);
}

/* Calls over two connections: those that run, wait for one, and are over already. */
static void put_into_every_state(wxid_engine *engine, wxid_client *client, engine_call calls[6])
{
    start_calls(engine, client, calls, 6);
    wait_for_posts("never-answers", 2);
    wxid_engine_cancel(engine, calls[2].id);
    while (!is_readable(engine)) {
        sleep_ms(1);
    }
}

static void all_calls_come_back(void **state)
{
    engine_call calls[6];
    wxid_client *client = client_of("never-answers", 2);
    (void)state;
    wait_for_open("listener/http", 0);
    server_reset();
    wxid_engine *engine = new_engine(client);
    put_into_every_state(engine, client, calls);
    wxid_engine_close(engine);
    wait_for_open("listener/http", 0);
    assert_true(is_readable(engine));
    assert_all_interrupted(engine, calls, 6);
    assert_false(is_readable(engine));
    wxid_engine_free(engine);
    wxid_client_free(client);
}

/* Calls that wait for their next try, and for a token. */
static void waiting_calls_come_back(void **state)
{
    engine_call calls[4];
    wxid_client *client = new_client((client_options){
        .fault = "status-503/retry-after-9", .max_retries = 2, .timeout_ms = 30000 * slowness()});
    wxid_engine *engine = new_engine(client);
    (void)state;
    server_reset();
    start_calls(engine, client, calls, 4);
    wait_for_posts("status-503/retry-after-9", 4);
    sleep_ms(20);
    int64_t begun_ms = now_ms();
    wxid_engine_close(engine);
    assert_in_range(now_ms() - begun_ms, 0, 500 * slowness());
    assert_all_interrupted(engine, calls, 4);
    wxid_engine_free(engine);
    wxid_client_free(client);
}

static void calls_that_nobody_took_are_the_callers_again(void **state)
{
    engine_call calls[6];
    wxid_client *client = client_of("never-answers", 2);
    wxid_engine *engine = new_engine(client);
    (void)state;
    server_reset();
    put_into_every_state(engine, client, calls);
    wxid_engine_free(engine);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(calls[i].back, 0);
        assert_int_equal(end_call(&calls[i]).kind, WXID_KIND_INTERRUPTED);
    }
    wxid_client_free(client);
}

static void engines_come_and_go(void **state)
{
    engine_call calls[6];
    int before = count_descriptors();
    int threads = count_threads();
    wxid_client *client = client_of("slow-ok", 3);
    (void)state;
    for (int round = 0; round < 50; round++) {
        wxid_engine *engine = new_engine(client);
        start_calls(engine, client, calls, 6);
        sleep_ms(round % 5);
        wxid_engine_close(engine);
        assert_all_interrupted(engine, calls, 6);
        wxid_engine_free(engine);
    }
    wait_for_threads(threads);
    assert_int_equal(count_descriptors(), before);
    wxid_client_free(client);
}

static void *close_engine(void *engine)
{
    wxid_engine_close(engine);
    return NULL;
}

/* When it returns, whoever closed it, everything has come back. */
static void several_close_at_once(void **state)
{
    engine_call calls[12];
    pthread_t threads[3];
    wxid_client *client = client_of("never-answers", 8);
    (void)state;
    for (int round = 0; round < 40; round++) {
        wxid_engine *engine = new_engine(client);
        start_calls(engine, client, calls, 12);
        sleep_ms(round % 4);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(pthread_create(&threads[i], NULL, close_engine, engine), 0);
        }
        wxid_engine_close(engine);
        assert_int_equal(take_back(engine, 12, 0), 12);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(pthread_join(threads[i], NULL), 0);
        }
        for (size_t i = 0; i < 12; i++) {
            assert_int_equal(end_call(&calls[i]).kind, WXID_KIND_INTERRUPTED);
        }
        wxid_engine_free(engine);
    }
    wxid_client_free(client);
}

enum { TAKEN = 2000 };

static void *take_them_all(void *engine)
{
    return take_back(engine, TAKEN, 20000 * slowness()) == TAKEN ? engine : NULL;
}

static void others_take_while_it_is_closed(void **state)
{
    static engine_call calls[TAKEN];
    pthread_t thread;
    void *took_all = NULL;
    wxid_client *client = client_of("never-answers", 2);
    wxid_engine *engine = new_engine(client);
    (void)state;
    start_calls(engine, client, calls, TAKEN);
    assert_int_equal(pthread_create(&thread, NULL, take_them_all, engine), 0);
    wxid_engine_close(engine);
    assert_int_equal(pthread_join(thread, &took_all), 0);
    assert_non_null(took_all);
    for (size_t i = 0; i < TAKEN; i++) {
        assert_int_equal(calls[i].back, 1);
        assert_int_equal(end_call(&calls[i]).kind, WXID_KIND_INTERRUPTED);
    }
    wxid_engine_free(engine);
    wxid_client_free(client);
}

/* ---- Many calls ---- */

static int start_once_more(wxid_engine *engine, engine_call *mine, wxid_error **error)
{
    return wxid_engine_start(engine, mine->call, mine, NULL, error);
}

/* Those that nobody has taken count as well. */
static void there_is_a_most_of_calls(void **state)
{
    engine_call mine;
    void *context = NULL;
    wxid_error *error = NULL;
    wxid_client *client = client_of("ok", 1);
    wxid_engine *engine = new_engine(client);
    (void)state;
    make_call(&mine, client, SMALL, 1);
    wxid_call_abandon(mine.call, wxid_error_new(WXID_KIND_INTERRUPTED, "by the test"));
    for (int i = 0; i < WXID_ENGINE_MOST_CALLS; i++) { /* it is over, and may be there many times */
        assert_int_equal(start_once_more(engine, &mine, NULL), 0);
    }
    assert_int_equal(start_once_more(engine, &mine, &error), -1);
    assert_int_equal(wxid_error_kind(error), WXID_KIND_USAGE);
    assert_non_null(strstr(wxid_error_message(error), "too many calls"));
    wxid_error_free(error);
    assert_int_equal(take_back(engine, 1, 5000), 1);
    assert_int_equal(start_once_more(engine, &mine, NULL), 0);
    assert_int_equal(start_once_more(engine, &mine, NULL), -1);
    assert_int_equal(take_back(engine, WXID_ENGINE_MOST_CALLS, 20000 * slowness()),
                     WXID_ENGINE_MOST_CALLS);
    assert_false(wxid_engine_next(engine, &context));
    assert_false(is_readable(engine));
    assert_int_equal(mine.back, WXID_ENGINE_MOST_CALLS + 1);
    drop_call(&mine);
    wxid_engine_free(engine);
    wxid_client_free(client);
}

/* In time that grows with their number, and not with its square. */
static void many_calls_are_closed_in_time(void **state)
{
    enum { CALLS = 50000 };
    engine_call *calls = calloc(CALLS, sizeof *calls);
    wxid_client *client = client_of("never-answers", 1);
    wxid_engine *engine = new_engine(client);
    (void)state;
    assert_non_null(calls);
    for (unsigned i = 0; i < CALLS; i++) {
        make_call(&calls[i], client, 100, i);
        start_call(engine, &calls[i]);
    }
    int64_t begun_ms = now_ms();
    wxid_engine_close(engine);
    assert_in_range(now_ms() - begun_ms, 0, 1000 * slowness());
    assert_int_equal(take_back(engine, CALLS, 20000 * slowness()), CALLS);
    for (unsigned i = 0; i < CALLS; i++) {
        assert_int_equal(calls[i].back, 1);
        drop_call(&calls[i]);
    }
    free(calls);
    wxid_engine_free(engine);
    wxid_client_free(client);
}

/* ---- Many threads ---- */

enum { THREADS = 4, EACH = 300 };

typedef struct crowd {
    wxid_client *client;
    wxid_engine *engine;
    engine_call calls[THREADS][EACH];
    atomic_int taken;
    atomic_int failures;
} crowd;

typedef struct member {
    crowd *all;
    int number;
} member;

static void take_some(crowd *all)
{
    void *context = NULL;
    struct pollfd done = {.fd = wxid_engine_fd(all->engine), .events = POLLIN};
    (void)poll(&done, 1, 1);
    while (wxid_engine_next(all->engine, &context)) {
        ((engine_call *)context)->back++;
        all->taken++;
    }
}

/* Each starts its own calls, breaks some of them off, and takes whatever has come back. */
static void *take_part(void *context)
{
    const member *me = context;
    crowd *all = me->all;
    engine_call *mine = all->calls[me->number];
    int64_t until_ms = now_ms() + 60000 * slowness();
    for (int i = 0; i < EACH; i++) {
        all->failures += wxid_engine_start(all->engine, mine[i].call, &mine[i], &mine[i].id, NULL);
        if (i % 3 == me->number % 3) {
            wxid_engine_cancel(all->engine, mine[i - i % 2].id);
        }
        if (i % 8 == 7) {
            take_some(all);
        }
    }
    while (all->taken < THREADS * EACH && now_ms() < until_ms) {
        take_some(all);
    }
    return NULL;
}

static void several_start_cancel_and_take_at_once(void **state)
{
    static crowd all;
    pthread_t threads[THREADS];
    member members[THREADS];
    int right = 0;
    (void)state;
    all.client = client_of("ok", 4);
    all.engine = new_engine(all.client);
    server_reset();
    for (int i = 0; i < THREADS; i++) {
        members[i] = (member){&all, i};
        for (int j = 0; j < EACH; j++) {
            make_call(&all.calls[i][j], all.client, SMALL, (unsigned)(i * EACH + j));
        }
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, take_part, &members[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(all.failures, 0);
    assert_int_equal(all.taken, THREADS * EACH);
    for (int i = 0; i < THREADS * EACH; i++) {
        engine_call *call = &all.calls[i / EACH][i % EACH];
        result got = end_call(call);
        assert_int_equal(call->back, 1);
        assert_true(got.ok || got.kind == WXID_KIND_INTERRUPTED);
        right += got.ok;
    }
    assert_in_range(right, THREADS * EACH / 2, THREADS * EACH - 1);
    assert_in_range(server_seen("ok").posts_begun, right, THREADS * EACH);
    wxid_engine_free(all.engine);
    wxid_client_free(all.client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_closed_engine_says_so),
        cmocka_unit_test(an_engine_that_was_never_used),
        cmocka_unit_test(all_calls_come_back),
        cmocka_unit_test(waiting_calls_come_back),
        cmocka_unit_test(calls_that_nobody_took_are_the_callers_again),
        cmocka_unit_test(engines_come_and_go),
        cmocka_unit_test(several_close_at_once),
        cmocka_unit_test(others_take_while_it_is_closed),
        cmocka_unit_test(there_is_a_most_of_calls),
        cmocka_unit_test(many_calls_are_closed_in_time),
        cmocka_unit_test(several_start_cancel_and_take_at_once),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
