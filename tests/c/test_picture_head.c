/* What is read of files before anything is decoded. */
#include "support/support.h"

#include "picture.h"

#include <stdlib.h>
#include <string.h>

/* Reads a copy, so that what is behind it is nobody's. */
static int orientation_of(const void *exif, size_t length)
{
    unsigned char *copy = malloc(length > 0 ? length : 1);
    assert_non_null(copy);
    memcpy(copy, exif, length);
    int orientation = wxid__exif_orientation(copy, length);
    free(copy);
    return orientation;
}

#define ORIENTATION(text) orientation_of(text, sizeof(text) - 1)

static void test_orientation(void **state)
{
    (void)state;
    assert_int_equal(ORIENTATION("II*\0\x8\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0"), 6);
    assert_int_equal(ORIENTATION("MM\0*\0\0\0\x8\0\1\1\x12\0\3\0\0\0\1\0\6\0\0"), 6);
    for (int i = 1; i <= 8; i++) {
        unsigned char exif[WXID__EXIF_LENGTH];
        wxid__exif_write(exif, i);
        assert_int_equal(orientation_of(exif, sizeof exif), i);
    }
    /* Not the first entry, and a directory that is somewhere else. */
    assert_int_equal(ORIENTATION("II*\0\x9\0\0\0?\2\0\x0f\1\2\0\1\0\0\0\0\0\0\0"
                                 "\x12\1\3\0\1\0\0\0\3\0\0\0"),
                     3);
}

static void test_no_orientation(void **state)
{
    (void)state;
    assert_int_equal(ORIENTATION(""), 1);
    assert_int_equal(ORIENTATION("II*\0\x8\0\0"), 1);
    assert_int_equal(ORIENTATION("II*\0\x8\0\0\0"), 1);
    assert_int_equal(ORIENTATION("IM*\0\x8\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0"), 1);
    assert_int_equal(ORIENTATION("MM*\0\0\0\0\x8\0\1\1\x12\0\3\0\0\0\1\0\6\0\0"), 1);
    /* An orientation of 0, of 9, of two values, of another type. */
    assert_int_equal(ORIENTATION("II*\0\x8\0\0\0\1\0\x12\1\3\0\1\0\0\0\0\0\0\0"), 1);
    assert_int_equal(ORIENTATION("II*\0\x8\0\0\0\1\0\x12\1\3\0\1\0\0\0\x9\0\0\0"), 1);
    assert_int_equal(ORIENTATION("II*\0\x8\0\0\0\1\0\x12\1\3\0\2\0\0\0\6\0\0\0"), 1);
    assert_int_equal(ORIENTATION("II*\0\x8\0\0\0\1\0\x12\1\4\0\1\0\0\0\6\0\0\0"), 1);
    /* No entries, and not as many as it says. */
    assert_int_equal(ORIENTATION("II*\0\x8\0\0\0\0\0\x12\1\3\0\1\0\0\0\6\0\0\0"), 1);
    assert_int_equal(ORIENTATION("II*\0\x8\0\0\0\xff\xff\x0f\1\3\0\1\0\0\0\6\0\0\0"), 1);
    assert_int_equal(ORIENTATION("II*\0\x8\0\0\0\2\0\x0f\1\2\0\1\0\0\0\0\0\0\0\x12\1\3\0\1\0"), 1);
}

/* A directory at every offset there can be, with as many entries as there can be. */
static void test_directories_out_of_range(void **state)
{
    unsigned char exif[64];
    (void)state;
    memset(exif, 0xff, sizeof exif);
    memcpy(exif, "II*", 4);
    for (size_t length = 8; length <= sizeof exif; length++) {
        for (uint32_t at = 0; at < 80; at++) {
            memcpy(exif + 4, &at, 4);
            assert_int_equal(orientation_of(exif, length), 1);
        }
        static const uint32_t far[] = {0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffffe, 0xffffffff};
        for (size_t i = 0; i < sizeof far / sizeof far[0]; i++) {
            memcpy(exif + 4, &far[i], 4);
            assert_int_equal(orientation_of(exif, length), 1);
        }
    }
}

/* Any bytes: nothing is read that is not there, and each step goes on. */
static void test_random_files(void **state)
{
    uint32_t random = 4711;
    (void)state;
    for (int n = 0; n < 3000; n++) {
        size_t length = 8 + (size_t)n % 300;
        unsigned char *data = malloc(length);
        assert_non_null(data);
        for (size_t i = 0; i < length; i++) {
            random = random * 1103515245 + 12345;
            data[i] = (unsigned char)(random >> 16);
            if (i % 3 == 0 && (random & 0x700) == 0) {
                data[i] = 0xff;
            } else if (i % 5 == 0) {
                data[i] = 0;
            }
        }
        wxid__head head;
        wxid__segments segments = {data, length, 2};
        wxid__segment segment;
        size_t end = 2;
        while (wxid__segment_next(&segments, &segment)) {
            assert_true(segment.whole >= data + end);
            assert_true(segment.whole_length > 0);
            assert_true(segment.data + segment.length <= segment.whole + segment.whole_length);
            end = (size_t)(segment.whole - data) + segment.whole_length;
            assert_true(end <= length);
            assert_int_equal(segments.at, end);
        }
        wxid__chunks chunks = {data, length, 8};
        wxid__chunk chunk;
        end = 8;
        while (wxid__chunk_next(&chunks, &chunk)) {
            assert_ptr_equal(chunk.whole, data + end);
            assert_true(chunk.data + chunk.length <= chunk.whole + chunk.whole_length);
            end += chunk.whole_length;
            assert_true(end <= length);
        }
        (void)wxid__jpeg_head(&head, data, length);
        (void)wxid__png_head(&head, data, length);
        (void)wxid__exif_orientation(data, length);
        free(data);
    }
}

