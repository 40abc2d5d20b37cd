/* Every allocation fails once while a reply is read off a connection; and nothing of a reply is
 * left in memory that was freed. */
#include "support/exchanges.h"
#include "support/failing_memory.h"

#include "buffer.h"

#include <stdlib.h>
#include <string.h>

#define CANARY "canary_of_the_tests"
#define OK "HTTP/1.1 200 OK\r\n"
#define BODY "{\"type\":\"" CANARY "\"}" /* 30 bytes */
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"
/* So long a line that its beginning is put aside more than once. */
#define LONG_LINE                                                                           \
    "X-Long: " CANARY "; a line of which the beginning is kept until the end of it comes, " \
    "in memory that has to grow for it two times at the least, if it comes in pieces\r\n"

typedef struct with {
    const char *bytes;
    int reused;
} with;

static void read_in_pieces(wxid_exchange *exchange, const char *bytes, size_t longest)
{
    size_t left = strlen(bytes);
    int more = 1;
    while (more && left > 0) {
        size_t length = left < longest ? left : longest;
        more = wxid_exchange_read(exchange, bytes, length, 1);
        bytes += length;
        left -= length;
    }
    if (more) {
        wxid_exchange_close(exchange, 1);
    }
}

/* Returns 0 when there is a card. */
static int take(wxid_call *call)
{
    wxid_value *card = NULL;
    wxid_error *error = NULL;
    int result = wxid_call_take_card(&card, call, &error);
    if (result != 0 && wxid_error_http_status(error) != 200) { /* cJSON cannot say which */
        assert_int_equal(wxid_error_kind(error), WXID_KIND_MEMORY);
    }
    assert_true((card == NULL) != (error == NULL));
    wxid_value_free(card);
    wxid_error_free(error);
    return result;
}

static int whole_exchange(void *context)
{
    const with *its = context;
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_recognition recognition = WXID_RECOGNITION_INIT;
    wxid_session *session = NULL;
    wxid_call *call = NULL;
    wxid_exchange *exchange = NULL;
    int result = -1;
    settings.access_token = "token_of_the_tests";
    recognition.image = small_jpeg;
    recognition.image_length = sizeof small_jpeg;
    wxid_trust *trust = wxid_trust_new();
    if (trust != NULL && wxid_session_new(&session, &settings, NULL) == 0 &&
        wxid_call_new_recognition(&call, session, &recognition, NOW, 1, NULL) == 0 &&
        wxid_call_step(call, NOW) == WXID_STEP_SEND &&
        (exchange = wxid_exchange_new(trust, its->reused)) != NULL) {
        read_in_pieces(exchange, its->bytes, 10);
        assert_false(wxid_exchange_starts_afresh(exchange, NOW));
        assert_int_equal(wxid_exchange_answer(exchange, call, NOW, NULL), 0);
        assert_int_equal(wxid_call_step(call, NOW), WXID_STEP_DONE);
        result = take(call);
    }
    wxid_exchange_free(exchange);
    wxid_call_free(call);
    wxid_session_free(session);
    wxid_trust_free(trust);
    return result;
}

static void test_every_allocation(void **state)
{
    with cases[] = {
        {OK LONG_LINE "Content-Length: 30\r\n\r\n" BODY, 0},
        {OK LONG_LINE CHUNKED "1e\r\n" BODY "\r\n0\r\n" LONG_LINE "\r\n", 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        every_allocation_fails(whole_exchange, &cases[i]);
    }
}

/* ---- What is left ---- */

static void read_and_free(void *context)
{
    const with *its = context;
    for (size_t longest = 1; longest < 400; longest += 33) {
        wxid_trust *trust = wxid_trust_new();
        wxid_exchange *exchange = wxid_exchange_new(trust, its->reused);
        assert_non_null(exchange);
        read_in_pieces(exchange, its->bytes, longest);
        wxid_exchange_free(exchange);
        wxid_trust_free(trust);
    }
}

static void test_nothing_is_left(void **state)
{
    with cases[] = {
        {OK LONG_LINE "Content-Length: 30\r\n\r\n" BODY, 0},
        {OK CHUNKED "1e\r\n" BODY "\r\n0\r\n" LONG_LINE "\r\n", 0},
        {OK CHUNKED "1e;" CANARY "\r\n" BODY "\r\n0\r\n\r\n", 1},
        {OK "\r\n" BODY, 0},
        {OK "Content-Length: 30\r\n\r\n" BODY BODY, 1},
        /* It breaks off, or is refused. */
        {OK LONG_LINE "X-Half: " CANARY, 0},
        {OK "Content-Length: 3000\r\n\r\n" BODY, 0},
        {OK LONG_LINE "X-Refused " CANARY "\r\n", 0},
        {OK "Content-Length: " CANARY "\r\n", 0},
        {OK "Retry-After: " CANARY "\r\nDate: " CANARY "\r\n", 0},
        {OK CHUNKED CANARY "\r\n", 0},
        {CANARY, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(blocks_freed_with(CANARY, read_and_free, &cases[i]), 0);
    }
}

static void free_as_it_is(void *context)
{
    wxid__buffer copy = WXID__BUFFER_INIT;
    wxid__buffer_text(&copy, context);
    free(copy.data);
}

static void test_what_is_left_is_found(void **state)
{
    char text[] = "of a " CANARY;
    (void)state;
    assert_int_equal(blocks_freed_with(CANARY, free_as_it_is, text), 1);
    assert_int_equal(blocks_freed_with("another", free_as_it_is, text), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_allocation),
        cmocka_unit_test(test_nothing_is_left),
        cmocka_unit_test(test_what_is_left_is_found),
    };
    return cmocka_run_group_tests_name("memory_exchange", tests, wrap_cjson, NULL);
}
