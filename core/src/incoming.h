/* Reading a reply line by line and then piece by piece: what matters of it is kept, and what no
 * right reply has is refused. exchange.c takes lines and pieces from a connection; libcurl, which
 * is more liberal than is good here, hands them out. */
#ifndef WXID_INCOMING_H
#define WXID_INCOMING_H

#include "wxidcard.h"

/* Longer ones say nothing that could be obeyed. */
#define WXID__LONGEST_FIELD 63

typedef struct wxid__incoming {
    enum {
        WXID__AT_STATUS_LINE,
        WXID__AT_FIELDS, /* of a final reply, or of a 1xx one before it */
        WXID__AT_BODY    /* also after the body: trailers */
    } at;
    int status; /* of the newest status line; 0 before the first */
    size_t header_bytes;
    int has_length;
    size_t length; /* Content-Length, if has_length */
    int chunked;
    int frames; /* the newest field is one of these two */
    int closes; /* the connection ends with this reply, by what the reply says */
    char retry_after[WXID__LONGEST_FIELD + 1]; /* "" if absent */
    char date[WXID__LONGEST_FIELD + 1];
    unsigned char *body; /* WXID_MAX_REPLY_BODY bytes, the caller's */
    size_t body_length;
    const char *refusal; /* why the reply was refused; NULL while it is not. Static. */
} wxid__incoming;

/* Forgets the last reply and wipes its body: it holds somebody's card. */
void wxid__incoming_clear(wxid__incoming *reply);
/* One header line, with its line ending. -1: refused. */
int wxid__incoming_line(wxid__incoming *reply, const char *line, size_t length);
/* A piece of the body, without chunks' framing. -1: refused. */
int wxid__incoming_body(wxid__incoming *reply, const void *data, size_t length);
/* Whether a final reply has begun: its status line has been read. */
int wxid__incoming_begun(const wxid__incoming *reply);
/* Whether the head of a final reply has been read to its end. */
int wxid__incoming_head_whole(const wxid__incoming *reply);
/* Whether the body is known to have been read to its end; 0 when that cannot be told. */
int wxid__incoming_body_whole(const wxid__incoming *reply);
/* The same as the core takes it; lent, as long as nothing changes. */
wxid_reply wxid__incoming_reply(const wxid__incoming *reply, int request_incomplete);

#endif
