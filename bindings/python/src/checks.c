/* Numbers and cards checked, converted and masked: Python's objects in, the core's reports out. */
#include "binding.h"

#include <time.h>

/* NULL for None; the text is lent by the argument. */
static int read_today(const char **today, PyObject *argument)
{
    *today = NULL;
    return argument == Py_None ? 0 : wxpy_read_text(today, argument, "today");
}

/* New reference: the bytes of a str. Any str has some: what no UTF-8 can say is for the core to
 * refuse. */
static PyObject *bytes_of(PyObject *text)
{
    return PyUnicode_AsEncodedString(text, "utf-8", "surrogatepass");
}

/* New reference: the bytes of a number, or NULL with an exception. */
static PyObject *read_number(PyObject *argument)
{
    return PyUnicode_Check(argument) ? bytes_of(argument)
                                     : wxpy_refuse_type(argument, "number", "a str");
}

static wxid_type type_of(PyObject *object)
{
    if (object == Py_None) {
        return WXID_TYPE_NULL;
    }
    if (PyUnicode_Check(object)) {
        return WXID_TYPE_STRING;
    }
    if (PyBool_Check(object)) {
        return WXID_TYPE_BOOLEAN;
    }
    if (PyLong_Check(object)) {
        return WXID_TYPE_INTEGER;
    }
    return PyFloat_Check(object) ? WXID_TYPE_NUMBER : WXID_TYPE_OBJECT;
}

static int add_field(module_state *state, wxid_value *card, PyObject *name, PyObject *value)
{
    wxid_error *error = NULL;
    if (!PyUnicode_Check(name)) {
        PyErr_SetString(PyExc_TypeError, "the fields of a card have names: its keys must be str");
        return -1;
    }
    wxid_type type = type_of(value);
    PyObject *name_bytes = bytes_of(name);
    PyObject *text_bytes = type == WXID_TYPE_STRING ? bytes_of(value) : PyBytes_FromString("");
    int failed = name_bytes == NULL || text_bytes == NULL;
    if (!failed &&
        wxid_card_add(card, PyBytes_AsString(name_bytes), (size_t)PyBytes_Size(name_bytes), type,
                      PyBytes_AsString(text_bytes), (size_t)PyBytes_Size(text_bytes),
                      &error) != 0) {
        wxpy_raise(state, error);
        failed = 1;
    }
    Py_XDECREF(name_bytes);
    Py_XDECREF(text_bytes);
    return failed ? -1 : 0;
}

static int add_fields(module_state *state, wxid_value *card, PyObject *dict)
{
    /* A copy, as dict(…) makes it: in the order that a subclass has, which PyDict_Items() would not
     * ask for; and whatever happens to the dict meanwhile, it stays. */
    PyObject *copy = PyDict_New();
    int failed = copy == NULL || PyDict_Update(copy, dict) < 0;
    PyObject *items = failed ? NULL : PyDict_Items(copy);
    failed = items == NULL;
    for (Py_ssize_t i = 0; !failed && i < PyList_Size(items); i++) {
        PyObject *item = PyList_GetItem(items, i); /* borrowed references */
        failed = add_field(state, card, PyTuple_GetItem(item, 0), PyTuple_GetItem(item, 1)) < 0;
    }
    Py_XDECREF(items);
    Py_XDECREF(copy);
    return failed ? -1 : 0;
}

/* Stores a card that the caller frees. */
static int read_card(module_state *state, wxid_value **card, PyObject *dict, const char *name)
{
    wxid_value *made = NULL;
    wxid_error *error = NULL;
    if (!PyDict_Check(dict)) {
        wxpy_refuse_type(dict, name, "a card as recognize() returns it, a dict");
        return -1;
    }
    if (wxid_card_new(&made, &error) != 0) {
        wxpy_raise(state, error);
        return -1;
    }
    if (add_fields(state, made, dict) < 0) {
        wxid_value_free(made);
        return -1;
    }
    *card = made;
    return 0;
}

