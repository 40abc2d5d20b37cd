/* The core's tables as lists of dicts: for tests, documentation and tools. */
#include "binding.h"

/* Appends a dict, a new reference or NULL with an exception, to the list. */
static int append(PyObject *list, PyObject *row)
{
    int failed = row == NULL || PyList_Append(list, row) < 0;
    Py_XDECREF(row);
    return failed ? -1 : 0;
}

static PyObject *kind_row(const wxid_kind_info *info)
{
    return Py_BuildValue("{s:s, s:s, s:s, s:s, s:N, s:s}", "name", info->name, "class_name",
                         info->class_name, "base_name", info->base_name, "also", info->also,
                         "retryable", PyBool_FromLong(info->retryable), "meaning", info->meaning);
}

static PyObject *kind_table(PyObject *module, PyObject *Py_UNUSED(none))
{
    (void)module;
    PyObject *list = PyList_New(0);
    const wxid_kind_info *info;
    for (size_t i = 0; list != NULL && (info = wxid_kind_info_at(i)) != NULL; i++) {
        if (append(list, kind_row(info)) < 0) {
            Py_CLEAR(list);
        }
    }
    return list;
}

static PyObject *group_table(PyObject *module, PyObject *Py_UNUSED(none))
{
    (void)module;
    PyObject *list = PyList_New(0);
    const wxid_group_info *info;
    for (size_t i = 0; list != NULL && (info = wxid_group_info_at(i)) != NULL; i++) {
        if (append(list, Py_BuildValue("{s:s, s:s}", "class_name", info->class_name, "meaning",
                                       info->meaning)) < 0) {
            Py_CLEAR(list);
        }
    }
    return list;
}

/* The kind's name is found by its number: rows need not stand in the enum's order. */
static const char *kind_name(wxid_kind kind)
{
    const wxid_kind_info *info;
    for (size_t i = 0; (info = wxid_kind_info_at(i)) != NULL; i++) {
        if (info->kind == kind) {
            return info->name;
        }
    }
    return NULL;
}

static PyObject *errcode_table(PyObject *module, PyObject *Py_UNUSED(none))
{
    (void)module;
    PyObject *list = PyList_New(0);
    const wxid_errcode_info *info;
    for (size_t i = 0; list != NULL && (info = wxid_errcode_info_at(i)) != NULL; i++) {
        PyObject *row = Py_BuildValue("{s:i, s:s, s:C, s:s}", "errcode", (int)info->errcode, "kind",
                                      kind_name(info->kind), "retry_class", (int)info->retry_class,
                                      "text", info->text);
        if (append(list, row) < 0) {
            Py_CLEAR(list);
        }
    }
    return list;
}

static PyObject *setting_table(PyObject *module, PyObject *Py_UNUSED(none))
{
    (void)module;
    PyObject *list = PyList_New(0);
    const wxid_setting_info *info;
    for (size_t i = 0; list != NULL && (info = wxid_setting_info_at(i)) != NULL; i++) {
        PyObject *row = Py_BuildValue("{s:s, s:s, s:s, s:N}", "name", info->name, "type",
                                      wxid_setting_type_name(info->type), "meaning", info->meaning,
                                      "secret", PyBool_FromLong(info->is_secret));
        if (append(list, row) < 0) {
            Py_CLEAR(list);
        }
    }
    return list;
}

static PyObject *finding_table(PyObject *module, PyObject *Py_UNUSED(none))
{
    (void)module;
    PyObject *list = PyList_New(0);
    const wxid_finding_info *info;
    for (size_t i = 0; list != NULL && (info = wxid_finding_info_at(i)) != NULL; i++) {
        PyObject *row = Py_BuildValue("{s:s, s:s, s:s, s:s, s:s}", "field", info->field, "code",
                                      info->code, "level", info->level, "message", info->message,
                                      "message_zh", info->message_zh);
        if (append(list, row) < 0) {
            Py_CLEAR(list);
        }
    }
    return list;
}

static PyObject *error_classes(PyObject *module, PyObject *Py_UNUSED(none))
{
    return PyDict_Copy(wxpy_state(module)->error_classes);
}

PyMethodDef wxpy_table_methods[] = {
    {"kind_table", kind_table, METH_NOARGS,
     "The kinds of errors, in order: dicts with name, class_name (\"\" where the language has the\n"
     "class itself), base_name, also (a builtin class that it is too, or \"\"), retryable, "
     "meaning."},
    {"group_table", group_table, METH_NOARGS,
     "The classes that several kinds share: dicts with class_name and meaning."},
    {"errcode_table", errcode_table, METH_NOARGS,
     "The service's errcodes: dicts with errcode, kind, retry_class (\"N\", \"B\" or \"T\"), "
     "text."},
    {"setting_table", setting_table, METH_NOARGS,
     "The settings: dicts with name, type (\"text\", \"path\", \"token_file\", \"count\",\n"
     "\"duration\", \"flag\", \"function\" or \"store\"), meaning, and secret: whether it must\n"
     "not be shown or stored."},
    {"finding_table", finding_table, METH_NOARGS,
     "What checks can find: dicts with field, code, level (\"error\" or \"warning\"), message and\n"
     "message_zh."},
    {"error_classes", error_classes, METH_NOARGS,
     "The exception classes by name, those of wxidcard.errors."},
    {NULL, NULL, 0, NULL},
};
