/* Which credentials a session takes, what it says of them, and where a request carries them. */
#include "support/script.h"

#include <stdio.h>
#include <string.h>

/* Sets one credential, by number. */
static void give_credential(wxid_settings *settings, int which)
{
    switch (which) {
    case 0:
        settings->access_token = "canary_token";
        break;
    case 1:
        settings->appid = APPID;
        settings->secret = SECRET;
        break;
    case 2:
        settings->ask_for_token = 1;
        break;
    case 3:
        settings->cloudbase_access_token = "canary_token";
        break;
    case 4:
        settings->cloudbase_token_file = "/canary/path";
        break;
    default:
        settings->open_service = 1;
        break;
    }
}

enum { CREDENTIALS = 6 };

static void assert_refused(const wxid_settings *settings, const char *part)
{
    wxid_session *session = NULL;
    wxid_error *error = NULL;
    assert_int_equal(wxid_session_new(&session, settings, &error), -1);
    assert_null(session);
    assert_int_equal(wxid_error_kind(error), WXID_KIND_USAGE);
    assert_non_null(strstr(wxid_error_message(error), part));
    assert_null(strstr(wxid_error_message(error), "canary"));
    wxid_error_free(error);
}

static wxid_session *accept(const wxid_settings *settings)
{
    wxid_session *session = NULL;
    assert_int_equal(wxid_session_new(&session, settings, NULL), 0);
    return session;
}

static void test_exactly_one(void **state)
{
    wxid_settings none = WXID_SETTINGS_INIT;
    (void)state;
    assert_refused(&none, "a credential is needed");
    for (int one = 0; one < CREDENTIALS; one++) {
        wxid_settings alone = WXID_SETTINGS_INIT;
        give_credential(&alone, one);
        wxid_session_free(accept(&alone));
        for (int other = 0; other < one; other++) {
            wxid_settings both = alone;
            give_credential(&both, other);
            assert_refused(&both, "more than one credential");
        }
        if (one != 1) { /* half of another one is too much too */
            alone.secret = SECRET;
            assert_refused(&alone, "more than one credential");
            alone.secret = NULL;
            alone.appid = APPID;
            assert_refused(&alone, "more than one credential");
        }
    }
}

static void test_zeroes_are_no_credentials(void **state)
{
    wxid_settings settings = WXID_SETTINGS_INIT;
    (void)state;
    settings.access_token = "canary_token";
    settings.ask_for_token = 0;
    settings.token_store = 0;
    settings.open_service = 0;
    wxid_session_free(accept(&settings));
    settings.open_service = 2;
    assert_refused(&settings, "open_service must be true or false");
    settings.open_service = 0;
    settings.ask_for_token = -1;
    assert_refused(&settings, "ask_for_token must be");
    settings.ask_for_token = 0;
    settings.token_store = 7;
    assert_refused(&settings, "token_store must be");
}

static void test_parts_that_are_missing_or_wrong(void **state)
{
    static const struct {
        const char *appid, *secret, *endpoint, *part;
    } rows[] = {
        {APPID, NULL, NULL, "secret"},
        {NULL, SECRET, NULL, "appid"},
        {"", SECRET, NULL, "appid"},
        {"wx 1", SECRET, NULL, "appid"},
        {"wx:1", SECRET, NULL, "appid"},
        {APPID, "", NULL, "secret"},
        {APPID, "canary\"", NULL, "secret"},
        {APPID, "canary\\", NULL, "secret"},
        {APPID, "canary canary", NULL, "secret"},
        {APPID, SECRET, "", "token_endpoint"},
        {APPID, SECRET, "stable", "token_endpoint"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wxid_settings settings = WXID_SETTINGS_INIT;
        settings.appid = rows[i].appid;
        settings.secret = rows[i].secret;
        settings.token_endpoint = rows[i].endpoint;
        assert_refused(&settings, rows[i].part);
    }
    for (int which = 0; which < CREDENTIALS; which++) {
        if (which != 1) { /* what belongs to appid and secret */
            wxid_settings settings = WXID_SETTINGS_INIT;
            give_credential(&settings, which);
            settings.token_store = 1;
            assert_refused(&settings, "token_store shares");
            settings.token_store = WXID_UNSET;
            settings.token_endpoint = "stable_token";
            assert_refused(&settings, "token_endpoint is for appid");
        }
    }
}

static void test_tokens_and_paths_are_checked(void **state)
{
    static const char *const tokens[] = {"", "canary canary", "canary\r\nX: y", "canary\""};
    (void)state;
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        wxid_settings settings = WXID_SETTINGS_INIT;
        settings.access_token = tokens[i];
        assert_refused(&settings, "access_token is empty");
        settings.access_token = NULL;
        settings.cloudbase_access_token = tokens[i];
        assert_refused(&settings, "cloudbase_access_token is empty");
    }
    wxid_settings settings = WXID_SETTINGS_INIT;
    settings.cloudbase_token_file = "";
    assert_refused(&settings, "cloudbase_token_file is empty");
}

