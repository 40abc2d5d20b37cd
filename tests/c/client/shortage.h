/* Calls of clients and engines whose allocations fail, those of libcurl among them. For programs
 * named test_memory*, in which the transports are linked. */
#ifndef TEST_CLIENT_SHORTAGE_H
#define TEST_CLIENT_SHORTAGE_H

#include "fixture.h"

/* Group set-up: has libcurl's allocations fail too, and starts the fault server. */
int start_server_and_wrap_libcurl(void **state);
/* Whether an error tells of a lack of memory. Of that libcurl says at times that a name was not
 * resolved, or a header too long. */
int is_of_memory(const wxid_error *error);
/* What the error of a lack of memory seems to be, if it is not kind MEMORY. */
#define SEEMS_OTHERWISE (-2)
/* Frees the error of what failed or not: -1 or SEEMS_OTHERWISE for a lack of memory, which is the
 * only thing that may have gone wrong; else 0. */
int memory_outcome(int failed, wxid_error *error);

#endif
