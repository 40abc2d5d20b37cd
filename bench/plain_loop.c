/* What one would write with libcurl alone: one easy handle, a multipart upload, the body in a
 * buffer. usage: plain_loop BASE_URL PICTURE CALLS */
#include "measure.h"

#include <curl/curl.h>
#include <string.h>

typedef struct loop {
    CURL *easy;
    char url[512];
    const char *picture;
    size_t length;
    char body[65536];
    size_t body_length;
} loop;

static size_t keep(char *data, size_t size, size_t count, void *context)
{
    loop *self = context;
    size_t length = size * count;
    if (length > sizeof self->body - self->body_length - 1) {
        return 0;
    }
    memcpy(self->body + self->body_length, data, length);
    self->body_length += length;
    return length;
}

static int call(void *context)
{
    loop *self = context;
    curl_mime *form = curl_mime_init(self->easy);
    curl_mimepart *part = curl_mime_addpart(form);
    self->body_length = 0;
    curl_mime_name(part, "img");
    curl_mime_filename(part, "image.jpg");
    curl_mime_type(part, "image/jpeg");
    curl_mime_data(part, self->picture, self->length);
    curl_easy_setopt(self->easy, CURLOPT_URL, self->url);
    curl_easy_setopt(self->easy, CURLOPT_MIMEPOST, form);
    curl_easy_setopt(self->easy, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(self->easy, CURLOPT_WRITEDATA, self);
    CURLcode result = curl_easy_perform(self->easy);
    curl_mime_free(form);
    self->body[self->body_length] = '\0';
    return result == CURLE_OK && strstr(self->body, "\"Front\"") != NULL ? 0 : 1;
}

int main(int argc, char **argv)
{
    static loop self;
    if (argc != 4) {
        return 2;
    }
    curl_global_init(CURL_GLOBAL_ALL);
    self.easy = curl_easy_init();
    self.picture = read_picture(argv[2], &self.length);
    snprintf(self.url, sizeof self.url, "%s/cv/ocr/idcard?access_token=a_token_for_the_bench",
             argv[1]);
    return measure(atoi(argv[3]), call, &self);
}
