/* Reads files that anybody may have made: nothing in them is believed before it was looked at. */
#include "picture.h"

#include <string.h>

/* A file of more scans is no photograph; and each scan may go over all of the pixels. */
#define MOST_SCANS 100
#define MOST_SCANNED INT64_C(2000000000)
/* No coder of JPEG makes less of a block than a bit, and no deflate less of 1,032 bytes than one.
 */
#define MOST_PIXELS_A_BYTE 512
#define MOST_INFLATION 1032
/* The sum of the standard's table of brightness. */
#define STANDARD_SUM 3688

static uint32_t read_16(const unsigned char *data)
{
    return (uint32_t)data[0] << 8 | data[1];
}

static uint32_t read_32(const unsigned char *data)
{
    return read_16(data) << 16 | read_16(data + 2);
}

/* ---- JPEG ---- */

/* Where the data of a scan ends: at the next marker that is none of its own. */
static size_t end_of_scan(const unsigned char *data, size_t length, size_t at)
{
    while (at < length) {
        const unsigned char *found = memchr(data + at, 0xff, length - at);
        if (found == NULL) {
            return length;
        }
        at = (size_t)(found - data);
        unsigned next = at + 1 < length ? data[at + 1] : 0;
        if (next != 0 && next != 0xff && (next < 0xd0 || next > 0xd7)) {
            return at;
        }
        at += next == 0xff ? 1 : 2;
    }
    return length;
}

/* Zero and one, what fills up, and the marks within scans. */
static int means_nothing(int marker)
{
    return marker <= 1 || marker == 0xff || (marker >= 0xd0 && marker <= 0xd7);
}

/* Finds the next marker that has a meaning outside of scans; -1 at the end. */
static int find_marker(wxid__segments *segments)
{
    while (segments->at < segments->length) {
        const unsigned char *found =
            memchr(segments->data + segments->at, 0xff, segments->length - segments->at);
        if (found == NULL) {
            break;
        }
        segments->at = (size_t)(found - segments->data);
        size_t after = segments->at + 1;
        int marker = after < segments->length ? segments->data[after] : -1;
        if (!means_nothing(marker)) {
            return marker;
        }
        segments->at = marker == 0xff ? after : after + 1;
    }
    segments->at = segments->length;
    return -1;
}

int wxid__segment_next(wxid__segments *segments, wxid__segment *segment)
{
    int marker = find_marker(segments);
    if (marker < 0) {
        return 0;
    }
    const unsigned char *whole = segments->data + segments->at;
    size_t left = segments->length - segments->at;
    *segment = (wxid__segment){.marker = marker, .data = whole + 2, .whole = whole};
    segment->whole_length = 2;
    if (marker != WXID__JPEG_SOI && marker != WXID__JPEG_EOI) {
        size_t length = left >= 4 ? read_16(whole + 2) : 0;
        segment->is_cut = length < 2 || length > left - 2;
        segment->whole_length = segment->is_cut ? left : 2 + length;
        segment->data = whole + (segment->is_cut ? segment->whole_length : 4);
        segment->length = segment->is_cut ? 0 : length - 2;
        if (marker == WXID__JPEG_SOS && !segment->is_cut) {
            segment->whole_length = end_of_scan(whole, left, segment->whole_length);
        }
    }
    segments->at += segment->whole_length;
    return 1;
}

int wxid__segment_is(const wxid__segment *segment, int marker, const char *name, size_t name_length)
{
    return segment->marker == marker && segment->length >= name_length &&
           memcmp(segment->data, name, name_length) == 0;
}

const unsigned char *wxid__segment_exif(const wxid__segment *segment, size_t *length)
{
    if (segment->length < 6 || !wxid__segment_is(segment, WXID__JPEG_APP0 + 1, "Exif\0", 5)) {
        return NULL;
    }
    *length = segment->length - 6;
    return segment->data + 6;
}

/* ---- PNG ---- */