/* Says what a field of cards must be in Python's words, before the core says it in C's. */
static int check_texts(PyObject *dict)
{
    const char *name;
    for (size_t i = 0; (name = wxid_card_field_at(i)) != NULL; i++) {
        PyObject *value = wxpy_member(dict, name); /* borrowed reference */
        if (value == NULL && PyErr_Occurred() != NULL) {
            return -1;
        }
        if (value != NULL && value != Py_None && !PyUnicode_Check(value)) {
            wxpy_refuse_type(value, name, "a str or None");
            return -1;
        }
    }
    return 0;
}

/* One side for a check; None is no side. */
static int read_side(module_state *state, wxid_value **card, PyObject *argument, const char *name)
{
    if (argument == Py_None) {
        return 0;
    }
    if (PyDict_Check(argument) && check_texts(argument) < 0) {
        return -1;
    }
    return read_card(state, card, argument, name);
}

/* New reference to what the core made, or the exception for what it refused. */
static PyObject *outcome(module_state *state, int failed, wxid_value *value, wxid_error *error)
{
    return failed ? wxpy_raise(state, error) : wxpy_take_value(value);
}

static PyObject *check_id(PyObject *module, PyObject *arguments)
{
    PyObject *number, *day; /* borrowed references */
    const char *today;
    if (!PyArg_ParseTuple(arguments, "OO:check_id", &number, &day) || read_today(&today, day) < 0) {
        return NULL;
    }
    PyObject *bytes = read_number(number);
    if (bytes == NULL) {
        return NULL;
    }
    wxid_value *report = NULL;
    wxid_error *error = NULL;
    int failed = wxid_check_id(&report, PyBytes_AsString(bytes), (size_t)PyBytes_Size(bytes), today,
                               (int64_t)time(NULL), &error);
    Py_DECREF(bytes);
    return outcome(wxpy_state(module), failed, report, error);
}

static PyObject *convert_id(PyObject *module, PyObject *number)
{
    PyObject *bytes = read_number(number);
    if (bytes == NULL) {
        return NULL;
    }
    wxid_value *converted = NULL;
    wxid_error *error = NULL;
    int failed =
        wxid_convert_id(&converted, PyBytes_AsString(bytes), (size_t)PyBytes_Size(bytes), &error);
    Py_DECREF(bytes);
    return outcome(wxpy_state(module), failed, converted, error);
}

static PyObject *check(PyObject *module, PyObject *arguments)
{
    module_state *state = wxpy_state(module);
    PyObject *first, *second, *day; /* borrowed references */
    const char *today;
    wxid_value *front = NULL;
    wxid_value *back = NULL;
    PyObject *result = NULL;
    if (!PyArg_ParseTuple(arguments, "OOO:check", &first, &second, &day) ||
        read_today(&today, day) < 0) {
        return NULL;
    }
    if (read_side(state, &front, first, "front") == 0 &&
        read_side(state, &back, second, "back") == 0) {
        wxid_value *report = NULL;
        wxid_error *error = NULL;
        int failed = wxid_check(&report, front, back, today, (int64_t)time(NULL), &error);
        result = outcome(state, failed, report, error);
    }
    wxid_value_free(front);
    wxid_value_free(back);
    return result;
}

static PyObject *mask(PyObject *module, PyObject *dict)
{
    module_state *state = wxpy_state(module);
    wxid_value *card = NULL;
    if (read_card(state, &card, dict, "card") < 0) {
        return NULL;
    }
    wxid_value *masked = NULL;
    wxid_error *error = NULL;
    int failed = wxid_mask(&masked, card, &error);
    wxid_value_free(card);
    return outcome(state, failed, masked, error);
}

PyMethodDef wxpy_check_methods[] = {
    {"check_id", check_id, METH_VARARGS, "check_id(number, today): wxidcard.check_id's report."},
    {"convert_id", convert_id, METH_O, "convert_id(number): 18 characters for 15 digits."},
    {"check", check, METH_VARARGS, "check(front, back, today): wxidcard.check's report."},
    {"mask", mask, METH_O, "mask(card): a copy for logs."},
    {NULL, NULL, 0, NULL},
};
