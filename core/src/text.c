#include "text.h"

#include "buffer.h"
#include "calendar.h"

#include <string.h>

static size_t utf8_character(const unsigned char *text, size_t left)
{
    unsigned char first = text[0];
    if (first < 0x80) {
        return first != 0;
    }
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || left < length) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    if ((first == 0xe0 && text[1] < 0xa0) || (first == 0xed && text[1] > 0x9f) ||
        (first == 0xf0 && text[1] < 0x90) || (first == 0xf4 && text[1] > 0x8f)) {
        return 0; /* overlong, a surrogate, or past U+10FFFF */
    }
    return length;
}

size_t wxid__utf8_character(const char *text, size_t left)
{
    return left > 0 ? utf8_character((const unsigned char *)text, left) : 0;
}

int wxid__utf8_valid(const char *text, size_t length)
{
    size_t position = 0;
    while (position < length) {
        size_t step = wxid__utf8_character(text + position, length - position);
        if (step == 0) {
            return 0;
        }
        position += step;
    }
    return 1;
}

int wxid__visible_ascii(const char *text, const char *refused)
{
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte < 0x21 || byte > 0x7e || strchr(refused, byte) != NULL) {
            return 0;
        }
    }
    return 1;
}

int wxid__decimal(int64_t *number, const char *text)
{
    int negative = *text == '-';
    const char *digit = text + negative;
    int64_t sum = 0;
    if (*digit == '\0') {
        return 0;
    }
    for (; *digit != '\0'; digit++) {
        if (*digit < '0' || *digit > '9') {
            return 0;
        }
        int64_t value = *digit - '0';
        sum = sum > (INT64_MAX - value) / 10 ? INT64_MAX : sum * 10 + value;
    }
    *number = negative ? -sum : sum;
    return 1;
}

/* Whether the text has that form: a 0 in it stands for any digit, an a for any letter. */
static int has_form(const char *text, const char *form)
{
    for (; *form != '\0'; text++, form++) {
        int is_digit = *text >= '0' && *text <= '9';
        int is_letter = (*text >= 'A' && *text <= 'Z') || (*text >= 'a' && *text <= 'z');
        if (*form == '0' ? !is_digit : *form == 'a' ? !is_letter : *text != *form) {
            return 0;
        }
    }
    return *text == '\0';
}

int wxid__http_date(int64_t *seconds, const char *text)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    if (!has_form(text, "aaa, 00 aaa 0000 00:00:00 GMT")) {
        return 0;
    }
    const char *month = months;
    while (*month != '\0' && strncmp(month, text + 8, 3) != 0) {
        month += 3;
    }
    wxid__date date = {wxid__digits(text + 12, 4), (int)(month - months) / 3 + 1,
                       wxid__digits(text + 5, 2)};
    int hour = wxid__digits(text + 17, 2);
    int minute = wxid__digits(text + 20, 2);
    int second = wxid__digits(text + 23, 2);
    if (date.year < 1970 || !wxid__date_exists(date) || hour > 23 || minute > 59 || second > 60) {
        return 0;
    }
    *seconds =
        wxid__date_number(date) * 86400 + (int64_t)hour * 3600 + (int64_t)minute * 60 + second;
    return 1;
}

char *wxid__snake_case(const char *name)
{
    wxid__buffer buffer = WXID__BUFFER_INIT;
    if (strcmp(name, "errCode") == 0 || strcmp(name, "errMsg") == 0) {
        wxid__buffer_text(&buffer, name[3] == 'C' ? "errcode" : "errmsg");
        return wxid__buffer_take(&buffer);
    }
    /* A name that does not begin in lower case (ID, URL) is no camelCase: it stays. */
    int camel = name[0] >= 'a' && name[0] <= 'z';
    for (const char *letter = name; *letter != '\0'; letter++) {
        if (camel && *letter >= 'A' && *letter <= 'Z') {
            char lower[2] = {'_', (char)(*letter - 'A' + 'a')};
            int starts_word = letter[-1] != '_' && (letter[-1] < 'A' || letter[-1] > 'Z');
            wxid__buffer_append(&buffer, lower + !starts_word, starts_word ? 2 : 1);
        } else {
            wxid__buffer_append(&buffer, letter, 1);
        }
    }
    return wxid__buffer_take(&buffer);
}

void wxid__redact(char *text, const char *secret)
{
    size_t length = secret == NULL ? 0 : strlen(secret);
    if (length < 8) {
        return; /* too short to be a secret of the service's, and it would garble the text */
    }
    for (char *found = strstr(text, secret); found != NULL; found = strstr(found, secret)) {
        memcpy(found, "***", 3);
        memmove(found + 3, found + length, strlen(found + length) + 1);
        found += 3;
    }
}

static void star_long_numbers(char *text)
{
    while (*text != '\0') {
        size_t run = strspn(text, "0123456789");
        if (run >= 15) {
            memset(text, '*', run);
            text += run;
            if (*text == 'X' || *text == 'x') {
                *text = '*';
            }
        }
        text += run >= 15 ? 0 : run > 0 ? run : 1;
    }
}

void wxid__make_presentable(char *text, size_t longest)
{
    star_long_numbers(text);
    for (char *byte = text; *byte != '\0'; byte++) {
        if ((unsigned char)*byte < 0x20 || *byte == 0x7f) {
            *byte = ' ';
        }
    }
    size_t length = strlen(text);
    if (length > longest) {
        while (longest > 0 && ((unsigned char)text[longest] & 0xc0) == 0x80) {
            longest--;
        }
        text[longest] = '\0';
    }
}

uint64_t wxid__random_next(uint64_t *state)
{
    uint64_t mixed = (*state += UINT64_C(0x9e3779b97f4a7c15));
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}
