#include "curl_waiting.h"

#include <stdint.h>
#include <stdlib.h>

#define ROOM_AT_FIRST 16

static int make_room(wxid__waiting *waiting)
{
    if (waiting->count < waiting->room) {
        return 0;
    }
    size_t room = waiting->room > 0 ? 2 * waiting->room : ROOM_AT_FIRST;
    if (room > SIZE_MAX / sizeof *waiting->sockets) {
        return -1;
    }
    struct pollfd *sockets = realloc(waiting->sockets, room * sizeof *sockets);
    if (sockets == NULL) {
        return -1;
    }
    waiting->sockets = sockets;
    void **owners = realloc(waiting->owners, room * sizeof *owners);
    if (owners == NULL) {
        return -1;
    }
    waiting->owners = owners;
    waiting->room = room;
    return 0;
}

static size_t find(const wxid__waiting *waiting, int socket)
{
    size_t i = 0;
    while (i < waiting->count && waiting->sockets[i].fd != socket) {
        i++;
    }
    return i;
}

/* The last takes its place. */
static void take_out(wxid__waiting *waiting, size_t i)
{
    waiting->count--;
    waiting->sockets[i] = waiting->sockets[waiting->count];
    waiting->owners[i] = waiting->owners[waiting->count];
}

int wxid__waiting_set(wxid__waiting *waiting, int socket, short events, void *owner)
{
    size_t i = find(waiting, socket);
    if (i == waiting->count) {
        if (make_room(waiting) != 0) {
            return -1;
        }
        waiting->count++;
    }
    waiting->sockets[i] = (struct pollfd){.fd = socket, .events = events};
    waiting->owners[i] = owner;
    return 0;
}

void wxid__waiting_forget(wxid__waiting *waiting, int socket)
{
    size_t i = find(waiting, socket);
    if (i < waiting->count) {
        take_out(waiting, i);
    }
}

void wxid__waiting_forget_owner(wxid__waiting *waiting, const void *owner)
{
    for (size_t i = waiting->count; i > 0; i--) {
        if (waiting->owners[i - 1] == owner) {
            take_out(waiting, i - 1);
        }
    }
}

void wxid__waiting_free(wxid__waiting *waiting)
{
    free(waiting->sockets);
    free(waiting->owners);
    *waiting = (wxid__waiting){0};
}
