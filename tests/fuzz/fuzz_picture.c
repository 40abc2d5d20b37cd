/* Files that users upload, before any decoder: any bytes. Input: a choice of how they begin, the
 * file.
 *
 * Segments and chunks lie in the file and go forward; a sound head has sides within bounds; and
 * what is stripped of its metadata has none of it, reads the same, and cannot be stripped of more.
 */
#include "input.h"
#include "properties.h"

#include "picture.h"

#include <stdlib.h>
#include <string.h>

static void check_image(const unsigned char *data, size_t length)
{
    wxid__image image = {0};
    wxid_error *error = NULL;
    if (wxid__image_from_bytes(&image, data, length, 4096, &error) == 0) {
        HOLDS(length > 0 && length < 4096 && image.data == data && image.length == length);
        HOLDS(strncmp(image.media_type, "image/", 6) == 0);
        HOLDS(strncmp(image.file_name, "image.", 6) == 0 && image.owned == NULL);
        wxid__image_clear(&image);
    } else {
        HOLDS(image.data == NULL && wxid_error_kind(error) == WXID_KIND_IMAGE_INPUT);
        check_error(error, MARK);
        wxid_error_free(error);
    }
}

/* ---- Reading ---- */

static void check_segments(const unsigned char *data, size_t length)
{
    wxid__segments segments = {data, length, 2};
    wxid__segment segment;
    size_t before = 2;
    while (wxid__segment_next(&segments, &segment)) {
        HOLDS(segments.at > before && segments.at <= length);
        HOLDS(segment.whole >= data + before && segment.whole[0] == 0xff);
        HOLDS(segment.whole + segment.whole_length == data + segments.at);
        HOLDS(segment.data >= segment.whole && segment.data + segment.length <= data + segments.at);
        HOLDS(!segment.is_cut || segments.at == length);
        before = segments.at;
    }
}

static void check_chunks(const unsigned char *data, size_t length)
{
    wxid__chunks chunks = {data, length, 8};
    wxid__chunk chunk;
    size_t before = 8;
    while (wxid__chunk_next(&chunks, &chunk)) {
        HOLDS(chunks.at > before && chunks.at <= length);
        HOLDS(chunk.whole == data + before && chunk.data == chunk.whole + 8);
        HOLDS(chunk.whole + chunk.whole_length == data + chunks.at);
        HOLDS(chunk.data + chunk.length <= data + chunks.at);
        HOLDS(!chunk.is_cut || chunks.at == length);
        before = chunks.at;
    }
}

static void check_orientation(const unsigned char *data, size_t length)
{
    unsigned char written[WXID__EXIF_LENGTH];
    int orientation = wxid__exif_orientation(data, length);
    HOLDS(orientation >= 1 && orientation <= 8);
    wxid__exif_write(written, orientation);
    HOLDS(wxid__exif_orientation(written, sizeof written) == orientation);
}

static wxid__fault read_head(wxid__head *head, const unsigned char *data, size_t length, int is_png)
{
    wxid__fault fault = (is_png ? wxid__png_head : wxid__jpeg_head)(head, data, length);
    HOLDS(head->is_png == is_png && head->orientation >= 1 && head->orientation <= 8);
    HOLDS(fault != WXID__NO_MEMORY && head->coded <= length);
    if (fault == WXID__SOUND) {
        HOLDS(head->width >= 1 && head->width <= WXID__LONGEST_SIDE);
        HOLDS(head->height >= 1 && head->height <= WXID__LONGEST_SIDE);
        HOLDS((uint64_t)head->width * head->height <= WXID__MOST_PIXELS);
        HOLDS(head->coarseness >= 0);
    }
    return fault;
}

/* ---- Stripping ---- */

static int is_look_of_jpeg(const wxid__segment *segment)
{
    size_t length = 0;
    if (segment->marker >= 0xc0 && segment->marker <= 0xdf) {
        return 1;
    }
    return (wxid__segment_is(segment, 0xe0, "JFIF", 5) && segment->length == 14) ||
           (wxid__segment_is(segment, 0xee, "Adobe", 5) && segment->length == 12) ||
           wxid__segment_is(segment, 0xe2, "ICC_PROFILE", 12) ||
           (wxid__segment_exif(segment, &length) != NULL && length == WXID__EXIF_LENGTH);
}

