/* _core.Session: settings, token and retry budget for drivers written in Python. */
#include "binding.h"

typedef struct session_object {
    PyObject ob_base;
    wxid_session *session;
    PyObject *provider; /* the token provider, or NULL */
    PyObject *store;    /* the token store, or NULL */
} session_object;

static session_object *session_of(PyObject *self)
{
    return (session_object *)self;
}

wxid_session *wxpy_session_of(module_state *state, PyObject *object)
{
    if (Py_TYPE(object) != state->session_type) {
        (void)wxpy_refuse_type(object, "session", "a Session");
        return NULL;
    }
    return session_of(object)->session;
}

static PyObject *session_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    wxpy_settings settings;
    if (wxpy_settings_read(&settings, arguments, keywords) < 0) {
        return NULL;
    }
    PyObject *self = PyType_GenericAlloc(type, 0);
    wxid_error *error = NULL;
    if (self != NULL &&
        wxid_session_new(&session_of(self)->session, &settings.values, &error) < 0) {
        wxpy_raise(wxpy_state_of(self), error);
        Py_CLEAR(self);
    }
    if (self != NULL) {
        session_of(self)->provider = Py_XNewRef(settings.provider);
        session_of(self)->store = Py_XNewRef(settings.store);
    }
    wxpy_settings_clear(&settings);
    return self;
}

static int session_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(session_of(self)->provider);
    Py_VISIT(session_of(self)->store);
    return 0;
}

static int session_clear(PyObject *self)
{
    Py_CLEAR(session_of(self)->provider);
    Py_CLEAR(session_of(self)->store);
    return 0;
}

static void session_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    session_clear(self);
    wxid_session_free(session_of(self)->session);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

/* Reading a file may take long: without the GIL. */
static int start_recognition(call_object *made, wxid_session *session, int64_t now_ms,
                             uint64_t seed, wxid_error **error)
{
    PyThreadState *thread = PyEval_SaveThread();
    int failed = wxid_call_new_recognition(&made->call, session, &made->recognition.values, now_ms,
                                           seed, error);
    PyEval_RestoreThread(thread);
    return failed;
}

static PyObject *session_recognition(PyObject *self, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"now_ms", "seed", "image", "image_path", "img_url", "type", NULL};
    PyObject *image = NULL, *image_path = NULL, *img_url = NULL, *type = NULL;
    long long now_ms;
    unsigned long long seed;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "LK|$OOOO:recognition", names, &now_ms,
                                     &seed, &image, &image_path, &img_url, &type)) {
        return NULL;
    }
    module_state *state = wxpy_state_of(self);
    wxid_session *session = session_of(self)->session;
    call_object *made = wxpy_call_allocate(state, self);
    if (made == NULL) {
        return NULL;
    }
    wxid_error *error = NULL;
    if (wxpy_recognition_read(&made->recognition, image, image_path, img_url, type,
                              wxid_session_settings(session)) < 0) {
        Py_CLEAR(made);
    } else if (start_recognition(made, session, now_ms, seed, &error) < 0) {
        wxpy_raise(state, error);
        Py_CLEAR(made);
    }
    return (PyObject *)made;
}

static PyObject *session_token_fetch(PyObject *self, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"now_ms", "seed", "appid", "secret", "endpoint", "force_refresh", NULL};
    PyObject *appid = NULL, *secret = NULL, *endpoint = NULL;
    wxid_token_fetch fetch = WXID_TOKEN_FETCH_INIT;
    long long now_ms;
    unsigned long long seed;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "LK|$OOOp:token_fetch", names, &now_ms,
                                     &seed, &appid, &secret, &endpoint, &fetch.force_refresh)) {
        return NULL;
    }
    if ((appid != NULL && wxpy_read_text(&fetch.appid, appid, "appid") < 0) ||
        (secret != NULL && wxpy_read_text(&fetch.secret, secret, "secret") < 0) ||
        (endpoint != NULL && endpoint != Py_None &&
         wxpy_read_text(&fetch.endpoint, endpoint, "endpoint") < 0)) {
        return NULL;
    }
    module_state *state = wxpy_state_of(self);
    call_object *made = wxpy_call_allocate(state, self);
    wxid_error *error = NULL;
    if (made != NULL && wxid_call_new_token_fetch(&made->call, session_of(self)->session, &fetch,
                                                  now_ms, seed, &error) < 0) {
        wxpy_raise(state, error);
        Py_CLEAR(made);
    }
    return (PyObject *)made;
}

static PyObject *session_renewal(PyObject *self, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"now_ms", "seed", NULL};
    long long now_ms;
    unsigned long long seed;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "LK:renewal", names, &now_ms, &seed)) {
        return NULL;
    }
    call_object *made = wxpy_call_allocate(wxpy_state_of(self), self);
    if (made != NULL &&
        !wxid_call_new_renewal(&made->call, session_of(self)->session, now_ms, seed)) {
        Py_DECREF(made);
        return Py_NewRef(Py_None);
    }
    return (PyObject *)made;
}

