/* A picture made fit to be sent, by itself. Returns a string, or what failure.h says. */
#ifndef WXL_FIT_H
#define WXL_FIT_H

#include "compat.h"

int wxl_fit_image(lua_State *L); /* core.fit_image(bytes, {max_image_bytes, strip_metadata}) */

#endif
