/* What goes onto the wire, for settings and recognitions of any bytes. Input: choices of what is
 * given, then its texts one by one, each ended by a NUL, and a picture.
 *
 * Either it is refused, in words that hold no secret, or another reader of HTTP, of the query and
 * of the multipart body finds exactly what was given. */
#include "input.h"
#include "properties.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

enum credential { TOKEN, CLOUDBASE, OPEN_SERVICE, PROVIDER, APP, CREDENTIALS };

/* What the input gives; all texts to be freed. */
typedef struct given {
    enum credential credential;
    int has_base_url;
    int has_img_url;
    int old_endpoint;
    int force;
    const char *type;
    char *token;
    char *base_url;
    char *appid;
    char *secret;
    char *img_url;
    char *image;
    size_t image_length;
    uint64_t seed;
} given;

/* So that it can be told from what the library says itself. */
static char *take_secret(input *from)
{
    char *text = take_text(from);
    char *marked = text[0] != '\0' ? joined(text, MARK) : joined(text, "");
    free(text);
    return marked;
}

static void read_given(given *one, input from)
{
    static const char *const types[] = {NULL, "photo", "scan", "", "Photo"};
    uint8_t flags = take_byte(&from);
    one->credential = (enum credential)take_below(&from, CREDENTIALS);
    one->type = types[take_below(&from, sizeof types / sizeof types[0])];
    one->has_base_url = flags & 1;
    one->has_img_url = flags & 2;
    one->old_endpoint = flags & 4;
    one->force = flags & 8;
    one->seed = take_number(&from);
    one->token = take_secret(&from);
    one->base_url = take_text(&from);
    one->appid = take_text(&from);
    one->secret = take_secret(&from);
    one->img_url = take_text(&from);
    one->image_length = from.length;
    one->image = copy_of(from.data, from.length);
}

static void free_given(given *one)
{
    free(one->token);
    free(one->base_url);
    free(one->appid);
    free(one->secret);
    free(one->img_url);
    free(one->image);
}

static void check_refusal(wxid_error *error)
{
    check_error(error, MARK);
    HOLDS(wxid_error_kind(error) == WXID_KIND_USAGE ||
          wxid_error_kind(error) == WXID_KIND_IMAGE_INPUT);
    wxid_error_free(error);
}

/* NULL if it was refused. */
static wxid_session *new_session(const given *one)
{
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_session *session = NULL;
    wxid_error *error = NULL;
    settings.access_token = one->credential == TOKEN ? one->token : NULL;
    settings.cloudbase_access_token = one->credential == CLOUDBASE ? one->token : NULL;
    settings.open_service = one->credential == OPEN_SERVICE;
    settings.ask_for_token = one->credential == PROVIDER;
    if (one->credential == APP) {
        settings.appid = one->appid;
        settings.secret = one->secret;
        settings.token_endpoint = one->old_endpoint ? "token" : "stable_token";
    }
    settings.base_url = one->has_base_url ? one->base_url : NULL;
    if (wxid_session_new(&session, &settings, &error) != 0) {
        HOLDS(session == NULL);
        check_refusal(error);
        return NULL;
    }
    HOLDS(error == NULL);
    HOLDS(!stands_in(MARK, wxid_session_description(session)) || stands_in(MARK, one->base_url));
    HOLDS(wxid_session_settings(session)->access_token == NULL);
    return session;
}

/* Plain http is for loopback and for the inside of WeChat Cloud Hosting. */
static void check_origin(const wxid_request *request, const given *one)
{
    if (strcmp(request->scheme, "http") == 0 && one->credential != OPEN_SERVICE) {
        HOLDS(strncmp(request->host, "127.", 4) == 0 || strcmp(request->host, "::1") == 0 ||
              strcasecmp(request->host, "localhost") == 0);
    }
    if (!one->has_base_url) {
        HOLDS(strcmp(request->host, "api.weixin.qq.com") == 0);
    }
}

/* ---- Recognitions ---- */

