/* Pictures that tests make, and what they see in pictures that the library made. */
#ifndef TEST_PICTURES_H
#define TEST_PICTURES_H

#include "../support/support.h"

#include "picture.h"

/* A block of a test's own. */
typedef struct bytes {
    unsigned char *data;
    size_t length;
} bytes;

void bytes_free(bytes *freed);
/* The first with the second put in at a place. Frees the first. */
bytes bytes_insert(bytes into, size_t at, const void *data, size_t length);

/* What is painted: quarters in four colours, with noise of up to so many steps over them. The same
 * for the same sizes. */
enum { TOP_LEFT, TOP_RIGHT, BOTTOM_LEFT, BOTTOM_RIGHT };
extern const unsigned char quarters[4][3];
typedef struct painting {
    unsigned width;
    unsigned height;
    int noise; /* negative: not in each fourth strip of 16 rows, from the third on */
} painting;

typedef enum inside { YCBCR, GREY, RGB, CMYK, YCCK } inside;

typedef struct jpeg_kind {
    inside colours;
    int across; /* sampling of brightness; 0: 2 */
    int down;
    int progressive;
    int separate;  /* a scan for each of the colours */
    int quality;   /* 0: 90 */
    int no_marker; /* of CMYK: without Adobe's, and then not inverted */
    int restart;   /* blocks between restart markers */
} jpeg_kind;

bytes make_jpeg(painting painted, jpeg_kind kind);
/* With Exif data that say how it is to be turned. Frees the JPEG. */
bytes turned_jpeg(bytes jpeg, int orientation, int little_endian);

typedef struct png_kind {
    int type;  /* as PNG_COLOR_TYPE_... */
    int depth; /* 0: 8 */
    int interlaced;
    int transparent; /* the top left quarter is: by alpha, or a tRNS chunk */
} png_kind;

bytes make_png(painting painted, png_kind kind);
/* With a chunk put in after IHDR. Frees the PNG. */
bytes with_chunk(bytes png, const char *type, const void *data, size_t length);

/* A JPEG as somebody else sees it. */
typedef struct seen {
    unsigned width;
    unsigned height;
    int components;
    int is_baseline;
    int across; /* sampling of the first of them, relative to the others */
    int down;
    int other_segments; /* beside JFIF, tables, frame, scan and end */
    unsigned char *rgb;
} seen;

seen see(const void *jpeg, size_t length);
void seen_free(seen *freed);
/* The mean of a square of up to 9 x 9 pixels in the middle of a quarter. */
void seen_quarter(const seen *picture, int quarter, double colour[3]);
/* The four quarters are these (of quarters[]), to within some steps. */
void assert_quarters(const seen *picture, const int order[4], double tolerance);
extern const int upright[4];

/* Makes a picture fit, which must succeed with fewer bytes than the limit; and looks at it. */
seen fit_and_see(bytes picture, int64_t limit);
/* The kind of error that it ends with instead, whose text is to hold `words`. */
void assert_no_fit(bytes picture, int64_t limit, const char *words);
/* Random numbers, the same in each run. */
uint32_t next_random(uint32_t *state);

#endif
