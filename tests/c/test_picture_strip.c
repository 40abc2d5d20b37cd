/* What is left of a picture without its metadata, byte for byte. */
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CANARY "canary of the tests: 39.9087 N, 116.3975 E"

/* A file put together from parts. */
typedef struct file {
    unsigned char data[8192];
    size_t length;
} file;

static void add(file *to, const void *data, size_t length)
{
    assert_true(length <= sizeof to->data - to->length);
    memcpy(to->data + to->length, data, length);
    to->length += length;
}

#define ADD(to, text) add(to, text, sizeof(text) - 1)

static void add_segment(file *to, int marker, const void *data, size_t length)
{
    unsigned char head[4] = {0xff, (unsigned char)marker, (unsigned char)((length + 2) >> 8),
                             (unsigned char)(length + 2)};
    add(to, head, sizeof head);
    add(to, data, length);
}

#define SEGMENT(to, marker, text) add_segment(to, marker, text, sizeof(text) - 1)

typedef struct stripped {
    unsigned char *data; /* a copy; NULL: refused */
    size_t length;
    char words[256]; /* of the error */
} stripped;

static stripped strip(const void *data, size_t length)
{
    wxid_fit fit = WXID_FIT_INIT;
    wxid_picture *made = NULL;
    wxid_error *error = NULL;
    stripped result = {NULL, 0, ""};
    void *given = malloc(length); /* so that what is behind it is nobody's */
    assert_non_null(given);
    memcpy(given, data, length);
    fit.strip_metadata = 1;
    if (wxid_picture_fit(&made, given, length, &fit, &error) == 0) {
        const void *bytes = wxid_picture_data(made, &result.length);
        result.data = malloc(result.length);
        assert_non_null(result.data);
        memcpy(result.data, bytes, result.length);
    } else {
        assert_int_equal(wxid_error_kind(error), WXID_KIND_IMAGE_INPUT);
        snprintf(result.words, sizeof result.words, "%s", wxid_error_message(error));
    }
    wxid_error_free(error);
    wxid_picture_free(made);
    free(given);
    return result;
}

static void assert_stripped(const file *before, const file *after)
{
    stripped found = strip(before->data, before->length);
    if (found.data == NULL) {
        fail_msg("%s", found.words);
    }
    assert_int_equal(found.length, after->length);
    assert_memory_equal(found.data, after->data, after->length);
    free(found.data);
}

static void assert_refused(const void *data, size_t length, const char *words)
{
    stripped found = strip(data, length);
    assert_null(found.data);
    if (strstr(found.words, words) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", words, found.words);
    }
}

/* ---- JPEG ---- */

#define TABLES "\xff\xdb\0\4\0\1"
#define FRAME "\xff\xc2\0\13\x8\0\1\0\1\1\1\x11\0"
#define SCAN "\xff\xda\0\x8\1\1\0\0\x3f\0\x12\xff\0\x34\xff\xd0\x56\xff\xd7\xff\xff\0\x78"
#define MORE_TABLES "\xff\xc4\0\5\0\1\2\xff\xdd\0\4\0\1"
#define LAST_SCAN "\xff\xda\0\x8\1\1\0\0\x3f\0\x9a"
#define END "\xff\xd9"
#define EXIF_BIG(orientation) \
    "Exif\0\0MM\0*\0\0\0\x8\0\1\1\x12\0\3\0\0\0\1\0" orientation "\0\0\0\0\0\0"
#define JFIF "JFIF\0\1\2\1\0\x48\0\x48"

