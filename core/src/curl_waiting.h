/* The sockets that an engine's thread waits for, each with whom it belongs to. */
#ifndef WXID_CURL_WAITING_H
#define WXID_CURL_WAITING_H

#include <poll.h>
#include <stddef.h>

typedef struct wxid__waiting {
    struct pollfd *sockets;
    void **owners; /* beside them */
    size_t count;
    size_t room;
} wxid__waiting;

/* Waits for these events of a socket, which is one owner's alone. -1 without memory. */
int wxid__waiting_set(wxid__waiting *waiting, int socket, short events, void *owner);
void wxid__waiting_forget(wxid__waiting *waiting, int socket);
void wxid__waiting_forget_owner(wxid__waiting *waiting, const void *owner);
void wxid__waiting_free(wxid__waiting *waiting);

#endif
