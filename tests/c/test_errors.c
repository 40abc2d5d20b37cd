/* The tables, and what every error has. */
#include "support/support.h"

#include <stdio.h>
#include <string.h>

static void test_kinds(void **state)
{
    const wxid_kind_info *info;
    size_t count = 0;
    (void)state;
    for (; (info = wxid_kind_info_at(count)) != NULL; count++) {
        assert_int_equal(info->kind, count);
        assert_true(strlen(info->name) > 0 && strlen(info->meaning) > 0);
        for (size_t i = 0; i < count; i++) {
            assert_string_not_equal(info->name, wxid_kind_info_at(i)->name);
        }
        wxid_error *error = wxid_error_new(info->kind, "a message");
        assert_string_equal(wxid_error_kind_name(error), info->name);
        assert_string_equal(wxid_error_message(error), "a message");
        assert_int_equal(wxid_error_retryable(error), info->retryable);
        assert_false(wxid_error_errcode(error, NULL));
        assert_null(wxid_error_errmsg(error));
        assert_int_equal(wxid_error_http_status(error), 0);
        wxid_error_free(error);
    }
    assert_int_equal(count, WXID_KIND_COUNT);
}

/* Every base class is a group, "Error", or nothing; every group is somebody's base. */
static void test_groups(void **state)
{
    const wxid_group_info *group;
    (void)state;
    for (size_t i = 0; (group = wxid_group_info_at(i)) != NULL; i++) {
        size_t members = 0;
        for (size_t k = 0; k < WXID_KIND_COUNT; k++) {
            members += strcmp(wxid_kind_info_at(k)->base_name, group->class_name) == 0;
        }
        assert_true(members > 0);
    }
    for (size_t k = 0; k < WXID_KIND_COUNT; k++) {
        const char *base = wxid_kind_info_at(k)->base_name;
        int known = strcmp(base, "") == 0 || strcmp(base, "Error") == 0;
        for (size_t i = 0; (group = wxid_group_info_at(i)) != NULL; i++) {
            known |= strcmp(base, group->class_name) == 0;
        }
        assert_true(known);
    }
}

/* A reply with each errcode of the table gives its kind, text and retryability. */
static void test_errcodes(void **state)
{
    const wxid_errcode_info *info;
    (void)state;
    for (size_t i = 0; (info = wxid_errcode_info_at(i)) != NULL; i++) {
        char body[64];
        int32_t errcode = 0;
        wxid_value *card = NULL;
        wxid_error *error = NULL;
        wxid_session *session = new_session(0, 0);
        wxid_call *call = new_call(session, 0, 1);
        snprintf(body, sizeof body, "{\"errcode\":%d}", (int)info->errcode);
        answer(call, 0, 200, body);
        assert_int_equal(wxid_call_take_card(&card, call, &error), -1);
        assert_true(wxid_error_errcode(error, &errcode));
        assert_int_equal(errcode, info->errcode);
        assert_int_equal(wxid_error_kind(error), info->kind);
        assert_non_null(strstr(wxid_error_message(error), info->text));
        assert_non_null(strchr("NBT", info->retry_class));
        assert_int_equal(wxid_error_retryable(error), wxid_kind_info_at(info->kind)->retryable);
        wxid_error_free(error);
        wxid_call_free(call);
        wxid_session_free(session);
        for (size_t k = 0; k < i; k++) {
            assert_int_not_equal(info->errcode, wxid_errcode_info_at(k)->errcode);
        }
    }
}

static void test_settings_table(void **state)
{
    const wxid_setting_info *info;
    size_t count = 0;
    (void)state;
    for (; (info = wxid_setting_info_at(count)) != NULL; count++) {
        assert_true(info->offset < sizeof(wxid_settings));
        assert_true(strlen(info->meaning) > 0);
    }
    /* One row for each field but the version. */
    assert_int_equal(count, (sizeof(wxid_settings) - offsetof(wxid_settings, access_token)) / 8);
}

static void test_session_shows_no_token(void **state)
{
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_session *session = NULL;
    (void)state;
    settings.access_token = "canary_token_1234";
    settings.base_url = "https://gateway.example:8443/secret-path";
    assert_int_equal(wxid_session_new(&session, &settings, NULL), 0);
    assert_string_equal(wxid_session_description(session),
                        "access_token, https://gateway.example:8443");
    assert_null(wxid_session_settings(session)->access_token);
    assert_int_equal(wxid_session_settings(session)->timeout_ms, 30000);
    assert_int_equal(wxid_session_settings(session)->connect_timeout_ms, 5000);
    assert_int_equal(wxid_session_settings(session)->max_retries, 2);
    assert_int_equal(wxid_session_settings(session)->max_image_bytes, 2097152);
    wxid_session_free(session);
}

