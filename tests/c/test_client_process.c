/* The process around a client: fork, signals, descriptors, memory, the environment; and what goes
 * onto the wire. */
#include "client/fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SMALL 3000

/* ---- Fork ---- */

static int calls_are_right(wxid_client *client, int calls)
{
    int right = 0;
    for (int i = 0; i < calls; i++) {
        right += recognize(client, SMALL, (unsigned)(getpid() * 100 + i), NULL).ok;
    }
    return right == calls;
}

/* Runs the calls in a child; returns its pid. It leaves by _exit(), as a forked worker should. */
static pid_t in_child(wxid_client *client, int calls)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int right = calls_are_right(client, calls);
        wxid_client_free(client);
        _exit(right ? 0 : 1);
    }
    return pid;
}

static void assert_child_right(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void parent_and_child_both_work(const char *word)
{
    wxid_client *client = new_client((client_options){
        .word = word, .ca_file = server_word("ca"), .fault = "ok", .timeout_ms = 10000});
    server_reset();
    assert_child_right(in_child(client, 5)); /* before the first call */
    assert_true(calls_are_right(client, 5));
    pid_t first = in_child(client, 20);
    pid_t second = in_child(client, 20);
    assert_true(calls_are_right(client, 20));
    assert_child_right(first);
    assert_child_right(second);
    assert_true(calls_are_right(client, 5));
    /* Each of the four has a connection of its own, and keeps it: no child said goodbye on the
     * parent's. */
    assert_int_equal(server_seen("ok").connections, 4);
    wxid_client_free(client);
}

static void a_forked_child_has_connections_of_its_own(void **state)
{
    (void)state;
    parent_and_child_both_work("http");
    parent_and_child_both_work("https");
}

#ifdef __SANITIZE_ADDRESS__
/* Its allocator is not for children of a process whose other threads are just allocating: here they
 * wait for the service. */
#define FORKS 8
#define DURING "slow-ok"
#else
#define FORKS 100
#define DURING "ok"
#endif

static atomic_int is_over;

static void *call_on(void *client)
{
    unsigned number = 0;
    while (!atomic_load(&is_over)) {
        if (!recognize(client, SMALL, ++number, NULL).ok) {
            return NULL;
        }
    }
    return client;
}

/* 62: while other threads are in the middle of calls, holding slots and perhaps locks. */
static void a_fork_during_calls_harms_nobody(void **state)
{
    pthread_t threads[4];
    wxid_client *client =
        new_client((client_options){.fault = DURING, .max_connections = 2, .timeout_ms = 10000});
    (void)state;
    atomic_store(&is_over, 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, call_on, client), 0);
    }
    for (int i = 0; i < FORKS; i += 2) { /* two at once */
        pid_t first = in_child(client, 1);
        pid_t second = in_child(client, 1);
        assert_child_right(first);
        assert_child_right(second);
    }
    atomic_store(&is_over, 1);
    for (size_t i = 0; i < 4; i++) {
        void *right = NULL;
        assert_int_equal(pthread_join(threads[i], &right), 0);
        assert_ptr_equal(right, client);
    }
    wxid_client_free(client);
}

typedef struct forking {
    pid_t child;
    int forked;
} forking;

static int fork_once(void *context)
{
    forking *mine = context;
    if (!mine->forked) {
        mine->forked = 1;
        mine->child = fork();
    }
    return 0;
}

/* A hook may fork. In the child the call ends, and nothing more goes over the parent's connection.
 */
static void a_fork_in_a_hook_ends_the_childs_call_only(void **state)
{
    forking mine = {0};
    wxid_hooks hooks = WXID_HOOKS_INIT;
    wxid_client *client = new_client((client_options){.fault = "slow-ok"});
    (void)state;
    server_reset();
    hooks.context = &mine;
    hooks.tick = fork_once;
    result got = recognize(client, SMALL, 3, &hooks);
    if (mine.child == 0) {
        int good = !got.ok && got.kind == WXID_KIND_INTERRUPTED && calls_are_right(client, 1);
        wxid_client_free(client);
        _exit(good ? 0 : 1);
    }
    assert_true(got.ok);
    assert_child_right(mine.child);
    assert_int_equal(server_seen("slow-ok").posts_begun, 2);
    wxid_client_free(client);
}

