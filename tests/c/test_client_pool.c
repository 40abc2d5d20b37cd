/* Many threads, few connections, callers who lose patience, and the end of a client. */
#include "client/fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define SMALL 3000

/* ---- Threads ---- */

typedef struct work {
    wxid_client *client;
    unsigned first;
    int calls;
    size_t length;
    const wxid_hooks *hooks;
    int right;
    int mismatched;
    result last;
} work;

static void *do_work(void *context)
{
    work *mine = context;
    for (int i = 0; i < mine->calls; i++) {
        mine->last = recognize(mine->client, mine->length, mine->first + (unsigned)i, mine->hooks);
        mine->right += mine->last.ok;
        mine->mismatched += mine->last.mismatched;
    }
    return NULL;
}

static void run_threads(pthread_t *threads, work *works, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, do_work, &works[i]), 0);
    }
}

static void join_threads(const pthread_t *threads, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

static void ten_threads_share_ten_connections(void **state)
{
    pthread_t threads[10];
    work works[10] = {{0}};
    int before = count_descriptors();
    wxid_client *client = new_client((client_options){.fault = "ok", .timeout_ms = 20000});
    (void)state;
    server_reset();
    for (unsigned i = 0; i < 10; i++) {
        works[i] = (work){.client = client, .first = i * 1000, .calls = 100, .length = SMALL};
    }
    run_threads(threads, works, 10);
    join_threads(threads, 10);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(works[i].right, 100);
    }
    seen counted = server_seen("ok");
    assert_in_range(counted.connections, 1, 10);
    assert_int_equal(counted.posts_whole, 1000);
    wxid_client_free(client);
    assert_int_equal(count_descriptors(), before);
}

/* Beyond max_connections callers wait their turn; all get one, and the server never sees more at
 * once. */
static void callers_wait_for_a_connection(void **state)
{
    pthread_t threads[8];
    work works[8] = {{0}};
    wxid_client *client =
        new_client((client_options){.fault = "slow-ok", .max_connections = 2, .timeout_ms = 10000});
    (void)state;
    server_reset();
    int64_t begun = now_ms();
    for (unsigned i = 0; i < 8; i++) {
        works[i] = (work){.client = client, .first = i, .calls = 1, .length = SMALL};
    }
    run_threads(threads, works, 8);
    join_threads(threads, 8);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(works[i].right, 1);
    }
    assert_in_range(now_ms() - begun, 1200, 2500); /* 4 rounds of 300 ms */
    assert_int_equal(server_seen("slow-ok").connections, 2);
    wxid_client_free(client);
}

static void the_deadline_holds_while_waiting_for_a_connection(void **state)
{
    pthread_t threads[1];
    work busy = {0};
    wxid_client *client = new_client(
        (client_options){.fault = "never-answers", .max_connections = 1, .timeout_ms = 600});
    (void)state;
    server_reset();
    busy = (work){.client = client, .calls = 1, .length = SMALL};
    run_threads(threads, &busy, 1);
    sleep_ms(100);
    result got = recognize(client, SMALL, 2, NULL);
    assert_int_equal(got.kind, WXID_KIND_TIMEOUT);
    assert_in_range(got.elapsed_ms, 500, 850);
    join_threads(threads, 1);
    wxid_client_free(client);
}

typedef struct turn {
    pthread_t other; /* which has the only connection */
    int is_over;
} turn;

/* Ends the call in the very moment in which the other has handed its connection over. */
static int wait_for_other_and_end(void *context)
{
    turn *mine = context;
    if (!mine->is_over) {
        join_threads(&mine->other, 1);
        mine->is_over = 1;
    }
    return 1;
}

static void a_connection_is_not_lost_with_the_call_it_was_handed_to(void **state)
{
    turn mine = {.is_over = 0};
    work busy = {0};
    wxid_hooks hooks = WXID_HOOKS_INIT;
    wxid_client *client =
        new_client((client_options){.fault = "slow-ok", .max_connections = 1, .timeout_ms = 5000});
    (void)state;
    hooks.context = &mine;
    hooks.tick = wait_for_other_and_end;
    server_reset();
    busy = (work){.client = client, .calls = 1, .length = SMALL};
    run_threads(&mine.other, &busy, 1);
    while (server_seen("slow-ok").posts_begun == 0) {
        sleep_ms(5);
    }
    assert_int_equal(recognize(client, SMALL, 2, &hooks).kind, WXID_KIND_INTERRUPTED);
    assert_int_equal(busy.right, 1);
    assert_clean_call(client);
    wxid_client_free(client);
}

/* ---- Hooks ---- */

typedef struct patience {
    int64_t ends_ms;
    int ticks;
} patience;

static int tick(void *context)
{
    patience *mine = context;
    mine->ticks++;
    return now_ms() >= mine->ends_ms;
}

static wxid_hooks ticking(patience *mine, int lasts_ms)
{
    wxid_hooks hooks = WXID_HOOKS_INIT;
    *mine = (patience){.ends_ms = now_ms() + lasts_ms};
    hooks.context = mine;
    hooks.tick = tick;
    return hooks;
}

