/* How the core's errors reach Lua. A function that works on what a caller gave it returns nil and
 * - a string: the caller's mistake, to be raised with the position of the caller's line;
 * - a table of kind, errcode, errmsg, hint, rid, http_status, retryable and message: anything else.
 * It raises only when memory is out, and when a driver's author made a mistake. */
#ifndef WXL_FAILURE_H
#define WXL_FAILURE_H

#include "compat.h"
#include <wxidcard.h>

/* Where C memory waits while Lua values are made of it. */
typedef struct wxl_slot {
    wxid_error *error;
    wxid_value *value;
} wxl_slot;

/* Pushes an empty slot, which is made before the C call that fills it. */
wxl_slot *wxl_new_slot(lua_State *L);
/* Frees what is in it. */
void wxl_clear_slot(wxl_slot *slot);

/* Pushes nil and a string, and returns 2. The format is lua_pushfstring's. */
int wxl_refuse(lua_State *L, const char *format, ...);
/* Pushes nil and what the slot's error is in Lua, clears the slot and returns 2. of_path: the call
 * was given a path, and an error of the operating system with a code is the picture's. */
int wxl_fail(lua_State *L, wxl_slot *slot, int of_path);
/* Pushes the table of the slot's value, clears the slot and returns 1. */
int wxl_succeed(lua_State *L, wxl_slot *slot);

#endif
