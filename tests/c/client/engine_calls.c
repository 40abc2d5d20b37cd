#include "engine_calls.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALL 3000

wxid_engine *new_engine(wxid_client *client)
{
    wxid_engine *engine = NULL;
    wxid_error *error = NULL;
    if (wxid_engine_new(&engine, wxid_client_session(client), &error) != 0) {
        fail_msg("%s", wxid_error_message(error));
    }
    return engine;
}

void make_call(engine_call *mine, wxid_client *client, size_t length, unsigned number)
{
    wxid_recognition recognition = WXID_RECOGNITION_INIT;
    *mine = (engine_call){.picture = new_picture(length, number), .length = length};
    recognition.image = mine->picture;
    recognition.image_length = length;
    assert_int_equal(wxid_call_new_recognition(&mine->call, wxid_client_session(client),
                                               &recognition, now_ms(), number, NULL),
                     0);
}

void start_call(wxid_engine *engine, engine_call *mine)
{
    wxid_error *error = NULL;
    if (wxid_engine_start(engine, mine->call, mine, &mine->id, &error) != 0) {
        fail_msg("%s", wxid_error_message(error));
    }
}

void start_calls(wxid_engine *engine, wxid_client *client, engine_call *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        make_call(&calls[i], client, SMALL, (unsigned)i);
        start_call(engine, &calls[i]);
    }
}

/* One that has come back on its way, with nothing for its caller to do, is started again. */
static int goes_on(wxid_engine *engine, engine_call *mine)
{
    wxid_step step = wxid_call_step(mine->call, now_ms());
    if (step != WXID_STEP_SEND && step != WXID_STEP_WAIT) {
        return 0;
    }
    start_call(engine, mine);
    return 1;
}

int take_back(wxid_engine *engine, int wanted, int patience_ms)
{
    int taken = 0;
    void *context = NULL;
    int64_t until_ms = now_ms() + patience_ms;
    struct pollfd done = {.fd = wxid_engine_fd(engine), .events = POLLIN};
    while (taken < wanted) {
        int64_t left_ms = until_ms - now_ms();
        if (poll(&done, 1, left_ms > 0 ? (int)left_ms : 0) != 1) {
            break;
        }
        while (taken < wanted && wxid_engine_next(engine, &context)) {
            engine_call *mine = context;
            if (!goes_on(engine, mine)) {
                mine->back++;
                mine->turn = ++taken;
            }
        }
    }
    return taken;
}

result end_call(engine_call *mine)
{
    result got = take_result(mine->call, mine->picture, mine->length);
    drop_call(mine);
    return got;
}

void drop_call(engine_call *mine)
{
    wxid_call_free(mine->call);
    free(mine->picture);
    mine->call = NULL;
    mine->picture = NULL;
}

void assert_all_right(wxid_engine *engine, engine_call *calls, size_t count)
{
    assert_int_equal(take_back(engine, (int)count, 20000 * slowness()), count);
    for (size_t i = 0; i < count; i++) {
        result got = end_call(&calls[i]);
        if (!got.ok) {
            fail_msg("call %zu: %s", i, got.mismatched ? "another call's card" : got.message);
        }
        assert_int_equal(calls[i].back, 1);
    }
}

void assert_all_interrupted(wxid_engine *engine, engine_call *calls, size_t count)
{
    assert_int_equal(take_back(engine, (int)count, 5000 * slowness()), count);
    for (size_t i = 0; i < count; i++) {
        result got = end_call(&calls[i]);
        if (got.ok || got.kind != WXID_KIND_INTERRUPTED) {
            fail_msg("call %zu: %s", i, got.ok ? "a card" : got.message);
        }
        assert_int_equal(calls[i].back, 1);
    }
}

int is_readable(const wxid_engine *engine)
{
    struct pollfd done = {.fd = wxid_engine_fd(engine), .events = POLLIN};
    return poll(&done, 1, 0) == 1;
}

void wait_for_posts(const char *fault, int wanted)
{
    int64_t until_ms = now_ms() + 10000 * slowness();
    while (server_seen(fault).posts_begun < wanted && now_ms() < until_ms) {
        sleep_ms(5);
    }
    assert_int_equal(server_seen(fault).posts_begun, wanted);
}

/* The one that asks is among those of "listener/http", and so is at times the one before. */
void wait_for_open(const char *listener, int wanted)
{
    int open = 0;
    int64_t until_ms = now_ms() + 10000 * slowness();
    wanted += strcmp(listener, "listener/http") == 0;
    while ((open = server_seen(listener).open) != wanted && now_ms() < until_ms) {
        sleep_ms(5);
    }
    assert_int_equal(open, wanted);
}

static int list_threads(int *newest)
{
    int count = 0;
    const struct dirent *entry;
    DIR *folder = opendir("/proc/self/task");
    assert_non_null(folder);
    *newest = 0;
    while ((entry = readdir(folder)) != NULL) {
        int id = atoi(entry->d_name);
        *newest = id > *newest ? id : *newest;
        count += id > 0;
    }
    (void)closedir(folder);
    return count;
}

static void *do_nothing(void *context)
{
    return context;
}

/* A sanitizer has a thread of its own, from when the program has one. */
int count_threads(void)
{
    int newest = 0;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, do_nothing, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    sleep_ms(20);
    return list_threads(&newest);
}

void wait_for_threads(int wanted)
{
    int newest = 0;
    int64_t until_ms = now_ms() + 2000 * slowness();
    while (list_threads(&newest) != wanted && now_ms() < until_ms) {
        sleep_ms(1);
    }
    assert_int_equal(list_threads(&newest), wanted);
}

int newest_thread(void)
{
    int newest = 0;
    assert_true(list_threads(&newest) > 1);
    return newest;
}

uint64_t figure_of_thread(int id, const char *name, int base)
{
    char path[64];
    char line[256];
    uint64_t figure = 0;
    size_t length = strlen(name);
    (void)snprintf(path, sizeof path, "/proc/self/task/%d/status", id);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, length) == 0 && line[length] == ':') {
            figure = strtoull(line + length + 1, NULL, base);
        }
    }
    (void)fclose(file);
    return figure;
}
