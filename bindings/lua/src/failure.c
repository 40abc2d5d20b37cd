#include "failure.h"

#include "values.h"

#include <stdarg.h>

void wxl_clear_slot(wxl_slot *slot)
{
    wxid_error_free(slot->error);
    wxid_value_free(slot->value);
    slot->error = NULL;
    slot->value = NULL;
}

static int finalize_slot(lua_State *L)
{
    wxl_clear_slot(lua_touserdata(L, 1));
    return 0;
}

static const wxl_class slot_class = {"wxidcard slot", NULL, finalize_slot, NULL, NULL};

wxl_slot *wxl_new_slot(lua_State *L)
{
    return wxl_new_object(L, &slot_class, sizeof(wxl_slot));
}

int wxl_refuse(lua_State *L, const char *format, ...)
{
    va_list arguments;
    lua_pushnil(L);
    va_start(arguments, format);
    lua_pushvfstring(L, format, arguments);
    va_end(arguments);
    return 2;
}

static void set_text(lua_State *L, const char *name, const char *text)
{
    if (text != NULL) {
        lua_pushstring(L, text);
        lua_setfield(L, -2, name);
    }
}

static void set_whole(lua_State *L, const char *name, int64_t whole)
{
    wxl_push_whole(L, whole);
    lua_setfield(L, -2, name);
}

/* An unreadable path is the operating system's error in C and a refused picture in Lua, which has
 * no exception of its own for it. A driver's own trouble, no descriptors left, has no code. */
static const char *kind_in_lua(const wxid_error *error, int of_path)
{
    if (of_path && wxid_error_kind(error) == WXID_KIND_SYSTEM &&
        wxid_error_system_code(error) != 0) {
        return wxid_kind_info_at(WXID_KIND_IMAGE_INPUT)->name;
    }
    return wxid_error_kind_name(error);
}

static void push_error_table(lua_State *L, const wxid_error *error, int of_path)
{
    int32_t errcode = 0;
    lua_createtable(L, 0, 8);
    set_text(L, "kind", kind_in_lua(error, of_path));
    set_text(L, "message", wxid_error_message(error));
    if (wxid_error_errcode(error, &errcode)) {
        set_whole(L, "errcode", errcode);
    }
    set_text(L, "errmsg", wxid_error_errmsg(error));
    set_text(L, "hint", wxid_error_hint(error));
    set_text(L, "rid", wxid_error_rid(error));
    if (wxid_error_http_status(error) != 0) {
        set_whole(L, "http_status", wxid_error_http_status(error));
    }
    lua_pushboolean(L, wxid_error_retryable(error));
    lua_setfield(L, -2, "retryable");
}

int wxl_fail(lua_State *L, wxl_slot *slot, int of_path)
{
    wxid_kind kind = wxid_error_kind(slot->error);
    if (kind == WXID_KIND_MEMORY) {
        wxl_clear_slot(slot);
        lua_pushliteral(L, "not enough memory"); /* as Lua itself says it */
        return lua_error(L);
    }
    lua_pushnil(L);
    if (kind == WXID_KIND_USAGE) {
        lua_pushstring(L, wxid_error_message(slot->error));
    } else {
        push_error_table(L, slot->error, of_path);
    }
    wxl_clear_slot(slot);
    return 2;
}

int wxl_succeed(lua_State *L, wxl_slot *slot)
{
    wxl_push_value(L, slot->value);
    wxl_clear_slot(slot);
    return 1;
}
