/* How often a picture is sent when every attempt meets a fault, with retries as they are by
 * default: the core decides it, by the class of the error, and nobody else.
 * tests/python/patience.py asserts the same of the other drivers. */
#include "client/expectations.h"
#include "client/fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of each call. The table's numbers are reckoned with it. */
#define TIMEOUT 2000
#define LATE 250
/* Calls that are made side by side, since most of their time they wait. */
#define AT_ONCE 16

typedef struct meeting {
    char fault[96];
    size_t length;
    const char *word;
    const char *kinds[2]; /* of errors; none: a card */
    int posts[2];         /* of each */
    int connections;      /* -1: nobody is there to count them */
    wxid_client *client;
    result got;
} meeting;

static meeting meetings[256];
static size_t meetings_count;
static atomic_size_t next_meeting;

/* Those that take long by themselves go first. */
static int is_long(const meeting *this)
{
    return strstr(this->fault, "/retry-after-") != NULL ||
           (this->kinds[0] != NULL && strcmp(this->kinds[0], "timeout") == 0);
}

static int compare(const void *a, const void *b)
{
    return is_long(b) - is_long(a);
}

static int is_there(const char *fault)
{
    for (size_t i = 0; i < meetings_count; i++) {
        if (strcmp(meetings[i].fault, fault) == 0) {
            return 1;
        }
    }
    return 0;
}

static meeting *add(const char *fault, size_t length, const char *word)
{
    assert_true(meetings_count < sizeof meetings / sizeof meetings[0]);
    meeting *added = &meetings[meetings_count++];
    *added = (meeting){.length = length, .word = word, .connections = -1};
    (void)snprintf(added->fault, sizeof added->fault, "%s", fault);
    return added;
}

static void read_kinds(meeting *to, const cJSON *item)
{
    int index = 0;
    const cJSON *kind;
    const cJSON *posts = cJSON_GetObjectItem(item, "posts");
    cJSON_ArrayForEach(kind, cJSON_GetObjectItem(item, "kinds"))
    {
        assert_in_range(index, 0, 1);
        to->kinds[index] = cJSON_GetStringValue(kind);
        if (posts != NULL) { /* else there is nobody to send one to */
            to->posts[index] = (int)cJSON_GetNumberValue(cJSON_GetArrayItem(posts, index));
        }
        index++;
    }
}

/* Each fault once, in its first case. */
static void add_faults(void)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, expectations_of("cases"))
    {
        fault_row row = read_expectation(item);
        if (!is_there(row.fault)) {
            read_kinds(add(row.fault, row.length, "http"), item);
        }
    }
    cJSON_ArrayForEach(item, expectations_of("refused"))
    {
        fault_row row = read_expectation(item);
        const cJSON *connections = cJSON_GetObjectItem(item, "connections");
        meeting *added = add(row.fault, row.length, row.listener);
        read_kinds(added, item);
        added->connections = cJSON_IsNumber(connections) ? connections->valueint : -1;
    }
}

/* A token in hand cannot be renewed, so class T is as N here. */
static void add_vectors(void)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, vectors_of_replies())
    {
        char fault[96];
        const char *class = cJSON_GetStringValue(cJSON_GetObjectItem(item, "retry"));
        const cJSON *expected = cJSON_GetObjectItem(item, "expect");
        const cJSON *kind = cJSON_GetObjectItem(cJSON_GetObjectItem(expected, "error"), "kind");
        (void)snprintf(fault, sizeof fault, "vector-%s",
                       cJSON_GetStringValue(cJSON_GetObjectItem(item, "name")));
        meeting *added = add(fault, 2000, "http");
        added->kinds[0] = cJSON_GetStringValue(kind);
        added->posts[0] = class != NULL && strcmp(class, "B") == 0 ? 3 : 1;
    }
}

static void *make_calls(void *context)
{
    size_t number;
    while ((number = atomic_fetch_add(&next_meeting, 1)) < meetings_count) {
        meeting *this = &meetings[number];
        this->got = recognize(this->client, this->length, 1, NULL);
    }
    return context;
}

static void meet_side_by_side(void)
{
    pthread_t threads[AT_ONCE];
    for (size_t i = 0; i < meetings_count; i++) {
        meetings[i].client = new_client((client_options){.word = meetings[i].word,
                                                         .fault = meetings[i].fault,
                                                         .ca_file = server_word("ca"),
                                                         .timeout_ms = TIMEOUT,
                                                         .max_retries = WXID_UNSET});
    }
    for (size_t i = 0; i < AT_ONCE; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, make_calls, NULL), 0);
    }
    for (size_t i = 0; i < AT_ONCE; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

/* Which of the kinds came, or -1; of a card, the first if none is wanted. */
static int index_of_kind(const meeting *this)
{
    if (this->got.ok || this->got.mismatched) {
        return this->kinds[0] == NULL ? 0 : -1;
    }
    for (int i = 0; i < 2; i++) {
        const char *came = wxid_kind_info_at(this->got.kind)->name;
        if (this->kinds[i] != NULL && strcmp(this->kinds[i], came) == 0) {
            return i;
        }
    }
    return -1;
}

static void check(const meeting *this)
{
    char listener[64];
    (void)snprintf(listener, sizeof listener, "listener/%s", this->word);
    seen at_listener = server_seen(listener);
    int is_service = strcmp(this->word, "http") == 0;
    int posts = is_service ? server_seen(this->fault).posts_begun : at_listener.bytes;
    int index = index_of_kind(this);
    if (index < 0 || this->got.elapsed_ms > TIMEOUT + LATE) {
        fail_msg("%s %s, %d ms: %s", this->word, this->fault, (int)this->got.elapsed_ms,
                 this->got.message);
    }
    if (posts != this->posts[index]) {
        fail_msg("%s %s: %d POSTs instead of %d", this->word, this->fault, posts,
                 this->posts[index]);
    }
    if (this->connections >= 0 && at_listener.connections != this->connections) {
        fail_msg("%s: %d connections instead of %d", this->word, at_listener.connections,
                 this->connections);
    }
}

static void note(const meeting *this)
{
    char how[64];
    fault_row row = {.fault = this->fault, .length = this->length};
    (void)snprintf(how, sizeof how, "patient %s", this->word);
    note_meeting(&row, how);
}

static void posts_are_those_of_the_class(void **state)
{
    (void)state;
    add_faults();
    add_vectors();
    qsort(meetings, meetings_count, sizeof meetings[0], compare);
    server_reset();
    meet_side_by_side();
    for (size_t i = 0; i < meetings_count; i++) {
        check(&meetings[i]);
        wxid_client_free(meetings[i].client);
        note(&meetings[i]);
    }
    assert_int_equal(server_seen("listener/other").bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(posts_are_those_of_the_class)};
    return cmocka_run_group_tests(tests, start_with_expectations, stop_with_expectations);
}
