/* Pictures made to fit, through libjpeg and libpng. Input: a choice of how small, the file.
 *
 * What comes out is smaller than the limit, a baseline JPEG within bounds and without metadata,
 * which decodes in its turn. A mutator of its own mends the check sums of PNG chunks: else libpng
 * would look at hardly any. */
#include "input.h"
#include "properties.h"

#include "picture.h"

#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t length, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t length, size_t most, unsigned seed);

enum { SIGNATURE = 8 };

/* ---- Mutations ---- */

static uint32_t crc_32(const uint8_t *data, size_t length)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < length; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
        }
    }
    return ~crc;
}

static void mend_png(uint8_t *data, size_t length)
{
    for (size_t at = SIGNATURE; at + 12 <= length;) {
        size_t size = (size_t)data[at] << 24 | (size_t)data[at + 1] << 16 |
                      (size_t)data[at + 2] << 8 | data[at + 3];
        if (size > length - at - 12) {
            return;
        }
        uint32_t crc = crc_32(data + at + 4, size + 4);
        for (int i = 0; i < 4; i++) {
            data[at + 8 + size + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
        }
        at += size + 12;
    }
}

/* One time in eight the sums stay wrong. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t length, size_t most, unsigned seed)
{
    size_t mutated = LLVMFuzzerMutate(data, length, most);
    if (seed % 8 != 0 && mutated > SIGNATURE + 1 && memcmp(data + 1, "\x89PNG", 4) == 0) {
        mend_png(data + 1, mutated - 1);
    }
    return mutated;
}

/* ---- The target ---- */

static void check_picture(const wxid_picture *picture, int64_t limit)
{
    size_t length = 0;
    const unsigned char *data = wxid_picture_data(picture, &length);
    wxid__segments segments = {data, length, 2};
    wxid__segment segment;
    wxid__head head;
    wxid__pixels pixels;
    HOLDS(length > 0 && (int64_t)length < limit && memcmp(data, "\xff\xd8\xff", 3) == 0);
    while (wxid__segment_next(&segments, &segment)) {
        HOLDS(!segment.is_cut && segment.marker < 0xe1 && segment.marker != 0xc2);
    }
    HOLDS(wxid__jpeg_head(&head, data, length) == WXID__SOUND && head.orientation == 1);
    HOLDS(wxid__jpeg_decode(&pixels, &head, data, length, 1) == WXID__SOUND);
    HOLDS(pixels.width == head.width && pixels.height == head.height);
    wxid__pixels_clear(&pixels);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    input from = {data, length};
    wxid_fit fit = WXID_FIT_INIT;
    wxid_picture *picture = NULL;
    wxid_error *error = NULL;
    int64_t most = (int64_t)(length > 1 ? length - 1 : 1);
    fit.max_image_bytes = most * (1 + take_below(&from, 64)) / 64;
    fit.max_image_bytes += fit.max_image_bytes == 0;
    unsigned char *file = copy_of(from.data, from.length);
    if (wxid_picture_fit(&picture, file, from.length, &fit, &error) == 0) {
        HOLDS(error == NULL);
        check_picture(picture, fit.max_image_bytes);
    } else {
        HOLDS(picture == NULL && wxid_error_kind(error) == WXID_KIND_IMAGE_INPUT);
        check_error(error, MARK);
    }
    wxid_error_free(error);
    wxid_picture_free(picture);
    free(file);
    return 0;
}
