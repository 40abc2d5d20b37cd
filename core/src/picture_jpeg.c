/* Decodes JPEG. */
#include "picture.h"

#ifdef WXID_WITH_PICTURES

#include "picture_jpeg.h"

#include <stdlib.h>
#include <string.h>

#include <jerror.h>

/* ---- Errors ---- */

static void leave(j_common_ptr info)
{
    wxid__trouble *trouble = (void *)info->err;
    switch (info->err->msg_code) {
    case JERR_OUT_OF_MEMORY:
        trouble->fault = WXID__NO_MEMORY;
        break;
    case JERR_NO_BACKING_STORE: /* past max_memory_to_use */
        trouble->fault = WXID__COSTLY;
        break;
    case JERR_INPUT_EOF:
        trouble->fault = WXID__CUT_OFF;
        break;
    case JERR_CONVERSION_NOTIMPL:
        trouble->fault = WXID__FOREIGN;
        break;
    default:
        trouble->fault = WXID__DAMAGED;
        break;
    }
    longjmp(trouble->way_out, 1);
}

/* The standard one counts these, and prints some. libjpeg goes on with grey where data are missing
 * or make no sense; a card would be read wrongly there. What is only odd, such as bytes between
 * segments, is let pass. */
static void weigh_warning(j_common_ptr info, int level)
{
    int code = info->err->msg_code;
    if (level < 0 && (code == JWRN_HIT_MARKER || code == JWRN_JPEG_EOF ||
                      code == JWRN_HUFF_BAD_CODE || code == JWRN_MUST_RESYNC)) {
        wxid__trouble *trouble = (void *)info->err;
        trouble->fault =
            code == JWRN_HIT_MARKER || code == JWRN_JPEG_EOF ? WXID__CUT_OFF : WXID__DAMAGED;
        longjmp(trouble->way_out, 1);
    }
}

struct jpeg_error_mgr *wxid__trouble_new(wxid__trouble *trouble)
{
    jpeg_std_error(&trouble->manager);
    trouble->manager.error_exit = leave;
    trouble->manager.emit_message = weigh_warning;
    trouble->fault = WXID__SOUND;
    return &trouble->manager;
}

/* ---- Reading ---- */

typedef struct jpeg_reader {
    struct jpeg_decompress_struct info;
    struct jpeg_source_mgr source;
    wxid__trouble trouble;
    wxid__sink sink;
    int has_sink;
    unsigned char *row; /* of the decoder's; and the same as Y, Cb, Cr */
    unsigned char *converted;
} jpeg_reader;

static void start_source(j_decompress_ptr info)
{
    (void)info;
}

/* All of the data were there from the beginning, so there is no more of them. */
static boolean fill_source(j_decompress_ptr info)
{
    ERREXIT(info, JERR_INPUT_EOF);
    return FALSE;
}

static void skip_source(j_decompress_ptr info, long count)
{
    struct jpeg_source_mgr *source = info->src;
    if (count > 0) {
        if ((unsigned long)count > source->bytes_in_buffer) {
            ERREXIT(info, JERR_INPUT_EOF);
        }
        source->next_input_byte += count;
        source->bytes_in_buffer -= (size_t)count;
    }
}

static void end_source(j_decompress_ptr info)
{
    (void)info;
}

/* What libjpeg keeps of a file whose scans each have a part of the picture: all coefficients. */
static uint64_t coefficients_size(j_decompress_ptr info)
{
    uint64_t blocks = 0;
    if (jpeg_has_multiple_scans(info)) {
        for (int i = 0; i < info->num_components; i++) {
            const jpeg_component_info *part = &info->comp_info[i];
            /* Rounded up to whole groups of blocks, of at most four a side. */
            blocks += ((uint64_t)part->width_in_blocks + 3) * (part->height_in_blocks + 3);
        }
    }
    return blocks * DCTSIZE2 * sizeof(JCOEF);
}

/* Chooses the colours to decode to: such as JPEG has itself, wherever libjpeg can. Stores how many
 * planes there will be. */
static int choose_colours(j_decompress_ptr info, int *count)
{
    *count = 3;
    switch (info->jpeg_color_space) {
    case JCS_GRAYSCALE:
        info->out_color_space = JCS_GRAYSCALE;
        *count = 1;
        return 0;
    case JCS_YCbCr:
        info->out_color_space = JCS_YCbCr;
        return 0;
    case JCS_RGB:
        info->out_color_space = JCS_RGB;
        return 0;
    case JCS_CMYK:
    case JCS_YCCK:
        info->out_color_space = JCS_CMYK;
        return 0;
    default:
        return -1;
    }
}

/* Whether the planes lie in the file as they are wanted, so that nothing is to be converted. */
static int has_our_planes(const struct jpeg_decompress_struct *info, unsigned reduction)
{
    if (reduction != 1 || info->jpeg_color_space != JCS_YCbCr || info->num_components != 3) {
        return 0;
    }
    const jpeg_component_info *parts = info->comp_info;
    return parts[0].h_samp_factor == 2 && parts[0].v_samp_factor == 2 &&
           parts[1].h_samp_factor == 1 && parts[1].v_samp_factor == 1 &&
           parts[2].h_samp_factor == 1 && parts[2].v_samp_factor == 1;
}

