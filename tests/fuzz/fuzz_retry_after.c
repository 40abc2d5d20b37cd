/* Retry-After and Date of a busy reply: any text. Input: choices of the time that is left, then the
 * two texts.
 *
 * The call waits for exactly what was asked, as another reader finds it, or ends where that does
 * not fit; what asks for nothing makes it wait for no longer than its own back-off. */
#include "input.h"
#include "properties.h"

#include "session.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { LONGEST_BACK_OFF_MS = 500 };

static wxid_session *the_session(void)
{
    static wxid_session *session = NULL;
    if (session == NULL) {
        wxid_settings settings = WXID_SETTINGS_INIT;
        settings.access_token = MARK "_token";
        settings.timeout_ms = 3600000;
        HOLDS(wxid_session_new(&session, &settings, NULL) == 0);
    }
    atomic_store(&session->retry_budget, 100);
    return session;
}

/* Seconds since 1970 of an HTTP date that reads the same when it is written again; -1 for none. */
static int64_t date_of(const char *text)
{
    struct tm parts = {0};
    char written[64];
    const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (end == NULL || *end != '\0' || strlen(text) != 29 || parts.tm_year < 70) {
        return -1;
    }
    int leap = parts.tm_sec == 60;
    parts.tm_sec -= leap;
    time_t seconds = timegm(&parts);
    HOLDS(strftime(written, sizeof written, "%a, %d %b %Y %H:%M:%S GMT", &parts) == 29);
    int is_same = strncmp(written + 3, text + 3, 20) == 0 &&
                  (leap ? strcmp(text + 22, ":60 GMT") == 0 : strcmp(written + 22, text + 22) == 0);
    return is_same ? (int64_t)seconds + leap : -1;
}

/* Milliseconds; -1 where nothing is asked for. */
static int64_t asked_ms(const char *retry_after, const char *date)
{
    size_t digits = strspn(retry_after, "0123456789");
    if (digits > 0 && retry_after[digits] == '\0') {
        int64_t seconds = strtoll(retry_after, NULL, 10);
        return seconds > INT64_MAX / 1000 ? INT64_MAX : seconds * 1000;
    }
    int64_t then = date_of(retry_after);
    int64_t now = date_of(date);
    return then < 0 || now < 0 ? -1 : then > now ? (then - now) * 1000 : 0;
}

/* Whether another reader could take it for a date, whose day of the week is none. */
static int is_doubtful(const char *text)
{
    return strlen(text) == 29 && strcmp(text + 25, " GMT") == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    input from = {data, length};
    wxid_recognition recognition = WXID_RECOGNITION_INIT;
    wxid_reply reply = WXID_REPLY_INIT;
    wxid_call *call = NULL;
    int64_t now = (int64_t)take_below(&from, 256) * 14000;
    char *retry_after = take_text(&from);
    char *date = take_text(&from);
    recognition.img_url = "https://example.com/card.jpg";
    HOLDS(wxid_call_new_recognition(&call, the_session(), &recognition, 0, 1, NULL) == 0);
    HOLDS(wxid_call_step(call, now) == WXID_STEP_SEND);
    reply.status = 503;
    reply.retry_after = retry_after;
    reply.date = date;
    HOLDS(wxid_call_answer_reply(call, now, &reply, NULL) == 0);
    int64_t asked = asked_ms(retry_after, date);
    int64_t left = 3600000 - now;
    int waits = wxid_call_step(call, now) == WXID_STEP_WAIT;
    int64_t wait = wxid_call_wait_ms(call);
    HOLDS(waits ? wait >= 0 && wait < left : wait == 0);
    if (asked >= 0) {
        HOLDS(waits == (asked < left) && (!waits || wait == asked));
    } else if (!is_doubtful(retry_after) || !is_doubtful(date)) {
        HOLDS(waits ? wait <= LONGEST_BACK_OFF_MS : left <= LONGEST_BACK_OFF_MS);
    }
    wxid_call_free(call);
    free(retry_after);
    free(date);
    return 0;
}
