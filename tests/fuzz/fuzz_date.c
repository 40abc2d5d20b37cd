/* Dates: of the calendar, of HTTP, and the period of validity on a card. Input: a number, then two
 * texts.
 *
 * They are read, counted and compared as the C library counts days; what is no date is refused; and
 * a period is read as it reads without the spaces that OCR sees. */
#include "input.h"
#include "properties.h"

#include "text.h"
#include "validity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_S 86400
#define LAST_S INT64_C(253402300799) /* of the year 9999 */

/* ---- The calendar ---- */

/* Days since 1970, by the C library; stores whether there is such a day. */
static int64_t day_number(wxid__date date, int *exists)
{
    struct tm time = {.tm_year = date.year - 1900, .tm_mon = date.month - 1, .tm_mday = date.day};
    struct tm same = time;
    int64_t seconds = timegm(&same);
    *exists = same.tm_year == time.tm_year && same.tm_mon == time.tm_mon &&
              same.tm_mday == time.tm_mday && date.year >= 1 && date.year <= 9999;
    return seconds / DAY_S;
}

static wxid__date date_at(int64_t unix_s)
{
    struct tm parts;
    time_t seconds = unix_s;
    HOLDS(gmtime_r(&seconds, &parts) != NULL);
    return (wxid__date){parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday};
}

static int is_form(const char *text, const char *form)
{
    for (; *form != '\0'; text++, form++) {
        int is_digit = *text >= '0' && *text <= '9';
        if (*form == '0' ? !is_digit : *text != *form) {
            return 0;
        }
    }
    return *text == '\0';
}

static void check_read(const char *text)
{
    char written[WXID__DATE_SIZE];
    wxid__date date = {0};
    wxid__date expected = {0};
    int exists = 0;
    int found = wxid__date_read(&date, text);
    if (is_form(text, "0000-00-00")) {
        expected = (wxid__date){atoi(text), atoi(text + 5), atoi(text + 8)};
        (void)day_number(expected, &exists);
    }
    HOLDS(found == exists);
    if (found) {
        HOLDS(wxid__date_compare(date, expected) == 0);
        wxid__date_write(written, date);
        HOLDS(strcmp(written, text) == 0);
    }
}

static int sign_of(int64_t number)
{
    return number < 0 ? -1 : number > 0;
}

/* So many years later, of a 29 February where there is none, 1 March. */
static wxid__date years_later(wxid__date date, int years)
{
    int exists = 0;
    date.year += years;
    (void)day_number(date, &exists);
    return exists ? date : (wxid__date){date.year, 3, 1};
}

static void check_two(wxid__date from, wxid__date to)
{
    int exists = 0;
    int64_t days = day_number(to, &exists) - day_number(from, &exists);
    int years = wxid__date_years(from, to);
    HOLDS(wxid__date_number(to) - wxid__date_number(from) == days);
    HOLDS(sign_of(wxid__date_compare(to, from)) == sign_of(days));
    if (from.year + years >= 1 && from.year + years < 9999) {
        HOLDS(wxid__date_compare(years_later(from, years), to) <= 0);
        HOLDS(wxid__date_compare(years_later(from, years + 1), to) > 0);
        HOLDS(!wxid__date_is_after(from, years, to) ||
              llabs(wxid__date_number(years_later(from, years)) - wxid__date_number(to)) <= 1);
    }
}

static void check_numbers(uint64_t number)
{
    int64_t unix_s = (int64_t)(number % (uint64_t)(LAST_S + 1));
    int64_t other_s = (int64_t)((number >> 11) % (uint64_t)(LAST_S + 1));
    wxid__date today = {0};
    int known = wxid__date_today(&today, NULL, unix_s, NULL) == 0;
    HOLDS(known == (unix_s < LAST_S + 1 - DAY_S));
    if (known) { /* China is eight hours ahead */
        HOLDS(wxid__date_compare(today, date_at(unix_s + 8 * 3600)) == 0);
        check_two(today, date_at(other_s));
    }
}

/* ---- HTTP ---- */

static void write_http_date(char text[64], int64_t unix_s)
{
    struct tm parts;
    time_t seconds = unix_s;
    HOLDS(gmtime_r(&seconds, &parts) != NULL);
    HOLDS(strftime(text, 64, "%a, %d %b %Y %H:%M:%S GMT", &parts) > 0);
}

/* What is read is what was written, but for the day of the week, and a leap second. */
static void check_http_date(const char *text)
{
    char written[64];
    int64_t seconds = 0;
    if (wxid__http_date(&seconds, text)) {
        HOLDS(seconds >= 0 && seconds <= LAST_S + 1 && strlen(text) == 29);
        int is_leap = strcmp(text + 23, "60 GMT") == 0;
        write_http_date(written, seconds - is_leap);
        HOLDS(strncmp(text + 3, written + 3, 20) == 0);
        HOLDS(is_leap || strcmp(text + 3, written + 3) == 0);
    }
}

