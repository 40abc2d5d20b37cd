/* The engine: many calls over few connections, in turn and in time; steps that are the caller's;
 * and what its descriptor says. */
#include "client/account.h"
#include "client/engine_calls.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SMALL 3000
#define LARGE ((2 << 20) - 1)
#define MANY 300

/* ---- Connections ---- */

static wxid_client *client_of(const char *fault, int64_t max_connections)
{
    return new_client((client_options){
        .fault = fault, .max_connections = max_connections, .timeout_ms = 20000 * slowness()});
}

/* None of them is closed before the end, so there never were more at once. */
static void many_calls_share_few_connections(void **state)
{
    static engine_call calls[MANY];
    (void)state;
    for (int by_tls = 0; by_tls < 2; by_tls++) {
        int before = count_descriptors();
        wxid_client *client = new_client((client_options){.word = by_tls ? "https" : "http",
                                                          .ca_file = server_word("ca"),
                                                          .fault = "ok",
                                                          .max_connections = 5,
                                                          .timeout_ms = 20000 * slowness()});
        wxid_engine *engine = new_engine(client);
        server_reset();
        start_calls(engine, client, calls, MANY);
        assert_all_right(engine, calls, MANY);
        assert_int_equal(server_seen("ok").posts_whole, MANY);
        assert_in_range(server_seen("ok").connections, 2, 5);
        wxid_engine_free(engine);
        wxid_client_free(client);
        assert_int_equal(count_descriptors(), before);
    }
}

static void connections_are_used_at_once(void **state)
{
    engine_call calls[16];
    wxid_client *client = client_of("slow-ok", 8);
    wxid_engine *engine = new_engine(client);
    (void)state;
    server_reset();
    int64_t begun_ms = now_ms();
    start_calls(engine, client, calls, 16);
    assert_all_right(engine, calls, 16);
    assert_in_range(now_ms() - begun_ms, 600, 1500 * slowness()); /* 2 rounds of 300 ms */
    assert_int_equal(server_seen("slow-ok").connections, 8);
    wxid_engine_free(engine);
    wxid_client_free(client);
}

static void calls_wait_their_turn(void **state)
{
    engine_call calls[40];
    wxid_client *client = client_of("ok", 1);
    wxid_engine *engine = new_engine(client);
    (void)state;
    start_calls(engine, client, calls, 40);
    assert_all_right(engine, calls, 40);
    for (int i = 0; i < 40; i++) {
        assert_int_equal(calls[i].turn, i + 1);
    }
    wxid_engine_free(engine);
    wxid_client_free(client);
}

/* The first two are refused once, and have waited for a connection before: they go before those
 * that have not, in their own order. */
static void whoever_had_a_turn_goes_first(void **state)
{
    engine_call calls[8];
    wxid_client *client = new_client((client_options){.fault = "status-503/retry-after-0/first-2",
                                                      .max_connections = 1,
                                                      .max_retries = 2,
                                                      .timeout_ms = 20000 * slowness()});
    wxid_engine *engine = new_engine(client);
    (void)state;
    server_reset();
    start_calls(engine, client, calls, 8);
    assert_all_right(engine, calls, 8);
    assert_int_equal(calls[0].turn, 1);
    assert_int_equal(calls[1].turn, 2);
    assert_int_equal(calls[2].turn, 3);
    assert_int_equal(calls[7].turn, 8);
    wxid_engine_free(engine);
    wxid_client_free(client);
}

/* The first three are told to wait for a second; when that is over one of the others is being
 * served, slowly. */
static void those_who_had_a_turn_keep_their_order(void **state)
{
    engine_call calls[8];
    wxid_client *client =
        new_client((client_options){.fault = "status-503/retry-after-1/first-3/then-slow-ok",
                                    .max_connections = 1,
                                    .max_retries = 2,
                                    .timeout_ms = 20000 * slowness()});
    wxid_engine *engine = new_engine(client);
    (void)state;
    server_reset();
    start_calls(engine, client, calls, 8);
    assert_all_right(engine, calls, 8);
    assert_true(calls[3].turn < calls[0].turn);
    assert_true(calls[0].turn < calls[1].turn);
    assert_true(calls[1].turn < calls[2].turn);
    assert_true(calls[2].turn < calls[7].turn);
    wxid_engine_free(engine);
    wxid_client_free(client);
}

