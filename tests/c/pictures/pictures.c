#include "pictures.h"

#include <stdlib.h>
#include <string.h>

const unsigned char quarters[4][3] = {
    [TOP_LEFT] = {200, 40, 40},
    [TOP_RIGHT] = {40, 180, 60},
    [BOTTOM_LEFT] = {50, 60, 190},
    [BOTTOM_RIGHT] = {220, 210, 90},
};
const int upright[4] = {TOP_LEFT, TOP_RIGHT, BOTTOM_LEFT, BOTTOM_RIGHT};

void bytes_free(bytes *freed)
{
    free(freed->data);
    *freed = (bytes){NULL, 0};
}

bytes bytes_insert(bytes into, size_t at, const void *data, size_t length)
{
    bytes made = {malloc(into.length + length), into.length + length};
    assert_non_null(made.data);
    memcpy(made.data, into.data, at);
    memcpy(made.data + at, data, length);
    memcpy(made.data + at + length, into.data + at, into.length - at);
    free(into.data);
    return made;
}

uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

bytes turned_jpeg(bytes jpeg, int orientation, int little_endian)
{
    unsigned char big[36] = "\xff\xe1\0\x22"
                            "Exif\0\0MM\0*\0\0\0\x8\0\1\1\x12\0\3\0\0\0\1";
    unsigned char little[36] = "\xff\xe1\0\x22"
                               "Exif\0\0II*\0\x8\0\0\0\1\0\x12\1\3\0\1\0\0\0";
    unsigned char *segment = little_endian ? little : big;
    segment[little_endian ? 28 : 29] = (unsigned char)orientation;
    return bytes_insert(jpeg, 2, segment, 36);
}

void seen_free(seen *freed)
{
    free(freed->rgb);
    freed->rgb = NULL;
}

void seen_quarter(const seen *picture, int quarter, double colour[3])
{
    unsigned left = picture->width / 4 + (quarter % 2 ? picture->width / 2 : 0);
    unsigned top = picture->height / 4 + (quarter / 2 ? picture->height / 2 : 0);
    unsigned count = 0;
    colour[0] = colour[1] = colour[2] = 0;
    for (unsigned y = top; y < top + 9 && y < picture->height; y++) {
        for (unsigned x = left; x < left + 9 && x < picture->width; x++, count++) {
            for (int i = 0; i < 3; i++) {
                colour[i] += picture->rgb[3 * ((size_t)y * picture->width + x) + (size_t)i];
            }
        }
    }
    for (int i = 0; i < 3; i++) {
        colour[i] /= count;
    }
}

void assert_quarters(const seen *picture, const int order[4], double tolerance)
{
    for (int quarter = 0; quarter < 4; quarter++) {
        double colour[3];
        seen_quarter(picture, quarter, colour);
        const unsigned char *wanted = quarters[order[quarter]];
        double grey = 0.299 * wanted[0] + 0.587 * wanted[1] + 0.114 * wanted[2];
        for (int i = 0; i < 3; i++) {
            double error = colour[i] - (picture->components == 1 ? grey : wanted[i]);
            if (error > tolerance || error < -tolerance) {
                fail_msg("quarter %d: colour %d is %.1f, and not %d", quarter, i, colour[i],
                         wanted[i]);
            }
        }
    }
}

seen fit_and_see(bytes picture, int64_t limit)
{
    wxid_fit fit = WXID_FIT_INIT;
    wxid_picture *made = NULL;
    wxid_error *error = NULL;
    size_t length = 0;
    fit.max_image_bytes = limit;
    if (wxid_picture_fit(&made, picture.data, picture.length, &fit, &error) != 0) {
        fail_msg("%s", wxid_error_message(error));
    }
    const unsigned char *data = wxid_picture_data(made, &length);
    assert_true(length < (uint64_t)limit);
    assert_true(data != picture.data);
    seen found = see(data, length);
    assert_int_equal(found.other_segments, 0);
    assert_true(found.is_baseline);
    wxid_picture_free(made);
    return found;
}

void assert_no_fit(bytes picture, int64_t limit, const char *words)
{
    wxid_fit fit = WXID_FIT_INIT;
    wxid_picture *made = NULL;
    wxid_error *error = NULL;
    fit.max_image_bytes = limit;
    assert_int_equal(wxid_picture_fit(&made, picture.data, picture.length, &fit, &error), -1);
    assert_null(made);
    assert_int_equal(wxid_error_kind(error), WXID_KIND_IMAGE_INPUT);
    if (strstr(wxid_error_message(error), words) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", words, wxid_error_message(error));
    }
    wxid_error_free(error);
}
