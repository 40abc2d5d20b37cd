/* The settings `fit` and `strip_metadata`, and what a call sends with them: of every build, with
 * libjpeg and libpng or without. */
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CANARY "canary of the tests: 39.9087 N"
#define REST "\xff\xda\0\x8\1\1\0\0\x3f\0\x12\xff\xd9"

/* A comment of 2 + 31 bytes. */
static const char jpeg[] = "\xff\xd8\xff\xfe\0\x20" CANARY REST;
static const char plain_jpeg[] = "\xff\xd8" REST;
static const char png[] = "\x89PNG\r\n\x1a\n"
                          "\0\0\0\x1etEXt" CANARY "crc \0\0\0\4IDATdatacrc ";
static const char plain_png[] = "\x89PNG\r\n\x1a\n\0\0\0\4IDATdatacrc ";

static wxid_settings with_token(void)
{
    wxid_settings settings = WXID_SETTINGS_INIT;
    settings.access_token = "token_of_the_tests";
    return settings;
}

/* What a call sends of a picture; the call is stored, for it owns the bytes. */
static const wxid_request *upload(wxid_call **call, wxid_session *session,
                                  const wxid_recognition *recognition)
{
    assert_int_equal(wxid_call_new_recognition(call, session, recognition, 0, 1, NULL), 0);
    assert_int_equal(wxid_call_step(*call, 0), WXID_STEP_SEND);
    return wxid_call_request(*call);
}

static wxid_session *session_of(const wxid_settings *settings)
{
    wxid_session *session = NULL;
    wxid_error *error = NULL;
    if (wxid_session_new(&session, settings, &error) != 0) {
        fail_msg("%s", wxid_error_message(error));
    }
    return session;
}

static void assert_uploads(wxid_session *session, const wxid_recognition *recognition,
                           const void *wanted, size_t length, const char *media_type)
{
    wxid_call *call = NULL;
    const wxid_request *request = upload(&call, session, recognition);
    assert_int_equal(request->fragment_count, 3);
    assert_int_equal(request->body[1].length, length);
    assert_memory_equal(request->body[1].data, wanted, length);
    assert_non_null(
        memmem(request->body[0].data, request->body[0].length, media_type, strlen(media_type)));
    wxid_call_free(call);
}

static void test_metadata_are_taken_out(void **state)
{
    wxid_settings settings = with_token();
    wxid_recognition recognition = WXID_RECOGNITION_INIT;
    (void)state;
    settings.strip_metadata = 1;
    wxid_session *session = session_of(&settings);
    recognition.image = jpeg;
    recognition.image_length = sizeof jpeg - 1;
    assert_uploads(session, &recognition, plain_jpeg, sizeof plain_jpeg - 1, "image/jpeg");
    recognition.image = png;
    recognition.image_length = sizeof png - 1;
    assert_uploads(session, &recognition, plain_png, sizeof plain_png - 1, "image/png");
    wxid_session_free(session);
}

static void test_metadata_are_taken_out_of_files(void **state)
{
    char path[] = "/tmp/wxidcard-test-XXXXXX";
    wxid_settings settings = with_token();
    wxid_recognition recognition = WXID_RECOGNITION_INIT;
    (void)state;
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, jpeg, sizeof jpeg - 1), sizeof jpeg - 1);
    close(file);
    settings.strip_metadata = 1;
    wxid_session *session = session_of(&settings);
    recognition.image_path = path;
    assert_uploads(session, &recognition, plain_jpeg, sizeof plain_jpeg - 1, "image/jpeg");
    wxid_session_free(session);
    unlink(path);
}

/* Without the settings nothing is touched, nor copied; and an img_url never is. */
static void test_nothing_is_touched(void **state)
{
    wxid_settings settings = with_token();
    wxid_recognition recognition = WXID_RECOGNITION_INIT;
    wxid_call *call = NULL;
    (void)state;
    for (int strip = 0; strip < 2; strip++) {
        settings.strip_metadata = strip;
        wxid_session *session = session_of(&settings);
        if (!strip) {
            recognition.image = jpeg;
            recognition.image_length = sizeof jpeg - 1;
            assert_ptr_equal(upload(&call, session, &recognition)->body[1].data, jpeg);
            wxid_call_free(call);
        }
        recognition.image = NULL;
        recognition.img_url = "https://example.com/a.gif";
        assert_non_null(upload(&call, session, &recognition));
        wxid_call_free(call);
        recognition.img_url = NULL;
        wxid_session_free(session);
    }
}

static void assert_settings_refused(wxid_settings settings, const char *words)
{
    wxid_session *session = NULL;
    wxid_error *error = NULL;
    assert_int_equal(wxid_session_new(&session, &settings, &error), -1);
    assert_int_equal(wxid_error_kind(error), WXID_KIND_USAGE);
    assert_non_null(strstr(wxid_error_message(error), words));
    wxid_error_free(error);
}

