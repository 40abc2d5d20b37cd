#include "address.h"

#include "characters.h"
#include "regions.h"

#include <string.h>

/* A run of Chinese characters that ends like the name of a region. */
typedef struct level {
    const char *const *endings;
    const char *const *impostors; /* endings that only look like it */
    const char *const *barriers;  /* what no such name has before its end */
    size_t most;                  /* characters */
} level;

static const char *const city_endings[] = {"市", "盟", "地区", "自治州", NULL};
static const char *const district_endings[] = {"区", "县", "旗", "市", NULL};
static const char *const none[] = {NULL};
static const char *const impostors[] = {"小区", "社区", "校区", "园区", "厂区", "院区",
                                        "工区", "景区", "街区", "住区", "片区", "库区",
                                        "菜市", "超市", "夜市", "集市", "门市", NULL};
/* A city's name holds no district's. */
static const char *const city_barriers[] = {"区", "县", "旗", NULL};
/* From the third character on these belong to streets and houses; before, there are 路南区 and
 * 新乡市. */
static const char *const streets[] = {"路", "街", "道", "巷", "村", "镇", "乡", "号",
                                      "弄", "栋", "楼", "室", "组", "屯", NULL};
/* The one city that has one there. */
static const char exception[] = "景德镇市";

static const level city = {city_endings, none, city_barriers, 12};
static const level district = {district_endings, impostors, none, 15};

static int begins_with(const char *text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strncmp(text, *words, strlen(*words)) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Whether the text ends, `length` bytes from its start, with one of the words. */
static int ends_with(const char *text, size_t length, const char *const *words)
{
    for (; *words != NULL; words++) {
        size_t size = strlen(*words);
        if (length >= size && memcmp(text + length - size, *words, size) == 0) {
            return 1;
        }
    }
    return 0;
}

/* The bytes of the shortest run that is a name of this level; 0 if there is none. */
static size_t length_of(const char *text, const level *wanted)
{
    const char *rest = text;
    for (size_t count = 1; count <= wanted->most; count++) {
        const char *before = rest;
        if (!wxid__is_han(wxid__next_character(&rest)) ||
            (count > 2 && begins_with(before, streets))) {
            return 0;
        }
        size_t length = (size_t)(rest - text);
        if (count >= 2 && ends_with(text, length, wanted->endings)) {
            return ends_with(text, length, wanted->impostors) ? 0 : length;
        }
        if (begins_with(before, wanted->barriers)) {
            return 0;
        }
    }
    return 0;
}

static size_t province_length(const char *address)
{
    const char *name;
    for (size_t i = 0; (name = wxid__province_name_at(i)) != NULL; i++) {
        if (strncmp(address, name, strlen(name)) == 0) {
            return strlen(name);
        }
    }
    return 0;
}

static size_t city_length(const char *text)
{
    if (strncmp(text, exception, strlen(exception)) == 0) {
        return strlen(exception);
    }
    return length_of(text, &city);
}

size_t wxid__address_district(const char *address)
{
    size_t length = province_length(address);
    length += city_length(address + length);
    return length + length_of(address + length, &district);
}
