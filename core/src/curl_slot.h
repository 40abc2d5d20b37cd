/* A slot of the pool: a multi handle with one easy handle in it and at most one connection. */
#ifndef WXID_CURL_SLOT_H
#define WXID_CURL_SLOT_H

#include "curl_socket.h"
#include "incoming.h"

#include <curl/curl.h>

/* What a transfer remembers; all of it is forgotten when the next one begins. */
typedef struct wxid__transfer {
    const wxid_request *request;
    struct curl_slist *headers;
    size_t fragment; /* the upload: the fragment at which it is, */
    size_t offset;   /* how much of that one libcurl has taken, */
    size_t taken;    /* and of all of them together */
    int by_tls;
    int issued; /* some of the request may have been sent */
    int reused; /* over a kept connection */
    int held;   /* the upload stands still until what has come has been read */
    int read_before_last;
    int stray;        /* over a kept connection, something came before it could be the answer */
    int incomplete;   /* the reply began before the request had been sent whole */
    int64_t begun_ms; /* when such a reply began */
} wxid__transfer;

typedef struct wxid__slot {
    CURLM *multi; /* NULL while the slot is closed */
    CURL *easy;
    wxid__sockets sockets;
    wxid__incoming reply;
    wxid__transfer transfer;
    int64_t idle_since_ms;
} wxid__slot;

/* Whether libcurl has taken the whole upload. */
int wxid__upload_done(const wxid__transfer *transfer);

/* libcurl's callbacks, in curl_watch.c; the data of each is the slot. */
size_t wxid__on_upload(char *buffer, size_t size, size_t count, void *slot);
size_t wxid__on_header(char *line, size_t size, size_t count, void *slot);
size_t wxid__on_body(char *data, size_t size, size_t count, void *slot);
int wxid__on_issue(void *slot, char *remote_ip, char *local_ip, int remote_port, int local_port);

/* Makes the handles if there are none, with the options that never change. share may be NULL. */
CURLcode wxid__slot_open(wxid__slot *slot, const wxid_settings *settings, CURLSH *share);
/* Sets the options for a request, which must outlive the transfer. */
CURLcode wxid__slot_aim(wxid__slot *slot, const wxid_request *request);
CURLcode wxid__slot_limit(wxid__slot *slot, const wxid_settings *settings, int64_t time_left_ms);
/* Closes the connection and frees everything; the slot can be opened again. */
void wxid__slot_close(wxid__slot *slot);

#endif