static file whole_jpeg(const char *orientation)
{
    file made = {.length = 0};
    unsigned char exif[] = "Exif\0\0II*\0\x8\0\0\0\3\0"
                           "\x0f\1\2\0\x2a\0\0\0\x32\0\0\0"
                           "\x12\1\3\0\1\0\0\0?\0\0\0"
                           "\x25\x88\4\0\1\0\0\0\x32\0\0\0\0\0\0\0" CANARY;
    exif[sizeof "Exif\0\0" - 1 + 10 + 12 + 8] = (unsigned char)*orientation;
    ADD(&made, "\xff\xd8");
    SEGMENT(&made, 0xe0, JFIF "\2\1" CANARY);
    SEGMENT(&made, 0xe0, "JFXX\0\x13" CANARY);
    add_segment(&made, 0xe1, exif, sizeof exif - 1);
    SEGMENT(&made, 0xe1, "http://ns.adobe.com/xap/1.0/\0" CANARY);
    SEGMENT(&made, 0xe1, EXIF_BIG("\3") CANARY); /* a second one does not count */
    SEGMENT(&made, 0xe2, "ICC_PROFILE\0\1\1the colours");
    SEGMENT(&made, 0xe2, "MPF\0" CANARY);
    SEGMENT(&made, 0xe2, "ICC_PROFIL" CANARY);
    SEGMENT(&made, 0xed, "Photoshop 3.0\0" CANARY);
    SEGMENT(&made, 0xee, "Adobe\0\x64\0\0\0\0\1" CANARY);
    SEGMENT(&made, 0xee, CANARY);
    ADD(&made, CANARY); /* between segments, where decoders look for the next */
    ADD(&made, "\xff\xff\xff");
    ADD(&made, TABLES);
    SEGMENT(&made, 0xfe, CANARY);
    SEGMENT(&made, 0xe5, CANARY);
    SEGMENT(&made, 0xf3, CANARY);
    SEGMENT(&made, 0x02, CANARY);
    ADD(&made, FRAME SCAN);
    SEGMENT(&made, 0xfe, CANARY);
    SEGMENT(&made, 0xe1, "Exif\0\0" CANARY);
    ADD(&made, MORE_TABLES LAST_SCAN END);
    ADD(&made, "\xff\xd8\xff\xe1" CANARY "\xff\xd9");
    return made;
}

static file stripped_jpeg(const char *exif, size_t exif_length)
{
    file made = {.length = 0};
    ADD(&made, "\xff\xd8");
    SEGMENT(&made, 0xe0, JFIF "\0\0");
    if (exif_length > 0) {
        add_segment(&made, 0xe1, exif, exif_length);
    }
    SEGMENT(&made, 0xe2, "ICC_PROFILE\0\1\1the colours");
    SEGMENT(&made, 0xee, "Adobe\0\x64\0\0\0\0\1");
    ADD(&made, TABLES FRAME SCAN MORE_TABLES LAST_SCAN END);
    return made;
}

static void test_jpeg(void **state)
{
    (void)state;
    file before = whole_jpeg("\6");
    file after = stripped_jpeg(EXIF_BIG("\6"), sizeof EXIF_BIG("\6") - 1);
    assert_stripped(&before, &after);
    before = whole_jpeg("\1");
    after = stripped_jpeg("", 0);
    assert_stripped(&before, &after);
    before = whole_jpeg("\x9"); /* there is no such orientation */
    assert_stripped(&before, &after);
    assert_stripped(&after, &after);
}

/* What a part of a picture is left with: what is there, and nothing else. */
static void assert_parts_are_stripped(file before, file after, size_t least)
{
    int kept = 0;
    for (size_t length = least; length < before.length; length++) {
        stripped found = strip(before.data, length);
        if (found.data != NULL) {
            assert_true(found.length <= after.length);
            assert_memory_equal(found.data, after.data, found.length);
            free(found.data);
            kept++;
        } else {
            assert_non_null(strstr(found.words, "damaged"));
            assert_int_equal(kept, 0);
        }
    }
    assert_true(kept > 100);
}

static void test_truncated_jpeg(void **state)
{
    file before = whole_jpeg("\6");
    file after = stripped_jpeg(EXIF_BIG("\6"), sizeof EXIF_BIG("\6") - 1);
    (void)state;
    assert_parts_are_stripped(before, after, 12);
    /* Up to within the last scan, all of it. */
    before.length = (size_t)((unsigned char *)memmem(before.data, before.length, LAST_SCAN,
                                                     sizeof LAST_SCAN - 1) -
                             before.data) +
                    sizeof LAST_SCAN - 1;
    after.length -= 2;
    assert_stripped(&before, &after);
}

