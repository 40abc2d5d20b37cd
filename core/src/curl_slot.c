#include "curl_slot.h"

#include "curl_system.h"
#include "wxidcard_connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The smaller the piece, the rarer is a refusal that comes, with the reset behind it, between the
 * look at the socket and the end of a write(): such a refusal is lost. By TLS, where each write()
 * is long, that counts, and a record holds no more anyhow. Without, the short queue (curl_socket.c)
 * is enough, and a call of 200 KB takes half the processor time that it would take by small pieces.
 */
#define UPLOAD_PIECE_BY_TLS 16384L
#define UPLOAD_PIECE 131072L

/* Within a function that returns a CURLcode: an option that is not taken ends it. */
#define SET(option, value)                                            \
    do {                                                              \
        CURLcode code_ = curl_easy_setopt(slot->easy, option, value); \
        if (code_ != CURLE_OK) {                                      \
            return code_;                                             \
        }                                                             \
    } while (0)

static CURLcode set_http(wxid__slot *slot)
{
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L); /* else a resolver that hangs outlives every deadline */
    SET(CURLOPT_HTTP_VERSION,
        (long)CURL_HTTP_VERSION_1_1); /* 7.88 spins when it uploads by HTTP/2 */
    SET(CURLOPT_FOLLOWLOCATION, 0L);  /* a 307 would carry the picture to another host */
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_HTTP_CONTENT_DECODING, 0L);    /* a few KiB of gzip hold a GiB */
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L); /* a proxy's are not the service's */
    SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_MAXAGE_CONN, WXID_KEPT_MS / 1000L);
    return CURLE_OK;
}

static CURLcode set_callbacks(wxid__slot *slot)
{
    SET(CURLOPT_OPENSOCKETFUNCTION, wxid__socket_open);
    SET(CURLOPT_OPENSOCKETDATA, &slot->sockets);
    SET(CURLOPT_CLOSESOCKETFUNCTION, wxid__socket_close);
    SET(CURLOPT_CLOSESOCKETDATA, &slot->sockets);
    SET(CURLOPT_PREREQFUNCTION, wxid__on_issue);
    SET(CURLOPT_PREREQDATA, slot);
    /* No SEEKFUNCTION, on purpose: libcurl seeks only in order to send a request once more by
     * itself, and whether that may be done is for the core to decide. */
    SET(CURLOPT_READFUNCTION, wxid__on_upload);
    SET(CURLOPT_READDATA, slot);
    SET(CURLOPT_HEADERFUNCTION, wxid__on_header);
    SET(CURLOPT_HEADERDATA, slot);
    SET(CURLOPT_WRITEFUNCTION, wxid__on_body);
    SET(CURLOPT_WRITEDATA, slot);
    return CURLE_OK;
}

static CURLcode set_peer(wxid__slot *slot, const wxid_settings *settings, CURLSH *share)
{
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    if (settings->ca_file != NULL) {
        SET(CURLOPT_CAINFO, settings->ca_file);
        SET(CURLOPT_CAPATH, NULL); /* "instead of the system's", whose folder libcurl would add */
    }
    /* Both are always set, so that nothing is taken from the environment. */
    SET(CURLOPT_PROXY, settings->proxy != NULL ? settings->proxy : "");
    SET(CURLOPT_NOPROXY, "");
    if (share != NULL) {
        SET(CURLOPT_SHARE, share);
    }
    return CURLE_OK;
}

static CURLcode make_handles(wxid__slot *slot)
{
    slot->multi = curl_multi_init();
    slot->easy = curl_easy_init();
    if (slot->reply.body == NULL) {
        slot->reply.body = malloc(WXID_MAX_REPLY_BODY);
    }
    if (slot->multi == NULL || slot->easy == NULL || slot->reply.body == NULL ||
        curl_multi_setopt(slot->multi, CURLMOPT_MAXCONNECTS, 1L) != CURLM_OK) {
        return CURLE_OUT_OF_MEMORY;
    }
    return CURLE_OK;
}

