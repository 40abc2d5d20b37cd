/* Keywords to wxid_settings and back, by the core's table: no setting is named here. */
#include "binding.h"

#include <string.h>

static void *field_of(wxid_settings *settings, const wxid_setting_info *info)
{
    return (char *)settings + info->offset;
}

static int read_path(wxpy_settings *settings, const char **field, PyObject *argument,
                     const char *name)
{
    PyObject *path = NULL;
    if (wxpy_read_path(&path, argument, name) < 0) {
        return -1;
    }
    *field = PyBytes_AsString(path);
    int appended = PyList_Append(settings->kept, path);
    Py_DECREF(path);
    return appended;
}

/* True stands for the platform's own file, False for none. */
static int read_token_file(wxpy_settings *settings, const char **field, PyObject *argument,
                           const char *name)
{
    if (PyBool_Check(argument)) {
        *field = argument == Py_True ? WXID_CLOUDBASE_TOKEN_FILE : NULL;
        return 0;
    }
    return read_path(settings, field, argument, name);
}

/* Keeps a function or an object of the caller's. */
static int keep(int64_t *field, PyObject **kept, PyObject *argument)
{
    *field = 1;
    Py_XDECREF(*kept);
    *kept = Py_NewRef(argument);
    return 0;
}

static int read_function(wxpy_settings *settings, int64_t *field, PyObject *argument,
                         const char *name)
{
    if (!PyCallable_Check(argument)) {
        PyErr_Format(PyExc_TypeError, "%s must be a function", name);
        return -1;
    }
    return keep(field, &settings->provider, argument);
}

static int read_store(wxpy_settings *settings, int64_t *field, PyObject *argument, const char *name)
{
    for (size_t i = 0; i < sizeof wxpy_store_methods / sizeof wxpy_store_methods[0]; i++) {
        PyObject *method = PyObject_GetAttrString(argument, wxpy_store_methods[i]);
        int callable = method != NULL && PyCallable_Check(method);
        Py_XDECREF(method);
        if (method == NULL && !PyErr_ExceptionMatches(PyExc_AttributeError)) {
            return -1;
        }
        if (!callable) {
            PyErr_Clear();
            PyErr_Format(PyExc_TypeError,
                         "%s must be a FileTokenStore, a RedisTokenStore or another object with "
                         "the methods get, set, add and delete: it has no %s",
                         name, wxpy_store_methods[i]);
            return -1;
        }
    }
    return keep(field, &settings->store, argument);
}

static int read_setting(wxpy_settings *settings, const wxid_setting_info *info, PyObject *argument)
{
    void *field = field_of(&settings->values, info);
    switch (info->type) {
    case WXID_SETTING_TEXT:
        if (wxpy_read_text((const char **)field, argument, info->name) < 0) {
            return -1;
        }
        return PyList_Append(settings->kept, argument);
    case WXID_SETTING_PATH:
        return read_path(settings, field, argument, info->name);
    case WXID_SETTING_TOKEN_FILE:
        return read_token_file(settings, field, argument, info->name);
    case WXID_SETTING_COUNT:
        return wxpy_read_count((int64_t *)field, argument, info->name);
    case WXID_SETTING_DURATION:
        return wxpy_read_duration((int64_t *)field, argument, info->name);
    case WXID_SETTING_FLAG:
        return wxpy_read_flag(field, argument, info->name);
    case WXID_SETTING_FUNCTION:
        return read_function(settings, field, argument, info->name);
    case WXID_SETTING_STORE:
        return read_store(settings, field, argument, info->name);
    }
    PyErr_Format(PyExc_SystemError, "%s has a type that the binding does not know", info->name);
    return -1;
}

/* New reference: the names of all settings. */
static PyObject *setting_names(void)
{
    PyObject *names = PyList_New(0);
    const wxid_setting_info *info;
    for (size_t i = 0; names != NULL && (info = wxid_setting_info_at(i)) != NULL; i++) {
        PyObject *name = PyUnicode_FromString(info->name);
        if (name == NULL || PyList_Append(names, name) < 0) {
            Py_CLEAR(names);
        }
        Py_XDECREF(name);
    }
    return names;
}

