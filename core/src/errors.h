/* Making errors. None of these returns NULL: without memory they return the shared out-of-memory
 * error. */
#ifndef WXID_ERRORS_H
#define WXID_ERRORS_H

#include "wxidcard.h"

struct wxid_error {
    wxid_kind kind;
    int retryable;
    int has_errcode;
    int32_t errcode;
    int http_status;
    int system_code;
    char *message;
    char *errmsg;
    char *hint;
    char *rid;
};

wxid_error *wxid__error_format(wxid_kind kind, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* With the operating system's reason for an errno behind `what`. */
wxid_error *wxid__error_system(int system_code, const char *what);
/* The service's own error. errmsg may be NULL; `secrets`, a NULL-terminated list, are taken out of
 * it. */
wxid_error *wxid__error_api(int32_t errcode, const char *errmsg, int http_status,
                            const char *const *secrets);
/* A reply that is not the service's: what is wrong with it, its status and its length, nothing of
 * it. */
wxid_error *wxid__error_protocol(const char *problem, int http_status, size_t body_length);
/* 'N', 'B' or 'T': what the service's errcode, or a gateway's HTTP status, says about trying again.
 */
char wxid__error_retry_class(const wxid_error *error);
/* Another error of the same text. */
wxid_error *wxid__error_copy(const wxid_error *error);
/* Where appid and secret were sent, what the service says of "the token" means these: an error of
 * kind TOKEN becomes one of kind CREDENTIAL. Returns the error to go on with. */
wxid_error *wxid__error_blame_credential(wxid_error *error);
/* Says in the message that it happened while a token was fetched. Returns the error to go on with.
 */
wxid_error *wxid__error_in_token_fetch(wxid_error *error);
/* Whether it is the process's own or its caller's (memory, descriptors, usage, an interrupt), which
 * says nothing about the service and the way to it. */
int wxid__error_is_own(const wxid_error *error);
/* The shared error, needing no memory. */
wxid_error *wxid__error_memory(void);
/* Stores an error where a caller wants one, or frees it. Returns -1. */
int wxid__fail(wxid_error **where, wxid_error *error);

#endif
