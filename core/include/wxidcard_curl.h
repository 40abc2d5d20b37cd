/* wxidcard over libcurl: a blocking client with a pool of connections, and an engine, whose thread
 * carries out many calls at once.
 *
 * The conventions are those of <wxidcard.h>. TLS is always verified. Never call the client in a
 * thread that serves others, such as an event loop's: it waits for the service. The engine is for
 * those.
 */
#ifndef WXIDCARD_CURL_H
#define WXIDCARD_CURL_H

#include "wxidcard.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A session with connections. Threads: any number may call it at once. After fork() the child gets
 * connections of its own and leaves the parent's alone. */
typedef struct wxid_client wxid_client;

#define WXID_HOOKS_VERSION 1

/* What a caller does during a call, in the calling thread. Start from WXID_HOOKS_INIT. */
typedef struct wxid_hooks {
    unsigned version; /* WXID_HOOKS_VERSION */
    void *context;    /* handed to both */
    /* For a client with ask_for_token: answers with wxid_call_answer_token(). Non-zero ends the
     * call with kind INTERRUPTED. */
    int (*token)(void *context, wxid_call *call);
    /* Called about every 50 ms while waiting; non-zero ends the call with kind INTERRUPTED. May be
     * NULL. */
    int (*tick)(void *context);
    /* For a client with token_store: carries out a request and fills the answer in, whose value is
     * lent until the next request. Non-zero ends the call with kind INTERRUPTED. */
    int (*store)(void *context, const wxid_store_request *request, wxid_store_answer *answer);
    /* The token is stale: have wxid_client_renew() called in another thread, soon, with hooks of
     * its own. Non-zero: it could not be arranged, and will be asked again. NULL: the client does
     * it in a thread of its own, without hooks; a client with token_store renews in the calling
     * thread then, after the recognition. */
    int (*background)(void *context, wxid_client *client);
} wxid_hooks;

#define WXID_HOOKS_INIT                                  \
    {                                                    \
        WXID_HOOKS_VERSION, NULL, NULL, NULL, NULL, NULL \
    }

/* Checks the settings; connects to nothing yet. Errors: USAGE, MEMORY, SYSTEM. */
WXID_API int wxid_client_new(wxid_client **client, const wxid_settings *settings,
                             wxid_error **error);
/* Recognises one picture. hooks may be NULL unless the client asks for tokens. Stores a card that
 * the caller frees with wxid_value_free(). Errors: any. */
WXID_API int wxid_client_recognize(wxid_value **card, wxid_client *client,
                                   const wxid_recognition *recognition, const wxid_hooks *hooks,
                                   wxid_error **error);
/* Drives a call of the client's session to DONE. The call's clock is CLOCK_MONOTONIC, in
 * milliseconds. Returns -1, kind USAGE, when the client is closed. */
WXID_API int wxid_client_drive(wxid_client *client, wxid_call *call, const wxid_hooks *hooks,
                               wxid_error **error);
/* Renews the token if it is stale and nobody else is renewing it: what hooks->background asks for.
 * Blocks until it is done or the client is closed; errors are remembered, and told to the calls
 * that need the token. */
WXID_API void wxid_client_renew(wxid_client *client, const wxid_hooks *hooks);
/* Renews the token whatever its age, as wxid_call_new_refresh() says. Errors: its own, and those of
 * the fetch. */
WXID_API int wxid_client_refresh_token(wxid_client *client, int force, const wxid_hooks *hooks,
                                       wxid_error **error);
/* The session, lent: for calls to be given to wxid_client_drive(). */
WXID_API wxid_session *wxid_client_session(wxid_client *client);
/* Refuses new calls and closes idle connections; calls in flight end as they would. */
WXID_API void wxid_client_close(wxid_client *client);
/* 1 after wxid_client_close(). */
WXID_API int wxid_client_is_closed(const wxid_client *client);
/* Closes and frees. No call may be in flight. NULL is allowed. */
WXID_API void wxid_client_free(wxid_client *client);

/* ---- The engine ---- */

/* A thread that carries calls out, any number at once over at most max_connections connections.
 * Whoever starts a call gets it back when its descriptor becomes readable:
 *
 *     wxid_engine_start(engine, call, mine, &id, &error);
 *     ... poll(wxid_engine_fd(engine)) ...
 *     while (wxid_engine_next(engine, &mine)) { ... the step of mine's call ... }
 *
 * No function here waits for the network. Threads: any number may use an engine at once. The thread
 * is started by the first call, with all signals blocked. After fork() an engine is its parent's:
 * in the child nothing can be done with it but to free it. */
typedef struct wxid_engine wxid_engine;

/* Calls that an engine has at once, those that wait for a connection among them. */
#define WXID_ENGINE_MOST_CALLS 65536

/* An engine for the calls of a session, which must outlive it. Errors: SYSTEM, MEMORY. */
WXID_API int wxid_engine_new(wxid_engine **engine, wxid_session *session, wxid_error **error);
/* Hands a call to the engine, whose clock is CLOCK_MONOTONIC, in milliseconds. It carries SEND and
 * WAIT steps out. The call, and what it was lent, are the engine's until wxid_engine_next() gives
 * the context back, with the call at another step: TOKEN and STORE are for the caller to answer,
 * who then starts the call again. Stores an id for wxid_engine_cancel() unless that is NULL.
 * Errors: USAGE when the engine is closed, another process's, or has as many calls as it takes;
 * SYSTEM without a thread; MEMORY. */
WXID_API int wxid_engine_start(wxid_engine *engine, wxid_call *call, void *context, uint64_t *id,
                               wxid_error **error);
/* Breaks a call off, and its connection, at once: it comes back with kind INTERRUPTED, unless it
 * was over already. Nothing happens for an id that came back. */
WXID_API void wxid_engine_cancel(wxid_engine *engine, uint64_t id);
/* A file descriptor that is readable while a call has come back. It is the engine's to close. */
WXID_API int wxid_engine_fd(const wxid_engine *engine);
/* Stores the context of a call that has come back, and returns 1; or returns 0 if there is none. */
WXID_API int wxid_engine_next(wxid_engine *engine, void **context);
/* Breaks all calls off, closes all connections and ends the thread; all calls come back. */
WXID_API void wxid_engine_close(wxid_engine *engine);
/* Closes and frees. The calls that have not come back are the caller's again. NULL is allowed. */
WXID_API void wxid_engine_free(wxid_engine *engine);

#ifdef __cplusplus
}
#endif

#endif
