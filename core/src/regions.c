#include "regions.h"

#include "calendar.h"

#include <string.h>

static const struct {
    int code;
    const char *name;
    const char *counties;
} provinces[] = {
#define WXID_PROVINCE(code, name, counties) {code, name, counties},
#include "regions.def"
};

enum { PROVINCE_COUNT = sizeof provinces / sizeof provinces[0] };

/* The index, PROVINCE_COUNT if there is none. */
static size_t find_province(const char digits[2])
{
    size_t i = 0;
    while (i < PROVINCE_COUNT && provinces[i].code != wxid__digits(digits, 2)) {
        i++;
    }
    return i;
}

const char *wxid__province_name(const char digits[2])
{
    size_t index = find_province(digits);
    return index < PROVINCE_COUNT ? provinces[index].name : NULL;
}

const char *wxid__province_name_at(size_t index)
{
    return index < PROVINCE_COUNT ? provinces[index].name : NULL;
}

/* Whether "CC,CC-CC", which a space or the end ends, has the county in it. */
static int is_listed(const char *list, int county)
{
    while (*list != '\0' && *list != ' ') {
        int first = wxid__digits(list, 2);
        int last = first;
        list += 2;
        if (*list == '-') {
            last = wxid__digits(list + 1, 2);
            list += 3;
        }
        if (county >= first && county <= last) {
            return 1;
        }
        list += *list == ',';
    }
    return 0;
}

int wxid__county_known(const char digits[6])
{
    size_t index = find_province(digits);
    if (index == PROVINCE_COUNT) {
        return 0;
    }
    const char *city = provinces[index].counties;
    while (city != NULL && memcmp(city, digits + 2, 2) != 0) {
        city = strchr(city, ' ');
        city = city != NULL ? city + 1 : NULL;
    }
    return city != NULL && is_listed(city + 3, wxid__digits(digits + 4, 2));
}
