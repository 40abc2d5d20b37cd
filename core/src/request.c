#include "request.h"

#include "buffer.h"
#include "memory.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

int wxid__token_valid(const char *token)
{
    size_t length = strlen(token);
    return length > 0 && length <= WXID__LONGEST_TOKEN && wxid__visible_ascii(token, "\"'`\\<>");
}

static void add_header(wxid__request *request, const char *name, const char *value)
{
    request->headers[request->shown.header_count++] = (wxid_header){name, value};
}

static char *compose_head(const wxid__request *request)
{
    wxid__buffer head = WXID__BUFFER_INIT;
    wxid__buffer_text(&head, request->shown.method);
    wxid__buffer_text(&head, " ");
    wxid__buffer_text(&head, request->target);
    wxid__buffer_text(&head, " HTTP/1.1\r\n");
    for (size_t i = 0; i < request->shown.header_count; i++) {
        wxid__buffer_text(&head, request->headers[i].name);
        wxid__buffer_text(&head, ": ");
        wxid__buffer_text(&head, request->headers[i].value);
        wxid__buffer_text(&head, "\r\n");
    }
    wxid__buffer_text(&head, "\r\n");
    return wxid__buffer_take(&head);
}

static char *compose_url(const wxid__origin *origin, const char *target)
{
    wxid__buffer url = WXID__BUFFER_INIT;
    wxid__buffer_text(&url, origin->scheme);
    wxid__buffer_text(&url, "://");
    wxid__buffer_text(&url, origin->authority);
    wxid__buffer_text(&url, target);
    return wxid__buffer_take(&url);
}

/* What all requests have in common. The target, the body and the content type stand already; a body
 * length is in shown.body_length. */
static int complete(wxid__request *request, const wxid__origin *origin, const char *method)
{
    wxid_request *shown = &request->shown;
    if (request->target == NULL) {
        wxid__request_clear(request);
        return -1;
    }
    shown->method = method;
    shown->scheme = origin->scheme;
    shown->host = origin->host;
    shown->port = origin->port;
    shown->target = request->target;
    add_header(request, "Host", origin->authority);
    add_header(request, "User-Agent", "wxidcard/" WXID_VERSION);
    add_header(request, "Accept", "*/*");
    if (request->content_type != NULL) {
        add_header(request, "Content-Type", request->content_type);
    }
    if (strcmp(method, "POST") == 0) { /* the service answers 412 to a POST without it */
        (void)snprintf(request->content_length, sizeof request->content_length, "%zu",
                       shown->body_length);
        add_header(request, "Content-Length", request->content_length);
    }
    shown->headers = request->headers;
    shown->body = request->body;
    request->head = compose_head(request);
    request->url = compose_url(origin, request->target);
    if (request->head == NULL || request->url == NULL) {
        wxid__request_clear(request);
        return -1;
    }
    shown->head = request->head;
    shown->head_length = strlen(request->head);
    shown->url = request->url;
    return 0;
}

static void begin_target(wxid__buffer *target, const wxid__origin *origin, const char *path)
{
    wxid__buffer_text(target, origin->prefix);
    wxid__buffer_text(target, path);
}

static void add_parameter(wxid__buffer *target, char separator, const char *name, const char *value)
{
    wxid__buffer_append(target, &separator, 1);
    wxid__buffer_text(target, name);
    wxid__buffer_text(target, "=");
    wxid__buffer_percent(target, value);
}

/* The query, of the parameters that have a value. */
static void recognition_target(wxid__buffer *target, const wxid__origin *origin,
                               const wxid__parameter *parameters, size_t count)
{
    char separator = '?';
    begin_target(target, origin, "/cv/ocr/idcard");
    for (size_t i = 0; i < count; i++) {
        if (parameters[i].value != NULL) {
            add_parameter(target, separator, parameters[i].name, parameters[i].value);
            separator = '&';
        }
    }
}

/* 128 random bits, drawn again until the image does not hold them. */
static void draw_boundary(char boundary[40], const wxid__image *image, uint64_t *random)
{
    do {
        unsigned long long high = wxid__random_next(random);
        unsigned long long low = wxid__random_next(random);
        (void)snprintf(boundary, 40, "wxid%016llx%016llx", high, low);
    } while (memmem(image->data, image->length, boundary, strlen(boundary)) != NULL);
}

/* The part's framing around the image, which is not copied. By what was recorded: the file name is
 * in quotes, and the boundary in the header is not. */
