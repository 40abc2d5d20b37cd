/* Encodes JPEG. */
#include "picture.h"

#ifdef WXID_WITH_PICTURES

#include "memory.h"
#include "picture_jpeg.h"

#include <string.h>

/* What is counted and not kept; and about what stands before the coded data. */
enum { SPILL = 4096, HEAD = 600 };

typedef struct jpeg_writer {
    struct jpeg_compress_struct info;
    struct jpeg_destination_mgr target;
    wxid__trouble trouble;
    size_t spilled; /* that was counted and not kept */
    unsigned char spill[SPILL];
    unsigned char *into;
    size_t room;
    int is_full;
} jpeg_writer;

static void start_target(j_compress_ptr info)
{
    (void)info;
}

/* No more room: counts from here on. */
static boolean empty_target(j_compress_ptr info)
{
    jpeg_writer *writer = info->client_data;
    if (writer->is_full) {
        writer->spilled += SPILL;
    }
    writer->is_full = 1;
    writer->target.next_output_byte = writer->spill;
    writer->target.free_in_buffer = SPILL;
    return TRUE;
}

static void end_target(j_compress_ptr info)
{
    (void)info;
}

static size_t written(const jpeg_writer *writer)
{
    if (!writer->is_full) {
        return writer->room - writer->target.free_in_buffer;
    }
    return writer->room + writer->spilled + SPILL - writer->target.free_in_buffer;
}

static void describe(j_compress_ptr info, const wxid__pixels *pixels, int coarseness)
{
    info->input_components = pixels->count;
    info->in_color_space = pixels->count == 1 ? JCS_GRAYSCALE : JCS_YCbCr;
    jpeg_set_defaults(info); /* of YCbCr: 4:2:0 */
    jpeg_set_linear_quality(info, coarseness, TRUE);
    info->raw_data_in = TRUE;
}

/* Writes the rows of blocks that begin at `top`; past the end the last row again. */
static void write_blocks(j_compress_ptr info, const wxid__pixels *pixels, uint32_t top)
{
    JSAMPROW rows[3][WXID__STRIP_ROWS];
    JSAMPARRAY planes[3] = {rows[0], rows[1], rows[2]};
    uint32_t height = pixels->count == 1 ? DCTSIZE : 2 * DCTSIZE;
    for (int i = 0; i < pixels->count; i++) {
        const wxid__plane *plane = &pixels->planes[i];
        for (uint32_t y = 0; y < height; y++) {
            uint32_t from = (i == 0 ? top : top / 2) + y;
            from = from < plane->height ? from : plane->height - 1;
            rows[i][y] = plane->data + from * plane->stride;
        }
    }
    (void)jpeg_write_raw_data(info, planes, height);
}

static void write_all(jpeg_writer *writer, const wxid__pixels *pixels, int coarseness,
                      uint32_t step, size_t *length)
{
    j_compress_ptr info = &writer->info;
    uint32_t block = pixels->count == 1 ? DCTSIZE : 2 * DCTSIZE;
    uint32_t all = (pixels->height + block - 1) / block;
    uint32_t chosen = (all - step / 2 + step - 1) / step;
    uint32_t done = 0;
    jpeg_create_compress(info);
    info->client_data = writer;
    info->dest = &writer->target;
    info->image_width = pixels->width;
    info->image_height = step == 1 ? pixels->height : chosen * block;
    describe(info, pixels, coarseness);
    jpeg_start_compress(info, TRUE);
    for (; done < chosen && (writer->into == NULL || !writer->is_full); done++) {
        write_blocks(info, pixels, (done * step + step / 2) * block);
    }
    if (done == chosen) {
        jpeg_finish_compress(info);
    }
    size_t found = written(writer);
    if (found > HEAD && done > 0 && done < all) {
        found = HEAD + (size_t)((uint64_t)(found - HEAD) * all / done);
    }
    *length = found;
}

static wxid__fault try_to_write(jpeg_writer *writer, const wxid__pixels *pixels, int coarseness,
                                uint32_t step, size_t *length)
{
    if (setjmp(writer->trouble.way_out) != 0) {
        return writer->trouble.fault;
    }
    write_all(writer, pixels, coarseness, step, length);
    return WXID__SOUND;
}

wxid__fault wxid__jpeg_encode(size_t *length, const wxid__pixels *pixels, int coarseness,
                              uint32_t step, unsigned char *into, size_t room)
{
    jpeg_writer writer;
    memset(&writer, 0, sizeof writer);
    writer.info.err = wxid__trouble_new(&writer.trouble);
    writer.target.init_destination = start_target;
    writer.target.empty_output_buffer = empty_target;
    writer.target.term_destination = end_target;
    writer.into = into;
    writer.room = into != NULL ? room : 0;
    writer.is_full = writer.room == 0;
    writer.target.next_output_byte = writer.is_full ? writer.spill : into;
    writer.target.free_in_buffer = writer.is_full ? SPILL : room;
    wxid__fault fault = try_to_write(&writer, pixels, coarseness, step, length);
    jpeg_destroy_compress(&writer.info);
    wxid__wipe(writer.spill, sizeof writer.spill);
    return fault;
}

#endif
