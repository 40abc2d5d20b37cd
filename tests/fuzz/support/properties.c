#include "properties.h"

#include "input.h"

#include <math.h>
#include <string.h>

/* ---- Text ---- */

/* The number of the character that begins here, and how many bytes it has; 0 for none. */
static uint32_t decode(const unsigned char *bytes, size_t left, size_t *length)
{
    static const uint32_t least[] = {0, 0x1, 0x80, 0x800, 0x10000};
    unsigned ones = 0;
    while (ones < 8 && (bytes[0] & (0x80u >> ones)) != 0) {
        ones++;
    }
    *length = ones == 0 ? 1 : ones;
    if (ones == 1 || ones > 4 || *length > left) {
        return 0;
    }
    uint32_t number = ones == 0 ? bytes[0] : bytes[0] & (0x7fu >> ones);
    for (size_t i = 1; i < *length; i++) {
        if (bytes[i] >> 6 != 2) {
            return 0;
        }
        number = number * 64 + (bytes[i] & 63u);
    }
    int is_surrogate = number >= 0xd800 && number < 0xe000;
    return number < least[*length] || number > 0x10ffff || is_surrogate ? 0 : number;
}

int is_utf8(const char *text, size_t length)
{
    size_t step = 0;
    for (size_t at = 0; at < length; at += step) {
        if (decode((const unsigned char *)text + at, length - at, &step) == 0) {
            return 0;
        }
    }
    return 1;
}

int stands_in(const char *text, const char *where)
{
    for (; *where != '\0'; where++) {
        size_t same = 0;
        while (text[same] != '\0' && where[same] == text[same]) {
            same++;
        }
        if (text[same] == '\0') {
            return 1;
        }
    }
    return 0;
}

int is_token(const char *text)
{
    size_t length = 0;
    for (; text[length] != '\0'; length++) {
        unsigned char byte = (unsigned char)text[length];
        if (byte <= ' ' || byte >= 0x7f || byte == '"' || byte == '\'' || byte == '`' ||
            byte == '\\' || byte == '<' || byte == '>') {
            return 0;
        }
    }
    return length >= 1 && length <= 4096;
}

/* ---- Values ---- */

static void check_number(const wxid_value *value)
{
    double number = wxid_value_number(value);
    HOLDS(isfinite(number));
    if (wxid_value_type(value) == WXID_TYPE_INTEGER) {
        HOLDS((double)wxid_value_integer(value) == number);
    }
}

static void check_at_depth(const wxid_value *value, int depth)
{
    wxid_type type = wxid_value_type(value);
    size_t length = 0;
    const char *text = wxid_value_string(value, &length);
    HOLDS(depth < WXID_MAX_DEPTH);
    HOLDS((int)type >= WXID_TYPE_NULL && type <= WXID_TYPE_OBJECT);
    HOLDS((text != NULL) == (type == WXID_TYPE_STRING));
    if (text != NULL) {
        HOLDS(strlen(text) == length && is_utf8(text, length));
    }
    if (type == WXID_TYPE_INTEGER || type == WXID_TYPE_NUMBER) {
        check_number(value);
    }
    size_t count = wxid_value_count(value);
    HOLDS(count == 0 || type == WXID_TYPE_ARRAY || type == WXID_TYPE_OBJECT);
    HOLDS(wxid_value_at(value, count) == NULL && wxid_value_name_at(value, count) == NULL);
    for (size_t i = 0; i < count; i++) {
        const char *name = wxid_value_name_at(value, i);
        HOLDS((name != NULL) == (type == WXID_TYPE_OBJECT));
        HOLDS(name == NULL || is_utf8(name, strlen(name)));
        check_at_depth(wxid_value_at(value, i), depth + 1);
    }
}

void check_value(const wxid_value *value)
{
    check_at_depth(value, 0);
}

static int texts_equal(const char *one, const char *other)
{
    return one == NULL || other == NULL ? one == other : strcmp(one, other) == 0;
}

