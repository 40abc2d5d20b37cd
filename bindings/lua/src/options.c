#include "options.h"

#include "failure.h"
#include "values.h"

#include <ctype.h>
#include <string.h>

#define LONGEST_NAME 32
#define MOST_NAMES 64

static const char *const recognition_names[] = {"img", "img_file", "img_url", "type", NULL};

int wxl_need_table(lua_State *L, int index, const char *what)
{
    if (lua_type(L, index) == LUA_TTABLE) {
        return 0;
    }
    return wxl_refuse(L, "%s must be given in a table, not a %s", what, luaL_typename(L, index));
}

/* How many letters must be changed, put in or left out: Levenshtein's distance. */
static size_t distance(const char *from, const char *to)
{
    size_t row[LONGEST_NAME + 1];
    size_t width = strlen(to);
    for (size_t x = 0; x <= width; x++) {
        row[x] = x;
    }
    for (size_t y = 0; from[y] != '\0'; y++) {
        size_t diagonal = row[0];
        row[0] = y + 1;
        for (size_t x = 1; x <= width; x++) {
            size_t best = diagonal + (from[y] != to[x - 1]);
            diagonal = row[x];
            best = best <= row[x] ? best : row[x] + 1;
            row[x] = best <= row[x - 1] ? best : row[x - 1] + 1;
        }
    }
    return row[width];
}

/* The name that was meant: one a slip or two away, or one that the word is a part of. */
static const char *nearest(const char *word, const char *const *names)
{
    const char *best = NULL;
    size_t best_distance = strlen(word) < 4 ? 2 : strlen(word) < 8 ? 3 : 4; /* this is too far */
    for (; *names != NULL; names++) {
        size_t away = strlen(*names) <= LONGEST_NAME ? distance(word, *names) : best_distance;
        if (away < best_distance) {
            best = *names;
            best_distance = away;
        } else if (best == NULL && strlen(word) > 2 && strstr(*names, word) != NULL) {
            best = *names;
        }
    }
    return best;
}

/* What is not like a name is not repeated: it may be a token in the wrong place. */
static int like_a_name(const char *word, size_t length)
{
    size_t i = 0;
    while (i < length && (islower((unsigned char)word[i]) || word[i] == '_')) {
        i++;
    }
    return length > 0 && length <= LONGEST_NAME && i == length;
}

static int refuse_name(lua_State *L, int key, const char *const *names)
{
    size_t length = 0;
    const char *word, *meant;
    if (lua_type(L, key) != LUA_TSTRING) {
        return wxl_refuse(L, "options have names: write { %s = ... }", names[0]);
    }
    word = lua_tolstring(L, key, &length);
    if (!like_a_name(word, length)) {
        return wxl_refuse(L, "there is an unknown option; options are named like '%s'", names[0]);
    }
    meant = nearest(word, names);
    if (meant != NULL) {
        return wxl_refuse(L, "unknown option '%s': did you mean '%s'?", word, meant);
    }
    return wxl_refuse(L, "unknown option '%s'", word);
}

static int is_among(lua_State *L, int key, const char *const *names)
{
    if (lua_type(L, key) == LUA_TSTRING) {
        for (; *names != NULL; names++) {
            if (strcmp(lua_tostring(L, key), *names) == 0) {
                return 1;
            }
        }
    }
    return 0;
}

int wxl_refuse_unknown(lua_State *L, int index, const char *const *names)
{
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        if (!is_among(L, lua_gettop(L), names)) {
            return refuse_name(L, lua_gettop(L), names);
        }
    }
    return 0;
}

static int refuse_unknown_setting(lua_State *L, int index)
{
    const char *names[MOST_NAMES + 1];
    const wxid_setting_info *info;
    size_t count = 0;
    while (count < MOST_NAMES && (info = wxid_setting_info_at(count)) != NULL) {
        names[count++] = info->name;
    }
    names[count] = NULL;
    return wxl_refuse_unknown(L, index, names);
}

/* true stands for the platform's own file. What else false could mean is said by leaving it out. */
static int read_token_file(lua_State *L, int index, const char *name, const char **path)
{
    int type = lua_type(L, index);
    if (type == LUA_TBOOLEAN) {
        *path = lua_toboolean(L, index) ? WXID_CLOUDBASE_TOKEN_FILE : NULL;
        return 0;
    }
    if (type != LUA_TSTRING && type != LUA_TNIL) {
        return wxl_refuse(L,
                          "%s must be true, for the platform's own file, or the path of a file in "
                          "quotes, not a %s: write %s = true, or leave it out",
                          name, luaL_typename(L, index), name);
    }
    return wxl_read_text(L, index, name, path);
}

/* Pushes a member; nil of a userdata that has none. */
static void push_member(lua_State *L, int index, const char *name)
{
    if (lua_type(L, index) == LUA_TUSERDATA) {
        if (!luaL_getmetafield(L, index, "__index")) {
            lua_pushnil(L);
            return;
        }
        lua_pop(L, 1);
    }
    lua_getfield(L, index, name);
}

