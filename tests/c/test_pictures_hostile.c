/* Pictures that are cut off, corrupt, or made to do harm: an error or a picture, soon, and without
 * a word on stderr. */
#include "pictures/pictures.h"

#include <png.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LIMIT 3000

static const painting painted = {97, 75, 70};

static bytes make(int number)
{
    static const jpeg_kind jpegs[] = {
        {.across = 2},     {.across = 1},      {.colours = GREY},
        {.colours = YCCK}, {.progressive = 1}, {.separate = 1},
        {.restart = 2},    {.colours = RGB},   {.colours = CMYK, .progressive = 1},
    };
    static const png_kind pngs[] = {
        {PNG_COLOR_TYPE_RGB, 8, 0, 0},     {PNG_COLOR_TYPE_RGB, 8, 1, 0},
        {PNG_COLOR_TYPE_PALETTE, 8, 0, 1}, {PNG_COLOR_TYPE_GRAY_ALPHA, 16, 1, 1},
        {PNG_COLOR_TYPE_GRAY, 4, 1, 0},
    };
    int count = sizeof jpegs / sizeof jpegs[0];
    if (number < count) {
        return turned_jpeg(make_jpeg(painted, jpegs[number]), number % 8 + 1, number % 2);
    }
    number -= count;
    return number < (int)(sizeof pngs / sizeof pngs[0]) ? make_png(painted, pngs[number])
                                                        : (bytes){NULL, 0};
}

static int is_png(bytes picture)
{
    return picture.data[0] == 0x89;
}

/* Returns whether there is a picture. What else there may be is an error that says so. */
static int survives(bytes picture, int64_t limit)
{
    wxid_fit fit = WXID_FIT_INIT;
    wxid_picture *made = NULL;
    wxid_error *error = NULL;
    fit.max_image_bytes = limit;
    if (wxid_picture_fit(&made, picture.data, picture.length, &fit, &error) != 0) {
        assert_null(made);
        assert_int_equal(wxid_error_kind(error), WXID_KIND_IMAGE_INPUT);
        wxid_error_free(error);
        return 0;
    }
    size_t length;
    const void *data = wxid_picture_data(made, &length);
    assert_true(length < (uint64_t)limit);
    seen found = see(data, length);
    assert_int_equal(found.other_segments, 0);
    seen_free(&found);
    wxid_picture_free(made);
    return 1;
}

static void test_cut_off(void **state)
{
    (void)state;
    bytes whole;
    for (int i = 0; (whole = make(i)).data != NULL; i++) {
        assert_true(whole.length > LIMIT);
        assert_true(survives(whole, LIMIT));
        size_t step = whole.length / 150 + 1;
        for (size_t length = LIMIT; length < whole.length; length += step) {
            bytes cut = {malloc(length), length}; /* so that what is behind it is nobody's */
            assert_non_null(cut.data);
            memcpy(cut.data, whole.data, length);
            assert_no_fit(cut, LIMIT, "cut off");
            bytes_free(&cut);
        }
        bytes_free(&whole);
    }
}

/* With an end put where it was cut off: nothing is made up for what is missing. */
static void test_cut_off_with_an_end(void **state)
{
    (void)state;
    bytes whole;
    for (int i = 0; (whole = make(i)).data != NULL; i++) {
        for (size_t length = LIMIT; length + 200 < whole.length; length += whole.length / 20) {
            bytes cut = {malloc(length + 12), length};
            assert_non_null(cut.data);
            memcpy(cut.data, whole.data, length);
            memcpy(cut.data + length, "\xff\xd9\xff\xd9", 4);
            cut.length += 4;
            if (!is_png(whole)) {
                assert_false(survives(cut, LIMIT));
            }
            bytes_free(&cut);
        }
        bytes_free(&whole);
    }
}

/* The checksums of a PNG's chunks are made right, so that what is behind them is reached. */
static void mend(bytes png)
{
    size_t at = 8;
    while (at + 12 <= png.length) {
        size_t length = png_get_uint_32(png.data + at);
        if (length > png.length - at - 12) {
            return;
        }
        uint32_t crc = 0xffffffff;
        for (size_t i = 4; i < 8 + length; i++) {
            crc ^= png.data[at + i];
            for (int bit = 0; bit < 8; bit++) {
                crc = crc & 1 ? 0xedb88320 ^ crc >> 1 : crc >> 1;
            }
        }
        png_save_uint_32(png.data + at + 8 + length, ~crc);
        at += 12 + length;
    }
}

