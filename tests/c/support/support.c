#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const unsigned char small_jpeg[16] = {0xff, 0xd8, 0xff, 0xe0, 0, 16, 'J', 'F', 'I', 'F', 0};

cJSON *read_vectors(const char *file_name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", VECTORS_FOLDER, file_name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long length = ftell(file);
    assert_true(length > 0);
    rewind(file);
    char *text = malloc((size_t)length + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)length, file), length);
    text[length] = '\0';
    fclose(file);
    cJSON *document = cJSON_Parse(text);
    free(text);
    assert_non_null(document);
    return document;
}

const cJSON *member(const cJSON *object, const char *name)
{
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(object, name);
    assert_non_null(found);
    return found;
}

const char *text_member(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

unsigned char *decode_base64(const char *text, size_t *length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char *data = malloc(strlen(text) + 1);
    uint32_t bits = 0;
    int held = 0;
    size_t count = 0;
    assert_non_null(data);
    for (; *text != '\0' && *text != '='; text++) {
        const char *digit = strchr(digits, *text);
        assert_non_null(digit);
        bits = bits << 6 | (uint32_t)(digit - digits);
        held += 6;
        if (held >= 8) {
            held -= 8;
            data[count++] = (unsigned char)(bits >> held);
        }
    }
    *length = count;
    return data;
}

void report_vector_count(const char *what, int count)
{
    const char *path = getenv("WXIDCARD_VECTOR_COUNTS");
    FILE *file = path != NULL ? fopen(path, "a") : NULL;
    if (file != NULL) {
        fprintf(file, "c %s %d\n", what, count);
        fclose(file);
    }
    assert_true(count > 0);
}

void assert_value_equals(const wxid_value *value, const cJSON *expected)
{
    assert_non_null(value);
    if (cJSON_IsString(expected)) {
        assert_int_equal(wxid_value_type(value), WXID_TYPE_STRING);
        assert_string_equal(wxid_value_string(value, NULL), expected->valuestring);
    } else if (cJSON_IsNumber(expected)) {
        assert_true(wxid_value_number(value) == expected->valuedouble);
    } else if (cJSON_IsBool(expected)) {
        assert_int_equal(wxid_value_boolean(value), cJSON_IsTrue(expected));
    } else if (cJSON_IsNull(expected)) {
        assert_int_equal(wxid_value_type(value), WXID_TYPE_NULL);
    } else {
        size_t index = 0;
        const cJSON *item;
        assert_int_equal(wxid_value_count(value), cJSON_GetArraySize(expected));
        cJSON_ArrayForEach(item, expected)
        {
            assert_value_equals(cJSON_IsObject(expected) ? wxid_value_get(value, item->string)
                                                         : wxid_value_at(value, index++),
                                item);
        }
    }
}

wxid_session *new_session(int64_t max_retries, int ask_for_token)
{
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_session *session = NULL;
    settings.max_retries = max_retries;
    if (ask_for_token) {
        settings.ask_for_token = 1;
    } else {
        settings.access_token = "token_of_the_tests";
    }
    assert_int_equal(wxid_session_new(&session, &settings, NULL), 0);
    return session;
}

wxid_call *new_call(wxid_session *session, int64_t now_ms, uint64_t seed)
{
    wxid_recognition recognition = WXID_RECOGNITION_INIT;
    wxid_call *call = NULL;
    recognition.image = small_jpeg;
    recognition.image_length = sizeof small_jpeg;
    assert_int_equal(wxid_call_new_recognition(&call, session, &recognition, now_ms, seed, NULL),
                     0);
    return call;
}

void answer(wxid_call *call, int64_t now_ms, int status, const char *body)
{
    wxid_reply reply = WXID_REPLY_INIT;
    reply.status = status;
    reply.body = body;
    reply.body_length = strlen(body);
    assert_int_equal(wxid_call_answer_reply(call, now_ms, &reply, NULL), 0);
}

void assert_ends_with(wxid_call *call, wxid_kind kind)
{
    wxid_value *card = NULL;
    wxid_error *error = NULL;
    assert_int_equal(wxid_call_step(call, 0), WXID_STEP_DONE);
    assert_int_equal(wxid_call_take_card(&card, call, &error), -1);
    assert_non_null(error);
    assert_string_equal(wxid_error_kind_name(error), wxid_kind_info_at(kind)->name);
    wxid_error_free(error);
}

int rounds(int count)
{
    return getenv("WXIDCARD_TEST_SLOWNESS") != NULL ? count / 10 : count;
}
