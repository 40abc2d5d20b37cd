#include "values.h"

#include "failure.h"

#include <math.h>
#include <string.h>

/* Up to 2^53 either way every whole number is exact in a double; and no time is as far away. */
#define LARGEST ((int64_t)1 << 53)

static void push_members(lua_State *L, const wxid_value *value, int named)
{
    size_t count = wxid_value_count(value);
    lua_createtable(L, named ? 0 : (int)count, named ? (int)count : 0);
    for (size_t i = 0; i < count; i++) {
        const wxid_value *member = wxid_value_at(value, i);
        if (wxid_value_type(member) == WXID_TYPE_NULL) {
            continue;
        }
        wxl_push_value(L, member);
        if (named) {
            lua_setfield(L, -2, wxid_value_name_at(value, i));
        } else {
            lua_rawseti(L, -2, (int)i + 1);
        }
    }
}

/* Recurses at most WXID_MAX_DEPTH deep: the core refuses what nests deeper. */
void wxl_push_value(lua_State *L, const wxid_value *value)
{
    size_t length = 0;
    const char *text;
    luaL_checkstack(L, 4, "a nested value");
    switch (wxid_value_type(value)) {
    case WXID_TYPE_NULL:
        lua_pushnil(L);
        break;
    case WXID_TYPE_BOOLEAN:
        lua_pushboolean(L, wxid_value_boolean(value));
        break;
    case WXID_TYPE_INTEGER:
        wxl_push_whole(L, wxid_value_integer(value));
        break;
    case WXID_TYPE_NUMBER:
        lua_pushnumber(L, (lua_Number)wxid_value_number(value));
        break;
    case WXID_TYPE_STRING:
        text = wxid_value_string(value, &length);
        lua_pushlstring(L, text, length);
        break;
    case WXID_TYPE_ARRAY:
    case WXID_TYPE_OBJECT:
        push_members(L, value, wxid_value_type(value) == WXID_TYPE_OBJECT);
        break;
    }
}

/* A number without a fraction that every Lua holds exactly: stores it and returns 1; returns 0 for
 * anything else, and for strings. */
static int to_whole(lua_State *L, int index, int64_t *whole)
{
    if (wxl_to_integer(L, index, whole)) {
        return *whole >= -LARGEST && *whole <= LARGEST;
    }
    double number = lua_type(L, index) == LUA_TNUMBER ? (double)lua_tonumber(L, index) : NAN;
    if (!(number >= -(double)LARGEST && number <= (double)LARGEST) || floor(number) != number) {
        return 0;
    }
    *whole = (int64_t)number;
    return 1;
}

int wxl_read_bytes(lua_State *L, int index, const char *name, const char **text, size_t *length)
{
    switch (lua_type(L, index)) {
    case LUA_TNIL:
    case LUA_TNONE:
        return 0;
    case LUA_TSTRING:
        *text = lua_tolstring(L, index, length);
        return 0;
    case LUA_TNUMBER: /* lua_tolstring() would take it, and 18 digits do not fit a double */
        return wxl_refuse(L, "%s must be a string, not a number: put it in quotes", name);
    default:
        return wxl_refuse(L, "%s must be a string, not a %s", name, luaL_typename(L, index));
    }
}

int wxl_read_text(lua_State *L, int index, const char *name, const char **text)
{
    const char *read = NULL;
    size_t length = 0;
    int refused = wxl_read_bytes(L, index, name, &read, &length);
    if (refused || read == NULL) {
        return refused;
    }
    if (strlen(read) != length) {
        return wxl_refuse(L, "%s must not hold a zero byte", name);
    }
    *text = read;
    return 0;
}

int wxl_read_provided(lua_State *L, int index, const char **token)
{
    size_t length = 0;
    if (lua_type(L, index) != LUA_TSTRING) {
        return wxl_refuse(L,
                          "token_provider must return the access token, a string, not a %s; what "
                          "keeps it from that it should raise",
                          luaL_typename(L, index));
    }
    *token = lua_tolstring(L, index, &length);
    if (strlen(*token) != length) {
        return wxl_refuse(L, "the token that token_provider returned holds a zero byte");
    }
    return 0;
}

