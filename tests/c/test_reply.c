/* What the parser accepts, and what it must refuse: rows of replies that no service should send. */
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct row {
    const char *name;
    const char *body;
    int kind; /* -1: a card */
} row;

#define CARD (-1)
#define PROTOCOL WXID_KIND_PROTOCOL

static const row rows[] = {
    {"array", "[]", PROTOCOL},
    {"number", "0", PROTOCOL},
    {"null", "null", PROTOCOL},
    {"string", "\"\"", PROTOCOL},
    {"html", "<html></html>", PROTOCOL},
    {"trailing text", "{\"type\":\"Front\"} x", PROTOCOL},
    {"two documents", "{\"type\":\"Front\"}{}", PROTOCOL},
    {"white space around", " \r\n\t{\"type\":\"Front\"} \r\n", CARD},
    {"bom", "\xef\xbb\xbf{\"type\":\"Front\"}", CARD},
    {"errcode string 0", "{\"errcode\":\"0\",\"type\":\"Front\"}", CARD},
    {"errcode string 40001", "{\"errcode\":\"40001\",\"type\":\"Front\"}", WXID_KIND_TOKEN},
    {"errcode string -1", "{\"errcode\":\"-1\"}", WXID_KIND_BUSY},
    {"errcode with a space", "{\"errcode\":\" 0\",\"type\":\"Front\"}", PROTOCOL},
    {"errcode empty", "{\"errcode\":\"\",\"type\":\"Front\"}", PROTOCOL},
    {"errcode hexadecimal", "{\"errcode\":\"0x0\",\"type\":\"Front\"}", PROTOCOL},
    {"errcode a half", "{\"errcode\":0.5,\"type\":\"Front\"}", PROTOCOL},
    {"errcode infinite", "{\"errcode\":1e999,\"type\":\"Front\"}", PROTOCOL},
    {"errcode 2^32", "{\"errcode\":4294967296,\"type\":\"Front\"}", PROTOCOL},
    {"errcode text of 2^32", "{\"errcode\":\"4294967296\",\"type\":\"Front\"}", PROTOCOL},
    {"errcode true", "{\"errcode\":true,\"type\":\"Front\"}", PROTOCOL},
    {"errcode false", "{\"errcode\":false,\"type\":\"Front\"}", PROTOCOL},
    {"errcode null", "{\"errcode\":null,\"type\":\"Front\"}", PROTOCOL},
    {"errcode array", "{\"errcode\":[0],\"type\":\"Front\"}", PROTOCOL},
    {"errcode object", "{\"errcode\":{},\"type\":\"Front\"}", PROTOCOL},
    {"errcode minus zero", "{\"errcode\":-0,\"type\":\"Front\"}", CARD},
    {"errcode missing", "{\"type\":\"Front\"}", CARD},
    {"errcode missing, no field", "{\"errmsg\":\"ok\"}", PROTOCOL},
    {"errcode in other case is another field", "{\"ERRCODE\":40001,\"type\":\"Front\"}", CARD},
    {"errcode twice", "{\"errcode\":0,\"errcode\":40001,\"type\":\"Front\"}", PROTOCOL},
    {"errcode in both spellings", "{\"errcode\":0,\"errCode\":40001,\"type\":\"Front\"}", PROTOCOL},
    {"field twice", "{\"type\":\"Front\",\"id\":\"1\",\"id\":\"2\"}", PROTOCOL},
    {"field in both spellings", "{\"valid_date\":\"1\",\"validDate\":\"2\"}", PROTOCOL},
    {"unknown field twice", "{\"type\":\"Front\",\"x\":1,\"x\":2}", CARD},
    {"only an unknown field", "{\"errcode\":0,\"x\":1}", PROTOCOL},
    {"type a number", "{\"type\":1}", CARD},
    {"fields empty and null", "{\"name\":\"\",\"id\":null}", CARD},
    {"gbk", "{\"name\":\"\xd5\xc5\xc8\xfd\"}", PROTOCOL},
    {"byte ff", "{\"name\":\"\xff\"}", PROTOCOL},
    {"overlong", "{\"name\":\"\xc0\xaf\"}", PROTOCOL},
    {"overlong, three bytes", "{\"name\":\"\xe0\x80\xaf\"}", PROTOCOL},
    {"surrogate bytes", "{\"name\":\"\xed\xa0\x80\"}", PROTOCOL},
    {"past the last character", "{\"name\":\"\xf4\x90\x80\x80\"}", PROTOCOL},
    {"cut character", "{\"name\":\"\xe5\xbc\"}", PROTOCOL},
    {"escaped nul", "{\"name\":\"a\\u0000b\"}", PROTOCOL},
    {"escaped nul that is not spelt out", "{\"name\":\"a\\uqqqqb\"}", PROTOCOL},
    {"escape of another character that is cut", "{\"name\":\"a\\u4e2\"}", PROTOCOL},
    {"escaped backslash before u0000", "{\"name\":\"a\\\\u0000b\"}", CARD},
    {"lone high surrogate", "{\"name\":\"\\ud800\"}", PROTOCOL},
    {"lone low surrogate", "{\"name\":\"\\udc00\"}", PROTOCOL},
    {"infinite extra", "{\"type\":\"Front\",\"x\":1e999}", PROTOCOL},
    {"errmsg is no text", "{\"errcode\":101001,\"errmsg\":17}", WXID_KIND_NO_CARD},
    {"quota under 101002", "{\"errcode\":101002,\"errmsg\":\"not enough market quota\"}",
     WXID_KIND_QUOTA},
    {"quota under 101001 is no quota", "{\"errcode\":101001,\"errmsg\":\"quota\"}",
     WXID_KIND_NO_CARD},
};

