/* What the caller's own code does during a call of the blocking client: his token_provider, his
 * token store, and the debug hook by which lua.c ends a program on Ctrl-C. All of it runs under
 * lua_pcall: nothing may jump over libcurl's frames. No renewal runs in another thread while there
 * is a store: a Lua state has one thread, so the core has the store's work done in this one. */
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
    int serve;              /* wxl_serve_store(); */
    int warn;               /* the caller's function, or nil; */
    int perform;            /* wxidcard.store's; */
    int provider;           /* the caller's function and his store, or nil; */
    int store;
    int nothing;                       /* a Lua function that does nothing; */
    int value;                         /* what the store answered last, which the core borrows */
    wxid_call *call;                   /* for ask_provider() */
    const wxid_store_request *request; /* for wxl_serve_store() */
    wxid_store_answer *answer;
    wxl_ended_by ended_by; /* nothing of the caller's runs any more once this is set */
} wxl_turn;

/* Ties what a turn needs to the client on top: from an index of the stack on, the function that
 * warns, the one that performs a store's operations, the provider and the store, each of which may
 * be nil. */
void wxl_anchor_hooks(lua_State *L, int first);
/* Pushes a turn, and what it needs, with the anchors at an index of the stack. */
wxl_turn *wxl_begin_turn(lua_State *L, int anchors);
/* Whether the error on top says that somebody tried to yield, which C in between does not allow. */
int wxl_tried_to_yield(lua_State *L);
/* After a call that the caller's code ended: raises its error, or returns 2 after wxl_refuse(). */
int wxl_end_turn(lua_State *L, const wxl_turn *turn);

#endif
