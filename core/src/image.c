#include "image.h"

#include "errors.h"
#include "file.h"
#include "memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A format is known by a pattern at an offset; WebP and HEIC have two. */
typedef struct signature {
    const char *media_type;
    const char *file_name;
    const char *start;
    size_t start_length;
    const char *second;
    size_t second_length;
    size_t second_offset;
} signature;

static const signature pictures[] = {
    {"image/jpeg", "image.jpg", "\xff\xd8\xff", 3, "", 0, 0},
    {"image/png", "image.png", "\x89PNG\r\n\x1a\n", 8, "", 0, 0},
    {"image/gif", "image.gif", "GIF87a", 6, "", 0, 0},
    {"image/gif", "image.gif", "GIF89a", 6, "", 0, 0},
    {"image/webp", "image.webp", "RIFF", 4, "WEBP", 4, 8},
    /* Two letters are little to go by: the reserved fields of the BMP header are 0 as well. */
    {"image/bmp", "image.bmp", "BM", 2, "\0\0\0", 4, 6},
};

/* What users hand over by mistake, and what to tell them. */
static const struct {
    const char *pattern;
    size_t offset;
    const char *advice;
} not_pictures[] = {
    {"ftypheic", 4, "the picture is in HEIC format, as iPhones take it: convert it to JPEG or PNG"},
    {"ftypheix", 4, "the picture is in HEIC format, as iPhones take it: convert it to JPEG or PNG"},
    {"ftypmif1", 4, "the picture is in HEIF format: convert it to JPEG or PNG"},
    {"ftypavif", 4, "the picture is in AVIF format: convert it to JPEG or PNG"},
    {"II*", 0, "the picture is a TIFF file: convert it to JPEG or PNG"},
    {"MM", 0, "the picture is a TIFF file: convert it to JPEG or PNG"},
    {"%PDF", 0, "this is a PDF file: take the picture out of it, as JPEG or PNG"},
    {"data:", 0, "this is a data URL: decode its base64 part and give the bytes"},
    {"/9j/", 0, "this is base64 text of a JPEG: decode it and give the bytes"},
    {"iVBORw0KGgo", 0, "this is base64 text of a PNG: decode it and give the bytes"},
    {"http", 0, "this is a URL, not the bytes of a picture: give it as img_url"},
};

static int has_at(const wxid__image *image, size_t offset, const char *pattern, size_t length)
{
    return image->length >= offset + length && memcmp(image->data + offset, pattern, length) == 0;
}

static int recognise(wxid__image *image, wxid_error **error)
{
    for (size_t i = 0; i < sizeof pictures / sizeof pictures[0]; i++) {
        const signature *known = &pictures[i];
        if (has_at(image, 0, known->start, known->start_length) &&
            has_at(image, known->second_offset, known->second, known->second_length)) {
            image->media_type = known->media_type;
            image->file_name = known->file_name;
            return 0;
        }
    }
    for (size_t i = 0; i < sizeof not_pictures / sizeof not_pictures[0]; i++) {
        const char *pattern = not_pictures[i].pattern;
        if (has_at(image, not_pictures[i].offset, pattern, strlen(pattern))) {
            return wxid__fail(error, wxid_error_new(WXID_KIND_IMAGE_INPUT, not_pictures[i].advice));
        }
    }
    return wxid__fail(error,
                      wxid_error_new(WXID_KIND_IMAGE_INPUT,
                                     "this is not a picture: give the bytes or the path of a "
                                     "JPEG, PNG, GIF, BMP or WebP file"));
}

int wxid__image_check_size(size_t length, int64_t max_bytes, wxid_error **error)
{
    if (length == 0) {
        return wxid__fail(error, wxid_error_new(WXID_KIND_IMAGE_INPUT, "the picture is empty"));
    }
    if (length >= (uint64_t)max_bytes) {
        return wxid__fail(
            error,
            wxid__error_format(WXID_KIND_IMAGE_INPUT,
                               "the picture has %zu bytes or more and must have fewer than %lld "
                               "(%s",
                               length, (long long)max_bytes,
                               max_bytes < WXID__MOST_IMAGE_BYTES
                                   ? "max_image_bytes): set fit to have it scaled down, or save "
                                     "it with more compression"
                                   : "no picture may have more): scale it down"));
    }
    return 0;
}

int wxid__image_from_bytes(wxid__image *image, const void *data, size_t length, int64_t max_bytes,
                           wxid_error **error)
{
    wxid__image candidate = {data, length, NULL, NULL, NULL};
    if (wxid__image_check_size(length, max_bytes, error) != 0 ||
        recognise(&candidate, error) != 0) {
        return -1;
    }
    *image = candidate;
    return 0;
}

static int read_regular_file(wxid__image *image, int file, int64_t max_bytes, wxid_error **error)
{
    struct stat status;
    if (fstat(file, &status) != 0) {
        return wxid__fail(error, wxid__error_system(errno, "the picture's file cannot be read"));
    }
    if (!S_ISREG(status.st_mode)) {
        return wxid__fail(error,
                          wxid_error_new(WXID_KIND_IMAGE_INPUT,
                                         "the path is not one of a regular file but of a folder, "
                                         "a pipe, a socket or a device: give a picture's path"));
    }
    if (status.st_size >= max_bytes) {
        return wxid__image_check_size((size_t)status.st_size, max_bytes, error);
    }
    size_t limit = (size_t)max_bytes;
    unsigned char *data = malloc(limit);
    if (data == NULL) {
        return wxid__fail(error, wxid__error_memory());
    }
    ssize_t length = wxid__file_read(file, data, limit);
    if (length < 0) {
        int reason = errno;
        wxid__wipe(data, limit); /* what came before it failed */
        free(data);
        return wxid__fail(error, wxid__error_system(reason, "the picture's file cannot be read"));
    }
    if (wxid__image_from_bytes(image, data, (size_t)length, max_bytes, error) != 0) {
        wxid__wipe(data, (size_t)length);
        free(data);
        return -1;
    }
    image->owned = data;
    return 0;
}

int wxid__image_from_path(wxid__image *image, const char *path, int64_t max_bytes,
                          wxid_error **error)
{
    int file = wxid__file_open(path);
    if (file < 0) {
        int reason = errno;
        if (reason == ENXIO) { /* a socket */
            return wxid__fail(error, wxid_error_new(WXID_KIND_IMAGE_INPUT,
                                                    "the path is not one of a regular file: give a "
                                                    "picture's path"));
        }
        return wxid__fail(error, wxid__error_system(reason, "the picture's file cannot be opened"));
    }
    int result = read_regular_file(image, file, max_bytes, error);
    close(file);
    return result;
}

static void free_owned(wxid__image *image)
{
    if (image->owned != NULL) {
        wxid__wipe(image->owned, image->length);
        free(image->owned);
    }
}

void wxid__image_replace(wxid__image *image, unsigned char *data, size_t length)
{
    free_owned(image);
    image->data = data;
    image->length = length;
    image->owned = data;
}

void wxid__image_clear(wxid__image *image)
{
    free_owned(image);
    *image = (wxid__image){NULL, 0, NULL, NULL, NULL};
}
