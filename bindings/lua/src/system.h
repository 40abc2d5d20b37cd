/* What a driver written in Lua needs of the operating system, where Lua has nothing as good. */
#ifndef WXL_SYSTEM_H
#define WXL_SYSTEM_H

#include "compat.h"

/* core.now_ms(): CLOCK_MONOTONIC in milliseconds, the clock of the libcurl driver, too. */
int wxl_now_ms(lua_State *L);
/* core.unix_ms(): milliseconds since 1970. */
int wxl_unix_ms(lua_State *L);
/* core.sleep_ms(milliseconds): blocks; a signal may end it early. */
int wxl_sleep_ms(lua_State *L);
/* core.random_seed(): 64 random bits, a string of 8 bytes. */
int wxl_random_seed(lua_State *L);

#endif
