/* The exception classes, made from the core's table, and the one place that raises them. */
#include "binding.h"

/* Attributes that every error has; None stands on the base class where an instance has none. */
static const char *const optional_attributes[] = {"kind", "errcode",     "errmsg", "hint",
                                                  "rid",  "http_status", NULL};

static const char base_meaning[] =
    "Base of every error of the service and of the way to it.\n\n"
    "kind: what went wrong, in one word, such as \"no_card\".\n"
    "errcode: the service's number, or None. errmsg: the service's text, whole, or None.\n"
    "hint, rid: what the service's support asks for, or None.\n"
    "http_status: of the reply, or None. retryable: the same call can succeed later.";

/* Takes value, a new reference or NULL with an exception. */
static int set_attribute(PyObject *target, const char *name, PyObject *value)
{
    int failed = value == NULL || PyObject_SetAttrString(target, name, value) < 0;
    Py_XDECREF(value);
    return failed ? -1 : 0;
}

/* New reference: (base,), or (base, builtin) for a class that is one of the language's too. */
static PyObject *make_bases(PyObject *base, const char *also)
{
    if (also[0] == '\0') {
        return PyTuple_Pack(1, base);
    }
    PyObject *builtins = PyImport_ImportModule("builtins");
    PyObject *builtin = builtins ? PyObject_GetAttrString(builtins, also) : NULL;
    PyObject *bases = builtin ? PyTuple_Pack(2, base, builtin) : NULL;
    Py_XDECREF(builtin);
    Py_XDECREF(builtins);
    return bases;
}

/* Borrowed reference: the class of that name, made when it is not there yet. */
static PyObject *find_or_make(module_state *state, const char *name, const char *base_name,
                              const char *also, const char *meaning)
{
    PyObject *found = wxpy_member(state->error_classes, name); /* borrowed reference */
    if (found != NULL || PyErr_Occurred() != NULL) {
        return found;
    }
    PyObject *base = PyExc_Exception;
    if (base_name != NULL) {
        base = wxpy_member(state->error_classes, base_name); /* borrowed reference */
    }
    if (base == NULL && PyErr_Occurred() != NULL) {
        return NULL;
    }
    if (base == NULL) {
        PyErr_Format(PyExc_SystemError, "the error table has no class %s", base_name);
        return NULL;
    }
    PyObject *full_name = PyUnicode_FromFormat("wxidcard.%s", name);
    const char *full_text = full_name ? PyUnicode_AsUTF8AndSize(full_name, NULL) : NULL;
    PyObject *bases = full_text ? make_bases(base, also) : NULL;
    PyObject *made = bases ? PyErr_NewExceptionWithDoc(full_text, meaning, bases, NULL) : NULL;
    Py_XDECREF(bases);
    Py_XDECREF(full_name);
    if (made != NULL && PyDict_SetItemString(state->error_classes, name, made) < 0) {
        Py_CLEAR(made);
    }
    Py_XDECREF(made); /* the dict holds it */
    return made;
}

static int make_groups(module_state *state)
{
    PyObject *base = find_or_make(state, "Error", NULL, "", base_meaning);
    if (base == NULL || set_attribute(base, "retryable", PyBool_FromLong(0)) < 0) {
        return -1;
    }
    for (size_t i = 0; optional_attributes[i] != NULL; i++) {
        if (PyObject_SetAttrString(base, optional_attributes[i], Py_None) < 0) {
            return -1;
        }
    }
    const wxid_group_info *group;
    for (size_t i = 0; (group = wxid_group_info_at(i)) != NULL; i++) {
        if (find_or_make(state, group->class_name, "Error", "", group->meaning) == NULL) {
            return -1;
        }
    }
    return 0;
}

/* Borrowed reference: the class of a kind, or None for one that the language has itself. */
static PyObject *make_kind(module_state *state, const wxid_kind_info *info)
{
    if (info->class_name[0] == '\0') {
        return Py_None;
    }
    PyObject *made =
        find_or_make(state, info->class_name, info->base_name, info->also, info->meaning);
    if (made == NULL || set_attribute(made, "kind", PyUnicode_FromString(info->name)) < 0 ||
        set_attribute(made, "retryable", PyBool_FromLong(info->retryable)) < 0) {
        return NULL;
    }
    return made;
}

