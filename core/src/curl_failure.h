/* What libcurl's codes mean to the core. */
#ifndef WXID_CURL_FAILURE_H
#define WXID_CURL_FAILURE_H

#include "wxidcard.h"

#include <curl/curl.h>

typedef struct wxid__failure {
    wxid_failure failure;
    const char *detail; /* static: libcurl's own texts hold hosts and paths */
} wxid__failure;

/* Stores an error unless where is NULL. Returns -1. */
int wxid__fail_as(wxid_error **where, wxid_kind kind, const char *message);
/* sent: whether the request had been issued. verify_result: CURLINFO_SSL_VERIFYRESULT. */
wxid__failure wxid__failure_of(CURLcode code, int sent, long verify_result);

#endif
