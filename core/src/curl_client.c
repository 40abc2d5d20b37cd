/* The blocking driver: asks a call for its next step and carries it out. */
#include "wxidcard_curl.h"

#include "curl_blocking.h"
#include "curl_failure.h"
#include "curl_pool.h"
#include "curl_renewer.h"
#include "curl_system.h"

#include <stdatomic.h>
#include <stdlib.h>

struct wxid_client {
    wxid_session *session;
    /* Replaced by the first call after a fork. Renewals have a pool of their own: all connections
     * of the other may be in use, and none must wait for a renewal. */
    _Atomic(wxid__pool *) pool;
    _Atomic(wxid__pool *) renewal_pool; /* NULL until it is needed */
    atomic_int closed;
    wxid__renewer renewer;
    _Atomic(wxid_call *) due; /* a renewal that hooks->background was told of */
};

static int fail_closed(wxid_error **error)
{
    return wxid__fail_as(error, WXID_KIND_USAGE, "the client is closed: make a new one");
}

/* ---- Beginning and end ---- */

int wxid_client_new(wxid_client **client, const wxid_settings *settings, wxid_error **error)
{
    wxid_client *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return wxid__fail_as(error, WXID_KIND_MEMORY, "out of memory");
    }
    if (wxid_session_new(&made->session, settings, error) != 0) {
        free(made);
        return -1;
    }
    wxid__pool *pool = NULL;
    if (wxid__libcurl_ready()) {
        pool = wxid__pool_new(wxid_session_settings(made->session));
    }
    if (pool == NULL) {
        wxid_session_free(made->session);
        free(made);
        return wxid__libcurl_ready()
                   ? wxid__fail_as(error, WXID_KIND_MEMORY, "out of memory")
                   : wxid__fail_as(error, WXID_KIND_SYSTEM, "libcurl could not be initialised");
    }
    atomic_init(&made->pool, pool);
    atomic_init(&made->renewal_pool, NULL);
    atomic_init(&made->closed, 0);
    atomic_init(&made->due, NULL);
    wxid__renewer_init(&made->renewer);
    wxid_session_share(made->session);
    *client = made;
    return 0;
}

/* A forked child leaves the parent's connections alone. */
static void discard(wxid__pool *pool)
{
    if (pool != NULL && wxid__pool_is_ours(pool)) {
        wxid__pool_free(pool);
    } else if (pool != NULL) {
        wxid__pool_abandon(pool);
    }
}

void wxid_client_free(wxid_client *client)
{
    if (client != NULL) {
        atomic_store(&client->closed, 1);
        wxid__renewer_join(&client->renewer);
        wxid_call_free(atomic_load(&client->due));
        discard(atomic_load(&client->renewal_pool));
        discard(atomic_load(&client->pool));
        wxid_session_free(client->session);
        free(client);
    }
}

void wxid_client_close(wxid_client *client)
{
    wxid__pool *pools[] = {atomic_load(&client->pool), atomic_load(&client->renewal_pool)};
    atomic_store(&client->closed, 1);
    for (size_t i = 0; i < 2; i++) {
        if (pools[i] != NULL && wxid__pool_is_ours(pools[i])) {
            wxid__pool_close(pools[i]);
        }
    }
}

int wxid_client_is_closed(const wxid_client *client)
{
    return atomic_load(&client->closed);
}

wxid_session *wxid_client_session(wxid_client *client)
{
    return client->session;
}

/* ---- Driving ---- */

/* The pool of this process. One that came by fork() is abandoned, as it is: its locks may be held
 * by threads that do not exist here, and closing its connections would write a goodbye on the
 * parent's. */
static wxid__pool *own_pool(wxid_client *client, _Atomic(wxid__pool *) *where)
{
    wxid__pool *pool = atomic_load(where);
    if (pool != NULL && wxid__pool_is_ours(pool)) {
        return pool;
    }
    wxid__pool *made = wxid__pool_new(wxid_session_settings(client->session));
    if (made == NULL) {
        return NULL;
    }
    wxid__pool *current = pool;
    if (!atomic_compare_exchange_strong(where, &current, made)) {
        wxid__pool_free(made); /* another thread was first */
        return current;
    }
    if (pool != NULL) {
        wxid__pool_abandon(pool);
    }
    return made;
}

static void send_request(wxid_client *client, _Atomic(wxid__pool *) *where, wxid__caller *caller)
{
    wxid__pool *pool = own_pool(client, where);
    if (pool == NULL) {
        wxid_call_abandon(caller->call, wxid_error_new(WXID_KIND_MEMORY, "out of memory"));
        return;
    }
    wxid__slot *slot = wxid__pool_take(pool, caller);
    if (slot == NULL) {
        return; /* the next step says why */
    }
    wxid__blocking_send(slot, caller, wxid__pool_means(pool));
    if (!caller->forked) {
        wxid__pool_give(pool, slot);
    }
}

