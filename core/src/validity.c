#include "validity.h"

#include <string.h>

/* Second-generation cards exist since 2004; the library outlives no card of the other end. */
enum { EARLIEST_YEAR = 1980, LATEST_YEAR = 2199 };

static void skip_spaces(const char **text)
{
    *text += strspn(*text, " ");
}

/* Takes a word off the text, if it stands there, with spaces wherever OCR saw some. */
static int take(const char **text, const char *word)
{
    const char *rest = *text;
    for (; *word != '\0'; word++, rest++) {
        if (((unsigned char)*word & 0xc0) != 0x80) { /* a character begins */
            skip_spaces(&rest);
        }
        if (*rest != *word) {
            return 0;
        }
    }
    *text = rest;
    return 1;
}

static int take_one_of(const char **text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (take(text, *words)) {
            return 1;
        }
    }
    return 0;
}

/* Takes so many digits. */
static int take_digits(const char **text, int count, int *number)
{
    int read = 0;
    for (int i = 0; i < count; i++) {
        skip_spaces(text);
        int digit = wxid__digits(*text, 1);
        if (digit < 0) {
            return 0;
        }
        read = read * 10 + digit;
        (*text)++;
    }
    *number = read;
    return 1;
}

static const char *const dots[] = {".", "．", "。", NULL};
static const char *const hyphen[] = {"-", NULL};
static const char *const slash[] = {"/", NULL};
static const char *const year[] = {"年", NULL};
static const char *const month[] = {"月", NULL};
static const char *const day[] = {"日", NULL};
static const char *const nothing[] = {"", NULL};

/* What stands behind the year, the month and the day. */
static const char *const *const styles[][3] = {
    {dots, dots, nothing}, {hyphen, hyphen, nothing},   {slash, slash, nothing},
    {year, month, day},    {nothing, nothing, nothing},
};

static int take_date(const char **text, wxid__date *date)
{
    for (size_t i = 0; i < sizeof styles / sizeof styles[0]; i++) {
        const char *rest = *text;
        if (take_digits(&rest, 4, &date->year) && take_one_of(&rest, styles[i][0]) &&
            take_digits(&rest, 2, &date->month) && take_one_of(&rest, styles[i][1]) &&
            take_digits(&rest, 2, &date->day) && take_one_of(&rest, styles[i][2])) {
            *text = rest;
            return wxid__date_exists(*date) && date->year >= EARLIEST_YEAR &&
                   date->year <= LATEST_YEAR;
        }
    }
    return 0;
}

int wxid__validity_read(wxid__validity *validity, const char *text)
{
    static const char *const dashes[] = {"-", "–", "—", "－", "~", "～", "至", NULL};
    static const char *const long_term[] = {WXID__LONG_TERM, "長期", NULL};
    wxid__validity read = {0};
    if (!take_date(&text, &read.start) || !take_one_of(&text, dashes)) {
        return 0;
    }
    if (!take_one_of(&text, long_term)) {
        read.has_end = take_date(&text, &read.end);
        if (!read.has_end) {
            return 0;
        }
    }
    skip_spaces(&text);
    if (*text != '\0') {
        return 0;
    }
    *validity = read;
    return 1;
}

/* The years of the period: 5, 10 or 20; 0 of 长期; -1 of any other. */
static int years_of(const wxid__validity *validity)
{
    static const int periods[] = {5, 10, 20};
    if (!validity->has_end) {
        return 0;
    }
    for (size_t i = 0; i < sizeof periods / sizeof periods[0]; i++) {
        if (wxid__date_is_after(validity->start, periods[i], validity->end)) {
            return periods[i];
        }
    }
    return -1;
}

/* The years that a citizen of that age gets: Act on Resident Identity Cards, article 5. */
static int years_for(int age)
{
    return age < 16 ? 5 : age < 26 ? 10 : age < 46 ? 20 : 0;
}

static void check_years(wxid__findings *findings, const wxid__validity *validity,
                        wxid__holder holder)
{
    int years = years_of(validity);
    if (years < 0) {
        wxid__find(findings, WXID__FINDING_VALID_DATE_PERIOD);
    } else if (holder.has_permit && years != 5) {
        wxid__find(findings, WXID__FINDING_VALID_DATE_PERMIT);
    } else if (!holder.has_permit && holder.birth != NULL &&
               years != years_for(wxid__date_years(*holder.birth, validity->start))) {
        wxid__find(findings, WXID__FINDING_VALID_DATE_AGE);
    }
}

wxid__findings wxid__validity_check(const wxid__validity *validity, wxid__date today,
                                    wxid__holder holder)
{
    wxid__findings findings = 0;
    if (validity->has_end && wxid__date_compare(validity->end, validity->start) <= 0) {
        wxid__find(&findings, WXID__FINDING_VALID_DATE_ORDER);
    } else {
        check_years(&findings, validity, holder);
        if (wxid__date_compare(validity->start, today) > 0) {
            wxid__find(&findings, WXID__FINDING_VALID_DATE_FUTURE);
        }
    }
    if (validity->has_end && wxid__date_compare(validity->end, today) < 0) {
        wxid__find(&findings, WXID__FINDING_VALID_DATE_EXPIRED);
    }
    return findings;
}
