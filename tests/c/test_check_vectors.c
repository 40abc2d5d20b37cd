/* The vectors of numbers, cards and masks: tests/vectors/{numbers,cards,masks}.json. */
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- What must come out ---- */

static const wxid_finding_info *finding_of(const char *code)
{
    const wxid_finding_info *info;
    for (size_t i = 0; (info = wxid_finding_info_at(i)) != NULL; i++) {
        if (strcmp(info->code, code) == 0) {
            return info;
        }
    }
    fprintf(stderr, "no finding is called %s\n", code);
    abort();
}

static void assert_text(const wxid_value *object, size_t index, const char *name, const char *text)
{
    const wxid_value *value = wxid_value_at(object, index);
    assert_string_equal(wxid_value_name_at(object, index), name);
    assert_int_equal(wxid_value_type(value), WXID_TYPE_STRING);
    assert_string_equal(wxid_value_string(value, NULL), text);
}

/* In the order of the expected codes, and whole. */
static void assert_findings(const wxid_value *findings, const cJSON *codes)
{
    const cJSON *code;
    size_t index = 0;
    assert_int_equal(wxid_value_type(findings), WXID_TYPE_ARRAY);
    cJSON_ArrayForEach(code, codes)
    {
        const wxid_finding_info *info = finding_of(code->valuestring);
        const wxid_value *finding = wxid_value_at(findings, index++);
        assert_non_null(finding);
        assert_int_equal(wxid_value_count(finding), 5);
        assert_text(finding, 0, "field", info->field);
        assert_text(finding, 1, "code", info->code);
        assert_text(finding, 2, "level", info->level);
        assert_text(finding, 3, "message", info->message);
        assert_text(finding, 4, "message_zh", info->message_zh);
    }
    assert_int_equal(wxid_value_count(findings), index);
}

static wxid_type type_of(const cJSON *json)
{
    if (cJSON_IsBool(json)) {
        return WXID_TYPE_BOOLEAN;
    }
    if (cJSON_IsNumber(json)) {
        return json->valuedouble == json->valueint ? WXID_TYPE_INTEGER : WXID_TYPE_NUMBER;
    }
    if (cJSON_IsString(json)) {
        return WXID_TYPE_STRING;
    }
    if (cJSON_IsArray(json)) {
        return WXID_TYPE_ARRAY;
    }
    return cJSON_IsObject(json) ? WXID_TYPE_OBJECT : WXID_TYPE_NULL;
}

/* Members in their order, their types, and that there is nothing else. */
static void assert_report(const wxid_value *report, const cJSON *expected)
{
    const cJSON *item;
    size_t index = 0;
    assert_int_equal(wxid_value_type(report), WXID_TYPE_OBJECT);
    assert_int_equal(wxid_value_count(report), cJSON_GetArraySize(expected));
    cJSON_ArrayForEach(item, expected)
    {
        const wxid_value *value = wxid_value_at(report, index);
        assert_string_equal(wxid_value_name_at(report, index++), item->string);
        assert_int_equal(wxid_value_type(value), type_of(item));
        if (strcmp(item->string, "findings") == 0) {
            assert_findings(value, item);
        } else if (cJSON_IsObject(item)) {
            assert_report(value, item);
        } else {
            assert_value_equals(value, item);
        }
    }
}

static void assert_refused(int result, const wxid_value *made, wxid_error *error,
                           const cJSON *expect)
{
    const char *says = text_member(expect, "error");
    assert_int_equal(result, -1);
    assert_null(made);
    assert_int_equal(wxid_error_kind(error), WXID_KIND_USAGE);
    if (strstr(wxid_error_message(error), says) == NULL) {
        fail_msg("the message does not say %s: %s", says, wxid_error_message(error));
    }
    assert_null(strstr(wxid_error_message(error), "canary"));
    wxid_error_free(error);
}

static int is_refused(const cJSON *expect)
{
    return cJSON_HasObjectItem(expect, "error");
}

static int has(const cJSON *vector, const char *name)
{
    return cJSON_HasObjectItem(vector, name);
}

