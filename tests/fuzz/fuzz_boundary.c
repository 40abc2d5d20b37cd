/* The boundary of an upload, against pictures that know it beforehand. Input: a seed, and pieces of
 * a picture: a byte below 64 stands for as many bytes of the input, any other for a boundary that
 * this seed will give, whole or all but its end.
 *
 * The boundary taken is the first that does not stand in the picture, and the body parses back. */
#include "input.h"
#include "properties.h"
#include "wire.h"

#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CANDIDATES = 4, CANDIDATE_LENGTH = 36, MOST_PIECES = 32 };

/* The library's stream of random numbers, written anew. */
static uint64_t splitmix64(uint64_t index, uint64_t seed)
{
    uint64_t z = seed + (index + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* The boundary that is drawn after so many others. */
static void write_candidate(char text[CANDIDATE_LENGTH + 1], uint64_t seed, uint64_t number)
{
    (void)snprintf(text, CANDIDATE_LENGTH + 1, "wxid%016llx%016llx",
                   (unsigned long long)splitmix64(2 * number, seed),
                   (unsigned long long)splitmix64(2 * number + 1, seed));
}

typedef struct picture {
    char data[MOST_PIECES * 64 + 16];
    size_t length;
} picture;

static void add(picture *to, const void *data, size_t length)
{
    memcpy(to->data + to->length, data, length);
    to->length += length;
}

static void draw_picture(picture *drawn, input *from, uint64_t seed)
{
    char candidate[CANDIDATE_LENGTH + 1];
    drawn->length = 0;
    add(drawn, "\xff\xd8\xff", 3);
    for (int pieces = 0; pieces < MOST_PIECES && from->length > 0; pieces++) {
        unsigned choice = take_byte(from);
        if (choice >= 64) {
            write_candidate(candidate, seed, choice % CANDIDATES);
            add(drawn, candidate, (size_t)CANDIDATE_LENGTH - (choice % 3 == 0));
        } else {
            size_t length = choice < from->length ? choice : from->length;
            add(drawn, from->data, length);
            from->data += length;
            from->length -= length;
        }
    }
}

static int holds(const picture *drawn, const char *text)
{
    for (size_t at = 0; at + CANDIDATE_LENGTH <= drawn->length; at++) {
        if (memcmp(drawn->data + at, text, CANDIDATE_LENGTH) == 0) {
            return 1;
        }
    }
    return 0;
}

/* libFuzzer learns from the library of later candidates, too, so any number may be in there. */
static void check_boundary(const wxid_request *request, const picture *drawn, uint64_t seed)
{
    char boundary[80];
    char candidate[CANDIDATE_LENGTH + 1];
    uint64_t number = 0;
    read_boundary(boundary, request);
    do {
        write_candidate(candidate, seed, number++);
    } while (holds(drawn, candidate));
    HOLDS(strcmp(boundary, candidate) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    static char host[] = "api.weixin.qq.com";
    static char prefix[] = "";
    const wxid__origin origin = {"https", host, 443, host, prefix};
    const wxid__parameter token = {"access_token", MARK "_token"};
    input from = {data, length};
    picture drawn;
    uint64_t seed = take_number(&from);
    uint64_t random = seed;
    wxid__image image = {0};
    wxid__request request = {0};
    draw_picture(&drawn, &from, seed);
    unsigned char *bytes = copy_of(drawn.data, drawn.length);
    HOLDS(wxid__image_from_bytes(&image, bytes, drawn.length, INT64_MAX, NULL) == 0);
    HOLDS(wxid__request_upload(&request, &origin, token, NULL, &image, &random) == 0);
    expected wanted = {
        .method = "POST",
        .path = "/cv/ocr/idcard",
        .parameters = {{token.name, token.value}},
        .parameter_count = 1,
        .media_type = "multipart/form-data; boundary=",
        .image = bytes,
        .image_length = drawn.length,
    };
    check_request(&request.shown, &wanted);
    check_boundary(&request.shown, &drawn, seed);
    wxid__request_clear(&request);
    wxid__image_clear(&image);
    free(bytes);
    return 0;
}
