/* The SEND step over libcurl. */
#ifndef WXID_CURL_TRANSFER_H
#define WXID_CURL_TRANSFER_H

#include "curl_caller.h"
#include "curl_slot.h"
#include "trust.h"

/* What all transfers of a pool share. */
typedef struct wxid__means {
    const wxid_settings *settings;
    CURLSH *share;
    wxid_trust trust;
} wxid__means;

/* Sends the call's request and answers the call. Afterwards the slot is ready for another, unless
 * caller->forked: then it must not be touched any more. */
void wxid__transfer_run(wxid__slot *slot, wxid__caller *caller, wxid__means *means);

#endif
