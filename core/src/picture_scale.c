/* Makes planes smaller: each new pixel is the mean of the area that it takes the place of, so that
 * fine strokes grow pale and do not vanish. Rows first, which compilers make vectors of. */
#include "picture.h"

#include <stdlib.h>
#include <string.h>

/* What shares sum up to, exactly: of rows, and of columns. */
#define ROW_SHARES 256
#define COLUMN_SHARES 32768
#define ROUNDING (1U << 22)
#define SHARES_SHIFT 23 /* of both */

/* Where the edges of new pixels lie, in shares of an old one. */
typedef struct pixel_grid {
    uint64_t old_side; /* of the whole picture, whatever the plane */
    uint64_t new_side;
    uint64_t shares;
    uint32_t most; /* old pixels of this plane */
} pixel_grid;

static uint64_t edge(const pixel_grid *grid, uint32_t position)
{
    uint64_t at = position * grid->old_side * grid->shares / grid->new_side;
    uint64_t end = grid->most * grid->shares;
    return at < end ? at : end;
}

/* The pixels under a new one, and how much of the first and of the last lies under it. */
typedef struct pixel_span {
    uint32_t first;
    uint32_t count;
    uint64_t start; /* edges */
    uint64_t end;
} pixel_span;

static pixel_span span_of(const pixel_grid *grid, uint32_t position)
{
    pixel_span found = {.start = edge(grid, position), .end = edge(grid, position + 1)};
    if (found.end == found.start) { /* past the last column of colours, which were rounded up */
        found.start = (grid->most - 1) * grid->shares;
        found.end = found.start + grid->shares;
    }
    found.first = (uint32_t)(found.start / grid->shares);
    found.count = (uint32_t)((found.end - 1) / grid->shares) - found.first + 1;
    return found;
}

/* The part of `total` that the span's pixels up to and with this one have, by area. */
static uint32_t part_up_to(const pixel_span *span, uint32_t index, uint64_t shares, uint32_t total)
{
    uint64_t end = (span->first + index + 1) * shares;
    end = end < span->end ? end : span->end;
    return (uint32_t)((end - span->start) * total / (span->end - span->start));
}

/* The mean of some rows, in 1/ROW_SHARES. */
static void mix_rows(uint16_t *mixed, const wxid__plane *plane, const pixel_grid *rows, uint32_t y)
{
    pixel_span span = span_of(rows, y);
    uint32_t before = 0;
    memset(mixed, 0, plane->width * sizeof *mixed);
    for (uint32_t i = 0; i < span.count; i++) {
        const unsigned char *row = plane->data + (span.first + i) * plane->stride;
        uint32_t up_to = part_up_to(&span, i, rows->shares, ROW_SHARES);
        uint16_t weight = (uint16_t)(up_to - before);
        before = up_to;
        for (uint32_t x = 0; x < plane->width; x++) {
            mixed[x] = (uint16_t)(mixed[x] + row[x] * weight);
        }
    }
}

/* How the columns of a plane are mixed: the same for each row. */
typedef struct column_mix {
    uint32_t *firsts; /* old column that a new one begins in; one more: where the weights end */
    uint32_t *starts; /* where its weights begin */
    uint16_t *weights;
} column_mix;

static void columns_clear(column_mix *columns)
{
    free(columns->firsts);
    free(columns->starts);
    free(columns->weights);
}

static wxid__fault columns_new(column_mix *columns, const pixel_grid *grid, uint32_t width)
{
    /* Neighbours share at most one column. */
    size_t most = (size_t)grid->most + 2 * (size_t)width;
    columns->firsts = malloc((width + (size_t)1) * sizeof *columns->firsts);
    columns->starts = malloc((width + (size_t)1) * sizeof *columns->starts);
    columns->weights = malloc(most * sizeof *columns->weights);
    if (columns->firsts == NULL || columns->starts == NULL || columns->weights == NULL) {
        columns_clear(columns);
        return WXID__NO_MEMORY;
    }
    uint32_t at = 0;
    for (uint32_t x = 0; x < width; x++) {
        pixel_span span = span_of(grid, x);
        uint32_t before = 0;
        columns->firsts[x] = span.first;
        columns->starts[x] = at;
        for (uint32_t i = 0; i < span.count; i++) {
            uint32_t up_to = part_up_to(&span, i, grid->shares, COLUMN_SHARES);
            columns->weights[at++] = (uint16_t)(up_to - before);
            before = up_to;
        }
    }
    columns->starts[width] = at;
    return WXID__SOUND;
}

static void mix_columns(unsigned char *to, const uint16_t *mixed, const column_mix *columns,
                        uint32_t width)
{
    for (uint32_t x = 0; x < width; x++) {
        const uint16_t *from = mixed + columns->firsts[x];
        const uint16_t *weights = columns->weights + columns->starts[x];
        uint32_t count = columns->starts[x + 1] - columns->starts[x];
        uint32_t sum = ROUNDING;
        for (uint32_t i = 0; i < count; i++) {
            sum += (uint32_t)from[i] * weights[i];
        }
        to[x] = (unsigned char)(sum >> SHARES_SHIFT);
    }
}

static wxid__fault scale_plane(const wxid__plane *to, const wxid__plane *from, pixel_grid across,
                               pixel_grid down, uint16_t *mixed)
{
    column_mix columns;
    across.most = from->width;
    down.most = from->height;
    wxid__fault fault = columns_new(&columns, &across, to->width);
    if (fault != WXID__SOUND) {
        return fault;
    }
    for (uint32_t y = 0; y < to->height; y++) {
        mix_rows(mixed, from, &down, y);
        mix_columns(to->data + y * to->stride, mixed, &columns, to->width);
    }
    columns_clear(&columns);
    return WXID__SOUND;
}

wxid__fault wxid__pixels_scale(wxid__pixels *scaled, const wxid__pixels *pixels, uint32_t width,
                               uint32_t height)
{
    pixel_grid across = {.old_side = pixels->width, .new_side = width, .shares = COLUMN_SHARES};
    pixel_grid down = {.old_side = pixels->height, .new_side = height, .shares = ROW_SHARES};
    wxid__fault fault = wxid__pixels_new(scaled, width, height, pixels->count);
    uint16_t *mixed = malloc(pixels->width * sizeof *mixed);
    if (mixed == NULL) {
        fault = WXID__NO_MEMORY;
    }
    for (int i = 0; i < pixels->count && fault == WXID__SOUND; i++) {
        fault = scale_plane(&scaled->planes[i], &pixels->planes[i], across, down, mixed);
    }
    free(mixed);
    if (fault != WXID__SOUND) {
        wxid__pixels_clear(scaled);
    }
    return fault;
}
