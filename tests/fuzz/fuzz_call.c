/* The call machine: up to three calls of one session, answered by chance. Input: the session's
 * settings, then for each call what it is, and for each step how it is answered.
 *
 * Whatever comes: it ends; a picture is sent three times at most, and again only for a reason that
 * allows it; nothing is sent after the deadline; an answer to another step changes nothing; nothing
 * secret is in an error; and when all calls have ended, nobody holds the right to renew the token.
 */
#include "input.h"
#include "properties.h"
#include "wire.h"

#include "session.h"

#include <stdlib.h>
#include <string.h>

/* A call of 2 s that looks every 10 ms for another's token takes a few hundred steps. */
enum { MOST_CALLS = 3, MOST_STEPS = 4000, MOST_ATTEMPTS = 3 };

#define SECRET MARK "_secret"

/* What the last picture's reply says about another. */
typedef enum verdict { FIRST, NEVER, SAFE, AMBIGUOUS, BUSY, STALE } verdict;

typedef struct player {
    input from;
    wxid_session *session;
    int64_t now_ms;
    /* of the call in hand */
    wxid_call *call;
    int64_t deadline_ms;
    int is_recognition;
    verdict last;
    int posts;
    int fetches;
    int retries;
    int ambiguous;
    int stale;
    char sent_token[64];
    char stale_token[64];
} player;

/* ---- Replies ---- */

typedef struct reply_row {
    int status;
    const char *body;
    verdict of_picture;
} reply_row;

static const reply_row replies[] = {
    {200, "{\"errcode\":0,\"type\":\"Front\",\"name\":\"\xe5\xbc\xa0\"}", NEVER},
    {200, "{\"access_token\":\"" MARK "_token_one\",\"expires_in\":7200}", NEVER},
    {200, "{\"access_token\":\"" MARK "_token_two\",\"expires_in\":7200}", NEVER},
    {200, "{\"access_token\":\"" MARK "_token_three\",\"expires_in\":300}", NEVER},
    {200, "{\"errcode\":40001,\"errmsg\":\"invalid credential\"}", STALE},
    {200, "{\"errcode\":42001,\"errmsg\":\"expired\"}", STALE},
    {200, "{\"errcode\":-1,\"errmsg\":\"system error\"}", BUSY},
    {200, "{\"errcode\":45009,\"errmsg\":\"reach max api daily quota limit\"}", NEVER},
    {200, "{\"errcode\":101001}", NEVER},
    {200, "{\"errcode\":40125,\"errmsg\":\"invalid appsecret " SECRET "\"}", NEVER},
    {429, "", BUSY},
    {502, "<html>", BUSY},
    {503, "<html>", BUSY},
    {404, "<html>", NEVER},
    {200, "", NEVER},
};

static void answer_reply(player *one, int is_picture, int *verdict_of_it)
{
    static const char *const waits[] = {NULL, "0", "1", "2", "600", "99999999999999999999", "-1"};
    const reply_row *row = &replies[take_below(&one->from, sizeof replies / sizeof replies[0])];
    wxid_reply reply = WXID_REPLY_INIT;
    uint8_t extras = take_byte(&one->from);
    if (is_picture && stands_in(SECRET, row->body)) {
        row--; /* of the secret the service knows by a token fetch alone */
    }
    reply.status = row->status;
    reply.body = row->body;
    reply.body_length = strlen(row->body);
    reply.retry_after = waits[(extras & 15) % 7];
    reply.request_incomplete = extras >= 0xf0;
    *verdict_of_it = reply.request_incomplete && row->status == 200 ? NEVER : (int)row->of_picture;
    HOLDS(wxid_call_answer_reply(one->call, one->now_ms, &reply, NULL) == 0);
}

