/* What the four Luas do not share, and classes of userdata. One source serves PUC 5.1, 5.3, 5.4 and
 * LuaJIT, so nothing here bears a name that LuaJIT's headers define and PUC 5.1 lacks. */
#ifndef WXL_COMPAT_H
#define WXL_COMPAT_H

#include <lauxlib.h>
#include <lua.h>
#include <stddef.h>
#include <stdint.h>

/* luaopen_*: all that the modules export. */
#if defined(__GNUC__)
#define WXL_EXPORT __attribute__((visibility("default")))
#else
#define WXL_EXPORT
#endif

/* A class of userdata. Its address is the key of its metatable in the registry: two modules, or two
 * copies of one, can never take each other's objects for their own. */
typedef struct wxl_class {
    const char *name;
    const luaL_Reg *methods; /* may be NULL */
    lua_CFunction finalize;
    lua_CFunction describe;       /* __tostring; may be NULL */
    void (*extend)(lua_State *L); /* adds to the methods, whose table is on top; may be NULL */
} wxl_class;

/* Pushes a new object, zeroed. C memory is put into it only afterwards, so that whatever a later
 * Lua call raises, the collector frees it. */
void *wxl_new_object(lua_State *L, const wxl_class *class_of_it, size_t size);
/* The object at an index; raises if it is something else. */
void *wxl_check_object(lua_State *L, int index, const wxl_class *class_of_it);

/* Pops a table and ties it to the userdata at an index; pushes it again. What is in it lives as
 * long as the userdata. */
void wxl_set_anchors(lua_State *L, int index);
/* Ties a list of values of the stack, `count` from `first` on, to the userdata on top. */
void wxl_anchor(lua_State *L, int first, int count);
void wxl_get_anchors(lua_State *L, int index);

/* Puts functions into the table on top; the list ends with a NULL name. */
void wxl_set_functions(lua_State *L, const luaL_Reg *functions);

/* Stores a number of the type integer and returns 1; returns 0 for anything else, and where Lua has
 * no such type. */
int wxl_to_integer(lua_State *L, int index, int64_t *integer);
/* Pushes an integer; on 5.1, which has none, the same number. Up to 2^53 either way. */
void wxl_push_whole(lua_State *L, int64_t whole);

/* To be called by luaopen_*, for wxl_main_thread(). */
void wxl_remember_main_thread(lua_State *L);
/* The state's main thread; NULL where 5.1 cannot tell. */
lua_State *wxl_main_thread(lua_State *L);

#endif
