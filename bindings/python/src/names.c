/* The names under which Python sees the core's steps and failures. */
#include "binding.h"

#include <string.h>

static const char *const step_names[] = {
    [WXID_STEP_TOKEN] = "token", [WXID_STEP_SEND] = "send", [WXID_STEP_WAIT] = "wait",
    [WXID_STEP_STORE] = "store", [WXID_STEP_DONE] = "done",
};

static const char *const failure_names[] = {
    [WXID_FAILURE_CONNECT] = "connect",   [WXID_FAILURE_TIMEOUT] = "timeout",
    [WXID_FAILURE_TLS] = "tls",           [WXID_FAILURE_NETWORK] = "network",
    [WXID_FAILURE_PROTOCOL] = "protocol", [WXID_FAILURE_SYSTEM] = "system",
    [WXID_FAILURE_MEMORY] = "memory",
};

const char *wxpy_step_name(size_t step)
{
    return step < sizeof step_names / sizeof step_names[0] ? step_names[step] : NULL;
}

const char *wxpy_failure_name(size_t failure)
{
    return failure < sizeof failure_names / sizeof failure_names[0] ? failure_names[failure] : NULL;
}

int wxpy_failure_find(const char *name)
{
    const char *known;
    for (size_t i = 0; (known = wxpy_failure_name(i)) != NULL; i++) {
        if (strcmp(known, name) == 0) {
            return (int)i;
        }
    }
    PyErr_Format(PyExc_ValueError, "there is no failure '%s'", name);
    return -1;
}

int wxpy_kind_find(const char *name)
{
    const wxid_kind_info *info;
    for (size_t i = 0; (info = wxid_kind_info_at(i)) != NULL; i++) {
        if (strcmp(info->name, name) == 0) {
            return (int)info->kind;
        }
    }
    PyErr_Format(PyExc_ValueError, "there is no kind '%s'", name);
    return -1;
}