static void answer_failure(player *one, int *verdict_of_it)
{
    wxid_failure failure = (wxid_failure)take_below(&one->from, WXID_FAILURE_MEMORY + 1);
    int sent = (int)take_below(&one->from, 2);
    int may_pass = failure == WXID_FAILURE_CONNECT || failure == WXID_FAILURE_TIMEOUT ||
                   failure == WXID_FAILURE_NETWORK;
    *verdict_of_it = !may_pass ? NEVER : sent ? AMBIGUOUS : SAFE;
    HOLDS(wxid_call_answer_failure(one->call, one->now_ms, failure, sent, NULL, NULL) == 0);
}

/* ---- Steps ---- */

/* Another picture is sent only for a reason. */
static void note_post(player *one)
{
    const wxid_settings *settings = wxid_session_settings(one->session);
    one->posts++;
    HOLDS(one->is_recognition && one->posts <= MOST_ATTEMPTS);
    HOLDS(one->last != NEVER);
    one->retries += one->last == SAFE || one->last == AMBIGUOUS || one->last == BUSY;
    one->ambiguous += one->last == AMBIGUOUS;
    one->stale += one->last == STALE;
    HOLDS(one->retries <= settings->max_retries && one->ambiguous <= 1 && one->stale <= 1);
    HOLDS(one->stale == 0 || one->stale_token[0] == '\0' ||
          strcmp(one->stale_token, one->sent_token) != 0);
}

static void read_token_sent(player *one, const wxid_request *request)
{
    const char *token = strstr(request->target, "access_token=");
    size_t length = token != NULL ? strcspn(token + 13, "&") : 0;
    HOLDS(length < sizeof one->sent_token);
    memcpy(one->sent_token, token != NULL ? token + 13 : "", length);
    one->sent_token[length] = '\0';
}

static void send(player *one)
{
    const wxid_request *request = wxid_call_request(one->call);
    int verdict_of_it = NEVER;
    HOLDS(request != NULL);
    HOLDS(one->now_ms < one->deadline_ms && wxid_call_time_left_ms(one->call, one->now_ms) > 0);
    int is_picture = strstr(request->target, "/cv/ocr/idcard") != NULL;
    if (is_picture) {
        read_token_sent(one, request);
        note_post(one);
        HOLDS(!stands_in(SECRET, request->head));
    } else {
        one->fetches++;
    }
    if (take_below(&one->from, 4) == 3) {
        answer_failure(one, &verdict_of_it);
    } else {
        answer_reply(one, is_picture, &verdict_of_it);
    }
    if (is_picture) {
        one->last = (verdict)verdict_of_it;
        if (one->last == STALE) {
            memcpy(one->stale_token, one->sent_token, sizeof one->stale_token);
        }
    }
}

static void give_token(player *one)
{
    static const char *const tokens[] = {
        MARK "_token_one", MARK "_token_two", MARK "_token_three", "", "a b", NULL};
    uint32_t choice = take_below(&one->from, 8);
    const char *failed = wxid_call_failed_token(one->call);
    HOLDS((failed != NULL) == (one->posts > 0));
    if (choice < 6) {
        HOLDS(wxid_call_answer_token(one->call, tokens[choice], NULL) == 0);
    } else {
        wxid_call_abandon(one->call,
                          choice == 6 ? wxid_error_new(WXID_KIND_INTERRUPTED, "stop") : NULL);
    }
}

