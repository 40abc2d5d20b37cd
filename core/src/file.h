/* Reading files whose paths are the caller's: nothing of it waits for what is no file. */
#ifndef WXID_FILE_H
#define WXID_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* For reading; -1 with errno. */
int wxid__file_open(const char *path);
/* Reads to the end or to `limit` bytes, whatever the file's size said: it may grow meanwhile, and
 * those of /proc say 0. Returns the length, or -1 with errno. */
ssize_t wxid__file_read(int file, void *data, size_t limit);

#endif
