/* An engine whose allocations fail in turn, those of its thread and of libcurl among them: a call
 * ends with kind MEMORY or as it would, and the engine goes on. */
#include "client/engine_calls.h"
#include "support/failing_memory.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#define SMALL 3000
/* With these and its own pipe the engine has room for no more sockets. */
#define STALLED 15
#define STALLS "never-answers/first-15"

typedef struct scene {
    wxid_client *client;
    wxid_engine *engine;
    wxid_recognition recognition;
    engine_call mine;
} scene;

static void begin_scene(scene *all, const char *fault)
{
    *all = (scene){.recognition = WXID_RECOGNITION_INIT};
    all->client = new_client((client_options){.fault = fault, .timeout_ms = 60000 * slowness()});
    all->mine.picture = new_picture(SMALL, 1);
    all->mine.length = SMALL;
    all->recognition.image = all->mine.picture;
    all->recognition.image_length = SMALL;
}

static void end_scene(scene *all)
{
    wxid_client_free(all->client);
    free(all->mine.picture);
}

/* Of a lack of memory libcurl says at times that a name was not resolved, or a header too long. */
static int is_of_memory(const wxid_error *error)
{
    return wxid_error_kind(error) == WXID_KIND_MEMORY ||
           strstr(wxid_error_message(error), "not resolved") != NULL ||
           strstr(wxid_error_message(error), "headers without end") != NULL;
}

/* -1 for a lack of memory, which is the only thing that may have gone wrong. */
static int outcome(int failed, wxid_error *error)
{
    if (failed && !is_of_memory(error)) {
        fail_msg("%s", wxid_error_message(error));
    }
    wxid_error_free(error);
    return failed ? -1 : 0;
}

static int take_outcome(wxid_call *call)
{
    wxid_value *card = NULL;
    wxid_error *error = NULL;
    int failed = wxid_call_take_card(&card, call, &error);
    wxid_value_free(card);
    wxid_call_free(call);
    return outcome(failed, error);
}

static int one_call(void *context)
{
    scene *all = context;
    wxid_call *call = NULL;
    wxid_error *error = NULL;
    wxid_session *session = wxid_client_session(all->client);
    if (wxid_call_new_recognition(&call, session, &all->recognition, now_ms(), 1, &error) != 0) {
        return outcome(-1, error);
    }
    all->mine.call = call;
    if (wxid_engine_start(all->engine, call, &all->mine, NULL, &error) != 0) {
        wxid_call_free(call);
        return outcome(-1, error);
    }
    assert_int_equal(take_back(all->engine, 1, 20000 * slowness()), 1);
    have_memory();
    return take_outcome(call);
}

static void calls_end_and_the_engine_goes_on(void **state)
{
    scene all;
    engine_call stalled[STALLED];
    (void)state;
    begin_scene(&all, STALLS);
    server_reset();
    all.engine = new_engine(all.client);
    start_calls(all.engine, all.client, stalled, STALLED);
    wait_for_posts(STALLS, STALLED);
    every_allocation_fails(one_call, &all);
    wxid_engine_close(all.engine);
    assert_all_interrupted(all.engine, stalled, STALLED);
    wxid_engine_free(all.engine);
    end_scene(&all);
}

static int engine_and_call(void *context)
{
    scene *all = context;
    wxid_error *error = NULL;
    if (wxid_engine_new(&all->engine, wxid_client_session(all->client), &error) != 0) {
        return outcome(-1, error);
    }
    int failed = one_call(all);
    wxid_engine_free(all->engine);
    return failed;
}

static void engines_are_made_or_not(void **state)
{
    scene all;
    int before = count_descriptors();
    (void)state;
    begin_scene(&all, "ok");
    every_allocation_fails(engine_and_call, &all);
    end_scene(&all);
    assert_int_equal(count_descriptors(), before);
}

/* ---- libcurl's allocations ---- */

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void __wrap_free(void *memory);

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = __wrap_malloc(size);
    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

static int wrap_libcurl(void **state)
{
    CURLcode code = curl_global_init_mem(CURL_GLOBAL_DEFAULT, __wrap_malloc, __wrap_free,
                                         __wrap_realloc, copy_text, __wrap_calloc);
    return code == CURLE_OK ? start_server(state) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_end_and_the_engine_goes_on),
        cmocka_unit_test(engines_are_made_or_not),
    };
    return cmocka_run_group_tests(tests, wrap_libcurl, stop_server);
}