static void read_planes(jpeg_reader *reader)
{
    JSAMPROW rows[3][WXID__STRIP_ROWS];
    JSAMPARRAY planes[3] = {rows[0], rows[1], rows[2]};
    j_decompress_ptr info = &reader->info;
    for (int i = 0; i < 3; i++) {
        const wxid__plane *plane = &reader->sink.strip.planes[i];
        for (uint32_t y = 0; y < plane->height; y++) {
            rows[i][y] = plane->data + y * plane->stride;
        }
    }
    while (info->output_scanline < info->output_height) {
        uint32_t left = info->output_height - info->output_scanline;
        (void)jpeg_read_raw_data(info, planes, WXID__STRIP_ROWS);
        wxid__sink_strip(&reader->sink, left < WXID__STRIP_ROWS ? left : WXID__STRIP_ROWS);
    }
}

/* Inks to light: as they are, or as Adobe writes them, inverted. */
static void ink_to_rgb(unsigned char *to, const unsigned char *from, uint32_t width, int inverted)
{
    unsigned char flip = inverted ? 0 : 255;
    for (uint32_t x = 0; x < width; x++, from += 4, to += 3) {
        unsigned black = from[3] ^ flip;
        for (int i = 0; i < 3; i++) {
            unsigned light = (from[i] ^ flip) * black;
            to[i] = (unsigned char)((light + 127) / 255);
        }
    }
}

static void read_rows(jpeg_reader *reader)
{
    j_decompress_ptr info = &reader->info;
    uint32_t width = info->output_width;
    while (info->output_scanline < info->output_height) {
        const unsigned char *row = reader->row;
        (void)jpeg_read_scanlines(info, &reader->row, 1);
        if (info->out_color_space == JCS_CMYK) {
            ink_to_rgb(reader->converted, row, width, info->saw_Adobe_marker);
            row = reader->converted;
        }
        if (info->out_color_space == JCS_CMYK || info->out_color_space == JCS_RGB) {
            wxid__rgb_row(reader->converted, row, width);
            row = reader->converted;
        }
        wxid__sink_row(&reader->sink, row);
    }
}

static wxid__fault prepare_sink(jpeg_reader *reader, wxid__pixels *pixels, const wxid__head *head,
                                int count)
{
    j_decompress_ptr info = &reader->info;
    wxid__fault fault = wxid__sink_new(&reader->sink, pixels, head, info->output_width,
                                       info->output_height, 1, count);
    if (fault != WXID__SOUND) {
        return fault;
    }
    reader->has_sink = 1;
    reader->row = malloc((size_t)info->output_width * 4);
    reader->converted = malloc((size_t)info->output_width * 3);
    return reader->row != NULL && reader->converted != NULL ? WXID__SOUND : WXID__NO_MEMORY;
}

/* Up to where the first pixels come: what is in the file, and what it will take. */
static wxid__fault begin(jpeg_reader *reader, const wxid__head *head, unsigned reduction,
                         int *count)
{
    j_decompress_ptr info = &reader->info;
    (void)jpeg_read_header(info, TRUE);
    if (info->image_width != head->width || info->image_height != head->height) {
        return WXID__DAMAGED;
    }
    if (choose_colours(info, count) != 0) {
        return WXID__FOREIGN;
    }
    info->scale_num = 1;
    info->scale_denom = reduction;
    info->raw_data_out = (boolean)has_our_planes(info, reduction);
    info->do_fancy_upsampling = FALSE; /* the colours are taken together again */
    info->do_block_smoothing = FALSE;  /* of unfinished pictures, which are refused */
    jpeg_calc_output_dimensions(info);
    uint64_t own = wxid__pixels_size(info->output_width, info->output_height, *count);
    uint64_t coefficients = coefficients_size(info);
    if (own + coefficients > WXID__MOST_MEMORY) {
        return WXID__COSTLY;
    }
    info->mem->max_memory_to_use = (long)(WXID__MOST_MEMORY - (int64_t)own);
    return WXID__SOUND;
}

static wxid__fault read_all(jpeg_reader *reader, wxid__pixels *pixels, const wxid__head *head,
                            unsigned reduction)
{
    int count;
    jpeg_create_decompress(&reader->info);
    reader->info.src = &reader->source;
    wxid__fault fault = begin(reader, head, reduction, &count);
    if (fault != WXID__SOUND) {
        return fault;
    }
    (void)jpeg_start_decompress(&reader->info);
    fault = prepare_sink(reader, pixels, head, count);
    if (fault != WXID__SOUND) {
        return fault;
    }
    if (reader->info.raw_data_out) {
        read_planes(reader);
    } else {
        read_rows(reader);
    }
    return WXID__SOUND;
}

static wxid__fault try_to_read(jpeg_reader *reader, wxid__pixels *pixels, const wxid__head *head,
                               unsigned reduction)
{
    if (setjmp(reader->trouble.way_out) != 0) {
        return reader->trouble.fault;
    }
    return read_all(reader, pixels, head, reduction);
}

wxid__fault wxid__jpeg_decode(wxid__pixels *pixels, const wxid__head *head,
                              const unsigned char *data, size_t length, unsigned reduction)
{
    jpeg_reader reader;
    memset(&reader, 0, sizeof reader);
    reader.info.err = wxid__trouble_new(&reader.trouble);
    reader.source.next_input_byte = data;
    reader.source.bytes_in_buffer = length;
    reader.source.init_source = start_source;
    reader.source.fill_input_buffer = fill_source;
    reader.source.skip_input_data = skip_source;
    reader.source.resync_to_restart = jpeg_resync_to_restart;
    reader.source.term_source = end_source;
    wxid__fault fault = try_to_read(&reader, pixels, head, reduction);
    jpeg_destroy_decompress(&reader.info);
    free(reader.row);
    free(reader.converted);
    return reader.has_sink ? wxid__sink_end(&reader.sink, fault) : fault;
}

#endif
