/* How a picture is made to fit: the policy, all of it.
 *
 * What a picture shows is kept before how well: it is made smaller only where it would have to be
 * coarser than "quality 75" otherwise, for a card is often a small part of a photograph, and
 * writing that has become too small is lost, while some noise around it is not. How large it will
 * be is found out from some of its rows of blocks, so that mostly it is encoded once as a whole. */
#include "picture.h"

#ifdef WXID_WITH_PICTURES

#include "memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows of blocks that an estimate takes, about. */
#define SAMPLE 24
/* Of the limit, in percent: what is aimed at, and what is near enough. */
#define AIM 96
#define NEAR 85
#define MOST_ENCODINGS 6
/* With more pixels for a byte of the limit there is no quality left: a third of a bit for each. */
#define MOST_PIXELS_A_BYTE 24
/* A picture whose longer side has fewer pixels than this shows no card. */
#define SMALLEST_SIDE 64
/* About how length grows with the sides: less than with the number of pixels, for what is larger is
 * smoother. */
#define POWER_OF_SIDES 1.7
/* Sides become smaller by 3 % at least, to a length that is at most so much less than aimed at. */
#define LEAST_STEP 0.97
#define ENOUGH 0.8
#define MOST_SCALINGS 4

typedef struct quality_search {
    const wxid__pixels *pixels;
    double limit;
    double correction; /* of estimates, by what an encoding has shown */
    size_t used;       /* the most that an encoding has written */
} quality_search;

typedef struct jpeg_bytes {
    unsigned char *data;
    size_t length;
} jpeg_bytes;

static void encoded_clear(jpeg_bytes *encoded)
{
    if (encoded->data != NULL) {
        wxid__wipe(encoded->data, encoded->length);
        free(encoded->data);
    }
    encoded->data = NULL;
}

/* How long a JPEG of the picture would be. */
static wxid__fault estimate(const quality_search *search, int coarseness, double *bytes)
{
    size_t length = 0;
    uint32_t step = search->pixels->height / (16 * SAMPLE);
    wxid__fault fault =
        wxid__jpeg_encode(&length, search->pixels, coarseness, step > 0 ? step : 1, NULL, 0);
    *bytes = (double)length * search->correction;
    return fault;
}

/* Stores the least coarse quantisation by which the picture is about as long as aimed at, or 0 and
 * the length by the coarsest, if that is still too long. Between two, length goes about as a power
 * of coarseness. */
static wxid__fault choose(const quality_search *search, int *coarseness, double *length)
{
    double aim = search->limit * AIM / 100;
    double most; /* at `low`, which is too long; the other at `high`, which is not */
    int low = WXID__FINEST;
    int high = WXID__COARSEST;
    *coarseness = 0;
    wxid__fault fault = estimate(search, high, length);
    if (fault != WXID__SOUND || *length > aim) {
        return fault;
    }
    fault = estimate(search, low, &most);
    if (fault != WXID__SOUND || most <= aim) {
        *coarseness = low;
        *length = most;
        return fault;
    }
    while (high - low > 1 && *length < search->limit * (AIM - 4) / 100) {
        double power = log(most / *length) / log((double)low / high);
        int middle = (int)ceil(low * pow(aim / most, 1 / power));
        double bytes;
        middle = middle <= low ? low + 1 : middle >= high ? high - 1 : middle;
        fault = estimate(search, middle, &bytes);
        if (fault != WXID__SOUND) {
            return fault;
        }
        if (bytes > aim) {
            low = middle;
            most = bytes;
        } else {
            high = middle;
            *length = bytes;
        }
    }
    *coarseness = high;
    return WXID__SOUND;
}

static uint32_t longer_side(const wxid__pixels *pixels)
{
    return pixels->width > pixels->height ? pixels->width : pixels->height;
}

static uint32_t scaled_side(uint32_t side, double scale)
{
    uint32_t scaled = (uint32_t)(side * scale);
    return scaled > 0 ? scaled : 1;
}

/* Makes pixels whose longer side has so many, and finds out how long they would be. */
static wxid__fault scale_to(quality_search *search, const wxid__pixels *whole, wxid__pixels *scaled,
                            double side, double *length)
{
    double scale = side / longer_side(whole);
    wxid__pixels_clear(scaled);
    wxid__fault fault = wxid__pixels_scale(scaled, whole, scaled_side(whole->width, scale),
                                           scaled_side(whole->height, scale));
    if (fault != WXID__SOUND) {
        return fault;
    }
    wxid__pixels_pad(scaled);
    search->pixels = scaled;
    search->correction = 1;
    return estimate(search, WXID__COARSEST, length);
}

/* Makes smaller pixels, of which the coarsest are `length` long, so that they fit by not much more
 * than that. Length goes about with a power of the sides, by which one is found that is between a
 * side too many and one too few. */
