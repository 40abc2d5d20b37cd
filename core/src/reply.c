#include "reply.h"

#include "errors.h"
#include "memory.h"
#include "text.h"
#include "value.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

const char *const wxid__card_fields[] = {"type",        "name",  "id",         "addr", "gender",
                                         "nationality", "birth", "valid_date", NULL};
const char *const wxid__token_fields[] = {"access_token", NULL};

/* Names that may stand once only: of two different values neither can be trusted. */
static const char *const known_once[] = {"errcode", "errmsg", "access_token", "expires_in", NULL};

static int is_in(const char *const *names, const char *name)
{
    for (; *names != NULL; names++) {
        if (strcmp(*names, name) == 0) {
            return 1;
        }
    }
    return 0;
}

/* After "\u": cJSON takes what are no four hexadecimal digits for 0. */
static int means_nul(const char *digits)
{
    int is_zero = 1;
    for (size_t i = 0; i < 4; i++) {
        if (digits[i] == '\0' || strchr("0123456789abcdefABCDEF", digits[i]) == NULL) {
            return 1;
        }
        is_zero = is_zero && digits[i] == '0';
    }
    return is_zero;
}

/* cJSON ends a string at an escaped NUL, so that "1\u0000..." would pass for "1". Outside of
 * strings a backslash is no JSON anyhow. */
static int has_escaped_nul(const char *text, size_t length)
{
    for (size_t i = 0; i + 1 < length; i++) {
        if (text[i] == '\\') {
            if (text[i + 1] == 'u' && length - i >= 6 && means_nul(text + i + 2)) {
                return 1;
            }
            i++;
        }
    }
    return 0;
}

static int only_white_space(const char *text, const char *end)
{
    while (text < end && strchr(" \t\r\n", *text) != NULL) {
        text++;
    }
    return text == end;
}

/* Wipes what a document says, names too. It is no deeper than cJSON reads, 1,000 levels. */
static void wipe(cJSON *first)
{
    for (cJSON *node = first; node != NULL; node = node->next) {
        if (node->valuestring != NULL) {
            wxid__wipe(node->valuestring, strlen(node->valuestring));
        }
        if (node->string != NULL) {
            wxid__wipe(node->string, strlen(node->string));
        }
        wipe(node->child);
    }
}

/* cJSON frees, but does not wipe: neither here, nor what it had read where the text is not JSON. */
static void forget(cJSON *document)
{
    wipe(document);
    cJSON_Delete(document);
}

/* The parsed document, for forget(); NULL with the problem said. */
static cJSON *parse(const char *body, size_t length, const char **problem)
{
    static const char bom[] = "\xef\xbb\xbf";
    if (length == 0) {
        *problem = "the reply is empty";
        return NULL;
    }
    if (length > WXID_MAX_REPLY_BODY) {
        *problem = "the reply is too long";
        return NULL;
    }
    if (length >= 3 && memcmp(body, bom, 3) == 0) {
        body += 3;
        length -= 3;
    }
    if (!wxid__utf8_valid(body, length) || has_escaped_nul(body, length)) {
        *problem = "the reply is not valid UTF-8 text";
        return NULL;
    }
    const char *end = NULL;
    cJSON *document = cJSON_ParseWithLengthOpts(body, length, &end, 0);
    if (document == NULL || !only_white_space(end, body + length)) {
        forget(document);
        *problem = "the reply is not JSON";
        return NULL;
    }
    if (!cJSON_IsObject(document)) {
        forget(document);
        *problem = "the reply is not a JSON object";
        return NULL;
    }
    return document;
}

static wxid_value *convert(const cJSON *node, int depth, const char **problem);

static wxid_value *convert_members(const cJSON *node, int depth, const char **problem)
{
    int is_object = cJSON_IsObject(node);
    wxid_value *value = wxid__value_new(is_object ? WXID_TYPE_OBJECT : WXID_TYPE_ARRAY);
    const cJSON *member;
    if (value == NULL) {
        return NULL;
    }
    cJSON_ArrayForEach(member, node)
    {
        char *name = NULL;
        if (is_object) { /* only the card's own names change; what is nested stays as it came */
            name = depth == 0 ? wxid__snake_case(member->string) : wxid__text_copy(member->string);
        }
        if (wxid__value_add(value, name, convert(member, depth + 1, problem)) != 0) {
            wxid_value_free(value);
            return NULL;
        }
    }
    return value;
}

