/* Every allocation of a check, a conversion and a mask fails once, and nothing leaks. */
#include "support/failing_memory.h"
#include "support/support.h"

#include <string.h>

static const char today[] = "2026-11-24";

static int add(wxid_value *card, const char *name, const char *text, wxid_error **error)
{
    return wxid_card_add(card, name, strlen(name), WXID_TYPE_STRING, text, strlen(text), error);
}

/* Frees the result; 0 if there was one, -1 if memory was short. */
static int end(int done, wxid_value *result, wxid_value *given, wxid_error *error)
{
    assert_int_equal(done == 0, result != NULL);
    if (done != 0) {
        assert_int_equal(wxid_error_kind(error), WXID_KIND_MEMORY);
    }
    wxid_value_free(result);
    wxid_value_free(given);
    wxid_error_free(error);
    return done;
}

/* With a wrong check character and a finding of every allocation that there is. */
static int make_card(wxid_value **card, wxid_error **error)
{
    if (wxid_card_new(card, error) != 0 || add(*card, "name", "张三", error) != 0 ||
        add(*card, "id", "110105194912310028", error) != 0 ||
        add(*card, "addr", "北京市朝阳区某路1号", error) != 0 ||
        wxid_card_add(*card, "note", 4, WXID_TYPE_NULL, NULL, 0, error) != 0 ||
        wxid_card_add(*card, "count", 5, WXID_TYPE_INTEGER, NULL, 0, error) != 0) {
        return -1;
    }
    return add(*card, "valid_date", "20160101-20260101", error);
}

static int whole_check(void *context)
{
    wxid_value *card = NULL;
    wxid_value *report = NULL;
    wxid_error *error = NULL;
    (void)context;
    int done = make_card(&card, &error);
    if (done == 0) {
        done = wxid_check(&report, card, NULL, today, 0, &error);
    }
    if (done == 0) {
        const wxid_value *id = wxid_value_get(report, "id");
        assert_int_equal(wxid_value_count(wxid_value_get(id, "candidates")), 1);
        assert_int_equal(wxid_value_count(wxid_value_get(report, "findings")), 4);
        assert_int_equal(wxid_value_count(report), 7);
    }
    return end(done, report, card, error);
}

static int whole_mask(void *context)
{
    wxid_value *card = NULL;
    wxid_value *masked = NULL;
    wxid_error *error = NULL;
    (void)context;
    int done = make_card(&card, &error);
    if (done == 0) {
        done = wxid_mask(&masked, card, &error);
    }
    if (done == 0) {
        assert_int_equal(wxid_value_count(masked), wxid_value_count(card));
    }
    return end(done, masked, card, error);
}

static int whole_number(void *context)
{
    wxid_value *converted = NULL;
    wxid_value *report = NULL;
    wxid_error *error = NULL;
    (void)context;
    int done = wxid_convert_id(&converted, "110105491231002", 15, &error);
    if (done == 0) {
        assert_string_equal(wxid_value_string(converted, NULL), "11010519491231002X");
        done = wxid_check_id(&report, "110105194912310028", 18, NULL, 1700000000, &error);
    }
    if (done == 0) {
        assert_int_equal(wxid_value_count(report), 7);
    }
    return end(done, report, converted, error);
}

static void test_check(void **state)
{
    (void)state;
    every_allocation_fails(whole_check, NULL);
}

static void test_mask(void **state)
{
    (void)state;
    every_allocation_fails(whole_mask, NULL);
}

static void test_number(void **state)
{
    (void)state;
    every_allocation_fails(whole_number, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_mask),
        cmocka_unit_test(test_number),
    };
    return cmocka_run_group_tests_name("memory_checks", tests, wrap_cjson, NULL);
}