int values_equal(const wxid_value *one, const wxid_value *other)
{
    double number = wxid_value_number(one);
    double other_number = wxid_value_number(other);
    size_t count = wxid_value_count(one);
    if (wxid_value_type(one) != wxid_value_type(other) || count != wxid_value_count(other) ||
        memcmp(&number, &other_number, sizeof number) != 0 ||
        wxid_value_boolean(one) != wxid_value_boolean(other) ||
        wxid_value_integer(one) != wxid_value_integer(other) ||
        !texts_equal(wxid_value_string(one, NULL), wxid_value_string(other, NULL))) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (!texts_equal(wxid_value_name_at(one, i), wxid_value_name_at(other, i)) ||
            !values_equal(wxid_value_at(one, i), wxid_value_at(other, i))) {
            return 0;
        }
    }
    return 1;
}

const char *text_of(const wxid_value *object, const char *name)
{
    const wxid_value *member = wxid_value_get(object, name);
    return member != NULL ? wxid_value_string(member, NULL) : NULL;
}

/* ---- Errors and findings ---- */

void check_error(const wxid_error *error, const char *secret)
{
    HOLDS(error != NULL);
    const char *message = wxid_error_message(error);
    size_t length = strlen(message);
    HOLDS(wxid_error_kind(error) < WXID_KIND_COUNT);
    HOLDS(length > 0 && is_utf8(message, length));
    for (size_t i = 0; i < length; i++) {
        HOLDS((unsigned char)message[i] >= 0x20 && message[i] != 0x7f);
    }
    HOLDS(!stands_in(secret, message));
    const char *errmsg = wxid_error_errmsg(error);
    const char *parts[] = {wxid_error_hint(error), wxid_error_rid(error)};
    HOLDS(errmsg == NULL || (is_utf8(errmsg, strlen(errmsg)) && !stands_in(secret, errmsg)));
    for (size_t i = 0; i < 2; i++) {
        HOLDS(parts[i] == NULL || (errmsg != NULL && stands_in(parts[i], errmsg)));
    }
}

void check_errors_equal(const wxid_error *one, const wxid_error *other)
{
    int32_t errcode = 0;
    int32_t other_errcode = 0;
    HOLDS(wxid_error_kind(one) == wxid_error_kind(other));
    HOLDS(texts_equal(wxid_error_message(one), wxid_error_message(other)));
    HOLDS(wxid_error_errcode(one, &errcode) == wxid_error_errcode(other, &other_errcode));
    HOLDS(errcode == other_errcode);
    HOLDS(texts_equal(wxid_error_errmsg(one), wxid_error_errmsg(other)));
    HOLDS(texts_equal(wxid_error_hint(one), wxid_error_hint(other)));
    HOLDS(texts_equal(wxid_error_rid(one), wxid_error_rid(other)));
    HOLDS(wxid_error_http_status(one) == wxid_error_http_status(other));
    HOLDS(wxid_error_retryable(one) == wxid_error_retryable(other));
}

static const wxid_finding_info *row_of(const char *code)
{
    const wxid_finding_info *info = NULL;
    for (size_t i = 0; (info = wxid_finding_info_at(i)) != NULL; i++) {
        if (strcmp(info->code, code) == 0) {
            return info;
        }
    }
    return NULL;
}

int check_findings(const wxid_value *findings, const char *field)
{
    int has_error = 0;
    HOLDS(wxid_value_type(findings) == WXID_TYPE_ARRAY);
    for (size_t i = 0; i < wxid_value_count(findings); i++) {
        const wxid_value *finding = wxid_value_at(findings, i);
        const char *code = text_of(finding, "code");
        const wxid_finding_info *info = code != NULL ? row_of(code) : NULL;
        HOLDS(info != NULL && wxid_value_count(finding) == 5);
        HOLDS(texts_equal(text_of(finding, "field"), info->field));
        HOLDS(texts_equal(text_of(finding, "level"), info->level));
        HOLDS(texts_equal(text_of(finding, "message"), info->message));
        HOLDS(texts_equal(text_of(finding, "message_zh"), info->message_zh));
        HOLDS(field == NULL || strcmp(info->field, field) == 0);
        has_error |= strcmp(info->level, "error") == 0;
    }
    return has_error;
}
