#include "picture.h"

#include "errors.h"
#include "memory.h"
#include "session.h"

#include <stdlib.h>
#include <string.h>

struct wxid_picture {
    wxid__image image;
};

/* Of each fault what to do about it. */
static const char *const advice[] = {
    [WXID__DAMAGED] = "the picture is damaged: take or save it again",
    [WXID__CUT_OFF] = "the picture is cut off: its end is missing, so take, save or transfer it "
                      "again",
    [WXID__FOREIGN] = "the picture is a JPEG of a rare kind (lossless, arithmetically coded, of 12 "
                      "bits or in unknown colours): save it as an ordinary JPEG",
    [WXID__HUGE] =
        "the picture has more than 100 megapixels, or more than 65500 pixels in a row or "
        "column: scale it down",
    [WXID__COSTLY] = "the picture is made so that decoding it takes more than 512 MiB, or very "
                     "long: scale it down, or save it neither progressive nor interlaced",
    [WXID__NO_ROOM] =
        "no picture that shows a card fits in fewer bytes than max_image_bytes: raise "
        "it",
};

static int refuse(wxid_error **error, wxid__fault fault)
{
    return wxid__fail(error, fault == WXID__NO_MEMORY
                                 ? wxid__error_memory()
                                 : wxid_error_new(WXID_KIND_IMAGE_INPUT, advice[fault]));
}

int wxid__picture_fit_check(int64_t fit, wxid_error **error)
{
#ifdef WXID_WITH_PICTURES
    (void)fit;
    (void)error;
    return 0;
#else
    return fit == 0
               ? 0
               : wxid__fail(error,
                            wxid_error_new(WXID_KIND_USAGE,
                                           "this wxidcard was built without libjpeg and libpng, so "
                                           "it cannot make pictures fit: build it where they are "
                                           "(Debian: libjpeg-dev, libpng-dev), or leave fit out"));
#endif
}

static wxid__fault shrink(unsigned char **data, size_t *length, const wxid__image *image,
                          int is_png, int64_t limit)
{
#ifdef WXID_WITH_PICTURES
    return wxid__picture_shrink(data, length, image->data, image->length, is_png, limit);
#else
    (void)data;
    (void)length;
    (void)image;
    (void)is_png;
    (void)limit;
    return WXID__FOREIGN; /* never: wxid__picture_fit_check() comes before */
#endif
}

static int is_jpeg(const wxid__image *image)
{
    return strcmp(image->media_type, "image/jpeg") == 0;
}

static int is_png(const wxid__image *image)
{
    return strcmp(image->media_type, "image/png") == 0;
}

static int refuse_format(wxid_error **error, const wxid__image *image, int64_t max_bytes)
{
    if (image->length < (uint64_t)max_bytes) {
        return wxid__fail(error, wxid_error_new(WXID_KIND_IMAGE_INPUT,
                                                "metadata can be taken out of JPEG and PNG only: "
                                                "convert the picture to one of them, or leave "
                                                "strip_metadata out"));
    }
    return wxid__fail(error,
                      wxid__error_format(WXID_KIND_IMAGE_INPUT,
                                         "the picture has %zu bytes and must have fewer than %lld "
                                         "(max_image_bytes), and only JPEG and PNG can be made "
                                         "fit: convert it to one of them, or scale it down",
                                         image->length, (long long)max_bytes));
}

static int strip_image(wxid__image *image, int64_t max_bytes, wxid_error **error)
{
    unsigned char *data = NULL;
    size_t length = 0;
    wxid__fault fault = (is_png(image) ? wxid__png_strip : wxid__jpeg_strip)(
        &data, &length, image->data, image->length);
    if (fault != WXID__SOUND) {
        return refuse(error, fault);
    }
    if (wxid__image_check_size(length, max_bytes, error) !=
        0) { /* a new Exif may be 4 bytes more */
        wxid__wipe(data, length);
        free(data);
        return -1;
    }
    wxid__image_replace(image, data, length);
    return 0;
}

static int shrink_image(wxid__image *image, int64_t max_bytes, wxid_error **error)
{
    unsigned char *data = NULL;
    size_t length = 0;
    if (wxid__picture_fit_check(1, error) != 0) {
        return -1;
    }
    wxid__fault fault = shrink(&data, &length, image, is_png(image), max_bytes);
    if (fault != WXID__SOUND) {
        return refuse(error, fault);
    }
    wxid__image_replace(image, data, length);
    image->media_type = "image/jpeg";
    image->file_name = "image.jpg";
    return 0;
}

int wxid__picture_fit(wxid__image *image, int64_t max_bytes, int strip, wxid_error **error)
{
    int is_small = image->length < (uint64_t)max_bytes;
    if (is_small && !strip) {
        return 0;
    }
    if (!is_jpeg(image) && !is_png(image)) {
        return refuse_format(error, image, max_bytes);
    }
    return is_small ? strip_image(image, max_bytes, error) : shrink_image(image, max_bytes, error);
}

static int make(wxid__image *image, const void *data, size_t length, const wxid_fit *fit,
                wxid_error **error)
{
    wxid_settings settings = WXID_SETTINGS_INIT;
    settings.fit = 1;
    if (fit != NULL) {
        settings.max_image_bytes = fit->max_image_bytes;
        settings.strip_metadata = fit->strip_metadata;
    }
    if (wxid__session_settle_picture(&settings, error) != 0) {
        return -1;
    }
    int64_t limit = wxid_picture_read_limit(&settings);
    int failed = fit != NULL && fit->image_path != NULL
                     ? wxid__image_from_path(image, fit->image_path, limit, error)
                     : wxid__image_from_bytes(image, data, data != NULL ? length : 0, limit, error);
    if (failed) {
        return -1;
    }
    return wxid__picture_fit(image, settings.max_image_bytes, settings.strip_metadata != 0, error);
}

int wxid_picture_fit(wxid_picture **picture, const void *image, size_t length, const wxid_fit *fit,
                     wxid_error **error)
{
    if (fit != NULL && fit->version != WXID_FIT_VERSION) {
        return wxid__fail(error, wxid_error_new(WXID_KIND_USAGE,
                                                "the fit is of another version: start from "
                                                "WXID_FIT_INIT"));
    }
    if (image != NULL && fit != NULL && fit->image_path != NULL) {
        return wxid__fail(error, wxid_error_new(WXID_KIND_USAGE,
                                                "more than one picture was given: give exactly "
                                                "one, as its bytes or its path"));
    }
    wxid_picture *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return wxid__fail(error, wxid__error_memory());
    }
    if (make(&made->image, image, length, fit, error) != 0) {
        wxid_picture_free(made);
        return -1;
    }
    *picture = made;
    return 0;
}

const void *wxid_picture_data(const wxid_picture *picture, size_t *length)
{
    if (length != NULL) {
        *length = picture->image.length;
    }
    return picture->image.data;
}

void wxid_picture_free(wxid_picture *picture)
{
    if (picture != NULL) {
        wxid__image_clear(&picture->image);
        free(picture);
    }
}
