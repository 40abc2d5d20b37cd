/* What the caller's own code does during a call of the blocking client: his token_provider, and the
 * debug hook by which lua.c ends a program on Ctrl-C. All of it runs under lua_pcall: nothing may
 * jump over libcurl's frames. */
#ifndef WXL_HOOKS_H
#define WXL_HOOKS_H

#include "compat.h"
#include <wxidcard_curl.h>

typedef enum wxl_ended_by {
    WXL_NOTHING,
    WXL_RAISED,     /* the error is on top of the stack */
    WXL_MISUSE,     /* what the provider returned; the message is on top */
    WXL_MAIN_THREAD /* Ctrl-C waits for the main thread, which has to run its debug hook */
} wxl_ended_by;

/* One call of the client: an object on the stack of the function that makes it. */
typedef struct wxl_turn {
    wxid_hooks hooks;
    lua_State *L;
    lua_State *main_thread; /* NULL if unknown, or if it is L */
    int itself;             /* stack indexes: this object; */
    int ask;                /* ask_provider(); */
    int provider;           /* the caller's function, or nil; */
    int nothing;            /* a Lua function that does nothing */
    wxid_call *call;        /* for ask_provider() */
    wxl_ended_by ended_by;
} wxl_turn;

/* Takes the provider (or nil) off the stack and pushes a client's anchors. */
void wxl_push_anchors(lua_State *L);
/* Pushes a turn, and what it needs, with the anchors at an index of the stack. */
wxl_turn *wxl_begin_turn(lua_State *L, int anchors);
/* After a call that the caller's code ended: raises its error, or returns 2 after wxl_refuse(). */
int wxl_end_turn(lua_State *L, const wxl_turn *turn);

#endif
