/* What comes off a connection: any bytes, in any pieces. Input: flags (a connection used before,
 * how it ends), where the request had been sent whole, how the bytes are cut, the bytes. Of some
 * inputs the last bytes come again and again.
 *
 * The outcome does not hang on how they are cut, nothing is read beyond the bounds, and a
 * connection is kept only after a whole reply to a request that had been sent. */
#include "input.h"
#include "properties.h"

#include "incoming.h"
#include "trust.h"

#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1000000)
/* More than head and body may have together, and a piece. */
#define LONGEST ((size_t)WXID_MAX_REPLY_HEADERS + WXID_MAX_REPLY_BODY + 1024)

typedef struct arrival {
    char *bytes;
    size_t length;
    int reused;
    unsigned end;
    size_t unsent; /* bytes that come before the request has been sent whole */
    uint64_t cuts;
} arrival;

typedef struct outcome {
    int is_afresh;
    int keeps;
    int loses_trust;
    int earned;
    wxid_value *card;
    wxid_error *error;
} outcome;

static wxid_call *new_call(void)
{
    static wxid_session *session = NULL;
    wxid_recognition recognition = WXID_RECOGNITION_INIT;
    wxid_call *call = NULL;
    if (session == NULL) {
        wxid_settings settings = WXID_SETTINGS_INIT;
        settings.access_token = MARK "_token";
        settings.max_retries = 0;
        HOLDS(wxid_session_new(&session, &settings, NULL) == 0);
    }
    recognition.img_url = "https://example.com/card.jpg";
    HOLDS(wxid_call_new_recognition(&call, session, &recognition, NOW, 1, NULL) == 0);
    HOLDS(wxid_call_step(call, NOW) == WXID_STEP_SEND);
    return call;
}

/* ---- Reading ---- */

/* Small ones of a short reply, larger ones of one that is past the bounds. */
static size_t piece_length(uint64_t *cuts, int in_pieces, size_t whole)
{
    if (!in_pieces) {
        return SIZE_MAX;
    }
    size_t choice = *cuts & 15;
    *cuts = *cuts >> 4 | *cuts << 60;
    size_t length = choice < 12 ? 1 + choice : (size_t)1 << (choice - 8);
    return whole < LONGEST / 2 ? length : 1000 * length;
}

/* Bytes that come after the end are handed in as well: they are seen on the idle connection, if not
 * before. */
static void read_all(wxid_exchange *exchange, const arrival *comes, int in_pieces)
{
    uint64_t cuts = comes->cuts;
    size_t taken = 0;
    int more = 1;
    for (size_t at = 0; at < comes->length;) {
        int sent_whole = at >= comes->unsent;
        size_t until = !sent_whole && comes->unsent < comes->length ? comes->unsent : comes->length;
        size_t length = piece_length(&cuts, in_pieces && more, comes->length);
        length = length < until - at ? length : until - at;
        void *piece = copy_of(comes->bytes + at, length);
        int goes_on = wxid_exchange_read(exchange, piece, length, sent_whole);
        HOLDS(!goes_on || more);
        more = goes_on;
        free(piece);
        at += length;
        taken = more ? at : taken;
    }
    HOLDS(taken <= (size_t)WXID_MAX_REPLY_HEADERS + WXID_MAX_REPLY_BODY);
    if (!more) {
        return;
    }
    int sent_whole = comes->unsent <= comes->length;
    if (comes->end == 0) {
        wxid_exchange_close(exchange, sent_whole);
    } else {
        wxid_exchange_fail(exchange, comes->end == 1 ? WXID_FAILURE_TIMEOUT : WXID_FAILURE_NETWORK,
                           sent_whole);
    }
}

static void take_result(outcome *became, wxid_exchange *exchange)
{
    wxid_call *call = new_call();
    HOLDS(wxid_exchange_answer(exchange, call, NOW, NULL) == 0);
    HOLDS(wxid_call_step(call, NOW) == WXID_STEP_DONE);
    (void)wxid_call_take_card(&became->card, call, &became->error);
    HOLDS((became->card == NULL) != (became->error == NULL));
    wxid_call_free(call);
}

