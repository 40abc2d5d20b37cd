#include "findings.h"

#include "report.h"

#include <string.h>

static const wxid_finding_info table[] = {
#define WXID_FINDING(NAME, code, field, level, message, message_zh) \
    {code, field, level, message, message_zh},
#include "wxidcard_findings.def"
};

_Static_assert(WXID__FINDING_COUNT <= 64, "a set of findings has 64 places");

const wxid_finding_info *wxid_finding_info_at(size_t index)
{
    return index < WXID__FINDING_COUNT ? &table[index] : NULL;
}

void wxid__find(wxid__findings *findings, wxid__finding finding)
{
    *findings |= UINT64_C(1) << finding;
}

static int has(wxid__findings findings, size_t finding)
{
    return (findings >> finding & 1) != 0;
}

int wxid__findings_have_error(wxid__findings findings)
{
    for (size_t i = 0; i < WXID__FINDING_COUNT; i++) {
        if (has(findings, i) && strcmp(table[i].level, "error") == 0) {
            return 1;
        }
    }
    return 0;
}

static wxid_value *value_of(const wxid_finding_info *info)
{
    wxid__report report;
    wxid__report_begin(&report);
    wxid__report_text(&report, "field", info->field);
    wxid__report_text(&report, "code", info->code);
    wxid__report_text(&report, "level", info->level);
    wxid__report_text(&report, "message", info->message);
    wxid__report_text(&report, "message_zh", info->message_zh);
    return wxid__report_end(&report);
}

wxid_value *wxid__findings_value(wxid__findings findings)
{
    wxid_value *list = wxid__value_new(WXID_TYPE_ARRAY);
    for (size_t i = 0; list != NULL && i < WXID__FINDING_COUNT; i++) {
        if (has(findings, i) && wxid__value_add(list, NULL, value_of(&table[i])) != 0) {
            wxid_value_free(list);
            return NULL;
        }
    }
    return list;
}