static wxid_client *client_by_name(const char *fault)
{
    char base_url[128];
    wxid_client *client = NULL;
    wxid_settings settings = WXID_SETTINGS_INIT;
    (void)snprintf(base_url, sizeof base_url, "http://localhost%s/fault/%s",
                   strrchr(server_word("http"), ':'), fault);
    settings.base_url = base_url;
    settings.access_token = TOKEN;
    settings.timeout_ms = 20000 * slowness();
    assert_int_equal(wxid_client_new(&client, &settings, NULL), 0);
    return client;
}

/* libcurl resolves names in a thread of its own, and tries addresses side by side: more sockets
 * than one, and nobody looks at those any more that are closed on the way. */
static void a_host_may_be_a_name(void **state)
{
    engine_call calls[20];
    int before = count_descriptors();
    wxid_client *client = client_by_name("ok");
    wxid_engine *engine = new_engine(client);
    (void)state;
    start_calls(engine, client, calls, 20);
    assert_all_right(engine, calls, 20);
    wxid_engine_free(engine);
    wxid_client_free(client);
    client = client_by_name("never-answers");
    engine = new_engine(client);
    server_reset();
    start_calls(engine, client, calls, 1);
    wait_for_posts("never-answers", 1);
    clock_t used = clock();
    sleep_ms(400);
    assert_in_range(clock() - used, 0, CLOCKS_PER_SEC / 25 * slowness());
    wxid_engine_cancel(engine, calls[0].id);
    assert_all_interrupted(engine, calls, 1);
    wxid_engine_free(engine);
    wxid_client_free(client);
    assert_int_equal(count_descriptors(), before);
}

/* ---- Time ---- */

/* The deadline of the last is the earliest: it comes while another runs, and another waits before
 * it. */
static void the_deadline_holds_in_the_queue(void **state)
{
    int lasts_ms = 500 * slowness();
    engine_call calls[3];
    wxid_client *client = new_client(
        (client_options){.fault = "never-answers", .max_connections = 1, .timeout_ms = lasts_ms});
    wxid_engine *engine = new_engine(client);
    (void)state;
    server_reset();
    int64_t begun_ms = now_ms();
    make_call(&calls[2], client, SMALL, 2);
    sleep_ms(lasts_ms / 2);
    make_call(&calls[1], client, SMALL, 1);
    make_call(&calls[0], client, SMALL, 0);
    for (int i = 0; i < 3; i++) {
        start_call(engine, &calls[i]);
    }
    assert_int_equal(take_back(engine, 1, 2 * lasts_ms), 1);
    assert_in_range(now_ms() - begun_ms, lasts_ms, lasts_ms * 3 / 2 - 50);
    assert_int_equal(calls[2].turn, 1);
    assert_int_equal(take_back(engine, 2, 2 * lasts_ms), 2);
    assert_in_range(now_ms() - begun_ms, lasts_ms * 3 / 2, 2 * lasts_ms);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(calls[i].back, 1);
        assert_int_equal(end_call(&calls[i]).kind, WXID_KIND_TIMEOUT);
    }
    assert_int_equal(server_seen("never-answers").posts_begun, 1);
    wxid_engine_free(engine);
    wxid_client_free(client);
}

