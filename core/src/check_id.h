/* The report on a number. */
#ifndef WXID_CHECK_ID_H
#define WXID_CHECK_ID_H

#include "idnumber.h"

/* What a card says beside the number: candidates that agree with it come first. */
typedef struct wxid__beside {
    const wxid__date *birth; /* NULL if unknown */
    const char *sex;         /* 男, 女, or NULL */
} wxid__beside;

/* NULL without memory. */
wxid_value *wxid__check_id(const wxid__number *number, const char *text, size_t length,
                           wxid__date today, wxid__beside beside);

#endif
