/* wxidcard._core: the module, its state, and what happens when the interpreter ends. */
#include "binding.h"

#include <time.h>

/* At the interpreter's end, how long calls in other threads get to notice it. They look every 50
 * ms. */
#define FAREWELL_MS 250

static int module_exec(PyObject *module);

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
    {0, NULL},
};

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
    module_state *state = PyModule_GetState(module);
    Py_VISIT(state->client_type);
    Py_VISIT(state->session_type);
    Py_VISIT(state->call_type);
    Py_VISIT(state->engine_type);
    Py_VISIT(state->request_type);
    Py_VISIT(state->fragment_type);
    Py_VISIT(state->error_classes);
    Py_VISIT(state->kind_classes);
    Py_VISIT(state->main_thread);
    return 0;
}

static int module_clear(PyObject *module)
{
    module_state *state = PyModule_GetState(module);
    Py_CLEAR(state->client_type);
    Py_CLEAR(state->session_type);
    Py_CLEAR(state->call_type);
    Py_CLEAR(state->engine_type);
    Py_CLEAR(state->request_type);
    Py_CLEAR(state->fragment_type);
    Py_CLEAR(state->error_classes);
    Py_CLEAR(state->kind_classes);
    Py_CLEAR(state->main_thread);
    return 0;
}

static void module_free(void *module)
{
    module_clear(module);
}

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "wxidcard._core",
    .m_doc = "The core of wxidcard. Its public face is the package wxidcard.",
    .m_size = sizeof(module_state),
    .m_methods = wxpy_table_methods,
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

module_state *wxpy_state(PyObject *module)
{
    return PyModule_GetState(module);
}

/* The types cannot be subclassed: an instance's own type is the one that knows the module. */
module_state *wxpy_state_of(PyObject *instance)
{
    return PyType_GetModuleState(Py_TYPE(instance));
}

/* Called by atexit. Threads that Python no longer waits for (daemons) would go on inside libcurl
 * while the process takes its libraries apart: they are told to stop, and waited for a moment. */
static PyObject *end_calls(PyObject *module, PyObject *Py_UNUSED(none))
{
    module_state *state = wxpy_state(module);
    atomic_store(&state->ending, 1);
    PyThreadState *thread = PyEval_SaveThread();
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < FAREWELL_MS && atomic_load(&state->in_flight) > 0; i++) {
        nanosleep(&pause, NULL);
    }
    PyEval_RestoreThread(thread);
    return Py_NewRef(Py_None);
}

static PyMethodDef end_calls_definition = {"_end_calls", end_calls, METH_NOARGS, NULL};

static int register_end(PyObject *module)
{
    PyObject *atexit = PyImport_ImportModule("atexit");
    PyObject *function = atexit ? PyCFunction_New(&end_calls_definition, module) : NULL;
    PyObject *result = function ? PyObject_CallMethod(atexit, "register", "O", function) : NULL;
    int failed = result == NULL;
    Py_XDECREF(result);
    Py_XDECREF(function);
    Py_XDECREF(atexit);
    return failed ? -1 : 0;
}

/* Stores the new type, and adds it to the module when it has a public name. */
static int make_type(PyObject *module, PyTypeObject **type, PyType_Spec *spec, int is_public)
{
    *type = (PyTypeObject *)PyType_FromModuleAndSpec(module, spec, NULL);
    if (*type == NULL) {
        /* CPython 3.11 does not set an exception for each lack of memory. */
        if (PyErr_Occurred() == NULL) {
            (void)PyErr_NoMemory();
        }
        return -1;
    }
    return is_public ? PyModule_AddType(module, *type) : 0;
}

static int make_types(PyObject *module, module_state *state)
{
    if (make_type(module, &state->client_type, &wxpy_client_spec, 1) < 0 ||
        make_type(module, &state->session_type, &wxpy_session_spec, 1) < 0 ||
        make_type(module, &state->call_type, &wxpy_call_spec, 1) < 0 ||
        make_type(module, &state->engine_type, &wxpy_engine_spec, 1) < 0 ||
        make_type(module, &state->request_type, &wxpy_request_spec, 1) < 0) {
        return -1;
    }
    return make_type(module, &state->fragment_type, &wxpy_fragment_spec, 0);
}

/* Adds a tuple of the names that name_at gives. */
static int add_names(PyObject *module, const char *constant, const char *(*name_at)(size_t))
{
    PyObject *list = PyList_New(0);
    const char *name;
    for (size_t i = 0; list != NULL && (name = name_at(i)) != NULL; i++) {
        PyObject *text = PyUnicode_FromString(name);
        if (text == NULL || PyList_Append(list, text) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(text);
    }
    PyObject *names = list ? PyList_AsTuple(list) : NULL;
    Py_XDECREF(list);
    int failed = names == NULL || PyModule_AddObjectRef(module, constant, names) < 0;
    Py_XDECREF(names);
    return failed ? -1 : 0;
}

static int add_constants(PyObject *module)
{
    if (PyModule_AddStringConstant(module, "__version__", wxid_version()) < 0 ||
        PyModule_AddIntConstant(module, "MAX_REPLY_BODY", WXID_MAX_REPLY_BODY) < 0 ||
        PyModule_AddIntConstant(module, "MAX_REPLY_HEADERS", WXID_MAX_REPLY_HEADERS) < 0 ||
        PyModule_AddStringConstant(module, "STORE_WARNING", wxpy_store_warning) < 0 ||
        add_names(module, "STEPS", wxpy_step_name) < 0) {
        return -1;
    }
    return add_names(module, "FAILURES", wxpy_failure_name);
}

static int module_exec(PyObject *module)
{
    module_state *state = wxpy_state(module);
    atomic_init(&state->ending, 0);
    atomic_init(&state->in_flight, 0);
    PyObject *threading = PyImport_ImportModule("threading");
    if (threading == NULL) {
        return -1;
    }
    state->main_thread = PyObject_GetAttrString(threading, "main_thread");
    Py_DECREF(threading);
    if (state->main_thread == NULL || wxpy_errors_make(state) < 0 ||
        make_types(module, state) < 0 || add_constants(module) < 0 ||
        PyModule_AddFunctions(module, wxpy_check_methods) < 0 ||
        PyModule_AddFunctions(module, wxpy_fit_methods) < 0) {
        return -1;
    }
    return register_end(module);
}

PyMODINIT_FUNC PyInit__core(void)
{
    return PyModuleDef_Init(&definition);
}
