#include "picture.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- Planes ---- */

static size_t stride_of(uint32_t width)
{
    return ((size_t)width + 15) / 16 * 16;
}

static uint32_t half(uint32_t side)
{
    return side / 2 + side % 2;
}

uint64_t wxid__pixels_size(uint32_t width, uint32_t height, int count)
{
    uint64_t size = (uint64_t)stride_of(width) * height;
    return count == 1 ? size : size + (uint64_t)stride_of(half(width)) * half(height) * 2;
}

wxid__fault wxid__pixels_new(wxid__pixels *pixels, uint32_t width, uint32_t height, int count)
{
    uint64_t size = wxid__pixels_size(width, height, count);
    *pixels = (wxid__pixels){.width = width, .height = height, .count = count};
    unsigned char *data = size <= WXID__MOST_MEMORY ? malloc((size_t)size) : NULL;
    if (data == NULL) {
        return WXID__NO_MEMORY;
    }
    pixels->size = (size_t)size;
    pixels->planes[0].data = data;
    for (int i = 0; i < count; i++) {
        wxid__plane *plane = &pixels->planes[i];
        plane->data = data;
        plane->width = i == 0 ? width : half(width);
        plane->height = i == 0 ? height : half(height);
        plane->stride = stride_of(plane->width);
        data += plane->stride * plane->height;
    }
    return WXID__SOUND;
}

void wxid__pixels_pad(wxid__pixels *pixels)
{
    for (int i = 0; i < pixels->count; i++) {
        const wxid__plane *plane = &pixels->planes[i];
        for (uint32_t y = 0; y < plane->height; y++) {
            unsigned char *row = plane->data + y * plane->stride;
            memset(row + plane->width, row[plane->width - 1], plane->stride - plane->width);
        }
    }
}

/* Wiping 18 MB takes 1 ms of the 130 that a photograph of 12 megapixels takes: no reason to leave a
 * card's picture behind. */
void wxid__pixels_clear(wxid__pixels *pixels)
{
    if (pixels->planes[0].data != NULL) {
        wxid__wipe(pixels->planes[0].data, pixels->size);
        free(pixels->planes[0].data);
    }
    *pixels = (wxid__pixels){.width = 0};
}

/* ---- Turning ---- */

/* Exif's orientations, of which 5 to 8 exchange rows and columns. */
static int is_swapped(int orientation)
{
    return orientation >= 5;
}

/* Whether the left becomes the right, or what it becomes when swapped: the top the bottom. */
static int is_mirrored_x(int orientation)
{
    return orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
}

static int is_mirrored_y(int orientation)
{
    return orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
}

static void place_row(unsigned char *to, const unsigned char *from, uint32_t width, int mirrored)
{
    if (!mirrored) {
        memcpy(to, from, width);
        return;
    }
    for (uint32_t x = 0; x < width; x++) {
        to[width - 1 - x] = from[x];
    }
}

/* Writes a strip's rows as columns. A row of the target gets as many bytes at once as the strip has
 * rows, and the lines of cache that they lie in stay for the strips that follow. */
static void place_columns(const wxid__plane *to, const unsigned char *const *rows, uint32_t count,
                          uint32_t width, uint32_t column, int mirrored)
{
    unsigned char *at = to->data + column;
    ptrdiff_t step = (ptrdiff_t)to->stride;
    if (mirrored) {
        at += to->stride * (width - 1);
        step = -step;
    }
    for (uint32_t x = 0; x < width; x++, at += step) {
        for (uint32_t y = 0; y < count; y++) {
            at[y] = rows[y][x];
        }
    }
}

