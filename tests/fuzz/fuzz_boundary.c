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

enum { CANDIDATES = 4, CANDIDATE_LENGTH = 35, MOST_PIECES = 32 };

/* The library's stream of random numbers, written anew. */
static uint64_t splitmix64(uint64_t index, uint64_t seed)
{
    uint64_t z = seed + (index + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void write_candidate(char text[CANDIDATE_LENGTH + 1], uint64_t seed, unsigned number)
{
    (void)snprintf(text, CANDIDATE_LENGTH + 1, "wxid%016llx%015llx",
                   (unsigned long long)splitmix64((uint64_t)2 * number, seed),
                   (unsigned long long)splitmix64((uint64_t)2 * number + 1, seed) >> 4);
}

typedef struct picture {
    char data[MOST_PIECES * 64 + 16];
    size_t length;
    unsigned taken; /* a bit for each candidate that stands in it */
} picture;

static void add(picture *to, const void *data, size_t length)
{
    memcpy(to->data + to->length, data, length);
    to->length += length;
}

/* 36 characters: the last is written here, since a candidate is kept without it. */
static void add_candidate(picture *to, uint64_t seed, unsigned choice)
{
    char text[CANDIDATE_LENGTH + 1];
    char last[2];
    unsigned number = choice % CANDIDATES;
    write_candidate(text, seed, number);
    (void)snprintf(last, sizeof last, "%x",
                   (unsigned)(splitmix64((uint64_t)2 * number + 1, seed) & 15));
    add(to, text, CANDIDATE_LENGTH);
    if (choice % 3 != 0) {
        add(to, last, 1);
        to->taken |= 1u << number;
    }
}

static void draw_picture(picture *drawn, input *from, uint64_t seed)
{
    drawn->length = 0;
    drawn->taken = 0;
    add(drawn, "\xff\xd8\xff", 3);
    for (int pieces = 0; pieces < MOST_PIECES && from->length > 0; pieces++) {
        unsigned choice = take_byte(from);
        if (choice >= 64) {
            add_candidate(drawn, seed, choice);
        } else {
            size_t length = choice < from->length ? choice : from->length;
            add(drawn, from->data, length);
            from->data += length;
            from->length -= length;
        }
    }
}

/* A piece cut off its end may be made whole by what follows it. */
static int holds(const picture *drawn, uint64_t seed, unsigned number)
{
    char whole[CANDIDATE_LENGTH + 2];
    (void)snprintf(whole, sizeof whole, "wxid%016llx%016llx",
                   (unsigned long long)splitmix64((uint64_t)2 * number, seed),
                   (unsigned long long)splitmix64((uint64_t)2 * number + 1, seed));
    for (size_t at = 0; at + strlen(whole) <= drawn->length; at++) {
        if (memcmp(drawn->data + at, whole, strlen(whole)) == 0) {
            return 1;
        }
    }
    HOLDS((drawn->taken >> number & 1) == 0);
    return 0;
}

static void check_boundary(const wxid_request *request, const picture *drawn, uint64_t seed)
{
    char boundary[80];
    char candidate[CANDIDATE_LENGTH + 1];
    unsigned number = 0;
    read_boundary(boundary, request);
    while (number < CANDIDATES && holds(drawn, seed, number)) {
        number++;
    }
    write_candidate(candidate, seed, number);
    HOLDS(strlen(boundary) == CANDIDATE_LENGTH + 1);
    HOLDS(memcmp(boundary, candidate, CANDIDATE_LENGTH) == 0);
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
