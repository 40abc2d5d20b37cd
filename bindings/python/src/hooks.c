/* What the caller's own code does during a call: his token provider, his token store, his signal
 * handlers, and the thread that renews a token beside it. The GIL is released for the whole of a
 * call; the hooks, which the core calls in the same thread, take it again. */
#include "binding.h"

#define MILLISECONDS_IN_A_SECOND 1000.0

const char *const wxpy_store_methods[4] = {
    [WXID_STORE_GET] = "get",
    [WXID_STORE_SET] = "set",
    [WXID_STORE_ADD] = "add",
    [WXID_STORE_DELETE] = "delete",
};

const char wxpy_store_warning[] =
    "the token store failed (%s): going on with this process's own token";

/* ---- The token provider ---- */

/* Answers with what the provider returns; -1 with an exception. The GIL is held. */
static int ask_provider(wxpy_running *running, wxid_call *call)
{
    PyObject *failed = wxpy_text_or_none(wxid_call_failed_token(call));
    PyObject *token = failed ? PyObject_CallFunctionObjArgs(running->provider, failed, NULL) : NULL;
    Py_XDECREF(failed);
    const char *text;
    if (token == NULL || wxpy_read_text(&text, token, "what token_provider returns") < 0) {
        Py_XDECREF(token);
        return -1;
    }
    wxid_error *error = NULL;
    int answered = wxid_call_answer_token(call, text, &error);
    Py_DECREF(token);
    if (answered < 0) {
        wxpy_raise(running->state, error);
    }
    return answered;
}

static int on_token(void *context, wxid_call *call)
{
    wxpy_running *running = context;
    PyEval_RestoreThread(running->thread);
    int failed = ask_provider(running, call);
    running->thread = PyEval_SaveThread();
    return failed;
}

/* ---- The token store ---- */

/* New reference: what the method returned. Keys and values are ASCII. */
static PyObject *call_store(PyObject *store, const wxid_store_request *request)
{
    const char *name = wxpy_store_methods[request->action];
    double seconds = (double)request->ttl_ms / MILLISECONDS_IN_A_SECOND;
    switch (request->action) {
    case WXID_STORE_GET:
        return PyObject_CallMethod(store, name, "s", request->key);
    case WXID_STORE_DELETE:
        return PyObject_CallMethod(store, name, "ss", request->key, request->value);
    default:
        return PyObject_CallMethod(store, name, "ssd", request->key, request->value, seconds);
    }
}

/* Takes the result of a method over. */
static int read_result(wxpy_running *running, const wxid_store_request *request, PyObject *result,
                       wxid_store_answer *answer)
{
    int truth = 0;
    if (request->action == WXID_STORE_ADD) {
        truth = PyObject_IsTrue(result);
        answer->stored = truth == 1;
    } else if (request->action == WXID_STORE_GET && result != Py_None) {
        if (wxpy_read_text(&answer->value, result, "what token_store.get returns") < 0) {
            Py_DECREF(result);
            return -1;
        }
        Py_XDECREF(running->value);
        running->value = result;
        return 0;
    }
    Py_DECREF(result);
    return truth < 0 ? -1 : 0;
}

/* With an exception set, which it takes: says in the log what class it is of, and nothing more,
 * since its text may hold an address or a password. */
static void warn_of_store(void)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *name = PyType_GetName((PyTypeObject *)type);
    PyObject *logging = name ? PyImport_ImportModule("logging") : NULL;
    PyObject *logger = logging ? PyObject_CallMethod(logging, "getLogger", "s", "wxidcard") : NULL;
    PyObject *done =
        logger ? PyObject_CallMethod(logger, "warning", "sO", wxpy_store_warning, name) : NULL;
    if (done == NULL) { /* a warning that cannot be given must not fail the call either */
        PyErr_Clear();
    }
    Py_XDECREF(done);
    Py_XDECREF(logger);
    Py_XDECREF(logging);
    Py_XDECREF(name);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
}

/* Returns non-zero, with the exception, for what is meant to end more than the store's work, such
 * as KeyboardInterrupt. The GIL is held. */
static int ask_store(wxpy_running *running, const wxid_store_request *request,
                     wxid_store_answer *answer)
{
    PyObject *result = call_store(running->store, request);
    if (result != NULL && read_result(running, request, result, answer) == 0) {
        return 0;
    }
    if (!PyErr_ExceptionMatches(PyExc_Exception)) {
        return -1;
    }
    warn_of_store();
    answer->failed = 1;
    return 0;
}

