/* Connections that are kept: what may lie on them must never be handed out as another call's card,
 * and no request is sent twice because one of them died. */
#include "client/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALL 2000
#define MIDDLE 200000
/* The server says things late, after milliseconds; on a busy machine it says them very late. Where
 * a test is about something else it gives the first ones time, and then the client knows what to
 * expect. */
#define FIRST_PAUSES_MS 60

static wxid_client *client_of(const char *fault, int by_tls)
{
    return new_client((client_options){.word = by_tls ? "https" : "http",
                                       .ca_file = by_tls ? server_word("ca") : NULL,
                                       .fault = fault});
}

/* Calls, each with a picture of its own, and none may fail or bring another's card. */
static seen assert_all_right(const char *fault, int by_tls, int calls, size_t length, int pause_ms)
{
    wxid_client *client = client_of(fault, by_tls);
    server_reset();
    for (int i = 0; i < calls; i++) {
        result got = recognize(client, length, (unsigned)i, NULL);
        if (!got.ok) {
            fail_msg("%s, call %d: %s", fault, i,
                     got.mismatched ? "another call's card" : got.message);
        }
        sleep_ms(i < 3 && pause_ms > 0 ? FIRST_PAUSES_MS : pause_ms);
    }
    wxid_client_free(client);
    return server_seen(fault);
}

static void a_connection_is_used_again(void **state)
{
    (void)state;
    for (int by_tls = 0; by_tls < 2; by_tls++) {
        seen counted = assert_all_right("ok", by_tls, 20, SMALL, 0);
        assert_int_equal(counted.connections, 1);
        assert_int_equal(counted.posts_whole, 20);
        counted = assert_all_right("chunked/first-0", by_tls, 5, MIDDLE, 0);
        assert_int_equal(counted.connections, 1);
    }
}

/* 26, 36, 37: the kept connection was ended, in whatever way, before the next call began. */
static void an_ended_connection_costs_nothing(void **state)
{
    static const char *const faults[] = {"close-idle-later", "reset-idle", "push-408",
                                         "push-408-keeps-open"};
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        for (int by_tls = 0; by_tls < 2; by_tls++) {
            seen counted = assert_all_right(faults[i], by_tls, 5, SMALL, 40);
            assert_int_equal(counted.posts_begun, 5);
            assert_int_equal(counted.connections, 5);
        }
    }
}

/* The same, but it ends at about the moment at which the next call begins: as a rule before the
 * other end has taken a byte of the request, and then it is safe to begin again. At times its
 * system has taken it, and its program has not; nobody can tell that from a request that was read,
 * and the core decides. */
static void a_connection_that_is_just_ending_costs_little(void **state)
{
    int failed = 0;
    (void)state;
    for (int by_tls = 0; by_tls < 2; by_tls++) {
        int before = failed;
        wxid_client *client = client_of("close-after-20", by_tls);
        server_reset();
        for (unsigned i = 0; i < 1600; i++) {
            result got = recognize(client, SMALL, i, NULL);
            assert_true(got.ok || got.kind == WXID_KIND_NETWORK);
            failed += !got.ok;
        }
        assert_int_equal(server_seen("close-after-20").posts_begun, 1600 - (failed - before));
        wxid_client_free(client);
    }
    assert_in_range(failed, 0, 4); /* of 160 connections that the server closed */
}

/* 37: the reset comes when the next request is on its way. With a picture that takes more than one
 * piece, it is seen before the last one. */
static void a_reset_on_reuse_is_no_failure(void **state)
{
    wxid_client *client = client_of("reset-on-reuse", 0);
    (void)state;
    server_reset();
    for (unsigned i = 0; i < 5; i++) {
        result got = recognize(client, (1 << 20) + i, i, NULL);
        if (!got.ok) {
            fail_msg("call %u: %s", i, got.message);
        }
    }
    assert_int_equal(server_seen("reset-on-reuse").posts_whole, 5);
    wxid_client_free(client);
}

/* 26, when the 408 crosses the next request. */
static void a_408_on_a_kept_connection_is_about_the_time_before(void **state)
{
    wxid_client *client = client_of("408-on-reuse", 0);
    (void)state;
    server_reset();
    assert_true(recognize(client, SMALL, 1, NULL).ok);
    assert_true(recognize(client, SMALL, 2, NULL).ok);
    assert_int_equal(server_seen("408-on-reuse").connections, 2);
    wxid_client_free(client);
}

/* The server takes the whole of the second request and closes. libcurl would send it once more by
 * itself, and must not remember that it meant to when the next call comes. */
