#include "calendar.h"

#include "errors.h"

#include <stdio.h>
#include <string.h>

#define SECONDS_A_DAY INT64_C(86400)
/* China has one time for all of it, and no summer time. */
#define CHINA_AHEAD_S INT64_C(28800)
#define LATEST_UNIX_S INT64_C(253402214400) /* the last day of the year 9999 */

static int is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int wxid__date_exists(wxid__date date)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (date.year < 1 || date.year > 9999 || date.month < 1 || date.month > 12 || date.day < 1) {
        return 0;
    }
    return date.day <= days[date.month - 1] + (date.month == 2 && is_leap(date.year));
}

/* After H. Hinnant's days_from_civil: years that begin in March end with the leap day. */
int64_t wxid__date_number(wxid__date date)
{
    int64_t year = date.year - (date.month <= 2);
    int64_t era = year / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* The other way round; after H. Hinnant's civil_from_days. From 0000-03-01 on. */
static wxid__date date_of_number(int64_t number)
{
    number += 719468;
    int64_t era = number / 146097;
    int64_t of_era = number - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int month = (int)((5 * of_year + 2) / 153);
    int day = (int)(of_year - (153 * month + 2) / 5 + 1);
    month += month < 10 ? 3 : -9;
    return (wxid__date){(int)(year + era * 400) + (month <= 2), month, day};
}

int wxid__date_compare(wxid__date a, wxid__date b)
{
    if (a.year != b.year) {
        return a.year - b.year;
    }
    return a.month != b.month ? a.month - b.month : a.day - b.day;
}

int wxid__date_years(wxid__date from, wxid__date to)
{
    wxid__date birthday = {to.year, from.month, from.day};
    return to.year - from.year - (wxid__date_compare(to, birthday) < 0);
}

int wxid__date_is_after(wxid__date start, int years, wxid__date end)
{
    wxid__date expected = {start.year + years, start.month, start.day};
    if (wxid__date_exists(expected)) {
        return wxid__date_compare(end, expected) == 0;
    }
    wxid__date before = {expected.year, 2, 28};
    wxid__date after = {expected.year, 3, 1};
    return wxid__date_compare(end, before) == 0 || wxid__date_compare(end, after) == 0;
}

int wxid__digits(const char *text, int count)
{
    int number = 0;
    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        number = number * 10 + (text[i] - '0');
    }
    return number;
}

int wxid__date_read(wxid__date *date, const char *text)
{
    if (strlen(text) != WXID__DATE_SIZE - 1 || text[4] != '-' || text[7] != '-') {
        return 0;
    }
    wxid__date read = {wxid__digits(text, 4), wxid__digits(text + 5, 2), wxid__digits(text + 8, 2)};
    if (!wxid__date_exists(read)) {
        return 0;
    }
    *date = read;
    return 1;
}

void wxid__date_write(char text[WXID__DATE_SIZE], wxid__date date)
{
    /* The remainders only tell the compiler what a date that exists cannot exceed. */
    (void)snprintf(text, WXID__DATE_SIZE, "%04u-%02u-%02u", (unsigned)date.year % 10000,
                   (unsigned)date.month % 100, (unsigned)date.day % 100);
}

int wxid__date_today(wxid__date *today, const char *given, int64_t unix_s, wxid_error **error)
{
    if (given != NULL) {
        if (!wxid__date_read(today, given)) {
            return wxid__fail(
                error, wxid_error_new(WXID_KIND_USAGE, "today must be a date, written YYYY-MM-DD"));
        }
        return 0;
    }
    if (unix_s < 0 || unix_s >= LATEST_UNIX_S) {
        return wxid__fail(error, wxid_error_new(WXID_KIND_USAGE,
                                                "the clock says no day from 1970 to 9999: give "
                                                "today as YYYY-MM-DD"));
    }
    *today = date_of_number((unix_s + CHINA_AHEAD_S) / SECONDS_A_DAY);
    return 0;
}
