/* _core.fit_image: a picture made fit to be sent, by itself. */
#include "binding.h"

/* None is "not given". */
static int read_fit(wxid_fit *fit, PyObject *max_image_bytes, PyObject *strip_metadata)
{
    if (max_image_bytes != Py_None &&
        wxpy_read_count(&fit->max_image_bytes, max_image_bytes, "max_image_bytes") < 0) {
        return -1;
    }
    if (strip_metadata == Py_None) {
        return 0;
    }
    return wxpy_read_flag(&fit->strip_metadata, strip_metadata, "strip_metadata");
}

/* Decoding takes its time: without the GIL. */
static int make(wxid_picture **picture, const wxid_recognition *given, const wxid_fit *fit,
                wxid_error **error)
{
    PyThreadState *thread = PyEval_SaveThread();
    int failed = wxid_picture_fit(picture, given->image, given->image_length, fit, error);
    PyEval_RestoreThread(thread);
    return failed;
}

static PyObject *fit_bytes(PyObject *module, const wxid_recognition *given, const wxid_fit *fit)
{
    wxid_picture *picture = NULL;
    wxid_error *error = NULL;
    if (make(&picture, given, fit, &error) < 0) {
        return wxpy_raise(wxpy_state(module), error);
    }
    size_t length = 0;
    const void *data = wxid_picture_data(picture, &length);
    PyObject *bytes = PyBytes_FromStringAndSize(data, (Py_ssize_t)length);
    wxid_picture_free(picture);
    return bytes;
}

static PyObject *fit_image(PyObject *module, PyObject *arguments)
{
    PyObject *image, *max_image_bytes, *strip_metadata; /* borrowed references */
    wxid_settings settings = WXID_SETTINGS_INIT;        /* of them only how much is read counts */
    wxid_fit fit = WXID_FIT_INIT;
    wxpy_recognition given;
    settings.fit = 1;
    if (!PyArg_ParseTuple(arguments, "OOO:fit_image", &image, &max_image_bytes, &strip_metadata) ||
        read_fit(&fit, max_image_bytes, strip_metadata) < 0 ||
        wxpy_recognition_read(&given, image, NULL, NULL, NULL, &settings) < 0) {
        return NULL;
    }
    PyObject *fitted = NULL;
    if (given.values.image != NULL || given.values.image_path != NULL) {
        fit.image_path = given.values.image_path;
        fitted = fit_bytes(module, &given.values, &fit);
    } else { /* None */
        wxpy_refuse_type(image, "image", "a path, bytes or a file opened with mode \"rb\"");
    }
    wxpy_recognition_clear(&given);
    return fitted;
}

PyMethodDef wxpy_fit_methods[] = {
    {"fit_image", fit_image, METH_VARARGS,
     "fit_image(image, max_image_bytes, strip_metadata): what wxidcard.fit_image does; None for\n"
     "what is not given."},
    {NULL, NULL, 0, NULL},
};