static wxid__fault make_smaller(quality_search *search, const wxid__pixels *whole,
                                wxid__pixels *scaled, double length)
{
    double aim = search->limit * AIM / 100;
    double side = longer_side(search->pixels);
    double power = POWER_OF_SIDES;
    for (int tries = 1;; tries++) {
        double found;
        double most = side * LEAST_STEP;
        double smaller = side * pow(aim * LEAST_STEP / length, 1 / power);
        smaller = smaller > most ? most : smaller;
        if (side <= SMALLEST_SIDE) {
            return WXID__NO_ROOM;
        }
        smaller = smaller < SMALLEST_SIDE ? SMALLEST_SIDE : smaller;
        wxid__fault fault = scale_to(search, whole, scaled, smaller, &found);
        if (fault != WXID__SOUND) {
            return fault;
        }
        if (found > aim) {
            side = smaller;
            length = found;
        } else if (found >= aim * ENOUGH || smaller >= most || tries >= MOST_SCALINGS) {
            return WXID__SOUND;
        } else {
            power = log(length / found) / log(side / smaller);
        }
    }
}

/* Encodes the picture as a whole, and learns from it. Keeps the first that fits, and a longer one
 * that does. */
static wxid__fault encode(quality_search *search, jpeg_bytes *best, unsigned char *into,
                          int coarseness, double expected)
{
    size_t length = 0;
    size_t room = (size_t)search->limit;
    wxid__fault fault = wxid__jpeg_encode(&length, search->pixels, coarseness, 1, into, room);
    if (fault != WXID__SOUND) {
        return fault;
    }
    size_t kept = length < room ? length : room;
    search->used = search->used > kept ? search->used : kept;
    search->correction *= (double)length / expected;
    if (length >= room || length <= best->length) {
        return WXID__SOUND;
    }
    unsigned char *data = malloc(length);
    if (data == NULL) {
        return WXID__NO_MEMORY;
    }
    memcpy(data, into, length);
    encoded_clear(best);
    best->data = data;
    best->length = length;
    return WXID__SOUND;
}

/* Until there is a picture that fits, and another would hardly be better. */
static wxid__fault search_all(quality_search *search, jpeg_bytes *best, unsigned char *into,
                              const wxid__pixels *whole, wxid__pixels *scaled)
{
    int last = 0;
    for (int encodings = 0; encodings < MOST_ENCODINGS;) {
        int coarseness;
        double length;
        wxid__fault fault = choose(search, &coarseness, &length);
        if (fault != WXID__SOUND) {
            return fault;
        }
        if (coarseness != 0) {
            fault = encode(search, best, into, coarseness, length);
            encodings++;
        } else if (best->data == NULL) {
            fault = make_smaller(search, whole, scaled, length);
        }
        if (fault != WXID__SOUND) {
            return fault;
        }
        int is_near = (double)best->length >= search->limit * NEAR / 100;
        int is_last = coarseness == WXID__FINEST || coarseness == 0 || coarseness == last;
        if (best->data != NULL && (is_near || is_last)) {
            break;
        }
        last = coarseness;
    }
    return best->data != NULL ? WXID__SOUND : WXID__NO_ROOM;
}

/* The least reduction after which nothing is lost that could be kept: a JPEG tells by its own
 * length how long it would be by the coarsest quantisation. */
static unsigned choose_reduction(const wxid__head *head, int64_t limit)
{
    uint64_t pixels = (uint64_t)head->width * head->height;
    uint64_t most = (uint64_t)limit * MOST_PIXELS_A_BYTE;
    uint64_t coarsest = 0;
    unsigned reduction = 1;
    if (!head->is_png) {
        int finer = head->coarseness < WXID__COARSEST ? head->coarseness : WXID__COARSEST;
        coarsest = (uint64_t)head->coded * (uint64_t)finer / WXID__COARSEST * 3 / 4;
    }
    for (;;) {
        unsigned next = head->is_png ? reduction + 1 : reduction * 2;
        uint64_t fewer = (uint64_t)next * next;
        if (pixels / ((uint64_t)reduction * reduction) <= most &&
            coarsest / fewer < (uint64_t)limit) {
            return reduction;
        }
        if (!head->is_png && next > 8) {
            return reduction;
        }
        reduction = next;
    }
}

static wxid__fault fit_pixels(jpeg_bytes *best, wxid__pixels *whole, int64_t limit)
{
    quality_search search = {whole, (double)limit, 1, 0};
    wxid__pixels scaled = {.width = 0};
    unsigned char *into = malloc((size_t)limit);
    if (into == NULL) {
        return WXID__NO_MEMORY;
    }
    wxid__pixels_pad(whole);
    wxid__fault fault = search_all(&search, best, into, whole, &scaled);
    wxid__wipe(into, search.used);
    free(into);
    wxid__pixels_clear(&scaled);
    return fault;
}

wxid__fault wxid__picture_shrink(unsigned char **jpeg, size_t *jpeg_length,
                                 const unsigned char *data, size_t length, int is_png,
                                 int64_t limit)
{
    wxid__head head;
    wxid__pixels whole;
    jpeg_bytes best = {NULL, 0};
    wxid__fault fault =
        is_png ? wxid__png_head(&head, data, length) : wxid__jpeg_head(&head, data, length);
    if (fault == WXID__SOUND) {
        unsigned reduction = choose_reduction(&head, limit);
        fault = is_png ? wxid__png_decode(&whole, &head, data, length, reduction)
                       : wxid__jpeg_decode(&whole, &head, data, length, reduction);
    }
    if (fault != WXID__SOUND) {
        return fault;
    }
    fault = fit_pixels(&best, &whole, limit);
    wxid__pixels_clear(&whole);
    if (fault != WXID__SOUND) {
        encoded_clear(&best);
        return fault;
    }
    *jpeg = best.data;
    *jpeg_length = best.length;
    return WXID__SOUND;
}

#endif
