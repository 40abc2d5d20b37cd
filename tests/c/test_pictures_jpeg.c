/* JPEGs of every kind that cameras and programs write come out upright, in the right colours. */
#include "pictures/pictures.h"

#include <malloc.h>

#define LIMIT 12000

static void assert_comes_out(painting painted, jpeg_kind kind, double tolerance)
{
    bytes jpeg = make_jpeg(painted, kind);
    assert_true(jpeg.length >= LIMIT);
    seen found = fit_and_see(jpeg, LIMIT);
    assert_int_equal(found.components, kind.colours == GREY ? 1 : 3);
    assert_int_equal(found.across * found.down, kind.colours == GREY ? 1 : 4);
    assert_quarters(&found, upright, tolerance);
    seen_free(&found);
    bytes_free(&jpeg);
}

static void test_colours(void **state)
{
    static const jpeg_kind kinds[] = {
        {.colours = YCBCR},
        {.colours = GREY},
        {.colours = RGB},
        {.colours = CMYK},
        {.colours = CMYK, .no_marker = 1},
        {.colours = YCCK},
    };
    painting painted = {200, 150, 30};
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        print_message("colours: %d\n", (int)i);
        assert_comes_out(painted, kinds[i], 14);
    }
}

static void test_sampling(void **state)
{
    static const int samplings[][2] = {{1, 1}, {2, 1}, {1, 2}, {2, 2}, {4, 1}, {4, 2}, {1, 4}};
    painting painted = {203, 151, 40};
    (void)state;
    for (size_t i = 0; i < sizeof samplings / sizeof samplings[0]; i++) {
        for (int progressive = 0; progressive < 2; progressive++) {
            print_message("sampling: %d x %d\n", samplings[i][0], samplings[i][1]);
            assert_comes_out(painted,
                             (jpeg_kind){.across = samplings[i][0],
                                         .down = samplings[i][1],
                                         .progressive = progressive},
                             14);
        }
    }
}

static void test_coding(void **state)
{
    static const jpeg_kind kinds[] = {
        {.progressive = 1},
        {.progressive = 1, .colours = GREY},
        {.progressive = 1, .colours = YCCK},
        {.separate = 1},
        {.restart = 3},
        {.quality = 100},
        {.quality = 60},
    };
    painting painted = {333, 217, 30};
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        print_message("coding: %d\n", (int)i);
        assert_comes_out(painted, kinds[i], 14);
    }
}

/* Where the four quarters go. */
static const int turns[9][4] = {
    [1] = {TOP_LEFT, TOP_RIGHT, BOTTOM_LEFT, BOTTOM_RIGHT},
    [2] = {TOP_RIGHT, TOP_LEFT, BOTTOM_RIGHT, BOTTOM_LEFT},
    [3] = {BOTTOM_RIGHT, BOTTOM_LEFT, TOP_RIGHT, TOP_LEFT},
    [4] = {BOTTOM_LEFT, BOTTOM_RIGHT, TOP_LEFT, TOP_RIGHT},
    [5] = {TOP_LEFT, BOTTOM_LEFT, TOP_RIGHT, BOTTOM_RIGHT},
    [6] = {BOTTOM_LEFT, TOP_LEFT, BOTTOM_RIGHT, TOP_RIGHT},
    [7] = {BOTTOM_RIGHT, TOP_RIGHT, BOTTOM_LEFT, TOP_LEFT},
    [8] = {TOP_RIGHT, BOTTOM_RIGHT, TOP_LEFT, BOTTOM_LEFT},
};

/* Of odd sides, and of each way through the decoder: planes as they are, and rows. */
static void test_orientations(void **state)
{
    static const jpeg_kind kinds[] = {{.across = 2}, {.across = 1}, {.colours = GREY}};
    static const unsigned sides[][2] = {{160, 120}, {161, 119}, {97, 203}};
    (void)state;
    for (int i = 0; i < 9 * 2; i++) {
        for (int orientation = 1; orientation <= 8; orientation++) {
            painting painted = {sides[i / 2 % 3][0], sides[i / 2 % 3][1], 60};
            bytes jpeg = turned_jpeg(make_jpeg(painted, kinds[i / 6]), orientation, i % 2);
            seen found = fit_and_see(jpeg, 8000);
            assert_int_equal(found.width > found.height,
                             (painted.width > painted.height) == (orientation < 5));
            assert_quarters(&found, turns[orientation], 25);
            seen_free(&found);
            bytes_free(&jpeg);
        }
    }
}

