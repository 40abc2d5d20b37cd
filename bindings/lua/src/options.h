/* Tables of options: settings, and what is to be recognised. Raw access only, so that no metamethod
 * of the caller's runs while C borrows the strings; a store's methods, which may be found by one,
 * are looked for before. The functions return 0, or 2 after
 * wxl_refuse(). */
#ifndef WXL_OPTIONS_H
#define WXL_OPTIONS_H

#include "compat.h"
#include <wxidcard.h>

/* Refuses what is no table, with the name of what it is for. */
int wxl_need_table(lua_State *L, int index, const char *what);

/* How many values wxl_read_settings() leaves on the stack. */
#define WXL_KEPT 2

/* Reads the core's settings; texts are lent by the table at the index. Pushes the WXL_KEPT values
 * that the binding keeps itself, each of which may be nil: the function, and the store. */
int wxl_read_settings(lua_State *L, int index, wxid_settings *settings);
/* Which of them a setting is, from 1; 0 for one that C takes. */
int wxl_place_kept(const wxid_setting_info *info);

/* How many values wxl_read_recognition() leaves on the stack. */
#define WXL_BORROWED 4

/* Reads img, img_file, img_url and type, and pushes the WXL_BORROWED strings (or nils) that the
 * recognition borrows: they stay where the collector sees them for as long as it is used. extra:
 * names, ended by NULL, that the table may have besides. Stores, too, whether there is a path. */
int wxl_read_recognition(lua_State *L, int index, wxid_recognition *recognition, int *of_path,
                         const char *const *extra);

/* Refuses a name that is not in the list ended by NULL. */
int wxl_refuse_unknown(lua_State *L, int index, const char *const *names);

#endif
