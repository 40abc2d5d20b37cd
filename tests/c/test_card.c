/* Cards of the caller's own: what may be put in, and what is no card. */
#include "support/support.h"

#include <string.h>

static wxid_value *new_card(void)
{
    wxid_value *card = NULL;
    assert_int_equal(wxid_card_new(&card, NULL), 0);
    return card;
}

static void put(wxid_value *card, const char *name, const char *text)
{
    assert_int_equal(
        wxid_card_add(card, name, strlen(name), WXID_TYPE_STRING, text, strlen(text), NULL), 0);
}

/* Takes the error from where the call left it. */
static void assert_usage(int result, wxid_error **where, const char *says)
{
    wxid_error *error = *where;
    *where = NULL;
    assert_int_equal(result, -1);
    assert_int_equal(wxid_error_kind(error), WXID_KIND_USAGE);
    assert_non_null(strstr(wxid_error_message(error), says));
    assert_null(strstr(wxid_error_message(error), "canary"));
    wxid_error_free(error);
}

/* A card with something other than text in a field of cards is no card, and masked all the same. */
static void assert_is_refused(const wxid_value *card, const char *name)
{
    wxid_value *made = NULL;
    wxid_error *error = NULL;
    int result = wxid_check(&made, card, NULL, "2026-11-24", 0, &error);
    assert_usage(result, &error, name);
    assert_int_equal(wxid_mask(&made, card, NULL), 0);
    assert_string_equal(wxid_value_string(wxid_value_get(made, name), NULL), "***");
    wxid_value_free(made);
}

static void test_what_is_no_card_has_no_fields(void **state)
{
    wxid_value *card = new_card();
    wxid_error *error = NULL;
    (void)state;
    put(card, "name", "canary");
    wxid_value *text = (wxid_value *)(uintptr_t)wxid_value_get(card, "name");
    int result = wxid_card_add(text, "id", 2, WXID_TYPE_STRING, "canary", 6, &error);
    assert_usage(result, &error, "wxid_card_new()");
    wxid_value_free(card);
}

static void test_fields(void **state)
{
    const char *name;
    size_t count = 0;
    (void)state;
    for (; (name = wxid_card_field_at(count)) != NULL; count++) {
        for (wxid_type type = WXID_TYPE_NULL; type <= WXID_TYPE_OBJECT; type++) {
            wxid_value *card = new_card();
            assert_int_equal(wxid_card_add(card, name, strlen(name), type, "", 0, NULL), 0);
            assert_int_equal(wxid_value_type(wxid_value_get(card, name)), type);
            if (type != WXID_TYPE_NULL && type != WXID_TYPE_STRING) {
                assert_is_refused(card, name);
            }
            wxid_value_free(card);
        }
    }
    assert_int_equal(count, 8);
}

static void test_texts_that_are_none(void **state)
{
    static const char *const bytes[] = {"canary\xff", "canary\xed\xa0\x80", "canary\0x",
                                        "\xe5\xbc"};
    static const size_t lengths[] = {7, 9, 8, 2};
    (void)state;
    for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {
        wxid_value *card = new_card();
        wxid_error *error = NULL;
        int result = wxid_card_add(card, bytes[i], lengths[i], WXID_TYPE_NULL, NULL, 0, &error);
        assert_usage(result, &error, "not UTF-8");
        assert_int_equal(wxid_value_count(card), 0);
        assert_int_equal(
            wxid_card_add(card, "name", 4, WXID_TYPE_STRING, bytes[i], lengths[i], NULL), 0);
        assert_is_refused(card, "name");
        wxid_value_free(card);
    }
}

static void test_texts_need_no_end(void **state)
{
    wxid_value *card = new_card();
    (void)state;
    assert_int_equal(wxid_card_add(card, "namely", 4, WXID_TYPE_STRING, "张三丰", 6, NULL), 0);
    assert_string_equal(wxid_value_string(wxid_value_get(card, "name"), NULL), "张三");
    assert_int_equal(wxid_card_add(card, "addr", 4, WXID_TYPE_STRING, NULL, 0, NULL), 0);
    assert_string_equal(wxid_value_string(wxid_value_get(card, "addr"), NULL), "");
    wxid_value_free(card);
}

static void test_only_objects(void **state)
{
    wxid_value *card = new_card();
    wxid_value *report = NULL;
    (void)state;
    put(card, "id", "11010519491231002X");
    assert_int_equal(wxid_check(&report, card, NULL, "2026-11-24", 0, NULL), 0);
    const wxid_value *none[] = {wxid_value_get(card, "id"), wxid_value_get(report, "findings")};
    for (size_t i = 0; i < 2; i++) {
        wxid_value *made = NULL;
        wxid_error *error = NULL;
        assert_usage(wxid_check(&made, none[i], NULL, NULL, 0, &error), &error, "named fields");
        assert_usage(wxid_mask(&made, none[i], &error), &error, "named fields");
        assert_null(made);
    }
    wxid_value_free(report);
    wxid_value_free(card);
}

static void test_a_report_is_checked_as_nothing(void **state)
{
    wxid_value *report = NULL;
    wxid_value *made = NULL;
    wxid_error *error = NULL;
    (void)state;
    assert_int_equal(wxid_check_id(&report, "canary", 6, "2026-11-24", 0, NULL), 0);
    assert_usage(wxid_check(&made, NULL, report, "2026-11-24", 0, &error), &error, "no card");
    wxid_value_free(report);
}

static void test_nothing_at_all(void **state)
{
    wxid_value *made = NULL;
    wxid_error *error = NULL;
    (void)state;
    assert_usage(wxid_check(&made, NULL, NULL, "2026-11-24", 0, &error), &error, "no card");
    assert_usage(wxid_check_id(&made, "1", 1, "canary", 0, &error), &error, "YYYY-MM-DD");
    assert_usage(wxid_convert_id(&made, "canary", 6, &error), &error, "15 digits");
    assert_null(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_what_is_no_card_has_no_fields),
        cmocka_unit_test(test_texts_that_are_none),
        cmocka_unit_test(test_texts_need_no_end),
        cmocka_unit_test(test_only_objects),
        cmocka_unit_test(test_a_report_is_checked_as_nothing),
        cmocka_unit_test(test_nothing_at_all),
    };
    return cmocka_run_group_tests_name("card", tests, NULL, NULL);
}
