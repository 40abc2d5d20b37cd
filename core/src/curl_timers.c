#include "curl_timers.h"

#include <stddef.h>

static void put(wxid__timer **link, wxid__timer *timer)
{
    *link = timer;
    if (timer != NULL) {
        timer->link = link;
    }
}

/* Both are roots, without siblings. */
static wxid__timer *meld(wxid__timer *one, wxid__timer *other)
{
    if (one == NULL || other == NULL) {
        return one != NULL ? one : other;
    }
    if (other->due_ms < one->due_ms) {
        wxid__timer *earlier = other;
        other = one;
        one = earlier;
    }
    put(&other->next, one->child);
    put(&one->child, other);
    return one;
}

/* Melds siblings in pairs, and the pairs into one: with fewer passes a heap would grow into a list.
 */
static wxid__timer *meld_all(wxid__timer *siblings)
{
    wxid__timer *pairs = NULL;
    while (siblings != NULL) {
        wxid__timer *one = siblings;
        wxid__timer *other = one->next;
        siblings = other != NULL ? other->next : NULL;
        one->next = NULL;
        if (other != NULL) {
            other->next = NULL;
        }
        wxid__timer *pair = meld(one, other);
        pair->next = pairs;
        pairs = pair;
    }
    wxid__timer *all = NULL;
    while (pairs != NULL) {
        wxid__timer *pair = pairs;
        pairs = pair->next;
        pair->next = NULL;
        all = meld(all, pair);
    }
    return all;
}

void wxid__timers_cancel(wxid__timers *timers, wxid__timer *timer)
{
    if (!timer->is_set) {
        return;
    }
    put(timer->link, timer->next);
    wxid__timer *children = meld_all(timer->child);
    *timer = (wxid__timer){0};
    put(&timers->first, meld(timers->first, children));
}

void wxid__timers_set(wxid__timers *timers, wxid__timer *timer, int64_t due_ms)
{
    wxid__timers_cancel(timers, timer);
    timer->due_ms = due_ms;
    timer->is_set = 1;
    put(&timers->first, meld(timers->first, timer));
}
