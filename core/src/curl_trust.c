#include "curl_trust.h"

#include "curl_system.h"

#include <poll.h>

/* Uses of kept connections, of all slots together, before which is waited. */
#define CAUTIOUS_USES 8
/* How long a connection is to have been idle then. */
#define SETTLING_MS 20
#define ALONE_MS (10 * 60 * 1000)

int wxid__trust_allows_reuse(const wxid__trust *trust)
{
    return wxid__now_ms() >= atomic_load(&trust->alone_ms);
}

int wxid__trust_settle(const wxid__trust *trust, const wxid__sockets *sockets,
                       int64_t idle_since_ms, wxid__caller *caller)
{
    while (sockets->count == 1 && atomic_load(&trust->earned) < CAUTIOUS_USES) {
        struct pollfd fd = {.fd = sockets->open[0], .events = POLLIN};
        int64_t left = idle_since_ms + SETTLING_MS - wxid__now_ms();
        int patience = wxid__caller_patience_ms(caller);
        if (left <= 0 || patience == 0 ||
            poll(&fd, 1, left < patience ? (int)left : patience) > 0) {
            break;
        }
        if (wxid__caller_tick_if_due(caller) != 0) {
            return -1;
        }
    }
    return 0;
}

void wxid__trust_earn(wxid__trust *trust)
{
    if (atomic_load(&trust->earned) < CAUTIOUS_USES) {
        (void)atomic_fetch_add(&trust->earned, 1);
    }
}

void wxid__trust_lose(wxid__trust *trust)
{
    atomic_store(&trust->earned, 0);
    atomic_store(&trust->alone_ms, wxid__now_ms() + ALONE_MS);
}
