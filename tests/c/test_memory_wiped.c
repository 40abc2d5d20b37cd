/* What SECURITY.md promises of memory: no block is given back with a token, a secret, or a piece of
 * a card or of its picture's request in it. */
#include "support/failing_memory.h"
#include "support/script.h"

#include "token_cache.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wxidcard_card.h>

#define CANARY "canary"
#define FRONT \
    "{\"type\":\"Front\",\"name\":\"canary\",\"id\":\"canary 1\",\"addr\":\"canary road\","
#define DEEP "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
#define SO_DEEP "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
#define ASSERT_WIPED(run, context) assert_int_equal(blocks_freed_with(CANARY, (run), (context)), 0)

/* ---- Replies ---- */

static void read_reply(void *context)
{
    wxid_value *card = NULL;
    wxid_error *error = NULL;
    wxid_session *session = new_session(0, 0);
    wxid_call *call = new_call(session, 0, 1);
    answer(call, 0, 200, context);
    (void)wxid_call_take_card(&card, call, &error);
    assert_true((card == NULL) != (error == NULL));
    wxid_value_free(card);
    wxid_error_free(error);
    wxid_call_free(call);
    wxid_session_free(session);
}

static void test_replies(void **state)
{
    static char *const replies[] = {
        FRONT "\"errcode\":0}",
        FRONT "\"back\":{\"list\":[\"canary\",{\"of\":\"canary\"}]}}",
        FRONT "\"canaryName\":\"canary\",\"nested\":{\"canary\":1}}",
        FRONT "\"errcode\":40001,\"errmsg\":\"canary hint: [canary] rid: canary\"}",
        FRONT "\"id\":\"twice, canary\"}",
        FRONT "\"errcode\":\"canary\"}",
        FRONT "\"n\":1e999}",
        FRONT "\"n\":" DEEP DEEP "\"canary\"" SO_DEEP SO_DEEP "}",
        FRONT "\"n\":1} {}",
        FRONT "\"n\":\"canary\\u0000\"}",
        "[\"canary\",{\"name\":\"canary\"}]",
        "\"canary\"",
        "<html>canary</html>",
    };
    (void)state;
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        ASSERT_WIPED(read_reply, replies[i]);
    }
}

/* ---- Requests ---- */

static void make_request(void *context)
{
    const wxid_settings *settings = context;
    static const char *const urls[] = {NULL, "https://example.com/canary.jpg"};
    for (size_t i = 0; i < 2; i++) {
        wxid_recognition recognition = WXID_RECOGNITION_INIT;
        wxid_session *session = NULL;
        wxid_call *call = NULL;
        recognition.image = i == 0 ? small_jpeg : NULL;
        recognition.image_length = i == 0 ? sizeof small_jpeg : 0;
        recognition.img_url = urls[i];
        assert_int_equal(wxid_session_new(&session, settings, NULL), 0);
        assert_int_equal(wxid_call_new_recognition(&call, session, &recognition, 0, 1, NULL), 0);
        if (settings->ask_for_token == 1) {
            assert_int_equal(wxid_call_step(call, 0), WXID_STEP_TOKEN);
            assert_int_equal(wxid_call_answer_token(call, "canary_token", NULL), 0);
        }
        assert_int_equal(wxid_call_step(call, 0), WXID_STEP_SEND);
        assert_non_null(strstr(wxid_call_request(call)->head, CANARY));
        answer(call, 0, 503, "canary"); /* so that there is a second attempt */
        if (wxid_call_step(call, 0) == WXID_STEP_WAIT) {
            assert_int_equal(wxid_call_answer_waited(call, 60000, NULL), 0);
        }
        wxid_call_free(call); /* in the middle */
        wxid_session_free(session);
    }
}

/* A picture that the library reads itself, as it is and without its metadata. */
static void read_picture(void *context)
{
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_recognition recognition = WXID_RECOGNITION_INIT;
    settings.access_token = "canary_token";
    recognition.image_path = context;
    for (settings.strip_metadata = 0; settings.strip_metadata < 2; settings.strip_metadata++) {
        wxid_session *session = NULL;
        wxid_call *call = NULL;
        assert_int_equal(wxid_session_new(&session, &settings, NULL), 0);
        if (wxid_call_new_recognition(&call, session, &recognition, 0, 1, NULL) == 0) {
            assert_int_equal(wxid_call_step(call, 0), WXID_STEP_SEND);
            wxid_fragment picture = wxid_call_request(call)->body[1];
            assert_non_null(memmem(picture.data, picture.length, CANARY, strlen(CANARY)));
        }
        wxid_call_free(call);
        wxid_session_free(session);
    }
}

#define JPEG_HEAD              \
    "\xff\xd8\xff\xfe\x00\x09" \
    "comment"                  \
    "\xff\xdb\x00\x43"         \
    "canary_table"             \
    "0123456789012345678901234567890123456789012345678901"
#define JPEG_SIZE "\xff\xc0\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00"
#define JPEG_SCAN "\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"

