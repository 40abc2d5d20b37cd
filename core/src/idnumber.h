/* The citizen identity number, GB 11643-1999: what its characters say. */
#ifndef WXID_IDNUMBER_H
#define WXID_IDNUMBER_H

#include <stddef.h>
#include <stdint.h>

#include "calendar.h"
#include "findings.h"

enum { WXID__NUMBER_LENGTH = 18, WXID__OLD_NUMBER_LENGTH = 15 };

typedef struct wxid__number {
    wxid__findings findings; /* what is wrong with it */
    int has_birth;
    wxid__date birth;
    const char *sex;      /* 男 or 女; NULL when it has not the form of a number. All static */
    const char *province; /* NULL if there is none */
    const char *permit;   /* "hong_kong", "macao", "taiwan", or NULL */
} wxid__number;

/* Whether it is 17 digits and then a digit or X; whether it is 15 digits. */
int wxid__is_number(const char *text, size_t length);
int wxid__is_old_number(const char *text, size_t length);
/* The one that belongs behind 17 digits: ISO 7064 MOD 11-2. */
char wxid__check_character(const char digits[17]);
/* Reads any bytes. */
void wxid__number_read(wxid__number *number, const char *text, size_t length, wxid__date today);
/* Whether nothing is wrong with it. */
int wxid__number_is_valid(const wxid__number *number);
/* The next way to read one of 18 characters otherwise, by what OCR is known to mistake, that makes
 * a valid number: 1, or 0 when there is none left. `position` is 0 at first and counts the ways. */
int wxid__number_candidate(char candidate[WXID__NUMBER_LENGTH + 1], size_t *position,
                           const char text[WXID__NUMBER_LENGTH], wxid__date today);
/* The digits of 15, with 19 or 18 before the year, and the check character. */
void wxid__number_convert(char converted[WXID__NUMBER_LENGTH + 1],
                          const char old[WXID__OLD_NUMBER_LENGTH]);

#endif
