/* The SEND step over libcurl, for a thread that waits for it. */
#ifndef WXID_CURL_BLOCKING_H
#define WXID_CURL_BLOCKING_H

#include "curl_caller.h"
#include "curl_transfer.h"

/* Sends the call's request and answers the call. Afterwards the slot is ready for another, unless
 * caller->forked: then it must not be touched any more. */
void wxid__blocking_send(wxid__slot *slot, wxid__caller *caller, wxid__means *means);

#endif
