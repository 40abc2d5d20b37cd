/* The slots of a client. A thread takes one, uses it alone, and gives it back. */
#ifndef WXID_CURL_POOL_H
#define WXID_CURL_POOL_H

#include "curl_caller.h"
#include "curl_slot.h"

typedef struct wxid__pool wxid__pool;

/* The settings are lent. inherited: the pool of the process that this one was forked from, or NULL;
 * it is remembered and never touched. NULL without memory. */
wxid__pool *wxid__pool_new(const wxid_settings *settings, wxid__pool *inherited);
/* Closes everything. No slot may be out. NULL is allowed. */
void wxid__pool_free(wxid__pool *pool);
/* Whether this process made it. */
int wxid__pool_is_ours(const wxid__pool *pool);
CURLSH *wxid__pool_share(wxid__pool *pool);

/* The slot used last, waiting for one, first come first served, while all are out. NULL when the
 * call ended or its deadline passed meanwhile. */
wxid__slot *wxid__pool_take(wxid__pool *pool, wxid__caller *caller);
void wxid__pool_give(wxid__pool *pool, wxid__slot *slot);
/* Closes the idle connections now, and those in use when they are given back. */
void wxid__pool_close(wxid__pool *pool);

#endif
