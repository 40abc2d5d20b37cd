/* Cards of any fields, checked and masked. Input: a choice of today, then fields: a choice of side,
 * name and type, and what follows up to the next NUL.
 *
 * A report is the same whichever side comes first, and of findings of the table; a mask has the
 * same fields in the same order, and of each no more than docs/checks.md says. */
#include "input.h"
#include "properties.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FIELDS = 24 };

static const char *const days[] = {"2026-01-15", "1900-02-28", "9999-12-31", NULL, "2026-1-15"};

static wxid_value *new_card(void)
{
    wxid_value *card = NULL;
    HOLDS(wxid_card_new(&card, NULL) == 0);
    return card;
}

static void add_field(wxid_value *card, uint32_t name, uint32_t type, const char *text)
{
    static const char *const others[] = {"card_property", "", "姓名", "errcode"};
    static const wxid_type types[] = {WXID_TYPE_STRING, WXID_TYPE_STRING,  WXID_TYPE_STRING,
                                      WXID_TYPE_STRING, WXID_TYPE_STRING,  WXID_TYPE_NULL,
                                      WXID_TYPE_ARRAY,  WXID_TYPE_INTEGER, WXID_TYPE_OBJECT};
    const char *known = wxid_card_field_at(name % 12);
    const char *field = known != NULL ? known : others[name % 4];
    wxid_type its_type = types[type % (sizeof types / sizeof types[0])];
    HOLDS(wxid_card_add(card, field, strlen(field), its_type, text, strlen(text), NULL) == 0);
}

static void read_cards(wxid_value *cards[2], input *from)
{
    for (int count = 0; count < MOST_FIELDS && from->length > 0; count++) {
        uint32_t side = take_below(from, 2);
        uint32_t name = take_byte(from);
        uint32_t type = take_byte(from);
        char *text = take_text(from);
        if (cards[side] == NULL) {
            cards[side] = new_card();
        }
        add_field(cards[side], name, type, text);
        free(text);
    }
}

/* ---- Checks ---- */

static const wxid_value *check(wxid_value **report, const wxid_value *front, const wxid_value *back,
                               const char *today)
{
    wxid_error *error = NULL;
    if (wxid_check(report, front, back, today, 1768435200, &error) != 0) {
        HOLDS(*report == NULL && wxid_error_kind(error) == WXID_KIND_USAGE);
        check_error(error, MARK);
        wxid_error_free(error);
    } else {
        HOLDS(error == NULL);
    }
    return *report;
}

static void check_days(const wxid_value *report)
{
    const char *from = text_of(report, "valid_from");
    const char *until = text_of(report, "valid_until");
    const wxid_value *left = wxid_value_get(report, "days_left");
    const wxid_value *age = wxid_value_get(report, "age");
    int is_known = wxid_value_type(left) == WXID_TYPE_INTEGER;
    HOLDS((from == NULL) == (until == NULL));
    HOLDS(is_known == (until != NULL && strcmp(until, "长期") != 0));
    if (wxid_value_type(age) == WXID_TYPE_INTEGER) {
        HOLDS(wxid_value_integer(age) >= 0 && wxid_value_integer(age) < 10000);
    }
}

static void check_both_ways(wxid_value *cards[2], const char *today)
{
    wxid_value *reports[2] = {NULL, NULL};
    const wxid_value *one = check(&reports[0], cards[0], cards[1], today);
    const wxid_value *other = check(&reports[1], cards[1], cards[0], today);
    HOLDS((one == NULL) == (other == NULL));
    if (one != NULL && other != NULL) {
        int has_error = check_findings(wxid_value_get(one, "findings"), NULL);
        HOLDS(wxid_value_boolean(wxid_value_get(one, "ok")) == !has_error);
        HOLDS(values_equal(one, other));
        check_value(one);
        check_days(one);
    }
    wxid_value_free(reports[0]);
    wxid_value_free(reports[1]);
}

/* ---- Masks ---- */

static size_t character_length(const char *text)
{
    size_t length = text[0] != '\0';
    while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) {
        length++;
    }
    return length;
}

