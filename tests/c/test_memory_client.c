/* A blocking client whose allocations fail in turn, those of libcurl among them: a call ends with
 * kind MEMORY or as it would, nothing is left behind, and the next call works. */
#include "client/account.h"
#include "client/engine_calls.h"
#include "client/shortage.h"
#include "support/failing_memory.h"
#include "support/script.h"

#include "token_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SMALL 3000
/* What libcurl has of a connection that was used twice and has not of one that was used once. */
#define KEPT_BLOCKS 1

static unsigned char *picture;
static char picture_path[] = "/tmp/wxidcard-memory-XXXXXX";

/* ---- Calls ---- */

/* Returns 0 for a card, and -1 for a lack of memory; nothing else may have come of it. */
static int call(wxid_client *client, const char *path, const wxid_hooks *hooks)
{
    wxid_recognition recognition = WXID_RECOGNITION_INIT;
    wxid_value *card = NULL;
    wxid_error *error = NULL;
    recognition.image = path == NULL ? picture : NULL;
    recognition.image_length = path == NULL ? SMALL : 0;
    recognition.image_path = path;
    int failed = wxid_client_recognize(&card, client, &recognition, hooks, &error);
    assert_true((card == NULL) == (failed != 0));
    wxid_value_free(card);
    return memory_outcome(failed, error);
}

static void assert_next_call_works(wxid_client *client, const wxid_hooks *hooks)
{
    have_memory();
    assert_int_equal(call(client, NULL, hooks), 0);
}

typedef struct how {
    const char *word;
    const char *fault;
    const char *path; /* NULL: the picture is in memory */
} how;

static int client_and_calls(void *context)
{
    const how *its = context;
    char base_url[256];
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_client *client = NULL;
    wxid_error *error = NULL;
    (void)snprintf(base_url, sizeof base_url, "%s/fault/%s", server_word(its->word), its->fault);
    settings.access_token = TOKEN;
    settings.base_url = base_url;
    settings.ca_file = server_word("ca");
    settings.max_retries = 0;
    int before = count_descriptors();
    if (wxid_client_new(&client, &settings, &error) != 0) {
        return memory_outcome(-1, error);
    }
    int failed = call(client, its->path, NULL);
    assert_next_call_works(client, NULL);
    wxid_client_free(client);
    assert_int_equal(count_descriptors(), before);
    return failed;
}

static void clients_are_made_or_not(void **state)
{
    how plain = {"http", "tokens-closing", NULL};
    how from_file = {"http", "tokens-closing", picture_path};
    (void)state;
    every_allocation_fails(client_and_calls, &plain);
    every_allocation_fails(client_and_calls, &from_file);
}

/* Without sessions to be kept: libcurl 7.88 frees a host's name twice when the memory for the
 * second session of a host is lacking. */
static void clients_by_tls(void **state)
{
    how by_tls = {"ticketless", "tokens-closing", NULL};
    (void)state;
    every_allocation_fails(client_and_calls, &by_tls);
}

static int another_call(void *client)
{
    int failed = call(client, NULL, NULL);
    assert_next_call_works(client, NULL);
    return failed;
}

static void kept_connections(void **state)
{
    wxid_client *client = new_client((client_options){.fault = "ok"});
    (void)state;
    every_allocation_fails_beside(KEPT_BLOCKS, another_call, client);
    wxid_client_free(client);
}

/* ---- Tokens ---- */

/* Clients of an account, made before a run and after it, when there is memory. */
typedef struct tokens {
    own_store store;
    wxid_client *client;
    wxid_client *loader; /* has a stale token loaded, for a client without a store */
    int threads;
} tokens;

static void open_account(tokens *all, int with_store)
{
    (void)next_account(NULL);
    all->client = new_account("tokens-closing", with_store);
    all->store = stale_store();
}

static void close_account(tokens *all)
{
    have_memory();
    wxid_client_free(all->client);
    wxid_client_free(all->loader);
    wxid__token_cache_forget_unused();
    all->client = all->loader = NULL;
}

/* The next call works, unless the endpoint seemed not to, and is left alone for a second. */
static int fetch_and_refresh(void *context)
{
    tokens *all = context;
    wxid_error *error = NULL;
    int failed = call(all->client, NULL, NULL);
    if (failed == 0) {
        failed = wxid_client_refresh_token(all->client, 0, NULL, &error);
        failed = memory_outcome(failed, error);
    }
    have_memory();
    assert_no_lease(wxid_client_session(all->client));
    if (failed != SEEMS_OTHERWISE) {
        assert_next_call_works(all->client, NULL);
    }
    close_account(all);
    open_account(all, 0);
    return failed;
}

static void tokens_are_fetched(void **state)
{
    tokens all = {.loader = NULL};
    (void)state;
    open_account(&all, 0);
    every_allocation_fails(fetch_and_refresh, &all);
    close_account(&all);
}

/* The token of the store is stale, and renewed after the call. */
static int call_and_renew(void *context)
{
    tokens *all = context;
    wxid_hooks hooks = hooks_of(&all->store, 0);
    int failed = call(all->client, NULL, &hooks);
    have_memory();
    assert_no_lease(wxid_client_session(all->client));
    assert_next_call_works(all->client, &hooks);
    close_account(all);
    open_account(all, 1);
    return failed;
}

static void stores_are_asked(void **state)
{
    tokens all = {.loader = NULL};
    (void)state;
    open_account(&all, 1);
    every_allocation_fails(call_and_renew, &all);
    close_account(&all);
}

static void load_stale_token(tokens *all)
{
    wxid_hooks hooks;
    open_account(all, 0);
    all->loader = new_account("tokens-closing", 1);
    hooks = hooks_of(&all->store, 1);
    assert_int_equal(call(all->loader, NULL, &hooks), 0);
}

/* In a thread of the client's own, if there can be one. */
static int call_and_renew_beside(void *context)
{
    tokens *all = context;
    int failed = call(all->client, NULL, NULL);
    wait_for_threads(all->threads);
    have_memory();
    assert_no_lease(wxid_client_session(all->client));
    assert_next_call_works(all->client, NULL);
    close_account(all);
    load_stale_token(all);
    return failed;
}

static void tokens_are_renewed_beside(void **state)
{
    tokens all = {.threads = count_threads()};
    (void)state;
    load_stale_token(&all);
    every_allocation_fails(call_and_renew_beside, &all);
    close_account(&all);
}

/* ---- */

static int prepare(void **state)
{
    picture = new_picture(SMALL, 1);
    int file = mkstemp(picture_path);
    if (file < 0 || write(file, picture, SMALL) != SMALL || close(file) != 0) {
        return -1;
    }
    return start_server_and_wrap_libcurl(state);
}

static int clear_up(void **state)
{
    free(picture);
    (void)unlink(picture_path);
    return stop_server(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_are_made_or_not), cmocka_unit_test(clients_by_tls),
        cmocka_unit_test(kept_connections),        cmocka_unit_test(tokens_are_fetched),
        cmocka_unit_test(stores_are_asked),        cmocka_unit_test(tokens_are_renewed_beside),
    };
    return cmocka_run_group_tests(tests, prepare, clear_up);
}
