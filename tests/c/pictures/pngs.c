#include "pictures.h"

#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "paint.h"

static void grow(png_structp png, png_bytep data, png_size_t length)
{
    bytes *made = png_get_io_ptr(png);
    made->data = realloc(made->data, made->length + length);
    assert_non_null(made->data);
    memcpy(made->data + made->length, data, length);
    made->length += length;
}

static void flush(png_structp png)
{
    (void)png;
}

static unsigned char *put_sample(unsigned char *row, unsigned value, int depth)
{
    *row++ = (unsigned char)value;
    if (depth == 16) {
        *row++ = (unsigned char)value;
    }
    return row;
}

static unsigned grey_of(const unsigned char rgb[3])
{
    return (299U * rgb[0] + 587U * rgb[1] + 114U * rgb[2] + 500) / 1000;
}

/* With noise, 64 colours: a quarter's own, each a little different. */
static unsigned index_of(const painting *painted, unsigned x, unsigned y)
{
    unsigned quarter = 2U * (2 * y >= painted->height) + (2 * x >= painted->width);
    uint32_t state = (y * painted->width + x + 1) * 2654435761U;
    return painted->noise > 0 ? quarter + 4 * (next_random(&state) >> 8) % 64 / 4 * 4 : quarter;
}

static void fill_row(unsigned char *row, const painting *painted, unsigned y, png_kind kind)
{
    unsigned bits = 0;
    unsigned depth = (unsigned)kind.depth;
    for (unsigned x = 0; x < painted->width; x++) {
        unsigned char rgb[3];
        paint(rgb, painted, x, y);
        int hidden = kind.transparent && 2 * x < painted->width && 2 * y < painted->height;
        if (depth < 8) { /* from the left: the high bits */
            unsigned value = kind.type == PNG_COLOR_TYPE_PALETTE ? index_of(painted, x, y) & 3
                                                                 : grey_of(rgb) >> (8 - depth);
            row[bits / 8] = (unsigned char)((bits % 8 == 0 ? 0 : row[bits / 8]) |
                                            value << (8 - depth - bits % 8));
            bits += depth;
        } else if (kind.type == PNG_COLOR_TYPE_PALETTE) {
            *row++ = (unsigned char)index_of(painted, x, y);
        } else {
            int colours = (kind.type & PNG_COLOR_MASK_COLOR) != 0 ? 3 : 1;
            for (int i = 0; i < colours; i++) {
                row = put_sample(row, colours == 3 ? rgb[i] : grey_of(rgb), kind.depth);
            }
            if ((kind.type & PNG_COLOR_MASK_ALPHA) != 0) {
                row = put_sample(row, hidden ? 0 : 255, kind.depth);
            }
        }
    }
}

static void set_palette(png_structp png, png_infop info, png_kind kind)
{
    png_color palette[256] = {{0, 0, 0}};
    unsigned char alpha[256];
    int count = kind.depth == 8 ? 256 : 1 << kind.depth;
    for (int i = 0; i < count; i++) {
        const unsigned char *colour = quarters[i % 4];
        unsigned char more = (unsigned char)(i / 8);
        alpha[i] = i % 4 == TOP_LEFT ? 0 : 255;
        palette[i] = (png_color){(unsigned char)(colour[0] + more), colour[1], colour[2]};
    }
    png_set_PLTE(png, info, palette, count);
    if (kind.transparent) {
        png_set_tRNS(png, info, alpha, count, NULL);
    }
}

bytes make_png(painting painted, png_kind kind)
{
    bytes made = {NULL, 0};
    kind.depth = kind.depth > 0 ? kind.depth : 8;
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    assert_non_null(info);
    png_set_write_fn(png, &made, grow, flush);
    png_set_IHDR(png, info, painted.width, painted.height, kind.depth, kind.type,
                 kind.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (kind.type == PNG_COLOR_TYPE_PALETTE) {
        set_palette(png, info, kind);
    }
    png_write_info(png, info);
    size_t row_size = png_get_rowbytes(png, info);
    unsigned char *data = malloc(row_size * painted.height);
    png_bytep *rows = malloc(painted.height * sizeof *rows);
    assert_non_null(data);
    assert_non_null(rows);
    for (unsigned y = 0; y < painted.height; y++) {
        rows[y] = data + y * row_size;
        fill_row(rows[y], &painted, y, kind);
    }
    png_write_image(png, rows);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    free(rows);
    free(data);
    return made;
}

/* As zlib has it: the tests do not take the library's word for a CRC. */
static uint32_t crc_of(const unsigned char *data, size_t length)
{
    uint32_t table[256];
    uint32_t crc = 0xffffffff;
    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++) {
            table[i] = table[i] & 1 ? 0xedb88320 ^ table[i] >> 1 : table[i] >> 1;
        }
    }
    for (size_t i = 0; i < length; i++) {
        crc = table[(crc ^ data[i]) & 255] ^ crc >> 8;
    }
    return crc ^ 0xffffffff;
}

bytes with_chunk(bytes png, const char *type, const void *data, size_t length)
{
    unsigned char *chunk = malloc(length + 12);
    assert_non_null(chunk);
    png_save_uint_32(chunk, (png_uint_32)length);
    memcpy(chunk + 4, type, 4);
    memcpy(chunk + 8, data, length);
    png_save_uint_32(chunk + 8 + length, crc_of(chunk + 4, length + 4));
    bytes made = bytes_insert(png, 33, chunk, length + 12);
    free(chunk);
    return made;
}
