/* The picture that is uploaded: read safely, recognised by its first bytes. */
#ifndef WXID_IMAGE_H
#define WXID_IMAGE_H

#include "wxidcard.h"

typedef struct wxid__image {
    const unsigned char *data;
    size_t length;
    unsigned char *owned;   /* the data, when it was read from a file */
    const char *media_type; /* "image/jpeg"; static */
    const char *file_name;  /* "image.jpg": what the upload says; static, never the caller's */
} wxid__image;

/* No picture may have as many, whatever the settings. */
#define WXID__MOST_IMAGE_BYTES (64 * INT64_C(1048576))

/* Borrows the bytes. They must be fewer than max_bytes and begin as a picture does.
 * Errors: IMAGE_INPUT. */
int wxid__image_from_bytes(wxid__image *image, const void *data, size_t length, int64_t max_bytes,
                           wxid_error **error);
/* Reads a regular file, never waiting on a FIFO or a device, and never more than max_bytes.
 * Errors: SYSTEM when it cannot be opened or read, IMAGE_INPUT, MEMORY. */
int wxid__image_from_path(wxid__image *image, const char *path, int64_t max_bytes,
                          wxid_error **error);
/* Whether there are some, and fewer than max_bytes. Errors: IMAGE_INPUT. */
int wxid__image_check_size(size_t length, int64_t max_bytes, wxid_error **error);
/* Gives it other data, which it owns; wipes and frees those that it owned. */
void wxid__image_replace(wxid__image *image, unsigned char *data, size_t length);
/* Wipes and frees what was read; the image is empty afterwards. */
void wxid__image_clear(wxid__image *image);

#endif