static void test_malformed_jpeg(void **state)
{
    (void)state;
    assert_refused("\xff\xd8\xff\xe0\0\1" SCAN, 6 + sizeof SCAN, "damaged"); /* a length of 1 */
    assert_refused("\xff\xd8\xff\xd9", 4, "damaged");
    assert_refused("\xff\xd8\xff", 3, "damaged");
    assert_refused("\xff\xd8" TABLES FRAME END, 2 + sizeof TABLES FRAME END - 1, "damaged");
    static const char twice[] = "\xff\xd8" TABLES "\xff\xd8" FRAME SCAN END;
    assert_refused(twice, sizeof twice - 1, "damaged");
    static const char long_segment[] = "\xff\xd8\xff\xe1\xff\xff" TABLES FRAME SCAN END;
    assert_refused(long_segment, sizeof long_segment - 1, "damaged");
}

/* ---- PNG ---- */

#define SIGNATURE "\x89PNG\r\n\x1a\n"
#define PNG_END "\0\0\0\0IEND\xae\x42\x60\x82"
#define PNG_EXIF "MM\0*\0\0\0\x8\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"

/* The CRC of a chunk that is kept is not looked at. */
static void add_chunk(file *to, const char *type, const void *data, size_t length, const char *crc)
{
    unsigned char head[4] = {0, 0, (unsigned char)(length >> 8), (unsigned char)length};
    add(to, head, sizeof head);
    add(to, type, 4);
    add(to, data, length);
    add(to, crc, 4);
}

static file whole_png(const char *exif, size_t exif_length)
{
    static const char *const dropped[] = {"tEXt", "zTXt", "iTXt", "tIME", "sPLT", "hIST",
                                          "acTL", "fdAT", "vpAg", "prVt", "prVT"};
    file made = {.length = 0};
    ADD(&made, SIGNATURE);
    add_chunk(&made, "IHDR", "\0\0\0\1\0\0\0\1\x8\0\0\0\0", 13, "crc1");
    for (size_t i = 0; i < sizeof dropped / sizeof dropped[0]; i++) {
        add_chunk(&made, dropped[i], CANARY, sizeof CANARY, "crc ");
    }
    add_chunk(&made, "gAMA", "\0\1\x86\xa0", 4, "crc2");
    if (exif_length > 0) {
        add_chunk(&made, "eXIf", exif, exif_length, "crc ");
        add_chunk(&made, "eXIf", PNG_EXIF CANARY, sizeof PNG_EXIF CANARY, "crc ");
    }
    add_chunk(&made, "iCCP", "the colours", 11, "crc3");
    add_chunk(&made, "PLTE", "abc", 3, "crc4");
    add_chunk(&made, "tRNS", "d", 1, "crc5");
    add_chunk(&made, "IDAT", "the", 3, "crc6");
    add_chunk(&made, "tEXt", CANARY, sizeof CANARY, "crc ");
    add_chunk(&made, "IDAT", "pixels", 6, "crc7");
    ADD(&made, PNG_END CANARY);
    return made;
}

static file stripped_png(const char *exif, size_t exif_length, const char *crc)
{
    file made = {.length = 0};
    ADD(&made, SIGNATURE);
    add_chunk(&made, "IHDR", "\0\0\0\1\0\0\0\1\x8\0\0\0\0", 13, "crc1");
    add_chunk(&made, "gAMA", "\0\1\x86\xa0", 4, "crc2");
    if (exif_length > 0) {
        add_chunk(&made, "eXIf", exif, exif_length, crc);
    }
    add_chunk(&made, "iCCP", "the colours", 11, "crc3");
    add_chunk(&made, "PLTE", "abc", 3, "crc4");
    add_chunk(&made, "tRNS", "d", 1, "crc5");
    add_chunk(&made, "IDAT", "the", 3, "crc6");
    add_chunk(&made, "IDAT", "pixels", 6, "crc7");
    ADD(&made, PNG_END);
    return made;
}

static void test_png(void **state)
{
    static const char exif[] = "II*\0\x8\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0" CANARY;
    (void)state;
    file before = whole_png(exif, sizeof exif);
    file after = stripped_png(PNG_EXIF, sizeof PNG_EXIF - 1, "\xd6\x67\x4b\x69");
    assert_stripped(&before, &after);
    before = whole_png("", 0);
    after = stripped_png("", 0, "");
    assert_stripped(&before, &after);
    assert_stripped(&after, &after);
    before = whole_png("II*\0" CANARY, sizeof CANARY);
    assert_stripped(&before, &after);
}

