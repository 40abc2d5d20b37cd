/* What the C tests share: vectors read from data, a session, short ways to say things. */
#ifndef TEST_SUPPORT_H
#define TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <wxidcard.h>

/* A file of tests/vectors, parsed; to be freed with cJSON_Delete(). */
cJSON *read_vectors(const char *file_name);
/* A member that must be there. */
const cJSON *member(const cJSON *object, const char *name);
/* Its text, or NULL when it is absent or null. */
const char *text_member(const cJSON *object, const char *name);
/* Decodes base64 into a new block (at least one byte), to be freed. */
unsigned char *decode_base64(const char *text, size_t *length);
/* Says how many cases of a file ran, for the check that all languages run all of them. */
void report_vector_count(const char *what, int count);
/* Compares a value with JSON, types and all. */
void assert_value_equals(const wxid_value *value, const cJSON *expected);
/* A session with a token in hand, or one that asks for tokens. Never NULL. */
wxid_session *new_session(int64_t max_retries, int ask_for_token);
/* A call for a small JPEG. Never NULL. */
wxid_call *new_call(wxid_session *session, int64_t now_ms, uint64_t seed);
/* Answers SEND with a reply of that status and text. */
void answer(wxid_call *call, int64_t now_ms, int status, const char *body);
/* Takes the error that the call ended with, checks its kind, and frees it. */
void assert_ends_with(wxid_call *call, wxid_kind kind);

extern const unsigned char small_jpeg[16];
#define CARD_REPLY \
    "{\"errcode\":0,\"errmsg\":\"ok\",\"type\":\"Front\",\"name\":\"\xe5\xbc\xa0\xe4\xb8\x89\"}"

/* So many rounds, and a tenth of them where the program is slowed down (WXIDCARD_TEST_SLOWNESS). */
int rounds(int count);

#endif
