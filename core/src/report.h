/* A report that grows. Failure is remembered, so that a writer looks once, at the end. */
#ifndef WXID_REPORT_H
#define WXID_REPORT_H

#include "calendar.h"
#include "value.h"

typedef struct wxid__report {
    wxid_value *object; /* NULL once memory was short */
} wxid__report;

void wxid__report_begin(wxid__report *report);
/* Adds a member, which the report owns from now on; NULL says that memory was short for it. */
void wxid__report_add(wxid__report *report, const char *name, wxid_value *member);
/* NULL becomes a NULL. */
void wxid__report_text(wxid__report *report, const char *name, const char *text);
void wxid__report_date(wxid__report *report, const char *name, const wxid__date *date);
void wxid__report_number(wxid__report *report, const char *name, const int64_t *number);
void wxid__report_flag(wxid__report *report, const char *name, int flag);
/* Hands the OBJECT over; NULL without memory. */
wxid_value *wxid__report_end(wxid__report *report);

#endif
