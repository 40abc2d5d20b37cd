/* What checks find: a set of the rows of wxidcard_findings.def. */
#ifndef WXID_FINDINGS_H
#define WXID_FINDINGS_H

#include <stdint.h>

#include "wxidcard_card.h"

typedef enum wxid__finding {
#define WXID_FINDING(NAME, code, field, level, message, message_zh) WXID__FINDING_##NAME,
#include "wxidcard_findings.def"
    WXID__FINDING_COUNT
} wxid__finding;

typedef uint64_t wxid__findings;

void wxid__find(wxid__findings *findings, wxid__finding finding);
/* Whether one of them is an error. */
int wxid__findings_have_error(wxid__findings findings);
/* An ARRAY of what they say, in the order of the table; NULL without memory. */
wxid_value *wxid__findings_value(wxid__findings findings);

#endif