/* A wait that would end after the deadline is none. */
static void the_deadline_holds_while_running(void **state)
{
    static const char *const faults[] = {"never-answers", "never-reads", "slow-body",
                                         "early-status-line"};
    engine_call calls[4];
    int lasts_ms = 800 * slowness();
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        wxid_client *client =
            new_client((client_options){.fault = faults[i], .timeout_ms = lasts_ms});
        wxid_engine *engine = new_engine(client);
        int64_t begun_ms = now_ms();
        make_call(&calls[i], client, LARGE, 0);
        start_call(engine, &calls[i]);
        assert_int_equal(take_back(engine, 1, 5 * lasts_ms), 1);
        assert_in_range(now_ms() - begun_ms, lasts_ms, lasts_ms + 250 * slowness());
        assert_int_equal(end_call(&calls[i]).kind, WXID_KIND_TIMEOUT);
        wxid_engine_free(engine);
        wxid_client_free(client);
    }
}

/* ---- Steps that are the caller's ---- */

static void a_token_step_comes_back(void **state)
{
    engine_call mine;
    char base_url[128];
    wxid_client *client = NULL;
    wxid_settings settings = WXID_SETTINGS_INIT;
    (void)state;
    (void)snprintf(base_url, sizeof base_url, "%s/fault/account-refusing", server_word("http"));
    settings.base_url = base_url;
    settings.ask_for_token = 1;
    assert_int_equal(wxid_client_new(&client, &settings, NULL), 0);
    wxid_engine *engine = new_engine(client);
    server_reset();
    make_call(&mine, client, SMALL, 1);
    for (int round = 0; round < 2; round++) {
        start_call(engine, &mine);
        assert_int_equal(take_back(engine, 1, 5000 * slowness()), 1);
        assert_int_equal(wxid_call_step(mine.call, now_ms()), WXID_STEP_TOKEN);
        assert_int_equal(wxid_call_failed_token(mine.call) != NULL, round);
        wxid_engine_cancel(engine, mine.id); /* which does not concern it any more */
        assert_int_equal(
            wxid_call_answer_token(mine.call, round ? TOKEN : "account-refusing-1", NULL), 0);
    }
    mine.back = 0;
    start_call(engine, &mine);
    assert_all_right(engine, &mine, 1);
    assert_int_equal(count("account-refusing/with/" TOKEN), 1);
    wxid_engine_free(engine);
    wxid_client_free(client);
}

static void store_steps_come_back(void **state)
{
    engine_call mine;
    int steps = 0;
    wxid_client *client = new_account("account", 1);
    wxid_engine *engine = new_engine(client);
    (void)state;
    server_reset();
    make_call(&mine, client, SMALL, 1);
    for (;;) {
        start_call(engine, &mine);
        assert_int_equal(take_back(engine, 1, 5000 * slowness()), 1);
        if (wxid_call_step(mine.call, now_ms()) != WXID_STEP_STORE) {
            break;
        }
        int64_t unix_ms = (int64_t)1700000000000;
        wxid_store_answer answer = WXID_STORE_ANSWER_INIT;
        const wxid_store_request *request = wxid_call_store_request(mine.call, unix_ms);
        assert_non_null(request);
        answer.stored = request->action == WXID_STORE_ADD;
        assert_int_equal(wxid_call_answer_store(mine.call, now_ms(), unix_ms, &answer, NULL), 0);
        steps++;
    }
    assert_int_equal(steps, 5);
    assert_int_equal(count("account/fetches"), 1);
    assert_true(end_call(&mine).ok);
    wxid_engine_free(engine);
    wxid_client_free(client);
}

/* One fetches the token, the others wait for it: SEND and WAIT steps only. */
static void a_token_is_fetched_once(void **state)
{
    engine_call calls[20];
    wxid_client *client = new_account("account", 0);
    wxid_engine *engine = new_engine(client);
    (void)state;
    server_reset();
    start_calls(engine, client, calls, 20);
    assert_all_right(engine, calls, 20);
    assert_int_equal(count("account/fetches"), 1);
    wxid_engine_free(engine);
    wxid_client_free(client);
}

