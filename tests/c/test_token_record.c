/* What processes leave for each other in a store: written, read back, and read when anything at all
 * stands there instead. */
#include "support/support.h"

#include "errors.h"
#include "memory.h"
#include "token_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW_S 1760000000
#define NOW_MS (INT64_C(1000) * NOW_S)

/* ---- Tokens ---- */

static void test_token_there_and_back(void **state)
{
    char *token = NULL;
    int64_t left_ms = 0;
    int64_t life_ms = 0;
    (void)state;
    char *record = wxid__record_of_token("a-token_1.2~3", NOW_MS + 1234567, 7200000);
    assert_string_equal(record, "{\"access_token\":\"a-token_1.2~3\",\"expires_at\":1760001234,"
                                "\"expires_in\":7200}");
    assert_int_equal(wxid__record_read_token(&token, &left_ms, &life_ms, record, NOW_MS), 1);
    assert_string_equal(token, "a-token_1.2~3");
    assert_int_equal(left_ms, 1234000); /* whole seconds, rounded to the safe side */
    assert_int_equal(life_ms, 7200000);
    wxid__text_free(token);
    wxid__text_free(record);
}

static void test_the_longest_token(void **state)
{
    char name[4097];
    char *token = NULL;
    int64_t left_ms = 0;
    int64_t life_ms = 0;
    (void)state;
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    char *record = wxid__record_of_token(name, NOW_MS + 60000, 60000);
    assert_true(strlen(record) <= 8192); /* what a store may be asked to keep */
    assert_int_equal(wxid__record_read_token(&token, &left_ms, &life_ms, record, NOW_MS), 1);
    assert_string_equal(token, name);
    wxid__text_free(token);
    wxid__text_free(record);
}

#define EXPIRES(at) "{\"access_token\":\"t\",\"expires_at\":" at "}"
#define LIVES(at, in) "{\"access_token\":\"t\",\"expires_at\":" at ",\"expires_in\":" in "}"

static void test_tokens_that_others_wrote(void **state)
{
    static const struct {
        const char *record;
        int64_t left_ms, life_ms;
    } rows[] = {
        {EXPIRES("1760000001"), 1000, 7200000},
        {EXPIRES("1760007200"), 7200000, 7200000},
        /* far in the future: a clock is wrong */
        {EXPIRES("1760007201"), 7200000, 7200000},
        {EXPIRES("1790000000"), 7200000, 7200000},
        {EXPIRES("9007199254740991"), 7200000, 7200000},
        {EXPIRES("9007199254740992"), 7200000, 7200000},
        {LIVES("1760000100", "200"), 100000, 200000},
        {LIVES("1760000300", "200"), 200000, 200000},
        {LIVES("1760000100", "999999"), 100000, 7200000},
        {LIVES("1760000100", "0"), 100000, 7200000},
        {LIVES("1760000100", "-5"), 100000, 7200000},
        {LIVES("1760000100", "\"200\""), 100000, 7200000},
        {LIVES("1760000100", "null"), 100000, 7200000},
        {LIVES("1760000100", "1e300"), 100000, 7200000},
        {" {\"expires_at\" : 1760000100, \"more\":[{}], \"access_token\":\"t\" } \n", 100000,
         7200000},
        {"\xef\xbb\xbf" EXPIRES("1760000100"), 100000, 7200000},
        {EXPIRES("1.7600001e9"), 100000, 7200000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *token = NULL;
        int64_t left_ms = 0;
        int64_t life_ms = 0;
        print_message("record: %s\n", rows[i].record);
        assert_int_equal(
            wxid__record_read_token(&token, &left_ms, &life_ms, rows[i].record, NOW_MS), 1);
        assert_string_equal(token, "t");
        assert_int_equal(left_ms, rows[i].left_ms);
        assert_int_equal(life_ms, rows[i].life_ms);
        wxid__text_free(token);
    }
}

static const char *const no_records[] = {
    "",
    " ",
    "garbage",
    "null",
    "[]",
    "\"t\"",
    "1",
    "{",
    "{}",
    "{\"access_token\":\"t\"}",
    "{\"expires_at\":1760000100}",
    EXPIRES("1760000000"),
    EXPIRES("1759999999"),
    EXPIRES("0"),
    EXPIRES("-1"),
    EXPIRES("-9007199254740992"),
    EXPIRES("1e300"),
    EXPIRES("1e999"),
    EXPIRES("99999999999999999999999999"),
    EXPIRES("1760000100.5"),
    EXPIRES("\"1760000100\""),
    EXPIRES("true"),
    EXPIRES("null"),
    EXPIRES("[1760000100]"),
    EXPIRES("1760000100") "x",
    EXPIRES("1760000100") EXPIRES("1760000100"),
    "{\"access_token\":1,\"expires_at\":1760000100}",
    "{\"access_token\":null,\"expires_at\":1760000100}",
    "{\"access_token\":{},\"expires_at\":1760000100}",
    "{\"access_token\":\"\",\"expires_at\":1760000100}",
    "{\"access_token\":\"a b\",\"expires_at\":1760000100}",
    "{\"access_token\":\"a\\n\",\"expires_at\":1760000100}",
    "{\"access_token\":\"a\\u0000b\",\"expires_at\":1760000100}",
    "{\"access_token\":\"a\\\"b\",\"expires_at\":1760000100}",
    "{\"access_token\":\"\xff\",\"expires_at\":1760000100}",
    "{\"access_token\":\"\xe5\xbc\xa0\",\"expires_at\":1760000100}",
    "{\"access_token\":\"a\",\"access_token\":\"b\",\"expires_at\":1760000100}",
    "{\"Access_Token\":\"a\",\"expires_at\":1760000100}",
    "{\"failed\":\"busy\",\"failures\":1,\"retry_at_ms\":1760000001000}",
    "0123456789abcdef",
};

static void assert_no_token(const char *record)
{
    char *token = NULL;
    int64_t left_ms = 77;
    int64_t life_ms = 77;
    assert_int_equal(wxid__record_read_token(&token, &left_ms, &life_ms, record, NOW_MS), 0);
    assert_null(token);
    assert_true(left_ms == 77 && life_ms == 77);
}

static void test_what_is_no_token(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof no_records / sizeof no_records[0]; i++) {
        print_message("no record: %s\n", no_records[i]);
        assert_no_token(no_records[i]);
    }
}

