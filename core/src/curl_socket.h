/* The sockets of one slot: libcurl opens and closes them through here, so that the driver can look
 * at the one in use. libcurl itself does not look closely enough (see curl_watch.c). */
#ifndef WXID_CURL_SOCKET_H
#define WXID_CURL_SOCKET_H

#include <curl/curl.h>
#include <stdint.h>

/* One, but for the moments in which addresses are tried side by side. */
#define WXID__MOST_SOCKETS 8

typedef struct wxid__sockets {
    curl_socket_t open[WXID__MOST_SOCKETS];
    size_t count;
    unsigned opened; /* since the transfer began: none, when a kept connection is used again */
    int error;       /* errno of the last socket that could not be opened */
    int sealed;      /* no more are opened in this transfer */
    int refused;     /* one would have been */
    uint64_t acknowledged; /* bytes, when the transfer was issued */
    int untouched;         /* the socket was closed, and no byte more had been acknowledged */
} wxid__sockets;

typedef enum wxid__unread {
    WXID__UNREAD_NONE,   /* open, nothing to read */
    WXID__UNREAD_BYTES,  /* something has come */
    WXID__UNREAD_END,    /* closed or reset by the other end */
    WXID__UNREAD_UNKNOWN /* there is not exactly one socket */
} wxid__unread;

/* A transfer begins: forgets the one before. */
void wxid__sockets_begin(wxid__sockets *sockets);

/* CURLOPT_OPENSOCKETFUNCTION and CURLOPT_CLOSESOCKETFUNCTION; the data is a wxid__sockets. */
curl_socket_t wxid__socket_open(void *sockets, curlsocktype purpose, struct curl_sockaddr *address);
int wxid__socket_close(void *sockets, curl_socket_t fd);

/* Looks without reading. */
wxid__unread wxid__sockets_unread(const wxid__sockets *sockets);
/* Whether something has come where nothing should, and the other end has not closed: if it has,
 * this is its goodbye, or a 408 before that. */
int wxid__sockets_stray(const wxid__sockets *sockets);
/* A request is about to be sent: from now on no socket is opened. */
void wxid__sockets_seal(wxid__sockets *sockets);
/* Whether something was sent that the other end's system has not yet acknowledged. */
int wxid__sockets_unacknowledged(const wxid__sockets *sockets);

#endif