static void wait_out(wxid__caller *caller)
{
    wxid_error *error = NULL;
    wxid__caller_wait(caller, wxid_call_wait_ms(caller->call));
    int64_t now = wxid__now_ms();
    if (wxid_call_step(caller->call, now) == WXID_STEP_WAIT &&
        wxid_call_answer_waited(caller->call, now, &error) != 0) {
        wxid_call_abandon(caller->call, error);
    }
}

static int drive(wxid_client *client, _Atomic(wxid__pool *) *where, wxid_call *call,
                 const wxid_hooks *hooks, wxid_error **error)
{
    wxid__caller caller;
    if (wxid_client_is_closed(client)) {
        return fail_closed(error);
    }
    if (hooks != NULL && hooks->version != WXID_HOOKS_VERSION) {
        return wxid__fail_as(error, WXID_KIND_USAGE,
                             "hooks of another version: begin with WXID_HOOKS_INIT");
    }
    wxid__caller_init(&caller, call, hooks);
    for (;;) {
        switch (wxid_call_step(call, wxid__now_ms())) {
        case WXID_STEP_TOKEN:
            wxid__caller_token(&caller);
            break;
        case WXID_STEP_SEND:
            send_request(client, where, &caller);
            break;
        case WXID_STEP_WAIT:
            wait_out(&caller);
            break;
        case WXID_STEP_STORE:
            wxid__caller_store(&caller);
            break;
        case WXID_STEP_DONE:
            return 0;
        }
    }
}

int wxid_client_drive(wxid_client *client, wxid_call *call, const wxid_hooks *hooks,
                      wxid_error **error)
{
    return drive(client, &client->pool, call, hooks, error);
}

/* ---- Renewing the token ---- */

void wxid__client_drive_renewal(wxid_client *client, wxid_call *call, const wxid_hooks *hooks)
{
    (void)drive(client, &client->renewal_pool, call, hooks, NULL);
    wxid_call_free(call);
}

void wxid_client_renew(wxid_client *client, const wxid_hooks *hooks)
{
    wxid_call *call = atomic_exchange(&client->due, NULL);
    if (call == NULL &&
        !wxid_call_new_renewal(&call, client->session, wxid__now_ms(), wxid__random_seed())) {
        return;
    }
    wxid__client_drive_renewal(client, call, hooks);
}

/* Whether the caller's own thread has to do it: a store may be used by nobody else. */
static int renews_itself(wxid_client *client, const wxid_hooks *hooks)
{
    return wxid_session_settings(client->session)->token_store != 0 &&
           (hooks == NULL || hooks->background == NULL);
}

/* Has a stale token renewed beside the call. What cannot be arranged now is tried by the next. */
static void renew_beside(wxid_client *client, const wxid_hooks *hooks)
{
    wxid_call *call = NULL;
    if (!wxid_call_new_renewal(&call, client->session, wxid__now_ms(), wxid__random_seed())) {
        return;
    }
    if (hooks == NULL || hooks->background == NULL) {
        if (wxid__renewer_start(&client->renewer, client, call) != 0) {
            wxid_call_free(call);
        }
        return;
    }
    wxid_call_free(atomic_exchange(&client->due, call));
    if (hooks->background(hooks->context, client) != 0) {
        wxid_call_free(atomic_exchange(&client->due, NULL));
    }
}

int wxid_client_refresh_token(wxid_client *client, int force, const wxid_hooks *hooks,
                              wxid_error **error)
{
    wxid_call *call = NULL;
    const char *token = NULL;
    int64_t life_s = 0;
    if (wxid_client_is_closed(client)) {
        return fail_closed(error);
    }
    if (wxid_call_new_refresh(&call, client->session, force, wxid__now_ms(), wxid__random_seed(),
                              error) != 0) {
        return -1;
    }
    int result = wxid_client_drive(client, call, hooks, error);
    if (result == 0) {
        result = wxid_call_take_token(&token, &life_s, call, error);
    }
    wxid_call_free(call);
    return result;
}

/* ---- Recognising ---- */

int wxid_client_recognize(wxid_value **card, wxid_client *client,
                          const wxid_recognition *recognition, const wxid_hooks *hooks,
                          wxid_error **error)
{
    wxid_call *call = NULL;
    if (wxid_client_is_closed(client)) { /* before the picture is read */
        return fail_closed(error);
    }
    if (wxid_call_new_recognition(&call, client->session, recognition, wxid__now_ms(),
                                  wxid__random_seed(), error) != 0) {
        return -1;
    }
    int itself = renews_itself(client, hooks);
    if (!itself) {
        renew_beside(client, hooks);
    }
    int result = wxid_client_drive(client, call, hooks, error);
    if (result == 0) {
        result = wxid_call_take_card(card, call, error);
    }
    wxid_call_free(call);
    if (itself) {
        wxid_client_renew(client, hooks);
    }
    return result;
}