/* Plays a reply; returns the card, or NULL and the error. */
static wxid_value *read_reply(const char *body, size_t length, int status, wxid_error **error)
{
    wxid_session *session = new_session(0, 0);
    wxid_call *call = new_call(session, 0, 1);
    wxid_reply reply = WXID_REPLY_INIT;
    wxid_value *card = NULL;
    reply.status = status;
    reply.body = body;
    reply.body_length = length;
    assert_int_equal(wxid_call_answer_reply(call, 0, &reply, NULL), 0);
    *error = NULL;
    (void)wxid_call_take_card(&card, call, error);
    wxid_call_free(call);
    wxid_session_free(session);
    return card;
}

static void expect(const char *body, size_t length, int kind)
{
    wxid_error *error = NULL;
    wxid_value *card = read_reply(body, length, 200, &error);
    if (kind == CARD) {
        assert_non_null(card);
    } else {
        assert_non_null(error);
        assert_string_equal(wxid_error_kind_name(error), wxid_kind_info_at((size_t)kind)->name);
    }
    wxid_value_free(card);
    wxid_error_free(error);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("reply: %s\n", rows[i].name);
        /* Without the NUL behind it, so that a reader past the end is seen. */
        size_t length = strlen(rows[i].body);
        char *exact = malloc(length);
        assert_non_null(exact);
        memcpy(exact, rows[i].body, length);
        expect(exact, length, rows[i].kind);
        free(exact);
    }
}

static void test_raw_nul_and_truncation(void **state)
{
    static const char whole[] =
        "{\"type\":\"Front\",\"name\":\"a\\\"\\u4e2d\",\"x\":[1,{\"y\":null}]}";
    (void)state;
    expect("{\"type\":\"Fr\0nt\"}", 16, PROTOCOL);
    expect("{\"type\":\"Front\"}\0", 17, PROTOCOL);
    for (size_t length = 0; length + 1 < sizeof whole - 1; length++) {
        char *exact = malloc(length + 1);
        assert_non_null(exact);
        memcpy(exact, whole, length);
        expect(exact, length, PROTOCOL);
        free(exact);
    }
    expect(whole, sizeof whole - 1, CARD);
}

/* What cJSON takes although it is no JSON: numbers as C writes them, control characters. None of it
 * can be taken for something else. */