int wxid__chunk_next(wxid__chunks *chunks, wxid__chunk *chunk)
{
    size_t left = chunks->length - chunks->at;
    const unsigned char *whole = chunks->data + chunks->at;
    if (left < 8) {
        chunks->at = chunks->length;
        return 0;
    }
    *chunk = (wxid__chunk){.type = read_32(whole + 4), .data = whole + 8, .whole = whole};
    chunk->length = read_32(whole);
    chunk->is_cut = left < 12 || chunk->length > left - 12;
    if (chunk->is_cut && chunk->length > left - 8) {
        chunk->length = left - 8;
    }
    chunk->whole_length = chunk->is_cut ? left : chunk->length + 12;
    chunks->at += chunk->whole_length;
    return 1;
}

/* ---- Exif ---- */

/* It is a TIFF file; the tag is in its first directory. */
int wxid__exif_orientation(const unsigned char *exif, size_t length)
{
    if (length < 8 || (memcmp(exif, "II*", 4) != 0 && memcmp(exif, "MM\0*", 4) != 0)) {
        return 1;
    }
    int big = exif[0] == 'M';
#define READ_16(at) (big ? read_16(exif + (at)) : (uint32_t)exif[(at) + 1] << 8 | exif[at])
#define READ_32(at) \
    (big ? READ_16(at) << 16 | READ_16((at) + 2) : READ_16((at) + 2) << 16 | READ_16(at))
    size_t at = READ_32(4);
    if (at > length - 2) {
        return 1;
    }
    size_t count = READ_16(at);
    for (at += 2; count > 0 && length - at >= 12; count--, at += 12) {
        if (READ_16(at) == 0x0112) {
            uint32_t value = READ_16(at + 8);
            int is_short = READ_16(at + 2) == 3 && READ_32(at + 4) == 1;
            return is_short && value >= 1 && value <= 8 ? (int)value : 1;
        }
    }
#undef READ_16
#undef READ_32
    return 1;
}

void wxid__exif_write(unsigned char exif[WXID__EXIF_LENGTH], int orientation)
{
    static const unsigned char blank[WXID__EXIF_LENGTH] = {
        'M', 'M',  0, '*', 0, 0, 0, 8, /* the directory is at 8 */
        0,   1,                        /* has one entry: */
        1,   0x12, 0, 3,   0, 0, 0, 1, /* orientation, one short, */
    };
    memcpy(exif, blank, sizeof blank);
    exif[19] = (unsigned char)orientation;
}

/* ---- Heads ---- */

static wxid__fault check_sides(const wxid__head *head)
{
    if (head->width == 0 || head->height == 0) {
        return WXID__DAMAGED;
    }
    uint64_t pixels = (uint64_t)head->width * head->height;
    int is_huge = head->width > WXID__LONGEST_SIDE || head->height > WXID__LONGEST_SIDE ||
                  pixels > WXID__MOST_PIXELS;
    return is_huge ? WXID__HUGE : WXID__SOUND;
}

/* What is gathered of a JPEG. */
typedef struct jpeg_facts {
    uint32_t sums[4]; /* of its quantisation tables */
    int table;        /* of brightness */
    int has_frame;
    int has_exif;
    int has_end;
    int scans;
} jpeg_facts;

static void read_tables(jpeg_facts *facts, const wxid__segment *segment)
{
    size_t at = 0;
    while (at < segment->length) {
        unsigned bytes = segment->data[at] >> 4 != 0 ? 2 : 1;
        unsigned table = segment->data[at++] & 3;
        if (segment->length - at < (size_t)64 * bytes) {
            return;
        }
        facts->sums[table] = 0;
        for (int i = 0; i < 64; i++, at += bytes) {
            facts->sums[table] +=
                bytes == 2 ? read_16(segment->data + at) : (uint32_t)segment->data[at];
        }
    }
}

/* SOF: which kind of JPEG, how large, and which table is for brightness. */
static wxid__fault read_frame(wxid__head *head, jpeg_facts *facts, const wxid__segment *segment)
{
    if (facts->has_frame || segment->length < 9) {
        return WXID__DAMAGED;
    }
    facts->has_frame = 1;
    if (segment->marker > 0xc2 || segment->data[0] != 8) {
        return WXID__FOREIGN; /* lossless, arithmetically coded, hierarchical, or of 12 bits */
    }
    head->height = read_16(segment->data + 1);
    head->width = read_16(segment->data + 3);
    facts->table = segment->data[8] & 3;
    return check_sides(head);
}

