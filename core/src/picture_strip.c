/* Leaves out what a picture says beside its pixels: where, when, by whom and with what it was
 * taken, earlier and smaller versions, and what is hidden behind its end. What decides how it looks
 * stays.
 *
 * Everything is left out that is not known to be needed, so that what will be invented is, too. */
#include "picture.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

/* A copy in work. It has room for all that there was and an orientation. */
typedef struct copy {
    unsigned char *data;
    size_t length;
} copy;

enum { JFIF_LENGTH = 14, ADOBE_LENGTH = 12, MOST_ADDED = 64 };

static int copy_new(copy *made, size_t length)
{
    size_t size;
    made->length = 0;
    made->data = wxid__size_add(&size, length, MOST_ADDED) == 0 ? malloc(size) : NULL;
    return made->data != NULL ? 0 : -1;
}

static void append(copy *to, const void *data, size_t length)
{
    memcpy(to->data + to->length, data, length);
    to->length += length;
}

/* Hands the copy over, or ends it. */
static wxid__fault finish(copy *made, int is_picture, unsigned char **stripped,
                          size_t *stripped_length)
{
    if (!is_picture) {
        wxid__wipe(made->data, made->length);
        free(made->data);
        return WXID__DAMAGED;
    }
    *stripped = made->data;
    *stripped_length = made->length;
    return WXID__SOUND;
}

/* ---- JPEG ---- */

static void append_segment(copy *to, int marker, const unsigned char *data, size_t length)
{
    const unsigned char head[] = {0xff, (unsigned char)marker, (unsigned char)((length + 2) >> 8),
                                  (unsigned char)(length + 2)};
    append(to, head, sizeof head);
    append(to, data, length);
}

/* The application segments that decide how a picture looks, without what they may hold besides: of
 * JFIF a thumbnail. */
static void append_application(copy *to, const wxid__segment *segment)
{
    if (segment->length >= JFIF_LENGTH &&
        wxid__segment_is(segment, WXID__JPEG_APP0, "JFIF", sizeof "JFIF")) {
        unsigned char jfif[JFIF_LENGTH] = {0};
        memcpy(jfif, segment->data, JFIF_LENGTH - 2);
        append_segment(to, segment->marker, jfif, sizeof jfif);
    } else if (segment->length >= ADOBE_LENGTH &&
               wxid__segment_is(segment, WXID__JPEG_APP0 + 14, "Adobe", 5)) {
        append_segment(to, segment->marker, segment->data, ADOBE_LENGTH);
    } else if (wxid__segment_is(segment, WXID__JPEG_APP0 + 2, "ICC_PROFILE",
                                sizeof "ICC_PROFILE")) {
        append(to, segment->whole, segment->whole_length);
    }
}

static void append_jpeg_orientation(copy *to, const unsigned char *exif, size_t length)
{
    unsigned char segment[6 + WXID__EXIF_LENGTH] = "Exif\0";
    int orientation = wxid__exif_orientation(exif, length);
    if (orientation != 1) {
        wxid__exif_write(segment + 6, orientation);
        append_segment(to, WXID__JPEG_APP0 + 1, segment, sizeof segment);
    }
}

/* Frames, tables and scans. */
static int is_needed(int marker)
{
    return marker >= 0xc0 && marker <= 0xdf && marker != WXID__JPEG_SOI;
}

