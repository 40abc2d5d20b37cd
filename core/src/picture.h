/* Pictures that are made fit to be sent: what the parts of it (picture_*.c) have in common.
 *
 *   picture_fit.c     what is to be done, and the public functions
 *   picture_head.c    JPEG segments, PNG chunks and Exif: reads what others wrote
 *   picture_strip.c   leaves metadata out, without decoding
 *   picture_shrink.c  decodes, scales, and finds the quality that fits
 *   picture_pixels.c  planes of pixels, filled row by row and turned upright
 *   picture_scale.c   makes planes smaller
 *   picture_jpeg.c    libjpeg; picture_png.c: libpng. Nothing else includes them
 */
#ifndef WXID_PICTURE_H
#define WXID_PICTURE_H

#include "image.h"

/* A file with more is refused before it is decoded. */
#define WXID__MOST_PIXELS 100000000
/* JPEG can hold no longer side. */
#define WXID__LONGEST_SIDE 65500
/* What planes, and what the decoders keep of the whole picture, may take together. */
#define WXID__MOST_MEMORY (512 * INT64_C(1048576))

typedef enum wxid__fault {
    WXID__SOUND,
    WXID__DAMAGED,
    WXID__CUT_OFF, /* before its end */
    WXID__FOREIGN, /* a kind of JPEG that is not decoded */
    WXID__HUGE,    /* more than WXID__MOST_PIXELS, or WXID__LONGEST_SIDE */
    WXID__COSTLY,  /* made so that decoding takes too much memory or time */
    WXID__NO_ROOM, /* nothing legible fits in so few bytes */
    WXID__NO_MEMORY
} wxid__fault;

/* ---- Files ---- */

/* A JPEG, segment by segment. Start with its bytes, `at` behind SOI: 2. */
typedef struct wxid__segments {
    const unsigned char *data;
    size_t length;
    size_t at;
} wxid__segments;

enum {
    WXID__JPEG_SOI = 0xd8,
    WXID__JPEG_EOI = 0xd9,
    WXID__JPEG_SOS = 0xda,
    WXID__JPEG_DQT = 0xdb,
    WXID__JPEG_APP0 = 0xe0,
    WXID__JPEG_COM = 0xfe
};

typedef struct wxid__segment {
    int marker;                /* the byte after 0xff */
    const unsigned char *data; /* without marker and length */
    size_t length;
    const unsigned char *whole; /* from 0xff on, and after SOS with the coded data */
    size_t whole_length;
    int is_cut; /* the file ends in it, or its length is none */
} wxid__segment;

/* Stores the next segment and returns 1, or 0 at the end of the data. What stands between segments
 * is skipped, and so are markers that mean nothing there. */
int wxid__segment_next(wxid__segments *segments, wxid__segment *segment);
/* Whether it begins like this. */
int wxid__segment_is(const wxid__segment *segment, int marker, const char *name,
                     size_t name_length);
/* The Exif data in it, or NULL. */
const unsigned char *wxid__segment_exif(const wxid__segment *segment, size_t *length);

/* A PNG, chunk by chunk. Start with its bytes, `at` behind the signature: 8. */
typedef struct wxid__chunks {
    const unsigned char *data;
    size_t length;
    size_t at;
} wxid__chunks;

#define WXID__CHUNK(a, b, c, d) \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

typedef struct wxid__chunk {
    uint32_t type; /* WXID__CHUNK('I', 'H', 'D', 'R') */
    const unsigned char *data;
    size_t length;
    const unsigned char *whole; /* with length, type and CRC */
    size_t whole_length;
    int is_cut; /* the file ends in it */
} wxid__chunk;

/* Stores the next chunk and returns 1, or 0 at the end of the data. */
int wxid__chunk_next(wxid__chunks *chunks, wxid__chunk *chunk);

/* How Exif data says that the picture is to be turned: 1 (upright) to 8. */
int wxid__exif_orientation(const unsigned char *exif, size_t length);

/* Exif data that holds an orientation and nothing else. */
#define WXID__EXIF_LENGTH 26
void wxid__exif_write(unsigned char exif[WXID__EXIF_LENGTH], int orientation);

/* What is to be known before decoding. */
typedef struct wxid__head {
    int is_png;
    uint32_t width;
    uint32_t height;
    int orientation;   /* 1 to 8, of its Exif data */
    size_t coded;      /* bytes that code pixels */
    int coarseness;    /* JPEG: how coarsely it was quantised, as wxid__jpeg_encode() has it */
    int is_interlaced; /* PNG */
} wxid__head;

/* Reads it, and refuses what need not be decoded to be refused. */
wxid__fault wxid__jpeg_head(wxid__head *head, const unsigned char *data, size_t length);
wxid__fault wxid__png_head(wxid__head *head, const unsigned char *data, size_t length);

/* Copies a JPEG or PNG without its metadata into a new block, which the caller wipes and frees. */
wxid__fault wxid__jpeg_strip(unsigned char **stripped, size_t *stripped_length,
                             const unsigned char *data, size_t length);
wxid__fault wxid__png_strip(unsigned char **stripped, size_t *stripped_length,
                            const unsigned char *data, size_t length);

