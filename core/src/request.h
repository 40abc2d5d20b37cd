/* Building requests: the one place that knows what goes onto the wire. */
#ifndef WXID_REQUEST_H
#define WXID_REQUEST_H

#include "image.h"
#include "url.h"

#define WXID__LONGEST_TOKEN 4096
#define WXID__MOST_HEADERS 6

/* A request and everything that its public part points to. */
typedef struct wxid__request {
    wxid_request shown;
    wxid_header headers[WXID__MOST_HEADERS];
    wxid_fragment body[3];
    char *target;
    char *url;
    char *head;
    char *part_head; /* of the multipart body; or the whole JSON body */
    char *part_tail;
    char *content_type;
    char content_length[24];
} wxid__request;

/* Text that may stand in a query or header: visible ASCII without quotes, not empty, not too long.
 */
int wxid__token_valid(const char *token);

/* A query parameter. */
typedef struct wxid__parameter {
    const char *name;
    const char *value; /* NULL: not sent */
} wxid__parameter;

/* Each fills an empty request, or returns -1 without memory. The image is lent until the request is
 * cleared. `random` gives the boundary; it is drawn again until the image does not hold it. */
int wxid__request_upload(wxid__request *request, const wxid__origin *origin, wxid__parameter token,
                         const char *type, const wxid__image *image, uint64_t *random);
int wxid__request_img_url(wxid__request *request, const wxid__origin *origin, wxid__parameter token,
                          const char *type, const char *img_url);
int wxid__request_stable_token(wxid__request *request, const wxid__origin *origin,
                               const char *appid, const char *secret, int force_refresh);
int wxid__request_token(wxid__request *request, const wxid__origin *origin, const char *appid,
                        const char *secret);
/* Wipes and frees; the request is empty afterwards. */
void wxid__request_clear(wxid__request *request);

#endif