static void run_vectors(const char *what, void (*run)(const cJSON *vector))
{
    char file_name[32];
    const cJSON *vector;
    int count = 0;
    snprintf(file_name, sizeof file_name, "%s.json", what);
    cJSON *vectors = read_vectors(file_name);
    cJSON_ArrayForEach(vector, member(vectors, "cases"))
    {
        print_message("%s: %s\n", what, text_member(vector, "name"));
        run(vector);
        count++;
    }
    cJSON_Delete(vectors);
    report_vector_count(what, count);
}

/* ---- Numbers ---- */

static int is_valid(const char *number, size_t length, const char *today)
{
    wxid_value *report = NULL;
    assert_int_equal(wxid_check_id(&report, number, length, today, 0, NULL), 0);
    int valid = wxid_value_boolean(wxid_value_get(report, "valid"));
    wxid_value_free(report);
    return valid;
}

static void assert_no_other_is_valid(const char *number, const char *today)
{
    int count = 0;
    for (size_t place = 0; place < 18; place++) {
        for (const char *other = place == 17 ? "0123456789Xx" : "0123456789X"; *other; other++) {
            char mistaken[19];
            if (*other == number[place]) {
                continue;
            }
            memcpy(mistaken, number, sizeof mistaken);
            mistaken[place] = *other;
            assert_false(is_valid(mistaken, 18, today));
            count++;
        }
    }
    assert_int_equal(count, 17 * 10 + 11);
}

static void convert(const char *number, size_t length, const cJSON *expect)
{
    wxid_value *converted = NULL;
    wxid_error *error = NULL;
    int result = wxid_convert_id(&converted, number, length, &error);
    if (is_refused(expect)) {
        assert_refused(result, converted, error, expect);
        return;
    }
    assert_int_equal(result, 0);
    assert_value_equals(converted, member(expect, "converted"));
    wxid_value_free(converted);
}

static void check_number(const char *number, size_t length, const cJSON *vector)
{
    const cJSON *expect = member(vector, "expect");
    const char *today = text_member(vector, "today");
    wxid_value *report = NULL;
    wxid_error *error = NULL;
    int result = wxid_check_id(&report, number, length, today, 0, &error);
    if (is_refused(expect)) {
        assert_refused(result, report, error, expect);
        return;
    }
    assert_int_equal(result, 0);
    if (has(vector, "every_error")) {
        assert_true(wxid_value_boolean(wxid_value_get(report, "valid")));
        assert_int_equal(length, 18);
        assert_no_other_is_valid(number, today);
    } else {
        assert_report(report, expect);
    }
    wxid_value_free(report);
}

static void run_number(const cJSON *vector)
{
    const char *text = text_member(vector, "number");
    size_t length = text != NULL ? strlen(text) : 0;
    unsigned char *decoded = NULL;
    if (text == NULL) {
        decoded = decode_base64(text_member(vector, "number_base64"), &length);
        text = (const char *)decoded;
    }
    /* A block of its own without an end, so that reading past the length is seen. */
    char *number = malloc(length > 0 ? length : 1);
    assert_non_null(number);
    memcpy(number, text, length);
    if (has(vector, "convert")) {
        convert(number, length, member(vector, "expect"));
    } else {
        check_number(has(vector, "every_error") ? text : number, length, vector);
    }
    free(number);
    free(decoded);
}

static void test_numbers(void **state)
{
    (void)state;
    run_vectors("numbers", run_number);
}

/* ---- Cards ---- */

/* NULL for what is null or not there. */
static wxid_value *card_of(const cJSON *fields)
{
    wxid_value *card = NULL;
    const cJSON *field;
    if (!cJSON_IsObject(fields)) {
        return NULL;
    }
    assert_int_equal(wxid_card_new(&card, NULL), 0);
    cJSON_ArrayForEach(field, fields)
    {
        const char *text = cJSON_GetStringValue(field);
        assert_int_equal(wxid_card_add(card, field->string, strlen(field->string), type_of(field),
                                       text, text != NULL ? strlen(text) : 0, NULL),
                         0);
    }
    return card;
}

static void check_card(const wxid_value *front, const wxid_value *back, const cJSON *vector)
{
    const cJSON *expect = member(vector, "expect");
    wxid_value *report = NULL;
    wxid_error *error = NULL;
    int result = wxid_check(&report, front, back, text_member(vector, "today"), 0, &error);
    if (is_refused(expect)) {
        assert_refused(result, report, error, expect);
        return;
    }
    assert_int_equal(result, 0);
    assert_report(report, expect);
    wxid_value_free(report);
}

