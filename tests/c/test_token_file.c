/* The file in which WeChat Cloud Hosting keeps a token: read for each call, while it is rewritten.
 */
#include "support/support.h"

#include "call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/wxidcard-token-file-XXXXXX";
static char path[sizeof folder + 16];
static int64_t now;

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/token", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static void write_bytes(const char *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void write_text(const char *text)
{
    write_bytes(text, strlen(text));
}

static wxid_session *new_file_session(void)
{
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_session *session = NULL;
    settings.cloudbase_token_file = path;
    now = 0;
    assert_int_equal(wxid_session_new(&session, &settings, NULL), 0);
    return session;
}

/* Lets the call wait for the file until it sends, or ends; returns how often it waited. */
static int wait_for_file(wxid_call *call)
{
    int waits = 0;
    while (wxid_call_step(call, now) == WXID_STEP_WAIT) {
        assert_int_equal(wxid_call_wait_ms(call), 20);
        now += wxid_call_wait_ms(call);
        assert_int_equal(wxid_call_answer_waited(call, now, NULL), 0);
        assert_true(++waits <= 10);
    }
    return waits;
}

static void expect_token(wxid_call *call, const char *token)
{
    char target[6000];
    assert_int_equal(wxid_call_step(call, now), WXID_STEP_SEND);
    snprintf(target, sizeof target, "/cv/ocr/idcard?cloudbase_access_token=%s", token);
    assert_string_equal(wxid_call_request(call)->target, target);
}

/* A call that gets its card with this token; returns how often it waited for the file. */
static int read_card_with(wxid_session *session, const char *token)
{
    wxid_call *call = new_call(session, now, 1);
    int waits = wait_for_file(call);
    expect_token(call, token);
    answer(call, now, 200, CARD_REPLY);
    assert_int_equal(wxid_call_step(call, now), WXID_STEP_DONE);
    wxid_call_free(call);
    return waits;
}

static void fail_without_token(wxid_session *session, wxid_kind kind)
{
    wxid_call *call = new_call(session, now, 1);
    assert_int_equal(wait_for_file(call), 10);
    assert_null(wxid_call_request(call));
    assert_ends_with(call, kind);
    wxid_call_free(call);
}

static void test_white_space_around_it(void **state)
{
    static const char *const contents[] = {"a_token", "a_token\n", " \t\r\n\v\fa_token\r\n\n",
                                           "a_token     "};
    (void)state;
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        wxid_session *session = new_file_session();
        write_text(contents[i]);
        assert_int_equal(read_card_with(session, "a_token"), 1); /* read twice, the first time */
        assert_int_equal(read_card_with(session, "a_token"), 0);
        wxid_session_free(session);
    }
    (void)unlink(path);
}

/* Half a token looks like a token: a new one counts when it was read twice alike. */
static void test_while_it_is_rewritten(void **state)
{
    wxid_session *session = new_file_session();
    (void)state;
    write_text("first_token");
    assert_int_equal(read_card_with(session, "first_token"), 1);
    write_text("");
    assert_int_equal(read_card_with(session, "first_token"), 0);
    write_text("sec");
    assert_int_equal(read_card_with(session, "first_token"), 0);
    write_text("second_tok");
    assert_int_equal(read_card_with(session, "first_token"), 0);
    write_text("second_token");
    assert_int_equal(read_card_with(session, "first_token"), 0);
    assert_int_equal(read_card_with(session, "second_token"), 0);
    (void)unlink(path);
    assert_int_equal(read_card_with(session, "second_token"), 0);
    wxid_session_free(session);
}

static void test_it_comes_later(void **state)
{
    wxid_session *session = new_file_session();
    wxid_call *call = new_call(session, now, 1);
    (void)state;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(wxid_call_step(call, now), WXID_STEP_WAIT);
        now += 20;
        assert_int_equal(wxid_call_answer_waited(call, now, NULL), 0);
    }
    write_text("a_token");
    assert_int_equal(wait_for_file(call), 1);
    expect_token(call, "a_token");
    wxid_call_free(call);
    wxid_session_free(session);
    (void)unlink(path);
}

static void test_what_is_no_token(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
    } contents[] = {
        {"", 0},
        {" \n", 2},
        {"two tokens", 10},
        {"two\ntokens", 10},
        {"\xef\xbb\xbf"
         "a_token",
         10},
        {"\x89PNG\r\n\x1a\n", 8},
        {"a_token\0\0\0\0", 11},
        {"a_to\0ken", 8},
        {"\0a_token", 8},
        {"a_token\"", 8},
        {"{\"access_token\":\"t\"}", 20},
    };
    (void)state;
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        wxid_session *session = new_file_session();
        print_message("content %d\n", (int)i);
        write_bytes(contents[i].bytes, contents[i].length);
        fail_without_token(session, WXID_KIND_TOKEN);
        wxid_session_free(session);
    }
    (void)unlink(path);
}