static void test_other_versions_are_refused(void **state)
{
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_recognition recognition = WXID_RECOGNITION_INIT;
    wxid_token_fetch fetch = WXID_TOKEN_FETCH_INIT;
    wxid_session *session = new_session(0, 0);
    wxid_session *other = NULL;
    wxid_call *call = NULL;
    (void)state;
    settings.access_token = "canary_token_1234";
    settings.version = 99;
    recognition.version = 99;
    fetch.version = 99;
    assert_int_equal(wxid_session_new(&other, &settings, NULL), -1);
    assert_int_equal(wxid_session_new(&other, NULL, NULL), -1);
    assert_int_equal(wxid_call_new_recognition(&call, session, &recognition, 0, 1, NULL), -1);
    assert_int_equal(wxid_call_new_recognition(&call, session, NULL, 0, 1, NULL), -1);
    assert_int_equal(wxid_call_new_token_fetch(&call, session, &fetch, 0, 1, NULL), -1);
    assert_int_equal(wxid_call_new_token_fetch(&call, session, NULL, 0, 1, NULL), -1);
    wxid_session_free(session);
    assert_string_equal(wxid_version(), WXID_VERSION);
}

static void test_token_fetch_is_checked(void **state)
{
    static const struct {
        const char *appid, *secret, *endpoint;
        int force;
    } refused[] = {
        {NULL, "s", NULL, 0},      {"", "s", NULL, 0},       {"wx\"1", "s", NULL, 0},
        {"wx 1", "s", NULL, 0},    {"wx1", NULL, NULL, 0},   {"wx1", "", NULL, 0},
        {"wx1", "a\"b", NULL, 0},  {"wx1", "a\\b", NULL, 0}, {"wx1", "a\r\nb", NULL, 0},
        {"wx1", "s", "tokens", 0}, {"wx1", "s", "token", 1},
    };
    wxid_session *session = new_session(0, 0);
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        wxid_token_fetch fetch = WXID_TOKEN_FETCH_INIT;
        wxid_call *call = NULL;
        wxid_error *error = NULL;
        fetch.appid = refused[i].appid;
        fetch.secret = refused[i].secret;
        fetch.endpoint = refused[i].endpoint;
        fetch.force_refresh = refused[i].force;
        assert_int_equal(wxid_call_new_token_fetch(&call, session, &fetch, 0, 1, &error), -1);
        assert_int_equal(wxid_error_kind(error), WXID_KIND_USAGE);
        wxid_error_free(error);
    }
    wxid_session_free(session);
}

/* Bounds whatever the service says: too short a life would storm it, too long a one ends in
 * refusals. */
static void test_token_life_is_clamped(void **state)
{
    static const struct {
        const char *body;
        int64_t life;
    } lives[] = {
        {"{\"access_token\":\"t\",\"expires_in\":7200}", 7200},
        {"{\"access_token\":\"t\",\"expires_in\":\"300\"}", 300},
        {"{\"access_token\":\"t\",\"expires_in\":\"999999\"}", 7200},
        {"{\"access_token\":\"t\",\"expires_in\":0}", 60},
        {"{\"access_token\":\"t\",\"expires_in\":-1}", 60},
        {"{\"access_token\":\"t\",\"expires_in\":1e9}", 7200},
        {"{\"access_token\":\"t\",\"expires_in\":1e300}", 7200},
        {"{\"access_token\":\"t\",\"expires_in\":null}", 60},
        {"{\"access_token\":\"t\"}", 60},
    };
    wxid_session *session = new_session(0, 0);
    (void)state;
    for (size_t i = 0; i < sizeof lives / sizeof lives[0]; i++) {
        wxid_token_fetch fetch = WXID_TOKEN_FETCH_INIT;
        wxid_call *call = NULL;
        const char *token = NULL;
        int64_t life = 0;
        fetch.appid = "wx1";
        fetch.secret = "s";
        assert_int_equal(wxid_call_new_token_fetch(&call, session, &fetch, 0, 1, NULL), 0);
        answer(call, 0, 200, lives[i].body);
        assert_int_equal(wxid_call_take_token(&token, &life, call, NULL), 0);
        assert_string_equal(token, "t");
        assert_int_equal(life, lives[i].life);
        wxid_call_free(call);
    }
    wxid_session_free(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_errcodes),
        cmocka_unit_test(test_settings_table),
        cmocka_unit_test(test_session_shows_no_token),
        cmocka_unit_test(test_other_versions_are_refused),
        cmocka_unit_test(test_token_fetch_is_checked),
        cmocka_unit_test(test_token_life_is_clamped),
    };
    return cmocka_run_group_tests_name("errors", tests, NULL, NULL);
}
