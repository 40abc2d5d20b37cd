#include "check_id.h"

#include "errors.h"
#include "memory.h"
#include "report.h"

#include <string.h>

/* How many of the two a candidate agrees with. */
static int agreement(const char *candidate, wxid__date today, wxid__beside beside)
{
    wxid__number number;
    wxid__number_read(&number, candidate, WXID__NUMBER_LENGTH, today);
    int birth = beside.birth != NULL && wxid__date_compare(*beside.birth, number.birth) == 0;
    int sex = beside.sex != NULL && strcmp(beside.sex, number.sex) == 0;
    return birth + sex;
}

/* Adds the candidates of one agreement; -1 without memory. */
static int add_candidates(wxid_value *list, const char *text, wxid__date today, wxid__beside beside,
                          int wanted)
{
    char candidate[WXID__NUMBER_LENGTH + 1];
    size_t position = 0;
    int failed = 0;
    while (!failed && wxid__number_candidate(candidate, &position, text, today)) {
        if (agreement(candidate, today, beside) == wanted) {
            failed = wxid__value_add(list, NULL, wxid__value_new_string(candidate)) != 0;
        }
    }
    wxid__wipe(candidate, sizeof candidate);
    return failed ? -1 : 0;
}

static wxid_value *candidates_of(const wxid__number *number, const char *text, size_t length,
                                 wxid__date today, wxid__beside beside)
{
    wxid_value *list = wxid__value_new(WXID_TYPE_ARRAY);
    if (list == NULL || length != WXID__NUMBER_LENGTH || wxid__number_is_valid(number)) {
        return list;
    }
    for (int wanted = 2; wanted >= 0; wanted--) {
        if (add_candidates(list, text, today, beside, wanted) != 0) {
            wxid_value_free(list);
            return NULL;
        }
    }
    return list;
}

wxid_value *wxid__check_id(const wxid__number *number, const char *text, size_t length,
                           wxid__date today, wxid__beside beside)
{
    wxid__report report;
    wxid__report_begin(&report);
    wxid__report_flag(&report, "valid", wxid__number_is_valid(number));
    wxid__report_date(&report, "birth", number->has_birth ? &number->birth : NULL);
    wxid__report_text(&report, "sex", number->sex);
    wxid__report_text(&report, "province", number->province);
    wxid__report_text(&report, "permit", number->permit);
    wxid__report_add(&report, "candidates", candidates_of(number, text, length, today, beside));
    wxid__report_add(&report, "findings", wxid__findings_value(number->findings));
    return wxid__report_end(&report);
}

int wxid_check_id(wxid_value **report, const char *number, size_t length, const char *today,
                  int64_t unix_s, wxid_error **error)
{
    const wxid__beside nothing = {NULL, NULL};
    wxid__number read;
    wxid__date day;
    if (wxid__date_today(&day, today, unix_s, error) != 0) {
        return -1;
    }
    wxid__number_read(&read, number, length, day);
    wxid_value *made = wxid__check_id(&read, number, length, day, nothing);
    wxid__wipe(&read, sizeof read);
    if (made == NULL) {
        return wxid__fail(error, wxid__error_memory());
    }
    *report = made;
    return 0;
}

int wxid_convert_id(wxid_value **converted, const char *number, size_t length, wxid_error **error)
{
    const wxid__date end_of_time = {9999, 12, 31};
    char text[WXID__NUMBER_LENGTH + 1];
    wxid__number read;
    wxid__number_read(&read, number, length, end_of_time);
    if (!wxid__is_old_number(number, length) || !read.has_birth) {
        return wxid__fail(error,
                          wxid_error_new(WXID_KIND_USAGE,
                                         "only a number of 15 digits with a date of birth in them "
                                         "can be converted to one of 18 characters"));
    }
    wxid__number_convert(text, number);
    wxid_value *made = wxid__value_new_string(text);
    wxid__wipe(text, sizeof text);
    if (made == NULL) {
        return wxid__fail(error, wxid__error_memory());
    }
    *converted = made;
    return 0;
}
