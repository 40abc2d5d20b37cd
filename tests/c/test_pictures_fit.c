/* Whatever the limit: the picture has fewer bytes, not many fewer, and is as good as that allows.
 */
#include "pictures/pictures.h"

#include <png.h>

#include <stdlib.h>
#include <string.h>

typedef struct outcome {
    size_t length; /* 0: nothing fits */
    wxid__head head;
} outcome;

static outcome fit(bytes picture, int64_t limit)
{
    wxid_fit wanted = WXID_FIT_INIT;
    wxid_picture *made = NULL;
    wxid_error *error = NULL;
    outcome found = {0};
    wanted.max_image_bytes = limit;
    if (wxid_picture_fit(&made, picture.data, picture.length, &wanted, &error) == 0) {
        const void *data = wxid_picture_data(made, &found.length);
        assert_int_equal(wxid__jpeg_head(&found.head, data, found.length), WXID__SOUND);
        assert_true(found.length < (uint64_t)limit);
    } else {
        assert_int_equal(wxid_error_kind(error), WXID_KIND_IMAGE_INPUT);
        assert_non_null(strstr(wxid_error_message(error), "raise"));
    }
    wxid_error_free(error);
    wxid_picture_free(made);
    return found;
}

static void assert_close(outcome found, int64_t limit)
{
    assert_true(found.length > 0);
    int is_finest = found.head.coarseness <= WXID__FINEST + 1;
    int is_near = (int64_t)found.length * 100 >= limit * (limit < 4000 ? 70 : 80);
    if (!is_near && !is_finest) {
        fail_msg("%zu bytes of %lld, coarseness %d, %u x %u", found.length, (long long)limit,
                 found.head.coarseness, found.head.width, found.head.height);
    }
    /* Rounded in tables of whole numbers. */
    assert_true(found.head.coarseness <= WXID__COARSEST + 1);
}

static void try_every_limit(bytes picture)
{
    outcome last = {0};
    int made = 0;
    int64_t stride = 10 / rounds(10);
    for (int64_t limit = 1; limit < (int64_t)picture.length;
         limit += stride * (limit < 2500 ? 23 : limit / 12)) {
        outcome found = fit(picture, limit);
        assert_true(found.length > 0 || last.length == 0); /* once there is room, there is room */
        if (found.length > 0) {
            assert_close(found, limit);
            made++;
        }
        last = found;
    }
    assert_true(made > rounds(20));
}

static void test_every_limit(void **state)
{
    static const painting paintings[] = {{240, 180, 60}, {400, 70, 90}, {63, 211, 255}};
    (void)state;
    for (size_t i = 0; i < sizeof paintings / sizeof paintings[0]; i++) {
        bytes jpeg = turned_jpeg(make_jpeg(paintings[i], (jpeg_kind){.quality = 97}), 8, 0);
        bytes grey = make_jpeg(paintings[i], (jpeg_kind){.colours = GREY, .quality = 97});
        bytes png = make_png(paintings[i], (png_kind){.type = PNG_COLOR_TYPE_RGB});
        try_every_limit(jpeg);
        try_every_limit(grey);
        try_every_limit(png);
        bytes_free(&jpeg);
        bytes_free(&grey);
        bytes_free(&png);
    }
}

/* So large that its length is reckoned from a part of it. */
static void test_large_pictures(void **state)
{
    static const int noises[] = {6, 40};
    static const int64_t limits[] = {30000, 100000, 300000, 900000};
    (void)state;
    for (size_t n = 0; n < sizeof noises / sizeof noises[0]; n++) {
        painting painted = {1600, 1200, noises[n]};
        bytes jpeg = make_jpeg(painted, (jpeg_kind){.quality = 95});
        for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
            if ((int64_t)jpeg.length >= limits[i]) {
                outcome found = fit(jpeg, limits[i]);
                assert_close(found, limits[i]);
                double shape = (double)found.head.width / found.head.height;
                assert_true(shape > 1.32 && shape < 1.35);
            }
        }
        bytes_free(&jpeg);
    }
}

/* Without noise where the library looks when it estimates, or just there: it finds out that there
 * is more of it, or less, and mends it. */
static void test_uneven_pictures(void **state)
{
    static const unsigned heights[] = {1600, 800};
    (void)state;
    for (int i = 0; i < 2; i++) {
        painting painted = {640, heights[i], -60};
        bytes jpeg = make_jpeg(painted, (jpeg_kind){.quality = 97});
        for (int64_t limit = 60000; limit < (int64_t)jpeg.length; limit += 130000) {
            assert_close(fit(jpeg, limit), limit);
        }
        bytes_free(&jpeg);
    }
}

/* Sides are given up last: not before the coarsest quantisation would be needed, and then only. */
static void test_sides_are_kept(void **state)
{
    painting painted = {640, 480, 40};
    bytes jpeg = make_jpeg(painted, (jpeg_kind){.quality = 97});
    int scaled = 0;
    int kept = 0;
    (void)state;
    for (int64_t limit = (int64_t)jpeg.length; limit > 20000; limit = limit * 9 / 10) {
        outcome found = fit(jpeg, limit);
        if (found.head.width == painted.width) {
            assert_int_equal(found.head.height, painted.height);
            assert_int_equal(scaled, 0);
            kept++;
        } else {
            assert_true(found.head.coarseness > 25);
            scaled++;
        }
    }
    assert_true(kept > 5 && scaled > 5);
    bytes_free(&jpeg);
}

