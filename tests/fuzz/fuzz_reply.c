/* The reply to a recognition: any bytes under any HTTP status. Input: a choice of status, the body.
 *
 * What comes out is a card or an error, never both, and the same each time. A card has a field of a
 * card and no errcode but success; an error of the protocol says nothing of the reply. */
#include "input.h"
#include "properties.h"

#include "reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

static const char *const secrets[] = {MARK "_of_the_reply", NULL};
static const int statuses[] = {200, 200, 200, 200, 400, 401, 403,
                               404, 412, 429, 500, 502, 503, 504};

/* What is wrong with a reply: fixed words, so that nothing of it can be among them. */
static const char *const problems[] = {
    "the reply is empty",
    "the reply is too long",
    "the reply is not valid UTF-8 text",
    "the reply is not JSON",
    "the reply is not a JSON object",
    "the reply is nested too deep",
    "the reply holds a number that is too large",
    "the reply gives a field twice",
    "the reply's errcode is not a whole number",
    "the HTTP status is not 200",
    "the reply has none of the fields that it should have",
    "a gateway answered instead of the service",
    NULL,
};

static void check_protocol_error(const wxid_error *error, int status, size_t length)
{
    char message[256];
    int is_known = 0;
    for (size_t i = 0; problems[i] != NULL; i++) {
        (void)snprintf(message, sizeof message, "%s (HTTP status %d, body of %zu bytes)",
                       problems[i], status, length);
        is_known |= strcmp(wxid_error_message(error), message) == 0;
    }
    HOLDS(is_known);
    HOLDS(wxid_error_errmsg(error) == NULL && !wxid_error_errcode(error, NULL));
}

/* The service's own text may be shown, but no number in it that could be somebody's. */
static void check_service_error(const wxid_error *error)
{
    const char *message = wxid_error_message(error);
    int32_t errcode = 0;
    HOLDS(wxid_error_errcode(error, &errcode) && errcode != 0);
    HOLDS(strlen(message) < 800);
    for (size_t digits = 0; *message != '\0'; message++) {
        digits = *message >= '0' && *message <= '9' ? digits + 1 : 0;
        HOLDS(digits < 15);
    }
}

/* By another reader: whether an errcode says that it is no success. */
static int is_failure(const cJSON *item)
{
    if (item->string == NULL ||
        (strcmp(item->string, "errcode") != 0 && strcmp(item->string, "errCode") != 0)) {
        return 0;
    }
    if (cJSON_IsString(item)) {
        const char *digits = item->valuestring + (item->valuestring[0] == '-');
        return digits[0] == '\0' || digits[strspn(digits, "0")] != '\0';
    }
    return !cJSON_IsNumber(item) || item->valuedouble < 0 || item->valuedouble > 0;
}

static void check_card(const wxid_value *card, const char *body, size_t length, int status)
{
    int is_card = 0;
    size_t mark = length >= 3 && memcmp(body, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    cJSON *document = cJSON_ParseWithLength(body + mark, length - mark);
    const cJSON *item = NULL;
    HOLDS(status == 200 && wxid_value_type(card) == WXID_TYPE_OBJECT);
    HOLDS(wxid_value_get(card, "errcode") == NULL && wxid_value_get(card, "errmsg") == NULL);
    check_value(card);
    for (size_t i = 0; wxid__card_fields[i] != NULL; i++) {
        is_card |= wxid_value_get(card, wxid__card_fields[i]) != NULL;
    }
    HOLDS(is_card && is_utf8(body, length) && cJSON_IsObject(document));
    cJSON_ArrayForEach(item, document)
    {
        HOLDS(!is_failure(item));
    }
    cJSON_Delete(document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    input from = {data, length};
    wxid_reply reply = WXID_REPLY_INIT;
    wxid_value *cards[2] = {NULL, NULL};
    wxid_error *errors[2] = {NULL, NULL};
    reply.status = statuses[take_below(&from, sizeof statuses / sizeof statuses[0])];
    char *body = copy_of(from.data, from.length);
    reply.body = body;
    reply.body_length = from.length;
    for (int i = 0; i < 2; i++) {
        cards[i] = wxid__reply_read(&reply, wxid__card_fields, secrets, &errors[i]);
        HOLDS((cards[i] == NULL) != (errors[i] == NULL));
    }
    if (cards[0] != NULL) {
        check_card(cards[0], body, from.length, reply.status);
        HOLDS(cards[1] != NULL && values_equal(cards[0], cards[1]));
    } else {
        check_error(errors[0], secrets[0]);
        HOLDS(errors[1] != NULL);
        check_errors_equal(errors[0], errors[1]);
        HOLDS(wxid_error_http_status(errors[0]) == reply.status);
        if (wxid_error_kind(errors[0]) == WXID_KIND_PROTOCOL) {
            check_protocol_error(errors[0], reply.status, from.length);
        } else {
            check_service_error(errors[0]);
        }
    }
    for (int i = 0; i < 2; i++) {
        wxid_value_free(cards[i]);
        wxid_error_free(errors[i]);
    }
    free(body);
    return 0;
}
