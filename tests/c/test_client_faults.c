/* One fault after the other: the right kind, in time, with the right number of POSTs,
 * and the next call of the same client succeeds. Retries are off: see test_client_posts.c. */
#include "client/expectations.h"
#include "client/fixture.h"

#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SMALL 2000
#define LARGE ((2 << 20) - 1)
#define TIMEOUT (600 * slowness())

static void check_message(const fault_row *row, const char *message)
{
    static const char *const canaries[] = {TOKEN, "127.0.0.1", "/fault/", "1101051949", "北京"};
    for (size_t i = 0; i < sizeof canaries / sizeof canaries[0]; i++) {
        if (strstr(message, canaries[i]) != NULL) {
            fail_msg("%s: the message gives away %s", row->fault, canaries[i]);
        }
    }
}

static void check_row(const fault_row *row, const char *word, const char *ca_file)
{
    char key[96];
    (void)snprintf(key, sizeof key, "%s/first-1", row->fault);
    wxid_client *client = new_client(
        (client_options){.word = word, .ca_file = ca_file, .fault = key, .timeout_ms = TIMEOUT});
    server_reset();
    result got = recognize(client, row->length, 1, NULL);
    if (got.ok || !is_right_kind(row, got.kind) || got.http_status != row->http_status) {
        fail_msg("%s (%zu bytes): %s, status %d: %s", row->fault, row->length,
                 got.ok ? "a card" : wxid_kind_info_at(got.kind)->name, got.http_status,
                 got.message);
    }
    check_message(row, got.message);
    if (got.elapsed_ms > TIMEOUT + 250) {
        fail_msg("%s took %d ms", row->fault, (int)got.elapsed_ms);
    }
    got = recognize(client, 3000, 2, NULL);
    if (!got.ok) {
        fail_msg("the call after %s (%zu bytes, %s): %s", row->fault, row->length, word,
                 got.message);
    }
    seen counted = server_seen(key);
    if (counted.posts_begun != 2) {
        fail_msg("%s: %d POSTs for 2 calls", row->fault, counted.posts_begun);
    }
    assert_int_equal(server_seen("listener/other").bytes, 0);
    wxid_client_free(client);
    note_meeting(row, word);
}

static void every_fault_has_its_kind(void **state)
{
    int before = count_descriptors();
    (void)state;
    const cJSON *item;
    cJSON_ArrayForEach(item, expectations_of("cases"))
    {
        fault_row row = read_expectation(item);
        check_row(&row, "http", NULL);
    }
    assert_int_equal(count_descriptors(), before);
}

/* A selection, for what TLS makes different: resets within a record, a close without a goodbye. */
static void faults_by_tls_have_the_same_kinds(void **state)
{
    const cJSON *item;
    int before = count_descriptors();
    (void)state;
    cJSON_ArrayForEach(item, expectations_of("cases"))
    {
        fault_row row = read_expectation(item);
        if (row.by_tls) {
            check_row(&row, "https", server_word("ca"));
        }
    }
    assert_int_equal(count_descriptors(), before);
}

/* 20, 21, with pictures of which the client's system has all, and the server's little: libcurl
 * believes that it has sent everything. The server's window is of a few KiB. */
static void early_replies_are_seen_when_all_seems_sent(void **state)
{
    (void)state;
    for (size_t length = 14000; length <= 26000; length += 4000) {
        wxid_client *client =
            new_client((client_options){.word = "narrow", .fault = "early-200-later"});
        result got = recognize(client, length, 1, NULL);
        assert_false(got.mismatched);
        assert_int_equal(got.kind, WXID_KIND_PROTOCOL);
        wxid_client_free(client);
        client = new_client((client_options){.word = "narrow", .fault = "early-413-later/first-1"});
        server_reset();
        assert_int_equal(recognize(client, length, 1, NULL).http_status, 413);
        assert_clean_call(client);
        wxid_client_free(client);
    }
}

/* 20, with the connection closed at once on what is still coming: the reset may overtake the
 * refusal. */
static void early_refusals_are_not_lost(void **state)
{
    (void)state;
    for (int by_tls = 0; by_tls < 2; by_tls++) {
        int seen_413 = 0;
        wxid_client *client = new_client((client_options){
            .word = by_tls ? "https" : "http", .ca_file = server_word("ca"), .fault = "early-413"});
        for (unsigned i = 0; i < 50; i++) {
            result got = recognize(client, LARGE, i, NULL);
            assert_true(got.http_status == 413 || got.kind == WXID_KIND_NETWORK);
            seen_413 += got.http_status == 413;
        }
        assert_in_range(seen_413, by_tls ? 40 : 50, 50); /* by TLS some are out of reach */
        wxid_client_free(client);
    }
}

