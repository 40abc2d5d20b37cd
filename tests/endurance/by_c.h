/* Clients of the driver in C, by their names. */
#ifndef ENDURANCE_BY_C_H
#define ENDURANCE_BY_C_H

#include <cjson/cJSON.h>
#include <wxidcard_curl.h>

/* What was allocated, unless it is NULL: then the program ends. */
void *or_die(void *allocated);
/* A member that must be there. */
const cJSON *member(const cJSON *object, const char *name);

/* The client of a task, made if this is its first; lent until end_task(). Threads: any number. */
wxid_client *begin_task(const cJSON *task);
/* Closes and frees the client if that was its last task. */
void end_task(const cJSON *task);
/* The same for all that are open, when no task is under way; those that last only with all. */
void close_clients(int all);

#endif
