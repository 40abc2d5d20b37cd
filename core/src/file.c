#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int wxid__file_open(const char *path)
{
    /* O_NONBLOCK: opening a FIFO that nobody writes to would wait for ever. */
    return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

ssize_t wxid__file_read(int file, void *data, size_t limit)
{
    size_t length = 0;
    while (length < limit) {
        ssize_t got = read(file, (char *)data + length, limit - length);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got < 0 ? -1 : (ssize_t)length;
        }
        length += (size_t)got;
    }
    return (ssize_t)length;
}
