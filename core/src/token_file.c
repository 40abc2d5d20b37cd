#include "token_file.h"

#include "errors.h"
#include "file.h"
#include "memory.h"
#include "request.h"
#include "token_state.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Room for white space around the longest token. */
#define MOST_BYTES (WXID__LONGEST_TOKEN + 64)

static int is_white_space(char character)
{
    return character == ' ' || (character >= '\t' && character <= '\r');
}

/* What is between white space, in place. */
static char *trim(char *text, size_t length)
{
    while (length > 0 && is_white_space(text[length - 1])) {
        length--;
    }
    text[length] = '\0';
    while (is_white_space(*text)) {
        text++;
    }
    return text;
}

/* Reads up to MOST_BYTES; the length, or -1 with the problem. */
static ssize_t read_bytes(const char *path, char *bytes, wxid_error **problem)
{
    struct stat status;
    int file = wxid__file_open(path);
    if (file < 0) {
        (void)wxid__fail(problem, wxid__error_system(errno, "the token file cannot be opened"));
        return -1;
    }
    ssize_t length = -1;
    if (fstat(file, &status) == 0 && !S_ISREG(status.st_mode)) {
        (void)wxid__fail(problem, wxid_error_new(WXID_KIND_USAGE,
                                                 "cloudbase_token_file is no regular file: give "
                                                 "the path of the file that holds the token"));
    } else if ((length = wxid__file_read(file, bytes, MOST_BYTES)) < 0) {
        (void)wxid__fail(problem, wxid__error_system(errno, "the token file cannot be read"));
    }
    (void)close(file);
    return length;
}

static wxid_error *no_token(void)
{
    return wxid_error_new(WXID_KIND_TOKEN, "the token file holds no token");
}

/* The token in the file as it is now, in `bytes`; NULL with the problem. */
static const char *read_token(const char *path, char *bytes, wxid_error **problem)
{
    ssize_t length = read_bytes(path, bytes, problem);
    if (length < 0) {
        return NULL;
    }
    int has_nul = memchr(bytes, '\0', (size_t)length) != NULL; /* as of a file half written */
    char *token = trim(bytes, (size_t)length);
    if ((size_t)length == MOST_BYTES || has_nul || strlen(token) < 1 || !wxid__token_valid(token)) {
        (void)wxid__fail(problem, no_token());
        return NULL;
    }
    return token;
}

static int is_same(const char *one, const char *other)
{
    return one != NULL && other != NULL && strcmp(one, other) == 0;
}

/* With the lock held. Half a token looks like a token: a new one counts when it was read a second
 * time, in a later call or in a moment; until then the one before is good. Returns -1 without
 * memory. */
static int note(wxid__token_file *file, const char *token)
{
    if (token == NULL || is_same(token, file->token)) {
        return 0;
    }
    if (is_same(token, file->seen)) {
        wxid__text_free(file->token);
        file->token = file->seen;
        file->seen = NULL;
        return 0;
    }
    wxid__text_free(file->seen);
    file->seen = wxid__text_copy(token);
    return file->seen != NULL ? 0 : -1;
}

wxid__token_file_state wxid__token_file_read(wxid__token_file *file, char **token,
                                             const char *refused, wxid_error **problem)
{
    char bytes[MOST_BYTES + 1];
    wxid_error *why = NULL;
    const char *read = read_token(file->path, bytes, &why);
    wxid__token_lock();
    int lost = note(file, read) != 0;
    int is_usable = file->token != NULL && !is_same(file->token, refused);
    char *copy = is_usable ? wxid__text_copy(file->token) : NULL;
    wxid__token_unlock();
    wxid__wipe(bytes, sizeof bytes);
    if (lost || (is_usable && copy == NULL)) {
        wxid_error_free(why);
        return WXID__TOKEN_FILE_NO_MEMORY;
    }
    if (is_usable) {
        wxid_error_free(why);
        *token = copy;
        return WXID__TOKEN_FILE_READY;
    }
    (void)wxid__fail(problem, why != NULL ? why : no_token());
    return WXID__TOKEN_FILE_LATER;
}

void wxid__token_file_clear(wxid__token_file *file)
{
    wxid__text_free(file->path);
    wxid__text_free(file->token);
    wxid__text_free(file->seen);
    *file = (wxid__token_file){0};
}
