#include "checks.h"

#include "failure.h"
#include "values.h"

#include <wxidcard.h>

#include <time.h>

/* Bytes that there must be. */
static int need_bytes(lua_State *L, int index, const char *name, const char **bytes, size_t *length)
{
    *bytes = NULL;
    if (lua_isnoneornil(L, index)) {
        return wxl_refuse(L, "%s is missing: give it as a string", name);
    }
    return wxl_read_bytes(L, index, name, bytes, length);
}

/* The type that a value has in a card; null is what cjson and ngx have for it. */
static wxid_type type_of(lua_State *L, int index)
{
    switch (lua_type(L, index)) {
    case LUA_TSTRING:
        return WXID_TYPE_STRING;
    case LUA_TNUMBER:
        return WXID_TYPE_NUMBER;
    case LUA_TBOOLEAN:
        return WXID_TYPE_BOOLEAN;
    case LUA_TLIGHTUSERDATA:
        return lua_touserdata(L, index) == NULL ? WXID_TYPE_NULL : WXID_TYPE_OBJECT;
    default:
        return WXID_TYPE_OBJECT;
    }
}

/* Adds the field whose name and value are on top; what is refused is in the slot. */
static int add_field(lua_State *L, wxl_slot *slot)
{
    size_t name_length = 0;
    size_t text_length = 0;
    const char *text = NULL;
    const char *name = lua_tolstring(L, -2, &name_length);
    wxid_type type = type_of(L, -1);
    if (type == WXID_TYPE_STRING) {
        text = lua_tolstring(L, -1, &text_length);
    }
    return wxid_card_add(slot->value, name, name_length, type, text, text_length, &slot->error);
}

/* Reads the table into the slot; nil is no card. Raw access only: no metamethod of the caller's
 * runs. */
static int read_card(lua_State *L, int index, const char *what, wxl_slot *slot)
{
    if (lua_isnoneornil(L, index)) {
        return 0;
    }
    if (lua_type(L, index) != LUA_TTABLE) {
        return wxl_refuse(L, "%s must be a card as recognize returns it, a table, not a %s", what,
                          luaL_typename(L, index));
    }
    if (wxid_card_new(&slot->value, &slot->error) != 0) {
        return wxl_fail(L, slot, 0);
    }
    lua_pushnil(L);
    while (lua_next(L, index)) {
        if (lua_type(L, -2) != LUA_TSTRING) {
            return wxl_refuse(L, "the fields of a card have names, and %s has one without", what);
        }
        if (add_field(L, slot) != 0) {
            return wxl_fail(L, slot, 0);
        }
        lua_pop(L, 1);
    }
    return 0;
}

/* Says what a field of cards must be in Lua's words, before the core says it in C's. */
static int check_texts(lua_State *L, int index)
{
    const char *name, *text;
    size_t length;
    for (size_t i = 0; (name = wxid_card_field_at(i)) != NULL; i++) {
        lua_pushstring(L, name);
        lua_rawget(L, index);
        int refused = type_of(L, -1) == WXID_TYPE_NULL
                          ? 0
                          : wxl_read_bytes(L, lua_gettop(L), name, &text, &length);
        if (refused) {
            return refused;
        }
        lua_pop(L, 1);
    }
    return 0;
}

/* One side for a check. */
static int read_side(lua_State *L, int index, const char *what, wxl_slot *slot)
{
    int refused = lua_type(L, index) == LUA_TTABLE ? check_texts(L, index) : 0;
    return refused ? refused : read_card(L, index, what, slot);
}

/* Pushes the slot's card with its nulls, as they came, and clears the slot. */
static int push_masked(lua_State *L, wxl_slot *slot)
{
    wxl_push_value(L, slot->value);
    for (size_t i = 0; i < wxid_value_count(slot->value); i++) {
        if (wxid_value_type(wxid_value_at(slot->value, i)) == WXID_TYPE_NULL) {
            lua_pushlightuserdata(L, NULL);
            lua_setfield(L, -2, wxid_value_name_at(slot->value, i));
        }
    }
    wxl_clear_slot(slot);
    return 1;
}

int wxl_check_id(lua_State *L)
{
    const char *number, *today = NULL;
    size_t length = 0;
    lua_settop(L, 2);
    int refused = need_bytes(L, 1, "the number", &number, &length);
    if (refused || (refused = wxl_read_text(L, 2, "today", &today)) != 0) {
        return refused;
    }
    wxl_slot *slot = wxl_new_slot(L);
    int failed =
        wxid_check_id(&slot->value, number, length, today, (int64_t)time(NULL), &slot->error);
    return failed ? wxl_fail(L, slot, 0) : wxl_succeed(L, slot);
}

int wxl_convert_id(lua_State *L)
{
    const char *number;
    size_t length = 0;
    lua_settop(L, 1);
    int refused = need_bytes(L, 1, "the number", &number, &length);
    if (refused) {
        return refused;
    }
    wxl_slot *slot = wxl_new_slot(L);
    int failed = wxid_convert_id(&slot->value, number, length, &slot->error);
    return failed ? wxl_fail(L, slot, 0) : wxl_succeed(L, slot);
}

int wxl_check(lua_State *L)
{
    const char *today = NULL;
    lua_settop(L, 3);
    int refused = wxl_read_text(L, 3, "today", &today);
    if (refused) {
        return refused;
    }
    wxl_slot *slot = wxl_new_slot(L);
    wxl_slot *front = wxl_new_slot(L);
    wxl_slot *back = wxl_new_slot(L);
    if ((refused = read_side(L, 1, "front", front)) == 0) {
        refused = read_side(L, 2, "back", back);
    }
    int failed = !refused && wxid_check(&slot->value, front->value, back->value, today,
                                        (int64_t)time(NULL), &slot->error) != 0;
    wxl_clear_slot(front); /* at once, refused or not: the collector may come late, */
    wxl_clear_slot(back);  /* and without memory 5.3's finalizes nothing */
    if (refused) {
        return refused;
    }
    return failed ? wxl_fail(L, slot, 0) : wxl_succeed(L, slot);
}

int wxl_mask(lua_State *L)
{
    lua_settop(L, 1);
    if (lua_isnil(L, 1)) {
        return wxl_refuse(L, "the card is missing: give it as recognize returns it, a table");
    }
    wxl_slot *slot = wxl_new_slot(L);
    wxl_slot *card = wxl_new_slot(L);
    int refused = read_card(L, 1, "the card", card);
    int failed = !refused && wxid_mask(&slot->value, card->value, &slot->error) != 0;
    wxl_clear_slot(card);
    if (refused) {
        return refused;
    }
    return failed ? wxl_fail(L, slot, 0) : push_masked(L, slot);
}