/* Places rows of a plane `from`, which is `height` high, from row `top` on. */
static void place(const wxid__plane *to, const wxid__plane *from, uint32_t height, uint32_t top,
                  uint32_t count, int orientation)
{
    const unsigned char *rows[WXID__STRIP_ROWS];
    int mirrored_x = is_mirrored_x(orientation);
    int mirrored_y = is_mirrored_y(orientation);
    uint32_t first = mirrored_y ? height - top - count : top;
    for (uint32_t y = 0; y < count; y++) {
        rows[mirrored_y ? count - 1 - y : y] = from->data + y * from->stride;
    }
    if (is_swapped(orientation)) {
        place_columns(to, rows, count, from->width, first, mirrored_x);
        return;
    }
    for (uint32_t y = 0; y < count; y++) {
        place_row(to->data + (first + y) * to->stride, rows[y], from->width, mirrored_x);
    }
}

/* ---- Colours ---- */

void wxid__rgb_row(unsigned char *to, const unsigned char *from, uint32_t width)
{
    enum { HALF = 1 << 15, MIDDLE = 128 << 16 };
    for (uint32_t x = 0; x < width; x++, to += 3, from += 3) {
        int red = from[0];
        int green = from[1];
        int blue = from[2];
        to[0] = (unsigned char)((19595 * red + 38470 * green + 7471 * blue + HALF) >> 16);
        to[1] =
            (unsigned char)((MIDDLE + HALF - 1 - 11059 * red - 21709 * green + 32768 * blue) >> 16);
        to[2] =
            (unsigned char)((MIDDLE + HALF - 1 + 32768 * red - 27439 * green - 5329 * blue) >> 16);
    }
}

/* ---- The sink ---- */

static wxid__fault sink_memory(wxid__sink *sink, int count)
{
    size_t samples = (size_t)sink->width * (size_t)count;
    wxid__fault fault = wxid__pixels_new(&sink->strip, sink->width, WXID__STRIP_ROWS, count);
    if (fault != WXID__SOUND) {
        return fault;
    }
    if (sink->box > 1) {
        sink->sums = calloc(samples, sizeof *sink->sums);
        sink->mean = malloc(samples);
        if (sink->sums == NULL || sink->mean == NULL) {
            return WXID__NO_MEMORY;
        }
    }
    for (int i = 0; i < 2 && count == 3; i++) {
        sink->pairs[i] = malloc(half(sink->width) * sizeof *sink->pairs[i]);
        if (sink->pairs[i] == NULL) {
            return WXID__NO_MEMORY;
        }
    }
    return WXID__SOUND;
}

wxid__fault wxid__sink_new(wxid__sink *sink, wxid__pixels *pixels, const wxid__head *head,
                           uint32_t width, uint32_t height, unsigned box, int count)
{
    *sink = (wxid__sink){.pixels = pixels, .orientation = head->orientation, .box = box};
    sink->source_width = width;
    sink->source_height = height;
    sink->width = width / box + (width % box != 0);
    sink->height = height / box + (height % box != 0);
    int swapped = is_swapped(head->orientation);
    wxid__fault fault = wxid__pixels_new(pixels, swapped ? sink->height : sink->width,
                                         swapped ? sink->width : sink->height, count);
    if (fault == WXID__SOUND) {
        fault = sink_memory(sink, count);
    }
    return fault == WXID__SOUND ? WXID__SOUND : wxid__sink_end(sink, fault);
}

void wxid__sink_strip(wxid__sink *sink, uint32_t rows)
{
    for (int i = 0; i < sink->pixels->count; i++) {
        uint32_t height = i == 0 ? sink->height : half(sink->height);
        uint32_t top = i == 0 ? sink->rows : sink->rows / 2;
        uint32_t count = i == 0 ? rows : half(rows);
        place(&sink->pixels->planes[i], &sink->strip.planes[i], height, top, count,
              sink->orientation);
    }
    sink->rows += rows;
    sink->strip_rows = 0;
}

/* Colours of a row: summed over two columns, and with the row above, if this one is the lower of
 * two, written to the strip. */