static void early_answers_end_the_call_at_once(void **state)
{
    static const char *const faults[] = {"early-200", "early-413-keeps-open"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        wxid_client *client = new_client((client_options){.fault = faults[i]});
        result got = recognize(client, LARGE, 1, NULL);
        assert_int_equal(got.kind, WXID_KIND_PROTOCOL);
        assert_in_range(got.elapsed_ms, 0, 300);
        wxid_client_free(client);
    }
}

/* It has no length, and the server does not close: whatever came in half a second is the answer. */
static void an_early_answer_without_end_is_read_for_a_moment(void **state)
{
    (void)state;
    for (int by_tls = 0; by_tls < 2; by_tls++) {
        wxid_client *client = new_client((client_options){.word = by_tls ? "https" : "http",
                                                          .ca_file = server_word("ca"),
                                                          .fault = "early-200-without-length"});
        result got = recognize(client, LARGE, 1, NULL);
        assert_int_equal(got.kind, WXID_KIND_PROTOCOL);
        assert_in_range(got.elapsed_ms, 500, 1500 * slowness());
        wxid_client_free(client);
    }
}

static void check_right(const fault_row *row, const char *word)
{
    wxid_client *client = new_client((client_options){
        .word = word, .ca_file = server_word("ca"), .fault = row->fault, .timeout_ms = TIMEOUT});
    server_reset();
    result got = recognize(client, row->length, 2, NULL);
    if (!got.ok || got.elapsed_ms > TIMEOUT + 250) {
        fail_msg("%s (%zu bytes, %s), %d ms: %s", row->fault, row->length, word,
                 (int)got.elapsed_ms, got.message);
    }
    assert_int_equal(server_seen(row->fault).posts_begun, 1);
    wxid_client_free(client);
    note_meeting(row, word);
}

static void odd_but_right_replies_are_taken(void **state)
{
    const cJSON *item;
    (void)state;
    cJSON_ArrayForEach(item, expectations_of("right"))
    {
        fault_row row = read_expectation(item);
        check_right(&row, row.listener != NULL ? row.listener : "http");
        if (row.by_tls) {
            check_right(&row, "https");
        }
    }
}

/* 1, 54: whoever is not the service gets no byte of a request. */
static void listeners_that_are_not_the_service_are_refused(void **state)
{
    const cJSON *item;
    (void)state;
    cJSON_ArrayForEach(item, expectations_of("refused"))
    {
        fault_row row = read_expectation(item);
        char listener[64];
        const char *word = row.listener;
        wxid_client *client = new_client((client_options){
            .word = word, .ca_file = server_word("ca"), .fault = row.fault, .timeout_ms = TIMEOUT});
        server_reset();
        result got = recognize(client, row.length, 1, NULL);
        if (got.ok || !is_right_kind(&row, got.kind) || got.elapsed_ms > TIMEOUT + 250) {
            fail_msg("%s: %s", word, got.ok ? "a card" : got.message);
        }
        check_message(&row, got.message);
        (void)snprintf(listener, sizeof listener, "listener/%s", word);
        assert_int_equal(server_seen(listener).bytes, 0);
        wxid_client_free(client);
        note_meeting(&row, word);
    }
}

/* 18: without "Expect: 100-continue" nothing is waited for. */
static void a_large_picture_starts_at_once(void **state)
{
    wxid_client *client = new_client((client_options){.fault = "ok"});
    (void)state;
    result got = recognize(client, LARGE, 3, NULL);
    assert_true(got.ok);
    assert_true(got.elapsed_ms < 200);
    wxid_client_free(client);
}

/* 1: nothing was sent, so it is tried again. 3: a name that cannot exist. */
static void no_connection_is_kind_connect(void **state)
{
    static const char *const urls[] = {NULL, "https://wxidcard.invalid"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        wxid_settings settings = WXID_SETTINGS_INIT;
        wxid_client *client = NULL;
        settings.access_token = TOKEN;
        settings.base_url = urls[i] != NULL ? urls[i] : server_word("closed");
        settings.timeout_ms = 3000;
        assert_int_equal(wxid_client_new(&client, &settings, NULL), 0);
        result got = recognize(client, SMALL, 1, NULL);
        assert_int_equal(got.kind, WXID_KIND_CONNECT);
        assert_null(strstr(got.message, "wxidcard.invalid"));
        wxid_client_free(client);
    }
}

