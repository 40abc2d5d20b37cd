/* Smaller planes: each pixel the mean of the area that it takes the place of. */
#include "support/support.h"

#include "picture.h"

#include <math.h>
#include <string.h>

static unsigned char sample(int plane, uint32_t x, uint32_t y)
{
    uint32_t state = (y * 7919 + x + 1) * 2654435761U + (uint32_t)plane;
    return (unsigned char)(state >> 24);
}

static wxid__pixels make(uint32_t width, uint32_t height, int count, int constant)
{
    wxid__pixels pixels;
    assert_int_equal(wxid__pixels_new(&pixels, width, height, count), WXID__SOUND);
    for (int i = 0; i < count; i++) {
        const wxid__plane *plane = &pixels.planes[i];
        memset(plane->data, constant >= 0 ? 255 - constant : 0, plane->stride * plane->height);
        for (uint32_t y = 0; y < plane->height; y++) {
            for (uint32_t x = 0; x < plane->width; x++) {
                plane->data[y * plane->stride + x] =
                    constant >= 0 ? (unsigned char)constant : sample(i, x, y);
            }
        }
    }
    return pixels;
}

/* How much of the old pixel lies under the new one, in old pixels. */
static double overlap(uint32_t old, uint32_t new_one, double ratio)
{
    double left = fmax(old, new_one * ratio);
    double right = fmin(old + 1.0, (new_one + 1) * ratio);
    return right > left ? right - left : 0;
}

static double mean_of(const wxid__plane *plane, uint32_t x, uint32_t y, double across, double down)
{
    double sum = 0;
    double area = 0;
    uint32_t first = (uint32_t)(y * down);
    uint32_t left = (uint32_t)(x * across);
    for (uint32_t row = first; row < plane->height && row < (y + 1) * down; row++) {
        for (uint32_t column = left; column < plane->width && column < (x + 1) * across; column++) {
            double part = overlap(row, y, down) * overlap(column, x, across);
            sum += part * plane->data[row * plane->stride + column];
            area += part;
        }
    }
    /* Colours of the last column, which may have been rounded up. */
    return area > 0 ? sum / area
                    : plane->data[(plane->height - 1) * plane->stride + plane->width - 1];
}

static const uint32_t sizes[][4] = {
    {100, 80, 50, 40}, {101, 81, 50, 40}, {101, 81, 97, 78}, {640, 3, 77, 1},
    {33, 17, 33, 17},  {33, 17, 1, 1},    {64, 64, 63, 9},
};

static void test_means(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof sizes / sizeof sizes[0]; n++) {
        wxid__pixels old = make(sizes[n][0], sizes[n][1], 3, -1);
        wxid__pixels scaled;
        double across = (double)sizes[n][0] / sizes[n][2];
        double down = (double)sizes[n][1] / sizes[n][3];
        assert_int_equal(wxid__pixels_scale(&scaled, &old, sizes[n][2], sizes[n][3]), WXID__SOUND);
        for (int i = 0; i < 3; i++) {
            const wxid__plane *plane = &scaled.planes[i];
            for (uint32_t y = 0; y < plane->height; y++) {
                for (uint32_t x = 0; x < plane->width; x++) {
                    double wanted = mean_of(&old.planes[i], x, y, across, down);
                    double error = plane->data[y * plane->stride + x] - wanted;
                    int is_edge = i > 0 && (x + 1 == plane->width || y + 1 == plane->height);
                    assert_true(is_edge || (error < 1.5 && error > -1.5));
                }
            }
        }
        wxid__pixels_clear(&scaled);
        wxid__pixels_clear(&old);
    }
}

/* Nothing is added, lost, or taken from beside the planes. */
static void test_what_is_even_stays_even(void **state)
{
    static const int values[] = {0, 1, 77, 128, 254, 255};
    (void)state;
    for (size_t n = 0; n < sizeof sizes / sizeof sizes[0] * 6; n++) {
        const uint32_t *size = sizes[n / 6];
        int value = values[n % 6];
        wxid__pixels old = make(size[0], size[1], 3, value);
        wxid__pixels scaled;
        assert_int_equal(wxid__pixels_scale(&scaled, &old, size[2], size[3]), WXID__SOUND);
        for (int i = 0; i < 3; i++) {
            const wxid__plane *plane = &scaled.planes[i];
            for (uint32_t y = 0; y < plane->height; y++) {
                for (uint32_t x = 0; x < plane->width; x++) {
                    assert_int_equal(plane->data[y * plane->stride + x], value);
                }
            }
        }
        wxid__pixels_clear(&scaled);
        wxid__pixels_clear(&old);
    }
}

/* Half up, not down: else each picture would come out darker. */
static void test_brightness_is_kept(void **state)
{
    wxid__pixels old = make(400, 400, 1, -1);
    wxid__pixels scaled;
    double sums[2] = {0, 0};
    (void)state;
    assert_int_equal(wxid__pixels_scale(&scaled, &old, 300, 290), WXID__SOUND);
    for (size_t i = 0; i < (size_t)400 * 400; i++) {
        sums[0] += old.planes[0].data[i];
    }
    for (size_t i = 0; i < (size_t)300 * 290; i++) {
        sums[1] += scaled.planes[0].data[i / 300 * scaled.planes[0].stride + i % 300];
    }
    assert_true(fabs(sums[0] / (400 * 400) - sums[1] / (300 * 290)) < 0.2);
    wxid__pixels_clear(&scaled);
    wxid__pixels_clear(&old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_means),
        cmocka_unit_test(test_what_is_even_stays_even),
        cmocka_unit_test(test_brightness_is_kept),
    };
    return cmocka_run_group_tests_name("picture_scale", tests, NULL, NULL);
}
