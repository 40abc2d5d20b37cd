/* _core.Engine: carries calls out in a thread that never touches Python, for event loops. */
#include "binding.h"

typedef struct engine_object {
    PyObject ob_base;
    PyObject *session; /* must outlive the engine */
    wxid_engine *engine;
} engine_object;

/* What an engine is given with a call: it keeps both alive until the call comes back. */
typedef struct errand {
    call_object *call;
    PyObject *waiter;
} errand;

static engine_object *engine_of(PyObject *self)
{
    return (engine_object *)self;
}

/* ---- Calls ---- */

static PyObject *start(PyObject *self, call_object *call, PyObject *waiter)
{
    wxid_error *error = NULL;
    uint64_t id = 0;
    errand *given = PyMem_Malloc(sizeof *given);
    if (given == NULL) {
        return PyErr_NoMemory();
    }
    *given = (errand){(call_object *)Py_NewRef((PyObject *)call), Py_NewRef(waiter)};
    call->is_started = 1;
    if (wxid_engine_start(engine_of(self)->engine, call->call, given, &id, &error) != 0) {
        call->is_started = 0;
        Py_DECREF(call);
        Py_DECREF(waiter);
        PyMem_Free(given);
        return wxpy_raise(wxpy_state_of(self), error);
    }
    PyObject *number = PyLong_FromUnsignedLongLong(id);
    if (number == NULL) { /* nobody could cancel it any more, and nobody waits for it */
        wxid_engine_cancel(engine_of(self)->engine, id);
    }
    return number;
}

static PyObject *engine_start(PyObject *self, PyObject *arguments)
{
    PyObject *call = NULL, *waiter = NULL;
    if (!PyArg_ParseTuple(arguments, "OO:start", &call, &waiter)) {
        return NULL;
    }
    if (Py_TYPE(call) != wxpy_state_of(self)->call_type) {
        return wxpy_refuse_type(call, "call", "a Call");
    }
    if (((call_object *)call)->session != engine_of(self)->session) {
        PyErr_SetString(PyExc_ValueError,
                        "the call is another session's: give it to its own engine");
        return NULL;
    }
    if (((call_object *)call)->is_started) {
        PyErr_SetString(PyExc_RuntimeError, "the call has been started: wait until it comes back");
        return NULL;
    }
    return start(self, (call_object *)call, waiter);
}

/* New reference to the waiter; the rest of what it was given with is let go. */
static PyObject *end_errand(errand *given)
{
    PyObject *waiter = given->waiter;
    given->call->is_started = 0;
    Py_DECREF(given->call);
    PyMem_Free(given);
    return waiter;
}

/* One at a time: nothing is allocated, so that none is lost when memory is short. */
static PyObject *engine_take(PyObject *self, PyObject *Py_UNUSED(none))
{
    void *given = NULL;
    return wxid_engine_next(engine_of(self)->engine, &given) ? end_errand(given)
                                                             : Py_NewRef(Py_None);
}

static PyObject *engine_cancel(PyObject *self, PyObject *argument)
{
    unsigned long long id = PyLong_AsUnsignedLongLong(argument);
    if (id == (unsigned long long)-1 && PyErr_Occurred() != NULL) {
        return NULL;
    }
    wxid_engine_cancel(engine_of(self)->engine, id);
    return Py_NewRef(Py_None);
}

static PyObject *engine_fileno(PyObject *self, PyObject *Py_UNUSED(none))
{
    return PyLong_FromLong(wxid_engine_fd(engine_of(self)->engine));
}

static PyObject *engine_close(PyObject *self, PyObject *Py_UNUSED(none))
{
    PyThreadState *thread = PyEval_SaveThread();
    wxid_engine_close(engine_of(self)->engine);
    PyEval_RestoreThread(thread);
    return Py_NewRef(Py_None);
}

/* ---- Beginning and end ---- */

static PyObject *engine_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"session", NULL};
    PyObject *given = NULL;
    wxid_error *error = NULL;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O:Engine", names, &given)) {
        return NULL;
    }
    module_state *state = PyType_GetModuleState(type);
    wxid_session *session = wxpy_session_of(state, given);
    PyObject *self = session != NULL ? PyType_GenericAlloc(type, 0) : NULL;
    if (self == NULL) {
        return NULL;
    }
    engine_of(self)->session = Py_NewRef(given);
    if (wxid_engine_new(&engine_of(self)->engine, session, &error) < 0) {
        Py_DECREF(self);
        return wxpy_raise(state, error);
    }
    return self;
}

static int engine_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(engine_of(self)->session);
    return 0;
}

/* In a forked child no call comes back, and what they were given stays where it is. */
static void engine_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    wxid_engine *engine = engine_of(self)->engine;
    void *given = NULL;
    PyObject_GC_UnTrack(self);
    if (engine != NULL) {
        PyThreadState *thread = PyEval_SaveThread();
        wxid_engine_close(engine);
        PyEval_RestoreThread(thread);
        while (wxid_engine_next(engine, &given)) {
            Py_DECREF(end_errand(given));
        }
        wxid_engine_free(engine);
    }
    Py_XDECREF(engine_of(self)->session);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

static PyMethodDef engine_methods[] = {
    {"start", engine_start, METH_VARARGS,
     "start($self, call, waiter, /)\n--\n\n"
     "Has the steps \"send\" and \"wait\" of a Call carried out, and returns an id for cancel().\n"
     "Until take() gives the waiter back, the call is the engine's. time.monotonic() * 1000 is "
     "its\n"
     "clock. Raises ValueError for an engine that is closed or another process's; OSError."},
    {"take", engine_take, METH_NOARGS,
     "take($self, /)\n--\n\n"
     "The waiter of a call that has come to a step which is not the engine's; None if there is "
     "none."},
    {"cancel", engine_cancel, METH_O,
     "cancel($self, id, /)\n--\n\n"
     "Breaks a call off, at once, with its connection: it comes back soon, with an error."},
    {"fileno", engine_fileno, METH_NOARGS,
     "fileno($self, /)\n--\n\nA descriptor that is readable while take() has something to give."},
    {"close", engine_close, METH_NOARGS,
     "close($self, /)\n--\n\nBreaks all calls off and ends the thread. They come back."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot engine_slots[] = {
    {Py_tp_new, engine_new},
    {Py_tp_dealloc, engine_dealloc},
    {Py_tp_traverse, engine_traverse},
    {Py_tp_methods, engine_methods},
    {Py_tp_doc, "Engine(session)\n--\n\n"
                "Carries out the calls of a Session in a thread of its own, many at once: for a\n"
                "driver that must not wait. The thread is started by the first call.\n"
                "Raises TypeError, OSError."},
    {0, NULL},
};

PyType_Spec wxpy_engine_spec = {
    .name = "wxidcard._core.Engine",
    .basicsize = sizeof(engine_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = engine_slots,
};