static void test_pictures(void **state)
{
    /* As far as their structure goes, with text where tables and pixels should be. */
    static const struct {
        const char *bytes;
        size_t length;
    } files[] = {
#define FILE_OF(text) {(text), sizeof(text) - 1}
        FILE_OF(JPEG_HEAD JPEG_SIZE JPEG_SCAN "canary"
                                              "\xff\xd9"),
        FILE_OF(JPEG_HEAD "\xff\xdb\x43"),
        FILE_OF("a canary is no picture"),
    };
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[] = "/tmp/wxidcard-wiped-XXXXXX";
        int file = mkstemp(path);
        assert_true(file >= 0);
        assert_int_equal(write(file, files[i].bytes, files[i].length), files[i].length);
        (void)close(file);
        ASSERT_WIPED(read_picture, path);
        (void)unlink(path);
    }
}

static void test_requests(void **state)
{
    wxid_settings in_hand = WXID_SETTINGS_INIT;
    wxid_settings cloud = WXID_SETTINGS_INIT;
    wxid_settings provided = WXID_SETTINGS_INIT;
    (void)state;
    in_hand.access_token = "canary_token";
    cloud.cloudbase_access_token = "canary_token";
    provided.ask_for_token = 1;
    ASSERT_WIPED(make_request, &in_hand);
    ASSERT_WIPED(make_request, &cloud);
    ASSERT_WIPED(make_request, &provided);
}

/* ---- Tokens ---- */

#define FIRST "canary_first"
#define SECOND "canary_second"

static const script token_scripts[] = {
    {"renewed when refused",
     RETRIES(1),
     {GIVES(FIRST), REFUSES(FIRST), GIVES(SECOND), READS_CARD(SECOND), END},
     CARD,
     2,
     2},
    {"of the older endpoint, whose URL has the secret",
     {.old_endpoint = 1, .max_retries = 1},
     {FETCH_STATUS(500), WAIT(1000, 1000), GIVES(FIRST), READS_CARD(FIRST), END},
     CARD,
     1,
     2},
    {"not to be had", RETRIES(0), {FETCH_ERRCODE(40125), END}, WXID_KIND_CREDENTIAL, 0, 1},
    {"of a store",
     WITH_STORE(1),
     {FINDS_TOKEN(PUBLISHED(FIRST)), REFUSES(FIRST), FINDS_TOKEN(PUBLISHED(FIRST)), ADDS_LOCK(1),
      FINDS_TOKEN(PUBLISHED(FIRST)), GIVES(SECOND), PUBLISHES(SECOND), READS_CARD(SECOND), END},
     CARD,
     2,
     1},
    {"of a store, where it lies in a record that is none",
     WITH_STORE(0),
     {FINDS_TOKEN("{\"access_token\":\"canary\"}"), ADDS_LOCK(1), FINDS_TOKEN("[\"canary\"]"),
      GIVES(FIRST), PUBLISHES(FIRST), READS_CARD(FIRST), END},
     CARD,
     1,
     1},
};

static void play_all(void *context)
{
    (void)context;
    play_scripts(token_scripts, sizeof token_scripts / sizeof token_scripts[0]);
    wxid__token_cache_forget_unused();
}

static void read_file_twice(void *context)
{
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_session *session = NULL;
    settings.cloudbase_token_file = context;
    assert_int_equal(wxid_session_new(&session, &settings, NULL), 0);
    for (int i = 0; i < 2; i++) {
        wxid_call *call = new_call(session, 0, 1);
        while (wxid_call_step(call, clock_ms) == WXID_STEP_WAIT) {
            clock_ms += wxid_call_wait_ms(call);
            assert_int_equal(wxid_call_answer_waited(call, clock_ms, NULL), 0);
        }
        assert_non_null(strstr(wxid_call_request(call)->head, CANARY));
        wxid_call_free(call);
    }
    wxid_session_free(session);
}

static void test_tokens(void **state)
{
    char path[] = "/tmp/wxidcard-wiped-XXXXXX";
    int file = mkstemp(path);
    (void)state;
    assert_true(file >= 0);
    assert_int_equal(write(file, "canary_token", 12), 12);
    (void)close(file);
    ASSERT_WIPED(play_all, NULL);
    ASSERT_WIPED(read_file_twice, path);
    (void)unlink(path);
}

/* ---- Cards ---- */

static void judge_card(void *context)
{
    wxid_value *card = NULL;
    wxid_value *made = NULL;
    wxid_session *session = new_session(0, 0);
    wxid_call *call = new_call(session, 0, 1);
    (void)context;
    answer(call, 0, 200,
           FRONT "\"gender\":\"canary\",\"birth\":\"canary\",\"valid_date\":\"canary\"}");
    assert_int_equal(wxid_call_take_card(&card, call, NULL), 0);
    assert_int_equal(wxid_check(&made, card, NULL, "2026-01-01", 0, NULL), 0);
    wxid_value_free(made);
    assert_int_equal(wxid_mask(&made, card, NULL), 0);
    wxid_value_free(made);
    assert_int_equal(wxid_check_id(&made, "canary", 6, "2026-01-01", 0, NULL), 0);
    wxid_value_free(made);
    wxid_value_free(card);
    wxid_call_free(call);
    wxid_session_free(session);
}

static void test_cards(void **state)
{
    (void)state;
    ASSERT_WIPED(judge_card, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replies),  cmocka_unit_test(test_requests),
        cmocka_unit_test(test_pictures), cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_cards),
    };
    return cmocka_run_group_tests_name("memory_wiped", tests, wrap_cjson, NULL);
}
