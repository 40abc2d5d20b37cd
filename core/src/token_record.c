#include "token_record.h"

#include "buffer.h"
#include "errors.h"
#include "memory.h"
#include "reply.h"
#include "request.h"

#include <string.h>

#define LONGEST_LIFE_S INT64_C(7200)
#define LONGEST_WAIT_MS INT64_C(30000)
#define MOST_FAILURES 1000000

char *wxid__record_of_token(const char *token, int64_t expires_at_ms, int64_t life_ms)
{
    wxid__buffer record = WXID__BUFFER_INIT; /* a valid token needs no escaping */
    wxid__buffer_text(&record, "{\"access_token\":\"");
    wxid__buffer_text(&record, token);
    wxid__buffer_format(&record, "\",\"expires_at\":%lld,\"expires_in\":%lld}",
                        (long long)(expires_at_ms / 1000), (long long)(life_ms / 1000));
    return wxid__buffer_take(&record);
}

static wxid_value *parse(const char *record)
{
    const char *problem = NULL;
    return wxid__json_read(record, strlen(record), &problem);
}

static const char *text_of(const wxid_value *object, const char *name)
{
    const wxid_value *value = wxid_value_get(object, name);
    return value != NULL ? wxid_value_string(value, NULL) : NULL;
}

static int64_t whole_of(const wxid_value *object, const char *name)
{
    const wxid_value *value = wxid_value_get(object, name);
    return value != NULL ? wxid_value_integer(value) : 0;
}

static int64_t at_most(int64_t value, int64_t most)
{
    return value < most ? value : most;
}

/* From now, which is not before 1970, until then. */
static int64_t until(int64_t then_ms, int64_t now_ms)
{
    return then_ms <= now_ms ? 0 : then_ms - now_ms;
}

int wxid__record_read_token(char **token, int64_t *left_ms, int64_t *life_ms, const char *record,
                            int64_t unix_ms)
{
    wxid_value *object = parse(record);
    if (object == NULL) {
        return 0;
    }
    const char *text = text_of(object, "access_token");
    int64_t expires_at = at_most(whole_of(object, "expires_at"), INT64_MAX / 1000);
    int64_t expires_in = whole_of(object, "expires_in");
    int64_t left = until(expires_at * 1000, unix_ms);
    int result = 0;
    if (text != NULL && wxid__token_valid(text) && expires_at > 0 && left > 0) {
        *token = wxid__text_copy(text);
        *life_ms = at_most(expires_in > 0 ? expires_in : LONGEST_LIFE_S, LONGEST_LIFE_S) * 1000;
        *left_ms = at_most(left, *life_ms); /* a clock may have been put back by days */
        result = *token != NULL ? 1 : -1;
    }
    wxid_value_free(object);
    return result;
}

char *wxid__record_of_failure(const wxid_error *error, int64_t failures, int64_t retry_at_ms)
{
    wxid__buffer record = WXID__BUFFER_INIT;
    int32_t errcode = 0;
    wxid__buffer_format(&record, "{\"failed\":\"%s\"", wxid_error_kind_name(error));
    if (wxid_error_errcode(error, &errcode)) {
        wxid__buffer_format(&record, ",\"errcode\":%ld", (long)errcode);
    }
    int retryable = wxid_error_retryable(error);
    if (retryable != wxid_kind_info_at(wxid_error_kind(error))->retryable) { /* 502, for one */
        wxid__buffer_text(&record, retryable ? ",\"retryable\":true" : ",\"retryable\":false");
    }
    wxid__buffer_format(&record, ",\"failures\":%lld,\"retry_at_ms\":%lld}", (long long)failures,
                        (long long)retry_at_ms);
    return wxid__buffer_take(&record);
}

/* NULL for a kind that there is not, or that is nobody else's business. */
static const wxid_kind_info *shared_kind(const char *name)
{
    const wxid_kind_info *info;
    for (size_t i = 0; name != NULL && (info = wxid_kind_info_at(i)) != NULL; i++) {
        if (strcmp(info->name, name) == 0) {
            return info->class_name[0] != '\0' ? info : NULL;
        }
    }
    return NULL;
}

static wxid_error *error_of(const wxid_value *object)
{
    static const char *const no_secrets[] = {NULL};
    const wxid_kind_info *info = shared_kind(text_of(object, "failed"));
    int64_t errcode = whole_of(object, "errcode");
    if (info == NULL || errcode < INT32_MIN || errcode > INT32_MAX) {
        return NULL;
    }
    if (errcode != 0) {
        return wxid__error_blame_credential(wxid__error_api((int32_t)errcode, NULL, 0, no_secrets));
    }
    wxid_error *error = wxid_error_new(info->kind, info->meaning);
    const wxid_value *retryable = wxid_value_get(object, "retryable");
    if (retryable != NULL && wxid_error_kind(error) == info->kind) { /* else memory is lacking */
        error->retryable = wxid_value_boolean(retryable);
    }
    return error;
}

wxid_error *wxid__record_read_failure(int64_t *failures, int64_t *wait_ms, const char *record,
                                      int64_t unix_ms)
{
    wxid_value *object = parse(record);
    wxid_error *error = object != NULL ? error_of(object) : NULL;
    if (error != NULL) {
        int64_t count = at_most(whole_of(object, "failures"), MOST_FAILURES);
        *failures = count > 1 ? count : 1;
        *wait_ms = at_most(until(whole_of(object, "retry_at_ms"), unix_ms), LONGEST_WAIT_MS);
    }
    wxid_value_free(object);
    return error;
}