static void assert_interrupted(wxid_client *client, size_t length)
{
    patience mine;
    wxid_hooks hooks = ticking(&mine, 150);
    result got = recognize(client, length, 1, &hooks);
    assert_int_equal(got.kind, WXID_KIND_INTERRUPTED);
    assert_in_range(got.elapsed_ms, 100, 150 + 250);
    assert_in_range(mine.ticks, 2, 20);
}

static void a_tick_ends_a_call_wherever_it_is(void **state)
{
    static const struct {
        const char *fault;
        size_t length;
    } places[] = {{"never-answers", SMALL},
                  {"never-reads", (2 << 20) - 1},
                  {"slow-body", SMALL},
                  {"status-503/retry-after-2", SMALL}};
    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        int before = count_descriptors();
        wxid_client *client =
            new_client((client_options){.fault = places[i].fault, .max_retries = 2});
        assert_interrupted(client, places[i].length);
        wxid_client_free(client);
        assert_int_equal(count_descriptors(), before);
    }
}

static void a_tick_ends_the_wait_for_a_connection(void **state)
{
    pthread_t threads[1];
    work busy = {0};
    wxid_client *client = new_client(
        (client_options){.fault = "never-answers", .max_connections = 1, .timeout_ms = 700});
    (void)state;
    busy = (work){.client = client, .calls = 1, .length = SMALL};
    run_threads(threads, &busy, 1);
    sleep_ms(100);
    assert_interrupted(client, SMALL);
    join_threads(threads, 1);
    wxid_client_free(client);
}

static wxid_client *client_that_asks(void)
{
    char base_url[128] = "";
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_client *client = NULL;
    strcat(strcat(base_url, server_word("http")), "/fault/ok");
    settings.base_url = base_url;
    settings.ask_for_token = 1;
    assert_int_equal(wxid_client_new(&client, &settings, NULL), 0);
    return client;
}

static int gives_token(void *context, wxid_call *call)
{
    ++*(int *)context;
    return wxid_call_answer_token(call, TOKEN, NULL);
}

static int gives_nothing(void *context, wxid_call *call)
{
    (void)context, (void)call;
    return 0;
}

static int gives_up(void *context, wxid_call *call)
{
    (void)context, (void)call;
    return 1;
}

static void tokens_are_asked_for(void **state)
{
    int asked = 0;
    wxid_client *client = client_that_asks();
    wxid_hooks hooks = WXID_HOOKS_INIT;
    (void)state;
    hooks.context = &asked;
    hooks.token = gives_token;
    assert_true(recognize(client, SMALL, 1, &hooks).ok);
    assert_int_equal(asked, 1);
    hooks.token = gives_nothing;
    assert_int_equal(recognize(client, SMALL, 1, &hooks).kind, WXID_KIND_USAGE);
    hooks.token = gives_up;
    assert_int_equal(recognize(client, SMALL, 1, &hooks).kind, WXID_KIND_INTERRUPTED);
    assert_int_equal(recognize(client, SMALL, 1, NULL).kind, WXID_KIND_USAGE);
    hooks.version = 99;
    assert_int_equal(recognize(client, SMALL, 1, &hooks).kind, WXID_KIND_USAGE);
    wxid_client_free(client);
}

/* ---- Closing ---- */

static void a_closed_client_says_so(void **state)
{
    int before = count_descriptors();
    wxid_client *client = new_client((client_options){.fault = "ok"});
    (void)state;
    assert_clean_call(client);
    assert_false(wxid_client_is_closed(client));
    wxid_client_close(client);
    assert_true(wxid_client_is_closed(client));
    assert_int_equal(count_descriptors(), before);
    result got = recognize(client, SMALL, 1, NULL);
    assert_int_equal(got.kind, WXID_KIND_USAGE);
    assert_non_null(strstr(got.message, "closed"));
    wxid_client_close(client);
    wxid_client_free(client);
    wxid_client_free(NULL);
}

static void calls_in_flight_end_as_they_would(void **state)
{
    pthread_t threads[3];
    work works[3] = {{0}};
    int before = count_descriptors();
    wxid_client *client = new_client((client_options){
        .fault = "slow-ok", .max_connections = 2}); /* so that one waits for its turn */
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        works[i] = (work){.client = client, .first = i, .calls = 1, .length = SMALL};
    }
    run_threads(threads, works, 3);
    sleep_ms(100);
    wxid_client_close(client);
    join_threads(threads, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(works[i].right, 1);
    }
    assert_int_equal(count_descriptors(), before);
    wxid_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_threads_share_ten_connections),
        cmocka_unit_test(callers_wait_for_a_connection),
        cmocka_unit_test(the_deadline_holds_while_waiting_for_a_connection),
        cmocka_unit_test(a_tick_ends_a_call_wherever_it_is),
        cmocka_unit_test(a_tick_ends_the_wait_for_a_connection),
        cmocka_unit_test(a_connection_is_not_lost_with_the_call_it_was_handed_to),
        cmocka_unit_test(tokens_are_asked_for),
        cmocka_unit_test(a_closed_client_says_so),
        cmocka_unit_test(calls_in_flight_end_as_they_would),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
