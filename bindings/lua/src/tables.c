#include "tables.h"

static void set_text(lua_State *L, const char *name, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

int wxl_kinds(lua_State *L)
{
    const wxid_kind_info *row;
    lua_newtable(L);
    for (size_t i = 0; (row = wxid_kind_info_at(i)) != NULL; i++) {
        lua_createtable(L, 0, 3);
        set_text(L, "name", row->name);
        set_text(L, "meaning", row->meaning);
        lua_pushboolean(L, row->retryable);
        lua_setfield(L, -2, "retryable");
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

int wxl_errcodes(lua_State *L)
{
    const wxid_errcode_info *row;
    lua_newtable(L);
    for (size_t i = 0; (row = wxid_errcode_info_at(i)) != NULL; i++) {
        lua_createtable(L, 0, 4);
        wxl_push_whole(L, row->errcode);
        lua_setfield(L, -2, "errcode");
        set_text(L, "kind", wxid_kind_info_at(row->kind)->name);
        lua_pushlstring(L, &row->retry_class, 1);
        lua_setfield(L, -2, "retry_class");
        set_text(L, "text", row->text);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

int wxl_settings(lua_State *L)
{
    const wxid_setting_info *row;
    lua_newtable(L);
    for (size_t i = 0; (row = wxid_setting_info_at(i)) != NULL; i++) {
        lua_createtable(L, 0, 4);
        set_text(L, "name", row->name);
        set_text(L, "type", wxid_setting_type_name(row->type));
        set_text(L, "meaning", row->meaning);
        lua_pushboolean(L, row->is_secret);
        lua_setfield(L, -2, "secret");
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

int wxl_findings(lua_State *L)
{
    const wxid_finding_info *row;
    lua_newtable(L);
    for (size_t i = 0; (row = wxid_finding_info_at(i)) != NULL; i++) {
        lua_createtable(L, 0, 5);
        set_text(L, "field", row->field);
        set_text(L, "code", row->code);
        set_text(L, "level", row->level);
        set_text(L, "message", row->message);
        set_text(L, "message_zh", row->message_zh);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

/* Pushes nil for a text that there is not. */
static void push_setting(lua_State *L, const wxid_setting_info *row, const wxid_settings *settings)
{
    const void *field = (const char *)settings + row->offset;
    switch (row->type) {
    case WXID_SETTING_TEXT:
    case WXID_SETTING_PATH:
    case WXID_SETTING_TOKEN_FILE:
        lua_pushstring(L, *(const char *const *)field); /* nil for NULL */
        return;
    case WXID_SETTING_FLAG:
    case WXID_SETTING_FUNCTION:
    case WXID_SETTING_STORE:
        lua_pushboolean(L, *(const int64_t *)field == 1);
        return;
    case WXID_SETTING_COUNT:
    case WXID_SETTING_DURATION:
        wxl_push_whole(L, *(const int64_t *)field);
        return;
    }
    lua_pushnil(L);
}

void wxl_push_settings(lua_State *L, const wxid_settings *settings)
{
    const wxid_setting_info *row;
    lua_newtable(L);
    for (size_t i = 0; (row = wxid_setting_info_at(i)) != NULL; i++) {
        push_setting(L, row, settings);
        lua_setfield(L, -2, row->name);
    }
}
