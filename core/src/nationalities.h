/* The 56 nationalities of China. */
#ifndef WXID_NATIONALITIES_H
#define WXID_NATIONALITIES_H

/* Whether it is one of GB 3304, as a card prints it (汉) or with 族 behind it. */
int wxid__is_nationality(const char *text);

#endif
