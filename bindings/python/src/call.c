/* _core.Call: the call machine, step by step, for drivers written in Python. */
#include "binding.h"

static call_object *call_of(PyObject *self)
{
    return (call_object *)self;
}

call_object *wxpy_call_allocate(module_state *state, PyObject *session)
{
    PyObject *self = PyType_GenericAlloc(state->call_type, 0); /* zeroed, and tracked */
    if (self != NULL) {
        call_of(self)->session = Py_NewRef(session);
    }
    return call_of(self);
}

static int call_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(call_of(self)->session);
    Py_VISIT(call_of(self)->recognition.view.obj);
    return 0;
}

/* No tp_clear: the call needs its session and its picture to the end, and the session's own
 * tp_clear breaks whatever cycle the caller made. */
static void call_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    wxid_call_free(call_of(self)->call);
    wxpy_recognition_clear(&call_of(self)->recognition);
    Py_XDECREF(call_of(self)->session);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

/* The call, or NULL with an exception while an engine has it: it is used by one thread at a time.
 */
static wxid_call *idle_call(PyObject *self)
{
    if (call_of(self)->is_started) {
        PyErr_SetString(PyExc_RuntimeError,
                        "an Engine carries this call out: wait until take() gives it back");
        return NULL;
    }
    return call_of(self)->call;
}

/* New reference to None, or the error raised. */
static PyObject *none_or_raise(PyObject *self, int failed, wxid_error *error)
{
    if (failed != 0) {
        return wxpy_raise(wxpy_state_of(self), error);
    }
    return Py_NewRef(Py_None);
}

static PyObject *call_step(PyObject *self, PyObject *now)
{
    wxid_call *call = idle_call(self);
    if (call == NULL) {
        return NULL;
    }
    long long now_ms = PyLong_AsLongLong(now);
    if (now_ms == -1 && PyErr_Occurred() != NULL) {
        return NULL;
    }
    return PyUnicode_FromString(wxpy_step_name((size_t)wxid_call_step(call, now_ms)));
}

static PyObject *call_time_left_ms(PyObject *self, PyObject *now)
{
    wxid_call *call = idle_call(self);
    if (call == NULL) {
        return NULL;
    }
    long long now_ms = PyLong_AsLongLong(now);
    if (now_ms == -1 && PyErr_Occurred() != NULL) {
        return NULL;
    }
    return PyLong_FromLongLong(wxid_call_time_left_ms(call, now_ms));
}

static PyObject *call_abandon(PyObject *self, PyObject *arguments, PyObject *keywords)
{
    wxid_call *call = idle_call(self);
    if (call == NULL) {
        return NULL;
    }
    static char *names[] = {"kind", "message", NULL};
    const char *kind_name, *message;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "ss:abandon", names, &kind_name,
                                     &message)) {
        return NULL;
    }
    int kind = wxpy_kind_find(kind_name);
    if (kind < 0) {
        return NULL;
    }
    wxid_call_abandon(call, wxid_error_new((wxid_kind)kind, message));
    return Py_NewRef(Py_None);
}

static PyObject *call_failed_token(PyObject *self, void *Py_UNUSED(closure))
{
    wxid_call *call = idle_call(self);
    if (call == NULL) {
        return NULL;
    }
    return wxpy_text_or_none(wxid_call_failed_token(call));
}

static PyObject *call_answer_token(PyObject *self, PyObject *argument)
{
    wxid_call *call = idle_call(self);
    if (call == NULL) {
        return NULL;
    }
    const char *token;
    if (wxpy_read_text(&token, argument, "the token") < 0) {
        return NULL;
    }
    wxid_error *error = NULL;
    int failed = wxid_call_answer_token(call, token, &error);
    return none_or_raise(self, failed, error);
}

static PyObject *call_request(PyObject *self, void *Py_UNUSED(closure))
{
    wxid_call *call = idle_call(self);
    if (call == NULL) {
        return NULL;
    }
    const wxid_request *request = wxid_call_request(call);
    if (request == NULL) {
        return Py_NewRef(Py_None);
    }
    return wxpy_request_new(wxpy_state_of(self), call_of(self), request);
}