static outcome exchange(const arrival *comes, int in_pieces)
{
    outcome became = {0};
    wxid_trust trust;
    wxid__trust_init(&trust);
    wxid_exchange *exchange = wxid_exchange_new(&trust, comes->reused);
    HOLDS(exchange != NULL);
    read_all(exchange, comes, in_pieces);
    became.keeps = wxid_exchange_keeps(exchange);
    became.is_afresh = wxid_exchange_starts_afresh(exchange, NOW);
    HOLDS(!became.is_afresh || comes->reused);
    if (!became.is_afresh) {
        take_result(&became, exchange);
    }
    became.loses_trust = !wxid_trust_allows_reuse(&trust, NOW);
    became.earned = atomic_load(&trust.earned);
    HOLDS(!became.loses_trust || (!became.keeps && became.earned == 0));
    /* A request that was not sent whole has no card for an answer. */
    HOLDS(became.card == NULL || comes->unsent < comes->length);
    wxid_exchange_free(exchange);
    return became;
}

/* ---- The target ---- */

/* Of a reply that begins before the request has been sent, no more is read than has come with its
 * head: what the error says hangs on that, and on a new connection what comes behind it. */
static void check_same(const outcome *one, const outcome *other, const arrival *comes)
{
    int is_early = comes->unsent > 0;
    HOLDS(one->is_afresh == other->is_afresh && one->keeps == other->keeps);
    HOLDS((one->card == NULL) == (other->card == NULL));
    HOLDS((one->error == NULL) == (other->error == NULL));
    if (!is_early || comes->reused) {
        HOLDS(one->loses_trust == other->loses_trust && one->earned == other->earned);
    }
    if (one->card != NULL) {
        check_value(one->card);
        HOLDS(values_equal(one->card, other->card));
    }
    if (one->error != NULL) {
        check_error(one->error, MARK "_token");
        check_error(other->error, MARK "_token");
    }
    if (one->error != NULL && !is_early) {
        check_errors_equal(one->error, other->error);
    }
}

/* The bytes, of which the last may be repeated until they are more than any reply may have. */
static void read_bytes(arrival *comes, const input *from, size_t repeated)
{
    size_t count = repeated > 0 ? LONGEST / repeated : 0;
    comes->length = from->length + repeated * count;
    comes->bytes = malloc(comes->length + 1);
    HOLDS(comes->bytes != NULL);
    if (from->length > 0) {
        memcpy(comes->bytes, from->data, from->length);
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(comes->bytes + from->length + i * repeated, from->data + from->length - repeated,
               repeated);
    }
}

/* One input in 256, since it takes as long as hundreds of others. */
static int goes_on_and_on(const uint8_t *data, size_t length)
{
    unsigned sum = 0;
    for (size_t i = 0; i < length; i++) {
        sum += data[i];
    }
    return sum % 256 == 255;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    input from = {data, length};
    arrival comes = {0};
    uint8_t flags = take_byte(&from);
    comes.reused = flags & 1;
    comes.end = (flags >> 1 & 3) % 3;
    /* Mostly 0: the request has been sent before anything comes. */
    comes.unsent = take_byte(&from);
    comes.unsent = comes.unsent < 128 ? 0 : comes.unsent == 255 ? SIZE_MAX : comes.unsent - 128;
    comes.cuts = take_number(&from);
    size_t repeated = goes_on_and_on(data, length) ? 1 + (comes.cuts & 63) : 0;
    read_bytes(&comes, &from, repeated < from.length ? repeated : from.length);
    outcome whole = exchange(&comes, 0);
    outcome cut = exchange(&comes, 1);
    check_same(&whole, &cut, &comes);
    wxid_value_free(whole.card);
    wxid_value_free(cut.card);
    wxid_error_free(whole.error);
    wxid_error_free(cut.error);
    free(comes.bytes);
    return 0;
}
