/* What other processes write: records in a token store, and a token file. Input: a choice of what,
 * a clock, and the text or the file's bytes, of a file twice: before and after a NUL.
 *
 * A token that comes out may stand in a query, and lives no longer than 7,200 s; a failure holds
 * nobody off for more than 30 s; and what the library writes it reads again. */
#include "input.h"
#include "properties.h"

#include "errors.h"
#include "memory.h"
#include "token_file.h"
#include "token_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- Records ---- */

static int64_t take_clock(input *from)
{
    int64_t clock_ms = (int64_t)(take_number(from) & ((UINT64_C(1) << 53) - 1));
    return take_below(from, 4) != 0 ? INT64_C(1768435200000) + clock_ms % 7200000 : clock_ms;
}

static void check_token_again(const char *token, int64_t left_ms, int64_t life_ms, int64_t now_ms)
{
    char *again = NULL;
    int64_t left = 0;
    int64_t life = 0;
    char *record = wxid__record_of_token(token, now_ms + left_ms, life_ms);
    HOLDS(record != NULL);
    int found = wxid__record_read_token(&again, &left, &life, record, now_ms);
    HOLDS(found == ((now_ms + left_ms) / 1000 * 1000 > now_ms));
    if (found) {
        HOLDS(strcmp(again, token) == 0 && life == life_ms);
        HOLDS(left <= left_ms && left > left_ms - 1000);
    }
    wxid__text_free(record);
    wxid__text_free(again);
}

static void check_token_record(const char *record, int64_t now_ms)
{
    char *token = NULL;
    int64_t left_ms = 0;
    int64_t life_ms = 0;
    int found = wxid__record_read_token(&token, &left_ms, &life_ms, record, now_ms);
    HOLDS(found == 0 || found == 1);
    HOLDS((token != NULL) == found);
    if (found) {
        HOLDS(is_token(token));
        HOLDS(left_ms > 0 && left_ms <= life_ms);
        HOLDS(life_ms >= 1000 && life_ms <= 7200000 && life_ms % 1000 == 0);
        check_token_again(token, left_ms, life_ms, now_ms);
    }
    wxid__text_free(token);
}

static void check_failure_record(const char *record, int64_t now_ms)
{
    int64_t failures = 0;
    int64_t wait_ms = -1;
    wxid_error *error = wxid__record_read_failure(&failures, &wait_ms, record, now_ms);
    if (error == NULL) {
        HOLDS(failures == 0 && wait_ms == -1);
        return;
    }
    check_error(error, MARK);
    HOLDS(!wxid__error_is_own(error));
    HOLDS(failures >= 1 && failures <= 1000000 && wait_ms >= 0 && wait_ms <= 30000);
    int64_t again_failures = 0;
    int64_t again_ms = -1;
    char *written = wxid__record_of_failure(error, failures, now_ms + wait_ms);
    HOLDS(written != NULL);
    wxid_error *again = wxid__record_read_failure(&again_failures, &again_ms, written, now_ms);
    HOLDS(again != NULL && again_failures == failures && again_ms == wait_ms);
    check_errors_equal(error, again);
    wxid__text_free(written);
    wxid_error_free(again);
    wxid_error_free(error);
}

/* ---- The token file ---- */

static int is_white(char byte)
{
    return byte != '\0' && strchr(" \t\n\v\f\r", byte) != NULL;
}

/* What stands in the file, between white space; "" for what is no token. To be freed. */
static char *token_in(const char *bytes, size_t length)
{
    while (length > 0 && is_white(bytes[length - 1])) {
        length--;
    }
    while (length > 0 && is_white(bytes[0])) {
        bytes++;
        length--;
    }
    char *text = malloc(length + 1);
    HOLDS(text != NULL);
    if (length > 0) {
        memcpy(text, bytes, length);
    }
    text[length] = '\0';
    if (strlen(text) != length || !is_token(text) || length > 4096) {
        text[0] = '\0';
    }
    return text;
}

static int the_file(char path[64])
{
    static int file = -1;
    if (file < 0) {
        file = memfd_create("token", MFD_CLOEXEC);
        HOLDS(file >= 0);
    }
    (void)snprintf(path, 64, "/proc/self/fd/%d", file);
    return file;
}

static void write_file(int file, const char *bytes, size_t length)
{
    HOLDS(ftruncate(file, 0) == 0);
    HOLDS(pwrite(file, bytes, length, 0) == (ssize_t)length);
}

/* Reads the file; a token that comes out is the expected one. */
static void read_token(wxid__token_file *file, const char *expected, const char *refused)
{
    char *token = NULL;
    wxid_error *problem = NULL;
    wxid__token_file_state state = wxid__token_file_read(file, &token, refused, &problem);
    HOLDS((state == WXID__TOKEN_FILE_READY) == (expected != NULL));
    if (expected != NULL) {
        HOLDS(problem == NULL && is_token(token) && strcmp(token, expected) == 0);
    } else {
        HOLDS(state == WXID__TOKEN_FILE_LATER && token == NULL);
        check_error(problem, MARK);
    }
    wxid_error_free(problem);
    wxid__text_free(token);
}

/* A file is read twice before its token counts, and the one before is good until then. */
static void check_token_file(input from)
{
    char path[64];
    char *one = take_text(&from);
    wxid__token_file file = {path, NULL, NULL};
    int descriptor = the_file(path);
    char *first = token_in(one, strlen(one));
    char *second = token_in((const char *)from.data, from.length);
    int has_first = first[0] != '\0';
    int has_second = second[0] != '\0';
    write_file(descriptor, one, strlen(one));
    read_token(&file, NULL, NULL);
    read_token(&file, has_first ? first : NULL, NULL);
    read_token(&file, NULL, has_first ? first : NULL);
    write_file(descriptor, (const char *)from.data, from.length);
    read_token(&file, has_first ? first : NULL, NULL);
    read_token(&file, has_second ? second : has_first ? first : NULL, NULL);
    file.path = NULL;
    wxid__token_file_clear(&file);
    free(one);
    free(first);
    free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    input from = {data, length};
    uint32_t what = take_below(&from, 3);
    if (what == 2) {
        check_token_file(from);
        return 0;
    }
    int64_t now_ms = take_clock(&from);
    char *record = take_text(&from);
    if (what == 0) {
        check_token_record(record, now_ms);
    } else {
        check_failure_record(record, now_ms);
    }
    free(record);
    return 0;
}
