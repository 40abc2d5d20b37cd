/* A request as somebody else reads it off the wire: a small reader of HTTP, of queries and of
 * multipart bodies that shares nothing with the library's writer. */
#ifndef FUZZ_WIRE_H
#define FUZZ_WIRE_H

#include "wxidcard.h"

/* What a request must say, no more and no less. */
typedef struct expected_parameter {
    const char *name;
    const char *value; /* NULL: must not be there */
} expected_parameter;

#define MOST_PARAMETERS 4

typedef struct expected {
    const char *method;
    const char *path; /* the end of it, behind the base URL's own */
    expected_parameter parameters[MOST_PARAMETERS];
    size_t parameter_count;
    const char *media_type; /* of the body; NULL: there is none */
    const void *image;      /* NULL: no multipart body */
    size_t image_length;
} expected;

/* Head, headers, URL and target say the same; nothing can be smuggled in; the query has exactly the
 * parameters, in their order, and a multipart body exactly the picture. */
void check_request(const wxid_request *request, const expected *wanted);
/* The boundary that the request's head names, copied; it stands nowhere in the picture. */
void read_boundary(char boundary[80], const wxid_request *request);

#endif
