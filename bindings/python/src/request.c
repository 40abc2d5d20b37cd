/* A request as a driver in Python sees it. Its repr shows nothing: the target holds the token. */
#include "binding.h"

#include <stddef.h>

#include <structmember.h> /* after Python.h */

/* ---- Fragments: the caller's picture, lent on to a driver ---- */

typedef struct fragment_object {
    PyObject ob_base;
    PyObject *call; /* holds the buffer that the memory belongs to */
    void *data;
    Py_ssize_t length;
} fragment_object;

static int fragment_get_buffer(PyObject *self, Py_buffer *view, int flags)
{
    fragment_object *fragment = (fragment_object *)self;
    return PyBuffer_FillInfo(view, self, fragment->data, fragment->length, 1, flags);
}

static int fragment_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((fragment_object *)self)->call);
    return 0;
}

static void fragment_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_XDECREF(((fragment_object *)self)->call);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

/* No tp_clear: a view that is out may still read the memory, so only the last reference lets go of
 * it. */
static PyType_Slot fragment_slots[] = {
    {Py_tp_dealloc, fragment_dealloc},
    {Py_tp_traverse, fragment_traverse},
    {Py_bf_getbuffer, fragment_get_buffer},
    {0, NULL},
};

PyType_Spec wxpy_fragment_spec = {
    .name = "wxidcard._core._Fragment",
    .basicsize = sizeof(fragment_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION |
             Py_TPFLAGS_IMMUTABLETYPE,
    .slots = fragment_slots,
};

/* New reference: bytes or a memoryview. Only memory of the caller's is lent: the call holds it to
 * its own end. The core's lasts until the request is answered, and a view could outlive that: it is
 * copied. */
static PyObject *lend(module_state *state, call_object *call, const wxid_fragment *fragment)
{
    const Py_buffer *view = &call->recognition.view;
    if (view->obj == NULL || fragment->data != view->buf) {
        return PyBytes_FromStringAndSize(fragment->data, (Py_ssize_t)fragment->length);
    }
    fragment_object *lent = PyObject_GC_New(fragment_object, state->fragment_type);
    if (lent == NULL) {
        return NULL;
    }
    lent->call = Py_NewRef((PyObject *)call);
    lent->data = (void *)fragment->data; /* read-only by PyBuffer_FillInfo() */
    lent->length = (Py_ssize_t)fragment->length;
    PyObject_GC_Track(lent);
    PyObject *lent_view = PyMemoryView_FromObject((PyObject *)lent);
    Py_DECREF(lent);
    return lent_view;
}

/* ---- Request ---- */

typedef struct request_object {
    PyObject ob_base;
    PyObject *method;
    PyObject *scheme;
    PyObject *host;
    PyObject *port;
    PyObject *target;
    PyObject *url;
    PyObject *head;
    PyObject *headers;
    PyObject *body;
    PyObject *body_length;
} request_object;

#define AT(field) T_OBJECT_EX, offsetof(request_object, field), READONLY

static PyMemberDef request_members[] = {
    {"method", AT(method), "str: POST or GET."},
    {"scheme", AT(scheme), "str: https or http."},
    {"host", AT(host), "str: a name or an address; of IPv6 without brackets."},
    {"port", AT(port), "int."},
    {"target", AT(target), "str: path and query, with the token: never to be logged."},
    {"url", AT(url), "str: scheme, host, port and target: never to be logged."},
    {"head", AT(head), "bytes: request line and headers, up to and with the empty line."},
    {"headers", AT(headers), "list of (name, value): the same one by one."},
    {"body", AT(body), "list of bytes and memoryview, to be sent one after the other."},
    {"body_length", AT(body_length), "int: bytes of all fragments."},
    {NULL, 0, 0, 0, NULL},
};

/* Every member but the end mark is an object at its offset: one loop serves all. */
static PyObject **field_at(PyObject *self, size_t index)
{
    if (request_members[index].name == NULL) {
        return NULL;
    }
    return (PyObject **)((char *)self + request_members[index].offset);
}

static int request_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    PyObject **field;
    for (size_t i = 0; (field = field_at(self, i)) != NULL; i++) {
        Py_VISIT(*field);
    }
    return 0;
}

static int request_clear(PyObject *self)
{
    PyObject **field;
    for (size_t i = 0; (field = field_at(self, i)) != NULL; i++) {
        Py_CLEAR(*field);
    }
    return 0;
}

static void request_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    request_clear(self);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

static PyType_Slot request_slots[] = {
    {Py_tp_dealloc, request_dealloc},
    {Py_tp_traverse, request_traverse},
    {Py_tp_clear, request_clear},
    {Py_tp_members, request_members},
    {Py_tp_doc, "What a driver is to send. Made by Call.request."},
    {0, NULL},
};

PyType_Spec wxpy_request_spec = {
    .name = "wxidcard._core.Request",
    .basicsize = sizeof(request_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION |
             Py_TPFLAGS_IMMUTABLETYPE,
    .slots = request_slots,
};

static PyObject *header_list(const wxid_request *request)
{
    PyObject *list = PyList_New((Py_ssize_t)request->header_count);
    for (size_t i = 0; list != NULL && i < request->header_count; i++) {
        PyObject *header =
            Py_BuildValue("(ss)", request->headers[i].name, request->headers[i].value);
        if (header == NULL || PyList_SetItem(list, (Py_ssize_t)i, header) < 0) {
            Py_CLEAR(list);
        }
    }
    return list;
}

static PyObject *body_list(module_state *state, call_object *call, const wxid_request *request)
{
    PyObject *list = PyList_New((Py_ssize_t)request->fragment_count);
    for (size_t i = 0; list != NULL && i < request->fragment_count; i++) {
        PyObject *fragment = lend(state, call, &request->body[i]);
        if (fragment == NULL || PyList_SetItem(list, (Py_ssize_t)i, fragment) < 0) {
            Py_CLEAR(list);
        }
    }
    return list;
}

PyObject *wxpy_request_new(module_state *state, call_object *call, const wxid_request *request)
{
    PyTypeObject *type = state->request_type;
    request_object *made = (request_object *)PyType_GenericAlloc(type, 0); /* zeroed, and tracked */
    if (made == NULL) {
        return NULL;
    }
    made->method = PyUnicode_FromString(request->method);
    made->scheme = PyUnicode_FromString(request->scheme);
    made->host = PyUnicode_FromString(request->host);
    made->port = PyLong_FromLong(request->port);
    made->target = PyUnicode_FromString(request->target);
    made->url = PyUnicode_FromString(request->url);
    made->head = PyBytes_FromStringAndSize(request->head, (Py_ssize_t)request->head_length);
    made->headers = header_list(request);
    made->body = body_list(state, call, request);
    made->body_length = PyLong_FromSize_t(request->body_length);
    if (PyErr_Occurred() != NULL) {
        Py_DECREF(made);
        return NULL;
    }
    return (PyObject *)made;
}
