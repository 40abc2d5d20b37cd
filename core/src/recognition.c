/* The operation that the library is for: a picture goes out, a card comes back. */
#include "call.h"

#include "errors.h"
#include "memory.h"
#include "picture.h"
#include "reply.h"

#include <string.h>

static int build(wxid_call *call)
{
    const wxid__origin *origin = &call->session->origin;
    wxid__parameter token = {wxid__credential_parameter(call->session->credential), call->token};
    if (call->img_url != NULL) {
        return wxid__request_img_url(&call->request, origin, token, call->type, call->img_url);
    }
    return wxid__request_upload(&call->request, origin, token, call->type, &call->image,
                                &call->random);
}

static int accept(wxid_call *call, const wxid_reply *reply, wxid_error **error)
{
    const char *const secrets[] = {call->token, NULL};
    call->card = wxid__reply_read(reply, wxid__card_fields, secrets, error);
    return call->card != NULL ? 0 : -1;
}

static void clear(wxid_call *call)
{
    wxid__text_free(call->img_url);
    wxid_value_free(call->card);
}

static const wxid__operation recognition_operation = {
    .uses_token = 1,
    .seek = wxid__call_seek_token,
    .build = build,
    .accept = accept,
    .clear = clear,
};

static int check_shape(const wxid_recognition *recognition, wxid_error **error)
{
    if (recognition == NULL || recognition->version != WXID_RECOGNITION_VERSION) {
        return wxid__fail(error, wxid_error_new(WXID_KIND_USAGE,
                                                "the recognition is missing or of another version: "
                                                "start from WXID_RECOGNITION_INIT"));
    }
    int pictures = (recognition->image != NULL) + (recognition->image_path != NULL) +
                   (recognition->img_url != NULL);
    if (pictures != 1) {
        return wxid__fail(
            error, wxid__error_format(
                       WXID_KIND_USAGE, "%s: give exactly one, as its bytes, its path, or img_url",
                       pictures == 0 ? "no picture was given" : "more than one picture was given"));
    }
    return 0;
}

/* The same text, static; NULL for none. */
static int read_type(const char **type, const char *given, wxid_error **error)
{
    *type = NULL;
    if (given != NULL) {
        *type = strcmp(given, "photo") == 0 ? "photo" : strcmp(given, "scan") == 0 ? "scan" : NULL;
        if (*type == NULL) {
            return wxid__fail(
                error, wxid_error_new(WXID_KIND_USAGE,
                                      "type must be \"photo\" (the card with a background) or "
                                      "\"scan\" (the card alone), or left out"));
        }
    }
    return 0;
}

/* The picture's bytes, as they are to be sent. */
static int take_bytes(wxid_call *call, const wxid_recognition *recognition, wxid_error **error)
{
    const wxid_settings *settings = &call->session->settings;
    int64_t limit = wxid_picture_read_limit(settings);
    int failed = recognition->image != NULL
                     ? wxid__image_from_bytes(&call->image, recognition->image,
                                              recognition->image_length, limit, error)
                     : wxid__image_from_path(&call->image, recognition->image_path, limit, error);
    return failed ? -1
                  : wxid__picture_fit(&call->image, settings->max_image_bytes,
                                      settings->strip_metadata != 0, error);
}

static int take_picture(wxid_call *call, const wxid_recognition *recognition, wxid_error **error)
{
    if (recognition->img_url == NULL) {
        return take_bytes(call, recognition, error);
    }
    if (wxid__img_url_check(recognition->img_url, error) != 0) {
        return -1;
    }
    call->img_url = wxid__text_copy(recognition->img_url);
    return call->img_url != NULL ? 0 : wxid__fail(error, wxid__error_memory());
}

int wxid_call_new_recognition(wxid_call **call, wxid_session *session,
                              const wxid_recognition *recognition, int64_t now_ms, uint64_t seed,
                              wxid_error **error)
{
    const char *type;
    if (check_shape(recognition, error) != 0 || read_type(&type, recognition->type, error) != 0) {
        return -1;
    }
    wxid_call *made = wxid__call_new(&recognition_operation, session, now_ms, seed);
    if (made == NULL) {
        return wxid__fail(error, wxid__error_memory());
    }
    made->type = type;
    if (take_picture(made, recognition, error) != 0) {
        wxid_call_free(made);
        return -1;
    }
    wxid__call_begin(made, now_ms);
    *call = made;
    return 0;
}

int wxid_call_take_card(wxid_value **card, wxid_call *call, wxid_error **error)
{
    if (call->card != NULL) {
        *card = call->card;
        call->card = NULL;
        return 0;
    }
    wxid_error *result = call->error;
    call->error = NULL;
    if (result == NULL) {
        result =
            wxid_error_new(WXID_KIND_USAGE, "there is no card to take: the call has not ended, its "
                                            "result was taken, or it fetches a token");
    }
    return wxid__fail(error, result);
}
