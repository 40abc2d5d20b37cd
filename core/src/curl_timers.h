/* What is due when: a pairing heap through its members, which needs no memory of its own. */
#ifndef WXID_CURL_TIMERS_H
#define WXID_CURL_TIMERS_H

#include <stdint.h>

/* Part of whatever is due. All zero: in no heap. */
typedef struct wxid__timer {
    int64_t due_ms;
    int is_set;
    struct wxid__timer *child; /* the first of those that are due no earlier */
    struct wxid__timer *next;  /* its next sibling */
    struct wxid__timer **link; /* what points to it */
} wxid__timer;

typedef struct wxid__timers {
    wxid__timer *first; /* the earliest, NULL when there is none */
} wxid__timers;

/* Sets it, whether or not it was set before. */
void wxid__timers_set(wxid__timers *timers, wxid__timer *timer, int64_t due_ms);
/* Nothing happens to one that is not set. */
void wxid__timers_cancel(wxid__timers *timers, wxid__timer *timer);

#endif
