/* Making values. Only reply.c does. */
#ifndef WXID_VALUE_H
#define WXID_VALUE_H

#include "wxidcard.h"

/* Each returns a root value, or NULL without memory. */
wxid_value *wxid__value_new(wxid_type type);
wxid_value *wxid__value_new_boolean(int boolean);
/* An INTEGER where the number is integral and exact, else a NUMBER. */
wxid_value *wxid__value_new_number(double number);
wxid_value *wxid__value_new_string(const char *text);
/* Adds a member to an ARRAY (name NULL) or OBJECT, which owns name (freed with wxid__text_free())
 * and member from now on, also on failure. Returns -1 without memory, or when one of the two is
 * NULL. */
int wxid__value_add(wxid_value *value, char *name, wxid_value *member);
/* Takes every member of that name out of an OBJECT and frees it. */
void wxid__value_remove(wxid_value *object, const char *name);

#endif
