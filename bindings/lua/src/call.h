#ifndef WXL_CALL_H
#define WXL_CALL_H

#include "compat.h"
#include "session.h"

/* A call of the machine. Its anchors are what the recognition borrows; the image is the first. */
typedef struct wxl_call {
    wxid_call *call; /* NULL once its result has been taken */
    wxl_session *session;
    const void *image;
} wxl_call;

/* The call that is the first argument; raises if it is none, or over. */
wxl_call *wxl_check_call(lua_State *L);

#endif
