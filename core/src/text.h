/* What is known about text: UTF-8, names, numbers, HTTP dates, and what must not be shown. */
#ifndef WXID_TEXT_H
#define WXID_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* The length in bytes of the UTF-8 character that begins here, 0 if there is none, or a NUL. */
size_t wxid__utf8_character(const char *text, size_t left);
/* 1 if the bytes are UTF-8 by RFC 3629 (no surrogates, nothing overlong) without NUL. */
int wxid__utf8_valid(const char *text, size_t length);
/* 1 if every byte is visible ASCII (0x21 to 0x7e) and none is in `refused`. */
int wxid__visible_ascii(const char *text, const char *refused);
/* 1 if the text is `-?[0-9]+`; stores it, or the nearest number that fits. */
int wxid__decimal(int64_t *number, const char *text);
/* Seconds since 1970 of an IMF-fixdate ("Sun, 06 Nov 1994 08:49:37 GMT"), whatever its day of the
 * week; 1 if it is one. */
int wxid__http_date(int64_t *seconds, const char *text);
/* camelCase to snake_case, as a copy; the cloud-call form's errCode and errMsg become errcode,
 * errmsg. */
char *wxid__snake_case(const char *name);
/* Replaces every occurrence of a secret of 8 bytes and more by "***", in place. secret may be NULL.
 */
void wxid__redact(char *text, const char *secret);
/* Makes text fit for a message, in place: one line, runs of 15 and more digits (which may be an ID
 * number) starred, at most `longest` bytes, cut between characters. */
void wxid__make_presentable(char *text, size_t longest);
/* The next of a stream of random numbers (splitmix64). */
uint64_t wxid__random_next(uint64_t *state);

#endif
