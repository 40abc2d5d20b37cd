#include "characters.h"

#include "text.h"

#include <string.h>

typedef struct range {
    uint32_t first, last;
} range;

/* CJK unified ideographs with their extensions, the compatibility ideographs, and 〇. */
static const range han[] = {
    {0x3007, 0x3007}, {0x3400, 0x4dbf},   {0x4e00, 0x9fff},
    {0xf900, 0xfaff}, {0x20000, 0x2fa1f}, {0x30000, 0x323af},
};

static const uint32_t middle_dots[] = {0xb7, 0x2022, 0x2027, 0x30fb, 0xff0e};

/* Letters and digits, full-width ones too; Roman, Greek and circled numerals; and the signs of
 * house numbers, in both widths. */
static const range in_addresses[] = {
    {'0', '9'},       {'A', 'Z'},       {'a', 'z'},       {0xff10, 0xff19}, {0xff21, 0xff3a},
    {0xff41, 0xff5a}, {0x2160, 0x217f}, {0x2460, 0x2473}, {0x391, 0x3a9},   {0x3b1, 0x3c9},
    {' ', ' '},       {'#', '#'},       {'&', '&'},       {'(', ')'},       {',', '/'},
    {':', ';'},       {'~', '~'},       {0xb7, 0xb7},     {0x2013, 0x2014}, {0x201c, 0x201d},
    {0x3001, 0x3002}, {0x300a, 0x300b}, {0x3010, 0x3011}, {0xff03, 0xff03}, {0xff08, 0xff09},
    {0xff0c, 0xff0d}, {0xff0f, 0xff0f}, {0xff1a, 0xff1b}, {0xff5e, 0xff5e},
};

static int is_in(const range *ranges, size_t count, uint32_t character)
{
    for (size_t i = 0; i < count; i++) {
        if (character >= ranges[i].first && character <= ranges[i].last) {
            return 1;
        }
    }
    return 0;
}

uint32_t wxid__next_character(const char **text)
{
    const unsigned char *bytes = (const unsigned char *)*text;
    size_t length = wxid__utf8_character(*text, strlen(*text));
    if (length == 0) {
        return 0;
    }
    static const unsigned char first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t character = bytes[0] & first_bits[length];
    for (size_t i = 1; i < length; i++) {
        character = character << 6 | (bytes[i] & 0x3fu);
    }
    *text += length;
    return character;
}

int wxid__is_han(uint32_t character)
{
    return is_in(han, sizeof han / sizeof han[0], character);
}

/* The dot within a name that is not of Chinese origin. */
static int is_middle_dot(uint32_t character)
{
    for (size_t i = 0; i < sizeof middle_dots / sizeof middle_dots[0]; i++) {
        if (middle_dots[i] == character) {
            return 1;
        }
    }
    return 0;
}

int wxid__is_name(const char *text)
{
    int after_han = 0;
    for (uint32_t character; (character = wxid__next_character(&text)) != 0;) {
        int is_han = wxid__is_han(character);
        if (!is_han && !(after_han && is_middle_dot(character))) {
            return 0;
        }
        after_han = is_han;
    }
    return after_han && *text == '\0';
}

size_t wxid__count_characters(const char *text)
{
    size_t count = 0;
    while (wxid__next_character(&text) != 0) {
        count++;
    }
    return count;
}

int wxid__is_address(const char *text)
{
    int has_han = 0;
    for (uint32_t character; (character = wxid__next_character(&text)) != 0;) {
        int is_han = wxid__is_han(character);
        if (!is_han &&
            !is_in(in_addresses, sizeof in_addresses / sizeof in_addresses[0], character)) {
            return 0;
        }
        has_han |= is_han;
    }
    return has_han && *text == '\0';
}

int wxid__is_blank(const char *text)
{
    return text[strspn(text, " ")] == '\0';
}
