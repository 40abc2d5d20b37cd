/* Calls of an engine, each with a picture of its own, and what came back of them. */
#ifndef TEST_CLIENT_ENGINE_CALLS_H
#define TEST_CLIENT_ENGINE_CALLS_H

#include "fixture.h"

#include <stdatomic.h>

typedef struct engine_call {
    wxid_call *call;
    unsigned char *picture;
    size_t length;
    uint64_t id;
    atomic_int back; /* how often it has come back */
    int turn;        /* which one of those that take_back() took it was, from 1 */
} engine_call;

wxid_engine *new_engine(wxid_client *client);
/* A call that recognizes a picture, by its number. */
void make_call(engine_call *mine, wxid_client *client, size_t length, unsigned number);
/* Hands it to the engine, with itself for the context. */
void start_call(wxid_engine *engine, engine_call *mine);
/* Both, for some calls with small pictures. */
void start_calls(wxid_engine *engine, wxid_client *client, engine_call *calls, size_t count);
/* Takes calls back until it was so many, or the time is over; returns how many it was. Those that
 * are at SEND or WAIT are started again, and do not count. */
int take_back(wxid_engine *engine, int wanted, int patience_ms);
/* What came of a call that is over; frees it. */
result end_call(engine_call *mine);
/* Frees it, whatever its step. */
void drop_call(engine_call *mine);
/* Takes so many calls back, and ends them: each came back once, with a card of its own. */
void assert_all_right(wxid_engine *engine, engine_call *calls, size_t count);
/* The same, and each was broken off. */
void assert_all_interrupted(wxid_engine *engine, engine_call *calls, size_t count);
/* Whether the engine's descriptor is readable now. */
int is_readable(const wxid_engine *engine);

/* Waits until the server counts so many POSTs that began, or connections that are open. */
void wait_for_posts(const char *fault, int wanted);
void wait_for_open(const char *listener, int wanted);

/* Threads of this process, where none is just beginning or ending. */
int count_threads(void);
/* Waits until it is so many: one that was joined is still seen for a moment. */
void wait_for_threads(int wanted);
/* The id of the one that was started last. */
int newest_thread(void);
/* A figure from /proc/self/task/ID/status, "voluntary_ctxt_switches" or, in base 16, "SigBlk". */
uint64_t figure_of_thread(int id, const char *name, int base);

#endif