/* ---- Heads ---- */

#define START "\xff\xd8"
#define SCAN "\xff\xda\0\x8\1\1\0\0\x3f\0\x12\x34"
#define END "\xff\xd9"

#define SIGNATURE "\x89PNG\r\n\x1a\n"
#define IHDR(sides, kind) "\0\0\0\x0dIHDR" sides kind "\0\0\0crc "
#define IDAT "\0\0\0\4IDATdatacrc "
#define IEND "\0\0\0\0IENDcrc "

#define JPEG_FAULT(text) jpeg_fault(text, sizeof(text) - 1)

static wxid__fault jpeg_fault(const void *data, size_t length)
{
    wxid__head head;
    return wxid__jpeg_head(&head, data, length);
}

static void test_jpeg_head(void **state)
{
    static const char jpeg[] =
        START "\xff\xe1\0\x1e" /* Exif */
              "Exif\0\0II*\0\x8\0\0\0\1\0\x12\1\3\0\1\0\0\0\x8\0\0\0"
              "\xff\xc0\0\x11\x8\0\x20\0\x30\3\1\x22\0\2\x11\1\3\x11\1" SCAN END;
    wxid__head head;
    (void)state;
    assert_int_equal(wxid__jpeg_head(&head, (const unsigned char *)jpeg, sizeof jpeg - 1),
                     WXID__SOUND);
    assert_int_equal(head.width, 48);
    assert_int_equal(head.height, 32);
    assert_int_equal(head.orientation, 8);
    assert_int_equal(head.coded, sizeof SCAN - 1);
    assert_int_equal(head.is_png, 0);
#define FRAME(marker, bits, sides) "\xff" marker "\0\x11" bits sides "\3\1\x22\0\2\x11\1\3\x11\1"
    assert_int_equal(JPEG_FAULT(START FRAME("\xc0", "\x8", "\0\1\0\1") SCAN END), WXID__SOUND);
    assert_int_equal(JPEG_FAULT(START FRAME("\xc2", "\x8", "\0\1\0\1") SCAN END), WXID__SOUND);
    assert_int_equal(JPEG_FAULT(START FRAME("\xc3", "\x8", "\0\1\0\1") SCAN END), WXID__FOREIGN);
    assert_int_equal(JPEG_FAULT(START FRAME("\xc9", "\x8", "\0\1\0\1") SCAN END), WXID__FOREIGN);
    assert_int_equal(JPEG_FAULT(START FRAME("\xc1", "\xc", "\0\1\0\1") SCAN END), WXID__FOREIGN);
    assert_int_equal(JPEG_FAULT(START FRAME("\xc0", "\x8", "\0\0\0\1") SCAN END), WXID__DAMAGED);
    assert_int_equal(JPEG_FAULT(START FRAME("\xc0", "\x8", "\xff\xff\xff\xff") SCAN END),
                     WXID__HUGE);
    assert_int_equal(JPEG_FAULT(START FRAME("\xc0", "\x8", "\xff\xdd\0\1") SCAN END), WXID__HUGE);
    assert_int_equal(JPEG_FAULT(START FRAME("\xc0", "\x8", "\x20\0\x20\0") SCAN END),
                     WXID__DAMAGED); /* 67 megapixels in 12 bytes */
    assert_int_equal(JPEG_FAULT(START FRAME("\xc0", "\x8", "\0\1\0\1") SCAN), WXID__CUT_OFF);
    assert_int_equal(JPEG_FAULT(START SCAN END), WXID__DAMAGED);
    assert_int_equal(JPEG_FAULT(START START FRAME("\xc0", "\x8", "\0\1\0\1") SCAN END),
                     WXID__DAMAGED);
    assert_int_equal(JPEG_FAULT(START "\xff\xc0\0\x8\x8\0\1\0\1\1" SCAN END), WXID__DAMAGED);
}

