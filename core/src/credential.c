#include "credential.h"

#include "errors.h"
#include "request.h"
#include "token.h"

#include <stddef.h>
#include <string.h>

static int refuse(wxid_error **error, const char *message)
{
    return wxid__fail(error, wxid_error_new(WXID_KIND_USAGE, message));
}

typedef struct credential_row {
    const char *name;
    const char *parameter;
    int renews;
} credential_row;

static const credential_row rows[] = {
    [WXID__CREDENTIAL_TOKEN] = {"access_token", "access_token", 0},
    [WXID__CREDENTIAL_APP] = {"appid", "access_token", 1},
    [WXID__CREDENTIAL_PROVIDER] = {"token_provider", "access_token", 1},
    [WXID__CREDENTIAL_CLOUDBASE] = {"cloudbase_access_token", "cloudbase_access_token", 0},
    [WXID__CREDENTIAL_CLOUDBASE_FILE] = {"cloudbase_token_file", "cloudbase_access_token", 1},
    [WXID__CREDENTIAL_OPEN_SERVICE] = {"open_service", NULL, 0},
};

const char *wxid__credential_name(wxid__credential credential)
{
    return rows[credential].name;
}

const char *wxid__credential_parameter(wxid__credential credential)
{
    return rows[credential].parameter;
}

int wxid__credential_renews(wxid__credential credential)
{
    return rows[credential].renews;
}

static int settle_flag(int64_t *flag, const char *advice, wxid_error **error)
{
    if (*flag == WXID_UNSET) {
        *flag = 0;
    }
    return *flag == 0 || *flag == 1 ? 0 : refuse(error, advice);
}

static int find_kind(wxid__credential *credential, const wxid_settings *settings,
                     wxid_error **error)
{
    const int given[] = {
        [WXID__CREDENTIAL_TOKEN] = settings->access_token != NULL,
        [WXID__CREDENTIAL_APP] = settings->appid != NULL || settings->secret != NULL,
        [WXID__CREDENTIAL_PROVIDER] = settings->ask_for_token != 0,
        [WXID__CREDENTIAL_CLOUDBASE] = settings->cloudbase_access_token != NULL,
        [WXID__CREDENTIAL_CLOUDBASE_FILE] = settings->cloudbase_token_file != NULL,
        [WXID__CREDENTIAL_OPEN_SERVICE] = settings->open_service != 0,
    };
    int count = 0;
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
        if (given[i]) {
            *credential = (wxid__credential)i;
            count++;
        }
    }
    if (count != 1) {
        return wxid__fail(
            error,
            wxid__error_format(
                WXID_KIND_USAGE,
                "%s: give exactly one of access_token, appid with secret, token_provider, "
                "cloudbase_access_token, cloudbase_token_file and open_service",
                count == 0 ? "a credential is needed" : "there is more than one credential"));
    }
    return 0;
}

static int check_token(const char *token, const char *advice, wxid_error **error)
{
    return token == NULL || wxid__token_valid(token) ? 0 : refuse(error, advice);
}

/* What belongs to appid and secret, and to nothing else. */
static int check_app(wxid__credential credential, const wxid_settings *settings, wxid_error **error)
{
    if (credential == WXID__CREDENTIAL_APP) {
        wxid_token_fetch fetch = WXID_TOKEN_FETCH_INIT;
        fetch.appid = settings->appid;
        fetch.secret = settings->secret;
        fetch.endpoint = settings->token_endpoint;
        return wxid__token_fetch_check(&fetch, error);
    }
    if (settings->token_endpoint != NULL) {
        return refuse(error, "token_endpoint is for appid and secret: leave it out");
    }
    if (settings->token_store != 0) {
        return refuse(error, "token_store shares the tokens that are fetched with appid and "
                             "secret: leave it out");
    }
    return 0;
}

int wxid__credential_settle(wxid__credential *credential, wxid_settings *settings,
                            wxid_error **error)
{
    if (settle_flag(&settings->ask_for_token, "ask_for_token must be 0 or 1", error) != 0 ||
        settle_flag(&settings->token_store, "token_store must be 0 or 1", error) != 0 ||
        settle_flag(&settings->open_service, "open_service must be true or false", error) != 0 ||
        find_kind(credential, settings, error) != 0 ||
        check_app(*credential, settings, error) != 0 ||
        check_token(settings->access_token,
                    "access_token is empty, too long, or holds white space, quotes or control "
                    "characters: give it as the service sent it",
                    error) != 0 ||
        check_token(settings->cloudbase_access_token,
                    "cloudbase_access_token is empty, too long, or holds white space, quotes or "
                    "control characters: give it as it came",
                    error) != 0) {
        return -1;
    }
    if (settings->cloudbase_token_file != NULL && settings->cloudbase_token_file[0] == '\0') {
        return refuse(error, "cloudbase_token_file is empty: give a path, or true for the "
                             "platform's own");
    }
    return 0;
}
