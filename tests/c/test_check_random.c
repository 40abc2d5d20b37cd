/* Bytes that nobody would write, and valid texts with mistakes in them, into every check: each ends
 * in a report of the right shape or in USAGE. Seeded, so that a run is like the one before. */
#include "support/support.h"

#include <stdlib.h>
#include <string.h>

#define TODAY "2026-01-15"
#define MOST_BYTES 80

/* splitmix64 */
static uint64_t state_of_random;

static size_t below(size_t limit)
{
    uint64_t mixed = state_of_random += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return (size_t)((mixed ^ (mixed >> 31)) % limit);
}

typedef struct bytes {
    char *data; /* a block of just this length, so that a byte too far is seen */
    size_t length;
} bytes;

static bytes copied(const char *data, size_t length)
{
    bytes made = {malloc(length > 0 ? length : 1), length};
    assert_non_null(made.data);
    memcpy(made.data, data, length);
    return made;
}

static const char *const pieces[] = {
    "0",
    "1",
    "7",
    "8",
    "9",
    "X",
    "x",
    "O",
    "o",
    "I",
    "l",
    "B",
    " ",
    "-",
    ".",
    "至",
    "年",
    "月",
    "日",
    "长期",
    "·",
    "张",
    "𠅤",
    "省",
    "市",
    "区",
    "县",
    "旗",
    "小区",
    "地区",
    "盟",
    "自治州",
    "路",
    "*",
    "１",
    "Ｘ",
    "?",
    "\n",
    "\t",
    "～",
    "北京市",
    "景德镇市",
    "内蒙古自治区",
    "A",
};

static const char *const models[] = {
    "11010519491231002X",
    "110105491231002",
    "11011719711117070X",
    "810000199408230021",
    "20160401-20360401",
    "2016.04.01-长期",
    "2016年04月01日至2036年04月01日",
    "1990-03-07",
    "张样本",
    "阿卜·样本",
    "男",
    "维吾尔族",
    "内蒙古自治区锡林郭勒盟西乌珠穆沁旗样本镇",
    "江西省景德镇市珠山区样本路1号",
    "广东省东莞市样本小区",
    "Front",
    "Back",
    "",
};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One byte or piece of the text is left out, put in or replaced. */
static size_t mistake(char *text, size_t length)
{
    char byte = (char)below(256);
    const char *piece = below(4) == 0 ? &byte : pieces[below(COUNT(pieces))];
    size_t added = piece == &byte ? 1 : strlen(piece);
    size_t place = below(length + 1);
    size_t removed = below(3) == 0 ? 0 : length - place < added ? length - place : added;
    if (below(3) == 0) {
        added = 0;
    }
    if (length - removed + added > MOST_BYTES) {
        return length;
    }
    memmove(text + place + added, text + place + removed, length - place - removed);
    memcpy(text + place, piece, added);
    return length - removed + added;
}

/* Any bytes, pieces in any order, or a model with up to three mistakes. */
static bytes random_bytes(void)
{
    char text[MOST_BYTES];
    size_t length = 0;
    size_t kind = below(8);
    if (kind == 0) {
        length = below(MOST_BYTES);
        for (size_t i = 0; i < length; i++) {
            text[i] = (char)below(256);
        }
    } else if (kind == 1) {
        for (size_t left = below(24); left > 0; left--) {
            const char *piece = pieces[below(COUNT(pieces))];
            if (length + strlen(piece) <= sizeof text) {
                memcpy(text + length, piece, strlen(piece));
                length += strlen(piece);
            }
        }
    } else {
        const char *model = models[below(COUNT(models))];
        length = strlen(model);
        memcpy(text, model, length);
        for (size_t left = below(4); left > 0; left--) {
            length = mistake(text, length);
        }
    }
    return copied(text, length);
}

/* ---- Numbers ---- */

static int is_error(const wxid_value *finding)
{
    return strcmp(wxid_value_string(wxid_value_get(finding, "level"), NULL), "error") == 0;
}

static int has_error(const wxid_value *findings)
{
    for (size_t i = 0; i < wxid_value_count(findings); i++) {
        if (is_error(wxid_value_at(findings, i))) {
            return 1;
        }
    }
    return 0;
}

static int is_valid(const char *number, size_t length)
{
    wxid_value *report = NULL;
    assert_int_equal(wxid_check_id(&report, number, length, TODAY, 0, NULL), 0);
    int valid = wxid_value_boolean(wxid_value_get(report, "valid"));
    wxid_value_free(report);
    return valid;
}

static void assert_candidate(const char *candidate, bytes number)
{
    int others = 0;
    assert_int_equal(strlen(candidate), 18);
    assert_int_equal(number.length, 18);
    for (size_t i = 0; i < 18; i++) {
        others += candidate[i] != number.data[i];
    }
    assert_int_equal(others, 1);
    assert_true(is_valid(candidate, 18));
}

