/* Every allocation of a token's life fails once: the calls get an error, nothing leaks or crashes,
 * and no lease stays taken, so that the next call works. */
#include "support/failing_memory.h"
#include "support/script.h"

#include "renewal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_STEPS 80
/* No pause is longer. */
#define LONGEST_PAUSE_MS 30000

static int tokens_given;
static int refusals_left;

static void answer_request(wxid_call *call)
{
    const wxid_request *request = wxid_call_request(call);
    char body[96];
    assert_string_equal(request->head + request->head_length - 4, "\r\n\r\n");
    assert_non_null(strstr(request->head, request->target));
    assert_non_null(strstr(request->url, request->target));
    if (strstr(request->target, "/cgi-bin/") == NULL) {
        int is_refused = refusals_left > 0;
        refusals_left -= is_refused;
        assert_non_null(strstr(request->target, "access_token=token_"));
        answer(call, clock_ms, 200, is_refused ? "{\"errcode\":40001}" : CARD_REPLY);
        return;
    }
    const char *carrier = request->fragment_count > 0 ? request->body[0].data : request->target;
    assert_non_null(strstr(carrier, APPID)); /* what did not fail is whole */
    assert_non_null(strstr(carrier, SECRET));
    snprintf(body, sizeof body, "{\"access_token\":\"token_%d\",\"expires_in\":7200}",
             tokens_given++);
    answer(call, clock_ms, 200, body);
}

/* A store in which there is never anything. */
static void answer_store(wxid_call *call)
{
    wxid_store_answer stored = WXID_STORE_ANSWER_INIT;
    const wxid_store_request *request = wxid_call_store_request(call, unix_ms());
    if (request == NULL) {
        return; /* it has ended */
    }
    int is_of_token = strncmp(request->key, "wxidcard:token:", 15) == 0;
    assert_string_equal(request->key, is_of_token ? TOKEN_KEY : LOCK_KEY);
    assert_int_equal(request->value != NULL, request->action != WXID_STORE_GET);
    if (request->action == WXID_STORE_SET) {
        assert_int_equal(request->value[strlen(request->value) - 1], '}');
    } else if (request->action != WXID_STORE_GET) {
        assert_int_equal(strlen(request->value), 16);
    }
    stored.stored = 1;
    assert_int_equal(wxid_call_answer_store(call, clock_ms, unix_ms(), &stored, NULL), 0);
}

static void drive(wxid_call *call)
{
    wxid_step step;
    for (int steps = 0; (step = wxid_call_step(call, clock_ms)) != WXID_STEP_DONE; steps++) {
        assert_true(steps < MOST_STEPS);
        if (step == WXID_STEP_SEND) {
            answer_request(call);
        } else if (step == WXID_STEP_STORE) {
            answer_store(call);
        } else {
            clock_ms += wxid_call_wait_ms(call);
            assert_int_equal(wxid_call_answer_waited(call, clock_ms, NULL), 0);
        }
    }
}

/* cJSON cannot say why it failed; and such a failure of the token endpoint is remembered. */
static int judge(wxid_error *error)
{
    if (error != NULL && wxid_error_kind(error) != WXID_KIND_PROTOCOL) {
        assert_int_equal(wxid_error_kind(error), WXID_KIND_MEMORY);
    }
    int failed = error != NULL;
    wxid_error_free(error);
    return failed;
}

/* Each returns how many things failed. */
static int recognize(wxid_session *session)
{
    wxid_recognition recognition = WXID_RECOGNITION_INIT;
    wxid_call *call = NULL;
    wxid_value *card = NULL;
    wxid_error *error = NULL;
    recognition.image = small_jpeg;
    recognition.image_length = sizeof small_jpeg;
    if (wxid_call_new_recognition(&call, session, &recognition, clock_ms, 1, &error) == 0) {
        drive(call);
        (void)wxid_call_take_card(&card, call, &error);
    }
    assert_true((card == NULL) != (error == NULL));
    wxid_value_free(card);
    wxid_call_free(call);
    return judge(error);
}

static int take_token(wxid_call *call)
{
    const char *token = NULL;
    int64_t life_s = 0;
    wxid_error *error = NULL;
    drive(call);
    (void)wxid_call_take_token(&token, &life_s, call, &error);
    assert_true((token == NULL) != (error == NULL));
    wxid_call_free(call);
    return judge(error);
}

static int refresh(wxid_session *session, int force)
{
    wxid_call *call = NULL;
    wxid_error *error = NULL;
    return wxid_call_new_refresh(&call, session, force, clock_ms, 1, &error) == 0 ? take_token(call)
                                                                                  : judge(error);
}

static int renew_stale(wxid_session *session)
{
    wxid_call *call = NULL;
    clock_ms += LIFE_MS - 200000;
    return wxid_call_new_renewal(&call, session, clock_ms, 1) ? take_token(call) : 1;
}

static int make_session(wxid_session **session, const wxid_settings *settings)
{
    wxid_error *error = NULL;
    if (wxid_session_new(session, settings, &error) != 0) {
        return judge(error);
    }
    wxid_session_share(*session);
    return 0;
}

/* First fetch, refusal and renewal, a renewal beside calls, refreshes; and whatever failed, the
 * next call of each session works. */