static void test_settings(void **state)
{
    wxid_settings settings = with_token();
    (void)state;
    wxid_session *session = session_of(&settings);
    assert_int_equal(wxid_session_settings(session)->fit, 0);
    assert_int_equal(wxid_session_settings(session)->strip_metadata, 0);
    wxid_session_free(session);
    settings.fit = 2;
    assert_settings_refused(settings, "fit must be true or false");
    settings.fit = 0;
    settings.strip_metadata = -1;
    assert_settings_refused(settings, "strip_metadata must be true or false");
    settings.strip_metadata = 0;
    settings.max_image_bytes = (64 << 20) + 1;
    assert_settings_refused(settings, "max_image_bytes");
}

static void test_read_limit(void **state)
{
    wxid_settings settings = WXID_SETTINGS_INIT;
    (void)state;
    assert_int_equal(wxid_picture_read_limit(&settings), 2 << 20);
    settings.max_image_bytes = 1000;
    assert_int_equal(wxid_picture_read_limit(&settings), 1000);
    settings.fit = 0;
    assert_int_equal(wxid_picture_read_limit(&settings), 1000);
    settings.fit = 1;
    assert_int_equal(wxid_picture_read_limit(&settings), 64 << 20);
}

static void assert_fit_refused(const wxid_fit *fit, const void *image, size_t length,
                               wxid_kind kind, const char *words)
{
    wxid_picture *picture = NULL;
    wxid_error *error = NULL;
    assert_int_equal(wxid_picture_fit(&picture, image, length, fit, &error), -1);
    assert_null(picture);
    assert_int_equal(wxid_error_kind(error), kind);
    assert_non_null(strstr(wxid_error_message(error), words));
    wxid_error_free(error);
    assert_int_equal(wxid_picture_fit(&picture, image, length, fit, NULL), -1);
}

static void test_fit_is_checked(void **state)
{
    wxid_fit fit = WXID_FIT_INIT;
    (void)state;
    fit.version = 2;
    assert_fit_refused(&fit, jpeg, sizeof jpeg - 1, WXID_KIND_USAGE, "WXID_FIT_INIT");
    fit.version = WXID_FIT_VERSION;
    fit.max_image_bytes = 0;
    assert_fit_refused(&fit, jpeg, sizeof jpeg - 1, WXID_KIND_USAGE, "max_image_bytes");
    fit.max_image_bytes = WXID_UNSET;
    fit.strip_metadata = 2;
    assert_fit_refused(&fit, jpeg, sizeof jpeg - 1, WXID_KIND_USAGE, "strip_metadata");
    assert_fit_refused(NULL, NULL, 0, WXID_KIND_IMAGE_INPUT, "empty");
    assert_fit_refused(NULL, NULL, 10, WXID_KIND_IMAGE_INPUT, "empty");
    assert_fit_refused(NULL, "%PDF-1.7", 8, WXID_KIND_IMAGE_INPUT, "PDF");
}

/* Where libjpeg and libpng are missing that is said at once, not when the first photograph comes.
 */
static void test_what_was_built(void **state)
{
    wxid_settings settings = with_token();
    wxid_fit fit = WXID_FIT_INIT;
    (void)state;
    settings.fit = 1;
    fit.max_image_bytes = 20;
#ifdef WXID_WITH_PICTURES
    wxid_session *session = session_of(&settings);
    assert_int_equal(wxid_session_settings(session)->fit, 1);
    wxid_session_free(session);
    assert_fit_refused(&fit, jpeg, sizeof jpeg - 1, WXID_KIND_IMAGE_INPUT, "damaged");
#else
    assert_settings_refused(settings, "libjpeg-dev, libpng-dev");
    assert_fit_refused(&fit, jpeg, sizeof jpeg - 1, WXID_KIND_USAGE, "libjpeg-dev, libpng-dev");
    assert_fit_refused(&fit, png, sizeof png - 1, WXID_KIND_USAGE, "libjpeg-dev, libpng-dev");
#endif
    wxid_picture *picture = NULL;
    fit.max_image_bytes = sizeof jpeg;
    assert_int_equal(wxid_picture_fit(&picture, jpeg, sizeof jpeg - 1, &fit, NULL), 0);
    assert_ptr_equal(wxid_picture_data(picture, NULL), jpeg);
    wxid_picture_free(picture);
    fit.strip_metadata = 1;
    assert_int_equal(wxid_picture_fit(&picture, jpeg, sizeof jpeg - 1, &fit, NULL), 0);
    wxid_picture_free(picture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metadata_are_taken_out),
        cmocka_unit_test(test_metadata_are_taken_out_of_files),
        cmocka_unit_test(test_nothing_is_touched),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_read_limit),
        cmocka_unit_test(test_fit_is_checked),
        cmocka_unit_test(test_what_was_built),
    };
    return cmocka_run_group_tests_name("picture_call", tests, NULL, NULL);
}