static void check_stripped_jpeg(const unsigned char *data, size_t length)
{
    wxid__segments segments = {data, length, 2};
    wxid__segment segment;
    int exifs = 0;
    while (wxid__segment_next(&segments, &segment)) {
        HOLDS(is_look_of_jpeg(&segment) && !segment.is_cut);
        exifs += segment.marker == 0xe1;
        HOLDS(segment.marker != WXID__JPEG_EOI || segments.at == length);
    }
    HOLDS(exifs <= 1);
}

static void check_stripped_png(const unsigned char *data, size_t length)
{
    static const char *const metadata[] = {"tEXt", "zTXt", "iTXt", "tIME"};
    wxid__chunks chunks = {data, length, 8};
    wxid__chunk chunk;
    int exifs = 0;
    while (wxid__chunk_next(&chunks, &chunk)) {
        int is_exif = chunk.type == WXID__CHUNK('e', 'X', 'I', 'f');
        for (size_t i = 0; i < sizeof metadata / sizeof metadata[0]; i++) {
            HOLDS(memcmp(chunk.whole + 4, metadata[i], 4) != 0);
        }
        HOLDS(!is_exif || chunk.length == WXID__EXIF_LENGTH);
        exifs += is_exif;
        HOLDS(chunk.type != WXID__CHUNK('I', 'E', 'N', 'D') || chunks.at == length);
    }
    HOLDS(exifs <= 1);
}

static void check_same_head(const unsigned char *data, size_t length, const unsigned char *stripped,
                            size_t stripped_length, int is_png)
{
    wxid__head head;
    wxid__head other;
    if (read_head(&head, data, length, is_png) == WXID__SOUND) {
        HOLDS(read_head(&other, stripped, stripped_length, is_png) == WXID__SOUND);
        HOLDS(head.width == other.width && head.height == other.height);
        HOLDS(head.orientation == other.orientation && head.coded == other.coded);
        HOLDS(head.coarseness == other.coarseness);
        HOLDS(head.is_interlaced == other.is_interlaced);
    }
}

static void check_strip(const unsigned char *data, size_t length, int is_png)
{
    wxid__fault (*strip)(unsigned char **, size_t *, const unsigned char *, size_t) =
        is_png ? wxid__png_strip : wxid__jpeg_strip;
    unsigned char *once = NULL;
    unsigned char *twice = NULL;
    size_t once_length = 0;
    size_t twice_length = 0;
    wxid__fault fault = strip(&once, &once_length, data, length);
    HOLDS(fault == WXID__SOUND || (fault == WXID__DAMAGED && once == NULL));
    if (fault == WXID__SOUND) {
        HOLDS(once_length <= length + 64);
        (is_png ? check_stripped_png : check_stripped_jpeg)(once, once_length);
        check_same_head(data, length, once, once_length, is_png);
        HOLDS(strip(&twice, &twice_length, once, once_length) == WXID__SOUND);
        HOLDS(once_length == twice_length && memcmp(once, twice, once_length) == 0);
    }
    free(once);
    free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    static const unsigned char signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    input from = {data, length};
    wxid__head head;
    uint32_t begins = take_below(&from, 3);
    unsigned char *file = copy_of(from.data, from.length);
    check_image(file, from.length);
    check_orientation(file, from.length);
    if (begins == 1 && from.length >= 3) {
        memcpy(file, "\xff\xd8\xff", 3);
        check_segments(file, from.length);
        (void)read_head(&head, file, from.length, 0);
        check_strip(file, from.length, 0);
    } else if (begins == 2 && from.length >= sizeof signature) {
        memcpy(file, signature, sizeof signature);
        check_chunks(file, from.length);
        (void)read_head(&head, file, from.length, 1);
        check_strip(file, from.length, 1);
    }
    free(file);
    return 0;
}
