/* The core's tables as Lua tables. */
#ifndef WXL_TABLES_H
#define WXL_TABLES_H

#include "compat.h"
#include <wxidcard.h>

int wxl_kinds(lua_State *L);    /* core.kinds(): list of {name, retryable, meaning} */
int wxl_errcodes(lua_State *L); /* core.errcodes(): list of {errcode, kind, retry_class, text} */
int wxl_settings(lua_State *L); /* core.settings(): list of {name, type, meaning} */
/* core.findings(): list of {field, code, level, message, message_zh} */
int wxl_findings(lua_State *L);

/* Pushes the settings of a session, which has filled in its defaults, as a table: durations in
 * milliseconds, and of functions and stores whether there is one. */
void wxl_push_settings(lua_State *L, const wxid_settings *settings);

#endif
