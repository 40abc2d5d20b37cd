#include "compat.h"

#include <string.h>

void wxl_set_functions(lua_State *L, const luaL_Reg *functions)
{
    for (; functions->name != NULL; functions++) {
        lua_pushcfunction(L, functions->func);
        lua_setfield(L, -2, functions->name);
    }
}

static void set_metamethod(lua_State *L, const char *name, lua_CFunction function)
{
    if (function != NULL) {
        lua_pushcfunction(L, function);
        lua_setfield(L, -2, name);
    }
}

/* Pushes the registry's value under an address of this module. */
static void get_own(lua_State *L, const void *key)
{
    lua_pushlightuserdata(L, (void *)(uintptr_t)key);
    lua_rawget(L, LUA_REGISTRYINDEX);
}

/* Stores the value on top under an address of this module, and leaves it there. */
static void set_own(lua_State *L, const void *key)
{
    lua_pushlightuserdata(L, (void *)(uintptr_t)key);
    lua_pushvalue(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
}

static void push_metatable(lua_State *L, const wxl_class *class_of_it)
{
    get_own(L, class_of_it);
    if (!lua_isnil(L, -1)) {
        return;
    }
    lua_pop(L, 1);
    lua_newtable(L);
    if (class_of_it->methods != NULL) {
        lua_newtable(L);
        wxl_set_functions(L, class_of_it->methods);
        if (class_of_it->extend != NULL) {
            class_of_it->extend(L);
        }
        lua_setfield(L, -2, "__index");
    }
    set_metamethod(L, "__gc", class_of_it->finalize);
    set_metamethod(L, "__tostring", class_of_it->describe);
    lua_pushstring(L, class_of_it->name);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "__name");
    lua_setfield(L, -2, "__metatable"); /* nobody gets at __gc */
    set_own(L, class_of_it);
}

void *wxl_new_object(lua_State *L, const wxl_class *class_of_it, size_t size)
{
    void *object = lua_newuserdata(L, size);
    memset(object, 0, size);
    push_metatable(L, class_of_it);
    lua_setmetatable(L, -2);
    return object;
}

void *wxl_check_object(lua_State *L, int index, const wxl_class *class_of_it)
{
    void *object = lua_type(L, index) == LUA_TUSERDATA ? lua_touserdata(L, index) : NULL;
    int same = 0;
    if (object != NULL && lua_getmetatable(L, index)) {
        get_own(L, class_of_it);
        same = lua_rawequal(L, -1, -2);
        lua_pop(L, 2);
    }
    if (!same) {
        luaL_error(L, "%s expected, got %s: call methods with a colon", class_of_it->name,
                   luaL_typename(L, index));
    }
    return object;
}

void wxl_set_anchors(lua_State *L, int index)
{
#if LUA_VERSION_NUM < 502
    lua_setfenv(L, index);
#else
    lua_setuservalue(L, index);
#endif
}

void wxl_anchor(lua_State *L, int first, int count)
{
    lua_createtable(L, count, 0);
    for (int i = 0; i < count; i++) {
        lua_pushvalue(L, first + i);
        lua_rawseti(L, -2, i + 1);
    }
    wxl_set_anchors(L, -2);
}

void wxl_get_anchors(lua_State *L, int index)
{
#if LUA_VERSION_NUM < 502
    lua_getfenv(L, index);
#else
    lua_getuservalue(L, index);
#endif
}

int wxl_to_integer(lua_State *L, int index, int64_t *integer)
{
#if LUA_VERSION_NUM >= 503
    if (lua_isinteger(L, index)) {
        *integer = lua_tointeger(L, index);
        return 1;
    }
#else
    (void)L;
    (void)index;
    (void)integer;
#endif
    return 0;
}

void wxl_push_whole(lua_State *L, int64_t whole)
{
#if LUA_VERSION_NUM >= 503
    lua_pushinteger(L, (lua_Integer)whole);
#else
    lua_pushnumber(L, (lua_Number)whole);
#endif
}

static const char main_thread_key = 0;

void wxl_remember_main_thread(lua_State *L)
{
#if LUA_VERSION_NUM < 502
    if (lua_pushthread(L)) {
        set_own(L, &main_thread_key);
    }
    lua_pop(L, 1);
#else
    (void)L;
#endif
}

lua_State *wxl_main_thread(lua_State *L)
{
#if LUA_VERSION_NUM < 502
    get_own(L, &main_thread_key);
#else
    (void)main_thread_key;
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
#endif
    lua_State *main_thread = lua_tothread(L, -1);
    lua_pop(L, 1);
    return main_thread;
}
