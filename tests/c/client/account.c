#include "account.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int account_number;

int next_account(void **state)
{
    (void)state;
    account_number++;
    return 0;
}

wxid_client *new_account(const char *fault, int with_store)
{
    char base_url[256];
    char appid[32];
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_client *client = NULL;
    (void)snprintf(base_url, sizeof base_url, "%s/fault/%s", server_word("http"), fault);
    (void)snprintf(appid, sizeof appid, "wx_number_%d", account_number);
    settings.appid = appid;
    settings.secret = "canary_secret_0123456789";
    settings.base_url = base_url;
    settings.token_store = with_store;
    settings.max_retries = 0;
    settings.timeout_ms = 10000 * slowness();
    assert_int_equal(wxid_client_new(&client, &settings, NULL), 0);
    return client;
}

int count(const char *key)
{
    return server_seen(key).posts_begun;
}

int count_until(const char *key, int wanted)
{
    int64_t until = now_ms() + 5000 * slowness();
    while (count(key) < wanted && now_ms() < until) {
        sleep_ms(5);
    }
    return count(key);
}

static int carry_out(void *context, const wxid_store_request *request, wxid_store_answer *answer)
{
    own_store *store = context;
    store->requests++;
    answer->failed = store->does_not_work;
    if (request->action == WXID_STORE_GET && strstr(request->key, ":token:") != NULL) {
        answer->value = store->record[0] != '\0' ? store->record : NULL;
    } else if (request->action == WXID_STORE_SET) {
        store->sets++;
        (void)snprintf(store->record, sizeof store->record, "%s", request->value);
    } else if (request->action == WXID_STORE_ADD) {
        store->locks++;
        answer->stored = 1;
    } else {
        store->locks -= request->action == WXID_STORE_DELETE;
    }
    return store->ends_the_call;
}

static int note_background(void *context, wxid_client *client)
{
    own_store *store = context;
    (void)client;
    store->backgrounds++;
    return store->background_fails;
}

own_store stale_store(void)
{
    own_store store = {.record = ""};
    (void)snprintf(store.record, sizeof store.record,
                   "{\"access_token\":\"stale_token\",\"expires_at\":%lld,\"expires_in\":7200}",
                   (long long)time(NULL) + 200);
    return store;
}

wxid_hooks hooks_of(own_store *store, int with_background)
{
    wxid_hooks hooks = WXID_HOOKS_INIT;
    hooks.context = store;
    hooks.store = carry_out;
    hooks.background = with_background ? note_background : NULL;
    return hooks;
}
