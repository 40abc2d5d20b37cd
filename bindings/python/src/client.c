/* _core.Client: the blocking client. The GIL is released for the whole of a call; the hooks, which
 * the core calls in the same thread, take it again. */
#include "binding.h"
#include "wxidcard_curl.h"

typedef struct client_object {
    PyObject ob_base;
    wxid_client *client;
    PyObject *provider; /* the token provider, or NULL */
} client_object;

/* One call, for its hooks. */
typedef struct running_call {
    module_state *state;
    PyObject *provider;    /* borrowed reference: the client's */
    PyThreadState *thread; /* while the GIL is released */
    int is_main_thread;    /* signals are Python's main thread's to handle */
} running_call;

static client_object *client_of(PyObject *self)
{
    return (client_object *)self;
}

/* Answers with what the provider returns; -1 with an exception. The GIL is held. */
static int ask_provider(running_call *running, wxid_call *call)
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
    running_call *running = context;
    PyEval_RestoreThread(running->thread);
    int failed = ask_provider(running, call);
    running->thread = PyEval_SaveThread();
    return failed;
}

static int on_tick(void *context)
{
    running_call *running = context;
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

static PyObject *run(PyObject *self, const wxid_recognition *recognition)
{
    module_state *state = wxpy_state_of(self);
    running_call running = {.state = state, .provider = client_of(self)->provider};
    running.is_main_thread = in_main_thread(state);
    if (running.is_main_thread < 0) {
        return NULL;
    }
    wxid_hooks hooks = WXID_HOOKS_INIT;
    hooks.context = &running;
    hooks.token = on_token;
    hooks.tick = on_tick;
    wxid_value *card = NULL;
    wxid_error *error = NULL;
    atomic_fetch_add(&state->in_flight, 1);
    running.thread = PyEval_SaveThread();
    int failed = wxid_client_recognize(&card, client_of(self)->client, recognition, &hooks, &error);
    /* Before the GIL is asked for: a thread that outlives the interpreter does not come back from
     * it. */
    atomic_fetch_sub(&state->in_flight, 1);
    PyEval_RestoreThread(running.thread);
    if (!failed) {
        return wxpy_take_value(card);
    }
    if (wxid_error_kind(error) == WXID_KIND_INTERRUPTED && PyErr_Occurred() == NULL) {
        /* No hook raised: the interpreter ends. This is how a thread goes without a word. */
        PyErr_SetNone(PyExc_SystemExit);
    }
    return wxpy_raise(state, error);
}

static PyObject *client_recognize(PyObject *self, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"image", "img_url", "type", NULL};
    PyObject *image = NULL, *img_url = NULL, *type = NULL;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|O$OO:recognize", names, &image,
                                     &img_url, &type)) {
        return NULL;
    }
    wxid_session *session = wxid_client_session(client_of(self)->client);
    wxpy_recognition recognition;
    if (wxpy_recognition_read(&recognition, image, NULL, img_url, type,
                              wxid_session_settings(session)) < 0) {
        return NULL;
    }
    Py_INCREF(self); /* whatever the provider does, the client outlives its call */
    PyObject *card = run(self, &recognition.values);
    Py_DECREF(self);
    wxpy_recognition_clear(&recognition);
    return card;
}

static PyObject *client_close(PyObject *self, PyObject *Py_UNUSED(none))
{
    PyThreadState *thread = PyEval_SaveThread();
    wxid_client_close(client_of(self)->client);
    PyEval_RestoreThread(thread);
    return Py_NewRef(Py_None);
}

static PyObject *client_closed(PyObject *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(wxid_client_is_closed(client_of(self)->client));
}

static PyObject *client_description(PyObject *self, void *Py_UNUSED(closure))
{
    wxid_session *session = wxid_client_session(client_of(self)->client);
    return wxpy_text_or_none(wxid_session_description(session));
}

static PyObject *client_settings(PyObject *self, void *Py_UNUSED(closure))
{
    wxid_session *session = wxid_client_session(client_of(self)->client);
    return wxpy_settings_dict(wxid_session_settings(session));
}

static PyObject *client_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    wxpy_settings settings;
    if (wxpy_settings_read(&settings, arguments, keywords) < 0) {
        return NULL;
    }
    PyObject *self = PyType_GenericAlloc(type, 0);
    wxid_error *error = NULL;
    if (self != NULL && wxid_client_new(&client_of(self)->client, &settings.values, &error) < 0) {
        wxpy_raise(wxpy_state_of(self), error);
        Py_CLEAR(self);
    }
    if (self != NULL) {
        client_of(self)->provider = Py_XNewRef(settings.provider);
    }
    wxpy_settings_clear(&settings);
    return self;
}

static int client_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(client_of(self)->provider);
    return 0;
}

static int client_clear(PyObject *self)
{
    Py_CLEAR(client_of(self)->provider);
    return 0;
}

static void client_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    client_clear(self);
    wxid_client_free(client_of(self)->client); /* none of its calls runs: each holds the client */
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

static PyMethodDef client_methods[] = {
    {"recognize", (PyCFunction)(void (*)(void))client_recognize, METH_VARARGS | METH_KEYWORDS,
     "recognize($self, image=None, *, img_url=None, type=None)\n--\n\n"
     "What wxidcard.Client.recognize does."},
    {"close", client_close, METH_NOARGS,
     "close($self, /)\n--\n\n"
     "Refuses new calls and closes idle connections; calls in flight end as they would."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef client_getters[] = {
    {"closed", client_closed, NULL, "bool: close() was called.", NULL},
    {"description", client_description, NULL, "str: kind of credential and where to, for a log.",
     NULL},
    {"settings", client_settings, NULL,
     "dict: the settings with the library's defaults filled in; access_token is None in it.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot client_slots[] = {
    {Py_tp_new, client_new},
    {Py_tp_dealloc, client_dealloc},
    {Py_tp_traverse, client_traverse},
    {Py_tp_clear, client_clear},
    {Py_tp_methods, client_methods},
    {Py_tp_getset, client_getters},
    {Py_tp_doc, "Client(**settings)\n--\n\nThe blocking client that wxidcard.Client wraps."},
    {0, NULL},
};

PyType_Spec wxpy_client_spec = {
    .name = "wxidcard._core.Client",
    .basicsize = sizeof(client_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = client_slots,
};
