/* An engine whose allocations fail in turn, those of its thread and of libcurl among them: a call
 * comes back once, with kind MEMORY or as it would, and the engine goes on. */
#include "client/account.h"
#include "client/engine_calls.h"
#include "client/shortage.h"
#include "support/failing_memory.h"

#include "token_cache.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define SMALL 3000
/* With these and its own pipe the engine has room for no more sockets. */
#define STALLED 15
#define STALLS "never-answers/first-15"
/* What libcurl has of a connection that was used twice and has not of one that was used once. */
#define KEPT_BLOCKS 1
#define MOST_ALLOCATIONS 5000
#define NO_ERROR (-1)

/* What is wrong, if anything is. A sanitizer ends a process with 1. */
typedef enum verdict {
    RIGHT,
    CRASHED,
    HUNG,
    NOT_BACK,
    BACK_TWICE,
    WRONG_ERROR,
    NEXT_FAILED,
    DESCRIPTOR_LEFT,
    BLOCK_LEFT,
    NOTHING_LACKED /* there were fewer allocations */
} verdict;

static const char *const verdicts[] = {
    [RIGHT] = "right",
    [CRASHED] = "it crashed",
    [HUNG] = "it hung",
    [NOT_BACK] = "the call did not come back",
    [BACK_TWICE] = "the call came back twice",
    [WRONG_ERROR] = "the error is not of memory",
    [NEXT_FAILED] = "the next call failed",
    [DESCRIPTOR_LEFT] = "a descriptor is left",
    [BLOCK_LEFT] = "a block is left",
    [NOTHING_LACKED] = "nothing was lacking",
};

typedef struct scene {
    wxid_client *client;
    wxid_engine *engine;
    wxid_recognition recognition;
    unsigned char *picture;
    int fetches; /* its token */
} scene;

static void begin_scene(scene *all, wxid_client *client)
{
    *all = (scene){.client = client, .recognition = WXID_RECOGNITION_INIT};
    all->picture = new_picture(SMALL, 1);
    all->recognition.image = all->picture;
    all->recognition.image_length = SMALL;
}

static void end_scene(scene *all)
{
    wxid_client_free(all->client);
    free(all->picture);
}

static wxid_client *patient_client(const char *fault)
{
    return new_client((client_options){.fault = fault, .timeout_ms = 60000 * slowness()});
}

/* ---- One call ---- */

/* Whether a call has come back, and it is this one. */
static int comes_back(wxid_engine *engine, const wxid_call *call, int patience_ms)
{
    void *context = NULL;
    struct pollfd done = {.fd = wxid_engine_fd(engine), .events = POLLIN};
    return poll(&done, 1, patience_ms) == 1 && wxid_engine_next(engine, &context) &&
           context == call;
}

/* Until it is over; on its way it comes back for a fetch. Returns -1 if it could not go on. */
static int run_call(wxid_engine *engine, wxid_call *call, wxid_error **error, verdict *its)
{
    do {
        if (wxid_engine_start(engine, call, call, NULL, error) != 0) {
            return -1;
        }
        if (!comes_back(engine, call, 20000 * slowness())) {
            *its = NOT_BACK;
            return 0;
        }
    } while (wxid_call_step(call, now_ms()) != WXID_STEP_DONE);
    have_memory();
    *its = comes_back(engine, call, 0) ? BACK_TWICE : RIGHT;
    return 0;
}

/* Returns the kind it failed with, for lack of memory if the verdict is that all is right; NO_ERROR
 * if it did not. Then there is memory again. */
static int one_call(scene *all, verdict *its)
{
    wxid_call *call = NULL;
    wxid_value *card = NULL;
    wxid_error *error = NULL;
    wxid_session *session = wxid_client_session(all->client);
    *its = RIGHT;
    int failed =
        wxid_call_new_recognition(&call, session, &all->recognition, now_ms(), 1, &error) != 0 ||
        run_call(all->engine, call, &error, its) != 0;
    have_memory();
    if (!failed && *its == RIGHT) {
        failed = wxid_call_take_card(&card, call, &error) != 0;
    }
    int kind = failed ? (int)wxid_error_kind(error) : NO_ERROR;
    if (failed && !is_of_memory(error)) {
        print_error("%s\n", wxid_error_message(error));
        *its = WRONG_ERROR;
    }
    wxid_value_free(card);
    wxid_error_free(error);
    if (*its != NOT_BACK) { /* else it is the engine's */
        wxid_call_free(call);
    }
    return kind;
}

/* Whatever failed, the next one works; but a token endpoint that seemed not to work is left alone
 * for a second. */
static int two_calls(scene *all, verdict *its)
{
    int failed = one_call(all, its);
    int is_left_alone = all->fetches && failed != NO_ERROR && failed != WXID_KIND_MEMORY;
    if (*its == RIGHT && !is_left_alone && one_call(all, its) != NO_ERROR && *its == RIGHT) {
        *its = NEXT_FAILED;
    }
    return failed == NO_ERROR ? 0 : -1;
}

