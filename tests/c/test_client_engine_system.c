/* An engine on a system of this program's own: its clock_gettime(), poll(), pthread_create() and
 * getrandom() come before the system's, also for the library and for libcurl. The clock runs 50
 * times as fast, for idle connections are kept for 20 seconds. */
#include "client/engine_calls.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <wxidcard_connection.h>

#define SMALL 3000
#define FASTER 50
#define KEPT_MS (WXID_KEPT_MS / FASTER) /* by the system's clock */

static int is_fast;
static atomic_int_fast64_t ahead_ms; /* the clock, beside being fast */
static int has_no_thread;
static int has_no_entropy; /* as in the first seconds of a machine's life */

typedef int create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *context)
{
    create *systems = NULL;
    *(void **)&systems = dlsym(RTLD_NEXT, "pthread_create");
    return has_no_thread ? EAGAIN : systems(thread, attributes, run, context);
}

ssize_t getrandom(void *buffer, size_t length, unsigned flags)
{
    if (has_no_entropy) {
        errno = EAGAIN;
        return -1;
    }
    return syscall(SYS_getrandom, buffer, length, flags);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (syscall(SYS_clock_gettime, clock, now) != 0) {
        return -1;
    }
    if (is_fast && clock == CLOCK_MONOTONIC) {
        int64_t ns = ((int64_t)now->tv_sec * 1000000000 + now->tv_nsec) * FASTER;
        ns += ahead_ms * 1000000;
        *now = (struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    }
    return 0;
}

/* By microseconds, so that a wait of some milliseconds does not end before its time. */
int poll(struct pollfd *sockets, nfds_t count, int longest_ms)
{
    int64_t ns = (int64_t)longest_ms * 1000000 / (is_fast ? FASTER : 1);
    struct timespec longest = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    return (int)syscall(SYS_ppoll, sockets, count, longest_ms < 0 ? NULL : &longest, NULL, 0);
}

static int64_t system_ms(void)
{
    struct timespec now;
    (void)syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Before anything has looked at the clock. */
static int start_fast_clock(void **state)
{
    is_fast = 1;
    return start_server(state);
}

static wxid_client *patient_client(int64_t max_connections)
{
    return new_client((client_options){.fault = "slow-ok",
                                       .max_connections = max_connections,
                                       .timeout_ms = 20000 * FASTER,
                                       .connect_timeout_ms = 20000 * FASTER});
}

/* Until so many are open, or a time is over, by the system's clock; returns how long it was. */
static int64_t until_open(int wanted, int64_t longest_ms)
{
    int64_t begun_ms = system_ms();
    wanted++; /* the one that asks */
    while (server_seen("listener/http").open != wanted && system_ms() - begun_ms < longest_ms) {
        sleep_ms(10 * FASTER);
    }
    return system_ms() - begun_ms;
}

static void idle_connections_are_closed(void **state)
{
    engine_call calls[3];
    wxid_client *client = patient_client(3);
    wxid_engine *engine = new_engine(client);
    (void)state;
    start_calls(engine, client, calls, 3);
    assert_int_equal(take_back(engine, 3, 20000 * FASTER), 3);
    int open = count_descriptors();
    int64_t took_ms = until_open(0, 20000);
    assert_in_range(took_ms, KEPT_MS - 150, KEPT_MS + 2000 * slowness());
    assert_true(count_descriptors() <= open - 3);
    int thread = newest_thread();
    uint64_t wakes = figure_of_thread(thread, "voluntary_ctxt_switches", 10);
    clock_t used = clock();
    sleep_ms(200 * FASTER); /* then it has nothing to do any more */
    assert_in_range(figure_of_thread(thread, "voluntary_ctxt_switches", 10) - wakes, 0, 2);
    assert_in_range((clock() - used) / (CLOCKS_PER_SEC / 1000), 0, 20 * slowness());
    for (int i = 0; i < 3; i++) {
        assert_true(end_call(&calls[i]).ok);
    }
    start_calls(engine, client, calls, 3);
    assert_all_right(engine, calls, 3);
    wxid_engine_free(engine);
    wxid_client_free(client);
}

/* Those that are idle are closed although another one is in use all the time. */
static void also_while_others_are_used(void **state)
{
    engine_call calls[3];
    wxid_client *client = patient_client(3);
    wxid_engine *engine = new_engine(client);
    (void)state;
    (void)until_open(0, 20000);
    server_reset();
    start_calls(engine, client, calls, 3);
    assert_all_right(engine, calls, 3);
    int64_t begun_ms = system_ms();
    while (system_ms() - begun_ms < 2 * KEPT_MS + 200) { /* each call takes 300 ms of the server */
        start_calls(engine, client, calls, 1);
        assert_all_right(engine, calls, 1);
    }
    assert_in_range(until_open(1, 20000), 0, 2000 * slowness());
    assert_int_equal(server_seen("slow-ok").connections, 3);
    wxid_engine_free(engine);
    wxid_client_free(client);
}

/* While a call runs, the deadline of the next passes, and that of the one after it has time. The
 * thread learns of it when the connection is free. */
static void nothing_is_sent_after_its_deadline(void **state)
{
    engine_call calls[9];
    wxid_client *client = patient_client(1);
    wxid_engine *engine = new_engine(client);
    (void)state;
    start_calls(engine, client, calls, 9); /* then connections are used again at once */
    assert_int_equal(take_back(engine, 9, 20000 * FASTER), 9);
    for (int i = 0; i < 9; i++) {
        assert_true(end_call(&calls[i]).ok);
    }
    server_reset();
    make_call(&calls[1], client, SMALL, 1);
    ahead_ms += 10000 * FASTER;
    make_call(&calls[0], client, SMALL, 0);
    make_call(&calls[2], client, SMALL, 2);
    for (int i = 0; i < 3; i++) {
        start_call(engine, &calls[i]);
    }
    wait_for_posts("slow-ok", 1);
    ahead_ms += 15000 * FASTER;
    assert_int_equal(take_back(engine, 3, 20000 * FASTER), 3);
    assert_int_equal(end_call(&calls[1]).kind, WXID_KIND_TIMEOUT);
    assert_true(end_call(&calls[0]).ok);
    assert_true(end_call(&calls[2]).ok);
    assert_int_equal(server_seen("slow-ok").posts_begun, 2);
    wxid_engine_free(engine);
    wxid_client_free(client);
}

static void without_a_thread_nothing_starts(void **state)
{
    engine_call mine;
    wxid_error *error = NULL;
    wxid_client *client = patient_client(1);
    wxid_engine *engine = new_engine(client);
    (void)state;
    make_call(&mine, client, SMALL, 1);
    has_no_thread = 1;
    int failed = wxid_engine_start(engine, mine.call, &mine, NULL, &error);
    has_no_thread = 0;
    assert_int_equal(failed, -1);
    assert_int_equal(wxid_error_kind(error), WXID_KIND_SYSTEM);
    wxid_error_free(error);
    assert_false(is_readable(engine));
    start_call(engine, &mine); /* it may be tried again */
    assert_all_right(engine, &mine, 1);
    wxid_engine_free(engine);
    wxid_client_free(client);
}

/* The boundary of a multipart body is made of the call's seed. */
static void call_and_copy_head(wxid_client *client, char *head, size_t size)
{
    wxid_value *card = NULL;
    wxid_recognition recognition = WXID_RECOGNITION_INIT;
    unsigned char *picture = new_picture(SMALL, 1);
    recognition.image = picture;
    recognition.image_length = SMALL;
    assert_int_equal(wxid_client_recognize(&card, client, &recognition, NULL, NULL), 0);
    const char *told = wxid_value_string(wxid_value_get(card, "head"), NULL);
    assert_non_null(strstr(told, "boundary="));
    (void)snprintf(head, size, "%s", told);
    wxid_value_free(card);
    free(picture);
}

static void calls_differ_without_entropy(void **state)
{
    char heads[2][1024];
    wxid_client *client = new_client((client_options){
        .fault = "echo", .timeout_ms = 20000 * FASTER, .connect_timeout_ms = 20000 * FASTER});
    (void)state;
    has_no_entropy = 1;
    for (size_t i = 0; i < 2; i++) {
        call_and_copy_head(client, heads[i], sizeof heads[i]);
    }
    has_no_entropy = 0;
    assert_string_not_equal(heads[0], heads[1]);
    wxid_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle_connections_are_closed),
        cmocka_unit_test(also_while_others_are_used),
        cmocka_unit_test(nothing_is_sent_after_its_deadline),
        cmocka_unit_test(without_a_thread_nothing_starts),
        cmocka_unit_test(calls_differ_without_entropy),
    };
    return cmocka_run_group_tests(tests, start_fast_clock, stop_server);
}
