/* Sessions and calls of wxidcard.core: the core's functions, one by one. */
#ifndef WXL_SESSION_H
#define WXL_SESSION_H

#include "compat.h"
#include <wxidcard.h>

/* A session and who holds it: the userdata of the session and those of its calls, which the
 * collector may finalize in any order. The session goes with the last. */
typedef struct wxl_session {
    wxid_session *session;
    size_t holders;
} wxl_session;

void wxl_session_release(wxl_session *session);

int wxl_new_session(lua_State *L); /* core.session(settings) */
/* session:recognition{...} and so on; the session is the first argument. renewal returns nothing
 * when none is due. */
int wxl_new_recognition(lua_State *L, wxl_session *session);
int wxl_new_token_fetch(lua_State *L, wxl_session *session);
int wxl_new_renewal(lua_State *L, wxl_session *session);
int wxl_new_refresh(lua_State *L, wxl_session *session);

#endif