static void take_colours(wxid__sink *sink, const unsigned char *row, uint32_t y, int is_last)
{
    for (int i = 0; i < 2; i++) {
        uint16_t *pairs = sink->pairs[i];
        const wxid__plane *plane = &sink->strip.planes[1 + i];
        unsigned char *to = plane->data + y / 2 * plane->stride;
        const unsigned char *from = row + 1 + i;
        for (uint32_t x = 0; x < plane->width; x++) {
            size_t right = 2 * x + 1 < sink->width ? 6 * (size_t)x + 3 : 6 * (size_t)x;
            unsigned pair = (unsigned)from[6 * (size_t)x] + from[right];
            if (y % 2 == 1) {
                to[x] = (unsigned char)((pairs[x] + pair + 2) / 4);
            } else if (is_last) {
                to[x] = (unsigned char)((pair + 1) / 2);
            } else {
                pairs[x] = (uint16_t)pair;
            }
        }
    }
}

static void take_row(wxid__sink *sink, const unsigned char *row)
{
    uint32_t y = sink->strip_rows;
    int is_last = sink->rows + y + 1 == sink->height;
    unsigned char *to = sink->strip.planes[0].data + y * sink->strip.planes[0].stride;
    if (sink->strip.count == 1) {
        memcpy(to, row, sink->width);
    } else {
        for (uint32_t x = 0; x < sink->width; x++) {
            to[x] = row[3 * (size_t)x];
        }
        take_colours(sink, row, y, is_last);
    }
    sink->strip_rows++;
    if (sink->strip_rows == WXID__STRIP_ROWS || is_last) {
        wxid__sink_strip(sink, sink->strip_rows);
    }
}

/* Pixels of a box that lie in the picture, which may end within it. */
static uint32_t box_width(const wxid__sink *sink, uint32_t x)
{
    uint32_t left = sink->source_width - x * sink->box;
    return left < sink->box ? left : sink->box;
}

/* Adds so many pixels of a row. */
static void add_pixels(uint32_t *sum, const unsigned char *row, uint32_t width, uint32_t count)
{
    if (count == 1) {
        for (uint32_t x = 0; x < width; x++) {
            sum[0] += row[x];
        }
        return;
    }
    for (uint32_t x = 0; x < width; x++, row += 3) {
        sum[0] += row[0];
        sum[1] += row[1];
        sum[2] += row[2];
    }
}

/* Adds a row to the boxes, and takes their means when they are whole. */
static void take_boxes(wxid__sink *sink, const unsigned char *row)
{
    uint32_t count = sink->strip.count == 1 ? 1 : 3;
    uint32_t rows = (sink->source_rows - 1) % sink->box + 1;
    int are_whole = rows == sink->box || sink->source_rows == sink->source_height;
    uint32_t *sum = sink->sums;
    unsigned char *mean = sink->mean;
    for (uint32_t x = 0; x < sink->width; x++, sum += count, mean += count) {
        uint32_t width = box_width(sink, x);
        add_pixels(sum, row, width, count);
        row += (size_t)width * count;
        uint32_t area = are_whole ? width * rows : 0;
        for (uint32_t i = 0; i < count && area > 0; i++) {
            mean[i] = (unsigned char)((sum[i] + area / 2) / area);
            sum[i] = 0;
        }
    }
    if (are_whole) {
        take_row(sink, sink->mean);
    }
}

void wxid__sink_row(wxid__sink *sink, const unsigned char *row)
{
    if (sink->source_rows == sink->source_height) {
        return;
    }
    sink->source_rows++;
    if (sink->box > 1) {
        take_boxes(sink, row);
    } else {
        take_row(sink, row);
    }
}

wxid__fault wxid__sink_end(wxid__sink *sink, wxid__fault fault)
{
    int is_whole = sink->rows == sink->height;
    wxid__pixels_clear(&sink->strip);
    free(sink->sums);
    free(sink->mean);
    free(sink->pairs[0]);
    free(sink->pairs[1]);
    if (fault == WXID__SOUND && !is_whole) {
        fault = WXID__DAMAGED;
    }
    if (fault != WXID__SOUND) {
        wxid__pixels_clear(sink->pixels);
    }
    return fault;
}