static void test_corrupt(void **state)
{
    uint32_t random = 20240229;
    int survivors = 0;
    (void)state;
    bytes whole;
    for (int i = 0; (whole = make(i)).data != NULL; i++) {
        unsigned char *kept = malloc(whole.length);
        assert_non_null(kept);
        memcpy(kept, whole.data, whole.length);
        for (int n = 0; n < rounds(300); n++) {
            int changes = n % 3 + 1;
            for (int k = 0; k < changes; k++) {
                /* Half of them in what comes before the pixels. */
                size_t among = n % 2 ? whole.length : 700;
                whole.data[next_random(&random) % among] = (unsigned char)next_random(&random);
            }
            memcpy(whole.data, kept, 4); /* else it is no picture at all */
            if (is_png(whole)) {
                memcpy(whole.data, kept, 8);
                mend(whole);
            }
            survivors += survives(whole, LIMIT);
            memcpy(whole.data, kept, whole.length);
        }
        free(kept);
        bytes_free(&whole);
    }
    assert_true(survivors > rounds(100));
}

/* The same, for what takes metadata out. */
static void test_corrupt_metadata(void **state)
{
    uint32_t random = 19700101;
    (void)state;
    bytes whole;
    for (int i = 0; (whole = make(i)).data != NULL; i++) {
        for (int n = 0; n < rounds(300); n++) {
            bytes copy = {malloc(whole.length), whole.length};
            assert_non_null(copy.data);
            memcpy(copy.data, whole.data, whole.length);
            for (int k = 0; k <= n % 3; k++) {
                copy.data[3 + next_random(&random) % 700] = (unsigned char)next_random(&random);
            }
            memcpy(copy.data, whole.data, is_png(whole) ? 8 : 3);
            copy.length -= n % 2 ? next_random(&random) % (copy.length - 20) : 0;
            wxid_fit fit = WXID_FIT_INIT;
            wxid_picture *made = NULL;
            wxid_error *error = NULL;
            fit.strip_metadata = 1;
            if (wxid_picture_fit(&made, copy.data, copy.length, &fit, &error) != 0) {
                assert_int_equal(wxid_error_kind(error), WXID_KIND_IMAGE_INPUT);
            }
            wxid_error_free(error);
            wxid_picture_free(made);
            bytes_free(&copy);
        }
        bytes_free(&whole);
    }
}

/* ---- Lies and bombs ---- */

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void assert_refused_soon(bytes picture, int64_t limit, const char *words)
{
    const char *slowness = getenv("WXIDCARD_TEST_SLOWNESS");
    double start = now_s();
    assert_no_fit(picture, limit, words);
    assert_true(now_s() - start < 0.25 * (slowness != NULL ? atof(slowness) : 1));
}

static unsigned char *frame_of(bytes jpeg)
{
    wxid__segments segments = {jpeg.data, jpeg.length, 2};
    wxid__segment segment;
    while (wxid__segment_next(&segments, &segment)) {
        if (segment.marker >= 0xc0 && segment.marker <= 0xc2) {
            return jpeg.data + (segment.data - jpeg.data);
        }
    }
    abort(); /* each of these pictures has one */
}

static void set_sides(bytes picture, unsigned width, unsigned height)
{
    if (is_png(picture)) {
        png_save_uint_32(picture.data + 16, width);
        png_save_uint_32(picture.data + 20, height);
        mend(picture);
    } else {
        unsigned char *frame = frame_of(picture);
        png_save_uint_16(frame + 1, height);
        png_save_uint_16(frame + 3, width);
    }
}

static void test_lying_sides(void **state)
{
    static const struct {
        unsigned width;
        unsigned height;
        const char *words;
    } lies[] = {
        {0, 75, "damaged"},
        {97, 0, "damaged"},
        {97, 5000, "d"}, /* damaged or cut off */
        {65535, 75, "65500 pixels"},
        {97, 65535, "65500 pixels"},
        {10001, 10000, "100 megapixels"},
        {65535, 65535, "100 megapixels"},
        {10000, 10000, "damaged"},
    };
    (void)state;
    bytes whole;
    for (int i = 0; (whole = make(i)).data != NULL; i++) {
        for (size_t k = 0; k < sizeof lies / sizeof lies[0]; k++) {
            set_sides(whole, lies[k].width, lies[k].height);
            assert_refused_soon(whole, LIMIT, lies[k].words);
        }
        if (is_png(whole)) {
            set_sides(whole, 0x7fffffff, 0x7fffffff);
            assert_refused_soon(whole, LIMIT, "100 megapixels");
            set_sides(whole, 0xffffffff, 0xffffffff);
            assert_refused_soon(whole, LIMIT, "100 megapixels");
        }
        bytes_free(&whole);
    }
}

