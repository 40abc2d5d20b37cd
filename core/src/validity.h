/* The period of validity, as the back of a card has it. */
#ifndef WXID_VALIDITY_H
#define WXID_VALIDITY_H

#include "calendar.h"
#include "findings.h"

typedef struct wxid__validity {
    wxid__date start;
    int has_end; /* 0 of 长期 */
    wxid__date end;
} wxid__validity;

#define WXID__LONG_TERM "长期"

/* Reads "YYYYMMDD-YYYYMMDD", "YYYY.MM.DD-长期" and the like: 1 if it is a period. */
int wxid__validity_read(wxid__validity *validity, const char *text);

/* What is known of the holder. */
typedef struct wxid__holder {
    const wxid__date *birth; /* NULL if unknown */
    int has_permit;          /* a residence permit, not a citizen's card */
} wxid__holder;

/* What is wrong with it. */
wxid__findings wxid__validity_check(const wxid__validity *validity, wxid__date today,
                                    wxid__holder holder);

#endif
