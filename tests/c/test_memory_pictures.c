/* Every allocation fails once while a picture is made fit: libjpeg's and libpng's, too. */
#include "support/failing_memory.h"

#include "pictures/pictures.h"

#include <png.h>

/* Fits, or takes metadata out. Returns 0 when it did. */
static int make(bytes picture, int64_t limit)
{
    wxid_fit fit = WXID_FIT_INIT;
    wxid_picture *made = NULL;
    wxid_error *error = NULL;
    fit.max_image_bytes = limit;
    fit.strip_metadata = 1;
    int result = wxid_picture_fit(&made, picture.data, picture.length, &fit, &error);
    assert_int_equal(result == 0, made != NULL);
    if (result != 0) {
        assert_int_equal(wxid_error_kind(error), WXID_KIND_MEMORY);
    } else {
        size_t length;
        assert_non_null(wxid_picture_data(made, &length));
        assert_true(length < (uint64_t)limit);
    }
    wxid_picture_free(made);
    wxid_error_free(error);
    return result;
}

/* So small a limit that it is scaled, too. */
static int make_fit(void *context)
{
    const bytes *picture = context;
    return make(*picture, 6000);
}

static int strip_all(void *context)
{
    const bytes *pictures = context;
    int result = 0;
    for (int i = 0; i < 12; i++) {
        result |= make(pictures[i % 2], 1 << 20);
    }
    return result;
}

/* A call does the same with what it reads from a file, or is given. */
static int call_with_fit(void *context)
{
    const bytes *picture = context;
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_recognition recognition = WXID_RECOGNITION_INIT;
    wxid_session *session = NULL;
    wxid_call *call = NULL;
    wxid_error *error = NULL;
    settings.access_token = "token_of_the_tests";
    settings.max_image_bytes = 6000;
    settings.fit = 1;
    recognition.image = picture->data;
    recognition.image_length = picture->length;
    int result = wxid_session_new(&session, &settings, &error);
    if (result == 0) {
        result = wxid_call_new_recognition(&call, session, &recognition, 0, 1, &error);
    }
    if (result != 0) {
        assert_int_equal(wxid_error_kind(error), WXID_KIND_MEMORY);
    }
    wxid_error_free(error);
    wxid_call_free(call);
    wxid_session_free(session);
    return result;
}

static const painting painted = {160, 120, 80};

static void test_jpeg(void **state)
{
    static const jpeg_kind kinds[] = {
        {.across = 2}, {.across = 1, .down = 1, .progressive = 1}, {.colours = CMYK}};
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        bytes jpeg = turned_jpeg(make_jpeg(painted, kinds[i]), 6, 0);
        every_allocation_fails(make_fit, &jpeg);
        bytes_free(&jpeg);
    }
}

static void test_png(void **state)
{
    (void)state;
    for (int interlaced = 0; interlaced < 2; interlaced++) {
        bytes png = make_png(painted, (png_kind){PNG_COLOR_TYPE_RGB_ALPHA, 8, interlaced, 1});
        every_allocation_fails(make_fit, &png);
        bytes_free(&png);
    }
}

/* Boxes, whose sums and means have memory of their own. */
static void test_reduced_png(void **state)
{
    bytes png = make_png((painting){900, 400, 60}, (png_kind){.type = PNG_COLOR_TYPE_RGB});
    (void)state;
    every_allocation_fails(make_fit, &png);
    bytes_free(&png);
}

static void test_metadata(void **state)
{
    bytes pictures[] = {turned_jpeg(make_jpeg(painted, (jpeg_kind){.across = 2}), 6, 0),
                        make_png(painted, (png_kind){.type = PNG_COLOR_TYPE_RGB})};
    (void)state;
    every_allocation_fails(strip_all, pictures);
    bytes_free(&pictures[0]);
    bytes_free(&pictures[1]);
}

static void test_call(void **state)
{
    bytes jpeg = make_jpeg(painted, (jpeg_kind){.across = 2});
    (void)state;
    every_allocation_fails(call_with_fit, &jpeg);
    bytes_free(&jpeg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jpeg),        cmocka_unit_test(test_png),
        cmocka_unit_test(test_reduced_png), cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_call),
    };
    return cmocka_run_group_tests_name("memory_pictures", tests, NULL, NULL);
}
