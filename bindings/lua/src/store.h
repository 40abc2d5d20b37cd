/* The caller's token store, which is called in the manner of ngx.shared.DICT:
 *
 *     store:get(key)                    the value, or nil
 *     store:set(key, value, seconds)    stores it, whatever was there
 *     store:add(key, value, seconds)    true, or false and "exists" if there is one
 *     store:delete(key)
 *
 * Of set, add and delete, nil or false with a string says that the store does not work; an error
 * that is raised says so too, and anything that is not in this table. */
#ifndef WXL_STORE_H
#define WXL_STORE_H

#include "compat.h"

/* wxl_serve_store(store, warn, turn), under lua_pcall: carries the turn's request out and fills its
 * answer in; returns the value that the answer lends, or nil. A store that does not work is warned
 * of, and the answer says so: calls go on without it. Raised is only what ends a call: Ctrl-C, a
 * lack of memory, and an attempt to yield, which is a mistake to be corrected. */
int wxl_serve_store(lua_State *L);

#endif
