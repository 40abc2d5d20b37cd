#include "errors.h"

#include "buffer.h"
#include "memory.h"
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_ERRMSG_IN_MESSAGE 400

static const wxid_kind_info kinds[] = {
#define WXID_ERROR_KIND(NAME, name, class_name, group, also, retryable, meaning) \
    {WXID_KIND_##NAME, name, class_name, group, also, retryable, meaning},
#include "wxidcard_errors.def"
};

/* What the table's retry classes are in the public rows. */
enum { N = 'N', B = 'B', T = 'T' };

static const wxid_errcode_info errcodes[] = {
#define WXID_ERRCODE(NAME, errcode, KIND, retry, text) {errcode, WXID_KIND_##KIND, retry, text},
#include "wxidcard_errors.def"
};

static const wxid_group_info groups[] = {
#define WXID_ERROR_GROUP(NAME, class_name, meaning) {class_name, meaning},
#include "wxidcard_errors.def"
};

#define ROW_AT(table, index) ((index) < sizeof(table) / sizeof((table)[0]) ? &(table)[index] : NULL)

static char memory_message[] = "out of memory";
static wxid_error memory_error = {WXID_KIND_MEMORY, 0,    0,    0,   0, 0,
                                  memory_message,   NULL, NULL, NULL};

const char *wxid_version(void)
{
    return WXID_VERSION;
}

const wxid_kind_info *wxid_kind_info_at(size_t index)
{
    return ROW_AT(kinds, index);
}

const wxid_errcode_info *wxid_errcode_info_at(size_t index)
{
    return ROW_AT(errcodes, index);
}

const wxid_group_info *wxid_group_info_at(size_t index)
{
    return ROW_AT(groups, index);
}

wxid_error *wxid__error_memory(void)
{
    return &memory_error;
}

/* Takes the message over; NULL stands for a failed allocation. */
static wxid_error *error_with_message(wxid_kind kind, char *message)
{
    wxid_error *error = message == NULL ? NULL : calloc(1, sizeof *error);
    if (error == NULL) {
        wxid__text_free(message);
        return &memory_error;
    }
    error->kind = kind < WXID_KIND_COUNT ? kind : WXID_KIND_API;
    error->retryable = kinds[error->kind].retryable;
    error->message = message;
    return error;
}

wxid_error *wxid_error_new(wxid_kind kind, const char *message)
{
    const char *text = message != NULL ? message : "unknown error";
    return error_with_message(kind, wxid__text_copy(text));
}

wxid_error *wxid__error_format(wxid_kind kind, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return length < 0 ? &memory_error : wxid_error_new(kind, text);
}

wxid_error *wxid__error_system(int system_code, const char *what)
{
    char text[128] = "unknown reason";
#ifdef __GLIBC__
    const char *reason = strerror_r(system_code, text, sizeof text); /* GNU's: may not use text */
#else
    const char *reason = text;
    (void)strerror_r(system_code, text, sizeof text);
#endif
    wxid_error *error = wxid__error_format(WXID_KIND_SYSTEM, "%s: %s", what, reason);
    if (error != &memory_error) {
        error->system_code = system_code;
    }
    return error;
}

static int status_says_busy(int status)
{
    return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

wxid_error *wxid__error_protocol(const char *problem, int http_status, size_t body_length)
{
    wxid_error *error =
        wxid__error_format(WXID_KIND_PROTOCOL, "%s (HTTP status %d, body of %zu bytes)", problem,
                           http_status, body_length);
    if (error != &memory_error) {
        error->http_status = http_status;
        error->retryable = status_says_busy(http_status);
    }
    return error;
}

static const wxid_errcode_info *errcode_row(int32_t errcode)
{
    for (size_t i = 0; i < sizeof errcodes / sizeof errcodes[0]; i++) {
        if (errcodes[i].errcode == errcode) {
            return &errcodes[i];
        }
    }
    return NULL;
}

static const char *errcode_text(int32_t errcode)
{
    const wxid_errcode_info *row = errcode_row(errcode);
    return row != NULL ? row->text : "";
}

/* In 2020 the service said "not enough market quota" under 101002, which otherwise means a picture
 * that could not be decoded: there, and only there, the text decides. */
static wxid_kind kind_of(int32_t errcode, const char *errmsg)
{
    const wxid_errcode_info *row = errcode_row(errcode);
    if (errcode == WXID_ERRCODE_DECODE_IMAGE_FAILED && strstr(errmsg, "quota") != NULL) {
        return WXID_KIND_QUOTA;
    }
    return row != NULL ? row->kind : WXID_KIND_API;
}

char wxid__error_retry_class(const wxid_error *error)
{
    const wxid_errcode_info *row = error->has_errcode ? errcode_row(error->errcode) : NULL;
    if (error->kind == WXID_KIND_PROTOCOL) {
        return error->retryable ? 'B' : 'N';
    }
    return row != NULL ? row->retry_class : 'N';
}

static char *copy_of_part(const char *start, size_t length)
{
    wxid__buffer buffer = WXID__BUFFER_INIT;
    wxid__buffer_append(&buffer, start, length);
    return wxid__buffer_take(&buffer);
}

/* errmsg, as recorded: <text>[,] [hint: [xxx]|hints: [xxx]] [rid: a-b-c]. Stores NULL for what is
 * not there; returns -1 without memory. */
static int find_hint_and_rid(wxid_error *error)
{
    const char *hint = strstr(error->errmsg, "hint: [");
    const char *hints = strstr(error->errmsg, "hints: [");
    const char *start = hint != NULL ? hint + 7 : hints != NULL ? hints + 8 : NULL;
    const char *end = start != NULL ? strchr(start, ']') : NULL;
    if (end != NULL && end > start) {
        error->hint = copy_of_part(start, (size_t)(end - start));
        if (error->hint == NULL) {
            return -1;
        }
    }
    const char *rid = strstr(error->errmsg, "rid: ");
    size_t length = rid == NULL ? 0
                                : strspn(rid + 5, "0123456789abcdefghijklmnopqrstuvwxyz"
                                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_");
    if (length > 0) {
        error->rid = copy_of_part(rid + 5, length);
        return error->rid == NULL ? -1 : 0;
    }
    return 0;
}

static char *api_message(wxid_kind kind, int32_t errcode, const char *errmsg)
{
    wxid__buffer buffer = WXID__BUFFER_INIT;
    char *shown = wxid__text_copy(errmsg);
    if (shown == NULL) {
        return NULL;
    }
    wxid__make_presentable(shown, LONGEST_ERRMSG_IN_MESSAGE);
    wxid__buffer_format(&buffer, "%s (errcode %ld)", kinds[kind].meaning, (long)errcode);
    if (shown[0] != '\0') {
        wxid__buffer_text(&buffer, ": ");
        wxid__buffer_text(&buffer, shown);
    }
    wxid__text_free(shown);
    return wxid__buffer_take(&buffer);
}

wxid_error *wxid__error_api(int32_t errcode, const char *errmsg, int http_status,
                            const char *const *secrets)
{
    char *text = wxid__text_copy(errmsg != NULL ? errmsg : errcode_text(errcode));
    if (text == NULL) {
        return &memory_error;
    }
    for (size_t i = 0; secrets[i] != NULL; i++) {
        wxid__redact(text, secrets[i]);
    }
    wxid_kind kind = kind_of(errcode, text);
    wxid_error *error = error_with_message(kind, api_message(kind, errcode, text));
    if (error == &memory_error || errmsg == NULL) {
        wxid__text_free(text);
    }
    if (error == &memory_error) {
        return error;
    }
    error->has_errcode = 1;
    error->errcode = errcode;
    error->http_status = http_status;
    if (errmsg != NULL) {
        error->errmsg = text;
        if (find_hint_and_rid(error) != 0) {
            wxid_error_free(error);
            return &memory_error;
        }
    }
    return error;
}

static int copy_text(char **copy, const char *text)
{
    *copy = wxid__text_copy(text);
    return text != NULL && *copy == NULL ? -1 : 0;
}

wxid_error *wxid__error_copy(const wxid_error *error)
{
    wxid_error *copy = error != &memory_error ? calloc(1, sizeof *copy) : NULL;
    if (copy == NULL) {
        return &memory_error;
    }
    *copy = *error;
    int lost = copy_text(&copy->message, error->message);
    lost |= copy_text(&copy->errmsg, error->errmsg);
    lost |= copy_text(&copy->hint, error->hint);
    lost |= copy_text(&copy->rid, error->rid);
    if (lost) {
        wxid_error_free(copy);
        return &memory_error;
    }
    return copy;
}

wxid_error *wxid__error_blame_credential(wxid_error *error)
{
    if (error->kind != WXID_KIND_TOKEN) {
        return error;
    }
    const char *text = error->errmsg != NULL ? error->errmsg : errcode_text(error->errcode);
    char *message = api_message(WXID_KIND_CREDENTIAL, error->errcode, text);
    if (message == NULL) {
        wxid_error_free(error);
        return &memory_error;
    }
    wxid__text_free(error->message);
    error->message = message;
    error->kind = WXID_KIND_CREDENTIAL;
    error->retryable = kinds[error->kind].retryable;
    return error;
}

int wxid__error_is_own(const wxid_error *error)
{
    return kinds[error->kind].class_name[0] == '\0';
}

wxid_error *wxid__error_in_token_fetch(wxid_error *error)
{
    wxid__buffer message = WXID__BUFFER_INIT;
    if (error == &memory_error) {
        return error;
    }
    wxid__buffer_text(&message, "fetching an access token: ");
    wxid__buffer_text(&message, error->message);
    char *text = wxid__buffer_take(&message);
    if (text != NULL) { /* else it says a little less */
        wxid__text_free(error->message);
        error->message = text;
    }
    return error;
}

int wxid__fail(wxid_error **where, wxid_error *error)
{
    if (where != NULL) {
        *where = error;
    } else {
        wxid_error_free(error);
    }
    return -1;
}

void wxid_error_free(wxid_error *error)
{
    if (error != NULL && error != &memory_error) {
        wxid__text_free(error->message);
        wxid__text_free(error->errmsg);
        wxid__text_free(error->hint);
        wxid__text_free(error->rid);
        free(error);
    }
}

wxid_kind wxid_error_kind(const wxid_error *error)
{
    return error->kind;
}

const char *wxid_error_kind_name(const wxid_error *error)
{
    return kinds[error->kind].name;
}

const char *wxid_error_message(const wxid_error *error)
{
    return error->message;
}

int wxid_error_errcode(const wxid_error *error, int32_t *errcode)
{
    if (error->has_errcode && errcode != NULL) {
        *errcode = error->errcode;
    }
    return error->has_errcode;
}

const char *wxid_error_errmsg(const wxid_error *error)
{
    return error->errmsg;
}

const char *wxid_error_hint(const wxid_error *error)
{
    return error->hint;
}

const char *wxid_error_rid(const wxid_error *error)
{
    return error->rid;
}

int wxid_error_http_status(const wxid_error *error)
{
    return error->http_status;
}

int wxid_error_retryable(const wxid_error *error)
{
    return error->retryable;
}

int wxid_error_system_code(const wxid_error *error)
{
    return error->system_code;
}