static void check_http_dates(uint64_t number)
{
    char text[64];
    int64_t unix_s = (int64_t)(number % (uint64_t)(LAST_S + 1));
    int64_t seconds = -1;
    write_http_date(text, unix_s);
    HOLDS(wxid__http_date(&seconds, text) && seconds == unix_s);
}

/* ---- The period of validity ---- */

static const char *past_one_of(const char *text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strncmp(text, *words, strlen(*words)) == 0) {
            return text + strlen(*words);
        }
    }
    return NULL;
}

/* A date from 1980 to 2199 without spaces, in any of the ways to write one; where it ends, or NULL.
 */
static const char *past_date(const char *text, wxid__date *date)
{
    static const char *const dots[] = {".", "．", "。", NULL};
    static const struct {
        const char *behind[3];
    } styles[] = {{{"-", "-", ""}}, {{"/", "/", ""}}, {{"年", "月", "日"}}, {{"", "", ""}}};
    static const char forms[][5] = {"0000", "00", "00"};
    int *const parts[] = {&date->year, &date->month, &date->day};
    for (size_t style = 0; style <= 4; style++) { /* the last stands for dots */
        const char *at = text;
        for (size_t i = 0; i < 3 && at != NULL; i++) {
            char digits[5] = "";
            strncpy(digits, at, strlen(forms[i]));
            const char *one[] = {style < 4 ? styles[style].behind[i] : "", NULL};
            at = is_form(digits, forms[i]) ? at + strlen(forms[i]) : NULL;
            at = at == NULL ? NULL : past_one_of(at, style == 4 && i < 2 ? dots : one);
            *parts[i] = atoi(digits);
        }
        int exists = 0;
        if (at != NULL) {
            (void)day_number(*date, &exists);
            return exists && date->year >= 1980 && date->year <= 2199 ? at : NULL;
        }
    }
    return NULL;
}

static int slow_read(wxid__validity *validity, const char *text)
{
    static const char *const dashes[] = {"-", "–", "—", "－", "~", "～", "至", NULL};
    static const char *const long_term[] = {"长期", "長期", NULL};
    const char *at = past_date(text, &validity->start);
    at = at != NULL ? past_one_of(at, dashes) : NULL;
    if (at == NULL) {
        return 0;
    }
    const char *end = past_one_of(at, long_term);
    validity->has_end = end == NULL;
    end = end == NULL ? past_date(at, &validity->end) : end;
    return end != NULL && *end == '\0';
}

static void check_validity(const char *text)
{
    wxid__validity found = {0};
    wxid__validity expected = {0};
    int is_period = wxid__validity_read(&found, text);
    if (!is_utf8(text, strlen(text))) {
        return;
    }
    char *dense = joined(text, "");
    char *to = dense;
    for (const char *from = text; *from != '\0'; from++) {
        *to = *from;
        to += *from != ' ';
    }
    *to = '\0';
    HOLDS(is_period == slow_read(&expected, dense));
    if (is_period) {
        HOLDS(wxid__date_compare(found.start, expected.start) == 0);
        HOLDS(found.has_end == expected.has_end);
        HOLDS(!found.has_end || wxid__date_compare(found.end, expected.end) == 0);
    }
    free(dense);
}

/* What is found of a period is what its days say. */
static void check_findings_of(const char *text, uint64_t number)
{
    wxid__validity period;
    wxid__date today = date_at((int64_t)(number % (uint64_t)LAST_S));
    const wxid__holder unknown = {NULL, 0};
    if (!wxid__validity_read(&period, text)) {
        return;
    }
    wxid__findings findings = wxid__validity_check(&period, today, unknown);
    int ends = period.has_end;
    int is_over = ends && wxid__date_number(period.end) < wxid__date_number(today);
    int is_reversed = ends && wxid__date_number(period.end) <= wxid__date_number(period.start);
    HOLDS((findings >> WXID__FINDING_VALID_DATE_EXPIRED & 1) == (unsigned)is_over);
    HOLDS((findings >> WXID__FINDING_VALID_DATE_ORDER & 1) == (unsigned)is_reversed);
    HOLDS((findings >> WXID__FINDING_VALID_DATE_AGE & 1) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    input from = {data, length};
    uint64_t number = take_number(&from);
    char *date = take_text(&from);
    char *period = take_text(&from);
    check_read(date);
    check_http_date(date);
    check_numbers(number);
    check_http_dates(number);
    check_validity(period);
    check_findings_of(period, number);
    free(date);
    free(period);
    return 0;
}
