#include "curl_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#endif

/* How much of what was sent the other end's system has acknowledged, in bytes since the connection
 * began; 0 if the system does not tell, and then whoever compares two such numbers must not. */
static uint64_t bytes_acknowledged(curl_socket_t fd)
{
#ifdef __linux__
    struct tcp_info info = {0};
    socklen_t length = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 &&
        length >= offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof info.tcpi_bytes_acked) {
        return info.tcpi_bytes_acked;
    }
#else
    (void)fd;
#endif
    return 0;
}

/* libcurl's own does not set close-on-exec: a program that the caller starts would inherit the
 * connection and keep it open. */
static int open_quietly(const struct curl_sockaddr *address)
{
#ifdef SOCK_CLOEXEC
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
#else
    int fd = socket(address->family, address->socktype, address->protocol);
    if (fd >= 0) {
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    return fd;
#endif
}

void wxid__sockets_begin(wxid__sockets *sockets)
{
    sockets->opened = 0;
    sockets->error = 0;
    sockets->sealed = 0;
    sockets->refused = 0;
    sockets->acknowledged = 0;
    sockets->untouched = 0;
}

void wxid__sockets_seal(wxid__sockets *sockets)
{
    sockets->sealed = 1;
    if (sockets->count == 1) {
        sockets->acknowledged = bytes_acknowledged(sockets->open[0]);
    }
}

/* The system takes little more than it can send, not the megabytes that it has room for. So what
 * libcurl has handed out is what has gone, and whatever comes back during the upload is seen during
 * it. */
static void keep_queue_short(int fd)
{
#ifdef TCP_NOTSENT_LOWAT
    int bytes = 32768;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes);
#else
    (void)fd;
#endif
}

curl_socket_t wxid__socket_open(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    wxid__sockets *sockets = context;
    (void)purpose;
    if (sockets->sealed) {
        sockets->refused = 1;
        return CURL_SOCKET_BAD;
    }
    if (sockets->count == WXID__MOST_SOCKETS) {
        return CURL_SOCKET_BAD;
    }
    int fd = open_quietly(address);
    if (fd < 0) {
        sockets->error = errno;
        return CURL_SOCKET_BAD;
    }
    keep_queue_short(fd);
    sockets->open[sockets->count++] = fd;
    sockets->opened++;
    return fd;
}

int wxid__socket_close(void *context, curl_socket_t fd)
{
    wxid__sockets *sockets = context;
    if (sockets->sealed && sockets->acknowledged > 0) {
        sockets->untouched = bytes_acknowledged(fd) == sockets->acknowledged;
    }
    for (size_t i = 0; i < sockets->count; i++) {
        if (sockets->open[i] == fd) {
            sockets->open[i] = sockets->open[--sockets->count];
            break;
        }
    }
    return close(fd);
}

wxid__unread wxid__sockets_unread(const wxid__sockets *sockets)
{
    char byte;
    if (sockets->count != 1) {
        return WXID__UNREAD_UNKNOWN;
    }
    ssize_t n = recv(sockets->open[0], &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n > 0) {
        return WXID__UNREAD_BYTES;
    }
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? WXID__UNREAD_NONE
                                                              : WXID__UNREAD_END;
}

int wxid__sockets_stray(const wxid__sockets *sockets)
{
    struct pollfd fd = {.fd = sockets->count == 1 ? sockets->open[0] : -1, .events = POLLRDHUP};
    return wxid__sockets_unread(sockets) == WXID__UNREAD_BYTES && poll(&fd, 1, 0) == 0;
}

int wxid__sockets_unacknowledged(const wxid__sockets *sockets)
{
#ifdef SIOCOUTQ
    int bytes = 0;
    if (sockets->count == 1 && ioctl(sockets->open[0], SIOCOUTQ, &bytes) == 0) {
        return bytes > 0;
    }
#else
    (void)sockets;
#endif
    return 0;
}