/* ---- Where to ---- */

static void test_base_urls(void **state)
{
    wxid_settings settings = WXID_SETTINGS_INIT;
    (void)state;
    settings.open_service = 1;
    wxid_session *session = accept(&settings);
    assert_string_equal(wxid_session_settings(session)->base_url, "http://api.weixin.qq.com");
    wxid_session_free(session);
    settings.base_url = "http://gateway.example";
    wxid_session_free(accept(&settings));
    settings.base_url = "https://gateway.example";
    wxid_session_free(accept(&settings));
    for (int which = 0; which < CREDENTIALS - 1; which++) {
        wxid_settings other = WXID_SETTINGS_INIT;
        give_credential(&other, which);
        other.open_service = 0;
        session = accept(&other);
        assert_string_equal(wxid_session_settings(session)->base_url, "https://api.weixin.qq.com");
        wxid_session_free(session);
        other.base_url = "http://gateway.example";
        assert_refused(&other, "plain http");
        other.base_url = "http://127.0.0.1:8080";
        wxid_session_free(accept(&other));
    }
}

/* ---- What is said of them ---- */

static void test_descriptions(void **state)
{
    static const char *const names[] = {"access_token",         "appid wx***cdef",
                                        "token_provider",       "cloudbase_access_token",
                                        "cloudbase_token_file", "open_service"};
    (void)state;
    for (int which = 0; which < CREDENTIALS; which++) {
        wxid_settings settings = WXID_SETTINGS_INIT;
        char wanted[128];
        give_credential(&settings, which);
        wxid_session *session = accept(&settings);
        snprintf(wanted, sizeof wanted, "%s, http%s://api.weixin.qq.com", names[which],
                 which == 5 ? "" : "s");
        assert_string_equal(wxid_session_description(session), wanted);
        wxid_session_free(session);
    }
}

/* Enough to tell accounts apart: never more than half of an app id. */
static void test_app_ids_are_masked(void **state)
{
    static const char appid[] = "wx0123456789abcdefgh";
    (void)state;
    for (size_t length = 1; length <= 20; length++) {
        wxid_settings settings = WXID_SETTINGS_INIT;
        char own[32] = "";
        char wanted[64];
        memcpy(own, appid, length);
        settings.appid = own;
        settings.secret = SECRET;
        wxid_session *session = accept(&settings);
        snprintf(wanted, sizeof wanted, "appid %.*s***%s, ", length < 8 ? 0 : 2, own,
                 length < 12 ? "" : own + length - 4);
        assert_memory_equal(wxid_session_description(session), wanted, strlen(wanted));
        assert_true(length < 4 || strstr(wxid_session_description(session), own) == NULL);
        assert_null(strstr(wxid_session_description(session), SECRET));
        wxid_session_free(session);
    }
}

static void test_settings_show_no_secrets(void **state)
{
    (void)state;
    for (int which = 0; which < CREDENTIALS; which++) {
        wxid_settings settings = WXID_SETTINGS_INIT;
        give_credential(&settings, which);
        wxid_session *session = accept(&settings);
        const wxid_settings *shown = wxid_session_settings(session);
        assert_null(shown->access_token);
        assert_null(shown->appid);
        assert_null(shown->secret);
        assert_null(shown->cloudbase_access_token);
        assert_int_equal(shown->ask_for_token, which == 2);
        assert_int_equal(shown->cloudbase_token_file != NULL, which == 4);
        assert_int_equal(shown->open_service, which == 5);
        assert_int_equal(shown->token_store, 0);
        assert_int_equal(shown->token_endpoint != NULL, which == 1);
        wxid_session_free(session);
    }
    wxid_settings settings = WXID_SETTINGS_INIT;
    give_credential(&settings, 1);
    settings.token_store = 1;
    settings.token_endpoint = "token";
    wxid_session *session = accept(&settings);
    assert_int_equal(wxid_session_settings(session)->token_store, 1);
    assert_string_equal(wxid_session_settings(session)->token_endpoint, "token");
    wxid_session_free(session);
}

