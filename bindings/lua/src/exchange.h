/* Requests and replies on connections, for a driver that has sockets: wxidcard_connection.h. */
#ifndef WXL_EXCHANGE_H
#define WXL_EXCHANGE_H

#include "compat.h"

int wxl_new_trust(lua_State *L); /* core.trust() */
/* core.exchange(trust, reused): methods read, close and fail */
int wxl_new_exchange(lua_State *L);
/* call:answer_exchange(now_ms, exchange): whether the connection may be kept. The exchange is gone
 * then. */
int wxl_answer_exchange(lua_State *L);
/* core.certificate_detail(number) */
int wxl_certificate_detail(lua_State *L);

#endif
