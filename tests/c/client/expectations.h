/* The table of tests/faults/expectations.json, which tells what a fault must come to. */
#ifndef TEST_CLIENT_EXPECTATIONS_H
#define TEST_CLIENT_EXPECTATIONS_H

#include <cjson/cJSON.h>
#include <stddef.h>
#include <wxidcard.h>

typedef struct fault_row {
    const char *fault;
    size_t length;
    const cJSON *kinds; /* names; NULL where a card is right */
    int http_status;
    int by_tls;
    const char *listener; /* NULL: both "http" and, if by_tls, "https" */
} fault_row;

/* Group set-up and teardown: read the table and start the fault server; forget and end them. */
int start_with_expectations(void **state);
int stop_with_expectations(void **state);

/* The rows of one part: "cases", "right" or "refused". They live until the teardown. */
const cJSON *expectations_of(const char *part);
/* The cases of tests/vectors/replies.json, which the server plays as faults, vector-NAME. */
const cJSON *vectors_of_replies(void);
fault_row read_expectation(const cJSON *item);
int is_right_kind(const fault_row *row, wxid_kind kind);

/* For the check that every driver has met every row. */
void note_meeting(const fault_row *row, const char *word);

#endif