static void frame_image(wxid__request *request, const wxid__image *image, const char *boundary)
{
    wxid__buffer head = WXID__BUFFER_INIT;
    wxid__buffer tail = WXID__BUFFER_INIT;
    wxid__buffer content_type = WXID__BUFFER_INIT;
    wxid__buffer_format(&head,
                        "--%s\r\nContent-Disposition: form-data; name=\"img\"; filename=\"%s\"\r\n"
                        "Content-Type: %s\r\n\r\n",
                        boundary, image->file_name, image->media_type);
    wxid__buffer_format(&tail, "\r\n--%s--\r\n", boundary);
    wxid__buffer_format(&content_type, "multipart/form-data; boundary=%s", boundary);
    request->part_head = wxid__buffer_take(&head);
    request->part_tail = wxid__buffer_take(&tail);
    request->content_type = wxid__buffer_take(&content_type);
}

int wxid__request_upload(wxid__request *request, const wxid__origin *origin, wxid__parameter token,
                         const char *type, const wxid__image *image, uint64_t *random)
{
    const wxid__parameter parameters[] = {token, {"type", type}};
    char boundary[40];
    wxid__buffer target = WXID__BUFFER_INIT;
    draw_boundary(boundary, image, random);
    frame_image(request, image, boundary);
    recognition_target(&target, origin, parameters, 2);
    request->target = wxid__buffer_take(&target);
    if (request->part_head == NULL || request->part_tail == NULL || request->content_type == NULL) {
        wxid__request_clear(request);
        return -1;
    }
    size_t head_length = strlen(request->part_head);
    size_t tail_length = strlen(request->part_tail);
    request->body[0] = (wxid_fragment){request->part_head, head_length};
    request->body[1] = (wxid_fragment){image->data, image->length};
    request->body[2] = (wxid_fragment){request->part_tail, tail_length};
    request->shown.fragment_count = 3;
    if (wxid__size_add(&request->shown.body_length, head_length + tail_length, image->length)) {
        wxid__request_clear(request);
        return -1;
    }
    return complete(request, origin, "POST");
}

int wxid__request_img_url(wxid__request *request, const wxid__origin *origin, wxid__parameter token,
                          const char *type, const char *img_url)
{
    const wxid__parameter parameters[] = {token, {"type", type}, {"img_url", img_url}};
    wxid__buffer target = WXID__BUFFER_INIT;
    recognition_target(&target, origin, parameters, 3);
    request->target = wxid__buffer_take(&target);
    return complete(request, origin, "POST");
}

/* appid and secret hold nothing that JSON would want escaped: wxid__token_fetch_check() saw to it.
 */
int wxid__request_stable_token(wxid__request *request, const wxid__origin *origin,
                               const char *appid, const char *secret, int force_refresh)
{
    wxid__buffer target = WXID__BUFFER_INIT;
    wxid__buffer body = WXID__BUFFER_INIT;
    wxid__buffer_text(&body, "{\"grant_type\":\"client_credential\",\"appid\":\"");
    wxid__buffer_text(&body, appid);
    wxid__buffer_text(&body, "\",\"secret\":\"");
    wxid__buffer_text(&body, secret);
    wxid__buffer_text(&body, "\",\"force_refresh\":");
    wxid__buffer_text(&body, force_refresh ? "true}" : "false}");
    begin_target(&target, origin, "/cgi-bin/stable_token");
    request->target = wxid__buffer_take(&target);
    request->part_head = wxid__buffer_take(&body);
    request->content_type = wxid__text_copy("application/json");
    if (request->part_head == NULL || request->content_type == NULL) {
        wxid__request_clear(request);
        return -1;
    }
    request->shown.body_length = strlen(request->part_head);
    request->body[0] = (wxid_fragment){request->part_head, request->shown.body_length};
    request->shown.fragment_count = 1;
    return complete(request, origin, "POST");
}

int wxid__request_token(wxid__request *request, const wxid__origin *origin, const char *appid,
                        const char *secret)
{
    wxid__buffer target = WXID__BUFFER_INIT;
    begin_target(&target, origin, "/cgi-bin/token?grant_type=client_credential");
    add_parameter(&target, '&', "appid", appid);
    add_parameter(&target, '&', "secret", secret);
    request->target = wxid__buffer_take(&target);
    return complete(request, origin, "GET");
}

void wxid__request_clear(wxid__request *request)
{
    wxid__text_free(request->target);
    wxid__text_free(request->url);
    wxid__text_free(request->head);
    wxid__text_free(request->part_head);
    wxid__text_free(request->part_tail);
    wxid__text_free(request->content_type);
    *request = (wxid__request){0};
}