static PyObject *call_answer_reply(PyObject *self, PyObject *arguments, PyObject *keywords)
{
    wxid_call *call = idle_call(self);
    if (call == NULL) {
        return NULL;
    }
    static char *names[] = {"now_ms", "status", "body", "retry_after", "date", "request_incomplete",
                            NULL};
    wxid_reply reply = WXID_REPLY_INIT;
    Py_buffer body;
    long long now_ms;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "Liy*|$zzp:answer_reply", names, &now_ms,
                                     &reply.status, &body, &reply.retry_after, &reply.date,
                                     &reply.request_incomplete)) {
        return NULL;
    }
    reply.body = body.buf;
    reply.body_length = (size_t)body.len;
    wxid_error *error = NULL;
    int failed = wxid_call_answer_reply(call, now_ms, &reply, &error);
    PyBuffer_Release(&body);
    return none_or_raise(self, failed, error);
}

static PyObject *call_answer_failure(PyObject *self, PyObject *arguments, PyObject *keywords)
{
    wxid_call *call = idle_call(self);
    if (call == NULL) {
        return NULL;
    }
    static char *names[] = {"now_ms", "failure", "sent", "detail", NULL};
    const char *failure_name, *detail = NULL;
    long long now_ms;
    int sent;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "Lsp|z:answer_failure", names, &now_ms,
                                     &failure_name, &sent, &detail)) {
        return NULL;
    }
    int failure = wxpy_failure_find(failure_name);
    if (failure < 0) {
        return NULL;
    }
    wxid_error *error = NULL;
    int failed =
        wxid_call_answer_failure(call, now_ms, (wxid_failure)failure, sent, detail, &error);
    return none_or_raise(self, failed, error);
}

static PyObject *call_wait_ms(PyObject *self, void *Py_UNUSED(closure))
{
    wxid_call *call = idle_call(self);
    if (call == NULL) {
        return NULL;
    }
    return PyLong_FromLongLong(wxid_call_wait_ms(call));
}

static PyObject *call_answer_waited(PyObject *self, PyObject *now)
{
    wxid_call *call = idle_call(self);
    if (call == NULL) {
        return NULL;
    }
    long long now_ms = PyLong_AsLongLong(now);
    if (now_ms == -1 && PyErr_Occurred() != NULL) {
        return NULL;
    }
    wxid_error *error = NULL;
    int failed = wxid_call_answer_waited(call, now_ms, &error);
    return none_or_raise(self, failed, error);
}

static PyObject *call_store_request(PyObject *self, PyObject *now)
{
    wxid_call *call = idle_call(self);
    if (call == NULL) {
        return NULL;
    }
    long long unix_ms = PyLong_AsLongLong(now);
    if (unix_ms == -1 && PyErr_Occurred() != NULL) {
        return NULL;
    }
    const wxid_store_request *request = wxid_call_store_request(call, unix_ms);
    if (request == NULL) {
        return Py_NewRef(Py_None);
    }
    return Py_BuildValue("(sszL)", wxpy_store_methods[request->action], request->key,
                         request->value, (long long)request->ttl_ms);
}

static PyObject *call_answer_store(PyObject *self, PyObject *arguments, PyObject *keywords)
{
    wxid_call *call = idle_call(self);
    if (call == NULL) {
        return NULL;
    }
    static char *names[] = {"now_ms", "unix_ms", "value", "stored", "failed", NULL};
    wxid_store_answer answer = WXID_STORE_ANSWER_INIT;
    long long now_ms, unix_ms;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "LL|$zpp:answer_store", names, &now_ms,
                                     &unix_ms, &answer.value, &answer.stored, &answer.failed)) {
        return NULL;
    }
    wxid_error *error = NULL;
    int failed = wxid_call_answer_store(call, now_ms, unix_ms, &answer, &error);
    return none_or_raise(self, failed, error);
}

static PyObject *call_take_card(PyObject *self, PyObject *Py_UNUSED(none))
{
    wxid_call *call = idle_call(self);
    if (call == NULL) {
        return NULL;
    }
    wxid_value *card = NULL;
    wxid_error *error = NULL;
    if (wxid_call_take_card(&card, call, &error) < 0) {
        return wxpy_raise(wxpy_state_of(self), error);
    }
    return wxpy_take_value(card);
}

static PyObject *call_take_token(PyObject *self, PyObject *Py_UNUSED(none))
{
    wxid_call *call = idle_call(self);
    if (call == NULL) {
        return NULL;
    }
    const char *token = NULL;
    int64_t expires_in_s = 0;
    wxid_error *error = NULL;
    if (wxid_call_take_token(&token, &expires_in_s, call, &error) < 0) {
        return wxpy_raise(wxpy_state_of(self), error);
    }
    return Py_BuildValue("(sL)", token, (long long)expires_in_s);
}