static void test_the_longest(void **state)
{
    char text[8192];
    wxid_session *session = new_file_session();
    (void)state;
    memset(text, 'x', sizeof text);
    write_bytes(text, 4096);
    text[4096] = '\0';
    assert_int_equal(read_card_with(session, text), 1);
    wxid_session_free(session);
    text[4096] = 'x';
    for (size_t length = 4097; length < sizeof text; length += 511) { /* 5 KB among them */
        session = new_file_session();
        write_bytes(text, length);
        fail_without_token(session, WXID_KIND_TOKEN);
        wxid_session_free(session);
    }
    memset(text, ' ', sizeof text);
    memcpy(text, "a_token", 7);
    session = new_file_session();
    write_bytes(text, 5000);
    fail_without_token(session, WXID_KIND_TOKEN); /* more than is read may follow anything */
    wxid_session_free(session);
    (void)unlink(path);
}

static void test_what_is_no_file(void **state)
{
    wxid_session *session = new_file_session();
    (void)state;
    fail_without_token(session, WXID_KIND_SYSTEM); /* missing */
    assert_int_equal(mkfifo(path, 0600), 0);
    fail_without_token(session, WXID_KIND_USAGE); /* without waiting for a writer */
    (void)unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    fail_without_token(session, WXID_KIND_USAGE);
    (void)rmdir(path);
    assert_int_equal(symlink("/dev/zero", path), 0);
    fail_without_token(session, WXID_KIND_USAGE);
    (void)unlink(path);
    wxid_session_free(session);
}

/* ---- Refused tokens ---- */

static wxid_call *refused_call(wxid_session *session, const char *token)
{
    wxid_call *call = new_call(session, now, 1);
    (void)wait_for_file(call);
    expect_token(call, token);
    answer(call, now, 200, "{\"errcode\":42001,\"errmsg\":\"expired\"}");
    return call;
}

static void test_refused_and_rewritten(void **state)
{
    wxid_session *session = new_file_session();
    (void)state;
    write_text("first_token");
    wxid_call *call = refused_call(session, "first_token");
    assert_int_equal(wxid_call_step(call, now), WXID_STEP_WAIT);
    write_text("second_token");
    assert_true(wait_for_file(call) >= 1);
    expect_token(call, "second_token");
    answer(call, now, 200, CARD_REPLY);
    assert_int_equal(wxid_call_step(call, now), WXID_STEP_DONE);
    wxid_call_free(call);
    call = refused_call(session, "second_token"); /* and only once in a call */
    write_text("third_token");
    (void)wait_for_file(call);
    expect_token(call, "third_token");
    answer(call, now, 200, "{\"errcode\":40001}");
    assert_ends_with(call, WXID_KIND_TOKEN);
    wxid_call_free(call);
    wxid_session_free(session);
    (void)unlink(path);
}

static void test_refused_and_not_rewritten(void **state)
{
    wxid_session *session = new_file_session();
    wxid_value *card = NULL;
    wxid_error *error = NULL;
    int32_t errcode = 0;
    (void)state;
    write_text("first_token");
    assert_int_equal(read_card_with(session, "first_token"), 1);
    wxid_call *call = refused_call(session, "first_token");
    assert_int_equal(wait_for_file(call), 10);
    assert_int_equal(wxid_call_step(call, now), WXID_STEP_DONE);
    assert_int_equal(wxid_call_take_card(&card, call, &error), -1);
    assert_int_equal(wxid_error_kind(error), WXID_KIND_TOKEN);
    assert_true(wxid_error_errcode(error, &errcode));
    assert_int_equal(errcode, 42001); /* what the service said, not what the file holds */
    wxid_error_free(error);
    wxid_call_free(call);
    assert_int_equal(read_card_with(session, "first_token"), 0); /* it may be good for others */
    wxid_session_free(session);
    (void)unlink(path);
}

static void test_two_sessions(void **state)
{
    wxid_session *one = new_file_session();
    wxid_session *other = new_file_session();
    (void)state;
    write_text("first_token");
    assert_int_equal(read_card_with(one, "first_token"), 1);
    write_text("second_token");
    assert_int_equal(read_card_with(one, "first_token"), 0);
    assert_int_equal(read_card_with(other, "second_token"), 1);
    assert_int_equal(read_card_with(one, "second_token"), 0);
    wxid_session_free(one);
    assert_int_equal(read_card_with(other, "second_token"), 0);
    wxid_session_free(other);
    (void)unlink(path);
}

static void test_the_deadline_ends_the_waiting(void **state)
{
    wxid_session *session = new_file_session();
    wxid_call *call = new_call(session, 0, 1);
    (void)state;
    assert_int_equal(wxid_call_step(call, 29999), WXID_STEP_WAIT);
    assert_int_equal(wxid_call_step(call, 30000), WXID_STEP_DONE);
    assert_ends_with(call, WXID_KIND_TIMEOUT);
    wxid_call_free(call);
    wxid_session_free(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_white_space_around_it),
        cmocka_unit_test(test_while_it_is_rewritten),
        cmocka_unit_test(test_it_comes_later),
        cmocka_unit_test(test_what_is_no_token),
        cmocka_unit_test(test_the_longest),
        cmocka_unit_test(test_what_is_no_file),
        cmocka_unit_test(test_refused_and_rewritten),
        cmocka_unit_test(test_refused_and_not_rewritten),
        cmocka_unit_test(test_two_sessions),
        cmocka_unit_test(test_the_deadline_ends_the_waiting),
    };
    return cmocka_run_group_tests_name("token_file", tests, make_folder, remove_folder);
}
