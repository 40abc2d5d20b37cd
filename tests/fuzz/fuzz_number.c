/* The number of a card: any bytes. Input: a choice of today, the number.
 *
 * The report says of a number what another way of reckoning says; it is valid exactly where there
 * is no error among the findings, which are the table's; candidates are valid and differ in one
 * character; and a number of 15 digits becomes one that fits. */
#include "input.h"
#include "properties.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const days[] = {"2026-01-15", "1900-02-28", "9999-12-31", "0001-01-01", NULL};

static int are_digits(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return 0;
        }
    }
    return 1;
}

/* ISO 7064 by its recursion, digit by digit, where the library has a table of weights. */
static int fits(const char *text)
{
    int rest = 0;
    for (int i = 0; i < 17; i++) {
        rest = (rest + text[i] - '0') * 2 % 11;
    }
    int last = text[17] == 'X' ? 10 : text[17] - '0';
    return (rest + last) % 11 == 1;
}

static wxid_value *report_of(const char *number, size_t length, const char *today)
{
    wxid_value *report = NULL;
    wxid_error *error = NULL;
    HOLDS(wxid_check_id(&report, number, length, today, 0, &error) == 0);
    HOLDS(report != NULL && error == NULL);
    check_value(report);
    return report;
}

static int is_valid(const wxid_value *report)
{
    return wxid_value_boolean(wxid_value_get(report, "valid"));
}

/* What a valid number says is in its digits. */
static void check_valid(const wxid_value *report, const char *number, const char *today)
{
    char birth[11];
    const char *sex = text_of(report, "sex");
    HOLDS(are_digits(number, 17) && fits(number));
    (void)snprintf(birth, sizeof birth, "%.4s-%.2s-%.2s", number + 6, number + 10, number + 12);
    HOLDS(strcmp(text_of(report, "birth"), birth) == 0);
    HOLDS(today == NULL || strcmp(birth, today) <= 0);
    HOLDS(strcmp(sex, (number[16] - '0') % 2 != 0 ? "男" : "女") == 0);
    HOLDS(text_of(report, "province") != NULL);
}

static size_t differences(const char *one, const char *other, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        count += one[i] != other[i];
    }
    return count;
}

static void check_candidates(const wxid_value *report, const char *number, size_t length,
                             const char *today)
{
    const wxid_value *candidates = wxid_value_get(report, "candidates");
    HOLDS(wxid_value_type(candidates) == WXID_TYPE_ARRAY);
    HOLDS(wxid_value_count(candidates) == 0 || (length == 18 && !is_valid(report)));
    for (size_t i = 0; i < wxid_value_count(candidates); i++) {
        size_t its_length = 0;
        const char *candidate = wxid_value_string(wxid_value_at(candidates, i), &its_length);
        HOLDS(its_length == 18 && differences(candidate, number, 18) == 1);
        wxid_value *its_report = report_of(candidate, 18, today);
        HOLDS(is_valid(its_report));
        wxid_value_free(its_report);
    }
}

static void check_conversion(const char *number, size_t length)
{
    wxid_value *converted = NULL;
    wxid_error *error = NULL;
    if (wxid_convert_id(&converted, number, length, &error) != 0) {
        input from = {(const uint8_t *)number, length};
        char *text = take_text(&from);
        HOLDS(converted == NULL && wxid_error_kind(error) == WXID_KIND_USAGE);
        check_error(error, strlen(text) >= 8 ? text : MARK);
        free(text);
        wxid_error_free(error);
        return;
    }
    size_t its_length = 0;
    const char *text = wxid_value_string(converted, &its_length);
    HOLDS(length == 15 && are_digits(number, 15) && its_length == 18);
    HOLDS(are_digits(text, 17) && fits(text));
    HOLDS(memcmp(text, number, 6) == 0 && memcmp(text + 8, number + 6, 9) == 0);
    wxid_value_free(converted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    input from = {data, length};
    const char *today = days[take_below(&from, sizeof days / sizeof days[0])];
    char *number = copy_of(from.data, from.length);
    wxid_value *report = report_of(number, from.length, today);
    int has_error = check_findings(wxid_value_get(report, "findings"), "id");
    HOLDS(is_valid(report) == !has_error);
    HOLDS(from.length == 18 || !is_valid(report));
    if (is_valid(report)) {
        check_valid(report, number, today);
    }
    check_candidates(report, number, from.length, today);
    check_conversion(number, from.length);
    wxid_value_free(report);
    free(number);
    return 0;
}
