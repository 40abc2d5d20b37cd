/* The copy of a card for a log. */
#include "wxidcard_card.h"

#include "address.h"
#include "buffer.h"
#include "card.h"
#include "characters.h"
#include "errors.h"
#include "idnumber.h"
#include "memory.h"
#include "validity.h"
#include "value.h"

#include <string.h>

#define WHOLE "***"

static void mask_name(wxid__buffer *masked, const char *name)
{
    size_t count = wxid__count_characters(name);
    if (count < 2 || !wxid__is_name(name)) {
        wxid__buffer_text(masked, WHOLE);
        return;
    }
    const char *rest = name;
    (void)wxid__next_character(&rest);
    wxid__buffer_append(masked, name, (size_t)(rest - name));
    for (size_t i = 1; i < count; i++) {
        wxid__buffer_text(masked, "*");
    }
}

/* Of a number the region, which the address has too, and the end, by which it is found again. */
static void mask_number(wxid__buffer *masked, const char *number)
{
    size_t length = strlen(number);
    int is_old = wxid__is_old_number(number, length);
    int is_new = length == WXID__NUMBER_LENGTH &&
                 (wxid__is_number(number, length) ||
                  (number[length - 1] == 'x' && strspn(number, "0123456789") == length - 1));
    if (!is_old && !is_new) {
        wxid__buffer_text(masked, WHOLE);
        return;
    }
    wxid__buffer_append(masked, number, 6);
    wxid__buffer_text(masked, is_old ? "******" : "********");
    wxid__buffer_text(masked, number + (is_old ? 12 : 14));
}

static void mask_address(wxid__buffer *masked, const char *address)
{
    size_t kept = wxid__address_district(address);
    wxid__buffer_append(masked, address, kept);
    wxid__buffer_text(masked, address[kept] != '\0' || kept == 0 ? WHOLE : "");
}

static int may_be_kept(wxid__field field, const char *text)
{
    wxid__validity validity;
    if (field == WXID__FIELD_TYPE) {
        return strcmp(text, "Front") == 0 || strcmp(text, "Back") == 0;
    }
    return field == WXID__FIELD_VALID_DATE && wxid__validity_read(&validity, text);
}

static void mask_text(wxid__buffer *masked, wxid__field field, const char *text)
{
    if (may_be_kept(field, text)) {
        wxid__buffer_text(masked, text);
    } else if (field == WXID__FIELD_NAME) {
        mask_name(masked, text);
    } else if (field == WXID__FIELD_ID) {
        mask_number(masked, text);
    } else if (field == WXID__FIELD_ADDR) {
        mask_address(masked, text);
    } else {
        wxid__buffer_text(masked, WHOLE);
    }
}

/* NULL without memory. */
static wxid_value *mask_value(const char *name, const wxid_value *value)
{
    wxid__buffer masked = WXID__BUFFER_INIT;
    const char *text = wxid_value_string(value, NULL);
    if (wxid_value_type(value) == WXID_TYPE_NULL) {
        return wxid__value_new(WXID_TYPE_NULL);
    }
    if (text == NULL) {
        return wxid__value_new_string(WHOLE);
    }
    mask_text(&masked, wxid__field_find(name), text);
    char *taken = wxid__buffer_take(&masked);
    wxid_value *made = taken != NULL ? wxid__value_new_string(taken) : NULL;
    wxid__text_free(taken);
    return made;
}

int wxid_mask(wxid_value **masked, const wxid_value *card, wxid_error **error)
{
    if (wxid_value_type(card) != WXID_TYPE_OBJECT) {
        return wxid__fail(error, wxid_error_new(WXID_KIND_USAGE,
                                                "a card is an object of named fields: give what a "
                                                "recognition returned"));
    }
    wxid_value *made = wxid__value_new(WXID_TYPE_OBJECT);
    for (size_t i = 0; made != NULL && i < wxid_value_count(card); i++) {
        const char *name = wxid_value_name_at(card, i);
        wxid_value *value = mask_value(name, wxid_value_at(card, i));
        if (wxid__value_add(made, wxid__text_copy(name), value) != 0) {
            wxid_value_free(made);
            made = NULL;
        }
    }
    if (made == NULL) {
        return wxid__fail(error, wxid__error_memory());
    }
    *masked = made;
    return 0;
}
