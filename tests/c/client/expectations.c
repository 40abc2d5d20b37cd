#include "expectations.h"

#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef BY_ENGINE
#define DRIVER "c-engine"
#else
#define DRIVER "c"
#endif

static cJSON *expectations;
static cJSON *vectors;

static cJSON *read_json(const char *path)
{
    enum { MOST = 1 << 18 };
    char *text = calloc(1, MOST);
    FILE *file = fopen(path, "r");
    if (text == NULL || file == NULL) {
        fail_msg("%s cannot be read", path);
    }
    size_t length = fread(text, 1, MOST - 1, file);
    (void)fclose(file);
    assert_in_range(length, 1, MOST - 2); /* else it has grown */
    cJSON *read = cJSON_Parse(text);
    free(text);
    return read;
}

int start_with_expectations(void **state)
{
    expectations = read_json(PROJECT_FOLDER "/tests/faults/expectations.json");
    vectors = read_json(PROJECT_FOLDER "/tests/vectors/replies.json");
    assert_true(cJSON_GetArraySize(expectations_of("cases")) > 50);
    assert_true(cJSON_GetArraySize(vectors_of_replies()) > 50);
    return start_server(state);
}

int stop_with_expectations(void **state)
{
    cJSON_Delete(expectations);
    cJSON_Delete(vectors);
    return stop_server(state);
}

const cJSON *vectors_of_replies(void)
{
    return cJSON_GetObjectItem(vectors, "cases");
}

const cJSON *expectations_of(const char *part)
{
    const cJSON *rows = cJSON_GetObjectItem(expectations, part);
    assert_true(cJSON_GetArraySize(rows) > 0);
    return rows;
}

/* A refused call has no fault to meet: a small picture will do. */
fault_row read_expectation(const cJSON *item)
{
    const char *fault = cJSON_GetStringValue(cJSON_GetObjectItem(item, "fault"));
    const cJSON *length = cJSON_GetObjectItem(item, "length");
    const cJSON *status = cJSON_GetObjectItem(item, "http_status");
    return (fault_row){
        .fault = fault != NULL ? fault : "ok",
        .length = cJSON_IsNumber(length) ? (size_t)cJSON_GetNumberValue(length) : 2000,
        .kinds = cJSON_GetObjectItem(item, "kinds"),
        .http_status = cJSON_IsNumber(status) ? (int)cJSON_GetNumberValue(status) : 0,
        .by_tls = cJSON_IsTrue(cJSON_GetObjectItem(item, "by_tls")),
        .listener = cJSON_GetStringValue(cJSON_GetObjectItem(item, "listener")),
    };
}

int is_right_kind(const fault_row *row, wxid_kind kind)
{
    const cJSON *name;
    cJSON_ArrayForEach(name, row->kinds)
    {
        if (strcmp(cJSON_GetStringValue(name), wxid_kind_info_at(kind)->name) == 0) {
            return 1;
        }
    }
    return 0;
}

void note_meeting(const fault_row *row, const char *word)
{
    const char *path = getenv("WXIDCARD_FAULT_NOTES");
    FILE *notes = path != NULL ? fopen(path, "a") : NULL;
    if (notes != NULL) {
        (void)fprintf(notes, "%s %s %s %zu\n", DRIVER, word, row->fault, row->length);
        (void)fclose(notes);
    }
}
