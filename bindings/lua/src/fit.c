#include "fit.h"

#include "failure.h"
#include "options.h"
#include "values.h"

#include <wxidcard.h>

typedef struct held_picture {
    wxid_picture *picture;
} held_picture;

static int finalize(lua_State *L)
{
    held_picture *held = lua_touserdata(L, 1);
    wxid_picture_free(held->picture);
    held->picture = NULL;
    return 0;
}

static const wxl_class picture_class = {"wxidcard picture", NULL, finalize, NULL, NULL};

/* Reads the options at 2, which need not be given. */
static int read_options(lua_State *L, wxid_fit *fit)
{
    static const char *const names[] = {"max_image_bytes", "strip_metadata", NULL};
    if (lua_isnil(L, 2)) {
        return 0;
    }
    int refused = wxl_need_table(L, 2, "options");
    if (refused || (refused = wxl_refuse_unknown(L, 2, names)) != 0) {
        return refused;
    }
    for (int i = 0; names[i] != NULL; i++) {
        lua_pushstring(L, names[i]);
        lua_rawget(L, 2);
    }
    refused = wxl_read_count(L, -2, names[0], &fit->max_image_bytes);
    return refused ? refused : wxl_read_flag(L, -1, names[1], &fit->strip_metadata);
}

int wxl_fit_image(lua_State *L)
{
    wxid_fit fit = WXID_FIT_INIT;
    const char *image = NULL;
    size_t length = 0;
    lua_settop(L, 2);
    int refused = wxl_read_bytes(L, 1, "the picture", &image, &length);
    if (!refused && image == NULL) {
        refused = wxl_refuse(L, "the picture is missing: give its bytes, a string");
    }
    if (refused || (refused = read_options(L, &fit)) != 0) {
        return refused;
    }
    wxl_slot *slot = wxl_new_slot(L);
    held_picture *held = wxl_new_object(L, &picture_class, sizeof *held);
    if (wxid_picture_fit(&held->picture, image, length, &fit, &slot->error) != 0) {
        return wxl_fail(L, slot, 0);
    }
    const void *data = wxid_picture_data(held->picture, &length);
    if (data == image) { /* lent back, as it came: his string again, not a copy of it */
        lua_pushvalue(L, 1);
    } else {
        lua_pushlstring(L, data, length);
    }
    wxid_picture_free(held->picture); /* at once: to the collector it is small */
    held->picture = NULL;
    return 1;
}