/* NULL without memory, or with a problem. */
static wxid_value *convert(const cJSON *node, int depth, const char **problem)
{
    if (depth >= WXID_MAX_DEPTH) {
        *problem = "the reply is nested too deep";
        return NULL;
    }
    if (cJSON_IsNumber(node) && !isfinite(node->valuedouble)) {
        *problem = "the reply holds a number that is too large";
        return NULL;
    }
    if (cJSON_IsNumber(node)) {
        return wxid__value_new_number(node->valuedouble);
    }
    if (cJSON_IsString(node)) {
        return wxid__value_new_string(node->valuestring);
    }
    if (cJSON_IsBool(node)) {
        return wxid__value_new_boolean(cJSON_IsTrue(node));
    }
    if (cJSON_IsNull(node)) {
        return wxid__value_new(WXID_TYPE_NULL);
    }
    return convert_members(node, depth, problem);
}

static int known_name_twice(const wxid_value *object)
{
    for (size_t i = 0; i < wxid_value_count(object); i++) {
        const char *name = wxid_value_name_at(object, i);
        /* get() finds the last of that name */
        if ((is_in(known_once, name) || is_in(wxid__card_fields, name)) &&
            wxid_value_get(object, name) != wxid_value_at(object, i)) {
            return 1;
        }
    }
    return 0;
}

wxid_value *wxid__json_read(const void *text, size_t length, const char **problem)
{
    cJSON *document = parse(text, length, problem);
    if (document == NULL) {
        return NULL;
    }
    wxid_value *object = convert(document, 0, problem);
    forget(document);
    if (object != NULL && known_name_twice(object)) {
        *problem = "the reply gives a field twice";
        wxid_value_free(object);
        return NULL;
    }
    return object;
}

typedef enum errcode_state { ERRCODE_ABSENT, ERRCODE_GIVEN, ERRCODE_INVALID } errcode_state;

/* By type, never by cJSON's valueint, for which "40001", null and 0.5 are 0: success. */
static errcode_state read_errcode(const wxid_value *object, int32_t *errcode)
{
    const wxid_value *value = wxid_value_get(object, "errcode");
    int64_t number = 0;
    if (value == NULL) {
        return ERRCODE_ABSENT;
    }
    if (wxid_value_type(value) == WXID_TYPE_INTEGER) {
        number = wxid_value_integer(value);
    } else if (wxid_value_type(value) != WXID_TYPE_STRING ||
               !wxid__decimal(&number, wxid_value_string(value, NULL))) {
        return ERRCODE_INVALID;
    }
    if (number < INT32_MIN || number > INT32_MAX) {
        return ERRCODE_INVALID;
    }
    *errcode = (int32_t)number;
    return ERRCODE_GIVEN;
}

static int has_any(const wxid_value *object, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (wxid_value_get(object, *names) != NULL) {
            return 1;
        }
    }
    return 0;
}

/* What keeps an object without an errcode of its own from being a success; NULL if nothing does. */
static const char *problem_of(const wxid_value *object, errcode_state state, int http_status,
                              const char *const *success)
{
    if (state == ERRCODE_INVALID) {
        return "the reply's errcode is not a whole number";
    }
    if (http_status != 200) {
        return "the HTTP status is not 200";
    }
    return has_any(object, success) ? NULL : "the reply has none of the fields that it should have";
}

wxid_value *wxid__reply_read(const wxid_reply *reply, const char *const *success,
                             const char *const *secrets, wxid_error **error)
{
    const char *problem = NULL;
    int32_t errcode = 0;
    wxid_value *object = wxid__json_read(reply->body, reply->body_length, &problem);
    if (object == NULL && problem == NULL) {
        wxid__fail(error, wxid__error_memory());
        return NULL;
    }
    errcode_state state = object != NULL ? read_errcode(object, &errcode) : ERRCODE_ABSENT;
    if (object != NULL && errcode != 0) {
        const wxid_value *text = wxid_value_get(object, "errmsg");
        const char *errmsg = text != NULL ? wxid_value_string(text, NULL) : NULL;
        wxid__fail(error, wxid__error_api(errcode, errmsg, reply->status, secrets));
        wxid_value_free(object);
        return NULL;
    }
    if (object != NULL) {
        problem = problem_of(object, state, reply->status, success);
    } else if (reply->status !=
               200) { /* a gateway's page: its status says more than that it is no JSON */
        problem = "a gateway answered instead of the service";
    }
    if (problem != NULL) {
        wxid__fail(error, wxid__error_protocol(problem, reply->status, reply->body_length));
        wxid_value_free(object);
        return NULL;
    }
    wxid__value_remove(object, "errcode");
    wxid__value_remove(object, "errmsg");
    return object;
}