/* ---- Descriptors, signals, memory ---- */

static void running_out_of_descriptors_is_said(void **state)
{
    struct rlimit before;
    wxid_client *client = new_client((client_options){.fault = "ok", .max_retries = 2});
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit few = {.rlim_cur = (rlim_t)count_descriptors() - 3, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    result got = recognize(client, SMALL, 1, NULL);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(got.kind, WXID_KIND_SYSTEM);
    assert_non_null(strstr(got.message, "descriptor"));
    assert_clean_call(client);
    wxid_client_free(client);
}

static void the_mask_and_a_pending_sigpipe_are_left_alone(void **state)
{
    sigset_t sigpipe;
    sigset_t mask;
    sigset_t pending;
    wxid_client *client = new_client((client_options){.fault = "ok"});
    (void)state;
    assert_clean_call(client);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
    assert_false(sigismember(&mask, SIGPIPE));
    (void)sigemptyset(&sigpipe);
    (void)sigaddset(&sigpipe, SIGPIPE);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &sigpipe, NULL), 0);
    assert_int_equal(raise(SIGPIPE),
                     0); /* somebody else's, blocked: it must still be there after a call */
    assert_clean_call(client);
    assert_int_equal(sigpending(&pending), 0);
    assert_true(sigismember(&pending, SIGPIPE));
    struct timespec at_once = {0};
    assert_int_equal(sigtimedwait(&sigpipe, NULL, &at_once), SIGPIPE);
    assert_int_equal(pthread_sigmask(SIG_UNBLOCK, &sigpipe, NULL), 0);
    wxid_client_free(client);
}

static long peak_kib(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

/* A picture of 60 MiB, so that a copy of it would show whatever the allocator does. */
static void an_upload_is_not_copied(void **state)
{
    size_t length = (size_t)60 << 20;
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_client *client = NULL;
    char base_url[128] = "";
    (void)state;
    unsigned char *picture = new_picture(length, 1);
    strcat(strcat(base_url, server_word("http")), "/fault/ok");
    settings.base_url = base_url;
    settings.access_token = TOKEN;
    settings.max_image_bytes = 64 << 20;
    assert_int_equal(wxid_client_new(&client, &settings, NULL), 0);
    assert_clean_call(client);
    long before = peak_kib();
    assert_true(recognize_picture(client, picture, length, NULL).ok);
    assert_in_range(peak_kib() - before, 0, 8 << 10);
    wxid_client_free(client);
    free(picture);
}

/* 31, 32, 33: replies without end cost no memory. */
static void endless_replies_are_not_kept(void **state)
{
    static const char *const faults[] = {"gigabyte-by-length", "gigabyte-by-close", "giant-header",
                                         "gzip-bomb"};
    (void)state;
    long before = peak_kib();
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        wxid_client *client = new_client((client_options){.fault = faults[i]});
        assert_int_equal(recognize(client, SMALL, 1, NULL).kind, WXID_KIND_PROTOCOL);
        wxid_client_free(client);
    }
    assert_in_range(peak_kib() - before, 0, 4 << 10);
}

/* ---- The environment and the wire ---- */

static void proxies_are_named_and_never_found(void **state)
{
    static const char *const names[] = {"http_proxy", "https_proxy", "all_proxy",
                                        "ALL_PROXY",  "HTTP_PROXY",  "HTTPS_PROXY"};
    char host_and_port[64];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(setenv(names[i], server_word("other"), 1), 0);
    }
    (void)setenv("no_proxy", "127.0.0.1", 1); /* which must not undo a proxy that was named */
    server_reset();
    wxid_client *client = new_client((client_options){.fault = "ok"});
    assert_clean_call(client);
    wxid_client_free(client);
    client =
        new_client((client_options){.word = "https", .ca_file = server_word("ca"), .fault = "ok"});
    assert_clean_call(client);
    wxid_client_free(client);
    assert_int_equal(server_seen("listener/other").connections, 0);
    (void)snprintf(host_and_port, sizeof host_and_port, "%s", server_word("other"));
    client = new_client((client_options){.fault = "ok", .proxy = host_and_port});
    (void)recognize(client, SMALL, 1, NULL);
    wxid_client_free(client);
    assert_int_equal(server_seen("listener/other").connections, 1);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)unsetenv(names[i]);
    }
    (void)unsetenv("no_proxy");
}

