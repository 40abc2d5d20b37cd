/* How far kept connections may be relied upon: see <wxidcard_connection.h>. */
#ifndef WXID_TRUST_H
#define WXID_TRUST_H

#include "wxidcard_connection.h"

#include <stdatomic.h>

struct wxid_trust {
    atomic_int earned;            /* times that a connection was used again, and rightly */
    atomic_int_fast64_t alone_ms; /* until when every request gets a connection of its own */
};

void wxid__trust_init(wxid_trust *trust);
/* A connection was used again, and nothing was wrong. */
void wxid__trust_earn(wxid_trust *trust);

#endif
