/* Every allocation fails once: each time the caller gets an error, and nothing leaks or crashes. */
#include "support/failing_memory.h"
#include "support/support.h"

#include <string.h>

/* What did not fail must be whole: nothing may be lost without a word. */
static void assert_whole_request(const wxid_request *request, int attempt, int by_url)
{
    const char *tokens[] = {"access_token=first_token", "access_token=other_token"};
    static const char form[] = "multipart/form-data; boundary=";
    assert_non_null(strstr(request->head, tokens[attempt]));
    assert_non_null(strstr(request->url, tokens[attempt]));
    assert_string_equal(request->head + request->head_length - 4, "\r\n\r\n");
    for (size_t i = 0; i < request->header_count; i++) {
        assert_non_null(strstr(request->head, request->headers[i].value));
    }
    if (!by_url) {
        const char *boundary = request->headers[3].value + sizeof form - 1;
        const char *tail = request->body[2].data;
        assert_int_equal(strlen(boundary), 36);
        assert_int_equal(request->body[2].length, 36 + 8);
        assert_memory_equal(tail + 4, boundary, 36);
        assert_memory_equal((const char *)request->body[0].data + 2, boundary, 36);
    }
}

typedef struct with {
    const char *body;
    int by_url;
} with;

/* A call with everything in it. Returns 0 when it ended as it should with memory. */
static int whole_call(void *context)
{
    const char *body = ((const with *)context)->body;
    int by_url = ((const with *)context)->by_url;
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_recognition recognition = WXID_RECOGNITION_INIT;
    wxid_reply reply = WXID_REPLY_INIT;
    wxid_session *session = NULL;
    wxid_call *call = NULL;
    wxid_value *card = NULL;
    wxid_error *error = NULL;
    settings.ask_for_token = 1;
    settings.ca_file = "/etc/ssl/cert.pem";
    settings.proxy = "http://127.0.0.1:3128";
    recognition.image = by_url ? NULL : small_jpeg;
    recognition.image_length = sizeof small_jpeg;
    recognition.img_url = by_url ? "https://example.com/a.jpg" : NULL;
    reply.status = 200;
    reply.body = body;
    reply.body_length = strlen(body);
    if (wxid_session_new(&session, &settings, &error) == 0 &&
        wxid_call_new_recognition(&call, session, &recognition, 0, 1, &error) == 0) {
        const char *tokens[] = {"first_token", "other_token"};
        for (int i = 0; i < 2 && wxid_call_step(call, 0) == WXID_STEP_TOKEN; i++) {
            assert_int_equal(wxid_call_answer_token(call, tokens[i], &error), 0);
            if (wxid_call_step(call, 0) == WXID_STEP_SEND) {
                assert_whole_request(wxid_call_request(call), i, by_url);
                assert_int_equal(wxid_call_answer_reply(call, 0, &reply, &error), 0);
            }
        }
        assert_int_equal(wxid_call_step(call, 0), WXID_STEP_DONE);
        (void)wxid_call_take_card(&card, call, &error);
    }
    assert_true((card == NULL) != (error == NULL));
    int result = card != NULL || wxid_error_kind(error) == WXID_KIND_TOKEN ? 0 : -1;
    if (result != 0 && wxid_error_kind(error) != WXID_KIND_PROTOCOL) { /* cJSON cannot say which */
        assert_int_equal(wxid_error_kind(error), WXID_KIND_MEMORY);
    }
    wxid_value_free(card);
    wxid_error_free(error);
    wxid_call_free(call);
    wxid_session_free(session);
    return result;
}

static void test_card(void **state)
{
    with card = {"{\"type\":\"Front\",\"x\":[1,2,{\"y\":\"z\"}],\"n\":null,\"b\":true}", 0};
    (void)state;
    every_allocation_fails(whole_call, &card);
}

static void test_token_error(void **state)
{
    with error = {"{\"errcode\":40001,\"errmsg\":\"text hint: [abc] rid: 1-2-3\"}", 1};
    (void)state;
    every_allocation_fails(whole_call, &error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_card),
        cmocka_unit_test(test_token_error),
    };
    return cmocka_run_group_tests_name("memory", tests, wrap_cjson, NULL);
}