static void serve_store(player *one)
{
    static const char *const values[] = {
        NULL,
        "{\"access_token\":\"" MARK "_stored\",\"expires_at\":1760007200,\"expires_in\":7200}",
        "{\"access_token\":\"" MARK "_token_one\",\"expires_at\":1760000100,\"expires_in\":7200}",
        "{\"failed\":\"busy\",\"errcode\":-1,\"failures\":3,\"retry_at_ms\":1760000002000}",
        "{\"failed\":\"credential\",\"errcode\":40125,\"failures\":1,\"retry_at_ms\":"
        "1760000900000}",
        "0123456789abcdef",
        "{",
    };
    int64_t unix_ms = INT64_C(1760000000000) + (int64_t)take_below(&one->from, 5) * 900;
    wxid_store_answer answer = WXID_STORE_ANSWER_INIT;
    const wxid_store_request *request = wxid_call_store_request(one->call, unix_ms);
    HOLDS(request != NULL && request->key != NULL);
    HOLDS((request->value == NULL) == (request->action == WXID_STORE_GET));
    HOLDS(request->value == NULL || strlen(request->value) < 8192);
    HOLDS(request->action == WXID_STORE_GET || request->action == WXID_STORE_DELETE ||
          request->ttl_ms > 0);
    HOLDS(request->value == NULL || !stands_in(SECRET, request->value));
    answer.failed = take_below(&one->from, 8) == 7;
    answer.stored = take_below(&one->from, 2) == 0;
    answer.value = values[take_below(&one->from, sizeof values / sizeof values[0])];
    HOLDS(wxid_call_answer_store(one->call, one->now_ms, unix_ms, &answer, NULL) == 0);
}

static void wait(player *one)
{
    int64_t span_ms = wxid_call_wait_ms(one->call);
    HOLDS(span_ms >= 0 && span_ms <= 3600000);
    one->now_ms += span_ms > 0 ? span_ms : 1;
    HOLDS(wxid_call_answer_waited(one->call, one->now_ms, NULL) == 0);
}

/* An answer to a step that this is not. */
static void answer_wrongly(player *one, wxid_step step)
{
    const wxid_store_answer store = WXID_STORE_ANSWER_INIT;
    const wxid_reply reply = WXID_REPLY_INIT;
    wxid_error *error = NULL;
    int64_t now_ms = one->now_ms;
    int result = step == WXID_STEP_SEND ? wxid_call_answer_waited(one->call, now_ms, &error)
                 : step == WXID_STEP_WAIT
                     ? wxid_call_answer_reply(one->call, now_ms, &reply, &error)
                 : step == WXID_STEP_STORE
                     ? wxid_call_answer_failure(one->call, now_ms, WXID_FAILURE_TLS, 1, "", &error)
                     : wxid_call_answer_store(one->call, now_ms, 0, &store, &error);
    HOLDS(result == -1 && wxid_error_kind(error) == WXID_KIND_USAGE);
    wxid_error_free(error);
    HOLDS(wxid_call_step(one->call, now_ms) == step);
}

/* Time passes between the steps, rarely much of it. */
static void let_time_pass(player *one)
{
    uint8_t choice = take_byte(&one->from);
    one->now_ms += choice < 0xc0 ? 0 : choice < 0xf0 ? choice - 0xc0 : (choice - 0xef) * 300;
}

static void take_step(player *one, wxid_step step)
{
    if (take_below(&one->from, 16) == 15) {
        answer_wrongly(one, step);
    }
    switch (step) {
    case WXID_STEP_SEND:
        send(one);
        break;
    case WXID_STEP_TOKEN:
        give_token(one);
        break;
    case WXID_STEP_STORE:
        serve_store(one);
        break;
    default:
        HOLDS(step == WXID_STEP_WAIT);
        wait(one);
        break;
    }
}

/* ---- Calls ---- */

static wxid_session *new_session(input *from)
{
    static const int64_t timeouts[] = {2000, 300, 1, 10000};
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_session *session = NULL;
    uint8_t options = take_byte(from);
    uint32_t credential = take_below(from, 5);
    settings.timeout_ms = timeouts[options & 3];
    settings.max_retries = (options >> 2 & 3) == 3 ? WXID_UNSET : options >> 2 & 3;
    if (credential == 0) {
        settings.access_token = MARK "_in_hand";
    } else if (credential == 1) {
        settings.ask_for_token = 1;
    } else if (credential == 2) {
        settings.open_service = 1;
    } else {
        settings.appid = "wx0123456789abcdef";
        settings.secret = SECRET;
        settings.token_store = credential == 4;
        settings.token_endpoint = options & 16 ? "token" : NULL;
    }
    HOLDS(wxid_session_new(&session, &settings, NULL) == 0);
    return session;
}