static int is_taken(const char *name)
{
    static const char *const taken[] = {"number_-01",
                                        "number_-2.",
                                        "number_0.e1",
                                        "number_2.e+3",
                                        "number_2.e-3",
                                        "number_2.e3",
                                        "number_neg_int_starting_with_zero",
                                        "number_neg_real_without_int_part",
                                        "number_real_without_fractional_part",
                                        "number_with_leading_zero",
                                        "string_unescaped_newline",
                                        "string_unescaped_tab",
                                        "structure_whitespace_formfeed"};
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        if (strcmp(taken[i], name) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Each as a whole reply, and as a field of a card. */
static void test_invalid_documents(void **state)
{
    static const char head[] = "{\"type\":\"Front\",\"x\":";
    cJSON *vectors = read_vectors("invalid.json");
    const cJSON *vector;
    int taken = 0;
    (void)state;
    cJSON_ArrayForEach(vector, member(vectors, "cases"))
    {
        size_t length = 0;
        unsigned char *document = decode_base64(text_member(vector, "document_base64"), &length);
        size_t whole = sizeof head - 1 + length + 1;
        char *card = malloc(whole);
        assert_non_null(card);
        print_message("reply: %s\n", text_member(vector, "name"));
        memcpy(card, head, sizeof head - 1);
        memcpy(card + sizeof head - 1, document, length);
        card[whole - 1] = '}';
        expect((const char *)document, length, PROTOCOL);
        expect(card, whole, is_taken(text_member(vector, "name")) ? CARD : PROTOCOL);
        taken += is_taken(text_member(vector, "name"));
        free(card);
        free(document);
    }
    assert_int_equal(cJSON_GetArraySize(member(vectors, "cases")), 186);
    assert_int_equal(taken, 13);
    cJSON_Delete(vectors);
}

static char *nested(size_t depth)
{
    char *body = malloc(depth * 2 + 64);
    assert_non_null(body);
    strcpy(body, "{\"type\":\"Front\",\"x\":");
    size_t length = strlen(body);
    memset(body + length, '[', depth);
    memset(body + length + depth, ']', depth);
    strcpy(body + length + 2 * depth, "}");
    return body;
}

static void test_depth(void **state)
{
    static const size_t depths[] = {1, WXID_MAX_DEPTH - 1, WXID_MAX_DEPTH, 900, 1100, 30000};
    (void)state;
    for (size_t i = 0; i < sizeof depths / sizeof depths[0]; i++) {
        char *body = nested(depths[i]);
        expect(body, strlen(body), depths[i] < WXID_MAX_DEPTH ? CARD : PROTOCOL);
        free(body);
    }
    char *body = nested(100000); /* more than a reply may have */
    expect(body, strlen(body), PROTOCOL);
    free(body);
}

static void test_what_is_handed_out(void **state)
{
    static const char body[] =
        "{\"errCode\":0,\"errMsg\":\"ok\",\"validDate\":\"20200101-\xe9\x95\xbf\xe6\x9c\x9f\","
        "\"name\":\"\\ud840\\udc0b\",\"id\":\"11010519491231002x\",\"cardProperty\":-4,\"ratio\":0."
        "5,"
        "\"big\":1e300,\"yes\":true,\"no\":false,\"none\":null,\"faceID\":\"f\",\"URL\":\"u\","
        "\"more\":{\"camelCase\":[1,\"two\",{}]}}";
    wxid_error *error = NULL;
    wxid_value *card = read_reply(body, sizeof body - 1, 200, &error);
    (void)state;
    assert_non_null(card);
    cJSON *expected = cJSON_Parse(
        "{\"valid_date\":\"20200101-\xe9\x95\xbf\xe6\x9c\x9f\",\"name\":\"\xf0\xa0\x80\x8b\","
        "\"id\":\"11010519491231002x\",\"card_property\":-4,\"ratio\":0.5,\"big\":1e300,\"yes\":"
        "true,"
        "\"no\":false,\"none\":null,\"face_id\":\"f\",\"URL\":\"u\","
        "\"more\":{\"camelCase\":[1,\"two\",{}]}}");
    assert_value_equals(card, expected);
    assert_int_equal(wxid_value_type(wxid_value_get(card, "card_property")), WXID_TYPE_INTEGER);
    assert_int_equal(wxid_value_integer(wxid_value_get(card, "card_property")), -4);
    assert_int_equal(wxid_value_type(wxid_value_get(card, "ratio")), WXID_TYPE_NUMBER);
    assert_int_equal(wxid_value_type(wxid_value_get(card, "big")), WXID_TYPE_NUMBER);
    assert_null(wxid_value_get(card, "errcode"));
    assert_string_equal(wxid_value_name_at(card, 0), "valid_date"); /* in the order of the reply */
    assert_null(wxid_value_name_at(card, 99));
    assert_null(wxid_value_at(card, 99));
    cJSON_Delete(expected);
    wxid_value_free(card);
}

static void test_statuses(void **state)
{
    wxid_error *error = NULL;
    (void)state;
    assert_null(
        read_reply(CARD_REPLY, strlen(CARD_REPLY), 500, &error)); /* a card, but not with 500 */
    assert_int_equal(wxid_error_kind(error), PROTOCOL);
    assert_int_equal(wxid_error_http_status(error), 500);
    assert_true(wxid_error_retryable(error));
    wxid_error_free(error);
    assert_null(read_reply("<html>invented</html>", 21, 413, &error));
    assert_int_equal(wxid_error_http_status(error), 413);
    assert_false(wxid_error_retryable(error));
    assert_non_null(strstr(wxid_error_message(error), "413"));
    assert_non_null(strstr(wxid_error_message(error), "21 bytes"));
    assert_null(strstr(wxid_error_message(error), "invented"));
    wxid_error_free(error);
    assert_null(read_reply("{\"errcode\":45011}", 17, 429, &error));
    assert_int_equal(wxid_error_kind(error), WXID_KIND_RATE);
    assert_null(wxid_error_errmsg(error));
    wxid_error_free(error);
}

/* A service that echoes what it was sent must not make us print it. */
static void test_message_shows_no_secret(void **state)
{
    static const char body[] =
        "{\"errcode\":40001,\"errmsg\":\"invalid token_of_the_tests and token_of_the_tests,\\r\\n"
        "id 11010519491231002X rid: a-b-c\"}";
    wxid_error *error = NULL;
    (void)state;
    assert_null(read_reply(body, sizeof body - 1, 200, &error));
    assert_null(strstr(wxid_error_message(error), "token_of_the_tests"));
    assert_null(strstr(wxid_error_errmsg(error), "token_of_the_tests"));
    assert_null(strstr(wxid_error_message(error), "1949"));
    assert_null(strchr(wxid_error_message(error), '\n'));
    assert_null(strchr(wxid_error_message(error), '\r'));
    assert_string_equal(wxid_error_rid(error), "a-b-c");
    wxid_error_free(error);
}

static void test_long_errmsg(void **state)
{
    size_t length = 60000;
    char *body = malloc(length + 64);
    (void)state;
    assert_non_null(body);
    strcpy(body, "{\"errcode\":101001,\"errmsg\":\"");
    size_t start = strlen(body);
    for (size_t i = 0; i < length; i += 3) {
        memcpy(body + start + i, "\xe4\xb8\xad", 3);
    }
    strcpy(body + start + length, "\"}");
    wxid_error *error = NULL;
    assert_null(read_reply(body, strlen(body), 200, &error));
    assert_int_equal(strlen(wxid_error_errmsg(error)), length);
    assert_true(strlen(wxid_error_message(error)) < 512);
    free(body);
    wxid_error_free(error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),        cmocka_unit_test(test_raw_nul_and_truncation),
        cmocka_unit_test(test_depth),       cmocka_unit_test(test_what_is_handed_out),
        cmocka_unit_test(test_statuses),    cmocka_unit_test(test_message_shows_no_secret),
        cmocka_unit_test(test_long_errmsg), cmocka_unit_test(test_invalid_documents),
    };
    return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