/* Returns how many candidates there are. */
static size_t assert_id_report(const wxid_value *report, bytes number)
{
    const wxid_value *candidates = wxid_value_get(report, "candidates");
    const char *birth = wxid_value_string(wxid_value_get(report, "birth"), NULL);
    int valid = wxid_value_boolean(wxid_value_get(report, "valid"));
    assert_int_equal(wxid_value_count(report), 7);
    assert_int_equal(valid, !has_error(wxid_value_get(report, "findings")));
    if (valid) {
        assert_int_equal(number.length, 18);
        assert_non_null(birth);
        assert_int_equal(wxid_value_count(candidates), 0);
    }
    for (size_t i = 0; i < wxid_value_count(candidates); i++) {
        assert_candidate(wxid_value_string(wxid_value_at(candidates, i), NULL), number);
    }
    return wxid_value_count(candidates);
}

static void test_numbers(void **state)
{
    size_t candidates = 0;
    (void)state;
    state_of_random = 1;
    for (int i = rounds(200000); i > 0; i--) {
        bytes number = random_bytes();
        wxid_value *report = NULL;
        assert_int_equal(wxid_check_id(&report, number.data, number.length, TODAY, 0, NULL), 0);
        candidates += assert_id_report(report, number);
        wxid_value_free(report);
        free(number.data);
    }
    assert_true(candidates > 100);
}

static void test_conversions(void **state)
{
    int converted = 0;
    (void)state;
    state_of_random = 2;
    for (int i = rounds(200000); i > 0; i--) {
        bytes number = random_bytes();
        wxid_value *made = NULL;
        wxid_error *error = NULL;
        if (wxid_convert_id(&made, number.data, number.length, &error) == 0) {
            const char *text = wxid_value_string(made, NULL);
            assert_int_equal(strlen(text), 18);
            assert_memory_equal(text, number.data, 6);
            assert_memory_equal(text + 8, number.data + 6, 9);
            converted++;
        } else {
            assert_null(made);
            assert_int_equal(wxid_error_kind(error), WXID_KIND_USAGE);
        }
        wxid_value_free(made);
        wxid_error_free(error);
        free(number.data);
    }
    assert_true(converted > 100);
}

/* ---- Cards ---- */

static wxid_value *random_card(void)
{
    wxid_value *card = NULL;
    assert_int_equal(wxid_card_new(&card, NULL), 0);
    for (size_t left = below(10); left > 0; left--) {
        bytes text = random_bytes();
        const char *name = wxid_card_field_at(below(9));
        wxid_type type = below(20) == 0 ? (wxid_type)below(7) : WXID_TYPE_STRING;
        name = name != NULL ? name : "other";
        assert_int_equal(
            wxid_card_add(card, name, strlen(name), type, text.data, text.length, NULL), 0);
        free(text.data);
    }
    return card;
}

/* Returns 1 for a report, 0 when it was refused. */
static int check_cards(const wxid_value *front, const wxid_value *back)
{
    wxid_value *report = NULL;
    wxid_error *error = NULL;
    if (wxid_check(&report, front, back, TODAY, 0, &error) != 0) {
        assert_null(report);
        assert_int_equal(wxid_error_kind(error), WXID_KIND_USAGE);
        wxid_error_free(error);
        return 0;
    }
    assert_int_equal(wxid_value_count(report), 7);
    assert_int_equal(wxid_value_boolean(wxid_value_get(report, "ok")),
                     !has_error(wxid_value_get(report, "findings")));
    wxid_value_free(report);
    return 1;
}

static void test_cards(void **state)
{
    int reports = 0;
    (void)state;
    state_of_random = 3;
    for (int i = rounds(100000); i > 0; i--) {
        wxid_value *front = below(8) == 0 ? NULL : random_card();
        wxid_value *back = below(2) == 0 ? NULL : random_card();
        reports += check_cards(front, back);
        wxid_value_free(front);
        wxid_value_free(back);
    }
    assert_true(reports > 100);
}

static wxid_value *masked(const wxid_value *card)
{
    wxid_value *made = NULL;
    assert_int_equal(wxid_mask(&made, card, NULL), 0);
    assert_int_equal(wxid_value_count(made), wxid_value_count(card));
    return made;
}

/* What was masked once is the same, or hidden, the next time. */
static void assert_no_more_is_told(const wxid_value *once, const wxid_value *twice)
{
    for (size_t i = 0; i < wxid_value_count(once); i++) {
        const char *text = wxid_value_string(wxid_value_at(once, i), NULL);
        const char *again = wxid_value_string(wxid_value_at(twice, i), NULL);
        assert_string_equal(wxid_value_name_at(once, i), wxid_value_name_at(twice, i));
        assert_int_equal(text == NULL, again == NULL);
        if (text != NULL && strcmp(again, "***") != 0) {
            assert_string_equal(text, again);
        }
    }
}

static void test_masks(void **state)
{
    (void)state;
    state_of_random = 4;
    for (int i = rounds(100000); i > 0; i--) {
        wxid_value *card = random_card();
        wxid_value *once = masked(card);
        wxid_value *twice = masked(once);
        assert_no_more_is_told(once, twice);
        wxid_value_free(twice);
        wxid_value_free(once);
        wxid_value_free(card);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_conversions),
        cmocka_unit_test(test_cards),
        cmocka_unit_test(test_masks),
    };
    return cmocka_run_group_tests_name("check_random", tests, NULL, NULL);
}
