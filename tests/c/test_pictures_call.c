/* A call with the setting `fit`: what it uploads of a picture that is too large. */
#include "pictures/pictures.h"

#include <png.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIMIT 10000

static wxid_session *fitting_session(int strip)
{
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_session *session = NULL;
    settings.access_token = "token_of_the_tests";
    settings.max_image_bytes = LIMIT;
    settings.fit = 1;
    settings.strip_metadata = strip;
    assert_int_equal(wxid_session_new(&session, &settings, NULL), 0);
    return session;
}

/* Whatever came, it is a JPEG that goes. */
static void assert_uploads_jpeg(const wxid_recognition *recognition, int strip)
{
    wxid_session *session = fitting_session(strip);
    wxid_call *call = NULL;
    assert_int_equal(wxid_call_new_recognition(&call, session, recognition, 0, 1, NULL), 0);
    assert_int_equal(wxid_call_step(call, 0), WXID_STEP_SEND);
    const wxid_request *request = wxid_call_request(call);
    const wxid_fragment *picture = &request->body[1];
    assert_true(picture->length < LIMIT);
    seen found = see(picture->data, picture->length);
    assert_int_equal(found.other_segments, 0);
    assert_quarters(&found, upright, 20);
    seen_free(&found);
    static const char *const words[] = {"image/jpeg", "\"image.jpg\""};
    for (int i = 0; i < 2; i++) {
        assert_non_null(
            memmem(request->body[0].data, request->body[0].length, words[i], strlen(words[i])));
    }
    wxid_call_free(call);
    wxid_session_free(session);
}

static void assert_uploads_as_it_is(bytes picture)
{
    wxid_session *session = fitting_session(0);
    wxid_recognition recognition = WXID_RECOGNITION_INIT;
    wxid_call *call = NULL;
    recognition.image = picture.data;
    recognition.image_length = picture.length;
    assert_int_equal(wxid_call_new_recognition(&call, session, &recognition, 0, 1, NULL), 0);
    assert_int_equal(wxid_call_step(call, 0), WXID_STEP_SEND);
    assert_ptr_equal(wxid_call_request(call)->body[1].data, picture.data);
    wxid_call_free(call);
    wxid_session_free(session);
}

static void write_file(char *path, bytes picture)
{
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, picture.data, picture.length), picture.length);
    close(file);
}

static void test_uploads(void **state)
{
    painting painted = {203, 151, 40};
    (void)state;
    bytes pictures[] = {
        make_jpeg(painted, (jpeg_kind){.across = 2}),
        make_png(painted, (png_kind){.type = PNG_COLOR_TYPE_RGB}),
    };
    for (int i = 0; i < 2; i++) {
        char path[] = "/tmp/wxidcard-test-XXXXXX";
        wxid_recognition by_bytes = WXID_RECOGNITION_INIT;
        wxid_recognition by_path = WXID_RECOGNITION_INIT;
        assert_true(pictures[i].length > LIMIT);
        by_bytes.image = pictures[i].data;
        by_bytes.image_length = pictures[i].length;
        assert_uploads_jpeg(&by_bytes, 0);
        assert_uploads_jpeg(&by_bytes, 1);
        write_file(path, pictures[i]);
        by_path.image_path = path;
        assert_uploads_jpeg(&by_path, 0);
        unlink(path);
        bytes_free(&pictures[i]);
    }
    bytes small = make_jpeg((painting){64, 48, 10}, (jpeg_kind){.across = 2});
    assert_true(small.length < LIMIT);
    assert_uploads_as_it_is(small);
    bytes_free(&small);
}

/* What a call does with a picture can be had without one, too. */
static void test_fit_by_path(void **state)
{
    char path[] = "/tmp/wxidcard-test-XXXXXX";
    bytes jpeg = make_jpeg((painting){203, 151, 40}, (jpeg_kind){.across = 2});
    wxid_fit fit = WXID_FIT_INIT;
    wxid_picture *by_bytes = NULL;
    wxid_picture *by_path = NULL;
    wxid_error *error = NULL;
    size_t lengths[2];
    (void)state;
    fit.max_image_bytes = LIMIT;
    write_file(path, jpeg);
    assert_int_equal(wxid_picture_fit(&by_bytes, jpeg.data, jpeg.length, &fit, NULL), 0);
    fit.image_path = path;
    assert_int_equal(wxid_picture_fit(&by_path, NULL, 0, &fit, NULL), 0);
    const void *data = wxid_picture_data(by_bytes, &lengths[0]);
    const void *same = wxid_picture_data(by_path, &lengths[1]);
    assert_true(lengths[0] < LIMIT);
    assert_int_equal(lengths[0], lengths[1]);
    assert_memory_equal(data, same, lengths[0]);
    wxid_picture_free(by_bytes);
    wxid_picture_free(by_path);
    assert_int_equal(wxid_picture_fit(&by_path, jpeg.data, jpeg.length, &fit, &error), -1);
    assert_int_equal(wxid_error_kind(error), WXID_KIND_USAGE);
    wxid_error_free(error);
    unlink(path);
    assert_int_equal(wxid_picture_fit(&by_path, NULL, 0, &fit, &error), -1);
    assert_int_equal(wxid_error_kind(error), WXID_KIND_SYSTEM);
    assert_int_equal(wxid_error_system_code(error), ENOENT);
    wxid_error_free(error);
    bytes_free(&jpeg);
}

static void assert_refused(wxid_session *session, const char *path, const char *words)
{
    wxid_recognition recognition = WXID_RECOGNITION_INIT;
    wxid_call *call = NULL;
    wxid_error *error = NULL;
    recognition.image_path = path;
    assert_int_equal(wxid_call_new_recognition(&call, session, &recognition, 0, 1, &error), -1);
    assert_int_equal(wxid_error_kind(error), WXID_KIND_IMAGE_INPUT);
    assert_non_null(strstr(wxid_error_message(error), words));
    assert_null(strstr(wxid_error_message(error), "wxidcard-test"));
    wxid_error_free(error);
}

/* Nothing is sent of a picture that cannot be made fit. */
static void test_errors(void **state)
{
    char path[] = "/tmp/wxidcard-test-XXXXXX";
    wxid_session *session = fitting_session(0);
    bytes jpeg = make_jpeg((painting){203, 151, 40}, (jpeg_kind){.across = 2});
    (void)state;
    jpeg.length -= 100;
    write_file(path, jpeg);
    bytes_free(&jpeg);
    assert_refused(session, path, "cut off");
    assert_int_equal(truncate(path, (INT64_C(64) << 20) - 1), 0);
    assert_refused(session, path, "cut off");
    assert_int_equal(truncate(path, INT64_C(64) << 20), 0);
    assert_refused(session, path, "fewer than 67108864");
    unlink(path);
    wxid_session_free(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uploads),
        cmocka_unit_test(test_fit_by_path),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests_name("pictures_call", tests, NULL, NULL);
}
