/* What a card holds, field by field. */
#ifndef WXID_CARD_H
#define WXID_CARD_H

#include "wxidcard_card.h"

typedef enum wxid__field {
    WXID__FIELD_TYPE,
    WXID__FIELD_NAME,
    WXID__FIELD_GENDER,
    WXID__FIELD_NATIONALITY,
    WXID__FIELD_BIRTH,
    WXID__FIELD_ADDR,
    WXID__FIELD_ID,
    WXID__FIELD_VALID_DATE,
    WXID__FIELD_COUNT
} wxid__field;

/* One side: the text of each field, lent by the card; NULL where it is missing, null or blank. */
typedef struct wxid__side {
    int is_front;
    const char *text[WXID__FIELD_COUNT];
} wxid__side;

/* Errors: USAGE for what is no card. */
int wxid__side_read(wxid__side *side, const wxid_value *card, wxid_error **error);
/* The field of that name; WXID__FIELD_COUNT if cards have none. */
wxid__field wxid__field_find(const char *name);

#endif
