/* How far kept connections are relied upon, and the words for a bad certificate. */
#include "support/exchanges.h"

#include "trust.h"

#include <string.h>

#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{\"type\":\"Front\"}"
#define USES 8 /* until nothing is waited for */
#define SETTLING_MS 20
#define ALONE_MS 600000

/* One exchange that goes as it should, or brings two answers. */
static void use(wxid_trust *trust, int reused, const char *comes)
{
    wxid_session *session = new_session(0, 0);
    wxid_call *call = new_call(session, NOW, 1);
    wxid_exchange *exchange = wxid_exchange_new(trust, reused);
    assert_non_null(exchange);
    assert_false(wxid_exchange_read(exchange, comes, strlen(comes), 1));
    assert_int_equal(wxid_exchange_answer(exchange, call, NOW, NULL), 0);
    wxid_exchange_free(exchange);
    wxid_call_free(call);
    wxid_session_free(session);
}

static void use_often(wxid_trust *trust, int times)
{
    while (times-- > 0) {
        use(trust, 1, ANSWER);
    }
}

static void assert_cautious(const wxid_trust *trust)
{
    assert_int_equal(wxid_trust_settling_ms(trust, NOW, NOW), SETTLING_MS);
}

static void assert_confident(const wxid_trust *trust)
{
    assert_int_equal(wxid_trust_settling_ms(trust, NOW, NOW), 0);
    assert_int_equal(wxid_trust_settling_ms(trust, NOW, NOW - 1), 0);
}

static void test_trust_is_earned(void **state)
{
    wxid_trust *trust = wxid_trust_new();
    (void)state;
    assert_true(wxid_trust_allows_reuse(trust, INT64_MIN));
    use_often(trust, USES - 1);
    assert_cautious(trust);
    use(trust, 0, ANSWER); /* over a fresh connection: nothing was used again */
    assert_cautious(trust);
    use(trust, 1, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
    use(trust, 1, "SSH-2.0");
    assert_cautious(trust);
    use_often(trust, 1);
    assert_confident(trust);
    use_often(trust, 3);
    assert_int_equal(atomic_load(&trust->earned), USES);
    wxid_trust_free(trust);
    wxid_trust_free(NULL);
}

static void test_trust_is_lost(void **state)
{
    wxid_trust *trust = wxid_trust_new();
    (void)state;
    use_often(trust, USES);
    use(trust, 1, ANSWER ANSWER);
    assert_false(wxid_trust_allows_reuse(trust, NOW));
    assert_false(wxid_trust_allows_reuse(trust, NOW + ALONE_MS - 1));
    assert_true(wxid_trust_allows_reuse(trust, NOW + ALONE_MS));
    assert_cautious(trust); /* from the beginning on */
    use_often(trust, USES - 1);
    assert_cautious(trust);
    use_often(trust, 1);
    assert_confident(trust);
    wxid_trust_free(trust);
}

static void test_it_is_lost_each_time_anew(void **state)
{
    wxid_trust *trust = wxid_trust_new();
    (void)state;
    wxid_trust_lose(trust, NOW);
    wxid_trust_lose(trust, NOW + 5);
    assert_false(wxid_trust_allows_reuse(trust, NOW + ALONE_MS + 4));
    assert_true(wxid_trust_allows_reuse(trust, NOW + ALONE_MS + 5));
    wxid_trust_free(trust);
}

static void test_settling(void **state)
{
    static const struct {
        int64_t idle_since_ms;
        int64_t now_ms;
        int64_t left_ms;
    } cases[] = {
        {NOW, NOW, 20},
        {NOW, NOW + 1, 19},
        {NOW, NOW + 19, 1},
        {NOW, NOW + 20, 0},
        {NOW, NOW + 21, 0},
        {NOW, INT64_MAX, 0},
        /* A clock that was set back. */
        {NOW, NOW - 1, 20},
        {NOW, 0, 20},
        {NOW, INT64_MIN, 20},
        {INT64_MAX, INT64_MIN, 20},
        /* Any clock will do. */
        {INT64_MIN, INT64_MIN, 20},
        {INT64_MIN, INT64_MIN + 15, 5},
        {INT64_MIN, INT64_MAX, 0},
        {-10, 5, 5},
        {INT64_MAX - 5, INT64_MAX - 3, 3},
        {INT64_MAX - 5, INT64_MAX, 0},
        {INT64_MAX, INT64_MAX, 0},
    };
    wxid_trust *trust = wxid_trust_new();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(wxid_trust_settling_ms(trust, cases[i].idle_since_ms, cases[i].now_ms),
                         cases[i].left_ms);
    }
    wxid_trust_free(trust);
}

/* It may stand, go back and begin below 0. */
static void test_any_clock_will_do(void **state)
{
    static const int64_t times[] = {INT64_MIN, -ALONE_MS - 1, -1, 0, NOW, INT64_MAX - ALONE_MS};
    wxid_trust *trust = wxid_trust_new();
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        wxid_trust_lose(trust, times[i]);
        assert_false(wxid_trust_allows_reuse(trust, times[i]));
        assert_false(wxid_trust_allows_reuse(trust, INT64_MIN));
        assert_false(wxid_trust_allows_reuse(trust, times[i] + ALONE_MS - 1));
        assert_true(wxid_trust_allows_reuse(trust, times[i] + ALONE_MS));
    }
    wxid_trust_lose(trust, INT64_MAX - 1);
    assert_false(wxid_trust_allows_reuse(trust, INT64_MAX - 1));
    wxid_trust_free(trust);
}

static void test_details_of_certificates(void **state)
{
    static const struct {
        long number;
        const char *detail;
    } cases[] = {
        {0, "the certificate is made out to another host"},
        {1, "the certificate is made out to another host"},
        {2, "no trusted authority signed the certificate"},
        {9, "the certificate is not yet valid"},
        {10, "the certificate has expired"},
        {18, "no trusted authority signed the certificate"},
        {19, "no trusted authority signed the certificate"},
        {20, "no trusted authority signed the certificate"},
        {21, "no trusted authority signed the certificate"},
        {22, "the chain of certificates is longer than is allowed"},
        {62, "the certificate is made out to another host"},
        {64, "the certificate is made out to another host"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(wxid_certificate_detail(cases[i].number), cases[i].detail);
    }
    assert_string_equal(wxid_certificate_detail(23), "the certificate was not accepted");
    assert_string_equal(wxid_certificate_detail(-1), "the certificate was not accepted");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trust_is_earned),
        cmocka_unit_test(test_trust_is_lost),
        cmocka_unit_test(test_it_is_lost_each_time_anew),
        cmocka_unit_test(test_settling),
        cmocka_unit_test(test_any_clock_will_do),
        cmocka_unit_test(test_details_of_certificates),
    };
    return cmocka_run_group_tests_name("connection", tests, NULL, NULL);
}
