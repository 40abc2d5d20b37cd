#include "report.h"

#include "memory.h"

void wxid__report_begin(wxid__report *report)
{
    report->object = wxid__value_new(WXID_TYPE_OBJECT);
}

void wxid__report_add(wxid__report *report, const char *name, wxid_value *member)
{
    if (report->object == NULL) {
        wxid_value_free(member);
    } else if (wxid__value_add(report->object, wxid__text_copy(name), member) != 0) {
        wxid_value_free(report->object);
        report->object = NULL;
    }
}

void wxid__report_text(wxid__report *report, const char *name, const char *text)
{
    wxid__report_add(report, name,
                     text != NULL ? wxid__value_new_string(text) : wxid__value_new(WXID_TYPE_NULL));
}

void wxid__report_date(wxid__report *report, const char *name, const wxid__date *date)
{
    char text[WXID__DATE_SIZE];
    if (date != NULL) {
        wxid__date_write(text, *date);
    }
    wxid__report_text(report, name, date != NULL ? text : NULL);
    wxid__wipe(text, sizeof text);
}

void wxid__report_number(wxid__report *report, const char *name, const int64_t *number)
{
    wxid__report_add(report, name,
                     number != NULL ? wxid__value_new_number((double)*number)
                                    : wxid__value_new(WXID_TYPE_NULL));
}

void wxid__report_flag(wxid__report *report, const char *name, int flag)
{
    wxid__report_add(report, name, wxid__value_new_boolean(flag));
}

wxid_value *wxid__report_end(wxid__report *report)
{
    wxid_value *object = report->object;
    report->object = NULL;
    return object;
}