int wxl_read_count(lua_State *L, int index, const char *name, int64_t *count)
{
    if (lua_isnoneornil(L, index)) {
        return 0;
    }
    if (lua_type(L, index) != LUA_TNUMBER) {
        return wxl_refuse(L, "%s must be a whole number, not a %s", name, luaL_typename(L, index));
    }
    if (!to_whole(L, index, count)) {
        return wxl_refuse(L, "%s must be a whole number, 2^53 at most", name);
    }
    return 0;
}

/* Returns 0 for what is no time: not a number, NaN, infinity, or too far away. */
static int to_milliseconds(lua_State *L, int index, double *milliseconds)
{
    *milliseconds = lua_type(L, index) == LUA_TNUMBER ? (double)lua_tonumber(L, index) : NAN;
    return *milliseconds >= -(double)LARGEST && *milliseconds <= (double)LARGEST;
}

int wxl_read_duration(lua_State *L, int index, const char *name, int64_t *duration_ms)
{
    double milliseconds;
    if (lua_isnoneornil(L, index)) {
        return 0;
    }
    if (lua_type(L, index) != LUA_TNUMBER) {
        return wxl_refuse(L, "%s must be a number of milliseconds, not a %s", name,
                          luaL_typename(L, index));
    }
    if (!to_milliseconds(L, index, &milliseconds)) {
        return wxl_refuse(L, "%s must be a finite number of milliseconds", name);
    }
    *duration_ms = (int64_t)ceil(milliseconds);
    return 0;
}

int wxl_read_flag(lua_State *L, int index, const char *name, int64_t *flag)
{
    if (lua_isnoneornil(L, index)) {
        return 0;
    }
    if (lua_type(L, index) != LUA_TBOOLEAN) {
        return wxl_refuse(L, "%s must be true or false, not a %s", name, luaL_typename(L, index));
    }
    *flag = lua_toboolean(L, index);
    return 0;
}

int wxl_read_function(lua_State *L, int index, const char *name, int64_t *given)
{
    if (lua_isnoneornil(L, index)) {
        return 0;
    }
    if (lua_type(L, index) != LUA_TFUNCTION) {
        return wxl_refuse(L, "%s must be a function, not a %s", name, luaL_typename(L, index));
    }
    *given = 1;
    return 0;
}

static int read_time(lua_State *L, int index, const char *name, const char *clock, int64_t *time_ms)
{
    double milliseconds;
    if (!to_milliseconds(L, index, &milliseconds)) {
        return wxl_refuse(L, "%s must be the time in milliseconds %s", name, clock);
    }
    *time_ms = (int64_t)floor(milliseconds);
    return 0;
}

int wxl_read_now(lua_State *L, int index, const char *name, int64_t *now_ms)
{
    return read_time(L, index, name, "of a clock that never jumps", now_ms);
}

int wxl_read_unix(lua_State *L, int index, const char *name, int64_t *unix_ms)
{
    return read_time(L, index, name, "since 1970, as os.time() tells it in seconds", unix_ms);
}

int wxl_read_seed(lua_State *L, int index, const char *name, uint64_t *seed)
{
    int64_t whole = 0;
    if (lua_type(L, index) == LUA_TSTRING) {
        size_t length = 0;
        const char *bytes = lua_tolstring(L, index, &length);
        if (length >= 1 && length <= sizeof *seed) {
            *seed = 0;
            for (size_t i = 0; i < length; i++) {
                *seed = *seed << 8 | (unsigned char)bytes[i];
            }
            return 0;
        }
    } else if (to_whole(L, index, &whole) && whole >= 0) {
        *seed = (uint64_t)whole;
        return 0;
    }
    return wxl_refuse(L, "%s must be 1 to 8 random bytes, or a whole number from 0 to 2^53", name);
}