static PyObject *session_refresh(PyObject *self, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"now_ms", "seed", "force", NULL};
    long long now_ms;
    unsigned long long seed;
    int force = 0;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "LK|$p:refresh", names, &now_ms, &seed,
                                     &force)) {
        return NULL;
    }
    module_state *state = wxpy_state_of(self);
    call_object *made = wxpy_call_allocate(state, self);
    wxid_error *error = NULL;
    if (made != NULL && wxid_call_new_refresh(&made->call, session_of(self)->session, force, now_ms,
                                              seed, &error) < 0) {
        wxpy_raise(state, error);
        Py_CLEAR(made);
    }
    return (PyObject *)made;
}

static PyObject *session_share(PyObject *self, PyObject *Py_UNUSED(none))
{
    wxid_session_share(session_of(self)->session);
    return Py_NewRef(Py_None);
}

static PyObject *session_settings(PyObject *self, void *Py_UNUSED(closure))
{
    return wxpy_settings_dict(wxid_session_settings(session_of(self)->session));
}

static PyObject *session_description(PyObject *self, void *Py_UNUSED(closure))
{
    return wxpy_text_or_none(wxid_session_description(session_of(self)->session));
}

static PyObject *session_provider(PyObject *self, void *Py_UNUSED(closure))
{
    PyObject *provider = session_of(self)->provider;
    return Py_NewRef(provider != NULL ? provider : Py_None);
}

static PyObject *session_store(PyObject *self, void *Py_UNUSED(closure))
{
    PyObject *store = session_of(self)->store;
    return Py_NewRef(store != NULL ? store : Py_None);
}

static PyMethodDef session_methods[] = {
    {"recognition", (PyCFunction)(void (*)(void))session_recognition, METH_VARARGS | METH_KEYWORDS,
     "recognition($self, now_ms, seed, *, image=None, image_path=None, img_url=None, "
     "type=None)\n--\n\n"
     "A Call that recognises one picture; exactly one of image, image_path and img_url.\n\n"
     "now_ms: milliseconds of a monotonic clock. seed: 64 random bits. image: what "
     "Client.recognize\n"
     "takes; bytes-like memory is lent until the call is gone.\n"
     "Raises ValueError, TypeError, OSError, ImageInputError."},
    {"token_fetch", (PyCFunction)(void (*)(void))session_token_fetch, METH_VARARGS | METH_KEYWORDS,
     "token_fetch($self, now_ms, seed, *, appid, secret, endpoint=None, "
     "force_refresh=False)\n--\n\n"
     "A Call that fetches an access token, as wxid_token_fetch of wxidcard.h says.\n"
     "Raises ValueError, TypeError."},
    {"renewal", (PyCFunction)(void (*)(void))session_renewal, METH_VARARGS | METH_KEYWORDS,
     "renewal($self, now_ms, seed)\n--\n\n"
     "A Call that renews the session's token, to be driven beside others, if it is stale and\n"
     "nobody is renewing it; else None."},
    {"refresh", (PyCFunction)(void (*)(void))session_refresh, METH_VARARGS | METH_KEYWORDS,
     "refresh($self, now_ms, seed, *, force=False)\n--\n\n"
     "A Call that renews the session's token whatever its age, as wxid_call_new_refresh of\n"
     "wxidcard.h says.\n"
     "Raises ValueError, RateLimitError."},
    {"share", session_share, METH_NOARGS,
     "share($self, /)\n--\n\n"
     "Has its token in common with the sessions and clients of this process that have the same\n"
     "account. now_ms must be time.monotonic() * 1000 then. To be called before the first call."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef session_getters[] = {
    {"settings", session_settings, NULL,
     "dict: the settings with the library's defaults filled in; credentials are None in it.", NULL},
    {"description", session_description, NULL, "str: kind of credential and where to, for a log.",
     NULL},
    {"token_provider", session_provider, NULL, "The function that was given, or None.", NULL},
    {"token_store", session_store, NULL, "The store that was given, or None.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot session_slots[] = {
    {Py_tp_new, session_new},
    {Py_tp_dealloc, session_dealloc},
    {Py_tp_traverse, session_traverse},
    {Py_tp_clear, session_clear},
    {Py_tp_methods, session_methods},
    {Py_tp_getset, session_getters},
    {Py_tp_doc, "Session(**settings)\n--\n\n"
                "Settings and retry budget that calls share: for a driver in Python.\n\n"
                "Takes the settings of wxidcard.Client. Usable from any number of threads.\n"
                "Raises TypeError, ValueError."},
    {0, NULL},
};

PyType_Spec wxpy_session_spec = {
    .name = "wxidcard._core.Session",
    .basicsize = sizeof(session_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = session_slots,
};