/* The head as the server got it, against the one that the core composed. */
static void assert_head(wxid_client *client, const wxid_recognition *recognition)
{
    wxid_call *call = NULL;
    wxid_value *card = NULL;
    wxid_error *error = NULL;
    size_t length = 0;
    char wanted[2048];
    assert_int_equal(wxid_call_new_recognition(&call, wxid_client_session(client), recognition,
                                               now_ms(), 42, NULL),
                     0);
    assert_int_equal(wxid_call_step(call, now_ms()), WXID_STEP_SEND);
    (void)snprintf(wanted, sizeof wanted, "%s", wxid_call_request(call)->head);
    char *token = strstr(wanted, TOKEN);
    assert_non_null(token);
    memmove(token + 3, token + strlen(TOKEN), strlen(token + strlen(TOKEN)) + 1);
    memcpy(token, "\xe2\x80\xa6", 3); /* the server shows an ellipsis in its place */
    assert_int_equal(wxid_client_drive(client, call, NULL, &error), 0);
    assert_int_equal(wxid_call_take_card(&card, call, &error), 0);
    const char *got = wxid_value_string(wxid_value_get(card, "head"), &length);
    assert_non_null(got);
    assert_int_equal(strncmp(wanted, got, length), 0);
    assert_string_equal(wanted + length, "\r\n\r\n");
    wxid_value_free(card);
    wxid_call_free(call);
}

static void headers_are_those_of_the_request(void **state)
{
    unsigned char *picture = new_picture(SMALL, 1);
    wxid_client *client = new_client((client_options){.fault = "echo"});
    wxid_recognition recognition = WXID_RECOGNITION_INIT;
    (void)state;
    recognition.image = picture;
    recognition.image_length = SMALL;
    recognition.type = "photo";
    assert_head(client, &recognition);
    recognition = (wxid_recognition)WXID_RECOGNITION_INIT;
    recognition.img_url = "https://example.com/a/\xe4\xb8\xad.jpg?x=1&y=%2F";
    assert_head(client, &recognition);
    wxid_client_free(client);
    free(picture);
}

static void both_token_endpoints_are_asked_rightly(void **state)
{
    static const struct {
        const char *endpoint;
        const char *token;
    } both[] = {{"stable_token", "token-by-POST"}, {"token", "token-by-GET"}};
    wxid_client *client = new_client((client_options){.fault = "tokens"});
    wxid_token_fetch fetch = WXID_TOKEN_FETCH_INIT;
    (void)state;
    fetch.appid = "wx0123456789abcdef";
    fetch.secret = "canary_secret";
    for (int round = 0; round < 4; round++) { /* and by turns over one connection */
        wxid_call *call = NULL;
        const char *token = NULL;
        int64_t expires_in_s = 0;
        fetch.endpoint = both[round % 2].endpoint;
        assert_int_equal(wxid_call_new_token_fetch(&call, wxid_client_session(client), &fetch,
                                                   now_ms(), 1, NULL),
                         0);
        assert_int_equal(wxid_client_drive(client, call, NULL, NULL), 0);
        assert_int_equal(wxid_call_take_token(&token, &expires_in_s, call, NULL), 0);
        assert_string_equal(token, both[round % 2].token);
        assert_int_equal(expires_in_s, 7200);
        wxid_call_free(call);
    }
    assert_clean_call(client);
    assert_int_equal(server_seen("tokens").connections, 1);
    wxid_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_forked_child_has_connections_of_its_own),
        cmocka_unit_test(a_fork_during_calls_harms_nobody),
        cmocka_unit_test(a_fork_in_a_hook_ends_the_childs_call_only),
        cmocka_unit_test(running_out_of_descriptors_is_said),
        cmocka_unit_test(the_mask_and_a_pending_sigpipe_are_left_alone),
        cmocka_unit_test(an_upload_is_not_copied),
        cmocka_unit_test(endless_replies_are_not_kept),
        cmocka_unit_test(proxies_are_named_and_never_found),
        cmocka_unit_test(headers_are_those_of_the_request),
        cmocka_unit_test(both_token_endpoints_are_asked_rightly),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
