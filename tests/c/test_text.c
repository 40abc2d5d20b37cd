/* Text: encodings, numbers, dates, and what must not be shown. */
#include "support/support.h"

#include "buffer.h"
#include "memory.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every code point there is, encoded by the rule, is valid; surrogates are not. */
static void test_utf8_of_every_code_point(void **state)
{
    (void)state;
    for (uint32_t point = 1; point <= 0x10ffff; point++) {
        char text[4];
        size_t length;
        if (point < 0x80) {
            text[0] = (char)point;
            length = 1;
        } else if (point < 0x800) {
            text[0] = (char)(0xc0 | point >> 6);
            text[1] = (char)(0x80 | (point & 0x3f));
            length = 2;
        } else if (point < 0x10000) {
            text[0] = (char)(0xe0 | point >> 12);
            text[1] = (char)(0x80 | (point >> 6 & 0x3f));
            text[2] = (char)(0x80 | (point & 0x3f));
            length = 3;
        } else {
            text[0] = (char)(0xf0 | point >> 18);
            text[1] = (char)(0x80 | (point >> 12 & 0x3f));
            text[2] = (char)(0x80 | (point >> 6 & 0x3f));
            text[3] = (char)(0x80 | (point & 0x3f));
            length = 4;
        }
        int surrogate = point >= 0xd800 && point <= 0xdfff;
        if (wxid__utf8_valid(text, length) == surrogate) {
            fail_msg("U+%04X", (unsigned)point);
        }
        if (length > 1 && wxid__utf8_valid(text, length - 1)) {
            fail_msg("U+%04X, cut", (unsigned)point);
        }
    }
    assert_false(wxid__utf8_valid("a\0b", 3));
    assert_true(wxid__utf8_valid("", 0));
}

static void test_decimal(void **state)
{
    static const char *const refused[] = {
        "", "-", "+1", " 1", "1 ", "1.0", "0x1", "1e3", "--1", "９", "99999999999999999999x"};
    int64_t number = 7;
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_false(wxid__decimal(&number, refused[i]));
    }
    assert_int_equal(number, 7);
    assert_true(wxid__decimal(&number, "-40001"));
    assert_int_equal(number, -40001);
    assert_true(wxid__decimal(&number, "007"));
    assert_int_equal(number, 7);
    assert_true(wxid__decimal(&number, "9223372036854775807"));
    assert_true(number == INT64_MAX);
    assert_true(wxid__decimal(&number, "99999999999999999999000"));
    assert_true(number == INT64_MAX);
    assert_true(wxid__decimal(&number, "-99999999999999999999"));
    assert_true(number == -INT64_MAX);
}

static void test_http_date(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds; /* -1: not a date */
    } dates[] = {
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"Tue, 29 Feb 2000 23:59:59 GMT", 951868799},
        {"Fri, 31 Dec 2100 23:59:60 GMT", 4133980800},
        {"Sunday, 06-Nov-94 08:49:37 GMT", -1},
        {"Sun, 06 Nov 1994 08:49:37 GMT and more", -1},
        {"Sun, 06 Nox 1994 08:49:37 GMT", -1},
        {"Sun, 06 anF 1994 08:49:37 GMT", -1},
        {"Sun, 32 Nov 1994 08:49:37 GMT", -1},
        {"Wed, 29 Feb 2023 08:49:37 GMT", -1},
        {"Sun, +6 Nov 1994 08:49:37 GMT", -1},
        {"Sun,  6 Nov 1994 08:49:37 GMT", -1},
        {"Sun, 6 Nov 1994 08:49:37 GMT", -1},
        {"Sun, 06 Nov 1994 8:49:37 GMT", -1},
        {"Sun, 06 Nov 1994 08:49:-1 GMT", -1},
        {"Sun, 06 Nov 1994 24:49:37 GMT", -1},
        {"Sun, 06 Nov 1994 08:49:37", -1},
        {"", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        int64_t seconds = -1;
        print_message("date: %s\n", dates[i].text);
        assert_int_equal(wxid__http_date(&seconds, dates[i].text), dates[i].seconds >= 0);
        assert_int_equal(seconds, dates[i].seconds);
    }
}

static void test_snake_case(void **state)
{
    static const char *const names[][2] = {
        {"validDate", "valid_date"},
        {"errCode", "errcode"},
        {"errMsg", "errmsg"},
        {"valid_date", "valid_date"},
        {"cardProperty", "card_property"},
        {"id", "id"},
        {"faceID", "face_id"},
        {"ID", "ID"},
        {"a1B", "a1_b"},
        {"a_B", "a_b"},
        {"", ""},
        {"性别", "性别"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *snake = wxid__snake_case(names[i][0]);
        assert_string_equal(snake, names[i][1]);
        wxid__text_free(snake);
    }
}

static void test_percent_encoding(void **state)
{
    wxid__buffer buffer = WXID__BUFFER_INIT;
    (void)state;
    for (int byte = 1; byte < 256; byte++) {
        char text[2] = {(char)byte, '\0'};
        char wanted[4];
        int plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                    (byte >= '0' && byte <= '9') || strchr("-._~", byte) != NULL;
        snprintf(wanted, sizeof wanted, plain ? "%c" : "%%%02X", byte);
        wxid__buffer_percent(&buffer, text);
        assert_string_equal(buffer.data, wanted);
        wxid__buffer_clear(&buffer);
    }
}

static void test_redact(void **state)
{
    char text[] = "secret_1 and secret_1secret_1, not secret_";
    char shorter[] = "a short one stays";
    (void)state;
    wxid__redact(text, "secret_1");
    assert_string_equal(text, "*** and ******, not secret_");
    wxid__redact(shorter, "short");
    assert_string_equal(shorter, "a short one stays");
    wxid__redact(shorter, NULL);
}

static void test_presentable(void **state)
{
    char numbers[] = "id 11010519491231002X, old 110105491231002, not 12345678901234";
    char lines[] = "one\r\ntwo\tthree\x7f";
    char cut[] = "ab\xe4\xb8\xad";
    (void)state;
    wxid__make_presentable(numbers, 100);
    assert_string_equal(numbers, "id ******************, old ***************, not 12345678901234");
    wxid__make_presentable(lines, 100);
    assert_string_equal(lines, "one  two three ");
    wxid__make_presentable(cut, 4);
    assert_string_equal(cut, "ab");
}

static void test_sizes(void **state)
{
    size_t sum = 7;
    (void)state;
    assert_int_equal(wxid__size_add(&sum, SIZE_MAX, 1), -1);
    assert_int_equal(wxid__size_add(&sum, SIZE_MAX - 1, 1), 0);
    assert_true(sum == SIZE_MAX);
}

static void test_format_too_long_fails(void **state)
{
    wxid__buffer buffer = WXID__BUFFER_INIT;
    (void)state;
    wxid__buffer_format(&buffer, "%300d", 1);
    assert_true(buffer.failed);
    assert_null(wxid__buffer_take(&buffer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8_of_every_code_point),
        cmocka_unit_test(test_decimal),
        cmocka_unit_test(test_http_date),
        cmocka_unit_test(test_snake_case),
        cmocka_unit_test(test_percent_encoding),
        cmocka_unit_test(test_redact),
        cmocka_unit_test(test_presentable),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_format_too_long_fails),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
