/* PNGs of every kind come out as JPEG, upright, in the right colours and on white paper. */
#include "pictures/pictures.h"

#include <png.h>

#include <stdlib.h>
#include <string.h>

static const painting painted = {.width = 203, .height = 151, .noise = 30};

/* The limit is too small for the file, but does not press the quality. */
static void assert_comes_out(png_kind kind, int is_grey, double tolerance)
{
    bytes png = make_png(painted, kind);
    unsigned char text[40000] = "Comment\0";
    png = with_chunk(png, "tEXt", text, sizeof text);
    seen found = fit_and_see(png, sizeof text);
    assert_int_equal(found.width, painted.width);
    assert_int_equal(found.height, painted.height);
    assert_int_equal(found.components, is_grey ? 1 : 3);
    if (kind.transparent) {
        double white[3];
        const unsigned char *wanted = quarters[TOP_LEFT];
        seen_quarter(&found, TOP_LEFT, white);
        for (int i = 0; i < 3; i++) {
            assert_true(white[i] > 250);
            assert_true(wanted[i] < 250);
        }
    } else {
        assert_quarters(&found, upright, tolerance);
    }
    seen_free(&found);
    bytes_free(&png);
}

static void test_kinds(void **state)
{
    static const struct {
        png_kind kind;
        int is_grey;
    } kinds[] = {
        {{PNG_COLOR_TYPE_RGB, 8, 0, 0}, 0},        {{PNG_COLOR_TYPE_RGB, 16, 0, 0}, 0},
        {{PNG_COLOR_TYPE_RGB_ALPHA, 8, 0, 0}, 0},  {{PNG_COLOR_TYPE_RGB_ALPHA, 16, 0, 1}, 0},
        {{PNG_COLOR_TYPE_RGB_ALPHA, 8, 0, 1}, 0},  {{PNG_COLOR_TYPE_GRAY, 8, 0, 0}, 1},
        {{PNG_COLOR_TYPE_GRAY, 16, 0, 0}, 1},      {{PNG_COLOR_TYPE_GRAY_ALPHA, 8, 0, 0}, 1},
        {{PNG_COLOR_TYPE_GRAY_ALPHA, 8, 0, 1}, 1}, {{PNG_COLOR_TYPE_GRAY_ALPHA, 16, 0, 1}, 1},
        {{PNG_COLOR_TYPE_PALETTE, 8, 0, 0}, 0},    {{PNG_COLOR_TYPE_PALETTE, 8, 0, 1}, 0},
        {{PNG_COLOR_TYPE_PALETTE, 4, 0, 0}, 0},    {{PNG_COLOR_TYPE_PALETTE, 2, 0, 1}, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        for (int interlaced = 0; interlaced < 2; interlaced++) {
            png_kind kind = kinds[i].kind;
            kind.interlaced = interlaced;
            print_message("kind: %d, interlaced: %d\n", (int)i, interlaced);
            assert_comes_out(kind, kinds[i].is_grey, 25);
        }
    }
}

/* Grey of fewer bits has fewer steps. */
static void test_few_bits(void **state)
{
    (void)state;
    for (int depth = 1; depth <= 4; depth *= 2) {
        png_kind kind = {PNG_COLOR_TYPE_GRAY, depth, 0, 0};
        assert_comes_out(kind, 1, depth == 4 ? 20 : depth == 2 ? 70 : 180);
    }
}

static void test_orientation(void **state)
{
    unsigned char exif[WXID__EXIF_LENGTH];
    static const int turned[4] = {BOTTOM_LEFT, TOP_LEFT, BOTTOM_RIGHT, TOP_RIGHT};
    (void)state;
    for (int interlaced = 0; interlaced < 2; interlaced++) {
        png_kind kind = {PNG_COLOR_TYPE_RGB, 8, interlaced, 0};
        wxid__exif_write(exif, 6);
        bytes png = with_chunk(make_png(painted, kind), "eXIf", exif, sizeof exif);
        seen found = fit_and_see(png, 15000);
        assert_true(found.height > found.width);
        assert_quarters(&found, turned, 14);
        seen_free(&found);
        bytes_free(&png);
    }
}

/* Boxes of any size, with edges that are none whole. */
static void test_reductions(void **state)
{
    (void)state;
    for (int type = 0; type < 2; type++) {
        png_kind kind = {type ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, 8, 0, 0};
        bytes png = make_png(painted, kind);
        wxid__head head;
        assert_int_equal(wxid__png_head(&head, png.data, png.length), WXID__SOUND);
        for (unsigned reduction = 1; reduction <= 12; reduction++) {
            wxid__pixels pixels;
            unsigned char jpeg[65536];
            size_t length;
            assert_int_equal(wxid__png_decode(&pixels, &head, png.data, png.length, reduction),
                             WXID__SOUND);
            assert_int_equal(pixels.width, (painted.width + reduction - 1) / reduction);
            assert_int_equal(pixels.height, (painted.height + reduction - 1) / reduction);
            wxid__pixels_pad(&pixels);
            assert_int_equal(
                wxid__jpeg_encode(&length, &pixels, WXID__FINEST, 1, jpeg, sizeof jpeg),
                WXID__SOUND);
            seen found = see(jpeg, length);
            /* The last column is a mean of what there is, not of nothing beside it. */
            const unsigned char *corner = found.rgb + 3 * ((size_t)found.width * found.height - 1);
            assert_true(corner[0] > 150 && corner[1] > 140);
            if (reduction < 5) {
                assert_quarters(&found, upright, 25);
            }
            seen_free(&found);
            wxid__pixels_clear(&pixels);
        }
        bytes_free(&png);
    }
}

/* A checksum that is wrong says that bytes are wrong. */
static void test_checksums(void **state)
{
    (void)state;
    png_kind kind = {PNG_COLOR_TYPE_RGB, 8, 0, 0};
    static const size_t places[] = {30, 2000}; /* of IHDR; within IDAT */
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        bytes png = make_png(painted, kind);
        png.data[places[i]] ^= 1;
        assert_no_fit(png, 15000, "damaged");
        bytes_free(&png);
    }
    /* Of a chunk that matters, though it is not critical. */
    bytes png = with_chunk(make_png(painted, kind), "tRNS", "\0\0\0\0\0\0", 6);
    png.data[33 + 12 + 6 - 1] ^= 1;
    assert_no_fit(png, 15000, "damaged");
    bytes_free(&png);
}

/* Chunks that inflate to much are not looked at. */
static void test_profiles_and_texts_are_not_read(void **state)
{
    png_kind kind = {PNG_COLOR_TYPE_RGB, 8, 0, 0};
    (void)state;
    bytes png = with_chunk(make_png(painted, kind), "iCCP", "icc\0\0not deflated", 17);
    png = with_chunk(png, "zTXt", "text\0\0not deflated", 18);
    png = with_chunk(png, "eXIf", "no Exif", 7);
    png = with_chunk(png, "gAMA", "\0\1\x86\xa0", 4); /* linear light: as it is */
    seen found = fit_and_see(png, 15000);
    assert_quarters(&found, upright, 14);
    seen_free(&found);
    bytes_free(&png);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),       cmocka_unit_test(test_few_bits),
        cmocka_unit_test(test_orientation), cmocka_unit_test(test_reductions),
        cmocka_unit_test(test_checksums),   cmocka_unit_test(test_profiles_and_texts_are_not_read),
    };
    return cmocka_run_group_tests_name("pictures_png", tests, NULL, NULL);
}
