/* The report on a card: what its fields say, and whether they agree. */
#include "wxidcard_card.h"

#include "card.h"
#include "characters.h"
#include "check_id.h"
#include "errors.h"
#include "nationalities.h"
#include "report.h"
#include "validity.h"

#include <string.h>

enum { OLDEST_AGE = 120 };

static const char *const male = "男";
static const char *const female = "女";

/* What is being checked, and what has been found out about it. */
typedef struct check {
    const wxid__side *front; /* NULL if there is none */
    const wxid__side *back;
    wxid__date today;
    wxid__number number;
    int has_number; /* whether there is one, right or wrong */
    int number_is_valid;
    int has_birth; /* by the valid number, else by `birth` */
    wxid__date birth;
    int has_printed_birth; /* `birth` is a date */
    wxid__date printed_birth;
    int has_validity;
    wxid__validity validity;
    wxid__findings findings;
} check;

static const char *front_text(const check *c, wxid__field field)
{
    return c->front != NULL ? c->front->text[field] : NULL;
}

/* The number and the date of birth first: other fields are compared with them. */
static void read_number_and_birth(check *c)
{
    const char *id = front_text(c, WXID__FIELD_ID);
    const char *birth = front_text(c, WXID__FIELD_BIRTH);
    if (id != NULL) {
        wxid__number_read(&c->number, id, strlen(id), c->today);
        c->has_number = 1;
        c->number_is_valid = wxid__number_is_valid(&c->number);
    }
    c->has_printed_birth = birth != NULL && wxid__date_read(&c->printed_birth, birth);
    if (c->number_is_valid) {
        c->has_birth = 1;
        c->birth = c->number.birth;
    } else if (c->has_printed_birth && wxid__date_compare(c->printed_birth, c->today) <= 0) {
        c->has_birth = 1;
        c->birth = c->printed_birth;
    }
}

static void check_name(check *c)
{
    const char *name = front_text(c, WXID__FIELD_NAME);
    if (name == NULL) {
        wxid__find(&c->findings, WXID__FINDING_NAME_MISSING);
    } else if (!wxid__is_name(name)) {
        wxid__find(&c->findings, WXID__FINDING_NAME_CHARACTERS);
    } else if (wxid__count_characters(name) == 1) {
        wxid__find(&c->findings, WXID__FINDING_NAME_SHORT);
    }
}

static void check_gender(check *c)
{
    const char *gender = front_text(c, WXID__FIELD_GENDER);
    if (gender == NULL) {
        wxid__find(&c->findings, WXID__FINDING_GENDER_MISSING);
    } else if (strcmp(gender, male) != 0 && strcmp(gender, female) != 0) {
        wxid__find(&c->findings, WXID__FINDING_GENDER_UNKNOWN);
    } else if (c->number_is_valid && strcmp(gender, c->number.sex) != 0) {
        wxid__find(&c->findings, WXID__FINDING_GENDER_MISMATCH);
    }
}

static void check_nationality(check *c)
{
    const char *nationality = front_text(c, WXID__FIELD_NATIONALITY);
    if (nationality != NULL) {
        if (!wxid__is_nationality(nationality)) {
            wxid__find(&c->findings, WXID__FINDING_NATIONALITY_UNKNOWN);
        }
    } else if (!c->number_is_valid || c->number.permit == NULL) {
        /* Residence permits print none. */
        wxid__find(&c->findings, WXID__FINDING_NATIONALITY_MISSING);
    }
}

static void check_birth(check *c)
{
    if (front_text(c, WXID__FIELD_BIRTH) != NULL && !c->has_printed_birth) {
        wxid__find(&c->findings, WXID__FINDING_BIRTH_FORM);
    }
    if (c->has_printed_birth && c->number_is_valid &&
        wxid__date_compare(c->printed_birth, c->number.birth) != 0) {
        wxid__find(&c->findings, WXID__FINDING_BIRTH_MISMATCH);
    }
    if (c->has_birth && wxid__date_years(c->birth, c->today) > OLDEST_AGE) {
        wxid__find(&c->findings, WXID__FINDING_BIRTH_AGE);
    }
}

static void check_addr(check *c)
{
    const char *addr = front_text(c, WXID__FIELD_ADDR);
    if (addr == NULL) {
        wxid__find(&c->findings, WXID__FINDING_ADDR_MISSING);
    } else if (!wxid__is_address(addr)) {
        wxid__find(&c->findings, WXID__FINDING_ADDR_CHARACTERS);
    }
}