static int read_store(lua_State *L, int index, const char *name, int64_t *given)
{
    static const char *const methods[] = {"get", "set", "add", "delete", NULL};
    int type = lua_type(L, index);
    if (type == LUA_TNIL) {
        return 0;
    }
    if (type != LUA_TTABLE && type != LUA_TUSERDATA) {
        return wxl_refuse(L,
                          "%s must be an object with the methods get, set, add and delete, such as "
                          "one of ngx.shared or of wxidcard.memory_store, not a %s",
                          name, luaL_typename(L, index));
    }
    for (int i = 0; methods[i] != NULL; i++) {
        push_member(L, index, methods[i]);
        if (lua_type(L, -1) != LUA_TFUNCTION) {
            return wxl_refuse(L,
                              "%s has no method %s: it must have get, set, add and delete, as the "
                              "objects of ngx.shared and of wxidcard.memory_store have them",
                              name, methods[i]);
        }
        lua_pop(L, 1);
    }
    *given = 1;
    return 0;
}

/* Reads the value at an index into the setting's field. */
static int read_setting(lua_State *L, int index, const wxid_setting_info *info,
                        wxid_settings *settings)
{
    void *field = (char *)settings + info->offset;
    switch (info->type) {
    case WXID_SETTING_TEXT:
    case WXID_SETTING_PATH:
        return wxl_read_text(L, index, info->name, field);
    case WXID_SETTING_TOKEN_FILE:
        return read_token_file(L, index, info->name, field);
    case WXID_SETTING_COUNT:
        return wxl_read_count(L, index, info->name, field);
    case WXID_SETTING_DURATION:
        return wxl_read_duration(L, index, info->name, field);
    case WXID_SETTING_FLAG:
        return wxl_read_flag(L, index, info->name, field);
    case WXID_SETTING_FUNCTION:
        return wxl_read_function(L, index, info->name, field);
    case WXID_SETTING_STORE:
        return read_store(L, index, info->name, field);
    }
    return wxl_refuse(L, "%s is of a type that this binding does not know", info->name);
}

int wxl_place_kept(const wxid_setting_info *info)
{
    return info->type == WXID_SETTING_FUNCTION ? 1 : info->type == WXID_SETTING_STORE ? 2 : 0;
}

/* Reads those settings that are kept, or those that are not. */
static int read_some(lua_State *L, int index, int kept, int of_kept, wxid_settings *settings)
{
    const wxid_setting_info *info;
    for (size_t i = 0; (info = wxid_setting_info_at(i)) != NULL; i++) {
        int place = wxl_place_kept(info);
        if ((place > 0) != of_kept) {
            continue;
        }
        lua_pushstring(L, info->name);
        lua_rawget(L, index);
        int refused = read_setting(L, lua_gettop(L), info, settings);
        if (refused) {
            return refused;
        }
        if (place > 0) {
            lua_replace(L, kept + place);
        } else {
            lua_pop(L, 1);
        }
    }
    return 0;
}

int wxl_read_settings(lua_State *L, int index, wxid_settings *settings)
{
    static const wxid_settings unset = WXID_SETTINGS_INIT;
    int refused = wxl_need_table(L, index, "settings");
    *settings = unset;
    if (refused || (refused = refuse_unknown_setting(L, index)) != 0) {
        return refused;
    }
    int kept = lua_gettop(L); /* and the places from there on */
    lua_settop(L, kept + WXL_KEPT);
    if ((refused = read_some(L, index, kept, 1, settings)) != 0) {
        return refused;
    }
    return read_some(L, index, kept, 0, settings);
}

static int refuse_unknown_part(lua_State *L, int index, const char *const *extra)
{
    const char *names[MOST_NAMES + 1];
    size_t count = 0;
    for (; recognition_names[count] != NULL; count++) {
        names[count] = recognition_names[count];
    }
    while (count < MOST_NAMES && *extra != NULL) {
        names[count++] = *extra++;
    }
    names[count] = NULL;
    return wxl_refuse_unknown(L, index, names);
}

int wxl_read_recognition(lua_State *L, int index, wxid_recognition *recognition, int *of_path,
                         const char *const *extra)
{
    static const wxid_recognition unset = WXID_RECOGNITION_INIT;
    const char *image = NULL;
    int refused = wxl_need_table(L, index, "the picture");
    *recognition = unset;
    if (refused || (refused = refuse_unknown_part(L, index, extra)) != 0) {
        return refused;
    }
    for (int i = 0; i < WXL_BORROWED; i++) {
        lua_pushstring(L, recognition_names[i]);
        lua_rawget(L, index);
    }
    if ((refused = wxl_read_bytes(L, -4, "img", &image, &recognition->image_length)) != 0 ||
        (refused = wxl_read_text(L, -3, "img_file", &recognition->image_path)) != 0 ||
        (refused = wxl_read_text(L, -2, "img_url", &recognition->img_url)) != 0 ||
        (refused = wxl_read_text(L, -1, "type", &recognition->type)) != 0) {
        return refused;
    }
    recognition->image = image;
    *of_path = recognition->image_path != NULL;
    return 0;
}
