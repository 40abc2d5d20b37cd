#include "by_c.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct entry {
    struct entry *next;
    char *name;
    wxid_client *client;
    int left; /* tasks that are still to end; not above 0 if it lasts */
} entry;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static entry *entries;

/* Settings by the core's own table of them. */
static wxid_settings read_settings(const cJSON *given)
{
    wxid_settings settings = WXID_SETTINGS_INIT;
    const wxid_setting_info *info;
    for (size_t i = 0; (info = wxid_setting_info_at(i)) != NULL; i++) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(given, info->name);
        char *field = (char *)&settings + info->offset;
        if (cJSON_IsString(value)) {
            memcpy(field, &value->valuestring, sizeof(const char *));
        } else if (cJSON_IsNumber(value)) {
            int64_t number = (int64_t)value->valuedouble;
            memcpy(field, &number, sizeof number);
        }
    }
    return settings;
}

static wxid_client *new_client(const cJSON *given)
{
    wxid_settings settings = read_settings(given);
    wxid_client *client = NULL;
    wxid_error *error = NULL;
    if (wxid_client_new(&client, &settings, &error) != 0) {
        (void)fprintf(stderr, "%s\n", wxid_error_message(error));
        exit(EXIT_FAILURE);
    }
    return client;
}

/* Where the pointer to an entry stands. */
static entry **find(const char *name)
{
    entry **at = &entries;
    while (*at != NULL && strcmp((*at)->name, name) != 0) {
        at = &(*at)->next;
    }
    return at;
}

static void forget(entry **at)
{
    entry *gone = *at;
    *at = gone->next;
    wxid_client_free(gone->client);
    free(gone->name);
    free(gone);
}

wxid_client *begin_task(const cJSON *task)
{
    const char *name = member(task, "client")->valuestring;
    (void)pthread_mutex_lock(&lock);
    entry *found = *find(name);
    if (found == NULL) {
        found = or_die(calloc(1, sizeof *found));
        found->name = or_die(strdup(name));
        found->client = new_client(member(task, "settings"));
        found->left = member(task, "tasks")->valueint;
        found->next = entries;
        entries = found;
    }
    wxid_client *client = found->client;
    (void)pthread_mutex_unlock(&lock);
    return client;
}

void end_task(const cJSON *task)
{
    (void)pthread_mutex_lock(&lock);
    entry **at = find(member(task, "client")->valuestring);
    if (--(*at)->left == 0) {
        forget(at);
    }
    (void)pthread_mutex_unlock(&lock);
}

void close_clients(int all)
{
    for (entry **at = &entries; *at != NULL;) {
        if (all || (*at)->left > 0) {
            forget(at);
        } else {
            at = &(*at)->next;
        }
    }
}