static int on_store(void *context, const wxid_store_request *request, wxid_store_answer *answer)
{
    wxpy_running *running = context;
    PyEval_RestoreThread(running->thread);
    int ended = ask_store(running, request, answer);
    running->thread = PyEval_SaveThread();
    return ended;
}

/* ---- The renewal beside a call ---- */

/* A daemon: it must not keep the program alive. At its end it is told to stop, as all calls are. */
static int start_thread(PyObject *client)
{
    PyObject *threading = PyImport_ImportModule("threading");
    PyObject *class = threading ? PyObject_GetAttrString(threading, "Thread") : NULL;
    PyObject *target = class ? PyObject_GetAttrString(client, "renew") : NULL;
    PyObject *keywords = target ? Py_BuildValue("{s:O, s:s, s:O}", "target", target, "name",
                                                "wxidcard-renewal", "daemon", Py_True)
                                : NULL;
    PyObject *none = keywords ? PyTuple_New(0) : NULL;
    PyObject *thread = none ? PyObject_Call(class, none, keywords) : NULL;
    PyObject *started = thread ? PyObject_CallMethod(thread, "start", NULL) : NULL;
    Py_XDECREF(thread);
    Py_XDECREF(none);
    Py_XDECREF(keywords);
    Py_XDECREF(target);
    Py_XDECREF(class);
    Py_XDECREF(threading);
    if (started == NULL) { /* no more threads, or the interpreter ends: a later call tries again */
        PyErr_Clear();
        return -1;
    }
    Py_DECREF(started);
    return 0;
}

static int on_background(void *context, wxid_client *client)
{
    wxpy_running *running = context;
    (void)client;
    if (atomic_load(&running->state->ending)) {
        return -1;
    }
    PyEval_RestoreThread(running->thread);
    int failed = start_thread(running->client);
    running->thread = PyEval_SaveThread();
    return failed;
}

/* ---- Signals and the interpreter's end ---- */

static int on_tick(void *context)
{
    wxpy_running *running = context;
    /* Other threads need no GIL here, and must not wait for one that nobody hands out any more. */
    if (!running->is_main_thread) {
        return atomic_load(&running->state->ending);
    }
    PyEval_RestoreThread(running->thread);
    int signalled = PyErr_CheckSignals();
    running->thread = PyEval_SaveThread();
    return signalled;
}

/* 1 in Python's main thread, 0 in another, -1 with an exception. */
static int in_main_thread(module_state *state)
{
    PyObject *thread = PyObject_CallNoArgs(state->main_thread);
    PyObject *identity = thread ? PyObject_GetAttrString(thread, "ident") : NULL;
    Py_XDECREF(thread);
    if (identity == NULL) {
        return -1;
    }
    unsigned long main_thread = identity == Py_None ? 0 : PyLong_AsUnsignedLong(identity);
    Py_DECREF(identity);
    if (PyErr_Occurred() != NULL) {
        return -1;
    }
    return PyThread_get_thread_ident() == main_thread;
}

/* ---- Beginning and end ---- */

int wxpy_running_begin(wxpy_running *running, PyObject *client, PyObject *provider, PyObject *store)
{
    *running = (wxpy_running){.hooks = WXID_HOOKS_INIT, .client = client};
    running->state = wxpy_state_of(client);
    running->provider = provider;
    running->store = store;
    running->hooks.context = running;
    running->hooks.token = provider != NULL ? on_token : NULL;
    running->hooks.store = store != NULL ? on_store : NULL;
    running->hooks.background = on_background;
    running->hooks.tick = on_tick;
    running->is_main_thread = in_main_thread(running->state);
    if (running->is_main_thread < 0) {
        return -1;
    }
    Py_INCREF(client); /* whatever the hooks do, the client outlives its call */
    atomic_fetch_add(&running->state->in_flight, 1);
    running->thread = PyEval_SaveThread();
    return 0;
}

void wxpy_running_end(wxpy_running *running)
{
    /* Before the GIL is asked for: a thread that outlives the interpreter does not come back from
     * it. */
    atomic_fetch_sub(&running->state->in_flight, 1);
    PyEval_RestoreThread(running->thread);
    Py_CLEAR(running->value);
    Py_DECREF(running->client);
}