/* A store may hand out whatever somebody put there. */
static void test_long_records(void **state)
{
    size_t length = 70 << 10;
    char *record = malloc(length + 1);
    (void)state;
    assert_non_null(record);
    memset(record, 'x', length);
    record[length] = '\0';
    assert_no_token(record);
    memset(record, ' ', length);
    memcpy(record, EXPIRES("1760000100"), strlen(EXPIRES("1760000100")));
    assert_no_token(record);
    memset(record, '[', length);
    assert_no_token(record);
    memcpy(record, "{\"access_token\":\"", 17);
    memset(record + 17, 'x', 5000);
    memcpy(record + 5017, "\",\"expires_at\":1760000100}", 27);
    assert_no_token(record);
    free(record);
}

/* ---- Failures ---- */

static void test_failure_there_and_back(void **state)
{
    const wxid_kind_info *info;
    (void)state;
    for (size_t i = 0; (info = wxid_kind_info_at(i)) != NULL; i++) {
        int64_t failures = 0;
        int64_t wait_ms = 0;
        wxid_error *error = wxid_error_new(info->kind, "some text of a service with no secret");
        char *record = wxid__record_of_failure(error, 3, NOW_MS + 4000);
        wxid_error_free(error);
        assert_null(strstr(record, "text"));
        error = wxid__record_read_failure(&failures, &wait_ms, record, NOW_MS);
        if (info->class_name[0] == '\0') { /* usage, system, memory, interrupted: their own */
            assert_null(error);
        } else {
            assert_int_equal(wxid_error_kind(error), info->kind);
            assert_int_equal(wxid_error_retryable(error), info->retryable);
            assert_int_equal(failures, 3);
            assert_int_equal(wait_ms, 4000);
        }
        wxid_error_free(error);
        wxid__text_free(record);
    }
}

/* An errcode says what there was, and in a fetch it is never about a token. */
static void test_errcodes_there_and_back(void **state)
{
    static const char *const no_secrets[] = {NULL};
    const wxid_errcode_info *info;
    (void)state;
    for (size_t i = 0; (info = wxid_errcode_info_at(i)) != NULL; i++) {
        int64_t failures = 0;
        int64_t wait_ms = 0;
        int32_t errcode = 0;
        wxid_kind kind = info->kind == WXID_KIND_TOKEN ? WXID_KIND_CREDENTIAL : info->kind;
        wxid_error *error =
            wxid__error_blame_credential(wxid__error_api(info->errcode, NULL, 200, no_secrets));
        char *record = wxid__record_of_failure(error, 1, NOW_MS + 1000);
        wxid_error_free(error);
        error = wxid__record_read_failure(&failures, &wait_ms, record, NOW_MS);
        assert_int_equal(wxid_error_kind(error), kind);
        assert_true(wxid_error_errcode(error, &errcode));
        assert_int_equal(errcode, info->errcode);
        wxid_error_free(error);
        wxid__text_free(record);
    }
}

#define FAILED(kind, rest) "{\"failed\":\"" kind "\"" rest "}"
#define UNTIL ",\"retry_at_ms\":1760000002000"

