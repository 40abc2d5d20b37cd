/* What a renewal puts into the store that processes share, and how it takes what it finds there. */
#include "support/script.h"

#include <string.h>

/* What is published is what is left of the token's life when it is. */
static void test_published_life_is_what_is_left(void **state)
{
    wxid_session *session = new_app_session((app)WITH_STORE(0));
    (void)state;
    clock_ms = 0;
    player one = {new_call(session, 0, 1), 0, 0};
    play_moves(&one, (const move[]){LOOKS, GIVES_FOR("first", 300), END});
    assert_int_equal(wxid_call_step(one.call, 0), WXID_STEP_STORE);
    const wxid_store_request *request = wxid_call_store_request(one.call, unix_ms());
    assert_int_equal(request->ttl_ms, 300000);
    assert_string_equal(
        request->value,
        "{\"access_token\":\"first\",\"expires_at\":1760000300,\"expires_in\":300}");
    wxid_call_free(one.call);
    wxid_session_free(session);
}

/* What was not refused is as good as another: somebody may have prolonged its life. */
static void test_the_same_token_with_a_longer_life(void **state)
{
    wxid_session *session = new_app_session((app)WITH_STORE(0));
    (void)state;
    clock_ms = 0;
    player one = {new_call(session, 0, 1), 0, 0};
    play_moves(&one,
               (const move[]){FINDS_TOKEN(RECORD("first", "00100")), READS_CARD("first"), END});
    assert_ended(&one, CARD);
    clock_ms = 50000;
    one = (player){new_call(session, clock_ms, 1), 0, 0};
    play_moves(&one, (const move[]){FINDS_TOKEN(PUBLISHED("first")), READS_CARD("first"), END});
    assert_ended(&one, CARD);
    wxid_session_free(session);
}

/* A lock is released by him who took it: the value is his, and not another's. */
static void test_locks_are_told_apart(void **state)
{
    char owners[2][32] = {"", ""};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        wxid_session *session = new_app_session((app)WITH_STORE(0));
        clock_ms = 0;
        player one = {new_call(session, 0, i), 0, 0};
        play_moves(&one, (const move[]){FINDS_TOKEN(NULL), END});
        (void)wxid_call_step(one.call, 0);
        strncpy(owners[i], wxid_call_store_request(one.call, unix_ms())->value, 31);
        play_moves(&one, (const move[]){ADDS_LOCK(1), FINDS_TOKEN(NULL), GIVES("first"),
                                        SETS_TOKEN("first"), END});
        (void)wxid_call_step(one.call, 0);
        assert_string_equal(wxid_call_store_request(one.call, unix_ms())->value, owners[i]);
        wxid_call_free(one.call);
        wxid_session_free(session);
    }
    assert_int_equal(strlen(owners[0]), 16);
    assert_string_not_equal(owners[0], owners[1]);
}

/* What came from another process says that it was about a token, as one's own failures do. */
static void test_messages_say_what_failed(void **state)
{
    static const move own[] = {LOOKS, FETCH_ERRCODE(-1), SETS_FAILURE("busy", 1000), END};
    static const move theirs[] = {
        BLOCKED, FINDS_LOCK(FAILED_RECORD("busy", ",\"errcode\":-1", 1, "001000")), END};
    const move *const both[] = {own, theirs};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        wxid_session *session = new_app_session((app)WITH_STORE(0));
        wxid_value *card = NULL;
        wxid_error *error = NULL;
        int32_t errcode = 0;
        clock_ms = 0;
        player one = {new_call(session, 0, 1), 0, 0};
        play_moves(&one, both[i]);
        assert_int_equal(wxid_call_step(one.call, 0), WXID_STEP_DONE);
        assert_int_equal(wxid_call_take_card(&card, one.call, &error), -1);
        assert_non_null(strstr(wxid_error_message(error), "fetching an access token: "));
        assert_true(wxid_error_errcode(error, &errcode));
        assert_int_equal(errcode, -1);
        wxid_error_free(error);
        wxid_call_free(one.call);
        wxid_session_free(session);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_life_is_what_is_left),
        cmocka_unit_test(test_the_same_token_with_a_longer_life),
        cmocka_unit_test(test_locks_are_told_apart),
        cmocka_unit_test(test_messages_say_what_failed),
    };
    return cmocka_run_group_tests_name("renewal_words", tests, NULL, NULL);
}
