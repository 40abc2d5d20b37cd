/* URLs: where the service is, and pictures that it is to fetch itself. */
#ifndef WXID_URL_H
#define WXID_URL_H

#include "wxidcard.h"

#define WXID__LONGEST_URL 2048

/* A base URL taken apart. */
typedef struct wxid__origin {
    const char *scheme; /* "https" or "http"; static */
    char *host;         /* of IPv6 without brackets */
    int port;
    char *
        authority; /* as in the Host header: brackets, and the port unless it is the scheme's own */
    char *prefix;  /* path without a slash at its end, often "" */
} wxid__origin;

/* plain_http: whether any host may be asked without TLS, not loopback only. Errors: USAGE, MEMORY.
 */
int wxid__origin_parse(wxid__origin *origin, const char *base_url, int plain_http,
                       wxid_error **error);
void wxid__origin_clear(wxid__origin *origin);
/* Whether the service can be asked for this picture. Errors: USAGE. */
int wxid__img_url_check(const char *img_url, wxid_error **error);

#endif
