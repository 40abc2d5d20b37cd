#include "value.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

#define LARGEST_EXACT 9007199254740992.0 /* 2^53 */

struct wxid_value {
    wxid_type type;
    int64_t integer; /* BOOLEAN, INTEGER */
    double number;   /* INTEGER, NUMBER */
    char *string;
    wxid_value **members; /* ARRAY, OBJECT */
    char **names;         /* OBJECT */
    size_t count;
    size_t capacity;
};

wxid_value *wxid__value_new(wxid_type type)
{
    wxid_value *value = calloc(1, sizeof *value);
    if (value != NULL) {
        value->type = type;
    }
    return value;
}

wxid_value *wxid__value_new_boolean(int boolean)
{
    wxid_value *value = wxid__value_new(WXID_TYPE_BOOLEAN);
    if (value != NULL) {
        value->integer = boolean != 0;
    }
    return value;
}

wxid_value *wxid__value_new_number(double number)
{
    /* The comparison first: to convert a number out of range would be undefined. */
    int exact =
        number >= -LARGEST_EXACT && number <= LARGEST_EXACT && number == (double)(int64_t)number;
    wxid_value *value = wxid__value_new(exact ? WXID_TYPE_INTEGER : WXID_TYPE_NUMBER);
    if (value != NULL) {
        value->integer = exact ? (int64_t)number : 0;
        value->number = number;
    }
    return value;
}

wxid_value *wxid__value_new_string(const char *text)
{
    wxid_value *value = wxid__value_new(WXID_TYPE_STRING);
    if (value != NULL) {
        value->string = wxid__text_copy(text);
        if (value->string == NULL) {
            free(value);
            return NULL;
        }
    }
    return value;
}

static int make_room(wxid_value *value)
{
    if (value->count < value->capacity) {
        return 0;
    }
    /* A reply has at most 64 KiB, so doubling cannot overflow. */
    size_t capacity = value->capacity == 0 ? 8 : value->capacity * 2;
    wxid_value **members = realloc(value->members, capacity * sizeof *members);
    if (members == NULL) {
        return -1;
    }
    value->members = members;
    if (value->type == WXID_TYPE_OBJECT) {
        char **names = realloc(value->names, capacity * sizeof *names);
        if (names == NULL) {
            return -1;
        }
        value->names = names;
    }
    value->capacity = capacity;
    return 0;
}

int wxid__value_add(wxid_value *value, char *name, wxid_value *member)
{
    int is_object = value->type == WXID_TYPE_OBJECT;
    if (member == NULL || (is_object && name == NULL) || make_room(value) != 0) {
        wxid__text_free(name);
        wxid_value_free(member);
        return -1;
    }
    value->members[value->count] = member;
    if (is_object) {
        value->names[value->count] = name;
    }
    value->count++;
    return 0;
}

void wxid__value_remove(wxid_value *object, const char *name)
{
    size_t kept = 0;
    for (size_t i = 0; i < object->count; i++) {
        if (strcmp(object->names[i], name) == 0) {
            wxid__text_free(object->names[i]);
            wxid_value_free(object->members[i]);
        } else {
            object->names[kept] = object->names[i];
            object->members[kept] = object->members[i];
            kept++;
        }
    }
    object->count = kept;
}

void wxid_value_free(wxid_value *value)
{
    if (value == NULL) {
        return;
    }
    for (size_t i = 0; i < value->count; i++) {
        wxid_value_free(value->members[i]); /* at most WXID_MAX_DEPTH deep */
        if (value->names != NULL) {
            wxid__text_free(value->names[i]);
        }
    }
    free(value->members);
    free(value->names);
    wxid__text_free(value->string);
    wxid__wipe(value, sizeof *value);
    free(value);
}

wxid_type wxid_value_type(const wxid_value *value)
{
    return value->type;
}

int wxid_value_boolean(const wxid_value *value)
{
    return value->type == WXID_TYPE_BOOLEAN ? (int)value->integer : 0;
}

int64_t wxid_value_integer(const wxid_value *value)
{
    return value->type == WXID_TYPE_INTEGER ? value->integer : 0;
}

double wxid_value_number(const wxid_value *value)
{
    return value->number;
}

const char *wxid_value_string(const wxid_value *value, size_t *length)
{
    if (value->string != NULL && length != NULL) {
        *length = strlen(value->string);
    }
    return value->string;
}

size_t wxid_value_count(const wxid_value *value)
{
    return value->count;
}

const wxid_value *wxid_value_at(const wxid_value *value, size_t index)
{
    return index < value->count ? value->members[index] : NULL;
}

const char *wxid_value_name_at(const wxid_value *value, size_t index)
{
    return value->names != NULL && index < value->count ? value->names[index] : NULL;
}

/* From the end: of an unknown field that stands twice, the last counts, as in most JSON readers. */
const wxid_value *wxid_value_get(const wxid_value *value, const char *name)
{
    if (value->names != NULL) {
        for (size_t i = value->count; i > 0; i--) {
            if (strcmp(value->names[i - 1], name) == 0) {
                return value->members[i - 1];
            }
        }
    }
    return NULL;
}
