/* The caller's token store, during a call of the blocking client. How a store is called stands in
 * wxidcard/store.lua, for all drivers; here is what C has to see to. */
#ifndef WXL_STORE_H
#define WXL_STORE_H

#include "compat.h"

/* wxl_serve_store(store, warn, perform, turn), under lua_pcall: carries the turn's request out and
 * fills its answer in; returns the value that the answer lends, or nil. A store that does not work
 * is warned of, and the answer says so: calls go on without it. Raised is only what ends a call:
 * Ctrl-C, a lack of memory, and an attempt to yield, which is a mistake to be corrected. */
int wxl_serve_store(lua_State *L);

#endif