/* The first character and a star for each other, of at least two. */
static int is_masked_name(const char *masked, const char *name)
{
    size_t first = character_length(name);
    if (first < 3 || strncmp(masked, name, first) != 0) {
        return 0;
    }
    masked += first;
    name += first;
    for (; *name != '\0'; name += character_length(name)) {
        if (*masked++ != '*') {
            return 0;
        }
    }
    return masked[0] == '\0' && masked[-1] == '*';
}

/* The region and the last digits, of 18 or 15. */
static int is_masked_number(const char *masked, const char *number)
{
    size_t length = strlen(number);
    size_t end = length == 18 ? 4 : 3;
    return (length == 18 || length == 15) && strlen(masked) == length &&
           strncmp(masked, number, 6) == 0 && strspn(masked + 6, "*") == length - 6 - end &&
           strcmp(masked + length - end, number + length - end) == 0;
}

static int ends_with(const char *text, size_t length, const char *word)
{
    size_t size = strlen(word);
    return length >= size && memcmp(text + length - size, word, size) == 0;
}

/* A beginning that ends like a region, of Chinese characters alone, and no longer than a
 * province's, a city's and a district's name are together. */
static int is_masked_address(const char *masked, const char *address)
{
    static const char *const endings[] = {"省", "市", "区", "县", "旗", "盟", "州"};
    size_t length = strlen(masked);
    int is_region = 0;
    length -= ends_with(masked, length, "***") ? 3 : 0;
    if (length == 0 || strncmp(masked, address, length) != 0 ||
        (masked[length] == '\0') != (address[length] == '\0') ||
        length > (size_t)(8 + 12 + 15) * 4) {
        return 0;
    }
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        is_region |= ends_with(masked, length, endings[i]);
    }
    for (size_t at = 0; at < length; at += character_length(masked + at)) {
        is_region &= character_length(masked + at) >= 3;
    }
    return is_region;
}

/* Nothing but the digits, dots, dashes and words of a period. */
static int is_kept_period(const char *masked, const char *text)
{
    size_t digits = 0;
    for (const char *at = text; *at != '\0'; at++) {
        digits += *at >= '0' && *at <= '9';
    }
    return strcmp(masked, text) == 0 && (digits == 8 || digits == 16);
}

static int is_masked(const char *name, const char *masked, const char *text)
{
    if (text == NULL || strcmp(masked, "***") == 0) {
        return masked != NULL && strcmp(masked, "***") == 0;
    }
    if (strcmp(name, "type") == 0) {
        return strcmp(masked, text) == 0 &&
               (strcmp(text, "Front") == 0 || strcmp(text, "Back") == 0);
    }
    return strcmp(name, "name") == 0         ? is_masked_name(masked, text)
           : strcmp(name, "id") == 0         ? is_masked_number(masked, text)
           : strcmp(name, "addr") == 0       ? is_masked_address(masked, text)
           : strcmp(name, "valid_date") == 0 ? is_kept_period(masked, text)
                                             : 0;
}

static void check_mask(const wxid_value *card)
{
    wxid_value *masked = NULL;
    HOLDS(wxid_mask(&masked, card, NULL) == 0);
    HOLDS(wxid_value_count(masked) == wxid_value_count(card));
    check_value(masked);
    for (size_t i = 0; i < wxid_value_count(card); i++) {
        const wxid_value *value = wxid_value_at(card, i);
        const wxid_value *shown = wxid_value_at(masked, i);
        const char *name = wxid_value_name_at(card, i);
        HOLDS(strcmp(wxid_value_name_at(masked, i), name) == 0);
        if (wxid_value_type(value) == WXID_TYPE_NULL) {
            HOLDS(wxid_value_type(shown) == WXID_TYPE_NULL);
        } else {
            HOLDS(is_masked(name, wxid_value_string(shown, NULL), wxid_value_string(value, NULL)));
        }
    }
    wxid_value_free(masked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    input from = {data, length};
    wxid_value *cards[2] = {NULL, NULL};
    const char *today = days[take_below(&from, sizeof days / sizeof days[0])];
    read_cards(cards, &from);
    check_both_ways(cards, today);
    for (int i = 0; i < 2; i++) {
        if (cards[i] != NULL) {
            check_mask(cards[i]);
        }
        wxid_value_free(cards[i]);
    }
    return 0;
}
