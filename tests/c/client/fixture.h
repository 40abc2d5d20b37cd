/* What the tests of the client share: the fault server, pictures, and calls that are measured. */
#ifndef TEST_CLIENT_FIXTURE_H
#define TEST_CLIENT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <wxidcard_curl.h>
#ifdef BY_ENGINE
#include "by_engine.h"
#endif

#define TOKEN "canary_token_0123456789"

/* Group set-up and teardown: start the fault server (tests/faults) as a child, and end it. */
int start_server(void **state);
int stop_server(void **state);
/* An address or file of its first line: "http", "https", "ca", "self-signed" … Never NULL. */
const char *server_word(const char *name);

typedef struct seen {
    int connections;
    int posts_begun;
    int posts_whole;
    int bytes;
    int open;
    int most_open;
} seen;

/* What the server has counted for a fault ("ok", "reset-idle/first-1") or a listener
 * ("listener/https"). */
seen server_seen(const char *key);
void server_reset(void);

/* A JPEG as far as the library looks, of that many bytes, different for each number. To be freed.
 */
unsigned char *new_picture(size_t length, unsigned number);

/* A client of base URL word + "/fault/" + fault, with a token in hand. 0 for a time means 3 s and
 * 0.5 s, by slowness. */
typedef struct client_options {
    const char *word; /* NULL: "http" */
    const char *fault;
    int64_t timeout_ms;
    int64_t connect_timeout_ms;
    int64_t max_retries; /* none unless given */
    int64_t max_connections;
    const char *ca_file;
    const char *proxy;
} client_options;

wxid_client *new_client(client_options options);

/* What came of one call. */
typedef struct result {
    int ok;         /* a card, and it is the answer to this picture */
    int mismatched; /* a card, and it is not */
    wxid_kind kind; /* unless ok */
    int http_status;
    char message[256];
    int64_t elapsed_ms;
} result;

result recognize(wxid_client *client, size_t length, unsigned number, const wxid_hooks *hooks);
/* The same of a call that has ended. */
result take_result(wxid_call *call, const unsigned char *picture, size_t length);
/* The same with small pictures of one's own, not allocated each time: for many calls. */
result recognize_picture(wxid_client *client, const unsigned char *picture, size_t length,
                         const wxid_hooks *hooks);
/* A client, one call, and that it brought a card. */
void assert_clean_call(wxid_client *client);

int64_t now_ms(void);
/* How much slower than usual everything is, 1 by default: valgrind's runner says so by
 * WXIDCARD_TEST_SLOWNESS. */
int slowness(void);
void sleep_ms(int ms);
/* Open descriptors of this process. */
int count_descriptors(void);

#endif
