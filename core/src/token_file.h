/* A token that somebody else writes into a file, and rewrites while it is read. */
#ifndef WXID_TOKEN_FILE_H
#define WXID_TOKEN_FILE_H

#include "wxidcard.h"

typedef struct wxid__token_file {
    char *path;
    char *token; /* the last that was read twice alike */
    char *seen;  /* read once */
} wxid__token_file;

typedef enum wxid__token_file_state {
    WXID__TOKEN_FILE_READY,
    WXID__TOKEN_FILE_LATER, /* nothing yet that is sure to be whole: look again in a moment */
    WXID__TOKEN_FILE_NO_MEMORY
} wxid__token_file_state;

/* Reads the file. READY stores a copy of its token, for wxid__text_free(), which is never
 * `refused`. LATER stores why, should there be no later time. Safe from any number of threads. */
wxid__token_file_state wxid__token_file_read(wxid__token_file *file, char **token,
                                             const char *refused, wxid_error **problem);
void wxid__token_file_clear(wxid__token_file *file);

#endif
