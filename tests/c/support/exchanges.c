#include "exchanges.h"

#include "text.h"
#include "trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In memory of its own, so that whoever reads beyond a piece is caught. */
static int read_piece(wxid_exchange *exchange, const char *bytes, size_t length, int sent_whole)
{
    char byte = bytes[0];
    if (length == 1) { /* blocks are slow where they are watched */
        return wxid_exchange_read(exchange, &byte, 1, sent_whole);
    }
    char *piece = malloc(length);
    assert_non_null(piece);
    memcpy(piece, bytes, length);
    int more = wxid_exchange_read(exchange, piece, length, sent_whole);
    free(piece);
    return more;
}

static size_t next_length(pieces *of)
{
    return of->seed == 0 ? of->longest
                         : 1 + (size_t)(wxid__random_next(&of->seed) % (uint64_t)of->longest);
}

/* Returns how many bytes have been read, and says whether there is more to be. */
static size_t read_all(wxid_exchange *exchange, arrival comes, circumstances on, pieces of,
                       int *more)
{
    size_t at = 0;
    while (*more && at < comes.length) {
        size_t length = next_length(&of);
        int sent_whole = at >= on.unsent;
        size_t until = !sent_whole && on.unsent < comes.length ? on.unsent : comes.length;
        length = length < until - at ? length : until - at;
        *more = read_piece(exchange, comes.bytes + at, length, sent_whole);
        at += length;
    }
    return at;
}

static void tell_end(wxid_exchange *exchange, arrival comes, int sent_whole)
{
    if (comes.end == CLOSES || comes.end == ENDS) {
        wxid_exchange_close(exchange, sent_whole);
    } else {
        wxid_exchange_fail(exchange,
                           comes.end == IS_LATE ? WXID_FAILURE_TIMEOUT : WXID_FAILURE_NETWORK,
                           sent_whole);
    }
}

static void take_result(outcome *became, wxid_call *call)
{
    wxid_value *card = NULL;
    wxid_error *error = NULL;
    assert_int_equal(wxid_call_step(call, NOW), WXID_STEP_DONE);
    became->kind = CARD;
    if (wxid_call_take_card(&card, call, &error) == 0) {
        const wxid_value *field = wxid_value_get(card, "type");
        const char *type = field != NULL ? wxid_value_string(field, NULL) : NULL;
        (void)snprintf(became->type, sizeof became->type, "%s", type != NULL ? type : "");
    } else {
        became->kind = (int)wxid_error_kind(error);
        became->http_status = wxid_error_http_status(error);
        (void)snprintf(became->message, sizeof became->message, "%s", wxid_error_message(error));
    }
    wxid_value_free(card);
    wxid_error_free(error);
}

outcome exchange(wxid_session *session, arrival comes, circumstances on, pieces of)
{
    outcome became = {0};
    int more = 1;
    wxid_trust *trust = wxid_trust_new();
    wxid_exchange *exchange = wxid_exchange_new(trust, on.reused);
    wxid_call *call = new_call(session, NOW, 1);
    assert_non_null(trust);
    assert_non_null(exchange);
    became.read = read_all(exchange, comes, on, of, &more);
    if (comes.end != ENDS) {
        assert_int_equal(more, comes.end != STAYS);
    }
    if (more) {
        tell_end(exchange, comes, on.unsent <= comes.length);
    }
    became.keeps = wxid_exchange_keeps(exchange);
    if (wxid_exchange_starts_afresh(exchange, NOW)) {
        became.kind = AFRESH;
    } else {
        assert_int_equal(wxid_exchange_answer(exchange, call, NOW, NULL), 0);
        take_result(&became, call);
    }
    became.loses = !wxid_trust_allows_reuse(trust, NOW);
    became.earns = atomic_load(&trust->earned);
    wxid_exchange_free(exchange);
    wxid_call_free(call);
    wxid_trust_free(trust);
    return became;
}
