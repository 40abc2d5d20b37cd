#include "session.h"

#include "buffer.h"
#include "errors.h"
#include "memory.h"
#include "request.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* The library's defaults and bounds: here and nowhere else. */
#define DEFAULT_BASE_URL "https://api.weixin.qq.com"
#define LONGEST_TIMEOUT_MS 3600000
#define MEBIBYTE INT64_C(1048576)

enum { BUDGET_FULL = 100, RETRY_COST = 5, TIMEOUT_COST = 10 };

static const wxid_setting_info settings_table[] = {
#define WXID_SETTING(name, TYPE, field, meaning) \
    {#name, WXID_SETTING_##TYPE, offsetof(wxid_settings, field), meaning},
#include "wxidcard_settings.def"
};

const wxid_setting_info *wxid_setting_info_at(size_t index)
{
    return index < sizeof settings_table / sizeof settings_table[0] ? &settings_table[index] : NULL;
}

static int refuse(wxid_error **error, const char *message)
{
    return wxid__fail(error, wxid_error_new(WXID_KIND_USAGE, message));
}

/* Fills in the default, or checks the bounds. */
static int settle(int64_t *setting, int64_t standard, int64_t least, int64_t most,
                  const char *advice, wxid_error **error)
{
    if (*setting == WXID_UNSET) {
        *setting = standard;
    }
    return *setting < least || *setting > most ? refuse(error, advice) : 0;
}

static int settle_numbers(wxid_settings *settings, wxid_error **error)
{
    if (settle(&settings->timeout_ms, 30000, 1, LONGEST_TIMEOUT_MS,
               "timeout must be more than 0 and at most one hour", error) != 0 ||
        settle(&settings->connect_timeout_ms, 5000, 1, LONGEST_TIMEOUT_MS,
               "connect_timeout must be more than 0 and at most one hour", error) != 0 ||
        settle(&settings->max_retries, 2, 0, 2,
               "max_retries must be 0, 1 or 2: no call is made more than three times",
               error) != 0 ||
        settle(&settings->max_image_bytes, 2 * MEBIBYTE, 1, 64 * MEBIBYTE,
               "max_image_bytes must be from 1 to 67108864 (64 MiB)", error) != 0 ||
        settle(&settings->max_connections, 32, 1, 1024, "max_connections must be from 1 to 1024",
               error) != 0) {
        return -1;
    }
    return 0;
}

static int check_credential(wxid_settings *settings, wxid_error **error)
{
    if (settings->ask_for_token == WXID_UNSET) {
        settings->ask_for_token = 0;
    }
    if ((settings->access_token != NULL) + (settings->ask_for_token != 0) != 1) {
        return refuse(error,
                      "exactly one credential is needed: give access_token or token_provider");
    }
    if (settings->access_token != NULL && !wxid__token_valid(settings->access_token)) {
        return refuse(error,
                      "access_token is empty, too long, or holds white space, quotes or control "
                      "characters: give it as the service sent it");
    }
    return 0;
}

static int has_control_or_quote(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f || *text == '"' || *text == '\'') {
            return 1;
        }
    }
    return 0;
}

static int check_texts(const wxid_settings *settings, wxid_error **error)
{
    if (settings->ca_file != NULL &&
        (settings->ca_file[0] == '\0' || has_control_or_quote(settings->ca_file))) {
        return refuse(error,
                      "ca_file is empty or holds quotes or control characters: give the path of "
                      "a PEM file");
    }
    if (settings->proxy != NULL && (strncmp(settings->proxy, "http://", 7) != 0 ||
                                    !wxid__visible_ascii(settings->proxy, "\"'<>\\"))) {
        return refuse(error, "proxy must be the URL of an HTTP proxy, like http://127.0.0.1:3128");
    }
    return 0;
}

static char *describe(const wxid_session *session)
{
    wxid__buffer text = WXID__BUFFER_INIT;
    wxid__buffer_text(&text, session->access_token != NULL ? "access_token" : "token_provider");
    wxid__buffer_text(&text, ", ");
    wxid__buffer_text(&text, session->origin.scheme);
    wxid__buffer_text(&text, "://");
    wxid__buffer_text(&text, session->origin.authority);
    return wxid__buffer_take(&text);
}

static int copy_texts(wxid_session *session, const wxid_settings *settings)
{
    wxid_settings *own = &session->settings;
    session->base_url = wxid__text_copy(own->base_url);
    session->ca_file = wxid__text_copy(settings->ca_file);
    session->proxy = wxid__text_copy(settings->proxy);
    session->access_token = wxid__text_copy(settings->access_token);
    session->description = describe(session);
    own->base_url = session->base_url;
    own->ca_file = session->ca_file;
    own->proxy = session->proxy;
    own->access_token = NULL;
    int lost = session->base_url == NULL || session->description == NULL ||
               (settings->ca_file != NULL && session->ca_file == NULL) ||
               (settings->proxy != NULL && session->proxy == NULL) ||
               (settings->access_token != NULL && session->access_token == NULL);
    return lost ? -1 : 0;
}

int wxid_session_new(wxid_session **session, const wxid_settings *settings, wxid_error **error)
{
    if (settings == NULL || settings->version != WXID_SETTINGS_VERSION) {
        return refuse(error, "settings are missing or of another version: start from "
                             "WXID_SETTINGS_INIT");
    }
    wxid_settings own = *settings;
    if (own.base_url == NULL) {
        own.base_url = DEFAULT_BASE_URL;
    }
    if (check_credential(&own, error) != 0 || settle_numbers(&own, error) != 0 ||
        check_texts(&own, error) != 0) {
        return -1;
    }
    wxid_session *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return wxid__fail(error, wxid__error_memory());
    }
    made->settings = own;
    atomic_init(&made->retry_budget, BUDGET_FULL);
    if (wxid__origin_parse(&made->origin, own.base_url, error) != 0) {
        free(made);
        return -1;
    }
    if (copy_texts(made, settings) != 0) {
        wxid_session_free(made);
        return wxid__fail(error, wxid__error_memory());
    }
    *session = made;
    return 0;
}

void wxid_session_free(wxid_session *session)
{
    if (session != NULL) {
        wxid__text_free(session->base_url);
        wxid__text_free(session->ca_file);
        wxid__text_free(session->proxy);
        wxid__text_free(session->access_token);
        wxid__text_free(session->description);
        wxid__origin_clear(&session->origin);
        free(session);
    }
}

const wxid_settings *wxid_session_settings(const wxid_session *session)
{
    return &session->settings;
}

const char *wxid_session_description(const wxid_session *session)
{
    return session->description;
}

/* Adds points, within 0 and full. Returns 0 without a change when `least` would not be left. */
static int change_budget(wxid_session *session, int points, int least)
{
    int budget = atomic_load(&session->retry_budget);
    int changed;
    do {
        if (budget < least) {
            return 0;
        }
        changed = budget + points;
        changed = changed > BUDGET_FULL ? BUDGET_FULL : changed < 0 ? 0 : changed;
    } while (!atomic_compare_exchange_weak(&session->retry_budget, &budget, changed));
    return 1;
}

void wxid__session_note_success(wxid_session *session)
{
    (void)change_budget(session, 1, 0);
}

void wxid__session_note_timeout(wxid_session *session)
{
    (void)change_budget(session, -TIMEOUT_COST, 0);
}

int wxid__session_pay_retry(wxid_session *session)
{
    return change_budget(session, -RETRY_COST, RETRY_COST);
}