/* NULL if there is nothing to do. */
static wxid_call *new_call(player *one, uint64_t seed)
{
    static const unsigned char jpeg[] = {0xff, 0xd8, 0xff, 0xe0, 'J'};
    wxid_recognition recognition = WXID_RECOGNITION_INIT;
    wxid_call *call = NULL;
    wxid_error *error = NULL;
    uint32_t what = take_below(&one->from, 8);
    one->is_recognition = what > 2;
    if (what == 0) {
        (void)wxid_call_new_renewal(&call, one->session, one->now_ms, seed);
    } else if (what <= 2) {
        int made = wxid_call_new_refresh(&call, one->session, what == 2, one->now_ms, seed, &error);
        HOLDS((made == 0) == (call != NULL) && (made == 0) == (error == NULL));
        wxid_error_free(error);
    } else {
        recognition.image = jpeg;
        recognition.image_length = sizeof jpeg;
        HOLDS(wxid_call_new_recognition(&call, one->session, &recognition, one->now_ms, seed,
                                        NULL) == 0);
    }
    return call;
}

static void take_result(player *one)
{
    wxid_value *card = NULL;
    const char *token = NULL;
    int64_t life_s = 0;
    wxid_error *error = NULL;
    int result = one->is_recognition ? wxid_call_take_card(&card, one->call, &error)
                                     : wxid_call_take_token(&token, &life_s, one->call, &error);
    HOLDS((result == 0) == (error == NULL));
    if (result == 0 && one->is_recognition) {
        check_value(card);
    } else if (result == 0) {
        HOLDS(is_token(token) && life_s >= 0 && life_s <= 7200);
    } else {
        check_error(error, MARK);
    }
    wxid_value_free(card);
    wxid_error_free(error);
}

static void play_call(player *one)
{
    int64_t begun_ms = one->now_ms;
    uint64_t seed = take_byte(&one->from);
    wxid_step step = WXID_STEP_DONE;
    int steps = 0;
    int breaks_off = take_below(&one->from, 16) == 15; /* freed in the middle */
    one->call = new_call(one, seed);
    one->deadline_ms = begun_ms + wxid_session_settings(one->session)->timeout_ms;
    one->last = FIRST;
    one->posts = one->fetches = one->retries = one->ambiguous = one->stale = 0;
    one->stale_token[0] = '\0';
    if (one->call == NULL) {
        return;
    }
    while ((step = wxid_call_step(one->call, one->now_ms)) != WXID_STEP_DONE) {
        HOLDS(steps++ < MOST_STEPS);
        HOLDS(one->now_ms < one->deadline_ms || step == WXID_STEP_STORE);
        if (breaks_off && one->from.length == 0) {
            break;
        }
        take_step(one, step);
        let_time_pass(one);
    }
    if (step == WXID_STEP_DONE) {
        take_result(one);
    }
    HOLDS(one->fetches <= 4);
    wxid_call_free(one->call);
    one->call = NULL;
}

/* Nobody is left with the right to renew, for whom others would wait. */
static void check_no_lease(const player *one)
{
    if (one->session->cache != NULL) {
        wxid__token_answer answer =
            wxid__token_cache_lease_anyway(one->session->cache, one->now_ms, one->now_ms);
        HOLDS(answer.state != WXID__TOKEN_WAIT);
        wxid_error_free(answer.error);
        wxid__token_cache_give_back(one->session->cache, answer.lease);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    static const int64_t beginnings[] = {0, -5000, INT64_C(1) << 60, INT64_MIN + 10};
    player one = {.from = {data, length}};
    one.session = new_session(&one.from);
    one.now_ms = beginnings[take_below(&one.from, 4)];
    for (int calls = 0; calls < MOST_CALLS && (calls == 0 || one.from.length > 0); calls++) {
        play_call(&one);
        check_no_lease(&one);
        one.now_ms += (int64_t)take_below(&one.from, 256) * 30000;
    }
    wxid_session_free(one.session);
    return 0;
}