/* A listener with a full queue, whose system leaves a SYN unanswered. Returns its port. */
static int fill_backlog(int fds[], size_t count)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t length = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fds[0], (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fds[0], 0), 0);
    assert_int_equal(getsockname(fds[0], (struct sockaddr *)&at, &length), 0);
    for (size_t i = 1; i < count; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fds[i], (struct sockaddr *)&at, sizeof at);
    }
    return ntohs(at.sin_port);
}

/* 2: the limit for connecting holds, not that for the call. */
static void an_unanswered_connection_ends_in_time(void **state)
{
    int fds[6];
    char base_url[64];
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_client *client = NULL;
    (void)state;
    (void)snprintf(base_url, sizeof base_url, "http://127.0.0.1:%d", fill_backlog(fds, 6));
    settings.access_token = TOKEN;
    settings.base_url = base_url;
    settings.connect_timeout_ms = 300;
    settings.timeout_ms = 5000;
    settings.max_retries = 0;
    assert_int_equal(wxid_client_new(&client, &settings, NULL), 0);
    result got = recognize(client, SMALL, 1, NULL);
    assert_int_equal(got.kind, WXID_KIND_TIMEOUT);
    assert_in_range(got.elapsed_ms, 250, 550);
    wxid_client_free(client);
    for (size_t i = 0; i < 6; i++) {
        (void)close(fds[i]);
    }
}

static void assert_refused(wxid_client *client, const wxid_recognition *asked)
{
    wxid_value *card = NULL;
    assert_int_equal(wxid_client_recognize(&card, client, asked, NULL, NULL), -1);
    assert_null(card);
}

/* 65, 66, 68: what is no picture, is too large, or is a URL that the service could not use. */
static void what_is_refused_reaches_nobody(void **state)
{
    static const char *const urls[] = {
        "file:///etc/passwd", "example.com/a.jpg", "https://user:password@example.com/a.jpg",
        "https://example.com/\r\n", "https%3A%2F%2Fexample.com%2Fa.jpg"};
    static const char *const paths[] = {"/dev/zero", "/", "/missing", "/proc/self/status"};
    static const size_t lengths[] = {0, 1, 2 << 20};
    wxid_client *client =
        new_client((client_options){.word = "chain", .ca_file = server_word("ca"), .fault = "ok"});
    (void)state;
    server_reset();
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        wxid_recognition asked = WXID_RECOGNITION_INIT;
        asked.img_url = urls[i];
        assert_refused(client, &asked);
    }
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        wxid_recognition asked = WXID_RECOGNITION_INIT;
        asked.image_path = paths[i];
        assert_refused(client, &asked);
    }
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        unsigned char *picture = new_picture(2 << 20, 1);
        wxid_recognition asked = WXID_RECOGNITION_INIT;
        asked.image = picture;
        asked.image_length = lengths[i];
        assert_refused(client, &asked);
        free(picture);
    }
    assert_int_equal(server_seen("listener/chain").connections, 0);
    assert_clean_call(client);
    assert_int_equal(server_seen("listener/chain").connections, 1);
    wxid_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_has_its_kind),
        cmocka_unit_test(faults_by_tls_have_the_same_kinds),
        cmocka_unit_test(early_replies_are_seen_when_all_seems_sent),
        cmocka_unit_test(early_refusals_are_not_lost),
        cmocka_unit_test(early_answers_end_the_call_at_once),
        cmocka_unit_test(an_early_answer_without_end_is_read_for_a_moment),
        cmocka_unit_test(odd_but_right_replies_are_taken),
        cmocka_unit_test(listeners_that_are_not_the_service_are_refused),
        cmocka_unit_test(a_large_picture_starts_at_once),
        cmocka_unit_test(no_connection_is_kind_connect),
        cmocka_unit_test(an_unanswered_connection_ends_in_time),
        cmocka_unit_test(what_is_refused_reaches_nobody),
    };
    return cmocka_run_group_tests(tests, start_with_expectations, stop_with_expectations);
}
