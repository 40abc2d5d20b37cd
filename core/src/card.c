#include "card.h"

#include "characters.h"
#include "errors.h"
#include "memory.h"
#include "text.h"
#include "value.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
    [WXID__FIELD_TYPE] = "type",     [WXID__FIELD_NAME] = "name",
    [WXID__FIELD_GENDER] = "gender", [WXID__FIELD_NATIONALITY] = "nationality",
    [WXID__FIELD_BIRTH] = "birth",   [WXID__FIELD_ADDR] = "addr",
    [WXID__FIELD_ID] = "id",         [WXID__FIELD_VALID_DATE] = "valid_date",
};

const char *wxid_card_field_at(size_t index)
{
    return index < WXID__FIELD_COUNT ? names[index] : NULL;
}

wxid__field wxid__field_find(const char *name)
{
    wxid__field field = 0;
    while (field < WXID__FIELD_COUNT && strcmp(names[field], name) != 0) {
        field++;
    }
    return field;
}

static int refuse(wxid_error **error, const char *message)
{
    return wxid__fail(error, wxid_error_new(WXID_KIND_USAGE, message));
}

int wxid_card_new(wxid_value **card, wxid_error **error)
{
    wxid_value *made = wxid__value_new(WXID_TYPE_OBJECT);
    if (made == NULL) {
        return wxid__fail(error, wxid__error_memory());
    }
    *card = made;
    return 0;
}

/* The bytes with a NUL behind them, to be freed with wxid__text_free(); NULL without memory. */
static char *copy_bytes(const char *bytes, size_t length)
{
    size_t size;
    char *copy = wxid__size_add(&size, length, 1) == 0 ? malloc(size) : NULL;
    if (copy != NULL) {
        if (length > 0) {
            memcpy(copy, bytes, length);
        }
        copy[length] = '\0';
    }
    return copy;
}

/* NULL without memory. */
static wxid_value *string_of(const char *text, size_t length)
{
    char *copy = copy_bytes(text, length);
    wxid_value *value = copy != NULL ? wxid__value_new_string(copy) : NULL;
    wxid__text_free(copy);
    return value;
}

int wxid_card_add(wxid_value *card, const char *name, size_t name_length, wxid_type type,
                  const char *text, size_t text_length, wxid_error **error)
{
    if (wxid_value_type(card) != WXID_TYPE_OBJECT) {
        return refuse(error, "fields are added to what wxid_card_new() made");
    }
    if (!wxid__utf8_valid(name, name_length)) {
        return refuse(error, "the name of a card's field is not UTF-8 text");
    }
    wxid_value *member;
    if (type != WXID_TYPE_STRING) {
        member = wxid__value_new(type);
    } else if (wxid__utf8_valid(text, text_length)) {
        member = string_of(text, text_length);
    } else {
        member = wxid__value_new(WXID_TYPE_ARRAY);
    }
    if (wxid__value_add(card, copy_bytes(name, name_length), member) != 0) {
        return wxid__fail(error, wxid__error_memory());
    }
    return 0;
}

/* Stores the texts of the fields that there are. */
static int read_texts(wxid__side *side, const wxid_value *card, wxid_error **error)
{
    for (wxid__field field = 0; field < WXID__FIELD_COUNT; field++) {
        const wxid_value *value = wxid_value_get(card, names[field]);
        side->text[field] = NULL;
        if (value == NULL || wxid_value_type(value) == WXID_TYPE_NULL) {
            continue;
        }
        if (wxid_value_type(value) != WXID_TYPE_STRING) {
            return wxid__fail(
                error, wxid__error_format(WXID_KIND_USAGE,
                                          "%s of a card must be text, in UTF-8 and without NUL",
                                          names[field]));
        }
        const char *text = wxid_value_string(value, NULL);
        side->text[field] = wxid__is_blank(text) ? NULL : text;
    }
    return 0;
}

static int has_front_field(const wxid__side *side)
{
    for (wxid__field field = WXID__FIELD_NAME; field <= WXID__FIELD_ID; field++) {
        if (side->text[field] != NULL) {
            return 1;
        }
    }
    return 0;
}

/* By its type; without one by its fields. */
static int read_type(wxid__side *side, wxid_error **error)
{
    const char *type = side->text[WXID__FIELD_TYPE];
    if (type == NULL) {
        side->is_front = has_front_field(side);
        if (!side->is_front && side->text[WXID__FIELD_VALID_DATE] == NULL) {
            return refuse(error, "this is no card: it has neither a type nor a field of one; give "
                                 "what a recognition returned");
        }
        return 0;
    }
    side->is_front = strcmp(type, "Front") == 0;
    if (!side->is_front && strcmp(type, "Back") != 0) {
        return refuse(error, "type of a card must be \"Front\" or \"Back\"");
    }
    return 0;
}

int wxid__side_read(wxid__side *side, const wxid_value *card, wxid_error **error)
{
    if (wxid_value_type(card) != WXID_TYPE_OBJECT) {
        return refuse(error, "a card is an object of named fields: give what a recognition "
                             "returned");
    }
    return read_texts(side, card, error) != 0 ? -1 : read_type(side, error);
}
