/* Values of the core as Python's own: exact types, nothing interpreted. */
#include "binding.h"

#include <string.h>

PyObject *wxpy_text_or_none(const char *text)
{
    if (text == NULL) {
        return Py_NewRef(Py_None);
    }
    /* The core hands out UTF-8 only; an error must stay raisable whatever it says. */
    return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
}

static PyObject *string_value(const wxid_value *value)
{
    size_t length = 0;
    const char *text = wxid_value_string(value, &length);
    return PyUnicode_DecodeUTF8(text, (Py_ssize_t)length, "strict");
}

static PyObject *list_value(const wxid_value *value)
{
    size_t count = wxid_value_count(value);
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; list != NULL && i < count; i++) {
        PyObject *member = wxpy_value(wxid_value_at(value, i));
        /* PyList_SetItem takes the reference. */
        if (member == NULL || PyList_SetItem(list, (Py_ssize_t)i, member) < 0) {
            Py_CLEAR(list);
        }
    }
    return list;
}

static PyObject *dict_value(const wxid_value *value)
{
    size_t count = wxid_value_count(value);
    PyObject *dict = PyDict_New();
    for (size_t i = 0; dict != NULL && i < count; i++) {
        PyObject *name = wxpy_text_or_none(wxid_value_name_at(value, i));
        PyObject *member = name ? wxpy_value(wxid_value_at(value, i)) : NULL;
        if (member == NULL || PyDict_SetItem(dict, name, member) < 0) {
            Py_CLEAR(dict);
        }
        Py_XDECREF(member);
        Py_XDECREF(name);
    }
    return dict;
}

/* Recursion is safe: the core nests at most WXID_MAX_DEPTH deep. */
PyObject *wxpy_value(const wxid_value *value)
{
    switch (wxid_value_type(value)) {
    case WXID_TYPE_NULL:
        return Py_NewRef(Py_None);
    case WXID_TYPE_BOOLEAN:
        return PyBool_FromLong(wxid_value_boolean(value));
    case WXID_TYPE_INTEGER:
        return PyLong_FromLongLong(wxid_value_integer(value));
    case WXID_TYPE_NUMBER:
        return PyFloat_FromDouble(wxid_value_number(value));
    case WXID_TYPE_STRING:
        return string_value(value);
    case WXID_TYPE_ARRAY:
        return list_value(value);
    case WXID_TYPE_OBJECT:
        return dict_value(value);
    }
    PyErr_SetString(PyExc_SystemError, "a value of a type that the binding does not know");
    return NULL;
}

PyObject *wxpy_take_value(wxid_value *value)
{
    PyObject *taken = wxpy_value(value);
    wxid_value_free(value);
    return taken;
}
