/* The regions that numbers begin with. */
#ifndef WXID_REGIONS_H
#define WXID_REGIONS_H

#include <stddef.h>

/* "北京市" for "11…"; NULL if there is no such province. */
const char *wxid__province_name(const char digits[2]);
/* The names by index, from 0; NULL past the end. */
const char *wxid__province_name_at(size_t index);
/* Whether a county has or had these six digits. */
int wxid__county_known(const char digits[6]);

#endif