static void check_recognition(const wxid_call *call, const given *one)
{
    const char *name = one->credential == CLOUDBASE ? "cloudbase_access_token" : "access_token";
    expected wanted = {
        .method = "POST",
        .path = "/cv/ocr/idcard",
        .parameters = {{name, one->credential == OPEN_SERVICE ? NULL : one->token},
                       {"type", one->type},
                       {"img_url", one->has_img_url ? one->img_url : NULL}},
        .parameter_count = 3,
        .media_type = one->has_img_url ? NULL : "multipart/form-data; boundary=",
        .image = one->has_img_url ? NULL : one->image,
        .image_length = one->image_length,
    };
    const wxid_request *request = wxid_call_request(call);
    check_request(request, &wanted);
    check_origin(request, one);
    HOLDS(one->credential == OPEN_SERVICE || is_token(one->token));
}

static void recognise(wxid_session *session, const given *one)
{
    wxid_recognition recognition = WXID_RECOGNITION_INIT;
    wxid_call *call = NULL;
    wxid_error *error = NULL;
    recognition.image = one->has_img_url ? NULL : one->image;
    recognition.image_length = one->image_length;
    recognition.img_url = one->has_img_url ? one->img_url : NULL;
    recognition.type = one->type;
    if (wxid_call_new_recognition(&call, session, &recognition, 0, one->seed, &error) != 0) {
        HOLDS(call == NULL);
        check_refusal(error);
        return;
    }
    if (wxid_call_step(call, 0) == WXID_STEP_TOKEN) {
        HOLDS(wxid_call_answer_token(call, one->token, NULL) == 0);
    }
    if (wxid_call_step(call, 0) == WXID_STEP_SEND) {
        check_recognition(call, one);
    } else {
        HOLDS(wxid_call_take_card(NULL, call, &error) != 0);
        check_refusal(error);
    }
    wxid_call_free(call);
}

/* ---- Token fetches ---- */

/* By another reader of JSON: these four members and no other. */
static void check_json(const wxid_request *request, const given *one)
{
    HOLDS(request->fragment_count == 1);
    cJSON *body = cJSON_ParseWithLength(request->body[0].data, request->body[0].length);
    HOLDS(cJSON_GetArraySize(body) == 4);
    const char *type = cJSON_GetStringValue(cJSON_GetObjectItem(body, "grant_type"));
    const char *appid = cJSON_GetStringValue(cJSON_GetObjectItem(body, "appid"));
    const char *secret = cJSON_GetStringValue(cJSON_GetObjectItem(body, "secret"));
    HOLDS(type != NULL && strcmp(type, "client_credential") == 0);
    HOLDS(appid != NULL && strcmp(appid, one->appid) == 0);
    HOLDS(secret != NULL && strcmp(secret, one->secret) == 0);
    HOLDS(cJSON_IsTrue(cJSON_GetObjectItem(body, "force_refresh")) == (one->force != 0));
    cJSON_Delete(body);
}

static void check_fetch(const wxid_request *request, const given *one)
{
    expected wanted = {
        .method = one->old_endpoint ? "GET" : "POST",
        .path = one->old_endpoint ? "/cgi-bin/token" : "/cgi-bin/stable_token",
        .parameters = {{"grant_type", "client_credential"},
                       {"appid", one->appid},
                       {"secret", one->secret}},
        .parameter_count = one->old_endpoint ? 3 : 0,
        .media_type = one->old_endpoint ? NULL : "application/json",
    };
    check_request(request, &wanted);
    check_origin(request, one);
    if (!one->old_endpoint) {
        check_json(request, one);
    }
}

static void fetch(wxid_session *session, const given *one)
{
    wxid_token_fetch wanted = WXID_TOKEN_FETCH_INIT;
    wxid_call *call = NULL;
    wxid_error *error = NULL;
    wanted.appid = one->appid;
    wanted.secret = one->secret;
    wanted.endpoint = one->old_endpoint ? "token" : "stable_token";
    wanted.force_refresh = one->force;
    if (wxid_call_new_token_fetch(&call, session, &wanted, 0, one->seed, &error) != 0) {
        HOLDS(call == NULL);
        check_refusal(error);
        return;
    }
    HOLDS(wxid_call_step(call, 0) == WXID_STEP_SEND);
    check_fetch(wxid_call_request(call), one);
    wxid_call_free(call);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    given one;
    read_given(&one, (input){data, length});
    wxid_session *session = new_session(&one);
    if (session != NULL && one.credential == APP) {
        fetch(session, &one);
    } else if (session != NULL) {
        recognise(session, &one);
    }
    wxid_session_free(session);
    free_given(&one);
    return 0;
}