/* Never a byte more than there is room for, and about how many there would have been. */
static void test_encoder_keeps_to_its_room(void **state)
{
    painting painted = {203, 151, 60};
    bytes jpeg = make_jpeg(painted, (jpeg_kind){.across = 2});
    wxid__head head;
    wxid__pixels pixels;
    size_t whole;
    (void)state;
    assert_int_equal(wxid__jpeg_head(&head, jpeg.data, jpeg.length), WXID__SOUND);
    assert_int_equal(wxid__jpeg_decode(&pixels, &head, jpeg.data, jpeg.length, 1), WXID__SOUND);
    wxid__pixels_pad(&pixels);
    assert_int_equal(wxid__jpeg_encode(&whole, &pixels, 20, 1, NULL, 0), WXID__SOUND);
    for (size_t room = 1; room < whole + 600; room += room < whole - 20 ? 377 : 1) {
        unsigned char *into = malloc(room);
        size_t length;
        assert_non_null(into);
        assert_int_equal(wxid__jpeg_encode(&length, &pixels, 20, 1, into, room), WXID__SOUND);
        assert_int_equal(length < room, whole < room);
        if (length < room) {
            assert_int_equal(length, whole);
            assert_int_equal(into[length - 1], 0xd9);
        } else if (room > whole / 3) {
            assert_true(length > whole * 2 / 3 && length < whole * 3 / 2);
        }
        free(into);
    }
    wxid__pixels_clear(&pixels);
    bytes_free(&jpeg);
}

/* More bytes than are of use are not taken: "quality 95" is enough. */
static void test_quality_is_capped(void **state)
{
    painting painted = {300, 200, 50};
    bytes png = make_png(painted, (png_kind){.type = PNG_COLOR_TYPE_RGB});
    (void)state;
    outcome found = fit(png, (int64_t)png.length);
    assert_true(found.length < png.length * 3 / 4);
    assert_true(found.head.coarseness >= WXID__FINEST - 1);
    assert_int_equal(found.head.width, painted.width);
    bytes_free(&png);
}

/* A file that says little of many pixels is not decoded whole. */
static void test_many_pixels_for_few_bytes(void **state)
{
    painting painted = {3000, 2000, 0};
    (void)state;
    bytes jpeg = make_jpeg(painted, (jpeg_kind){.across = 2});
    bytes png = make_png(painted, (png_kind){.type = PNG_COLOR_TYPE_RGB});
    bytes pictures[] = {jpeg, png};
    for (int i = 0; i < 2; i++) {
        int64_t limit = 10000;
        seen found = fit_and_see(pictures[i], limit);
        assert_true((int64_t)found.width * found.height <= 24 * limit);
        assert_true((int64_t)found.width * found.height >= 24 * limit / 8);
        assert_quarters(&found, upright, 6);
        seen_free(&found);
    }
    bytes_free(&jpeg);
    bytes_free(&png);
}

static void test_small_pictures_are_left_alone(void **state)
{
    painting painted = {64, 48, 20};
    bytes jpeg = turned_jpeg(make_jpeg(painted, (jpeg_kind){.across = 2}), 6, 0);
    wxid_fit wanted = WXID_FIT_INIT;
    wxid_picture *made = NULL;
    size_t length = 0;
    (void)state;
    wanted.max_image_bytes = (int64_t)jpeg.length + 1;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            wxid_picture_fit(&made, jpeg.data, jpeg.length, i == 0 ? &wanted : NULL, NULL), 0);
        assert_ptr_equal(wxid_picture_data(made, &length), jpeg.data);
        assert_int_equal(length, jpeg.length);
        assert_ptr_equal(wxid_picture_data(made, NULL), jpeg.data);
        wxid_picture_free(made);
    }
    wanted.max_image_bytes--;
    assert_int_equal(wxid_picture_fit(&made, jpeg.data, jpeg.length, &wanted, NULL), 0);
    assert_ptr_not_equal(wxid_picture_data(made, &length), jpeg.data);
    assert_true(length < jpeg.length);
    wxid_picture_free(made);
    wxid_picture_free(NULL);
    bytes_free(&jpeg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_limit),
        cmocka_unit_test(test_large_pictures),
        cmocka_unit_test(test_uneven_pictures),
        cmocka_unit_test(test_sides_are_kept),
        cmocka_unit_test(test_encoder_keeps_to_its_room),
        cmocka_unit_test(test_quality_is_capped),
        cmocka_unit_test(test_many_pixels_for_few_bytes),
        cmocka_unit_test(test_small_pictures_are_left_alone),
    };
    return cmocka_run_group_tests_name("pictures_fit", tests, NULL, NULL);
}
