#include "script.h"

#include "session.h"

#include <stdio.h>
#include <string.h>

#define SEEDS 8

int64_t clock_ms;

int64_t unix_ms(void)
{
    return INT64_C(1000) * UNIX_START_S + clock_ms;
}

wxid_session *new_app_session(app options)
{
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_session *session = NULL;
    settings.appid = options.appid != NULL ? options.appid : APPID;
    settings.secret = options.secret != NULL ? options.secret : SECRET;
    settings.token_endpoint = options.old_endpoint ? "token" : NULL;
    settings.token_store = options.with_store;
    settings.max_retries = options.max_retries;
    settings.timeout_ms = options.timeout_ms != 0 ? options.timeout_ms : WXID_UNSET;
    settings.base_url = options.base_url;
    assert_int_equal(wxid_session_new(&session, &settings, NULL), 0);
    return session;
}

/* ---- Moves ---- */

/* A SEND, to where the script says. */
static void expect_request(player *one, const move *next)
{
    char parameter[128];
    assert_int_equal(wxid_call_step(one->call, clock_ms), WXID_STEP_SEND);
    const wxid_request *request = wxid_call_request(one->call);
    assert_non_null(request);
    if (next->token == NULL) {
        assert_non_null(strstr(request->target, "/cgi-bin/"));
        one->fetches++;
        return;
    }
    snprintf(parameter, sizeof parameter, "/cv/ocr/idcard?access_token=%s", next->token);
    assert_string_equal(request->target, parameter);
    assert_null(strstr(request->head, SECRET));
    one->posts++;
}

static void play_store(player *one, const move *next)
{
    wxid_store_answer its_answer = WXID_STORE_ANSWER_INIT;
    assert_int_equal(wxid_call_step(one->call, clock_ms), WXID_STEP_STORE);
    const wxid_store_request *request = wxid_call_store_request(one->call, unix_ms());
    assert_non_null(request);
    assert_int_equal(request->action, next->asked);
    assert_string_equal(request->key, next->key);
    assert_int_equal(request->value != NULL, next->value != NULL);
    if (next->value != NULL) {
        assert_non_null(strstr(request->value, next->value));
        assert_null(strstr(request->value, SECRET));
    }
    assert_int_equal(request->ttl_ms, next->least);
    its_answer.failed = next->does_not_work;
    its_answer.stored = next->stored;
    its_answer.value = next->text;
    assert_int_equal(wxid_call_answer_store(one->call, clock_ms, unix_ms(), &its_answer, NULL), 0);
}

static void play_wait(const player *one, const move *next)
{
    assert_int_equal(wxid_call_step(one->call, clock_ms), WXID_STEP_WAIT);
    int64_t wait = wxid_call_wait_ms(one->call);
    assert_true(wait >= next->least && wait <= next->most);
    clock_ms += wait;
    assert_int_equal(wxid_call_answer_waited(one->call, clock_ms, NULL), 0);
}

void play_moves(player *one, const move *moves)
{
    for (const move *next = moves; next->what != SCRIPT_ENDS; next++) {
        switch (next->what) {
        case IS_ANSWERED:
            expect_request(one, next);
            answer(one->call, clock_ms, next->status, next->text);
            break;
        case BREAKS_OFF:
            expect_request(one, next);
            assert_int_equal(wxid_call_answer_failure(one->call, clock_ms, next->failure,
                                                      next->sent, NULL, NULL),
                             0);
            break;
        case STORES:
            play_store(one, next);
            break;
        case WAITS:
            play_wait(one, next);
            break;
        default: /* beside a step that was asked for */
            (void)wxid_call_step(one->call, clock_ms);
            clock_ms += next->least;
            break;
        }
    }
}

/* ---- Ends ---- */

void assert_ended(player *one, int ends_with)
{
    assert_int_equal(wxid_call_step(one->call, clock_ms), WXID_STEP_DONE);
    wxid_value *card = NULL;
    wxid_error *error = NULL;
    (void)wxid_call_take_card(&card, one->call, &error);
    if (ends_with == CARD) {
        assert_non_null(card);
    } else {
        assert_null(card);
        assert_string_equal(wxid_error_kind_name(error),
                            wxid_kind_info_at((size_t)ends_with)->name);
        assert_null(strstr(wxid_error_message(error), SECRET));
    }
    wxid_value_free(card);
    wxid_error_free(error);
    wxid_call_free(one->call);
    one->call = NULL;
}

void assert_no_lease(const wxid_session *session)
{
    wxid__token_answer its_answer =
        wxid__token_cache_lease_anyway(session->cache, clock_ms, clock_ms);
    assert_int_not_equal(its_answer.state, WXID__TOKEN_WAIT);
    wxid_error_free(its_answer.error);
    wxid__token_cache_give_back(session->cache, its_answer.lease);
}

static void play(const script *this_one, uint64_t seed)
{
    wxid_session *session = new_app_session(this_one->app);
    clock_ms = 0;
    player one = {new_call(session, clock_ms, seed), 0, 0};
    play_moves(&one, this_one->moves);
    assert_ended(&one, this_one->ends_with);
    assert_int_equal(one.posts, this_one->posts);
    assert_int_equal(one.fetches, this_one->fetches);
    assert_no_lease(session);
    wxid_session_free(session);
}

void play_scripts(const script *scripts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            print_message("script: %s, seed %d\n", scripts[i].name, (int)seed);
            play(&scripts[i], seed);
        }
    }
}
