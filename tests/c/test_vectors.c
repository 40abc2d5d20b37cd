/* Every case of tests/vectors, by a driver that plays them. */
#include "support/support.h"

#include <stdio.h>

#include <stdlib.h>
#include <string.h>

static void play_reply(wxid_call *call, const cJSON *vector)
{
    wxid_reply reply = WXID_REPLY_INIT;
    const char *body = text_member(vector, "body");
    reply.status = member(vector, "http_status")->valueint;
    reply.body = body;
    reply.body_length = strlen(body);
    assert_int_equal(wxid_call_step(call, 1), WXID_STEP_SEND);
    assert_int_equal(wxid_call_answer_reply(call, 1, &reply, NULL), 0);
    assert_int_equal(wxid_call_step(call, 2), WXID_STEP_DONE);
}

static void assert_same_text(const char *text, const cJSON *expected, const char *name)
{
    const char *wanted = text_member(expected, name);
    if (wanted == NULL) {
        assert_null(text);
    } else {
        assert_non_null(text);
        assert_string_equal(text, wanted);
    }
}

static void assert_error_is(wxid_error *error, const cJSON *expected)
{
    int32_t errcode = 0;
    const cJSON *wanted = cJSON_GetObjectItemCaseSensitive(expected, "errcode");
    assert_non_null(error);
    assert_string_equal(wxid_error_kind_name(error), text_member(expected, "kind"));
    assert_int_equal(wxid_error_errcode(error, &errcode), wanted != NULL);
    if (wanted != NULL) {
        assert_int_equal(errcode, wanted->valueint);
    }
    assert_same_text(wxid_error_hint(error), expected, "hint");
    assert_same_text(wxid_error_rid(error), expected, "rid");
    wxid_error_free(error);
}

static void test_replies(void **state)
{
    cJSON *vectors = read_vectors("replies.json");
    wxid_session *session = new_session(0, 0);
    const cJSON *vector;
    int count = 0;
    (void)state;
    cJSON_ArrayForEach(vector, member(vectors, "cases"))
    {
        const cJSON *expect = member(vector, "expect");
        const cJSON *card = cJSON_GetObjectItemCaseSensitive(expect, "card");
        wxid_call *call = new_call(session, 0, 1);
        wxid_value *taken = NULL;
        wxid_error *error = NULL;
        print_message("replies: %s\n", text_member(vector, "name"));
        play_reply(call, vector);
        assert_int_equal(wxid_call_take_card(&taken, call, &error), card != NULL ? 0 : -1);
        if (card != NULL) {
            assert_value_equals(taken, card);
        } else {
            assert_error_is(error, member(expect, "error"));
        }
        wxid_value_free(taken);
        wxid_call_free(call);
        count++;
    }
    wxid_session_free(session);
    cJSON_Delete(vectors);
    report_vector_count("replies", count);
}

static void test_tokens(void **state)
{
    cJSON *vectors = read_vectors("tokens.json");
    wxid_session *session = new_session(0, 0);
    wxid_token_fetch fetch = WXID_TOKEN_FETCH_INIT;
    const cJSON *vector;
    int count = 0;
    (void)state;
    fetch.appid = "wx_invented";
    fetch.secret = "secret_of_the_tests";
    cJSON_ArrayForEach(vector, member(vectors, "cases"))
    {
        const cJSON *expect = member(vector, "expect");
        const char *wanted = text_member(expect, "token");
        const char *token = NULL;
        int64_t life = 0;
        wxid_call *call = NULL;
        wxid_error *error = NULL;
        print_message("tokens: %s\n", text_member(vector, "name"));
        assert_int_equal(wxid_call_new_token_fetch(&call, session, &fetch, 0, 1, NULL), 0);
        play_reply(call, vector);
        assert_int_equal(wxid_call_take_token(&token, &life, call, &error),
                         wanted != NULL ? 0 : -1);
        if (wanted != NULL) {
            assert_string_equal(token, wanted);
            assert_int_equal(life, member(expect, "expires_in")->valueint);
        } else {
            assert_error_is(error, member(expect, "error"));
        }
        wxid_call_free(call);
        count++;
    }
    wxid_session_free(session);
    cJSON_Delete(vectors);
    report_vector_count("tokens", count);
}

/* The settings of a request vector, by the table that the bindings use. */
static void read_settings(wxid_settings *settings, const cJSON *given)
{
    const wxid_setting_info *info;
    for (size_t i = 0; (info = wxid_setting_info_at(i)) != NULL; i++) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(given, info->name);
        char *field = (char *)settings + info->offset;
        if (value == NULL) {
            continue;
        }
        if (cJSON_IsString(value)) {
            *(const char **)(void *)field = value->valuestring;
        } else if (cJSON_IsBool(value)) {
            *(int64_t *)(void *)field = cJSON_IsTrue(value);
        } else {
            double unit = info->type == WXID_SETTING_DURATION ? 1000 : 1;
            *(int64_t *)(void *)field = (int64_t)(value->valuedouble * unit);
        }
    }
}

