/* The process around an engine: its thread, signals, processor time, descriptors, and fork. */
#include "client/engine_calls.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SMALL 3000
#define LARGE ((2 << 20) - 1)

static wxid_client *client_of(const char *fault, int64_t max_connections)
{
    return new_client((client_options){
        .fault = fault, .max_connections = max_connections, .timeout_ms = 30000 * slowness()});
}

/* ---- The thread ---- */

static void the_thread_handles_no_signal(void **state)
{
    engine_call mine;
    sigset_t mask = {0};
    sigset_t same = {0};
    wxid_client *client = client_of("ok", 1);
    wxid_engine *engine = new_engine(client);
    (void)state;
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
    start_calls(engine, client, &mine, 1);
    assert_all_right(engine, &mine, 1);
    uint64_t blocked = figure_of_thread(newest_thread(), "SigBlk", 16);
    for (int number = 1; number < SIGRTMAX; number++) { /* the last is valgrind's own, under it */
        int is_free =
            number == SIGKILL || number == SIGSTOP || (number > SIGSYS && number < SIGRTMIN);
        if (!is_free && (blocked >> (number - 1) & 1) == 0) {
            fail_msg("signal %d is not blocked", number);
        }
    }
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &same), 0);
    assert_memory_equal(&mask, &same, sizeof mask);
    wxid_engine_free(engine);
    wxid_client_free(client);
}

static volatile sig_atomic_t handled_by;

static void note_thread(int number)
{
    (void)number;
    handled_by = (sig_atomic_t)syscall(SYS_gettid);
}

static void signals_are_the_programs(void **state)
{
    engine_call mine;
    sigset_t one;
    struct sigaction action = {.sa_handler = note_thread};
    struct sigaction before;
    wxid_client *client = client_of("slow-ok", 1);
    wxid_engine *engine = new_engine(client);
    (void)state;
    assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
    start_calls(engine, client, &mine, 1);
    (void)sigemptyset(&one);
    (void)sigaddset(&one, SIGUSR1);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &one, NULL), 0);
    assert_int_equal(kill(getpid(), SIGUSR1), 0); /* the system may give it to any thread */
    sleep_ms(50);
    assert_int_equal(handled_by, 0);
    assert_int_equal(pthread_sigmask(SIG_UNBLOCK, &one, NULL), 0);
    assert_int_equal(handled_by, getpid());
    assert_all_right(engine, &mine, 1);
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
    wxid_engine_free(engine);
    wxid_client_free(client);
}

/* How often the thread wakes within 300 ms. */
static int wakes(int thread)
{
    uint64_t before = figure_of_thread(thread, "voluntary_ctxt_switches", 10);
    sleep_ms(300);
    return (int)(figure_of_thread(thread, "voluntary_ctxt_switches", 10) - before);
}

