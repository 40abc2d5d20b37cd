/* The arguments of one recognition. A picture comes as a path, as bytes-like memory, which is lent
 * and never copied, or as a binary file object. */
#include "binding.h"

static int set_path(wxpy_recognition *recognition, PyObject *argument, const char *name)
{
    if (recognition->path != NULL) {
        PyErr_SetString(PyExc_TypeError, "image and image_path are two pictures: give one");
        return -1;
    }
    if (wxpy_read_path(&recognition->path, argument, name) < 0) {
        return -1;
    }
    recognition->values.image_path = PyBytes_AsString(recognition->path);
    return 0;
}

static int set_buffer(wxpy_recognition *recognition, PyObject *argument)
{
    Py_buffer *view = &recognition->view;
    if (PyObject_GetBuffer(argument, view, PyBUF_SIMPLE) < 0) {
        view->obj = NULL;
        if (PyErr_ExceptionMatches(PyExc_BufferError)) {
            PyErr_Clear();
            PyErr_SetString(PyExc_ValueError, "image must be contiguous memory: write bytes(view)");
        }
        return -1;
    }
    recognition->values.image = view->buf != NULL ? view->buf : "";
    recognition->values.image_length = (size_t)view->len;
    return 0;
}

/* 1 when the object is a text file, 0 when not, -1 with an exception. */
static int is_text_file(PyObject *file)
{
    PyObject *io = PyImport_ImportModule("io");
    PyObject *text_base = io ? PyObject_GetAttrString(io, "TextIOBase") : NULL;
    int found = text_base ? PyObject_IsInstance(file, text_base) : -1;
    Py_XDECREF(text_base);
    Py_XDECREF(io);
    return found;
}

/* New reference: what file.read(size) gave, a bytes object, or NULL with an exception. */
static PyObject *read_some(PyObject *file, int64_t size)
{
    PyObject *data = PyObject_CallMethod(file, "read", "L", (long long)size);
    if (data == NULL || PyBytes_Check(data)) {
        return data;
    }
    if (data == Py_None) {
        PyErr_SetString(PyExc_BlockingIOError, "the file object has no data yet");
    } else if (PyUnicode_Check(data)) {
        PyErr_SetString(PyExc_TypeError, "image is a text file: open it with mode \"rb\"");
    } else {
        PyErr_SetString(PyExc_TypeError, "image.read() must return bytes");
    }
    Py_DECREF(data);
    return NULL;
}

/* A read may give less than was asked for: joined until the end, or one byte past the limit, which
 * is enough for the core to see that the picture is too large. */
static PyObject *read_file(PyObject *file, int64_t limit)
{
    int text = is_text_file(file);
    if (text != 0) {
        if (text > 0) {
            PyErr_SetString(PyExc_TypeError, "image is a text file: open it with mode \"rb\"");
        }
        return NULL;
    }
    PyObject *picture = read_some(file, limit + 1);
    while (picture != NULL && PyBytes_Size(picture) > 0 && PyBytes_Size(picture) <= limit) {
        PyObject *more = read_some(file, limit + 1 - PyBytes_Size(picture));
        if (more == NULL) {
            Py_DECREF(picture);
            return NULL;
        }
        if (PyBytes_Size(more) == 0) {
            Py_DECREF(more);
            break;
        }
        PyBytes_ConcatAndDel(&picture, more);
    }
    return picture;
}

/* Raises TypeError, and returns -1. */
static int refuse_image(PyObject *image)
{
    PyObject *type_name = PyType_GetName(Py_TYPE(image));
    if (type_name != NULL) {
        PyErr_Format(PyExc_TypeError,
                     "image must be a path, bytes or a file opened with mode \"rb\", not %U",
                     type_name);
    }
    Py_XDECREF(type_name);
    return -1;
}

static int set_file(wxpy_recognition *recognition, PyObject *image, int64_t limit)
{
    int can_be_read = wxpy_has_attribute(image, "read");
    if (can_be_read <= 0) {
        return can_be_read < 0 ? -1 : refuse_image(image);
    }
    PyObject *picture = read_file(image, limit);
    if (picture == NULL) {
        return -1;
    }
    int set = set_buffer(recognition, picture);
    Py_DECREF(picture); /* the view holds it */
    return set;
}

static int set_image(wxpy_recognition *recognition, PyObject *image, int64_t limit)
{
    int is_path = PyUnicode_Check(image) ? 1 : wxpy_has_attribute(image, "__fspath__");
    if (is_path != 0) {
        return is_path < 0 ? -1 : set_path(recognition, image, "image");
    }
    return PyObject_CheckBuffer(image) ? set_buffer(recognition, image)
                                       : set_file(recognition, image, limit);
}

/* Stores the text and keeps the object that lends it. */
static int set_text(const char **text, PyObject **kept, PyObject *argument, const char *name)
{
    if (argument == NULL || argument == Py_None) {
        return 0;
    }
    if (wxpy_read_text(text, argument, name) < 0) {
        return -1;
    }
    *kept = Py_NewRef(argument);
    return 0;
}

static int read_parts(wxpy_recognition *recognition, PyObject *image, PyObject *image_path,
                      int64_t limit)
{
    if (image_path != NULL && image_path != Py_None &&
        set_path(recognition, image_path, "image_path") < 0) {
        return -1;
    }
    if (image != NULL && image != Py_None && set_image(recognition, image, limit) < 0) {
        return -1;
    }
    return 0;
}

int wxpy_recognition_read(wxpy_recognition *recognition, PyObject *image, PyObject *image_path,
                          PyObject *img_url, PyObject *type, const wxid_settings *settings)
{
    *recognition = (wxpy_recognition){.values = WXID_RECOGNITION_INIT};
    /* A file object is read last: what is refused anyway must not move its position. */
    if (set_text(&recognition->values.img_url, &recognition->img_url, img_url, "img_url") < 0 ||
        set_text(&recognition->values.type, &recognition->type, type, "type") < 0 ||
        read_parts(recognition, image, image_path, wxid_picture_read_limit(settings)) < 0) {
        wxpy_recognition_clear(recognition);
        return -1;
    }
    return 0;
}

void wxpy_recognition_clear(wxpy_recognition *recognition)
{
    if (recognition->view.obj != NULL) {
        PyBuffer_Release(&recognition->view);
    }
    recognition->view.obj = NULL;
    Py_CLEAR(recognition->path);
    Py_CLEAR(recognition->img_url);
    Py_CLEAR(recognition->type);
}
