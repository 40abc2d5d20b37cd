/* _core.Client: the blocking client. */
#include "binding.h"

typedef struct client_object {
    PyObject ob_base;
    wxid_client *client;
    PyObject *provider; /* the token provider, or NULL */
    PyObject *store;    /* the token store, or NULL */
} client_object;

static client_object *client_of(PyObject *self)
{
    return (client_object *)self;
}

static int begin(wxpy_running *running, PyObject *self)
{
    return wxpy_running_begin(running, self, client_of(self)->provider, client_of(self)->store);
}

/* Raises the error that a call ended with, and frees it. Returns NULL. */
static PyObject *raise_end(PyObject *self, wxid_error *error)
{
    if (wxid_error_kind(error) == WXID_KIND_INTERRUPTED && PyErr_Occurred() == NULL) {
        /* No hook raised: the interpreter ends. This is how a thread goes without a word. */
        PyErr_SetNone(PyExc_SystemExit);
    }
    return wxpy_raise(wxpy_state_of(self), error);
}

static PyObject *run(PyObject *self, const wxid_recognition *recognition)
{
    wxpy_running running;
    wxid_value *card = NULL;
    wxid_error *error = NULL;
    if (begin(&running, self) < 0) {
        return NULL;
    }
    int failed =
        wxid_client_recognize(&card, client_of(self)->client, recognition, &running.hooks, &error);
    wxpy_running_end(&running);
    return failed ? raise_end(self, error) : wxpy_take_value(card);
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
    PyObject *card = run(self, &recognition.values);
    wxpy_recognition_clear(&recognition);
    return card;
}

static PyObject *client_refresh_token(PyObject *self, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"force", NULL};
    wxpy_running running;
    wxid_error *error = NULL;
    int force = 0;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|$p:refresh_token", names, &force) ||
        begin(&running, self) < 0) {
        return NULL;
    }
    int failed = wxid_client_refresh_token(client_of(self)->client, force, &running.hooks, &error);
    wxpy_running_end(&running);
    return failed ? raise_end(self, error) : Py_NewRef(Py_None);
}

/* Its errors are remembered by the core; an exception here is the store's or a signal handler's. */
static PyObject *client_renew(PyObject *self, PyObject *Py_UNUSED(none))
{
    wxpy_running running;
    if (begin(&running, self) < 0) {
        return NULL;
    }
    wxid_client_renew(client_of(self)->client, &running.hooks);
    wxpy_running_end(&running);
    return PyErr_Occurred() != NULL ? NULL : Py_NewRef(Py_None);
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
        client_of(self)->store = Py_XNewRef(settings.store);
    }
    wxpy_settings_clear(&settings);
    return self;
}

static int client_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(client_of(self)->provider);
    Py_VISIT(client_of(self)->store);
    return 0;
}

static int client_clear(PyObject *self)
{
    Py_CLEAR(client_of(self)->provider);
    Py_CLEAR(client_of(self)->store);
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
    {"refresh_token", (PyCFunction)(void (*)(void))client_refresh_token,
     METH_VARARGS | METH_KEYWORDS,
     "refresh_token($self, *, force=False)\n--\n\n"
     "What wxidcard.Client.refresh_token does."},
    {"renew", client_renew, METH_NOARGS,
     "renew($self, /)\n--\n\n"
     "Renews the token if it is stale and nobody else does: for the thread beside a call."},
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
     "dict: the settings with the library's defaults filled in; credentials are None in it.", NULL},
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
