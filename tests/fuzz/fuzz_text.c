/* What is known about text. Input: a choice of how long a message may be, a secret ended by a NUL,
 * the text.
 *
 * UTF-8 and numbers are told as slower ways tell them; names are changed once and for all; nothing
 * secret, no long number and no control character is left where none may be; and percent-encoding
 * can be undone. */
#include "input.h"
#include "properties.h"

#include "buffer.h"
#include "memory.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

static void check_utf8(const char *text, size_t length)
{
    int is_valid = wxid__utf8_valid(text, length);
    HOLDS((is_valid != 0) == (is_utf8(text, length) != 0));
    for (size_t at = 0; at <= length; at++) {
        size_t step = wxid__utf8_character(text + at, length - at);
        HOLDS(step <= 4 && step <= length - at);
        HOLDS(step == 0 || is_utf8(text + at, step));
    }
}

static void check_decimal(const char *text)
{
    int64_t number = 17;
    const char *digits = text + (text[0] == '-');
    int is_number = digits[0] != '\0' && digits[strspn(digits, "0123456789")] == '\0';
    int64_t expected = strtoll(text, NULL, 10); /* the nearest that fits */
    HOLDS(wxid__decimal(&number, text) == is_number);
    HOLDS(number == (!is_number ? 17 : expected == INT64_MIN ? -INT64_MAX : expected));
}

static void check_snake_case(const char *text)
{
    char *once = wxid__snake_case(text);
    char *twice = wxid__snake_case(once);
    HOLDS(once != NULL && twice != NULL && strcmp(once, twice) == 0);
    HOLDS(!is_utf8(text, strlen(text)) || is_utf8(once, strlen(once)));
    if (text[0] >= 'a' && text[0] <= 'z') {
        HOLDS(strpbrk(once, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == NULL);
    }
    wxid__text_free(once);
    wxid__text_free(twice);
}

/* A secret with stars in it could come about by what is put in its place. */
static void check_redaction(const char *text, const char *secret)
{
    char *shown = joined(text, "");
    int is_secret = strlen(secret) >= 8 && strchr(secret, '*') == NULL;
    wxid__redact(shown, secret);
    HOLDS(strlen(shown) <= strlen(text));
    HOLDS(!is_secret || !stands_in(secret, shown));
    HOLDS(stands_in(secret, text) || strcmp(shown, text) == 0);
    free(shown);
}

static void check_presentable(const char *text, size_t longest)
{
    char *shown = joined(text, "");
    size_t digits = 0;
    wxid__make_presentable(shown, longest);
    HOLDS(strlen(shown) <= longest && strlen(shown) <= strlen(text));
    HOLDS(!is_utf8(text, strlen(text)) || is_utf8(shown, strlen(shown)));
    for (size_t i = 0; shown[i] != '\0'; i++) {
        HOLDS((unsigned char)shown[i] >= 0x20 && shown[i] != 0x7f);
        digits = shown[i] >= '0' && shown[i] <= '9' ? digits + 1 : 0;
        HOLDS(digits < 15);
    }
    free(shown);
}

static int hex_value(char digit)
{
    return digit >= '0' && digit <= '9'   ? digit - '0'
           : digit >= 'A' && digit <= 'F' ? digit - 55
                                          : 16;
}

static void check_percent(const char *text)
{
    wxid__buffer buffer = WXID__BUFFER_INIT;
    wxid__buffer_percent(&buffer, text);
    char *encoded = wxid__buffer_take(&buffer);
    HOLDS(encoded != NULL);
    const char *at = encoded;
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*at++;
        if (byte == '%') {
            HOLDS(hex_value(at[0]) < 16 && hex_value(at[1]) < 16);
            byte = (unsigned char)(hex_value(at[0]) * 16 + hex_value(at[1]));
            at += 2;
        } else {
            HOLDS((byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                  (byte >= 'a' && byte <= 'z') || byte == '-' || byte == '.' || byte == '_' ||
                  byte == '~');
        }
        HOLDS(byte == (unsigned char)*text);
    }
    HOLDS(*at == '\0');
    wxid__text_free(encoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    input from = {data, length};
    size_t longest = take_below(&from, 64);
    char *secret = take_text(&from);
    char *bytes = copy_of(from.data, from.length);
    check_utf8(bytes, from.length);
    free(bytes);
    char *text = take_text(&from);
    check_decimal(text);
    check_snake_case(text);
    check_redaction(text, secret);
    check_presentable(text, longest);
    check_percent(text);
    free(text);
    free(secret);
    return 0;
}