static void test_truncated_png(void **state)
{
    file before = whole_png(PNG_EXIF, sizeof PNG_EXIF - 1);
    file after = stripped_png(PNG_EXIF, sizeof PNG_EXIF - 1, "\xd6\x67\x4b\x69");
    (void)state;
    assert_parts_are_stripped(before, after, 8);
}

/* What is hidden in the end itself goes with what is behind it. */
static void test_end_of_png(void **state)
{
    file before = whole_png("", 0);
    file after = stripped_png("", 0, "");
    (void)state;
    before.length -= sizeof PNG_END CANARY - 1;
    add_chunk(&before, "IEND", CANARY, sizeof CANARY, "crc ");
    assert_stripped(&before, &after);
}

/* A file of nothing but orientations: no more is written than there is room for. */
static void test_many_orientations(void **state)
{
    static const char exif[] = "MM\0*\0\0\0\x8\0\1\1\x12\0\3\0\0\0\1\0\6\0\0";
    file jpeg = {.length = 0};
    file png = {.length = 0};
    (void)state;
    ADD(&jpeg, "\xff\xd8");
    ADD(&png, SIGNATURE);
    for (int i = 0; i < 100; i++) {
        SEGMENT(&jpeg, 0xe1, "Exif\0\0MM\0*\0\0\0\x8\0\1\1\x12\0\3\0\0\0\1\0\6\0\0");
        add_chunk(&png, "eXIf", exif, sizeof exif - 1, "crc ");
    }
    ADD(&jpeg, TABLES FRAME SCAN END);
    add_chunk(&png, "IDAT", "pixels", 6, "crc7");
    stripped found = strip(jpeg.data, jpeg.length);
    assert_int_equal(found.length, 2 + 36 + sizeof TABLES FRAME SCAN END - 1);
    free(found.data);
    found = strip(png.data, png.length);
    assert_int_equal(found.length, 8 + 38 + 18);
    free(found.data);
}

static void test_other_formats(void **state)
{
    (void)state;
    assert_refused("GIF89a", 6, "JPEG and PNG only");
    assert_refused("RIFF\0\0\0\0WEBP", 12, "JPEG and PNG only");
    assert_refused("BM\0\0\0\0\0\0\0\0", 10, "JPEG and PNG only");
    assert_refused("", 0, "empty");
}

/* The four bytes that a new orientation may add count, too. */
static void test_length_is_checked_again(void **state)
{
    static const char jpeg[] = "\xff\xd8\xff\xe1\0\x1e"
                               "Exif\0\0MM\0*\0\0\0\x8\0\1\1\x12\0\3\0\0\0\1\0"
                               "\6\0\0" TABLES FRAME SCAN END;
    wxid_fit fit = WXID_FIT_INIT;
    wxid_picture *made = NULL;
    wxid_error *error = NULL;
    (void)state;
    fit.strip_metadata = 1;
    fit.max_image_bytes = sizeof jpeg - 1 + 4;
    assert_int_equal(wxid_picture_fit(&made, jpeg, sizeof jpeg - 1, &fit, &error), -1);
    assert_int_equal(wxid_error_kind(error), WXID_KIND_IMAGE_INPUT);
    wxid_error_free(error);
    fit.max_image_bytes++;
    assert_int_equal(wxid_picture_fit(&made, jpeg, sizeof jpeg - 1, &fit, NULL), 0);
    wxid_picture_free(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jpeg),
        cmocka_unit_test(test_truncated_jpeg),
        cmocka_unit_test(test_malformed_jpeg),
        cmocka_unit_test(test_png),
        cmocka_unit_test(test_truncated_png),
        cmocka_unit_test(test_end_of_png),
        cmocka_unit_test(test_many_orientations),
        cmocka_unit_test(test_other_formats),
        cmocka_unit_test(test_length_is_checked_again),
    };
    return cmocka_run_group_tests_name("picture_strip", tests, NULL, NULL);
}
