/* The slots of a client. A thread takes one, uses it alone, and gives it back. */
#ifndef WXID_CURL_POOL_H
#define WXID_CURL_POOL_H

#include "curl_caller.h"
#include "curl_transfer.h"

typedef struct wxid__pool wxid__pool;

/* The settings are lent. NULL without memory. */
wxid__pool *wxid__pool_new(const wxid_settings *settings);
/* Closes everything. No slot may be out. NULL is allowed. */
void wxid__pool_free(wxid__pool *pool);
/* Whether this process made it, or was forked from the one that did. */
int wxid__pool_is_ours(const wxid__pool *pool);
/* Instead of freeing, for a pool that is not ours: nothing in it is touched. */
void wxid__pool_abandon(wxid__pool *pool);
wxid__means *wxid__pool_means(wxid__pool *pool);

/* The slot used last, waiting for one, first come first served, while all are out. NULL when the
 * call ended or its deadline passed meanwhile. */
wxid__slot *wxid__pool_take(wxid__pool *pool, wxid__caller *caller);
/* The slot used last, at once; NULL while all are out. */
wxid__slot *wxid__pool_take_idle(wxid__pool *pool);
void wxid__pool_give(wxid__pool *pool, wxid__slot *slot);
/* Closes connections that have been idle for long. */
void wxid__pool_tidy(wxid__pool *pool);
/* Closes the idle connections now, and those in use when they are given back. */
void wxid__pool_close(wxid__pool *pool);

#endif
