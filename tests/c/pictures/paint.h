/* What the pictures of the tests show. */
#ifndef TEST_PAINT_H
#define TEST_PAINT_H

#include "pictures.h"

#include <stdlib.h>

static inline void paint(unsigned char rgb[3], const painting *painted, unsigned x, unsigned y)
{
    int quarter = 2 * (2 * y >= painted->height) + (2 * x >= painted->width);
    uint32_t state = (y * painted->width + x + 1) * 2654435761U;
    int is_calm = painted->noise < 0 && y / 16 % 4 == 2;
    int noise = is_calm ? 0 : abs(painted->noise);
    for (int i = 0; i < 3; i++) {
        int value = quarters[quarter][i];
        if (noise > 0) {
            value += (int)(next_random(&state) >> 8) % (2 * noise + 1) - noise;
        }
        rgb[i] = (unsigned char)(value < 0 ? 0 : value > 255 ? 255 : value);
    }
}

#endif