static void run_card(const cJSON *vector)
{
    wxid_value *front = card_of(cJSON_GetObjectItemCaseSensitive(vector, "front"));
    wxid_value *back = card_of(cJSON_GetObjectItemCaseSensitive(vector, "back"));
    check_card(front, back, vector);
    check_card(back, front, vector);
    wxid_value_free(front);
    wxid_value_free(back);
}

static void test_cards(void **state)
{
    (void)state;
    run_vectors("cards", run_card);
}

/* ---- Masks ---- */

static void assert_masked(const wxid_value *card, const cJSON *expect)
{
    wxid_value *masked = NULL;
    const cJSON *field;
    size_t index = 0;
    assert_int_equal(wxid_mask(&masked, card, NULL), 0);
    assert_int_equal(wxid_value_type(masked), WXID_TYPE_OBJECT);
    assert_int_equal(wxid_value_count(masked), cJSON_GetArraySize(expect));
    cJSON_ArrayForEach(field, expect)
    {
        assert_string_equal(wxid_value_name_at(masked, index), field->string);
        assert_value_equals(wxid_value_at(masked, index++), field);
    }
    wxid_value_free(masked);
}

static void run_mask(const cJSON *vector)
{
    wxid_value *card = card_of(member(vector, "card"));
    assert_masked(card, member(vector, "expect"));
    wxid_value_free(card);
}

static void test_masks(void **state)
{
    (void)state;
    run_vectors("masks", run_mask);
}

/* ---- Cards that the service sent ---- */

static int has_all(const wxid_value *card, const cJSON *fields)
{
    const cJSON *field;
    cJSON_ArrayForEach(field, fields)
    {
        if (wxid_value_get(card, field->string) == NULL) {
            return 0;
        }
    }
    return wxid_value_count(card) == (size_t)cJSON_GetArraySize(fields);
}

/* The card that such a reply gives; NULL when it is none, or has other fields by then. */
static wxid_value *recognized(wxid_session *session, const cJSON *fields)
{
    wxid_call *call = new_call(session, 0, 1);
    wxid_value *card = NULL;
    char *body = cJSON_PrintUnformatted(fields);
    assert_non_null(body);
    assert_int_equal(wxid_call_step(call, 0), WXID_STEP_SEND);
    answer(call, 0, 200, body);
    if (wxid_call_take_card(&card, call, NULL) == 0 && !has_all(card, fields)) {
        wxid_value_free(card);
        card = NULL;
    }
    cJSON_free(body);
    wxid_call_free(call);
    return card;
}

/* They have what is in lists and objects, too, and are masked and checked as they came. */
static void test_recognized_cards(void **state)
{
    cJSON *masks = read_vectors("masks.json");
    cJSON *cards = read_vectors("cards.json");
    wxid_session *session = new_session(0, 0);
    const cJSON *vector;
    int masked = 0;
    int checked = 0;
    (void)state;
    cJSON_ArrayForEach(vector, member(masks, "cases"))
    {
        wxid_value *card = recognized(session, member(vector, "card"));
        if (card != NULL) {
            print_message("masks: %s\n", text_member(vector, "name"));
            assert_masked(card, member(vector, "expect"));
            masked++;
        }
        wxid_value_free(card);
    }
    cJSON_ArrayForEach(vector, member(cards, "cases"))
    {
        const cJSON *back = cJSON_GetObjectItemCaseSensitive(vector, "back");
        wxid_value *card =
            cJSON_IsObject(back) ? NULL : recognized(session, member(vector, "front"));
        if (card != NULL) {
            print_message("cards: %s\n", text_member(vector, "name"));
            check_card(card, NULL, vector);
            checked++;
        }
        wxid_value_free(card);
    }
    assert_true(masked > 300);
    assert_true(checked > 300);
    wxid_session_free(session);
    cJSON_Delete(masks);
    cJSON_Delete(cards);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_cards),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_recognized_cards),
    };
    return cmocka_run_group_tests_name("check_vectors", tests, NULL, NULL);
}
