/* Days of the Gregorian calendar. */
#ifndef WXID_CALENDAR_H
#define WXID_CALENDAR_H

#include <stdint.h>

#include "wxidcard_base.h"

typedef struct wxid__date {
    int year, month, day;
} wxid__date;

/* "2016-02-29" and its NUL. */
#define WXID__DATE_SIZE 11

/* Whether there is such a day, in the years 1 to 9999. */
int wxid__date_exists(wxid__date date);
/* Days since 1970-01-01. */
int64_t wxid__date_number(wxid__date date);
/* Less than 0, 0, or more, as a comes before b, is b, or comes after it. */
int wxid__date_compare(wxid__date a, wxid__date b);
/* Whole years, less than 0 if `to` comes first. Who is born on 29 February becomes a year older on
 * 1 March where there is no 29th. */
int wxid__date_years(wxid__date from, wxid__date to);
/* Whether `end` is so many years after `start`, day for day; of a 29 February also the days beside
 * it, where the year of the end has none. */
int wxid__date_is_after(wxid__date start, int years, wxid__date end);
/* Reads so many digits; -1 if there is anything else among them. */
int wxid__digits(const char *text, int count);
/* "YYYY-MM-DD", all of the text, and a day that exists: 1 if it is one. */
int wxid__date_read(wxid__date *date, const char *text);
void wxid__date_write(char text[WXID__DATE_SIZE], wxid__date date);
/* The day that the caller says it is, or the one in China at unix_s. Errors: USAGE. */
int wxid__date_today(wxid__date *today, const char *given, int64_t unix_s, wxid_error **error);

#endif