/* ---- Pixels ---- */

typedef struct wxid__plane {
    unsigned char *data;
    uint32_t width;
    uint32_t height;
    size_t stride; /* a multiple of 16: rows may be read and written that far */
} wxid__plane;

/* A picture as JPEG codes it: brightness, and two of colour in half the width and height, rounded
 * up. */
typedef struct wxid__pixels {
    uint32_t width;
    uint32_t height;
    int count; /* planes: 1 or 3 */
    wxid__plane planes[3];
    size_t size; /* of the block that the planes lie in */
} wxid__pixels;

/* Bytes that wxid__pixels_new() takes. */
uint64_t wxid__pixels_size(uint32_t width, uint32_t height, int count);
/* Sides up to WXID__LONGEST_SIDE. */
wxid__fault wxid__pixels_new(wxid__pixels *pixels, uint32_t width, uint32_t height, int count);
/* Repeats the last column of each row to where its last block ends. */
void wxid__pixels_pad(wxid__pixels *pixels);
/* Wipes and frees. */
void wxid__pixels_clear(wxid__pixels *pixels);

#define WXID__STRIP_ROWS 16

/* Fills pixels from rows that come from top to bottom: takes the mean of squares of `box` pixels a
 * side, and turns the picture upright. */
typedef struct wxid__sink {
    wxid__pixels *pixels;
    int orientation;
    unsigned box;
    uint32_t source_width;
    uint32_t source_height;
    uint32_t width; /* in boxes, before it is turned */
    uint32_t height;
    uint32_t source_rows; /* that came */
    uint32_t rows;        /* of boxes that came */
    uint32_t strip_rows;  /* of them in the strip */
    wxid__pixels strip;   /* as wide, and WXID__STRIP_ROWS high */
    uint32_t *sums;       /* of the boxes in work */
    unsigned char *mean;  /* a row of them */
    uint16_t *pairs[2];   /* colours of the upper row of two, summed over two columns */
} wxid__sink;

/* Makes the pixels, too; on failure there is nothing to clear. */
wxid__fault wxid__sink_new(wxid__sink *sink, wxid__pixels *pixels, const wxid__head *head,
                           uint32_t width, uint32_t height, unsigned box, int count);
/* A row of `count` samples for each pixel: grey, or Y, Cb, Cr. */
void wxid__sink_row(wxid__sink *sink, const unsigned char *row);
/* So many rows were written to sink->strip: WXID__STRIP_ROWS, unless they are the last. */
void wxid__sink_strip(wxid__sink *sink, uint32_t rows);
/* Wipes and frees what is the sink's own, and the pixels with it unless decoding was sound and all
 * rows came. Returns the fault that there is then. */
wxid__fault wxid__sink_end(wxid__sink *sink, wxid__fault fault);

/* R, G, B to Y, Cb, Cr as JFIF has them; `to` may be `from`. */
void wxid__rgb_row(unsigned char *to, const unsigned char *from, uint32_t width);

/* Makes smaller pixels of larger ones, each the mean of the area that it takes the place of. */
wxid__fault wxid__pixels_scale(wxid__pixels *scaled, const wxid__pixels *pixels, uint32_t width,
                               uint32_t height);

/* ---- With libjpeg and libpng ---- */

/* How coarsely a JPEG is quantised: the tables of the standard, in percent. */
enum {
    WXID__FINEST = 10,  /* "quality 95" */
    WXID__COARSEST = 50 /* "quality 75" */
};

/* Decode whole pictures, upright, in 1/reduction of their width and height (JPEG: 1, 2, 4 or 8). */
wxid__fault wxid__jpeg_decode(wxid__pixels *pixels, const wxid__head *head,
                              const unsigned char *data, size_t length, unsigned reduction);
wxid__fault wxid__png_decode(wxid__pixels *pixels, const wxid__head *head,
                             const unsigned char *data, size_t length, unsigned reduction);

/* Encodes padded pixels into `room` bytes; with a step of more than 1 only each step-th row of
 * blocks, into nothing: `into` is NULL then. Stores the length, and for a part of the picture, or
 * where there was not room enough, about what it would be: at least `room` then. */
wxid__fault wxid__jpeg_encode(size_t *length, const wxid__pixels *pixels, int coarseness,
                              uint32_t step, unsigned char *into, size_t room);

/* Makes a JPEG of fewer than `limit` bytes in a new block, which the caller wipes and frees. */
wxid__fault wxid__picture_shrink(unsigned char **jpeg, size_t *jpeg_length,
                                 const unsigned char *data, size_t length, int is_png,
                                 int64_t limit);

/* ---- What a call does ---- */

/* Makes an image fit, which gets new data in place of its own, or keeps them. Errors: IMAGE_INPUT,
 * MEMORY, and USAGE as wxid__picture_fit_check() for one of max_bytes or more. */
int wxid__picture_fit(wxid__image *image, int64_t max_bytes, int strip, wxid_error **error);
/* Whether the setting `fit` can be obeyed. Errors: USAGE when the library was built without libjpeg
 * and libpng. */
int wxid__picture_fit_check(int64_t fit, wxid_error **error);

#endif
