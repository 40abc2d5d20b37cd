/* Who cannot show who it is gets no byte of a request. */
#include "client/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void assert_refused(const char *word, const char *ca_file, const char *phrase)
{
    char listener[64];
    (void)snprintf(listener, sizeof listener, "listener/%s", word);
    server_reset();
    wxid_client *client = new_client(
        (client_options){.word = word, .fault = "ok", .ca_file = ca_file, .max_retries = 2});
    result got = recognize(client, 2000, 1, NULL);
    if (got.ok || got.kind != WXID_KIND_TLS || strstr(got.message, phrase) == NULL) {
        fail_msg("%s: %s", word, got.ok ? "a card" : got.message);
    }
    if (ca_file != NULL) {
        assert_null(strstr(got.message, ca_file));
    }
    assert_int_equal(server_seen(listener).bytes, 0);
    assert_in_range(server_seen(listener).connections, 0, 1);
    wxid_client_free(client);
}

static void the_right_certificate_is_accepted(void **state)
{
    (void)state;
    wxid_client *client =
        new_client((client_options){.word = "https", .fault = "ok", .ca_file = server_word("ca")});
    assert_clean_call(client);
    assert_clean_call(client);
    wxid_client_free(client);
}

static void wrong_certificates_are_refused(void **state)
{
    const char *ca = server_word("ca");
    (void)state;
    assert_refused("https", NULL, "no trusted authority");
    assert_refused("self-signed", ca, "no trusted authority");
    assert_refused("wrong-host", ca, "another host");
    assert_refused("expired", ca, "expired");
}

static void old_and_missing_tls_is_refused(void **state)
{
    const char *ca = server_word("ca");
    (void)state;
    assert_refused("tls11", ca, "handshake");
    assert_refused("plain", ca, "handshake");
}

static void a_missing_authority_file_is_refused(void **state)
{
    (void)state;
    assert_refused("https", "/nonexistent/canary.pem", "authorities cannot be read");
    assert_refused("https", "/dev/null", "authorities cannot be read");
}

static void the_environment_names_no_authorities(void **state)
{
    (void)state;
    assert_int_equal(setenv("SSL_CERT_FILE", server_word("ca"), 1), 0);
    assert_refused("https", NULL, "no trusted authority");
    assert_int_equal(unsetenv("SSL_CERT_FILE"), 0);
}

/* SIGPIPE comes from the TLS library's write() on a connection that was reset. Here its disposition
 * is the default one, so it would end the process. */
static void sigpipe_does_not_end_the_process(void **state)
{
    static const char *const faults[] = {"early-413", "reset-mid-upload", "reset-idle"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        wxid_client *client = new_client(
            (client_options){.word = "https", .fault = faults[i], .ca_file = server_word("ca")});
        for (unsigned number = 0; number < 20; number++) {
            (void)recognize(client, 1000000, number, NULL);
        }
        wxid_client_free(client);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_right_certificate_is_accepted),
        cmocka_unit_test(wrong_certificates_are_refused),
        cmocka_unit_test(old_and_missing_tls_is_refused),
        cmocka_unit_test(a_missing_authority_file_is_refused),
        cmocka_unit_test(the_environment_names_no_authorities),
        cmocka_unit_test(sigpipe_does_not_end_the_process),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
