/* What holds for whatever the library hands out; and slow ways to the same results, written without
 * a look at the library's. */
#ifndef FUZZ_PROPERTIES_H
#define FUZZ_PROPERTIES_H

#include "wxidcard.h"

/* What stands in every secret that targets hand in, and in nothing that the library says. */
#define MARK "canary"

/* UTF-8 by RFC 3629 without NUL, character by character from its number. */
int is_utf8(const char *text, size_t length);
/* Whether the text stands in the other one. Neither strstr() nor memmem(), which libFuzzer watches:
 * it would learn from them to put the library's own words into its inputs. */
int stands_in(const char *text, const char *where);
/* 1 if every byte is visible ASCII that an access token may have, and there are 1 to 4,096. */
int is_token(const char *text);

/* Every text in it is UTF-8, every member of a type there is, and none too deep. */
void check_value(const wxid_value *value);
int values_equal(const wxid_value *one, const wxid_value *other);
/* One presentable line and a kind that there is; the secret is nowhere in it. */
void check_error(const wxid_error *error, const char *secret);
/* The same in everything that can be asked of them. */
void check_errors_equal(const wxid_error *one, const wxid_error *other);
/* The findings of a report are of the table, word for word; 1 if one of them is an error. `field`:
 * that all are about, or NULL. */
int check_findings(const wxid_value *findings, const char *field);
/* The text of an OBJECT's member, NULL where it is none. */
const char *text_of(const wxid_value *object, const char *name);

#endif
