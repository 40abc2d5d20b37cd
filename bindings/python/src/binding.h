/* wxidcard._core: the core bound to Python. It converts values and nothing else: no default, no
 * errcode and no rule about trying again stands in these files (docs/architecture.md).
 *
 * Functions return 0 for success and -1 with a Python exception set, unless they say otherwise. */
#ifndef WXIDCARD_PYTHON_BINDING_H
#define WXIDCARD_PYTHON_BINDING_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdatomic.h>
#include <stdint.h>

#include "wxidcard_curl.h"

/* What one interpreter's copy of the module owns. */
typedef struct module_state {
    PyTypeObject *client_type;
    PyTypeObject *session_type;
    PyTypeObject *call_type;
    PyTypeObject *engine_type;
    PyTypeObject *request_type;
    PyTypeObject *fragment_type;
    PyObject *error_classes; /* dict: "CardNotFoundError" -> the class */
    PyObject *kind_classes;  /* tuple by wxid_kind: the class, or None */
    PyObject *main_thread;   /* threading.main_thread */
    atomic_int ending;       /* 1 once the interpreter has begun to shut down */
    atomic_int in_flight;    /* calls that run without the GIL */
} module_state;

module_state *wxpy_state(PyObject *module);
module_state *wxpy_state_of(PyObject *instance);

/* errors.c */
int wxpy_errors_make(module_state *state);
/* Raises what the error stands for and frees it; an exception that is pending already goes before
 * it. Always returns NULL. */
PyObject *wxpy_raise(module_state *state, wxid_error *error);

/* value.c: new reference, or NULL with an exception. */
PyObject *wxpy_value(const wxid_value *value);
/* Frees the value as well. */
PyObject *wxpy_take_value(wxid_value *value);
/* str, or None for NULL. */
PyObject *wxpy_text_or_none(const char *text);

/* arguments.c: what came from the caller. The text is lent by the argument, which must outlive it.
 */
int wxpy_read_text(const char **text, PyObject *argument, const char *name);
/* Borrowed reference, or NULL for what is not there. Unlike PyDict_GetItemString() it does not hide
 * that memory was short, by an exception: for what was given must not be passed over. */
PyObject *wxpy_member(PyObject *dict, const char *name);
/* 1 for an attribute that is there, 0 for one that is not, -1 with an exception: unlike
 * PyObject_HasAttrString() it does not take a lack of memory for a lack of the attribute. */
int wxpy_has_attribute(PyObject *object, const char *name);
/* Raises TypeError: "{name} must be {wanted}, not int: write it in quotes". Always returns NULL. */
PyObject *wxpy_refuse_type(PyObject *argument, const char *name, const char *wanted);
/* Stores a bytes object (new reference) that holds the path as the system wants it. */
int wxpy_read_path(PyObject **path, PyObject *argument, const char *name);
int wxpy_read_count(int64_t *count, PyObject *argument, const char *name);
int wxpy_read_flag(int64_t *flag, PyObject *argument, const char *name);
/* Seconds to milliseconds. */
int wxpy_read_duration(int64_t *duration_ms, PyObject *argument, const char *name);

/* settings.c */
typedef struct wxpy_settings {
    wxid_settings values;
    PyObject *kept;     /* list of what the values point into */
    PyObject *provider; /* the token provider, or NULL */
    PyObject *store;    /* the token store, or NULL */
} wxpy_settings;

int wxpy_settings_read(wxpy_settings *settings, PyObject *arguments, PyObject *keywords);
void wxpy_settings_clear(wxpy_settings *settings);
/* New reference: a dict of every setting but functions and stores; durations in seconds, None where
 * unset. */
PyObject *wxpy_settings_dict(const wxid_settings *settings);

/* picture.c: one recognition's arguments, held until wxpy_recognition_clear(). */
typedef struct wxpy_recognition {
    wxid_recognition values;
    Py_buffer view; /* view.obj is NULL when there is none */
    PyObject *path;
    PyObject *img_url;
    PyObject *type;
} wxpy_recognition;

/* NULL and None are "not given". settings: how much of a file object is worth reading. */
int wxpy_recognition_read(wxpy_recognition *recognition, PyObject *image, PyObject *image_path,
                          PyObject *img_url, PyObject *type, const wxid_settings *settings);
void wxpy_recognition_clear(wxpy_recognition *recognition);

/* hooks.c: what the caller's own code does during a call that runs without the GIL. */
extern const char *const wxpy_store_methods[4]; /* by wxid_store_action */
extern const char wxpy_store_warning[];         /* for logging: %s is an exception's class */

typedef struct wxpy_running {
    wxid_hooks hooks;
    module_state *state;
    PyObject *client;   /* borrowed references: the client, */
    PyObject *provider; /* its token provider, or NULL, */
    PyObject *store;    /* its token store, or NULL */
    PyObject *value;    /* what the store gave last, which the core borrows */
    PyThreadState *thread;
    int is_main_thread; /* signals are Python's main thread's to handle */
} wxpy_running;

/* Releases the GIL. On failure it is held. */
int wxpy_running_begin(wxpy_running *running, PyObject *client, PyObject *provider,
                       PyObject *store);
/* Takes the GIL again. */
void wxpy_running_end(wxpy_running *running);

/* names.c: the names of steps and failures; NULL past the end. */
const char *wxpy_step_name(size_t step);
const char *wxpy_failure_name(size_t failure);
/* The failure of that name, or -1 with ValueError. */
int wxpy_failure_find(const char *name);
/* The kind of that name, or -1 with ValueError. */
int wxpy_kind_find(const char *name);

/* call.c */
typedef struct call_object {
    PyObject ob_base;
    PyObject *session; /* must outlive the call */
    wxid_call *call;
    wxpy_recognition recognition;
    int is_started; /* an engine has it */
} call_object;

/* New reference to a call object without a call yet. */
call_object *wxpy_call_allocate(module_state *state, PyObject *session);

/* session.c: the session, lent; NULL with TypeError for anything else. */
wxid_session *wxpy_session_of(module_state *state, PyObject *object);

/* request.c */
PyObject *wxpy_request_new(module_state *state, call_object *call, const wxid_request *request);

/* fit.c */
extern PyMethodDef wxpy_fit_methods[];

/* tables.c */
extern PyMethodDef wxpy_table_methods[];

/* checks.c */
extern PyMethodDef wxpy_check_methods[];

extern PyType_Spec wxpy_client_spec;
extern PyType_Spec wxpy_session_spec;
extern PyType_Spec wxpy_call_spec;
extern PyType_Spec wxpy_engine_spec;
extern PyType_Spec wxpy_request_spec;
extern PyType_Spec wxpy_fragment_spec;

#endif