static void libcurl_sends_nothing_twice(void **state)
{
    static const size_t lengths[] = {SMALL, MIDDLE};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        for (int by_tls = 0; by_tls < 2; by_tls++) {
            wxid_client *client = client_of("close-on-reuse", by_tls);
            server_reset();
            assert_true(recognize(client, lengths[i], 1, NULL).ok);
            result got = recognize(client, lengths[i], 2, NULL);
            assert_int_equal(got.kind, WXID_KIND_NETWORK);
            assert_int_equal(server_seen("close-on-reuse").posts_begun, 2);
            assert_true(recognize(client, lengths[i], 3, NULL).ok);
            assert_int_equal(server_seen("close-on-reuse").posts_begun, 3);
            wxid_client_free(client);
        }
    }
}

/* With an empty body there is nothing to rewind, and nothing else to stop libcurl. */
static void libcurl_sends_no_empty_body_twice(void **state)
{
    wxid_value *card = NULL;
    wxid_error *error = NULL;
    wxid_client *client = client_of("close-on-reuse", 0);
    wxid_recognition recognition = WXID_RECOGNITION_INIT;
    (void)state;
    server_reset();
    recognition.img_url = "https://example.com/a.jpg";
    assert_int_equal(wxid_client_recognize(&card, client, &recognition, NULL, NULL), 0);
    wxid_value_free(card);
    assert_int_equal(wxid_client_recognize(&card, client, &recognition, NULL, &error), -1);
    assert_int_equal(wxid_error_kind(error), WXID_KIND_NETWORK);
    wxid_error_free(error);
    assert_int_equal(server_seen("close-on-reuse").posts_begun, 2);
    wxid_client_free(client);
}

/* 38, at every call, and the next call at once: 10,000 by the fault that costs least time. */
static void late_answers_are_never_handed_out(void **state)
{
    static const char *const faults[] = {"twice-at-once", "twice-soon", "twice-head-apart"};
    const unsigned calls[] = {200, slowness() > 1 ? 1000 : 10000, 200};
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        for (int by_tls = 0; by_tls < 2; by_tls++) {
            wxid_client *client = client_of(faults[i], by_tls);
            for (unsigned number = 0; number < (by_tls ? 50 : calls[i]); number++) {
                result got = recognize(client, SMALL, number, NULL);
                if (got.mismatched) {
                    fail_msg("%s: call %u got another's card", faults[i], number);
                }
                if (!got.ok && got.kind != WXID_KIND_PROTOCOL) {
                    fail_msg("%s, call %u: %s", faults[i], number, got.message);
                }
                sleep_ms(number < 3 ? FIRST_PAUSES_MS : 0);
            }
            wxid_client_free(client);
        }
    }
}

/* 38: by TLS the second answer is inside the TLS library, in the record that brought the end of the
 * first. Of a picture of many pieces the last is asked for when the socket is ready for it. */
static void late_answers_are_found_inside_the_tls_library(void **state)
{
    wxid_client *client = client_of("twice-head-apart", 1);
    (void)state;
    for (unsigned number = 0; number < 30; number++) {
        result got = recognize(client, MIDDLE + number, number, NULL);
        if (!got.ok) {
            fail_msg("call %u: %s", number, got.mismatched ? "another's card" : got.message);
        }
    }
    wxid_client_free(client);
}

/* 38: the connection has been idle for a while when the second answer comes. */
static void late_answers_on_idle_connections_cost_nothing(void **state)
{
    (void)state;
    for (int by_tls = 0; by_tls < 2; by_tls++) {
        seen counted = assert_all_right("twice-late", by_tls, 60, SMALL, 8);
        assert_int_equal(counted.posts_begun, 60);
    }
}

/* Which of two is the right one nobody can say, although libcurl takes the first and throws the
 * second away. */
static void two_answers_on_a_kept_connection_are_none(void **state)
{
    static const char *const faults[] = {"twice-on-reuse", "twice-long-on-reuse"};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        wxid_client *client = client_of(faults[i / 2], i % 2 == 1);
        server_reset();
        assert_clean_call(client);
        result got = recognize(client, SMALL, 1, NULL);
        assert_int_equal(got.kind, WXID_KIND_PROTOCOL);
        assert_non_null(strstr(got.message, "two answers to one request"));
        assert_clean_call(client);
        seen counted = server_seen(faults[i / 2]);
        assert_int_equal(counted.posts_begun, 3);
        assert_int_equal(counted.connections, 2);
        wxid_client_free(client);
    }
}

/* Of two answers in chunks libcurl drops the second without a word, and would take the first for
 * the right one: so there is nothing to come first. */
static void a_connection_is_not_kept_after_chunks(void **state)
{
    (void)state;
    for (int by_tls = 0; by_tls < 2; by_tls++) {
        seen counted = assert_all_right("chunked", by_tls, 3, SMALL, 0);
        assert_int_equal(counted.connections, 3);
        assert_int_equal(counted.posts_whole, 3);
    }
}

