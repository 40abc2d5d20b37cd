#include "address.h"

#include "characters.h"
#include "regions.h"

#include <string.h>

/* How the name of a region ends, and how many characters such names have at most: the limit keeps
 * the names of buildings and estates out, which end alike. */
typedef struct ending {
    const char *text;
    size_t most;
} ending;

typedef struct level {
    const ending *endings;        /* ended by a NULL */
    const char *const *barriers;  /* what no such name has before its end */
    const char *const *impostors; /* what ends alike and is none */
    int has_parts;                /* whether `parts` end none of its longer names */
} level;

enum { LONGEST_NAME = 15 };

static const ending city_endings[] = {
    {"市", 5}, {"盟", 5}, {"地区", 6}, {"自治州", 12}, {NULL, 0},
};
static const ending district_endings[] = {
    {"区", 5},     {"县", 5},      {"旗", 7},      {"市", 5}, {"矿区", 6},
    {"联合旗", 9}, {"自治县", 15}, {"自治旗", 15}, {NULL, 0},
};
/* A city's name holds no district's. */
static const char *const city_barriers[] = {"区", "县", "旗", NULL};
static const char *const none[] = {NULL};
/* What only ends like a district: where people live, work and shop. */
static const char *const places[] = {
    "小区",   "社区",   "校区",   "园区",   "厂区",   "院区",   "工区",   "景区",
    "街区",   "住区",   "片区",   "库区",   "开发区", "工业区", "高新区", "示范区",
    "保税区", "度假区", "生活区", "宿舍区", "住宅区", "别墅区", "新城市", "菜市",
    "超市",   "夜市",   "集市",   "门市",   NULL,
};
/* These end the names of districts of three characters (路南区), and the parts of estates. */
static const char *const parts[] = {"东区", "西区", "南区", "北区", NULL};
/* Of these places, what ends like a city; but there is a 辛集市. */
static const char *const towns[] = {"新城市", "菜市", "超市", "夜市", "门市", NULL};
static const level city = {city_endings, city_barriers, towns, 0};
static const level district = {district_endings, none, places, 1};

/* From the third character on these belong to streets and houses; before, there are 路南区 and
 * 新乡市. */
static const char *const streets[] = {"路", "街", "道", "巷", "村", "镇", "乡", "号",
                                      "弄", "栋", "楼", "室", "组", "屯", NULL};
/* Not so in the names of counties of the 东乡族, */
static const char *const people[] = {"乡族", NULL};
/* and of one city. */
static const char exception[] = "景德镇市";

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

/* Whether the run, of so many characters, ends as names of the level do. */
static int ends_like(const char *text, size_t length, size_t count, const ending *endings)
{
    for (; endings->text != NULL; endings++) {
        const char *const words[] = {endings->text, NULL};
        if (count <= endings->most && ends_with(text, length, words)) {
            return 1;
        }
    }
    return 0;
}

static int is_impostor(const char *text, size_t length, size_t count, const level *wanted)
{
    return ends_with(text, length, wanted->impostors) ||
           (wanted->has_parts && count > 3 && ends_with(text, length, parts));
}

/* One character more, where a name of two goes on with what ends names: 红旗区, 津市市. */
static size_t extended(const char *text, size_t length, const level *wanted)
{
    const char *rest = text + length;
    (void)wxid__next_character(&rest);
    size_t longer = (size_t)(rest - text);
    return ends_like(text + length, longer - length, 1, wanted->endings) ? longer : length;
}

/* The bytes of the shortest run of Chinese characters that is a name of this level; 0 if there is
 * none. */
static size_t length_of(const char *text, const level *wanted)
{
    const char *rest = text;
    for (size_t count = 1; count <= LONGEST_NAME; count++) {
        const char *before = rest;
        if (!wxid__is_han(wxid__next_character(&rest)) ||
            (count > 2 && begins_with(before, streets) && !begins_with(before, people))) {
            return 0;
        }
        size_t length = (size_t)(rest - text);
        if (count >= 2 && ends_like(text, length, count, wanted->endings)) {
            if (is_impostor(text, length, count, wanted)) {
                return 0;
            }
            return count == 2 ? extended(text, length, wanted) : length;
        }
        if (begins_with(before, wanted->barriers)) {
            return 0;
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

/* City and district; 0 if there is neither. */
static size_t below_province(const char *text)
{
    size_t length = city_length(text);
    return length + length_of(text + length, &district);
}

/* The bytes of the characters with which both begin. */
static size_t common_length(const char *text, const char *name)
{
    const char *rest = text;
    while (*name != '\0') {
        const char *before = rest;
        if (wxid__next_character(&rest) != wxid__next_character(&name)) {
            return (size_t)(before - text);
        }
    }
    return (size_t)(rest - text);
}

size_t wxid__address_district(const char *address)
{
    const size_t two_characters = strlen("内蒙");
    const char *name;
    size_t common = 0;
    for (size_t i = 0; (name = wxid__province_name_at(i)) != NULL; i++) {
        size_t length = common_length(address, name);
        if (length == strlen(name)) {
            return length + below_province(address + length);
        }
        common = length > common ? length : common;
    }
    /* The short form of a province's name, 内蒙古, is one only if a name follows: there are streets
     * called like that. */
    size_t below = common < two_characters ? 0 : below_province(address + common);
    return below > 0 ? common + below : below_province(address);
}
