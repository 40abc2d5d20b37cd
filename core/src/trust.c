#include "trust.h"

#include "memory.h"

#include <stdlib.h>

/* Uses of kept connections, of all to one address together, before which is waited. */
#define CAUTIOUS_USES 8
/* How long a connection is to have been idle then. */
#define SETTLING_MS 20
#define ALONE_MS (10 * 60 * 1000)

void wxid__trust_init(wxid_trust *trust)
{
    atomic_init(&trust->earned, 0);
    atomic_init(&trust->alone_ms, INT64_MIN);
}

wxid_trust *wxid_trust_new(void)
{
    wxid_trust *trust = malloc(sizeof *trust);
    if (trust != NULL) {
        wxid__trust_init(trust);
    }
    return trust;
}

void wxid_trust_free(wxid_trust *trust)
{
    free(trust);
}

int wxid_trust_allows_reuse(const wxid_trust *trust, int64_t now_ms)
{
    return now_ms >= atomic_load(&trust->alone_ms);
}

int64_t wxid_trust_settling_ms(const wxid_trust *trust, int64_t idle_since_ms, int64_t now_ms)
{
    int64_t until_ms = wxid__time_after(idle_since_ms, SETTLING_MS);
    if (atomic_load(&trust->earned) >= CAUTIOUS_USES || now_ms >= until_ms) {
        return 0;
    }
    /* No longer than that, though a clock may have been set back. */
    return now_ms < idle_since_ms ? SETTLING_MS : until_ms - now_ms;
}

void wxid__trust_earn(wxid_trust *trust)
{
    if (atomic_load(&trust->earned) < CAUTIOUS_USES) {
        (void)atomic_fetch_add(&trust->earned, 1);
    }
}

void wxid_trust_lose(wxid_trust *trust, int64_t now_ms)
{
    atomic_store(&trust->earned, 0);
    atomic_store(&trust->alone_ms, wxid__time_after(now_ms, ALONE_MS));
}