static PyMethodDef call_methods[] = {
    {"step", call_step, METH_O,
     "step($self, now_ms, /)\n--\n\n"
     "The next step: \"token\", \"send\", \"wait\", \"store\" or \"done\". Asking again without an "
     "answer "
     "gives the\n"
     "same, or \"done\" once the deadline has passed."},
    {"time_left_ms", call_time_left_ms, METH_O,
     "time_left_ms($self, now_ms, /)\n--\n\nMilliseconds until the call's deadline, 0 past it."},
    {"abandon", (PyCFunction)(void (*)(void))call_abandon, METH_VARARGS | METH_KEYWORDS,
     "abandon($self, kind, message)\n--\n\n"
     "Ends the call, at any step, with an error of that kind, such as \"interrupted\"."},
    {"answer_token", call_answer_token, METH_O,
     "answer_token($self, token, /)\n--\n\nAnswers \"token\". A malformed token ends the call."},
    {"answer_reply", (PyCFunction)(void (*)(void))call_answer_reply, METH_VARARGS | METH_KEYWORDS,
     "answer_reply($self, now_ms, status, body, *, retry_after=None, date=None,\n"
     "             request_incomplete=False)\n--\n\n"
     "Answers \"send\" with a whole reply: HTTP status, body (bytes-like, at most MAX_REPLY_BODY "
     "bytes)\n"
     "and the values of the headers Retry-After and Date. request_incomplete: the reply came "
     "before\n"
     "the request had been sent whole."},
    {"answer_failure", (PyCFunction)(void (*)(void))call_answer_failure,
     METH_VARARGS | METH_KEYWORDS,
     "answer_failure($self, now_ms, failure, sent, detail=None)\n--\n\n"
     "Answers \"send\": no whole reply came. failure: one of FAILURES. sent: any byte of the "
     "request may\n"
     "have reached the service. detail: a phrase for the message, with nothing of the request in "
     "it."},
    {"answer_waited", call_answer_waited, METH_O,
     "answer_waited($self, now_ms, /)\n--\n\nAnswers \"wait\": wait_ms has passed."},
    {"store_request", call_store_request, METH_O,
     "store_request($self, unix_ms, /)\n--\n\n"
     "At \"store\": (\"get\", \"set\", \"add\" or \"delete\", key, value or None, milliseconds to "
     "live);\n"
     "None at another step. unix_ms: milliseconds since 1970."},
    {"answer_store", (PyCFunction)(void (*)(void))call_answer_store, METH_VARARGS | METH_KEYWORDS,
     "answer_store($self, now_ms, unix_ms, *, value=None, stored=False, failed=False)\n--\n\n"
     "Answers \"store\". value: of get, None if there is none. stored: of add, whether it was.\n"
     "failed: the store does not work; the call goes on without it."},
    {"take_card", call_take_card, METH_NOARGS,
     "take_card($self, /)\n--\n\nAt \"done\": the card, a dict, once; or raises the error."},
    {"take_token", call_take_token, METH_NOARGS,
     "take_token($self, /)\n--\n\nAt \"done\" of a token fetch: (token, life in seconds); or "
     "raises."},
    {NULL, NULL, 0, NULL},
};

static PyObject *call_is_fetching(PyObject *self, void *Py_UNUSED(closure))
{
    wxid_call *call = idle_call(self);
    return call != NULL ? PyBool_FromLong(wxid_call_is_fetching(call)) : NULL;
}

static PyGetSetDef call_getters[] = {
    {"is_fetching", call_is_fetching, NULL,
     "bool: the call is fetching the session's token, for itself and whoever waits for it.", NULL},
    {"failed_token", call_failed_token, NULL,
     "At \"token\": the token that the service refused, or None.", NULL},
    {"request", call_request, NULL, "At \"send\": the Request; None at another step.", NULL},
    {"wait_ms", call_wait_ms, NULL,
     "At \"wait\": milliseconds from the step on; 0 at another step.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot call_slots[] = {
    {Py_tp_dealloc, call_dealloc},
    {Py_tp_traverse, call_traverse},
    {Py_tp_methods, call_methods},
    {Py_tp_getset, call_getters},
    {Py_tp_doc,
     "One recognition or token fetch as a state machine, which a driver asks for the next\n"
     "step and answers. It does no IO and reads no clock. Made by a Session; to be used\n"
     "from one thread at a time."},
    {0, NULL},
};

PyType_Spec wxpy_call_spec = {
    .name = "wxidcard._core.Call",
    .basicsize = sizeof(call_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION |
             Py_TPFLAGS_IMMUTABLETYPE,
    .slots = call_slots,
};