static int64_t processor_ms(void)
{
    struct rusage used;
    assert_int_equal(getrusage(RUSAGE_SELF, &used), 0);
    return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
           (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
}

static void an_idle_engine_sleeps(void **state)
{
    engine_call calls[100]; /* many at once, so that they wake it while it is awake */
    wxid_client *client = client_of("ok", 4);
    wxid_engine *engine = new_engine(client);
    (void)state;
    start_calls(engine, client, calls, 100);
    assert_all_right(engine, calls, 100);
    int thread = newest_thread();
    sleep_ms(50);
    int64_t before_ms = processor_ms();
    assert_in_range(wakes(thread), 0, 2); /* a glance now and then would be more */
    assert_in_range(processor_ms() - before_ms, 0, 20 * slowness());
    wxid_engine_free(engine);
    wxid_client_free(client);
}

/* Wherever the service keeps it waiting: also for the rest of a reply that began too early. */
static void waiting_costs_nothing(void **state)
{
    static const struct {
        const char *fault;
        size_t length;
    } places[] = {{"never-answers", SMALL},
                  {"never-reads", LARGE},
                  {"early-status-line", LARGE},
                  {"status-503/retry-after-9", SMALL}};
    engine_call mine;
    (void)state;
    for (size_t i = 0; i < 2 * sizeof places / sizeof places[0]; i++) {
        int by_tls = i % 2 == 1;
        wxid_client *client = new_client((client_options){.word = by_tls ? "https" : "http",
                                                          .ca_file = server_word("ca"),
                                                          .fault = places[i / 2].fault,
                                                          .max_retries = 2,
                                                          .timeout_ms = 30000 * slowness()});
        wxid_engine *engine = new_engine(client);
        make_call(&mine, client, places[i / 2].length, 1);
        start_call(engine, &mine);
        sleep_ms(600 + 200 * slowness());
        int64_t before_ms = processor_ms();
        int times = wakes(newest_thread());
        if (times > 10) {
            fail_msg("%s: it woke %d times", places[i / 2].fault, times);
        }
        assert_in_range(processor_ms() - before_ms, 0, 30 * slowness());
        wxid_engine_cancel(engine, mine.id);
        assert_all_interrupted(engine, &mine, 1);
        wxid_engine_free(engine);
        wxid_client_free(client);
    }
}

/* ---- Descriptors ---- */

/* The number that the next one gets. */
static rlim_t next_descriptor(void)
{
    int next = dup(STDERR_FILENO);
    assert_true(next > 0);
    assert_int_equal(close(next), 0);
    return (rlim_t)next;
}

/* A program that the caller starts gets none of them. */
static void they_are_closed_on_exec(void **state)
{
    int first = (int)next_descriptor();
    wxid_client *client = client_of("ok", 1);
    wxid_engine *engine = new_engine(client);
    int end = (int)next_descriptor();
    (void)state;
    assert_int_equal(end - first, 4);
    for (int fd = first; fd < end; fd++) {
        assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
        assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    }
    assert_in_range(wxid_engine_fd(engine), first, end - 1);
    wxid_engine_free(engine);
    wxid_client_free(client);
}

static void limit_descriptors(rlim_t most, struct rlimit *before)
{
    assert_int_equal(getrlimit(RLIMIT_NOFILE, before), 0);
    struct rlimit few = {.rlim_cur = most, .rlim_max = before->rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
}

static void running_out_of_descriptors_ends_a_call(void **state)
{
    struct rlimit before;
    engine_call calls[3];
    wxid_client *client = client_of("ok", 3);
    wxid_engine *engine = new_engine(client);
    (void)state;
    limit_descriptors(next_descriptor(), &before);
    start_calls(engine, client, calls, 3);
    int taken = take_back(engine, 3, 5000 * slowness());
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(taken, 3);
    for (int i = 0; i < 3; i++) {
        result got = end_call(&calls[i]);
        assert_int_equal(got.kind, WXID_KIND_SYSTEM);
        assert_non_null(strstr(got.message, "descriptor"));
    }
    start_calls(engine, client, calls, 3);
    assert_all_right(engine, calls, 3);
    wxid_engine_free(engine);
    wxid_client_free(client);
}

static void an_engine_without_descriptors(void **state)
{
    struct rlimit before;
    wxid_engine *engine = NULL;
    wxid_error *error = NULL;
    wxid_client *client = client_of("ok", 3);
    int open = count_descriptors();
    (void)state;
    for (rlim_t left = 0; left < 4; left++) { /* it takes four */
        limit_descriptors(next_descriptor() + left, &before);
        int failed = wxid_engine_new(&engine, wxid_client_session(client), &error);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(failed, -1);
        assert_int_equal(wxid_error_kind(error), WXID_KIND_SYSTEM);
        wxid_error_free(error);
        assert_int_equal(count_descriptors(), open);
    }
    wxid_client_free(client);
}

/* poll() refuses to look at more descriptors than the process may have. */
static void a_limit_below_what_is_open(void **state)
{
    struct rlimit before;
    engine_call calls[4];
    engine_call other;
    wxid_client *client = client_of("slow-ok", 4);
    wxid_engine *engine = new_engine(client);
    (void)state;
    server_reset();
    start_calls(engine, client, calls, 4);
    wait_for_posts("slow-ok", 4);
    make_call(&other, client, SMALL, 5);
    limit_descriptors(1, &before);
    start_call(engine, &other); /* which wakes the thread */
    wxid_engine_cancel(engine, other.id);
    int64_t before_ms = processor_ms();
    sleep_ms(200);
    int64_t used_ms = processor_ms() - before_ms;
    int taken = take_back(engine, 5, 2000 * slowness());
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(taken, 5);
    assert_int_equal(end_call(&other).kind, WXID_KIND_INTERRUPTED);
    for (int i = 0; i < 4; i++) {
        assert_true(end_call(&calls[i]).ok);
    }
    assert_in_range(used_ms, 0, 50 * slowness());
    wxid_engine_free(engine);
    wxid_client_free(client);
}

/* ---- Fork ---- */

/* What a child may do with its parent's engine: nothing, but it does no harm. */
static int child_is_refused(wxid_engine *engine, engine_call *calls)
{
    void *context = NULL;
    wxid_error *error = NULL;
    int failed = wxid_engine_start(engine, calls[0].call, calls, NULL, &error);
    int is_usage = failed == -1 && wxid_error_kind(error) == WXID_KIND_USAGE;
    wxid_error_free(error);
    wxid_engine_cancel(engine, calls[0].id);
    int gave = wxid_engine_next(engine, &context);
    wxid_engine_close(engine);
    gave += wxid_engine_next(engine, &context);
    int open = count_descriptors();
    wxid_engine_free(engine); /* its own copies of two pipes go, but no connection */
    return is_usage && gave == 0 && open - count_descriptors() == 4;
}

static void forks_harm_nobody(const char *word)
{
    enum { FORKS = 50, AT_ONCE = 4 };
    static engine_call calls[FORKS * AT_ONCE];
    int status = 0;
    wxid_client *client = new_client((client_options){.word = word,
                                                      .ca_file = server_word("ca"),
                                                      .fault = "ok",
                                                      .max_connections = AT_ONCE,
                                                      .timeout_ms = 30000 * slowness()});
    wxid_engine *engine = new_engine(client);
    server_reset();
    for (int i = 0; i < FORKS; i++) {
        engine_call *mine = calls + (size_t)i * AT_ONCE;
        start_calls(engine, client, mine, AT_ONCE);
        sleep_ms(i % 8);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            int good = child_is_refused(engine, mine);
            wxid_client_free(client);
            _exit(good ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_all_right(engine, mine, AT_ONCE);
    }
    assert_int_equal(server_seen("ok").posts_begun, FORKS * AT_ONCE);
    assert_in_range(server_seen("ok").connections, 1, AT_ONCE);
    wxid_engine_free(engine);
    wxid_client_free(client);
}

static void a_forked_child_does_nothing(void **state)
{
    (void)state;
    forks_harm_nobody("http");
    forks_harm_nobody("https");
}

/* Nor does it wake the parent's thread, by the pipe that they share. */
static void a_forked_child_breaks_nothing_off(void **state)
{
    engine_call mine;
    int status = 0;
    wxid_client *client = client_of("never-answers", 1);
    wxid_engine *engine = new_engine(client);
    (void)state;
    server_reset();
    start_calls(engine, client, &mine, 1);
    wait_for_posts("never-answers", 1);
    pid_t child = fork();
    if (child == 0) {
        _exit(child_is_refused(engine, &mine) ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    int64_t before_ms = processor_ms();
    assert_in_range(wakes(newest_thread()), 0, 10);
    assert_in_range(processor_ms() - before_ms, 0, 20 * slowness());
    assert_false(is_readable(engine));
    wxid_engine_cancel(engine, mine.id);
    assert_all_interrupted(engine, &mine, 1);
    wxid_engine_free(engine);
    wxid_client_free(client);
}

#ifndef __SANITIZE_THREAD__ /* which allows a forked child no threads */
static void a_forked_child_makes_its_own(void **state)
{
    engine_call calls[4];
    int status = 0;
    wxid_client *client = client_of("slow-ok", 4);
    wxid_engine *engine = new_engine(client);
    (void)state;
    server_reset();
    start_calls(engine, client, calls, 4);
    wait_for_posts("slow-ok", 4);
    pid_t child = fork();
    if (child == 0) {
        engine_call mine;
        wxid_engine_free(engine);
        wxid_engine *own = new_engine(client);
        start_calls(own, client, &mine, 1);
        int back = take_back(own, 1, 10000 * slowness());
        int right = back == 1 && end_call(&mine).ok;
        wxid_engine_free(own);
        _exit(right ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_all_right(engine, calls, 4);
    assert_int_equal(server_seen("slow-ok").posts_begun, 5);
    wxid_engine_free(engine);
    wxid_client_free(client);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_thread_handles_no_signal),
        cmocka_unit_test(signals_are_the_programs),
        cmocka_unit_test(an_idle_engine_sleeps),
        cmocka_unit_test(waiting_costs_nothing),
        cmocka_unit_test(they_are_closed_on_exec),
        cmocka_unit_test(running_out_of_descriptors_ends_a_call),
        cmocka_unit_test(an_engine_without_descriptors),
        cmocka_unit_test(a_limit_below_what_is_open),
        cmocka_unit_test(a_forked_child_does_nothing),
        cmocka_unit_test(a_forked_child_breaks_nothing_off),
#ifndef __SANITIZE_THREAD__
        cmocka_unit_test(a_forked_child_makes_its_own),
#endif
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
