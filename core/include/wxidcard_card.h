/* What comes after a recognition: the number and the card checked, the card masked for a log.
 * <wxidcard.h>, which includes this, says what holds for all of it.
 *
 * Reports and cards are values (wxidcard_base.h), which the caller frees with wxid_value_free().
 * Nothing here keeps, changes or repairs what it is given: it reports.
 *
 * Days. `today` is "YYYY-MM-DD", or NULL for the day that it is in China at `unix_s`, seconds since
 * 1970; no clock is read. */
#ifndef WXIDCARD_CARD_H
#define WXIDCARD_CARD_H

#include "wxidcard_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Findings ---- */

/* What a check can find: one for each WXID_FINDING of wxidcard_findings.def. In a report it is an
 * OBJECT of field, code, level, message and message_zh. All strings are static. */
typedef struct wxid_finding_info {
    const char *code;       /* "id_checksum" */
    const char *field;      /* "id": the field of the card that it is about */
    const char *level;      /* "error", or "warning": strange, and possible */
    const char *message;    /* one sentence; nothing of the card is in it */
    const char *message_zh; /* the same in Chinese */
} wxid_finding_info;

/* The row by index, from 0; NULL past the end. */
WXID_API const wxid_finding_info *wxid_finding_info_at(size_t index);

/* ---- The number ---- */

/* Checks a citizen identity number by GB 11643-1999, or any other bytes. The report is an OBJECT:
 *
 * valid       BOOLEAN: no finding is an error
 * birth       STRING "YYYY-MM-DD" as its digits say, whether or not they are right; NULL if they
 *             say no date since 1800
 * sex         STRING, 男 or 女 as a card prints it; NULL if the number has not the form of one
 * province    STRING, "北京市"; NULL if there is none of these first two digits
 * permit      STRING, "hong_kong", "macao" or "taiwan", of a residence permit of residents from
 *             there; NULL of a citizen's card
 * candidates  ARRAY of STRING: valid numbers that differ from an invalid one in one character,
 * which OCR is known to mistake (X and 8, 1 and 7, 0 and O, 1 and I, 8 and B) findings    ARRAY of
 * findings, all of field "id"
 *
 * The number need not be terminated. Errors: USAGE for a `today` that is no date, MEMORY. */
WXID_API int wxid_check_id(wxid_value **report, const char *number, size_t length,
                           const char *today, int64_t unix_s, wxid_error **error);

/* The 18 characters, a STRING, that a number of 15 digits became: 19 before the year (18 where the
 * last three digits are 996 to 999, which people over a hundred had), the check character behind.
 * Errors: USAGE for anything but 15 digits with a date in them, MEMORY. */
WXID_API int wxid_convert_id(wxid_value **converted, const char *number, size_t length,
                             wxid_error **error);

/* ---- The card ---- */

/* A card of the caller's own, empty: an OBJECT to be filled with wxid_card_add(). The cards of
 * wxid_call_take_card() are checked and masked as they are. */
WXID_API int wxid_card_new(wxid_value **card, wxid_error **error);

/* Adds a field of any type, copied. Only texts matter here: of another type what is in it is left
 * out, and a text that is not UTF-8, or holds a NUL, becomes an ARRAY without members.
 * (wxid_check() refuses that in the fields that cards have, and ignores it elsewhere; wxid_mask()
 * masks it.) Errors: USAGE for a name that is no UTF-8 text; MEMORY. */
WXID_API int wxid_card_add(wxid_value *card, const char *name, size_t name_length, wxid_type type,
                           const char *text, size_t text_length, wxid_error **error);

/* The names of the fields that cards have and that checks and masks know, by index from 0; NULL
 * past the end. */
WXID_API const char *wxid_card_field_at(size_t index);

/* Checks a card: one side or both, in either order; a NULL is a side that there is not. The report
 * is an OBJECT:
 *
 * ok           BOOLEAN: no finding is an error
 * findings     ARRAY of findings, in the order in which a card is read
 * id           OBJECT, the report of wxid_check_id() on the front's number, its candidates that
 *              agree with birth and gender before the others; NULL without a number
 * age          INTEGER, whole years on `today`, by the number if it is valid, else by birth; NULL
 *              if unknown
 * valid_from   STRING "YYYY-MM-DD"; NULL if unknown
 * valid_until  STRING "YYYY-MM-DD", or "长期"; NULL if unknown
 * days_left    INTEGER, days from `today` to the last day, less than 0 once expired; NULL of 长期,
 *              or if unknown
 *
 * A side is what its `type` says, "Front" or "Back", or without one what its fields are. Fields
 * that cards do not have are ignored. Errors: USAGE for two fronts or two backs, none of both, an
 * OBJECT without a field of a card, a value that is no OBJECT, a `today` that is no date; MEMORY.
 */
WXID_API int wxid_check(wxid_value **report, const wxid_value *front, const wxid_value *back,
                        const char *today, int64_t unix_s, wxid_error **error);

/* A copy for a log: of a name the first character (张*), of a number the first six and the last
 * four characters (110105********002X; of 15 digits the first six and the last three), of an
 * address what comes up to the district; type and a valid_date that is one are kept. What else
 * there is, and whatever has not the form of its field, becomes "***"; a NULL stays. The order of
 * fields stays. Errors: USAGE for a value that is no OBJECT, MEMORY. */
WXID_API int wxid_mask(wxid_value **masked, const wxid_value *card, wxid_error **error);

#ifdef __cplusplus
}
#endif

#endif