static int life_of_a_token(void *context)
{
    const wxid_settings *settings = context;
    wxid_session *sessions[2] = {NULL, NULL};
    clock_ms = 0;
    refusals_left = 1;
    int failed = make_session(&sessions[0], settings) + make_session(&sessions[1], settings);
    if (failed == 0) {
        failed += recognize(sessions[0]) + recognize(sessions[1]);
        failed += renew_stale(sessions[0]) + recognize(sessions[1]);
        failed += refresh(sessions[1], 0) + refresh(sessions[0], settings->token_endpoint == NULL);
    }
    have_memory();
    refusals_left = 0;
    for (size_t i = 0; i < 2; i++) {
        if (sessions[i] != NULL) {
            assert_no_lease(sessions[i]);
            clock_ms += LONGEST_PAUSE_MS;
            assert_int_equal(recognize(sessions[i]), 0);
            assert_int_equal(refresh(sessions[i], 0), 0);
        }
        wxid_session_free(sessions[i]);
    }
    wxid__token_cache_forget_unused();
    return failed;
}

static void test_token(void **state)
{
    wxid_settings settings = WXID_SETTINGS_INIT;
    (void)state;
    settings.appid = APPID;
    settings.secret = SECRET;
    every_allocation_fails(life_of_a_token, &settings);
    settings.token_endpoint = "token";
    every_allocation_fails(life_of_a_token, &settings);
}

static void test_token_with_store(void **state)
{
    wxid_settings settings = WXID_SETTINGS_INIT;
    (void)state;
    settings.appid = APPID;
    settings.secret = SECRET;
    settings.token_store = 1;
    every_allocation_fails(life_of_a_token, &settings);
}

/* ---- What other processes leave in the store ---- */

typedef struct left {
    const char *token;
    const char *lock;
} left;

static int read_store(void *context)
{
    const left *there = context;
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_session *session = NULL;
    settings.appid = APPID;
    settings.secret = SECRET;
    settings.token_store = 1;
    settings.max_retries = 0;
    clock_ms = 0;
    int failed = make_session(&session, &settings);
    wxid_call *call = NULL;
    if (failed == 0) {
        uint64_t lease = wxid__token_cache_lease_anyway(session->cache, 0, 1000).lease;
        call = wxid__renewal_new(session, lease, 1000, 1);
        failed += call == NULL;
    }
    int steps = 0;
    while (call != NULL && wxid_call_step(call, clock_ms) == WXID_STEP_STORE && steps++ < 9) {
        wxid_store_answer found = WXID_STORE_ANSWER_INIT;
        const wxid_store_request *request = wxid_call_store_request(call, unix_ms());
        found.value = strcmp(request->key, LOCK_KEY) == 0 ? there->lock : there->token;
        assert_int_equal(wxid_call_answer_store(call, clock_ms, unix_ms(), &found, NULL), 0);
    }
    if (call != NULL) { /* an unread record is as none: then it waits for the lock */
        failed += wxid_call_step(call, clock_ms) != WXID_STEP_DONE;
        wxid_call_free(call);
    }
    have_memory();
    if (session != NULL) {
        assert_no_lease(session);
    }
    wxid_session_free(session);
    wxid__token_cache_forget_unused();
    return failed;
}

static void test_records(void **state)
{
    left token = {"{\"access_token\":\"token_x\",\"expires_at\":1760003600}", NULL};
    left failure = {NULL, "{\"failed\":\"busy\",\"errcode\":-1,\"failures\":2,"
                          "\"retry_at_ms\":1760000002000}"};
    (void)state;
    every_allocation_fails(read_store, &token);
    every_allocation_fails(read_store, &failure);
}

/* ---- A fetch by itself ---- */

static int fetch(void *context)
{
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_token_fetch asked = WXID_TOKEN_FETCH_INIT;
    wxid_session *session = NULL;
    wxid_call *call = NULL;
    wxid_error *error = NULL;
    asked.appid = APPID;
    asked.secret = SECRET;
    asked.endpoint = context;
    settings.access_token = "token_of_the_tests";
    clock_ms = 0;
    int failed = make_session(&session, &settings);
    if (failed == 0 &&
        wxid_call_new_token_fetch(&call, session, &asked, clock_ms, 1, &error) == 0) {
        failed = take_token(call);
    } else if (failed == 0) {
        failed = judge(error);
    }
    have_memory();
    wxid_session_free(session);
    return failed;
}

static void test_fetch(void **state)
{
    char endpoints[][16] = {"token", "stable_token"};
    (void)state;
    every_allocation_fails(fetch, endpoints[0]);
    every_allocation_fails(fetch, endpoints[1]);
}

/* ---- A token file ---- */

static void write_token(const char *path, const char *token)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(token, file);
    fclose(file);
}

static int with_token_file(void *context)
{
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_session *session = NULL;
    settings.cloudbase_token_file = context;
    clock_ms = 0;
    refusals_left = 0;
    int failed = make_session(&session, &settings);
    if (failed == 0) {
        failed += recognize(session) + recognize(session);
    }
    have_memory();
    if (session != NULL) {
        assert_int_equal(recognize(session), 0);
    }
    wxid_session_free(session);
    return failed;
}

static void test_token_file(void **state)
{
    char path[] = "/tmp/wxidcard-memory-XXXXXX";
    int file = mkstemp(path);
    (void)state;
    assert_true(file >= 0);
    (void)close(file);
    write_token(path, "token_of_the_file");
    every_allocation_fails(with_token_file, path);
    (void)unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_token),      cmocka_unit_test(test_token_with_store),
        cmocka_unit_test(test_records),    cmocka_unit_test(test_fetch),
        cmocka_unit_test(test_token_file),
    };
    return cmocka_run_group_tests_name("memory_tokens", tests, wrap_cjson, NULL);
}
