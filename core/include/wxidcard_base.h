/* What all of wxidcard's interface is made of: errors and values. <wxidcard.h>, which includes
 * this, says what holds for all of it. */
#ifndef WXIDCARD_BASE_H
#define WXIDCARD_BASE_H

#include <stddef.h>
#include <stdint.h>

#include "wxidcard_version.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define WXID_API __attribute__((visibility("default")))
#else
#define WXID_API
#endif

/* The version of the library that was linked: WXID_VERSION of its build. */
WXID_API const char *wxid_version(void);

/* ---- Errors ---- */

/* What went wrong, by what to do about it: one for each WXID_ERROR_KIND of wxidcard_errors.def. */
typedef enum wxid_kind {
#define WXID_ERROR_KIND(NAME, name, class_name, group, also, retryable, meaning) WXID_KIND_##NAME,
#include "wxidcard_errors.def"
    WXID_KIND_COUNT
} wxid_kind;

/* The service's errcodes that the library knows. */
enum {
#define WXID_ERRCODE(NAME, errcode, KIND, retry, text) WXID_ERRCODE_##NAME = (errcode),
#include "wxidcard_errors.def"
    WXID_ERRCODE_OK = 0
};

/* A row of the table of kinds. All strings are static; "" where there is none. */
typedef struct wxid_kind_info {
    wxid_kind kind;
    const char *name;       /* "no_card" */
    const char *class_name; /* "CardNotFoundError"; "" for kinds that the language has itself */
    const char *base_name;  /* "APIError" */
    const char *also;       /* "ConnectionError" */
    int retryable;
    const char *meaning;
} wxid_kind_info;

/* A row of the table of errcodes. */
typedef struct wxid_errcode_info {
    int32_t errcode;
    wxid_kind kind;
    char retry_class; /* 'N', 'B' or 'T' */
    const char *text; /* the documented text */
} wxid_errcode_info;

/* A class that several kinds share: "APIError" and what it means. */
typedef struct wxid_group_info {
    const char *class_name;
    const char *meaning;
} wxid_group_info;

/* The rows by index, from 0; NULL past the end. */
WXID_API const wxid_kind_info *wxid_kind_info_at(size_t index);
WXID_API const wxid_errcode_info *wxid_errcode_info_at(size_t index);
WXID_API const wxid_group_info *wxid_group_info_at(size_t index);

/* An error. Made by the library, freed by the caller. */
typedef struct wxid_error wxid_error;

/* A new error of the caller's own, of any kind, with a message (copied): what a driver or a hook
 * ends a call with. Never NULL: without memory it is the shared out-of-memory error. Free with
 * wxid_error_free(). */
WXID_API wxid_error *wxid_error_new(wxid_kind kind, const char *message);
/* NULL is allowed. */
WXID_API void wxid_error_free(wxid_error *error);
WXID_API wxid_kind wxid_error_kind(const wxid_error *error);
/* The kind's name, "no_card". Static. */
WXID_API const char *wxid_error_kind_name(const wxid_error *error);
/* One line, fit to be thrown as an exception. Never NULL. */
WXID_API const char *wxid_error_message(const wxid_error *error);
/* Stores the service's errcode and returns 1; returns 0 when there was none. */
WXID_API int wxid_error_errcode(const wxid_error *error, int32_t *errcode);
/* The service's text, whole, but for the token of the call should it stand there; NULL if none. */
WXID_API const char *wxid_error_errmsg(const wxid_error *error);
/* What the service's support asks for, taken out of errmsg; NULL if none. */
WXID_API const char *wxid_error_hint(const wxid_error *error);
WXID_API const char *wxid_error_rid(const wxid_error *error);
/* The HTTP status of the reply; 0 when there was no reply. */
WXID_API int wxid_error_http_status(const wxid_error *error);
/* 1 when the same call can succeed later. */
WXID_API int wxid_error_retryable(const wxid_error *error);
/* The errno behind an error of kind SYSTEM or IMAGE_INPUT; 0 if none. */
WXID_API int wxid_error_system_code(const wxid_error *error);

/* ---- Values ---- */

/* What a card is made of: a JSON value, read-only. Only the root is freed. */
typedef struct wxid_value wxid_value;

typedef enum wxid_type {
    WXID_TYPE_NULL,
    WXID_TYPE_BOOLEAN,
    WXID_TYPE_INTEGER, /* an integral number up to 2^53 either way */
    WXID_TYPE_NUMBER,
    WXID_TYPE_STRING,
    WXID_TYPE_ARRAY,
    WXID_TYPE_OBJECT
} wxid_type;

/* Values nest at most this deep; a binding may recurse. */
#define WXID_MAX_DEPTH 64

/* Wipes and frees a root value. NULL is allowed. */
WXID_API void wxid_value_free(wxid_value *value);
WXID_API wxid_type wxid_value_type(const wxid_value *value);
/* 0 or 1; 0 for a value of another type. */
WXID_API int wxid_value_boolean(const wxid_value *value);
/* 0 for a value of another type. */
WXID_API int64_t wxid_value_integer(const wxid_value *value);
/* Of an INTEGER or NUMBER; 0 for a value of another type. */
WXID_API double wxid_value_number(const wxid_value *value);
/* The text, which holds no NUL, and its length in bytes (length may be NULL); NULL for another
 * type. */
WXID_API const char *wxid_value_string(const wxid_value *value, size_t *length);
/* Members of an ARRAY or OBJECT, in the order in which they came; 0 for another type. */
WXID_API size_t wxid_value_count(const wxid_value *value);
/* The member at an index; NULL past the end. */
WXID_API const wxid_value *wxid_value_at(const wxid_value *value, size_t index);
/* The name of an OBJECT's member at an index; NULL past the end or for another type. */
WXID_API const char *wxid_value_name_at(const wxid_value *value, size_t index);
/* The OBJECT's member of that name, case counting; NULL if there is none. */
WXID_API const wxid_value *wxid_value_get(const wxid_value *value, const char *name);

#ifdef __cplusplus
}
#endif

#endif