/* Raises TypeError with the name, and the right one if it is near. */
static void refuse_keyword(PyObject *keyword, PyObject *names)
{
    PyObject *difflib = PyImport_ImportModule("difflib");
    PyObject *near =
        difflib ? PyObject_CallMethod(difflib, "get_close_matches", "OO", keyword, names) : NULL;
    if (near != NULL && PyList_Size(near) > 0) {
        PyErr_Format(PyExc_TypeError, "there is no setting %R: did you mean %R?", keyword,
                     PyList_GetItem(near, 0)); /* borrowed reference */
    } else if (near != NULL) {
        PyErr_Format(PyExc_TypeError, "there is no setting %R", keyword);
    }
    Py_XDECREF(near);
    Py_XDECREF(difflib);
}

static int refuse_unknown(PyObject *keywords)
{
    PyObject *names = setting_names();
    if (names == NULL) {
        return -1;
    }
    PyObject *keyword; /* borrowed reference */
    Py_ssize_t position = 0;
    int known = 1;
    while (known == 1 && PyDict_Next(keywords, &position, &keyword, NULL)) {
        known = PySequence_Contains(names, keyword);
        if (known == 0) {
            refuse_keyword(keyword, names);
        }
    }
    Py_DECREF(names);
    return known == 1 ? 0 : -1;
}

static int read_all(wxpy_settings *settings, PyObject *keywords)
{
    const wxid_setting_info *info;
    for (size_t i = 0; (info = wxid_setting_info_at(i)) != NULL; i++) {
        PyObject *argument = wxpy_member(keywords, info->name); /* borrowed reference */
        if (argument == NULL && PyErr_Occurred() != NULL) {
            return -1;
        }
        if (argument == NULL || argument == Py_None) {
            continue;
        }
        if (read_setting(settings, info, argument) < 0) {
            return -1;
        }
    }
    return 0;
}

int wxpy_settings_read(wxpy_settings *settings, PyObject *arguments, PyObject *keywords)
{
    *settings = (wxpy_settings){.values = WXID_SETTINGS_INIT};
    if (arguments != NULL && PyTuple_Size(arguments) > 0) {
        PyErr_SetString(PyExc_TypeError, "settings are given by name: access_token=…");
        return -1;
    }
    settings->kept = PyList_New(0);
    if (settings->kept == NULL) {
        return -1;
    }
    if (keywords == NULL) {
        return 0;
    }
    if (refuse_unknown(keywords) < 0 || read_all(settings, keywords) < 0) {
        wxpy_settings_clear(settings);
        return -1;
    }
    return 0;
}

void wxpy_settings_clear(wxpy_settings *settings)
{
    Py_CLEAR(settings->kept);
    Py_CLEAR(settings->provider);
    Py_CLEAR(settings->store);
}

/* New reference: one setting as Python writes it. */
static PyObject *setting_value(const wxid_settings *settings, const wxid_setting_info *info)
{
    const void *field = (const char *)settings + info->offset;
    if (info->type == WXID_SETTING_TEXT) {
        return wxpy_text_or_none(*(const char *const *)field);
    }
    if (info->type == WXID_SETTING_PATH || info->type == WXID_SETTING_TOKEN_FILE) {
        const char *path = *(const char *const *)field;
        if (path == NULL) {
            return Py_NewRef(Py_None);
        }
        return PyUnicode_DecodeFSDefault(path);
    }
    int64_t number = *(const int64_t *)field;
    if (number == WXID_UNSET) {
        return Py_NewRef(Py_None);
    }
    if (info->type == WXID_SETTING_DURATION) {
        return PyFloat_FromDouble((double)number / 1000.0);
    }
    if (info->type == WXID_SETTING_FLAG) {
        return PyBool_FromLong(number != 0);
    }
    return PyLong_FromLongLong(number);
}

PyObject *wxpy_settings_dict(const wxid_settings *settings)
{
    PyObject *dict = PyDict_New();
    const wxid_setting_info *info;
    for (size_t i = 0; dict != NULL && (info = wxid_setting_info_at(i)) != NULL; i++) {
        if (info->type == WXID_SETTING_FUNCTION || info->type == WXID_SETTING_STORE) {
            continue; /* the binding's own, not the core's */
        }
        PyObject *value = setting_value(settings, info);
        if (value == NULL || PyDict_SetItemString(dict, info->name, value) < 0) {
            Py_CLEAR(dict);
        }
        Py_XDECREF(value);
    }
    return dict;
}
