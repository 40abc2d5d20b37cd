#include "pictures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include "paint.h"

static void set_colours(struct jpeg_compress_struct *info, jpeg_kind kind)
{
    static const J_COLOR_SPACE spaces[] = {JCS_YCbCr, JCS_GRAYSCALE, JCS_RGB, JCS_CMYK, JCS_YCCK};
    int has_ink = kind.colours == CMYK || kind.colours == YCCK;
    info->input_components = has_ink ? 4 : kind.colours == GREY ? 1 : 3;
    info->in_color_space = has_ink ? JCS_CMYK : kind.colours == GREY ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(info);
    jpeg_set_colorspace(info, spaces[kind.colours]);
    if (kind.no_marker) {
        info->write_Adobe_marker = FALSE;
    }
    if (kind.colours == YCBCR) {
        info->comp_info[0].h_samp_factor = kind.across > 0 ? kind.across : 2;
        info->comp_info[0].v_samp_factor = kind.down > 0 ? kind.down : 2;
    }
}

/* A row as the encoder wants it: inks are inverted, as Adobe has them, unless there is no marker.
 */
static void fill_row(unsigned char *row, const painting *painted, unsigned y, jpeg_kind kind)
{
    for (unsigned x = 0; x < painted->width; x++) {
        unsigned char rgb[3];
        paint(rgb, painted, x, y);
        if (kind.colours == GREY) {
            *row++ = (unsigned char)((299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] + 500) / 1000);
        } else if (kind.colours == CMYK || kind.colours == YCCK) {
            unsigned char flip = kind.no_marker ? 255 : 0;
            unsigned light = 240; /* the rest is black ink */
            for (int i = 0; i < 3; i++) {
                unsigned value = (rgb[i] * 255U + light / 2) / light;
                *row++ = (unsigned char)(value > 255 ? 255 : value) ^ flip;
            }
            *row++ = (unsigned char)light ^ flip;
        } else {
            memcpy(row, rgb, 3);
            row += 3;
        }
    }
}

/* A scan for each component, baseline. */
static void set_scans(struct jpeg_compress_struct *info, jpeg_scan_info scans[4])
{
    for (int i = 0; i < info->num_components; i++) {
        scans[i] = (jpeg_scan_info){.comps_in_scan = 1, .component_index = {i}, .Se = 63};
    }
    info->scan_info = scans;
    info->num_scans = info->num_components;
}

bytes make_jpeg(painting painted, jpeg_kind kind)
{
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr errors;
    jpeg_scan_info scans[4];
    unsigned char *data = NULL;
    unsigned long length = 0;
    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &data, &length);
    info.image_width = painted.width;
    info.image_height = painted.height;
    set_colours(&info, kind);
    jpeg_set_quality(&info, kind.quality > 0 ? kind.quality : 90, TRUE);
    info.restart_interval = (unsigned)kind.restart;
    if (kind.progressive) {
        jpeg_simple_progression(&info);
    } else if (kind.separate) {
        set_scans(&info, scans);
    }
    jpeg_start_compress(&info, TRUE);
    unsigned char *row = malloc((size_t)painted.width * 4);
    assert_non_null(row);
    for (unsigned y = 0; y < painted.height; y++) {
        fill_row(row, &painted, y, kind);
        (void)jpeg_write_scanlines(&info, &row, 1);
    }
    free(row);
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    return (bytes){data, length};
}

/* Segments that no pixel needs. */
static int count_others(const unsigned char *data, size_t length)
{
    wxid__segments segments = {data, length, 2};
    wxid__segment segment;
    int count = 0;
    while (wxid__segment_next(&segments, &segment)) {
        int is_jfif = segment.marker == 0xe0 && segment.length == 14;
        count += (segment.marker < 0xc0 || segment.marker > 0xdf) && !is_jfif;
        if (segment.marker == 0xd9) {
            break;
        }
    }
    return count + (segments.at != length);
}

seen see(const void *jpeg, size_t length)
{
    struct jpeg_decompress_struct info;
    struct jpeg_error_mgr errors;
    seen found = {.other_segments = count_others(jpeg, length)};
    info.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&info);
    jpeg_mem_src(&info, jpeg, length);
    assert_int_equal(jpeg_read_header(&info, TRUE), JPEG_HEADER_OK);
    found.is_baseline = !info.progressive_mode && !jpeg_has_multiple_scans(&info);
    found.across = info.comp_info[0].h_samp_factor;
    found.down = info.comp_info[0].v_samp_factor;
    info.out_color_space = JCS_RGB;
    jpeg_start_decompress(&info);
    found.width = info.output_width;
    found.height = info.output_height;
    found.components = info.num_components;
    found.rgb = malloc((size_t)found.width * found.height * 3);
    assert_non_null(found.rgb);
    while (info.output_scanline < info.output_height) {
        unsigned char *row = found.rgb + (size_t)info.output_scanline * found.width * 3;
        (void)jpeg_read_scanlines(&info, &row, 1);
    }
    jpeg_finish_decompress(&info);
    assert_int_equal(errors.num_warnings, 0);
    jpeg_destroy_decompress(&info);
    return found;
}
