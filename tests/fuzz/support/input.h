/* The input of a fuzz target, read from its front as choices and texts, and what ends a run. */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>

/* What libFuzzer calls; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

typedef struct input {
    const uint8_t *data;
    size_t length; /* what is left of it */
} input;

/* Each gives 0, or "", once nothing is left. */
uint8_t take_byte(input *from);
/* From 0 to limit - 1; a byte for a limit up to 256. */
uint32_t take_below(input *from, uint32_t limit);
/* Of 8 bytes, little end first. */
uint64_t take_number(input *from);
/* What comes before the next NUL, or all that is left, in a block of its own, to be freed. */
char *take_text(input *from);

/* A copy in a block that is exactly as long, so that reading beyond it is seen; to be freed. */
void *copy_of(const void *data, size_t length);
/* The texts one after the other, in a new block, to be freed. */
char *joined(const char *one, const char *other);

/* A property of the library: says which does not hold, and ends the run as a finding. */
#define HOLDS(property) ((property) ? (void)0 : does_not_hold(#property, __FILE__, __LINE__))
_Noreturn void does_not_hold(const char *property, const char *file, int line);

#endif
