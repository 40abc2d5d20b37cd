/* All conversion between Lua's values and C's. Exact types: a string is never made of a number, nor
 * a number of a string. */
#ifndef WXL_VALUES_H
#define WXL_VALUES_H

#include "compat.h"
#include <wxidcard.h>

/* Pushes a value: objects and arrays as tables, integral numbers as integers where Lua has them.
 * Null members are left out. Raises without memory or stack: the value must lie in a slot. */
void wxl_push_value(lua_State *L, const wxid_value *value);

/* The readers store what is at an index and return 0. nil stores nothing. Where the type is wrong
 * they push nil and a message that begins with the name, and return 2. Text is lent by Lua. */
int wxl_read_bytes(lua_State *L, int index, const char *name, const char **text, size_t *length);
/* Without a NUL in it. */
int wxl_read_text(lua_State *L, int index, const char *name, const char **text);
/* What a token_provider returned, where nil is no token. */
int wxl_read_provided(lua_State *L, int index, const char **token);
/* A whole number. */
int wxl_read_count(lua_State *L, int index, const char *name, int64_t *count);
/* A number of milliseconds, rounded up: what is not zero stays so. */
int wxl_read_duration(lua_State *L, int index, const char *name, int64_t *duration_ms);
/* Stores 1 for true, 0 for false. */
int wxl_read_flag(lua_State *L, int index, const char *name, int64_t *flag);
/* Stores 1 for a function. */
int wxl_read_function(lua_State *L, int index, const char *name, int64_t *given);
/* A point in time, milliseconds, rounded down; nil is refused. */
int wxl_read_now(lua_State *L, int index, const char *name, int64_t *now_ms);
/* The same, of the wall clock. */
int wxl_read_unix(lua_State *L, int index, const char *name, int64_t *unix_ms);
/* 64 random bits: a string of 1 to 8 bytes, or a whole number from 0 on; nil is refused. */
int wxl_read_seed(lua_State *L, int index, const char *name, uint64_t *seed);

#endif