static int calls_end_well(void *context)
{
    verdict its = RIGHT;
    int failed = two_calls(context, &its);
    if (its != RIGHT) {
        fail_msg("%s", verdicts[its]);
    }
    return failed;
}

static void calls_end_and_the_engine_goes_on(void **state)
{
    scene all;
    engine_call stalled[STALLED];
    (void)state;
    begin_scene(&all, patient_client(STALLS));
    server_reset();
    all.engine = new_engine(all.client);
    start_calls(all.engine, all.client, stalled, STALLED);
    wait_for_posts(STALLS, STALLED);
    every_allocation_fails_beside(KEPT_BLOCKS, calls_end_well, &all);
    wxid_engine_close(all.engine);
    assert_all_interrupted(all.engine, stalled, STALLED);
    wxid_engine_free(all.engine);
    end_scene(&all);
}

/* ---- The engine's own ---- */

static int engine_and_calls(void *context)
{
    scene *all = context;
    wxid_error *error = NULL;
    int before = count_descriptors();
    if (wxid_engine_new(&all->engine, wxid_client_session(all->client), &error) != 0) {
        return memory_outcome(-1, error);
    }
    int failed = calls_end_well(all);
    wxid_engine_free(all->engine);
    assert_int_equal(count_descriptors(), before);
    return failed;
}

static void engines_are_made_or_not(void **state)
{
    scene all;
    (void)state;
    begin_scene(&all, patient_client("ok"));
    every_allocation_fails(engine_and_calls, &all);
    end_scene(&all);
}

/* ---- In processes of their own, with clients that fetch their token ---- */

static verdict engine_lives(scene *all)
{
    verdict its = RIGHT;
    wxid_error *error = NULL;
    wxid_session *session = wxid_client_session(all->client);
    if (wxid_engine_new(&all->engine, session, &error) != 0) {
        its = is_of_memory(error) ? RIGHT : WRONG_ERROR;
        wxid_error_free(error);
        have_memory();
        if (wxid_engine_new(&all->engine, session, NULL) != 0) {
            return NEXT_FAILED;
        }
    }
    if (its == RIGHT) {
        (void)two_calls(all, &its);
    }
    wxid_engine_free(all->engine);
    return its;
}

/* Nothing is asserted here: cmocka would go on with the next test in this process. */
static verdict live_without(scene *all, long n, int from_there_on)
{
    int descriptors = count_descriptors();
    long blocks = blocks_in_use();
    all->client = new_account("tokens-closing", 0);
    lack_memory(n, from_there_on);
    verdict its = engine_lives(all);
    int lacked = have_lacked_memory();
    have_memory();
    wxid_client_free(all->client);
    wxid__token_cache_forget_unused();
    if (its != RIGHT) {
        return its;
    }
    if (count_descriptors() != descriptors) {
        return DESCRIPTOR_LEFT;
    }
    if (blocks_in_use() != blocks) {
        return BLOCK_LEFT;
    }
    return lacked ? RIGHT : NOTHING_LACKED;
}

static verdict verdict_of_child(scene *all, long n, int from_there_on)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        (void)alarm((unsigned)(30 * slowness()));
        _exit((int)live_without(all, n, from_there_on));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
        return WTERMSIG(status) == SIGALRM ? HUNG : CRASHED;
    }
    return WEXITSTATUS(status) <= NOTHING_LACKED ? (verdict)WEXITSTATUS(status) : CRASHED;
}

/* Until nothing is lacking any more. Where each takes long, some of them will do. */
static void all_children_live(scene *all, int from_there_on)
{
    long n = 0;
    verdict its = RIGHT;
    while ((its = verdict_of_child(all, n, from_there_on)) == RIGHT) {
        n += slowness();
        assert_true(n < MOST_ALLOCATIONS);
    }
    if (its != NOTHING_LACKED) {
        fail_msg("%ld allocations, then %s: %s", n, from_there_on ? "none" : "all but one",
                 verdicts[its]);
    }
    assert_true(n > 100);
}

static void processes_go_on(void **state)
{
    scene all;
    (void)state;
    begin_scene(&all, new_account("tokens-closing", 0));
    all.fetches = 1;
    all.engine = new_engine(all.client);
    verdict its = RIGHT;
    assert_int_equal(two_calls(&all, &its), 0); /* what is done once in a process is done here */
    assert_int_equal(its, RIGHT);
    wxid_engine_free(all.engine);
    wxid_client_free(all.client);
    wxid__token_cache_forget_unused();
    all_children_live(&all, 0);
    all_children_live(&all, 1);
    free(all.picture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_end_and_the_engine_goes_on),
        cmocka_unit_test(engines_are_made_or_not),
        cmocka_unit_test(processes_go_on),
    };
    return cmocka_run_group_tests(tests, start_server_and_wrap_libcurl, stop_server);
}
