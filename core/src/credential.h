/* The kinds of credentials, of which a session has exactly one. */
#ifndef WXID_CREDENTIAL_H
#define WXID_CREDENTIAL_H

#include "wxidcard.h"

typedef enum wxid__credential {
    WXID__CREDENTIAL_TOKEN,          /* access_token */
    WXID__CREDENTIAL_APP,            /* appid and secret */
    WXID__CREDENTIAL_PROVIDER,       /* ask_for_token */
    WXID__CREDENTIAL_CLOUDBASE,      /* cloudbase_access_token */
    WXID__CREDENTIAL_CLOUDBASE_FILE, /* cloudbase_token_file */
    WXID__CREDENTIAL_OPEN_SERVICE    /* open_service */
} wxid__credential;

/* Fills in defaults, checks what belongs to credentials, and stores their kind. Errors: USAGE. */
int wxid__credential_settle(wxid__credential *credential, wxid_settings *settings,
                            wxid_error **error);
/* The setting's name, for a description. Static. */
const char *wxid__credential_name(wxid__credential credential);
/* The query parameter that carries its token; NULL if none does. Static. */
const char *wxid__credential_parameter(wxid__credential credential);
/* Whether another token can be had when one was refused. */
int wxid__credential_renews(wxid__credential credential);

#endif