/* Who fetches it comes back at the beginning and at the end of it. */
static void a_fetch_comes_back_at_both_ends(void **state)
{
    engine_call mine;
    void *context = NULL;
    struct pollfd done = {.events = POLLIN};
    static const int is_fetching[] = {1, 0, 0};
    wxid_client *client = new_account("account", 0);
    wxid_engine *engine = new_engine(client);
    (void)state;
    server_reset();
    done.fd = wxid_engine_fd(engine);
    make_call(&mine, client, SMALL, 1);
    for (int i = 0; i < 3; i++) {
        start_call(engine, &mine);
        assert_int_equal(poll(&done, 1, 5000 * slowness()), 1);
        assert_true(wxid_engine_next(engine, &context));
        assert_int_equal(wxid_call_is_fetching(mine.call), is_fetching[i]);
        assert_int_equal(count("account/fetches"), i > 0);
        wxid_step step = wxid_call_step(mine.call, now_ms());
        assert_int_equal(step, i < 2 ? WXID_STEP_SEND : WXID_STEP_DONE);
    }
    assert_true(end_call(&mine).ok);
    wxid_engine_free(engine);
    wxid_client_free(client);
}

/* ---- The descriptor ---- */

static void it_is_readable_while_something_has_come_back(void **state)
{
    engine_call calls[3];
    void *context = NULL;
    wxid_client *client = client_of("ok", 3);
    wxid_engine *engine = new_engine(client);
    (void)state;
    assert_false(is_readable(engine));
    assert_false(wxid_engine_next(engine, &context));
    for (int round = 0; round < 20; round++) {
        server_reset();
        start_calls(engine, client, calls, 3);
        int64_t until_ms = now_ms() + 10000 * slowness();
        while (server_seen("ok").posts_whole < 3 && now_ms() < until_ms) {
        }
        sleep_ms(20 * slowness()); /* all three are over now */
        for (int left = 3; left > 0; left--) {
            assert_true(is_readable(engine));
            assert_true(wxid_engine_next(engine, &context));
            assert_true(end_call(context).ok);
        }
        assert_false(is_readable(engine));
        assert_false(wxid_engine_next(engine, &context));
    }
    wxid_engine_free(engine);
    wxid_client_free(client);
}

/* A call that is over, and one that cannot be sent any more. */
static void calls_without_anything_to_do_come_back(void **state)
{
    engine_call mine;
    wxid_client *client = new_client((client_options){.fault = "ok", .timeout_ms = 20});
    wxid_engine *engine = new_engine(client);
    (void)state;
    server_reset();
    make_call(&mine, client, SMALL, 1);
    wxid_call_abandon(mine.call, wxid_error_new(WXID_KIND_INTERRUPTED, "by the test"));
    start_call(engine, &mine);
    assert_all_interrupted(engine, &mine, 1);
    make_call(&mine, client, SMALL, 1);
    sleep_ms(30);
    start_call(engine, &mine);
    assert_int_equal(take_back(engine, 1, 1000 * slowness()), 1);
    assert_int_equal(end_call(&mine).kind, WXID_KIND_TIMEOUT);
    assert_int_equal(server_seen("ok").posts_begun, 0);
    wxid_engine_free(engine);
    wxid_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_calls_share_few_connections),
        cmocka_unit_test(connections_are_used_at_once),
        cmocka_unit_test(calls_wait_their_turn),
        cmocka_unit_test(whoever_had_a_turn_goes_first),
        cmocka_unit_test(those_who_had_a_turn_keep_their_order),
        cmocka_unit_test(a_host_may_be_a_name),
        cmocka_unit_test(the_deadline_holds_in_the_queue),
        cmocka_unit_test(the_deadline_holds_while_running),
        cmocka_unit_test(a_token_step_comes_back),
        cmocka_unit_test_setup(store_steps_come_back, next_account),
        cmocka_unit_test_setup(a_token_is_fetched_once, next_account),
        cmocka_unit_test_setup(a_fetch_comes_back_at_both_ends, next_account),
        cmocka_unit_test(it_is_readable_while_something_has_come_back),
        cmocka_unit_test(calls_without_anything_to_do_come_back),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
