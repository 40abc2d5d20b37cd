/* What characters a card's fields are made of. */
#ifndef WXID_CHARACTERS_H
#define WXID_CHARACTERS_H

#include <stddef.h>
#include <stdint.h>

/* Takes the next character of UTF-8 text off `*text`, which it moves on; 0 at the end, and at what
 * is no UTF-8. */
uint32_t wxid__next_character(const char **text);
/* A Chinese character, the rare ones included. */
int wxid__is_han(uint32_t character);
/* Whether a name is made of Chinese characters, with single dots between them. */
int wxid__is_name(const char *text);
/* How many characters it has. */
size_t wxid__count_characters(const char *text);
/* Whether an address is made of what addresses are made of, Chinese characters among them. */
int wxid__is_address(const char *text);
/* Whether there is nothing but spaces. */
int wxid__is_blank(const char *text);

#endif
