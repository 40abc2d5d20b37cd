#include "idnumber.h"

#include "regions.h"

#include <string.h>

/* Nobody whose number was ever given out was born before. */
#define EARLIEST_YEAR 1800

/* Of residents from there: GB 11643's regions of their residence permits. */
static const struct {
    const char *region;
    const char *name;
} permits[] = {{"810000", "hong_kong"}, {"820000", "macao"}, {"830000", "taiwan"}};

/* What OCR reads, and what may have stood there. */
static const struct {
    char read;
    char meant;
} confusions[] = {{'X', '8'}, {'x', '8'}, {'x', 'X'}, {'8', 'X'}, {'1', '7'}, {'7', '1'},
                  {'O', '0'}, {'o', '0'}, {'I', '1'}, {'l', '1'}, {'B', '8'}};

enum { CONFUSIONS = sizeof confusions / sizeof confusions[0] };

static int all_digits(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return 0;
        }
    }
    return 1;
}

int wxid__is_number(const char *text, size_t length)
{
    return length == WXID__NUMBER_LENGTH && all_digits(text, length - 1) &&
           (text[length - 1] == 'X' || all_digits(text + length - 1, 1));
}

int wxid__is_old_number(const char *text, size_t length)
{
    return length == WXID__OLD_NUMBER_LENGTH && all_digits(text, length);
}

char wxid__check_character(const char digits[17])
{
    static const int weights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    int sum = 0;
    for (int i = 0; i < 17; i++) {
        sum += weights[i] * (digits[i] - '0');
    }
    return "10X98765432"[sum % 11];
}

/* Of people over a hundred, who were born in the century before, when 15 digits were new. */
static int is_centenarian(const char old[WXID__OLD_NUMBER_LENGTH])
{
    return wxid__digits(old + 12, 3) >= 996;
}

void wxid__number_convert(char converted[WXID__NUMBER_LENGTH + 1],
                          const char old[WXID__OLD_NUMBER_LENGTH])
{
    memcpy(converted, old, 6);
    memcpy(converted + 6, is_centenarian(old) ? "18" : "19", 2);
    memcpy(converted + 8, old + 6, 9);
    converted[17] = wxid__check_character(converted);
    converted[18] = '\0';
}

static void read_region(wxid__number *number, const char *digits)
{
    number->province = wxid__province_name(digits);
    if (number->province == NULL) {
        wxid__find(&number->findings, WXID__FINDING_ID_REGION);
    } else if (!wxid__county_known(digits)) {
        wxid__find(&number->findings, WXID__FINDING_ID_COUNTY);
    }
    for (size_t i = 0; i < sizeof permits / sizeof permits[0]; i++) {
        if (memcmp(permits[i].region, digits, 6) == 0) {
            number->permit = permits[i].name;
        }
    }
}

static void read_birth(wxid__number *number, const char *digits, wxid__date today)
{
    number->birth = (wxid__date){wxid__digits(digits, 4), wxid__digits(digits + 4, 2),
                                 wxid__digits(digits + 6, 2)};
    number->has_birth = number->birth.year >= EARLIEST_YEAR && wxid__date_exists(number->birth);
    if (!number->has_birth) {
        wxid__find(&number->findings, WXID__FINDING_ID_BIRTH);
    } else if (wxid__date_compare(number->birth, today) > 0) {
        wxid__find(&number->findings, WXID__FINDING_ID_FUTURE);
    }
}

/* 18 characters of the right form. */
static void read_new(wxid__number *number, const char *text, wxid__date today)
{
    read_region(number, text);
    read_birth(number, text + 6, today);
    number->sex = (text[16] - '0') % 2 == 1 ? "男" : "女";
    if (text[17] != wxid__check_character(text)) {
        wxid__find(&number->findings, WXID__FINDING_ID_CHECKSUM);
    }
}

void wxid__number_read(wxid__number *number, const char *text, size_t length, wxid__date today)
{
    *number = (wxid__number){0};
    if (wxid__is_number(text, length)) {
        read_new(number, text, today);
    } else if (wxid__is_old_number(text, length)) {
        char converted[WXID__NUMBER_LENGTH + 1];
        wxid__number_convert(converted, text);
        read_new(number, converted, today);
        number->permit = NULL; /* there were none then */
        wxid__find(&number->findings, WXID__FINDING_ID_OLD_FORM);
    } else {
        wxid__find(&number->findings, WXID__FINDING_ID_FORM);
    }
}

int wxid__number_is_valid(const wxid__number *number)
{
    return !wxid__findings_have_error(number->findings);
}

int wxid__number_candidate(char candidate[WXID__NUMBER_LENGTH + 1], size_t *position,
                           const char text[WXID__NUMBER_LENGTH], wxid__date today)
{
    while (*position < WXID__NUMBER_LENGTH * CONFUSIONS) {
        size_t place = *position / CONFUSIONS;
        size_t way = *position % CONFUSIONS;
        (*position)++;
        if (text[place] != confusions[way].read) {
            continue;
        }
        wxid__number number;
        memcpy(candidate, text, WXID__NUMBER_LENGTH);
        candidate[place] = confusions[way].meant;
        candidate[WXID__NUMBER_LENGTH] = '\0';
        wxid__number_read(&number, candidate, WXID__NUMBER_LENGTH, today);
        if (wxid__number_is_valid(&number)) {
            return 1;
        }
    }
    return 0;
}
