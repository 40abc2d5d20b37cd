/* Python's arguments as the core wants them. Ranges are the core's to check: what does not fit a
 * number of the core's is handed on as the largest or smallest, which it refuses. */
#include "binding.h"

#include <math.h>
#include <string.h>

PyObject *wxpy_refuse_type(PyObject *argument, const char *name, const char *wanted)
{
    const char *advice = "";
    if (PyBytes_Check(argument)) {
        advice = ": decode it, value.decode()";
    } else if (PyLong_Check(argument) && !PyBool_Check(argument)) {
        advice = ": write it in quotes";
    }
    PyObject *type_name = PyType_GetName(Py_TYPE(argument));
    if (type_name != NULL) {
        PyErr_Format(PyExc_TypeError, "%s must be %s, not %U%s", name, wanted, type_name, advice);
    }
    Py_XDECREF(type_name);
    return NULL;
}

static int refuse_type(PyObject *argument, const char *name, const char *wanted)
{
    (void)wxpy_refuse_type(argument, name, wanted);
    return -1;
}

PyObject *wxpy_member(PyObject *dict, const char *name)
{
    PyObject *key = PyUnicode_FromString(name);
    PyObject *found = key ? PyDict_GetItemWithError(dict, key) : NULL; /* borrowed reference */
    Py_XDECREF(key);
    return found;
}

int wxpy_read_text(const char **text, PyObject *argument, const char *name)
{
    if (!PyUnicode_Check(argument)) {
        return refuse_type(argument, name, "a str");
    }
    Py_ssize_t length = 0;
    const char *read = PyUnicode_AsUTF8AndSize(argument, &length);
    if (read == NULL) {
        if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) {
            return -1;
        }
        /* The exception that is set would carry the text, a token perhaps. */
        PyErr_Clear();
        PyErr_Format(PyExc_ValueError, "%s must not hold lone surrogates", name);
        return -1;
    }
    if (strlen(read) != (size_t)length) {
        PyErr_Format(PyExc_ValueError, "%s must not hold a NUL character", name);
        return -1;
    }
    *text = read;
    return 0;
}

int wxpy_has_attribute(PyObject *object, const char *name)
{
    PyObject *found = PyObject_GetAttrString(object, name);
    if (found == NULL && PyErr_ExceptionMatches(PyExc_AttributeError)) {
        PyErr_Clear();
        return 0;
    }
    Py_XDECREF(found);
    return found != NULL ? 1 : -1;
}

/* New reference: the argument, or what its __fspath__() returns. PyOS_FSPath() would call it no
 * path when memory is short. */
static PyObject *plain_path(PyObject *argument)
{
    if (PyUnicode_Check(argument) || PyBytes_Check(argument)) {
        return Py_NewRef(argument);
    }
    int is_path = wxpy_has_attribute(argument, "__fspath__");
    if (is_path == 0) {
        PyErr_SetNone(PyExc_TypeError);
    }
    return is_path == 1 ? PyObject_CallMethod(argument, "__fspath__", NULL) : NULL;
}

int wxpy_read_path(PyObject **path, PyObject *argument, const char *name)
{
    PyObject *read = NULL;
    PyObject *plain = plain_path(argument);
    int is_read = plain != NULL && PyUnicode_FSConverter(plain, &read);
    Py_XDECREF(plain);
    if (is_read) {
        *path = read;
        return 0;
    }
    if (PyErr_ExceptionMatches(PyExc_TypeError)) {
        PyErr_Clear();
        PyObject *type_name = PyType_GetName(Py_TYPE(argument));
        if (type_name != NULL) {
            PyErr_Format(PyExc_TypeError, "%s must be a str or an os.PathLike, not %U", name,
                         type_name);
        }
        Py_XDECREF(type_name);
    } else if (PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) {
        PyErr_Clear(); /* it would carry the path */
        PyErr_Format(PyExc_ValueError, "%s cannot be encoded for this file system", name);
    } else if (PyErr_ExceptionMatches(PyExc_ValueError)) {
        PyErr_Clear();
        PyErr_Format(PyExc_ValueError, "%s must not hold a NUL character", name);
    }
    return -1;
}

int wxpy_read_count(int64_t *count, PyObject *argument, const char *name)
{
    if (PyBool_Check(argument) || PyUnicode_Check(argument) || !PyIndex_Check(argument)) {
        PyObject *type_name = PyType_GetName(Py_TYPE(argument));
        if (type_name != NULL) {
            PyErr_Format(PyExc_TypeError, "%s must be an int, not %U", name, type_name);
        }
        Py_XDECREF(type_name);
        return -1;
    }
    PyObject *number = PyNumber_Index(argument);
    if (number == NULL) {
        return -1;
    }
    int overflow = 0;
    long long read = PyLong_AsLongLongAndOverflow(number, &overflow);
    Py_DECREF(number);
    if (read == -1 && PyErr_Occurred() != NULL) {
        return -1;
    }
    if (overflow < 0 || read == WXID_UNSET) {
        read = WXID_UNSET + 1; /* a number of the caller's never means "unset" */
    } else if (overflow > 0) {
        read = INT64_MAX;
    }
    *count = read;
    return 0;
}

int wxpy_read_flag(int64_t *flag, PyObject *argument, const char *name)
{
    if (!PyBool_Check(argument)) {
        PyErr_Format(PyExc_TypeError, "%s must be True or False", name);
        return -1;
    }
    *flag = argument == Py_True;
    return 0;
}

int wxpy_read_duration(int64_t *duration_ms, PyObject *argument, const char *name)
{
    if (PyBool_Check(argument) || !(PyFloat_Check(argument) || PyLong_Check(argument))) {
        PyObject *type_name = PyType_GetName(Py_TYPE(argument));
        if (type_name != NULL) {
            PyErr_Format(PyExc_TypeError, "%s must be a number of seconds, not %U", name,
                         type_name);
        }
        Py_XDECREF(type_name);
        return -1;
    }
    double seconds = PyFloat_AsDouble(argument);
    if (seconds == -1.0 && PyErr_Occurred() != NULL) {
        if (!PyErr_ExceptionMatches(PyExc_OverflowError)) {
            return -1;
        }
        PyErr_Clear();
        seconds = HUGE_VAL;
    }
    if (!isfinite(seconds)) {
        PyErr_Format(PyExc_ValueError, "%s must be a finite number of seconds", name);
        return -1;
    }
    const double limit = 9e15; /* past every time that the core takes, and exact in a double */
    double milliseconds = rint(fmax(-limit, fmin(limit, seconds * 1000.0)));
    if (milliseconds == 0.0 && seconds > 0.0) {
        milliseconds = 1.0; /* a short time is not none */
    }
    *duration_ms = (int64_t)milliseconds;
    return 0;
}