/* Once a second answer has been seen, every request gets a connection of its own, although all is
 * well. */
static void trust_once_lost_stays_lost(void **state)
{
    (void)state;
    for (int by_tls = 0; by_tls < 2; by_tls++) {
        seen counted = assert_all_right("twice-late/first-1", by_tls, 5, SMALL, FIRST_PAUSES_MS);
        assert_int_equal(counted.connections, 5);
    }
}

static int mismatches(const char *fault, int calls)
{
    int count = 0;
    wxid_client *client = client_of(fault, 0);
    for (int i = 0; i < calls; i++) {
        count += recognize(client, SMALL, (unsigned)i, NULL).mismatched;
    }
    wxid_client_free(client);
    return count;
}

/* The second answer comes 5 ms after the first, when a hasty client would have sent the next
 * request. A stall of the server can defeat any caution of the client's, so it is given three
 * chances; a client without caution fails in all of them. */
static void the_first_uses_of_kept_connections_are_cautious(void **state)
{
    (void)state;
    int failed = 0;
    while (failed < 3 && mismatches("twice-soon-after", 50) > 0) {
        failed++;
    }
    assert_in_range(failed, 0, 2);
}

/* The second answer comes when the next request is on its way: before its last piece has been sent.
 * The service cannot have acted on it, so it is sent again over a fresh connection, and no more. */
static void an_answer_during_the_upload_is_not_this_ones(void **state)
{
    static const char *const faults[] = {"late-in-next-upload", "late-at-next-head"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        for (int by_tls = 0; by_tls < 2; by_tls++) {
            int right = 0;
            wxid_client *client = client_of(faults[i], by_tls);
            server_reset();
            for (unsigned number = 0; number < 10; number++) {
                result got = recognize(client, 600000 + number, number, NULL);
                assert_false(got.mismatched);
                right += got.ok;
            }
            assert_true(right >= 5);
            assert_in_range(server_seen(faults[i]).posts_whole, right, 10);
            wxid_client_free(client);
        }
    }
}

/* 20, on a kept connection: it could be anybody's, so it is asked for again, and then reported. */
static void an_early_refusal_on_a_kept_connection_is_looked_into(void **state)
{
    wxid_client *client = client_of("early-413-when-reused", 0);
    (void)state;
    server_reset();
    assert_true(recognize(client, MIDDLE, 1, NULL).ok);
    assert_true(recognize(client, (2 << 20) - 1, 2, NULL).ok);
    assert_int_equal(server_seen("early-413-when-reused").connections, 2);
    wxid_client_free(client);
}

static void answers_of_body_less_requests_are_guarded(void **state)
{
    wxid_client *client = client_of("twice-late", 0);
    wxid_recognition recognition = WXID_RECOGNITION_INIT;
    (void)state;
    server_reset();
    for (int i = 0; i < 20; i++) {
        char url[64];
        wxid_value *card = NULL;
        wxid_error *error = NULL;
        (void)snprintf(url, sizeof url, "https://example.com/%d.jpg", i);
        recognition.img_url = url;
        if (wxid_client_recognize(&card, client, &recognition, NULL, &error) != 0) {
            fail_msg("call %d: %s", i, wxid_error_message(error));
        }
        assert_int_equal(wxid_value_integer(wxid_value_get(card, "image_length")), strlen(url));
        wxid_value_free(card);
        sleep_ms(i < 3 ? FIRST_PAUSES_MS : 8);
    }
    assert_int_equal(server_seen("twice-late").posts_begun, 20);
    wxid_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_is_used_again),
        cmocka_unit_test(an_ended_connection_costs_nothing),
        cmocka_unit_test(a_connection_that_is_just_ending_costs_little),
        cmocka_unit_test(a_reset_on_reuse_is_no_failure),
        cmocka_unit_test(a_408_on_a_kept_connection_is_about_the_time_before),
        cmocka_unit_test(libcurl_sends_nothing_twice),
        cmocka_unit_test(libcurl_sends_no_empty_body_twice),
        cmocka_unit_test(late_answers_are_never_handed_out),
        cmocka_unit_test(late_answers_are_found_inside_the_tls_library),
        cmocka_unit_test(late_answers_on_idle_connections_cost_nothing),
        cmocka_unit_test(two_answers_on_a_kept_connection_are_none),
        cmocka_unit_test(a_connection_is_not_kept_after_chunks),
        cmocka_unit_test(trust_once_lost_stays_lost),
        cmocka_unit_test(the_first_uses_of_kept_connections_are_cautious),
        cmocka_unit_test(an_answer_during_the_upload_is_not_this_ones),
        cmocka_unit_test(an_early_refusal_on_a_kept_connection_is_looked_into),
        cmocka_unit_test(answers_of_body_less_requests_are_guarded),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
