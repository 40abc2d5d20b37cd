#include "session.h"

#include "buffer.h"
#include "errors.h"
#include "memory.h"
#include "picture.h"
#include "request.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* The library's defaults and bounds: here and nowhere else. */
#define DEFAULT_BASE_URL "https://api.weixin.qq.com"
#define OPEN_SERVICE_BASE_URL "http://api.weixin.qq.com"
#define LONGEST_TIMEOUT_MS 3600000
#define DEFAULT_IMAGE_BYTES (2 * INT64_C(1048576))

enum { BUDGET_FULL = 100, RETRY_COST = 5, TIMEOUT_COST = 10 };

static const wxid_setting_info settings_table[] = {
#define ROW(name, TYPE, field, meaning, is_secret) \
    {#name, WXID_SETTING_##TYPE, offsetof(wxid_settings, field), meaning, is_secret},
#define WXID_SETTING(name, TYPE, field, meaning) ROW(name, TYPE, field, meaning, 0)
#define WXID_SECRET_SETTING(name, field, meaning) ROW(name, TEXT, field, meaning, 1)
#include "wxidcard_settings.def"
};

const wxid_setting_info *wxid_setting_info_at(size_t index)
{
    return index < sizeof settings_table / sizeof settings_table[0] ? &settings_table[index] : NULL;
}

const char *wxid_setting_type_name(wxid_setting_type type)
{
    static const char *const names[] = {
        [WXID_SETTING_TEXT] = "text",
        [WXID_SETTING_PATH] = "path",
        [WXID_SETTING_TOKEN_FILE] = "token_file",
        [WXID_SETTING_COUNT] = "count",
        [WXID_SETTING_DURATION] = "duration",
        [WXID_SETTING_FLAG] = "flag",
        [WXID_SETTING_FUNCTION] = "function",
        [WXID_SETTING_STORE] = "store",
    };
    return names[type];
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

int wxid__session_settle_picture(wxid_settings *settings, wxid_error **error)
{
    if (settle(&settings->max_image_bytes, DEFAULT_IMAGE_BYTES, 1, WXID__MOST_IMAGE_BYTES,
               "max_image_bytes must be from 1 to 67108864 (64 MiB)", error) != 0 ||
        settle(&settings->fit, 0, 0, 1, "fit must be true or false", error) != 0 ||
        settle(&settings->strip_metadata, 0, 0, 1, "strip_metadata must be true or false", error) !=
            0) {
        return -1;
    }
    return 0;
}

int64_t wxid_picture_read_limit(const wxid_settings *settings)
{
    if (settings->fit == 1) {
        return WXID__MOST_IMAGE_BYTES;
    }
    return settings->max_image_bytes == WXID_UNSET ? DEFAULT_IMAGE_BYTES
                                                   : settings->max_image_bytes;
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
        settle(&settings->max_connections, 32, 1, 1024, "max_connections must be from 1 to 1024",
               error) != 0) {
        return -1;
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

/* Enough to tell accounts apart, and no more. */
static void describe_appid(wxid__buffer *text, const char *appid)
{
    size_t length = strlen(appid);
    wxid__buffer_text(text, " ");
    wxid__buffer_append(text, appid, length < 8 ? 0 : 2);
    wxid__buffer_text(text, "***");
    wxid__buffer_text(text, length < 12 ? "" : appid + length - 4);
}

static char *describe(const wxid_session *session)
{
    wxid__buffer text = WXID__BUFFER_INIT;
    wxid__buffer_text(&text, wxid__credential_name(session->credential));
    if (session->cache != NULL) {
        describe_appid(&text, wxid__token_cache_appid(session->cache));
    }
    wxid__buffer_text(&text, ", ");
    wxid__buffer_text(&text, session->origin.scheme);
    wxid__buffer_text(&text, "://");
    wxid__buffer_text(&text, session->origin.authority);
    return wxid__buffer_take(&text);
}

/* Copies what is given; -1 without memory. */
static int copy_text(char **copy, const char *given)
{
    *copy = wxid__text_copy(given);
    return given != NULL && *copy == NULL ? -1 : 0;
}

static int take_credential(wxid_session *session, const wxid_settings *given)
{
    const char *token =
        given->access_token != NULL ? given->access_token : given->cloudbase_access_token;
    int old_endpoint = given->token_endpoint != NULL && strcmp(given->token_endpoint, "token") == 0;
    if (session->credential == WXID__CREDENTIAL_APP) {
        session->cache =
            wxid__token_cache_new(&session->origin, given->appid, given->secret, old_endpoint);
        if (session->cache == NULL) {
            return -1;
        }
    }
    wxid_settings *own = &session->settings;
    own->access_token = own->appid = own->secret = own->cloudbase_access_token = NULL;
    own->token_endpoint = session->cache == NULL ? NULL : old_endpoint ? "token" : "stable_token";
    if (copy_text(&session->token, token) != 0 ||
        copy_text(&session->token_file.path, given->cloudbase_token_file) != 0) {
        return -1;
    }
    own->cloudbase_token_file = session->token_file.path;
    return 0;
}

static int take_texts(wxid_session *session)
{
    wxid_settings *own = &session->settings;
    if (copy_text(&session->base_url, own->base_url) != 0 ||
        copy_text(&session->ca_file, own->ca_file) != 0 ||
        copy_text(&session->proxy, own->proxy) != 0) {
        return -1;
    }
    own->base_url = session->base_url;
    own->ca_file = session->ca_file;
    own->proxy = session->proxy;
    session->description = describe(session);
    return session->description != NULL ? 0 : -1;
}

/* Defaults and bounds. */
static int settle_all(wxid_settings *own, wxid__credential *credential, wxid_error **error)
{
    if (wxid__credential_settle(credential, own, error) != 0 || settle_numbers(own, error) != 0 ||
        wxid__session_settle_picture(own, error) != 0 ||
        wxid__picture_fit_check(own->fit, error) != 0) {
        return -1;
    }
    if (own->base_url == NULL) {
        own->base_url = own->open_service ? OPEN_SERVICE_BASE_URL : DEFAULT_BASE_URL;
    }
    return check_texts(own, error);
}

int wxid_session_new(wxid_session **session, const wxid_settings *settings, wxid_error **error)
{
    if (settings == NULL || settings->version != WXID_SETTINGS_VERSION) {
        return refuse(error, "settings are missing or of another version: start from "
                             "WXID_SETTINGS_INIT");
    }
    wxid_settings own = *settings;
    wxid__credential credential;
    if (settle_all(&own, &credential, error) != 0) {
        return -1;
    }
    wxid_session *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return wxid__fail(error, wxid__error_memory());
    }
    made->settings = own;
    made->credential = credential;
    atomic_init(&made->retry_budget, BUDGET_FULL);
    if (wxid__origin_parse(&made->origin, own.base_url, own.open_service != 0, error) != 0) {
        free(made);
        return -1;
    }
    if (take_credential(made, settings) != 0 || take_texts(made) != 0) {
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
        wxid__text_free(session->token);
        wxid__text_free(session->description);
        wxid__token_file_clear(&session->token_file);
        wxid__token_cache_release(session->cache);
        wxid__origin_clear(&session->origin);
        free(session);
    }
}

void wxid_session_share(wxid_session *session)
{
    if (session->cache != NULL) {
        session->cache = wxid__token_cache_share(session->cache);
    }
}

void wxid__session_note_accepted(wxid_session *session, const char *token)
{
    if (session->cache != NULL && token != NULL) {
        wxid__token_cache_note_accepted(session->cache, token);
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