/* As many scans as a file has room for, each over all of the pixels. */
static void test_too_many_scans(void **state)
{
    bytes jpeg = make_jpeg(painted, (jpeg_kind){.progressive = 1});
    wxid__segments segments = {jpeg.data, jpeg.length, 2};
    wxid__segment segment;
    unsigned char scan[4096];
    size_t length = 0;
    (void)state;
    while (wxid__segment_next(&segments, &segment)) {
        if (segment.marker == WXID__JPEG_SOS && segment.whole_length < sizeof scan) {
            length = segment.whole_length;
            memcpy(scan, segment.whole, length);
        }
    }
    assert_true(length > 0);
    for (int i = 0; i < 100; i++) {
        jpeg = bytes_insert(jpeg, jpeg.length - 2, scan, length);
    }
    assert_refused_soon(jpeg, LIMIT, "very long");
    bytes_free(&jpeg);
}

/* What a decoder would have to keep of it is reckoned before it does. */
static void test_too_much_memory(void **state)
{
    painting large = {640, 480, 120};
    jpeg_kind kind = {.across = 1, .down = 1, .progressive = 1, .quality = 100};
    bytes jpeg = make_jpeg(large, kind);
    (void)state;
    assert_true(jpeg.length > 250000);
    set_sides(jpeg, 10000, 10000);
    assert_refused_soon(jpeg, 200000, "512 MiB");
    bytes_free(&jpeg);
    jpeg = make_jpeg(large, (jpeg_kind){.across = 1, .down = 1, .separate = 1, .quality = 100});
    set_sides(jpeg, 10000, 10000);
    assert_refused_soon(jpeg, 200000, "512 MiB");
    bytes_free(&jpeg);
}

static void test_rare_kinds(void **state)
{
    static const unsigned char frames[] = {0xc3, 0xc5, 0xc9, 0xca, 0xcb, 0xcf};
    bytes jpeg = make(0);
    unsigned char *frame = frame_of(jpeg);
    (void)state;
    for (size_t i = 0; i < sizeof frames; i++) {
        frame[-3] = frames[i];
        assert_refused_soon(jpeg, LIMIT, "rare kind");
    }
    frame[-3] = 0xc0;
    frame[0] = 12;
    assert_refused_soon(jpeg, LIMIT, "rare kind");
    bytes_free(&jpeg);
}

/* Bytes between segments, as some cameras leave them, are no damage. */
static void test_bytes_between_segments(void **state)
{
    (void)state;
    bytes jpeg = make(0);
    jpeg = bytes_insert(jpeg, jpeg.length - 2, "\0\0\0\0\0", 5);
    assert_true(survives(jpeg, LIMIT));
    bytes_free(&jpeg);
}

static void test_other_formats(void **state)
{
    static const struct {
        const char *start;
        size_t length;
    } others[] = {{"GIF89a", 6}, {"RIFF\0\0\0\0WEBP", 12}, {"BM\0\0\0\0\0\0\0\0", 10}};
    unsigned char data[LIMIT] = {0};
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        memcpy(data, others[i].start, others[i].length);
        assert_no_fit((bytes){data, sizeof data}, LIMIT, "only JPEG and PNG");
    }
    unsigned char *large = calloc(1, 64 << 20);
    assert_non_null(large);
    memcpy(large, "\xff\xd8\xff", 3);
    assert_no_fit((bytes){large, 64 << 20}, LIMIT, "fewer than 67108864");
    assert_no_fit((bytes){large, (64 << 20) - 1}, LIMIT, "cut off");
    free(large);
}

/* libjpeg and libpng would say things. */
static void test_says_nothing(void **state)
{
    char path[] = "/tmp/wxidcard-test-XXXXXX";
    struct stat status;
    (void)state;
    int file = mkstemp(path);
    assert_true(file >= 0);
    unlink(path);
    int before = dup(2);
    fflush(stderr);
    dup2(file, 2);
    bytes whole;
    for (int i = 0; (whole = make(i)).data != NULL; i++) {
        for (size_t at = 100; at < whole.length; at += whole.length / 40) {
            whole.data[at] ^= 0x55;
            if (is_png(whole)) {
                mend(whole);
            }
            (void)survives(whole, LIMIT);
        }
        bytes_free(&whole);
    }
    fflush(stderr);
    dup2(before, 2);
    close(before);
    assert_int_equal(fstat(file, &status), 0);
    assert_int_equal(status.st_size, 0);
    close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_cut_off_with_an_end),
        cmocka_unit_test(test_corrupt),
        cmocka_unit_test(test_corrupt_metadata),
        cmocka_unit_test(test_lying_sides),
        cmocka_unit_test(test_too_many_scans),
        cmocka_unit_test(test_too_much_memory),
        cmocka_unit_test(test_rare_kinds),
        cmocka_unit_test(test_bytes_between_segments),
        cmocka_unit_test(test_other_formats),
        cmocka_unit_test(test_says_nothing),
    };
    return cmocka_run_group_tests_name("pictures_hostile", tests, NULL, NULL);
}