/* Not only the quarters: every pixel is where it belongs. */
static void test_turning_keeps_every_pixel(void **state)
{
    painting painted = {75, 53, 255};
    jpeg_kind kind = {.colours = GREY, .quality = 100};
    (void)state;
    bytes plain = make_jpeg(painted, kind);
    seen before = see(plain.data, plain.length);
    for (int orientation = 1; orientation <= 8; orientation++) {
        bytes jpeg = turned_jpeg(make_jpeg(painted, kind), orientation, 0);
        wxid__head head;
        wxid__pixels pixels;
        assert_int_equal(wxid__jpeg_head(&head, jpeg.data, jpeg.length), WXID__SOUND);
        assert_int_equal(wxid__jpeg_decode(&pixels, &head, jpeg.data, jpeg.length, 1), WXID__SOUND);
        unsigned width = before.width;
        unsigned height = before.height;
        for (unsigned y = 0; y < height; y++) {
            for (unsigned x = 0; x < width; x++) {
                unsigned right = width - 1 - x;
                unsigned below = height - 1 - y;
                const unsigned places[9][2] = {{0, 0},         {x, y},         {right, y},
                                               {right, below}, {x, below},     {y, x},
                                               {below, x},     {below, right}, {y, right}};
                const unsigned *place = places[orientation];
                assert_int_equal(
                    pixels.planes[0].data[place[1] * pixels.planes[0].stride + place[0]],
                    before.rgb[3 * (y * width + x)]);
            }
        }
        wxid__pixels_clear(&pixels);
        bytes_free(&jpeg);
    }
    seen_free(&before);
    bytes_free(&plain);
}

/* Decoded in 1/2, 1/4 and 1/8 of the sides. */
static void test_reductions(void **state)
{
    painting painted = {401, 299, 20};
    bytes jpeg = turned_jpeg(make_jpeg(painted, (jpeg_kind){.across = 2}), 6, 1);
    wxid__head head;
    (void)state;
    assert_int_equal(wxid__jpeg_head(&head, jpeg.data, jpeg.length), WXID__SOUND);
    for (unsigned reduction = 1; reduction <= 8; reduction *= 2) {
        wxid__pixels pixels;
        unsigned char jpeg_data[65536];
        size_t length;
        assert_int_equal(wxid__jpeg_decode(&pixels, &head, jpeg.data, jpeg.length, reduction),
                         WXID__SOUND);
        assert_int_equal(pixels.width, (299 + reduction - 1) / reduction);
        assert_int_equal(pixels.height, (401 + reduction - 1) / reduction);
        wxid__pixels_pad(&pixels);
        assert_int_equal(
            wxid__jpeg_encode(&length, &pixels, WXID__FINEST, 1, jpeg_data, sizeof jpeg_data),
            WXID__SOUND);
        seen found = see(jpeg_data, length);
        assert_quarters(&found, turns[6], 14);
        seen_free(&found);
        wxid__pixels_clear(&pixels);
    }
    bytes_free(&jpeg);
}

/* So small that blocks reach over the edges. */
static void test_odd_sides(void **state)
{
    static const unsigned sides[][2] = {{1, 1},   {1, 40}, {40, 1},  {2, 2},
                                        {17, 33}, {15, 9}, {16, 16}, {31, 47}};
    (void)state;
    for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++) {
        for (int grey = 0; grey < 2; grey++) {
            painting painted = {sides[i][0], sides[i][1], 120};
            bytes jpeg =
                make_jpeg(painted, (jpeg_kind){.colours = grey ? GREY : YCBCR, .quality = 100});
            /* Until it is larger than what has to fit. */
            unsigned char comment[1000] = "\xff\xfe\x3\xe6";
            jpeg = bytes_insert(jpeg, 2, comment, sizeof comment);
            jpeg = turned_jpeg(jpeg, 6, 0);
            seen found = fit_and_see(jpeg, (int64_t)jpeg.length);
            assert_int_equal(found.width, painted.height);
            assert_int_equal(found.height, painted.width);
            seen_free(&found);
            bytes_free(&jpeg);
        }
    }
}

/* Nobody else's bytes beyond the edge get into a block: the same picture gives the same bytes,
 * whatever was in the memory before. */
static void test_is_reproducible(void **state)
{
    static const int64_t limits[] = {12000, 5000}; /* scaled, too */
    painting painted = {203, 151, 40};
    bytes jpeg = make_jpeg(painted, (jpeg_kind){.across = 2});
    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        wxid_fit fit = WXID_FIT_INIT;
        wxid_picture *made[2];
        size_t length[2];
        fit.max_image_bytes = limits[i];
        for (int k = 0; k < 2; k++) {
            mallopt(M_PERTURB, k == 0 ? 0x55 : 0xaa);
            assert_int_equal(wxid_picture_fit(&made[k], jpeg.data, jpeg.length, &fit, NULL), 0);
        }
        mallopt(M_PERTURB, 0);
        const void *first = wxid_picture_data(made[0], &length[0]);
        const void *second = wxid_picture_data(made[1], &length[1]);
        assert_int_equal(length[0], length[1]);
        assert_memory_equal(first, second, length[0]);
        wxid_picture_free(made[0]);
        wxid_picture_free(made[1]);
    }
    bytes_free(&jpeg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_colours),
        cmocka_unit_test(test_sampling),
        cmocka_unit_test(test_coding),
        cmocka_unit_test(test_orientations),
        cmocka_unit_test(test_turning_keeps_every_pixel),
        cmocka_unit_test(test_reductions),
        cmocka_unit_test(test_odd_sides),
        cmocka_unit_test(test_is_reproducible),
    };
    return cmocka_run_group_tests_name("pictures_jpeg", tests, NULL, NULL);
}
