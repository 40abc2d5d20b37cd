/* How an address begins. */
#ifndef WXID_ADDRESS_H
#define WXID_ADDRESS_H

#include <stddef.h>

/* The bytes that it takes an address to name its province, city and district, as many of the three
 * as it begins with; 0 if none. In doubt less: what is behind may be a street. */
size_t wxid__address_district(const char *address);

#endif