/* ---- Where a request carries them ---- */

static void assert_target(int which, const char *type, const char *img_url, const char *wanted)
{
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_recognition recognition = WXID_RECOGNITION_INIT;
    wxid_call *call = NULL;
    give_credential(&settings, which);
    wxid_session *session = accept(&settings);
    recognition.type = type;
    recognition.img_url = img_url;
    recognition.image = img_url == NULL ? small_jpeg : NULL;
    recognition.image_length = sizeof small_jpeg;
    assert_int_equal(wxid_call_new_recognition(&call, session, &recognition, 0, 1, NULL), 0);
    assert_int_equal(wxid_call_step(call, 0), WXID_STEP_SEND);
    assert_string_equal(wxid_call_request(call)->target, wanted);
    wxid_call_free(call);
    wxid_session_free(session);
}

#define RECOGNITION "/cv/ocr/idcard"
#define PICTURE "img_url=https%3A%2F%2Fexample.com%2Fa.jpg"

static void test_targets(void **state)
{
    static const char url[] = "https://example.com/a.jpg";
    (void)state;
    assert_target(0, NULL, NULL, RECOGNITION "?access_token=canary_token");
    assert_target(3, NULL, NULL, RECOGNITION "?cloudbase_access_token=canary_token");
    assert_target(3, "scan", NULL, RECOGNITION "?cloudbase_access_token=canary_token&type=scan");
    assert_target(3, "photo", url,
                  RECOGNITION "?cloudbase_access_token=canary_token&type=photo&" PICTURE);
    assert_target(5, NULL, NULL, RECOGNITION);
    assert_target(5, "photo", NULL, RECOGNITION "?type=photo");
    assert_target(5, NULL, url, RECOGNITION "?" PICTURE);
    assert_target(5, "photo", url, RECOGNITION "?type=photo&" PICTURE);
}

/* A refused token in hand is not tried again, nor is a service that wants none. */
static void test_what_is_in_hand_cannot_be_renewed(void **state)
{
    static const int in_hand[] = {0, 3, 5};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        wxid_settings settings = WXID_SETTINGS_INIT;
        give_credential(&settings, in_hand[i]);
        wxid_session *session = accept(&settings);
        wxid_call *call = new_call(session, 0, 1);
        answer(call, 0, 200, "{\"errcode\":40001}");
        assert_ends_with(call, WXID_KIND_TOKEN);
        wxid_call_free(call);
        wxid_session_free(session);
    }
}

static void test_token_requests(void **state)
{
    wxid_session *stable = new_app_session((app){.max_retries = 0});
    wxid_session *old = new_app_session((app){.old_endpoint = 1});
    wxid_call *call = new_call(stable, 0, 1);
    (void)state;
    assert_int_equal(wxid_call_step(call, 0), WXID_STEP_SEND);
    const wxid_request *request = wxid_call_request(call);
    assert_string_equal(request->method, "POST");
    assert_string_equal(request->target, "/cgi-bin/stable_token");
    assert_null(strstr(request->head, SECRET));
    wxid_call_free(call);
    call = new_call(old, 0, 1);
    assert_int_equal(wxid_call_step(call, 0), WXID_STEP_SEND);
    request = wxid_call_request(call);
    assert_string_equal(request->method, "GET");
    assert_string_equal(request->target, "/cgi-bin/token?grant_type=client_credential&appid=" APPID
                                         "&secret=" SECRET);
    wxid_call_free(call);
    wxid_session_free(stable);
    wxid_session_free(old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exactly_one),
        cmocka_unit_test(test_zeroes_are_no_credentials),
        cmocka_unit_test(test_parts_that_are_missing_or_wrong),
        cmocka_unit_test(test_tokens_and_paths_are_checked),
        cmocka_unit_test(test_base_urls),
        cmocka_unit_test(test_descriptions),
        cmocka_unit_test(test_app_ids_are_masked),
        cmocka_unit_test(test_settings_show_no_secrets),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_what_is_in_hand_cannot_be_renewed),
        cmocka_unit_test(test_token_requests),
    };
    return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
