/* A driver that plays scripts to calls whose session fetches its tokens itself: which step must
 * come, and how it is answered. Time is a number that the script moves. */
#ifndef TEST_SCRIPT_H
#define TEST_SCRIPT_H

#include "support.h"

#define APPID "wx0123456789abcdef"
#define SECRET "canary_secret_of_the_tests"
/* Where the wall clock stands when the other one begins at 0. */
#define UNIX_START_S 1760000000
#define LIFE_MS 7200000
#define TOKEN_KEY "wxidcard:token:api.weixin.qq.com:" APPID ":stable_token"
#define LOCK_KEY "wxidcard:lock:api.weixin.qq.com:" APPID ":stable_token"

/* Now, of every script; and the wall clock at that time. */
extern int64_t clock_ms;
int64_t unix_ms(void);

typedef struct app {
    int64_t max_retries;
    int64_t timeout_ms; /* 0: the library's default */
    int with_store;
    int old_endpoint;
    const char *appid;    /* NULL: APPID */
    const char *secret;   /* NULL: SECRET */
    const char *base_url; /* NULL: the library's default */
} app;

#define RETRIES(count)         \
    {                          \
        .max_retries = (count) \
    }

/* A session with appid and secret. Never NULL. */
wxid_session *new_app_session(app options);

typedef struct move {
    enum { SCRIPT_ENDS, IS_ANSWERED, BREAKS_OFF, WAITS, STORES, TIME_PASSES } what;
    const char *token;       /* of a request: that it must carry; NULL: it must be a token fetch */
    int status;              /* of the reply */
    const char *text;        /* its body; what the store answers to GET */
    wxid_failure failure;    /* BREAKS_OFF */
    int sent;                /* BREAKS_OFF */
    wxid_store_action asked; /* STORES */
    const char *key;         /* STORES */
    const char *value;       /* STORES: what must be in the value; NULL: nothing */
    int does_not_work;       /* STORES */
    int stored;              /* STORES */
    int64_t least;           /* WAITS: for so long; STORES: time to live; TIME_PASSES */
    int64_t most;
} move;

#define END       \
    {             \
        .what = 0 \
    }
#define REPLIES(its_token, its_status, body)                                              \
    {                                                                                     \
        .what = IS_ANSWERED, .token = (its_token), .status = (its_status), .text = (body) \
    }
#define BREAKS(its_token, reason, was_sent)                                         \
    {                                                                               \
        .what = BREAKS_OFF, .token = (its_token), .failure = WXID_FAILURE_##reason, \
        .sent = (was_sent)                                                          \
    }
/* The token endpoint */
#define GRANT(name, life_s) "{\"access_token\":\"" name "\",\"expires_in\":" #life_s "}"
#define GIVES(name) REPLIES(NULL, 200, GRANT(name, 7200))
#define GIVES_FOR(name, life_s) REPLIES(NULL, 200, GRANT(name, life_s))
#define FETCH_ERRCODE(code) REPLIES(NULL, 200, "{\"errcode\":" #code ",\"errmsg\":\"text\"}")
#define FETCH_STATUS(code) REPLIES(NULL, code, "<html>")
#define FETCH_BREAKS(reason, was_sent) BREAKS(NULL, reason, was_sent)
/* The recognition */
#define READS_CARD(with) REPLIES(with, 200, CARD_REPLY)
#define POST_ERRCODE(with, code) REPLIES(with, 200, "{\"errcode\":" #code ",\"errmsg\":\"text\"}")
#define REFUSES(with) POST_ERRCODE(with, 40001)
/* Time */
#define WAIT(shortest, longest)                               \
    {                                                         \
        .what = WAITS, .least = (shortest), .most = (longest) \
    }
#define PASSES(time)                         \
    {                                        \
        .what = TIME_PASSES, .least = (time) \
    }
/* The store */
#define STORE_MOVE(action, its_key, its_value, ttl)                                       \
    .what = STORES, .asked = WXID_STORE_##action, .key = (its_key), .value = (its_value), \
    .least = (ttl), .most = (ttl)
#define FINDS_TOKEN(record)                                   \
    {                                                         \
        STORE_MOVE(GET, TOKEN_KEY, NULL, 0), .text = (record) \
    }
#define FINDS_LOCK(record)                                   \
    {                                                        \
        STORE_MOVE(GET, LOCK_KEY, NULL, 0), .text = (record) \
    }
#define ADDS_LOCK(is_stored)                                        \
    {                                                               \
        STORE_MOVE(ADD, LOCK_KEY, "", 10000), .stored = (is_stored) \
    }
#define SETS_TOKEN(name)                          \
    {                                             \
        STORE_MOVE(SET, TOKEN_KEY, name, LIFE_MS) \
    }
#define SETS_FAILURE(part, ttl)              \
    {                                        \
        STORE_MOVE(SET, LOCK_KEY, part, ttl) \
    }
#define DELETES_LOCK                        \
    {                                       \
        STORE_MOVE(DELETE, LOCK_KEY, "", 0) \
    }
#define STORE_FAILS(action, its_key, its_value, ttl)                    \
    {                                                                   \
        STORE_MOVE(action, its_key, its_value, ttl), .does_not_work = 1 \
    }

/* A session's options, with a store. */
#define WITH_STORE(retries)                       \
    {                                             \
        .max_retries = (retries), .with_store = 1 \
    }
/* Expires some seconds after the wall clock's beginning. */
#define RECORD(name, seconds) "{\"access_token\":\"" name "\",\"expires_at\":17600" seconds "}"
#define PUBLISHED(name) RECORD(name, "03600")
/* Until when others shall leave the endpoint alone, in ms after the beginning. */
#define FAILED_RECORD(kind, errcode, failures, retry_at)          \
    "{\"failed\":\"" kind "\"" errcode ",\"failures\":" #failures \
    ",\"retry_at_ms\":1760000" retry_at "}"

/* All of it, when nobody else is there. */
#define LOOKS FINDS_TOKEN(NULL), ADDS_LOCK(1), FINDS_TOKEN(NULL)
#define PUBLISHES(name) SETS_TOKEN(name), DELETES_LOCK
#define BLOCKED FINDS_TOKEN(NULL), ADDS_LOCK(0)

/* What a call did while a script was played. */
typedef struct player {
    wxid_call *call;
    int posts;   /* recognitions sent */
    int fetches; /* of tokens */
} player;

/* Plays to the end of the moves, and fails where the call does something else. */
void play_moves(player *one, const move *moves);
/* Takes the result: CARD, or a kind, and frees the call. */
#define CARD (-1)
void assert_ended(player *one, int ends_with);
/* Nobody has the lease, so that the next call is not kept waiting. */
void assert_no_lease(const wxid_session *session);

typedef struct script {
    const char *name;
    app app;
    move moves[20];
    int ends_with; /* a kind, or CARD */
    int posts;
    int fetches;
} script;

/* Each of them with a session of its own, with several seeds. */
void play_scripts(const script *scripts, size_t count);

#endif