static void test_failures_that_others_wrote(void **state)
{
    static const struct {
        const char *record;
        wxid_kind kind;
        int64_t failures, wait_ms;
    } rows[] = {
        {FAILED("busy", ",\"failures\":2" UNTIL), WXID_KIND_BUSY, 2, 2000},
        {FAILED("busy", ",\"failures\":0" UNTIL), WXID_KIND_BUSY, 1, 2000},
        {FAILED("busy", ",\"failures\":-9" UNTIL), WXID_KIND_BUSY, 1, 2000},
        {FAILED("busy", UNTIL), WXID_KIND_BUSY, 1, 2000},
        {FAILED("busy", ",\"failures\":1e15" UNTIL), WXID_KIND_BUSY, 1000000, 2000},
        {FAILED("busy", ",\"failures\":1e300" UNTIL), WXID_KIND_BUSY, 1, 2000},
        {FAILED("busy", ",\"failures\":\"2\"" UNTIL), WXID_KIND_BUSY, 1, 2000},
        {FAILED("busy", ",\"failures\":1"), WXID_KIND_BUSY, 1, 0},
        {FAILED("busy", ",\"retry_at_ms\":1759999999999"), WXID_KIND_BUSY, 1, 0},
        {FAILED("busy", ",\"retry_at_ms\":-9007199254740992"), WXID_KIND_BUSY, 1, 0},
        {FAILED("busy", ",\"retry_at_ms\":1760000030001"), WXID_KIND_BUSY, 1, 30000},
        {FAILED("busy", ",\"retry_at_ms\":9007199254740992"), WXID_KIND_BUSY, 1, 30000},
        {FAILED("busy", ",\"retry_at_ms\":\"1760000002000\""), WXID_KIND_BUSY, 1, 0},
        {FAILED("busy", ",\"errcode\":45009" UNTIL), WXID_KIND_QUOTA, 1, 2000},
        {FAILED("api", ",\"errcode\":77" UNTIL), WXID_KIND_API, 1, 2000},
        {FAILED("credential", ",\"errcode\":\"40125\"" UNTIL), WXID_KIND_CREDENTIAL, 1, 2000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t failures = 77;
        int64_t wait_ms = 77;
        print_message("failure: %s\n", rows[i].record);
        wxid_error *error = wxid__record_read_failure(&failures, &wait_ms, rows[i].record, NOW_MS);
        assert_non_null(error);
        assert_int_equal(wxid_error_kind(error), rows[i].kind);
        assert_int_equal(failures, rows[i].failures);
        assert_int_equal(wait_ms, rows[i].wait_ms);
        wxid_error_free(error);
    }
}

/* A gateway's 502 may be another time, a page that is no reply not: both are of one kind. */
static void test_whether_it_may_be_tried_again_is_told(void **state)
{
    const int statuses[] = {502, 200};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        int64_t failures = 0;
        int64_t wait_ms = 0;
        wxid_error *error = wxid__error_protocol("no reply", statuses[i], 0);
        char *record = wxid__record_of_failure(error, 1, NOW_MS + 1000);
        wxid_error_free(error);
        error = wxid__record_read_failure(&failures, &wait_ms, record, NOW_MS);
        assert_int_equal(wxid_error_kind(error), WXID_KIND_PROTOCOL);
        assert_int_equal(wxid_error_retryable(error), statuses[i] == 502);
        wxid_error_free(error);
        wxid__text_free(record);
    }
}

static void test_what_is_no_failure(void **state)
{
    static const char *const rows[] = {
        FAILED("", UNTIL),
        FAILED("Busy", UNTIL),
        FAILED("weather", UNTIL),
        FAILED("memory", UNTIL),
        FAILED("memory", ",\"errcode\":-1" UNTIL),
        FAILED("busy", ",\"errcode\":2147483648" UNTIL),
        FAILED("busy", ",\"errcode\":-2147483649" UNTIL),
        FAILED("busy", ",\"errcode\":-1,\"errcode\":40001" UNTIL),
        "{\"failed\":1" UNTIL "}",
        "{\"failed\":null" UNTIL "}",
        "{\"failures\":1" UNTIL "}",
        EXPIRES("1760000100"),
    };
    int64_t failures = 77;
    int64_t wait_ms = 77;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("no failure: %s\n", rows[i]);
        assert_null(wxid__record_read_failure(&failures, &wait_ms, rows[i], NOW_MS));
    }
    for (size_t i = 0; i < sizeof no_records / sizeof no_records[0]; i++) {
        if (strstr(no_records[i], "failed") == NULL) {
            assert_null(wxid__record_read_failure(&failures, &wait_ms, no_records[i], NOW_MS));
        }
    }
    assert_true(failures == 77 && wait_ms == 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_token_there_and_back),
        cmocka_unit_test(test_the_longest_token),
        cmocka_unit_test(test_tokens_that_others_wrote),
        cmocka_unit_test(test_what_is_no_token),
        cmocka_unit_test(test_long_records),
        cmocka_unit_test(test_failure_there_and_back),
        cmocka_unit_test(test_errcodes_there_and_back),
        cmocka_unit_test(test_failures_that_others_wrote),
        cmocka_unit_test(test_whether_it_may_be_tried_again_is_told),
        cmocka_unit_test(test_what_is_no_failure),
    };
    return cmocka_run_group_tests_name("token_record", tests, NULL, NULL);
}
