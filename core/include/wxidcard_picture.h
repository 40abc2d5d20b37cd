/* wxidcard's pictures: made small enough to be sent, and freed of their metadata.
 *
 * <wxidcard.h> includes this and says what holds for all of it; include that. It has WXID_UNSET,
 * and the settings `fit` and `strip_metadata`, by which a call does the same by itself.
 */
#ifndef WXIDCARD_PICTURE_H
#define WXIDCARD_PICTURE_H

#include "wxidcard_base.h"

#ifdef __cplusplus
extern "C" {
#endif

struct wxid_settings;

/* A picture that is fit to be sent. */
typedef struct wxid_picture wxid_picture;

#define WXID_FIT_VERSION 1

/* What a picture has to be. Start from WXID_FIT_INIT. */
typedef struct wxid_fit {
    unsigned version;        /* WXID_FIT_VERSION */
    int64_t max_image_bytes; /* 1 to 64 MiB; default 2 MiB: the picture will be smaller */
    int64_t strip_metadata;  /* 1: without metadata, even if it is small enough; default 0 */
    const char *image_path;  /* a regular file to read instead, where image is NULL */
} wxid_fit;

#define WXID_FIT_INIT                                  \
    {                                                  \
        WXID_FIT_VERSION, WXID_UNSET, WXID_UNSET, NULL \
    }

/* Makes a picture smaller than max_image_bytes. One that is stays as it is, byte for byte: its
 * bytes are lent, and not copied, until the picture is freed. With strip_metadata its metadata is
 * left out, without decoding it: what says where, when and by whom it was taken, thumbnails, texts,
 * and whatever follows the picture; not its colour profile, nor how it is to be turned.
 *
 * A larger one must be a JPEG or PNG of fewer than 64 MiB and at most 100 megapixels. It becomes a
 * baseline JPEG without metadata, upright, in the best quality that fits, scaled down only where
 * the quality would get too low for small writing. That takes up to 512 MiB, of a usual photograph
 * of 12 megapixels 25 MiB. fit may be NULL: the defaults. Errors: USAGE (also when the library was
 * built without libjpeg and libpng), IMAGE_INPUT, SYSTEM (a path that cannot be opened or read),
 * MEMORY. */
WXID_API int wxid_picture_fit(wxid_picture **picture, const void *image, size_t length,
                              const wxid_fit *fit, wxid_error **error);
/* The bytes, lent until the picture is freed, and their count; length may be NULL. */
WXID_API const void *wxid_picture_data(const wxid_picture *picture, size_t *length);
/* Wipes and frees. NULL is allowed. */
WXID_API void wxid_picture_free(wxid_picture *picture);

/* How many bytes of a picture are worth reading with these settings: one of so many is too large.
 * For a binding that reads a picture itself; settings may be incomplete, but not out of bounds. */
WXID_API int64_t wxid_picture_read_limit(const struct wxid_settings *settings);

#ifdef __cplusplus
}
#endif

#endif
