/* The only file that knows libpng. Its errors come by longjmp(), as those of picture_jpeg.c do. */
#include "picture.h"

#ifdef WXID_WITH_PICTURES

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

/* No chunk that is read is larger, but for those with pixels. */
#define MOST_CHUNK 65536

typedef struct pixel_reader {
    png_structp png;
    png_infop info;
    const unsigned char *data;
    size_t left;
    int no_memory;
    wxid__sink sink;
    int has_sink;
    unsigned channels;
    size_t row_size;
    unsigned char *rows; /* one, or all of an interlaced picture */
    png_bytep *starts;   /* of all */
} pixel_reader;

/* ---- What libpng asks for ---- */

static void leave(png_structp png, png_const_charp message)
{
    (void)message;
    png_longjmp(png, 1);
}

/* The standard one prints on stderr. */
static void print_nothing(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static png_voidp allocate(png_structp png, png_alloc_size_t size)
{
    pixel_reader *reader = png_get_mem_ptr(png);
    void *memory = malloc(size);
    reader->no_memory |= memory == NULL;
    return memory;
}

static void release(png_structp png, png_voidp memory)
{
    (void)png;
    free(memory);
}

static void read_data(png_structp png, png_bytep to, size_t count)
{
    pixel_reader *reader = png_get_io_ptr(png);
    if (count > reader->left) {
        png_error(png, "the end");
    }
    memcpy(to, reader->data, count);
    reader->data += count;
    reader->left -= count;
}

/* ---- Reading ---- */

/* Texts, profiles and times are not looked at; of the others, none may be large. */
static void set_limits(png_structp png)
{
    static const unsigned char unread[] = "iCCP\0tEXt\0zTXt\0iTXt\0eXIf\0tIME\0sPLT\0hIST\0"
                                          "pCAL\0sCAL\0oFFs\0pHYs\0gAMA\0cHRM\0sRGB\0bKGD";
    png_set_user_limits(png, WXID__LONGEST_SIDE, WXID__LONGEST_SIDE);
    png_set_chunk_malloc_max(png, MOST_CHUNK);
    png_set_chunk_cache_max(png, 1);
    png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, unread, sizeof unread / 5);
}

/* Whatever there is becomes 8 bits of grey or RGB, perhaps with alpha. */
static void set_transformations(pixel_reader *reader)
{
    png_structp png = reader->png;
    png_set_scale_16(png);
    png_set_expand(png);
    (void)png_set_interlace_handling(png);
    png_read_update_info(png, reader->info);
    reader->channels = png_get_channels(png, reader->info);
    reader->row_size = png_get_rowbytes(png, reader->info);
}

static unsigned char on_white(unsigned colour, unsigned alpha)
{
    return (unsigned char)((colour * alpha + 255 * (255 - alpha) + 127) / 255);
}

/* To grey, or to Y, Cb, Cr, on white paper; in place. */
static void convert_row(const pixel_reader *reader, unsigned char *row, uint32_t width)
{
    unsigned channels = reader->channels;
    unsigned colours = channels < 3 ? 1 : 3;
    if (channels != colours) {
        const unsigned char *from = row;
        unsigned char *to = row;
        for (uint32_t x = 0; x < width; x++, from += channels, to += colours) {
            unsigned alpha = from[colours];
            for (unsigned i = 0; i < colours; i++) {
                to[i] = alpha == 255 ? from[i] : on_white(from[i], alpha);
            }
        }
    }
    if (colours == 3) {
        wxid__rgb_row(row, row, width);
    }
}

static void read_rows(pixel_reader *reader, const wxid__head *head)
{
    if (reader->starts != NULL) {
        png_read_image(reader->png, reader->starts);
    }
    for (uint32_t y = 0; y < head->height; y++) {
        unsigned char *row = reader->starts != NULL ? reader->starts[y] : reader->rows;
        if (reader->starts == NULL) {
            png_read_row(reader->png, row, NULL);
        }
        convert_row(reader, row, head->width);
        wxid__sink_row(&reader->sink, row);
    }
}

/* Memory for the rows, and for what becomes of them. */
static wxid__fault prepare(pixel_reader *reader, wxid__pixels *pixels, const wxid__head *head,
                           unsigned reduction)
{
    int count = reader->channels < 3 ? 1 : 3;
    uint32_t kept = head->is_interlaced ? head->height : 1;
    uint64_t own =
        wxid__pixels_size(head->width / reduction + 1, head->height / reduction + 1, count);
    if (own + (uint64_t)reader->row_size * kept > WXID__MOST_MEMORY) {
        return WXID__COSTLY;
    }
    wxid__fault fault =
        wxid__sink_new(&reader->sink, pixels, head, head->width, head->height, reduction, count);
    if (fault != WXID__SOUND) {
        return fault;
    }
    reader->has_sink = 1;
    reader->rows = png_malloc_warn(reader->png, reader->row_size * kept);
    if (reader->rows == NULL) {
        return WXID__NO_MEMORY;
    }
    if (head->is_interlaced) {
        reader->starts = png_malloc_warn(reader->png, kept * sizeof *reader->starts);
        for (uint32_t y = 0; y < kept && reader->starts != NULL; y++) {
            reader->starts[y] = reader->rows + y * reader->row_size;
        }
        return reader->starts != NULL ? WXID__SOUND : WXID__NO_MEMORY;
    }
    return WXID__SOUND;
}

static wxid__fault read_all(pixel_reader *reader, wxid__pixels *pixels, const wxid__head *head,
                            unsigned reduction)
{
    png_structp png = reader->png;
    set_limits(png);
    png_set_read_fn(png, reader, read_data);
    png_read_info(png, reader->info);
    if (png_get_image_width(png, reader->info) != head->width ||
        png_get_image_height(png, reader->info) != head->height) {
        return WXID__DAMAGED;
    }
    set_transformations(reader);
    wxid__fault fault = prepare(reader, pixels, head, reduction);
    if (fault == WXID__SOUND) {
        read_rows(reader, head);
    }
    return fault;
}

static wxid__fault try_to_read(pixel_reader *reader, wxid__pixels *pixels, const wxid__head *head,
                               unsigned reduction)
{
    if (setjmp(png_jmpbuf(reader->png)) != 0) {
        return reader->no_memory ? WXID__NO_MEMORY : WXID__DAMAGED;
    }
    return read_all(reader, pixels, head, reduction);
}

wxid__fault wxid__png_decode(wxid__pixels *pixels, const wxid__head *head,
                             const unsigned char *data, size_t length, unsigned reduction)
{
    pixel_reader reader;
    memset(&reader, 0, sizeof reader);
    reader.data = data;
    reader.left = length;
    reader.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &reader, leave, print_nothing,
                                          &reader, allocate, release);
    if (reader.png != NULL) {
        reader.info = png_create_info_struct(reader.png);
    }
    wxid__fault fault = WXID__NO_MEMORY;
    if (reader.info != NULL) {
        fault = try_to_read(&reader, pixels, head, reduction);
    }
    if (reader.png != NULL) {
        png_free(reader.png, reader.rows);
        png_free(reader.png, reader.starts);
    }
    png_destroy_read_struct(&reader.png, &reader.info, NULL);
    return reader.has_sink ? wxid__sink_end(&reader.sink, fault) : fault;
}

#endif