static int is_frame(int marker)
{
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

static wxid__fault read_segment(wxid__head *head, jpeg_facts *facts, const wxid__segment *segment)
{
    size_t length;
    const unsigned char *exif = wxid__segment_exif(segment, &length);
    if (exif != NULL && !facts->has_exif) {
        head->orientation = wxid__exif_orientation(exif, length);
        facts->has_exif = 1;
    } else if (segment->marker == WXID__JPEG_DQT) {
        read_tables(facts, segment);
    } else if (is_frame(segment->marker)) {
        return read_frame(head, facts, segment);
    } else if (segment->marker == WXID__JPEG_SOS) {
        facts->scans++;
        head->coded += segment->whole_length;
    }
    return WXID__SOUND;
}

wxid__fault wxid__jpeg_head(wxid__head *head, const unsigned char *data, size_t length)
{
    wxid__segments segments = {data, length, 2};
    wxid__segment segment;
    jpeg_facts facts = {.table = 0};
    *head = (wxid__head){.orientation = 1};
    while (!facts.has_end && wxid__segment_next(&segments, &segment)) {
        wxid__fault fault = read_segment(head, &facts, &segment);
        if (fault != WXID__SOUND || segment.marker == WXID__JPEG_SOI) {
            return fault != WXID__SOUND ? fault : WXID__DAMAGED;
        }
        facts.has_end = segment.marker == WXID__JPEG_EOI;
    }
    if (!facts.has_end) {
        return WXID__CUT_OFF;
    }
    int64_t pixels = (int64_t)head->width * head->height;
    if (!facts.has_frame || pixels / MOST_PIXELS_A_BYTE > (int64_t)head->coded) {
        return WXID__DAMAGED;
    }
    head->coarseness = (int)(facts.sums[facts.table] * 100 / STANDARD_SUM);
    return facts.scans > MOST_SCANS || pixels * facts.scans > MOST_SCANNED ? WXID__COSTLY
                                                                           : WXID__SOUND;
}

/* Whether there can be so many pixels in so few bytes. */
static int is_plausible(const wxid__head *head, unsigned depth, unsigned colour)
{
    static const unsigned samples[] = {1, 0, 3, 1, 2, 0, 4};
    uint64_t bits = (uint64_t)head->width * depth * (colour <= 6 ? samples[colour] : 0);
    uint64_t bytes = (bits / 8 + 1) * head->height;
    return bits > 0 && bytes / MOST_INFLATION <= head->coded;
}

wxid__fault wxid__png_head(wxid__head *head, const unsigned char *data, size_t length)
{
    wxid__chunks chunks = {data, length, 8};
    wxid__chunk chunk;
    *head = (wxid__head){.is_png = 1, .orientation = 1};
    if (!wxid__chunk_next(&chunks, &chunk) || chunk.is_cut) {
        return WXID__CUT_OFF;
    }
    if (chunk.type != WXID__CHUNK('I', 'H', 'D', 'R') || chunk.length != 13) {
        return WXID__DAMAGED;
    }
    head->width = read_32(chunk.data);
    head->height = read_32(chunk.data + 4);
    unsigned depth = chunk.data[8];
    unsigned colour = chunk.data[9];
    head->is_interlaced = chunk.data[12] != 0;
    wxid__fault fault = check_sides(head);
    if (fault != WXID__SOUND) {
        return fault;
    }
    int has_exif = 0;
    while (wxid__chunk_next(&chunks, &chunk) && !chunk.is_cut) {
        if (chunk.type == WXID__CHUNK('I', 'D', 'A', 'T')) {
            head->coded += chunk.length;
        } else if (chunk.type == WXID__CHUNK('e', 'X', 'I', 'f') && !has_exif) {
            head->orientation = wxid__exif_orientation(chunk.data, chunk.length);
            has_exif = 1;
        } else if (chunk.type == WXID__CHUNK('I', 'E', 'N', 'D')) {
            return is_plausible(head, depth, colour) ? WXID__SOUND : WXID__DAMAGED;
        }
    }
    return WXID__CUT_OFF;
}