static void check_front(check *c)
{
    check_name(c);
    check_gender(c);
    check_nationality(c);
    check_birth(c);
    check_addr(c);
    if (c->has_number) {
        c->findings |= c->number.findings;
    } else {
        wxid__find(&c->findings, WXID__FINDING_ID_MISSING);
    }
}

/* It is printed on the back; the service was seen to hand it out with a front. */
static void check_valid_date(check *c)
{
    const char *text = c->back != NULL ? c->back->text[WXID__FIELD_VALID_DATE] : NULL;
    if (text == NULL) {
        text = front_text(c, WXID__FIELD_VALID_DATE);
    }
    if (text == NULL) {
        if (c->back != NULL) {
            wxid__find(&c->findings, WXID__FINDING_VALID_DATE_MISSING);
        }
        return;
    }
    c->has_validity = wxid__validity_read(&c->validity, text);
    if (!c->has_validity) {
        wxid__find(&c->findings, WXID__FINDING_VALID_DATE_FORM);
        return;
    }
    wxid__holder holder = {c->has_birth ? &c->birth : NULL,
                           c->number_is_valid && c->number.permit != NULL};
    c->findings |= wxid__validity_check(&c->validity, c->today, holder);
}

static wxid_value *number_value(const check *c)
{
    const char *id = front_text(c, WXID__FIELD_ID);
    if (id == NULL) {
        return wxid__value_new(WXID_TYPE_NULL);
    }
    const char *gender = front_text(c, WXID__FIELD_GENDER);
    wxid__beside beside = {c->has_printed_birth ? &c->printed_birth : NULL, gender};
    return wxid__check_id(&c->number, id, strlen(id), c->today, beside);
}

static void report_validity(wxid__report *report, const check *c)
{
    const wxid__validity *validity = &c->validity;
    int ends = c->has_validity && validity->has_end;
    wxid__report_date(report, "valid_from", c->has_validity ? &validity->start : NULL);
    if (c->has_validity && !ends) {
        wxid__report_text(report, "valid_until", WXID__LONG_TERM);
    } else {
        wxid__report_date(report, "valid_until", ends ? &validity->end : NULL);
    }
    int64_t days_left = 0;
    if (ends) {
        days_left = wxid__date_number(validity->end) - wxid__date_number(c->today);
    }
    wxid__report_number(report, "days_left", ends ? &days_left : NULL);
}

/* NULL without memory. */
static wxid_value *report_of(const check *c)
{
    int64_t age = c->has_birth ? wxid__date_years(c->birth, c->today) : 0;
    wxid__report report;
    wxid__report_begin(&report);
    wxid__report_flag(&report, "ok", !wxid__findings_have_error(c->findings));
    wxid__report_add(&report, "findings", wxid__findings_value(c->findings));
    wxid__report_add(&report, "id", number_value(c));
    wxid__report_number(&report, "age", c->has_birth ? &age : NULL);
    report_validity(&report, c);
    return wxid__report_end(&report);
}

/* Reads those sides that there are, whichever comes first. */
static int read_sides(check *c, wxid__side sides[2], const wxid_value *const cards[2],
                      wxid_error **error)
{
    for (int i = 0; i < 2; i++) {
        if (cards[i] == NULL) {
            continue;
        }
        if (wxid__side_read(&sides[i], cards[i], error) != 0) {
            return -1;
        }
        const wxid__side **place = sides[i].is_front ? &c->front : &c->back;
        if (*place != NULL) {
            return wxid__fail(
                error, wxid__error_format(WXID_KIND_USAGE,
                                          "both are the %s of a card: give a front and a back, or "
                                          "one of them",
                                          sides[i].is_front ? "front" : "back"));
        }
        *place = &sides[i];
    }
    if (c->front == NULL && c->back == NULL) {
        return wxid__fail(error, wxid_error_new(WXID_KIND_USAGE,
                                                "no card was given: give what a recognition "
                                                "returned"));
    }
    return 0;
}

int wxid_check(wxid_value **report, const wxid_value *front, const wxid_value *back,
               const char *today, int64_t unix_s, wxid_error **error)
{
    const wxid_value *const cards[2] = {front, back};
    wxid__side sides[2];
    check c = {0};
    if (read_sides(&c, sides, cards, error) != 0 ||
        wxid__date_today(&c.today, today, unix_s, error) != 0) {
        return -1;
    }
    read_number_and_birth(&c);
    if (c.front != NULL) {
        check_front(&c);
    }
    check_valid_date(&c);
    wxid_value *made = report_of(&c);
    if (made == NULL) {
        return wxid__fail(error, wxid__error_memory());
    }
    *report = made;
    return 0;
}
