/* Days, against the C library's own calendar and by what is known of single ones. */
#include "support/support.h"

#include "calendar.h"

#include <string.h>
#include <time.h>

static void test_every_day_against_the_system(void **state)
{
    int64_t number = -62135596800 / 86400; /* 0001-01-01 */
    wxid__date date = {1, 1, 1};
    (void)state;
    for (; number < 2932897; number++) { /* 10000-01-01 */
        time_t seconds = (time_t)number * 86400;
        struct tm day;
        assert_non_null(gmtime_r(&seconds, &day));
        date = (wxid__date){day.tm_year + 1900, day.tm_mon + 1, day.tm_mday};
        assert_true(wxid__date_exists(date));
        assert_int_equal(wxid__date_number(date), number);
    }
    assert_int_equal(date.year, 9999);
}

static void test_days_that_there_are_not(void **state)
{
    static const wxid__date none[] = {
        {0, 1, 1},     {10000, 1, 1}, {2026, 0, 1},  {2026, 13, 1},  {2026, 1, 0},
        {2026, 1, 32}, {2026, 4, 31}, {2026, 2, 29}, {1900, 2, 29},  {2000, 2, 30},
        {-1, -1, -1},  {2026, 6, 31}, {2026, 9, 31}, {2026, 11, 31}, {2100, 2, 29},
    };
    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_false(wxid__date_exists(none[i]));
    }
    assert_true(wxid__date_exists((wxid__date){2000, 2, 29}));
    assert_true(wxid__date_exists((wxid__date){2024, 2, 29}));
}

static void test_reading_and_writing(void **state)
{
    static const char *const wrong[] = {"",           "2026-1-01",   "2026-01-1",  "2026/01/01",
                                        "2026-02-29", "2026-01-01 ", " 2026-01-0", "20260101",
                                        "2026-01+01", "+026-01-01",  "２026-01-0", "2026-01-0x"};
    char text[WXID__DATE_SIZE];
    wxid__date date = {7, 7, 7};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(wxid__date_read(&date, wrong[i]));
        assert_int_equal(date.year, 7);
    }
    assert_true(wxid__date_read(&date, "0987-06-05"));
    wxid__date_write(text, date);
    assert_string_equal(text, "0987-06-05");
}

static void test_years(void **state)
{
    static const struct {
        wxid__date from, to;
        int years;
    } cases[] = {
        {{2000, 5, 6}, {2016, 5, 5}, 15},   {{2000, 5, 6}, {2016, 5, 6}, 16},
        {{2000, 2, 29}, {2015, 2, 28}, 14}, {{2000, 2, 29}, {2015, 3, 1}, 15},
        {{2000, 2, 29}, {2016, 2, 28}, 15}, {{2000, 2, 29}, {2016, 2, 29}, 16},
        {{2000, 5, 6}, {2000, 5, 5}, -1},   {{2000, 5, 6}, {2000, 5, 6}, 0},
        {{2000, 12, 31}, {2001, 1, 1}, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(wxid__date_years(cases[i].from, cases[i].to), cases[i].years);
    }
}

static void test_so_many_years_after(void **state)
{
    static const struct {
        wxid__date start;
        int years;
        wxid__date end;
        int is;
    } cases[] = {
        {{2016, 5, 6}, 10, {2026, 5, 6}, 1},   {{2016, 5, 6}, 10, {2026, 5, 5}, 0},
        {{2016, 5, 6}, 10, {2026, 5, 7}, 0},   {{2016, 5, 6}, 5, {2026, 5, 6}, 0},
        {{2016, 2, 29}, 5, {2021, 2, 28}, 1},  {{2016, 2, 29}, 5, {2021, 3, 1}, 1},
        {{2016, 2, 29}, 5, {2021, 3, 2}, 0},   {{2016, 2, 29}, 5, {2021, 2, 27}, 0},
        {{2016, 2, 28}, 5, {2021, 3, 1}, 0},   {{2016, 2, 29}, 20, {2036, 2, 29}, 1},
        {{2016, 2, 29}, 20, {2036, 2, 28}, 0}, {{2016, 3, 1}, 5, {2021, 2, 28}, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(wxid__date_is_after(cases[i].start, cases[i].years, cases[i].end),
                         cases[i].is);
    }
}

static void expect_today(const char *expected, const char *given, int64_t unix_s)
{
    char text[WXID__DATE_SIZE];
    wxid__date today;
    assert_int_equal(wxid__date_today(&today, given, unix_s, NULL), 0);
    wxid__date_write(text, today);
    assert_string_equal(text, expected);
}

static void test_today(void **state)
{
    (void)state;
    expect_today("2024-02-29", "2024-02-29", 0);
    expect_today("1970-01-01", NULL, 0);
    expect_today("1970-01-01", NULL, 57599); /* 15:59:59 in Greenwich is 23:59:59 in China */
    expect_today("1970-01-02", NULL, 57600);
    expect_today("2024-02-29", NULL, 1709135999 + 1);
    expect_today("2024-02-28", NULL, 1709135999);
    expect_today("9999-12-31", NULL, 253402214399);
}

static void test_today_that_is_none(void **state)
{
    static const struct {
        const char *given;
        int64_t unix_s;
    } cases[] = {{"2023-02-29", 0}, {"", 0},           {"today", 0},
                 {NULL, -1},        {NULL, INT64_MAX}, {NULL, 253402214400}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        wxid__date today;
        wxid_error *error = NULL;
        assert_int_equal(wxid__date_today(&today, cases[i].given, cases[i].unix_s, &error), -1);
        assert_int_equal(wxid_error_kind(error), WXID_KIND_USAGE);
        assert_non_null(strstr(wxid_error_message(error), "YYYY-MM-DD"));
        wxid_error_free(error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_day_against_the_system),
        cmocka_unit_test(test_days_that_there_are_not),
        cmocka_unit_test(test_reading_and_writing),
        cmocka_unit_test(test_years),
        cmocka_unit_test(test_so_many_years_after),
        cmocka_unit_test(test_today),
        cmocka_unit_test(test_today_that_is_none),
    };
    return cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
}
