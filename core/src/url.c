#include "url.h"

#include "buffer.h"
#include "errors.h"
#include "memory.h"
#include "text.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int refuse(wxid_error **error, const char *message)
{
    return wxid__fail(error, wxid_error_new(WXID_KIND_USAGE, message));
}

static int is_loopback(const char *host)
{
    unsigned char octets[4];
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
           (inet_pton(AF_INET, host, octets) == 1 && octets[0] == 127);
}

/* Splits "host", "host:port" or "[address]:port". Returns -1 for what is none of these. */
static int split_authority(wxid__origin *origin, const char *text, size_t length, int default_port)
{
    const char *end = text + length;
    const char *host = text;
    const char *host_end;
    const char *after;
    if (length > 0 && *text == '[') {
        host = text + 1;
        host_end = memchr(text, ']', length);
        after = host_end != NULL ? host_end + 1 : end;
    } else {
        host_end = memchr(text, ':', length);
        host_end = host_end != NULL ? host_end : end;
        after = host_end;
    }
    const char *allowed = host == text ? "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                         "0123456789.-_"
                                       : "0123456789abcdefABCDEF:.";
    if (host_end == NULL || host_end == host || strspn(host, allowed) < (size_t)(host_end - host)) {
        return -1;
    }
    origin->port = default_port;
    if (after < end) {
        char digits[8] = "";
        int64_t port = 0;
        size_t digits_length = (size_t)(end - after) - 1;
        if (*after != ':' || digits_length >= sizeof digits) {
            return -1;
        }
        memcpy(digits, after + 1, digits_length);
        if (!wxid__decimal(&port, digits) || port < 1 || port > 65535) {
            return -1;
        }
        origin->port = (int)port;
    }
    wxid__buffer copy = WXID__BUFFER_INIT;
    wxid__buffer_append(&copy, host, (size_t)(host_end - host));
    origin->host = wxid__buffer_take(&copy);
    return 0;
}

static void compose_authority(wxid__origin *origin, int default_port)
{
    wxid__buffer buffer = WXID__BUFFER_INIT;
    int brackets = strchr(origin->host, ':') != NULL;
    wxid__buffer_text(&buffer, brackets ? "[" : "");
    wxid__buffer_text(&buffer, origin->host);
    wxid__buffer_text(&buffer, brackets ? "]" : "");
    if (origin->port != default_port) {
        wxid__buffer_format(&buffer, ":%d", origin->port);
    }
    origin->authority = wxid__buffer_take(&buffer);
}

static int check_base_url(const char *base_url, wxid_error **error)
{
    size_t length = strlen(base_url);
    if (length > WXID__LONGEST_URL || !wxid__visible_ascii(base_url, "\"'<>\\^`{|}")) {
        return refuse(error,
                      "base_url holds white space, quotes or other characters that cannot stand "
                      "in a URL, or is too long: write it like https://api.weixin.qq.com");
    }
    if (strpbrk(base_url, "?#@") != NULL) {
        return refuse(error, "base_url must have no user, query or fragment: write it like "
                             "https://api.weixin.qq.com");
    }
    return 0;
}

int wxid__origin_parse(wxid__origin *origin, const char *base_url, int plain_http,
                       wxid_error **error)
{
    wxid__origin parsed = {NULL, NULL, 0, NULL, NULL};
    if (check_base_url(base_url, error) != 0) {
        return -1;
    }
    int is_https = strncasecmp(base_url, "https://", 8) == 0;
    if (!is_https && strncasecmp(base_url, "http://", 7) != 0) {
        return refuse(error, "base_url must begin with https://, like https://api.weixin.qq.com");
    }
    const char *authority = base_url + (is_https ? 8 : 7);
    size_t length = strcspn(authority, "/");
    int default_port = is_https ? 443 : 80;
    parsed.scheme = is_https ? "https" : "http";
    if (split_authority(&parsed, authority, length, default_port) != 0) {
        return refuse(error, "base_url has no valid host and port: write it like "
                             "https://api.weixin.qq.com");
    }
    wxid__buffer prefix = WXID__BUFFER_INIT;
    size_t path_length = strlen(authority + length);
    while (path_length > 0 && authority[length + path_length - 1] == '/') {
        path_length--;
    }
    wxid__buffer_append(&prefix, authority + length, path_length);
    parsed.prefix = wxid__buffer_take(&prefix);
    if (parsed.host != NULL) {
        compose_authority(&parsed, default_port);
    }
    if (parsed.host == NULL || parsed.prefix == NULL || parsed.authority == NULL) {
        wxid__origin_clear(&parsed);
        return wxid__fail(error, wxid__error_memory());
    }
    if (!is_https && !plain_http && !is_loopback(parsed.host)) {
        wxid__origin_clear(&parsed);
        return refuse(
            error,
            "base_url is plain http, which would send the token and the picture unencrypted: "
            "write https:// (http is allowed for 127.0.0.1, ::1 and localhost)");
    }
    *origin = parsed;
    return 0;
}

void wxid__origin_clear(wxid__origin *origin)
{
    wxid__text_free(origin->host);
    wxid__text_free(origin->authority);
    wxid__text_free(origin->prefix);
    *origin = (wxid__origin){NULL, NULL, 0, NULL, NULL};
}

static int has_refused_character(const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte <= 0x20 || byte == 0x7f || strchr("\"<>\\^`{|}", byte) != NULL) {
            return 1;
        }
    }
    return 0;
}

int wxid__img_url_check(const char *img_url, wxid_error **error)
{
    size_t length = strlen(img_url);
    if (length > WXID__LONGEST_URL) {
        return refuse(error,
                      "img_url is longer than 2,048 bytes: give a shorter URL, or upload the "
                      "picture itself");
    }
    if (strncasecmp(img_url, "https%3A", 8) == 0 || strncasecmp(img_url, "http%3A", 7) == 0) {
        return refuse(error,
                      "img_url is percent-encoded already: give it as it stands in a browser, "
                      "https://…; it is encoded for you, once");
    }
    size_t scheme = strncasecmp(img_url, "https://", 8) == 0  ? 8
                    : strncasecmp(img_url, "http://", 7) == 0 ? 7
                                                              : 0;
    if (scheme == 0) {
        return refuse(error,
                      "img_url must begin with http:// or https://, since the service fetches it "
                      "itself: upload a local picture by its path or its bytes");
    }
    if (!wxid__utf8_valid(img_url, length) || has_refused_character(img_url)) {
        return refuse(
            error, "img_url holds a space, a control character, or another that cannot stand in a "
                   "URL: write it as %20 and so on");
    }
    size_t authority = strcspn(img_url + scheme, "/?#");
    if (authority == 0) {
        return refuse(error, "img_url has no host: write it like https://example.com/card.jpg");
    }
    if (memchr(img_url + scheme, '@', authority) != NULL) {
        return refuse(error,
                      "img_url holds a user name or password, which the service would learn: "
                      "give a URL without, such as a signed one");
    }
    return 0;
}