static int start(wxid_call **call, wxid_session *session, const cJSON *vector,
                 unsigned char **image, wxid_error **error)
{
    const cJSON *given = cJSON_GetObjectItemCaseSensitive(vector, "recognition");
    uint64_t seed = strtoull(text_member(vector, "seed"), NULL, 10);
    if (given != NULL) {
        wxid_recognition recognition = WXID_RECOGNITION_INIT;
        const char *base64 = text_member(given, "image_base64");
        if (base64 != NULL) {
            *image = decode_base64(base64, &recognition.image_length);
            recognition.image = *image;
        }
        recognition.img_url = text_member(given, "img_url");
        recognition.type = text_member(given, "type");
        return wxid_call_new_recognition(call, session, &recognition, 0, seed, error);
    }
    wxid_token_fetch fetch = WXID_TOKEN_FETCH_INIT;
    given = member(vector, "token_fetch");
    fetch.appid = text_member(given, "appid");
    fetch.secret = text_member(given, "secret");
    fetch.endpoint = text_member(given, "endpoint");
    fetch.force_refresh = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(given, "force_refresh"));
    return wxid_call_new_token_fetch(call, session, &fetch, 0, seed, error);
}

/* A copy of text with {version} filled in, to be freed. */
static char *with_version(const char *text)
{
    const char *mark = strstr(text, "{version}");
    size_t size = strlen(text) + strlen(WXID_VERSION) + 1;
    char *filled = malloc(size);
    assert_non_null(filled);
    assert_non_null(mark);
    snprintf(filled, size, "%.*s%s%s", (int)(mark - text), text, WXID_VERSION, mark + 9);
    return filled;
}

static void assert_body(const wxid_request *request, const cJSON *expect, const cJSON *vector)
{
    const cJSON *pieces = member(expect, "body");
    const cJSON *piece;
    size_t index = 0;
    assert_int_equal(request->fragment_count, cJSON_GetArraySize(pieces));
    cJSON_ArrayForEach(piece, pieces)
    {
        const wxid_fragment *fragment = &request->body[index++];
        if (strcmp(piece->valuestring, "image") == 0) {
            size_t length = 0;
            unsigned char *image =
                decode_base64(text_member(member(vector, "recognition"), "image_base64"), &length);
            assert_int_equal(fragment->length, length);
            assert_memory_equal(fragment->data, image, length);
            free(image);
        } else {
            assert_int_equal(fragment->length, strlen(piece->valuestring));
            assert_memory_equal(fragment->data, piece->valuestring, fragment->length);
        }
    }
    assert_int_equal(request->body_length, member(expect, "body_length")->valueint);
}

/* The head once more, from the list of headers that libcurl gets. */
static void assert_headers_make_head(const wxid_request *request)
{
    char head[8192];
    size_t length =
        (size_t)snprintf(head, sizeof head, "%s %s HTTP/1.1\r\n", request->method, request->target);
    for (size_t i = 0; i < request->header_count; i++) {
        length += (size_t)snprintf(head + length, sizeof head - length, "%s: %s\r\n",
                                   request->headers[i].name, request->headers[i].value);
    }
    snprintf(head + length, sizeof head - length, "\r\n");
    assert_string_equal(head, request->head);
    assert_int_equal(strlen(head), request->head_length);
}

static void assert_request(const wxid_request *request, const cJSON *vector)
{
    const cJSON *expect = member(vector, "expect");
    char *head = with_version(text_member(expect, "head"));
    assert_non_null(request);
    assert_string_equal(request->head, head);
    free(head);
    assert_string_equal(request->method, text_member(expect, "method"));
    assert_string_equal(request->scheme, text_member(expect, "scheme"));
    assert_string_equal(request->host, text_member(expect, "host"));
    assert_int_equal(request->port, member(expect, "port")->valueint);
    assert_string_equal(request->target, text_member(expect, "target"));
    assert_non_null(strstr(request->url, request->target));
    assert_headers_make_head(request);
    assert_body(request, expect, vector);
}

static void assert_refused(wxid_error *error, const cJSON *expect)
{
    assert_non_null(error);
    assert_string_equal(wxid_error_kind_name(error), text_member(expect, "kind"));
    if (strstr(wxid_error_message(error), text_member(expect, "says")) == NULL) {
        fail_msg("the message does not say %s: %s", text_member(expect, "says"),
                 wxid_error_message(error));
    }
    wxid_error_free(error);
}

static void run_request(const cJSON *vector)
{
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_session *session = NULL;
    wxid_call *call = NULL;
    wxid_error *error = NULL;
    unsigned char *image = NULL;
    const cJSON *refusal = cJSON_GetObjectItemCaseSensitive(member(vector, "expect"), "error");
    read_settings(&settings, member(vector, "settings"));
    int result = wxid_session_new(&session, &settings, &error);
    if (result == 0) {
        result = start(&call, session, vector, &image, &error);
    }
    assert_int_equal(result, refusal != NULL ? -1 : 0);
    if (refusal != NULL) {
        assert_refused(error, refusal);
    } else {
        assert_int_equal(wxid_call_step(call, 0), WXID_STEP_SEND);
        assert_request(wxid_call_request(call), vector);
    }
    wxid_call_free(call);
    wxid_session_free(session);
    free(image);
}

static void test_requests(void **state)
{
    cJSON *vectors = read_vectors("requests.json");
    const cJSON *vector;
    int count = 0;
    (void)state;
    cJSON_ArrayForEach(vector, member(vectors, "cases"))
    {
        print_message("requests: %s\n", text_member(vector, "name"));
        run_request(vector);
        count++;
    }
    cJSON_Delete(vectors);
    report_vector_count("requests", count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replies),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_requests),
    };
    return cmocka_run_group_tests_name("vectors", tests, NULL, NULL);
}