wxid__fault wxid__jpeg_strip(unsigned char **stripped, size_t *stripped_length,
                             const unsigned char *data, size_t length)
{
    wxid__segments segments = {data, length, 2};
    wxid__segment segment;
    copy to;
    int has_scan = 0;
    int has_exif = 0;
    if (copy_new(&to, length) != 0) {
        return WXID__NO_MEMORY;
    }
    append(&to, data, 2);
    while (wxid__segment_next(&segments, &segment) && !segment.is_cut) {
        size_t exif_length;
        const unsigned char *exif = wxid__segment_exif(&segment, &exif_length);
        if (segment.marker == WXID__JPEG_SOI) {
            return finish(&to, 0, stripped, stripped_length);
        }
        if (exif != NULL && !has_exif) {
            append_jpeg_orientation(&to, exif, exif_length);
            has_exif = 1;
        } else if (is_needed(segment.marker)) {
            append(&to, segment.whole, segment.whole_length);
        } else {
            append_application(&to, &segment);
        }
        has_scan = has_scan || segment.marker == WXID__JPEG_SOS;
        if (segment.marker == WXID__JPEG_EOI) {
            break;
        }
    }
    return finish(&to, has_scan, stripped, stripped_length);
}

/* ---- PNG ---- */

static uint32_t crc_32(const unsigned char *data, size_t length)
{
    uint32_t crc = 0xffffffff;
    while (length-- > 0) {
        crc ^= *data++;
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (0xedb88320 & (0 - (crc & 1)));
        }
    }
    return ~crc;
}

static void append_png_orientation(copy *to, const wxid__chunk *chunk)
{
    unsigned char made[12 + WXID__EXIF_LENGTH] = {0, 0, 0, WXID__EXIF_LENGTH, 'e', 'X', 'I', 'f'};
    int orientation = wxid__exif_orientation(chunk->data, chunk->length);
    if (orientation != 1) {
        wxid__exif_write(made + 8, orientation);
        uint32_t crc = crc_32(made + 4, 4 + WXID__EXIF_LENGTH);
        for (int i = 0; i < 4; i++) {
            made[8 + WXID__EXIF_LENGTH + i] = (unsigned char)(crc >> (24 - 8 * i));
        }
        append(to, made, sizeof made);
    }
}

/* Chunks that a decoder must know, and those beside them that decide how a picture looks. */
static int decides_look(uint32_t type)
{
    static const uint32_t known[] = {
        WXID__CHUNK('t', 'R', 'N', 'S'), WXID__CHUNK('g', 'A', 'M', 'A'),
        WXID__CHUNK('c', 'H', 'R', 'M'), WXID__CHUNK('s', 'R', 'G', 'B'),
        WXID__CHUNK('i', 'C', 'C', 'P'), WXID__CHUNK('c', 'I', 'C', 'P'),
        WXID__CHUNK('s', 'B', 'I', 'T'), WXID__CHUNK('b', 'K', 'G', 'D'),
        WXID__CHUNK('p', 'H', 'Y', 's'),
    };
    if ((type & 0x20000000) == 0) { /* a capital letter: critical */
        return 1;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (type == known[i]) {
            return 1;
        }
    }
    return 0;
}

wxid__fault wxid__png_strip(unsigned char **stripped, size_t *stripped_length,
                            const unsigned char *data, size_t length)
{
    static const unsigned char end[] = {0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xae, 0x42, 0x60, 0x82};
    wxid__chunks chunks = {data, length, 8};
    wxid__chunk chunk;
    copy to;
    int has_pixels = 0;
    int has_exif = 0;
    if (copy_new(&to, length) != 0) {
        return WXID__NO_MEMORY;
    }
    append(&to, data, 8);
    while (wxid__chunk_next(&chunks, &chunk)) {
        int is_pixels = chunk.type == WXID__CHUNK('I', 'D', 'A', 'T');
        if (chunk.type == WXID__CHUNK('I', 'E', 'N', 'D')) {
            append(&to, end, sizeof end); /* and not what may be in it */
            break;
        }
        if (chunk.is_cut && !is_pixels) {
            break;
        }
        if (decides_look(chunk.type)) {
            append(&to, chunk.whole, chunk.whole_length);
        } else if (chunk.type == WXID__CHUNK('e', 'X', 'I', 'f') && !has_exif) {
            append_png_orientation(&to, &chunk);
            has_exif = 1;
        }
        has_pixels = has_pixels || is_pixels;
    }
    return finish(&to, has_pixels, stripped, stripped_length);
}