int wxpy_errors_make(module_state *state)
{
    state->error_classes = PyDict_New();
    state->kind_classes = PyTuple_New(WXID_KIND_COUNT);
    if (state->error_classes == NULL || state->kind_classes == NULL || make_groups(state) < 0) {
        return -1;
    }
    const wxid_kind_info *info;
    for (size_t i = 0; (info = wxid_kind_info_at(i)) != NULL; i++) {
        PyObject *made = make_kind(state, info);
        if (made == NULL) {
            return -1;
        }
        Py_INCREF(made); /* PyTuple_SetItem takes a reference */
        if (PyTuple_SetItem(state->kind_classes, (Py_ssize_t)info->kind, made) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Leaves the class's None in place where there is nothing to say. */
static int set_text(PyObject *target, const char *name, const char *text)
{
    return text == NULL ? 0 : set_attribute(target, name, wxpy_text_or_none(text));
}

static int set_attributes(PyObject *exception, const wxid_error *error)
{
    int32_t errcode;
    if (wxid_error_errcode(error, &errcode) &&
        set_attribute(exception, "errcode", PyLong_FromLong(errcode)) < 0) {
        return -1;
    }
    int status = wxid_error_http_status(error);
    if (status != 0 && set_attribute(exception, "http_status", PyLong_FromLong(status)) < 0) {
        return -1;
    }
    if (set_text(exception, "errmsg", wxid_error_errmsg(error)) < 0 ||
        set_text(exception, "hint", wxid_error_hint(error)) < 0 ||
        set_text(exception, "rid", wxid_error_rid(error)) < 0) {
        return -1;
    }
    return set_attribute(exception, "retryable", PyBool_FromLong(wxid_error_retryable(error)));
}

/* The attributes go into the instance's dict: so the exception pickles and copies by itself. */
static void raise_with_attributes(PyObject *class, const wxid_error *error)
{
    PyObject *message = wxpy_text_or_none(wxid_error_message(error));
    PyObject *exception = message ? PyObject_CallFunctionObjArgs(class, message, NULL) : NULL;
    Py_XDECREF(message);
    if (exception != NULL && set_attributes(exception, error) == 0) {
        PyErr_SetObject(class, exception);
    }
    Py_XDECREF(exception);
}

static void raise_system(const wxid_error *error)
{
    int code = wxid_error_system_code(error);
    if (code == 0) {
        PyErr_SetString(PyExc_OSError, wxid_error_message(error));
        return;
    }
    /* Python chooses FileNotFoundError and the like by errno. Paths stay out of it, so the text
     * says which file it was. */
    PyObject *exception =
        PyObject_CallFunction(PyExc_OSError, "is", code, wxid_error_message(error));
    if (exception != NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
        Py_DECREF(exception);
    }
}

PyObject *wxpy_raise(module_state *state, wxid_error *error)
{
    if (PyErr_Occurred() != NULL) {
        wxid_error_free(error);
        return NULL;
    }
    switch (wxid_error_kind(error)) {
    case WXID_KIND_USAGE:
        PyErr_SetString(PyExc_ValueError, wxid_error_message(error));
        break;
    case WXID_KIND_SYSTEM:
        raise_system(error);
        break;
    case WXID_KIND_MEMORY:
        PyErr_NoMemory();
        break;
    case WXID_KIND_INTERRUPTED: /* no exception is pending: a driver abandoned the call */
        PyErr_SetString(PyExc_RuntimeError, wxid_error_message(error));
        break;
    default:
        raise_with_attributes(PyTuple_GetItem(state->kind_classes, /* borrowed reference */
                                              (Py_ssize_t)wxid_error_kind(error)),
                              error);
    }
    wxid_error_free(error);
    return NULL;
}
