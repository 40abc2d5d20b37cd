/* What the blocking client does, by an engine: one for each client, used by all threads. */
#define BY_ENGINE_ITSELF
#include "by_engine.h"
#include "fixture.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

typedef struct driven {
    wxid_client *client;
    wxid_engine *engine;
    struct driven *next;
} driven;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static driven *all;

static driven **find(const wxid_client *client)
{
    driven **at = &all;
    while (*at != NULL && (*at)->client != client) {
        at = &(*at)->next;
    }
    return at;
}

static wxid_engine *engine_of(wxid_client *client)
{
    (void)pthread_mutex_lock(&lock);
    driven **at = find(client);
    if (*at == NULL) {
        *at = calloc(1, sizeof **at);
        assert_non_null(*at);
        (*at)->client = client;
        assert_int_equal(wxid_engine_new(&(*at)->engine, wxid_client_session(client), NULL), 0);
    }
    wxid_engine *engine = (*at)->engine;
    (void)pthread_mutex_unlock(&lock);
    return engine;
}

static void forget(const wxid_client *client)
{
    (void)pthread_mutex_lock(&lock);
    driven **at = find(client);
    driven *found = *at;
    if (found != NULL) {
        *at = found->next;
    }
    (void)pthread_mutex_unlock(&lock);
    if (found != NULL) {
        wxid_engine_free(found->engine);
        free(found);
    }
}

/* Whichever thread takes a call tells the one that it belongs to. */
static int is_over(wxid_engine *engine, const int *mine)
{
    void *context = NULL;
    struct pollfd done = {.fd = wxid_engine_fd(engine), .events = POLLIN};
    (void)poll(&done, 1, 2);
    (void)pthread_mutex_lock(&lock);
    while (wxid_engine_next(engine, &context)) {
        *(int *)context = 1;
    }
    int over = *mine;
    (void)pthread_mutex_unlock(&lock);
    return over;
}

static void carry_out(wxid_engine *engine, wxid_call *call, const wxid_hooks *hooks)
{
    int over = 0;
    int is_cancelled = 0;
    uint64_t id = 0;
    int64_t ticked_ms = now_ms();
    assert_int_equal(wxid_engine_start(engine, call, &over, &id, NULL), 0);
    while (!is_over(engine, &over)) {
        if (hooks != NULL && hooks->tick != NULL && !is_cancelled && now_ms() - ticked_ms >= 50) {
            ticked_ms = now_ms();
            is_cancelled = hooks->tick(hooks->context);
            if (is_cancelled) {
                wxid_engine_cancel(engine, id);
            }
        }
    }
}

int by_engine_recognize(wxid_value **card, wxid_client *client, const wxid_recognition *recognition,
                        const wxid_hooks *hooks, wxid_error **error)
{
    static uint64_t seed;
    wxid_call *call = NULL;
    wxid_step step = WXID_STEP_DONE;
    if (wxid_client_is_closed(client)) {
        return wxid_client_recognize(card, client, recognition, hooks, error);
    }
    (void)pthread_mutex_lock(&lock);
    uint64_t mine = ++seed * 0x9e3779b97f4a7c15u;
    (void)pthread_mutex_unlock(&lock);
    if (wxid_call_new_recognition(&call, wxid_client_session(client), recognition, now_ms(), mine,
                                  error) != 0) {
        return -1;
    }
    while ((step = wxid_call_step(call, now_ms())) != WXID_STEP_DONE) {
        if (step != WXID_STEP_TOKEN) {
            carry_out(engine_of(client), call, hooks);
        } else if (hooks->token(hooks->context, call) != 0) {
            wxid_call_abandon(call, wxid_error_new(WXID_KIND_INTERRUPTED, "ended by a hook"));
        }
    }
    int failed = wxid_call_take_card(card, call, error);
    wxid_call_free(call);
    return failed;
}

void by_engine_free(wxid_client *client)
{
    if (client != NULL) {
        forget(client);
    }
    wxid_client_free(client);
}