CURLcode wxid__slot_open(wxid__slot *slot, const wxid_settings *settings, CURLSH *share)
{
    if (slot->multi != NULL) {
        return CURLE_OK;
    }
    CURLcode code = make_handles(slot);
    code = code != CURLE_OK ? code : set_http(slot);
    code = code != CURLE_OK ? code : set_callbacks(slot);
    code = code != CURLE_OK ? code : set_peer(slot, settings, share);
    if (code != CURLE_OK) {
        wxid__slot_close(slot);
    }
    return code;
}

/* Adds "name: value"; "name:" when value is NULL, by which libcurl leaves its own header out. */
static int add_header(struct curl_slist **list, const char *name, const char *value)
{
    size_t size = strlen(name) + (value != NULL ? strlen(value) : 0) + 3;
    char *line = malloc(size);
    if (line == NULL) {
        return -1;
    }
    (void)snprintf(line, size, value != NULL ? "%s: %s" : "%s:%s", name,
                   value != NULL ? value : "");
    struct curl_slist *longer = curl_slist_append(*list, line);
    free(line);
    if (longer == NULL) {
        return -1;
    }
    *list = longer;
    return 0;
}

static int has_header(const wxid_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (strcasecmp(request->headers[i].name, name) == 0) {
            return 1;
        }
    }
    return 0;
}

/* The request's headers and no others. Content-Length is libcurl's, made of POSTFIELDSIZE. */
static int list_headers(struct curl_slist **list, const wxid_request *request)
{
    static const char *const libcurls[] = {"Accept", "Content-Type", "Expect", "Proxy-Connection"};
    for (size_t i = 0; i < request->header_count; i++) {
        if (strcasecmp(request->headers[i].name, "Content-Length") != 0 &&
            add_header(list, request->headers[i].name, request->headers[i].value) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < sizeof libcurls / sizeof libcurls[0]; i++) {
        if (!has_header(request, libcurls[i]) && add_header(list, libcurls[i], NULL) != 0) {
            return -1;
        }
    }
    return 0;
}

CURLcode wxid__slot_aim(wxid__slot *slot, const wxid_request *request)
{
    if (list_headers(&slot->transfer.headers, request) != 0) {
        return CURLE_OUT_OF_MEMORY;
    }
    SET(CURLOPT_PROTOCOLS_STR, request->scheme);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, slot->transfer.by_tls ? UPLOAD_PIECE_BY_TLS : UPLOAD_PIECE);
    SET(CURLOPT_URL, request->url);
    if (strcmp(request->method, "GET") == 0) {
        SET(CURLOPT_HTTPGET, 1L);
    } else {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDS, NULL); /* the body comes from READFUNCTION, uncopied */
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length);
    }
    SET(CURLOPT_HTTPHEADER, slot->transfer.headers);
    return CURLE_OK;
}

CURLcode wxid__slot_limit(wxid__slot *slot, const wxid_settings *settings, int64_t time_left_ms)
{
    int64_t connect_ms = settings->connect_timeout_ms;
    /* 0 would mean "for ever" to libcurl. */
    int64_t whole_ms = time_left_ms > 0 ? time_left_ms : 1;
    SET(CURLOPT_TIMEOUT_MS, (long)whole_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(connect_ms < whole_ms ? connect_ms : whole_ms));
    return CURLE_OK;
}

void wxid__slot_close(wxid__slot *slot)
{
    wxid__sigpipe held;
    wxid__sigpipe_hold(&held); /* a connection by TLS is closed with a goodbye */
    curl_easy_cleanup(slot->easy);
    (void)curl_multi_cleanup(slot->multi);
    wxid__sigpipe_release(&held);
    curl_slist_free_all(slot->transfer.headers);
    wxid__incoming_clear(&slot->reply);
    free(slot->reply.body);
    *slot = (wxid__slot){0};
}
