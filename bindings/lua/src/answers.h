/* The answers of a driver, methods of a call. They raise when the driver's author is mistaken. */
#ifndef WXL_ANSWERS_H
#define WXL_ANSWERS_H

#include "compat.h"
#include <wxidcard.h>

int wxl_answer_token(lua_State *L); /* call:answer_token(token) */
/* call:answer_provided(value): what a token_provider returned. true, or nil and what is wrong. */
int wxl_answer_provided(lua_State *L);
int wxl_answer_reply(lua_State *L);   /* call:answer_reply(now_ms, {status, body, ...}) */
int wxl_answer_failure(lua_State *L); /* call:answer_failure(now_ms, failure, sent, detail) */
int wxl_answer_waited(lua_State *L);  /* call:answer_waited(now_ms) */
/* call:answer_store(now_ms, unix_ms, {failed, stored, value}) */
int wxl_answer_store(lua_State *L);
int wxl_abandon(lua_State *L); /* call:abandon(message) */

/* For other answers: a failure by its name; and raises when the core has refused an answer, which
 * it does only when it is not the time for it. */
wxid_failure wxl_check_failure(lua_State *L, int index);
int wxl_in_turn(lua_State *L, int result, const char *step);

#endif
