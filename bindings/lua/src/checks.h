/* Numbers and cards checked, converted and masked. Each function returns a report, or what
 * failure.h says. */
#ifndef WXL_CHECKS_H
#define WXL_CHECKS_H

#include "compat.h"

int wxl_check_id(lua_State *L);   /* core.check_id(number, today) */
int wxl_convert_id(lua_State *L); /* core.convert_id(number) */
int wxl_check(lua_State *L);      /* core.check(front, back, today) */
int wxl_mask(lua_State *L);       /* core.mask(card) */

#endif