/* Of several, the first counts: here, and for whoever looks at what was stripped. */
static void test_first_orientation_counts(void **state)
{
#define EXIF(value) "II*\0\x8\0\0\0\1\0\x12\1\3\0\1\0\0\0" value "\0\0\0"
#define EXIF_SEGMENT(value) \
    "\xff\xe1\0\x1e"        \
    "Exif\0\0" EXIF(value)
    static const unsigned char jpeg[] =
        START EXIF_SEGMENT("\6") EXIF_SEGMENT("\3") FRAME("\xc0", "\x8", "\0\1\0\1") SCAN END;
    static const unsigned char png[] = SIGNATURE IHDR(
        "\0\0\0\1\0\0\0\1", "\x8\2") "\0\0\0\x16"
                                     "eXIf" EXIF("\6") "crc \0\0\0\x16"
                                                       "eXIf" EXIF("\3") "crc " IDAT IEND;
    wxid__head head;
    (void)state;
    assert_int_equal(wxid__jpeg_head(&head, jpeg, sizeof jpeg - 1), WXID__SOUND);
    assert_int_equal(head.orientation, 6);
    assert_int_equal(wxid__png_head(&head, png, sizeof png - 1), WXID__SOUND);
    assert_int_equal(head.orientation, 6);
}

/* Tables twice as coarse as the standard's, of one byte and of two. */
static void test_coarseness(void **state)
{
    unsigned char jpeg[512] = START "\xff\xdb\0\x43\0";
    (void)state;
    for (int wide = 0; wide < 2; wide++) {
        size_t length = 2 + 4 + 1;
        jpeg[5] = wide ? 0x83 : 0x43;
        jpeg[6] = wide ? 0x12 : 0x02;
        for (int i = 0; i < 64; i++) {
            if (wide) {
                jpeg[length++] = 0;
            }
            jpeg[length++] = 115; /* 64 times this are twice 3,688, about */
        }
        static const char rest[] = FRAME("\xc0", "\x8", "\0\1\0\1") SCAN END;
        memcpy(jpeg + length, rest, sizeof rest - 1);
        jpeg[length + 12] = 2; /* the table of brightness */
        wxid__head head;
        assert_int_equal(wxid__jpeg_head(&head, jpeg, length + sizeof rest - 1), WXID__SOUND);
        assert_int_equal(head.coarseness, 199);
    }
}

#define PNG_FAULT(text) png_fault(SIGNATURE text, sizeof(SIGNATURE text) - 1)

static wxid__fault png_fault(const void *data, size_t length)
{
    wxid__head head;
    return wxid__png_head(&head, data, length);
}

static void test_png_head(void **state)
{
    (void)state;
    static const char png[] = SIGNATURE IHDR(
        "\0\0\0\x30\0\0\0\x20",
        "\x8\2") "\0\0\0\x16"
                 "eXIfII*\0\x8\0\0\0\1\0\x12\1\3\0\1\0\0\0\5\0\0\0crc " IDAT IDAT IEND;
    wxid__head head;
    assert_int_equal(wxid__png_head(&head, (const unsigned char *)png, sizeof png - 1),
                     WXID__SOUND);
    assert_int_equal(head.width, 48);
    assert_int_equal(head.height, 32);
    assert_int_equal(head.orientation, 5);
    assert_int_equal(head.coded, 8);
    assert_int_equal(head.is_png, 1);
    assert_int_equal(PNG_FAULT(IHDR("\0\0\0\1\0\0\0\1", "\x8\2") IDAT IEND), WXID__SOUND);
    assert_int_equal(PNG_FAULT(IHDR("\0\0\0\1\0\0\0\0", "\x8\2") IDAT IEND), WXID__DAMAGED);
    assert_int_equal(PNG_FAULT(IHDR("\0\0\0\1\0\0\0\1", "\x8\7") IDAT IEND), WXID__DAMAGED);
    assert_int_equal(PNG_FAULT(IHDR("\0\0\0\1\0\0\0\1", "\x8\1") IDAT IEND), WXID__DAMAGED);
    assert_int_equal(PNG_FAULT(IHDR("\x7f\xff\xff\xff\x7f\xff\xff\xff", "\x8\2") IDAT IEND),
                     WXID__HUGE);
    assert_int_equal(PNG_FAULT(IHDR("\0\0\xff\xdd\0\0\0\1", "\1\0") IDAT IEND), WXID__HUGE);
    assert_int_equal(PNG_FAULT(IHDR("\0\0\x20\0\0\0\x20\0", "\1\0") IDAT IEND), WXID__DAMAGED);
    assert_int_equal(PNG_FAULT(IHDR("\0\0\0\1\0\0\0\1", "\x8\2") IDAT), WXID__CUT_OFF);
    assert_int_equal(PNG_FAULT("\0\0\0\x0dIHDR"), WXID__CUT_OFF);
    assert_int_equal(PNG_FAULT(""), WXID__CUT_OFF);
    assert_int_equal(PNG_FAULT(IDAT IEND), WXID__DAMAGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orientation),
        cmocka_unit_test(test_no_orientation),
        cmocka_unit_test(test_directories_out_of_range),
        cmocka_unit_test(test_random_files),
        cmocka_unit_test(test_jpeg_head),
        cmocka_unit_test(test_first_orientation_counts),
        cmocka_unit_test(test_coarseness),
        cmocka_unit_test(test_png_head),
    };
    return cmocka_run_group_tests_name("picture_head", tests, NULL, NULL);
}
