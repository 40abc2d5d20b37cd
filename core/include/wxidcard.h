/* wxidcard: reads Chinese ID cards through WeChat's OCR service.
 *
 * This header is the core: the call machine, values, errors and pictures. It does no network IO,
 * reads no clock and starts no thread; <wxidcard_curl.h> has transports. docs/architecture.md tells
 * how to write a driver.
 *
 * Conventions. Functions return 0 for success and -1 for failure unless they say otherwise. A
 * function with a last parameter `wxid_error **error` stores an error there when it fails, which
 * the caller frees with wxid_error_free(); the parameter may be NULL. Out-parameters come first and
 * are left alone on failure. Getters lend: what they return lives as long as the object it came
 * from. Text is UTF-8, NUL-terminated unless a length goes with it. Times are milliseconds of a
 * monotonic clock of the caller's. Nothing in a message holds a token, a secret, a path or a byte
 * of a card.
 *
 * Threads: a wxid_session may be used from any number of threads; every other object from one at a
 * time.
 */
#ifndef WXIDCARD_H
#define WXIDCARD_H

#include "wxidcard_base.h"
#include "wxidcard_card.h"
#include "wxidcard_picture.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Settings and the session ---- */

/* "Not given": the library's default is taken. For pointers NULL says it. */
#define WXID_UNSET INT64_MIN

#define WXID_SETTINGS_VERSION 1

/* Where WeChat Cloud Hosting keeps the token of the cloud base. */
#define WXID_CLOUDBASE_TOKEN_FILE "/.tencentcloudbase/wx/cloudbase_access_token"

/* How calls are made. Start from WXID_SETTINGS_INIT. Everything is copied by whoever takes it.
 * Exactly one credential: access_token; appid and secret; ask_for_token; cloudbase_access_token;
 * cloudbase_token_file; or open_service. */
typedef struct wxid_settings {
    unsigned version;           /* WXID_SETTINGS_VERSION */
    const char *access_token;   /* visible ASCII */
    const char *appid;          /* letters, digits, - and _; with it the session fetches tokens */
    const char *secret;         /* visible ASCII without quotes and backslash */
    const char *token_endpoint; /* "stable_token" (default), or "token", of which every fetch
                                   invalidates the token before */
    int64_t token_store;        /* 1: the driver has a store that processes share, by
                                   WXID_STEP_STORE; with appid only */
    int64_t ask_for_token;      /* 1: the machine asks its driver, by WXID_STEP_TOKEN */
    const char *cloudbase_access_token; /* the token of WeChat Cloud Base */
    const char *cloudbase_token_file;   /* where it lies: read again for each call */
    int64_t open_service;               /* 1: in WeChat Cloud Hosting, without a token */
    const char *base_url;       /* default https://api.weixin.qq.com (of the open service http);
                                   other plain http only on loopback, or with open_service */
    int64_t timeout_ms;         /* 1 to 3,600,000; default 30,000 */
    int64_t connect_timeout_ms; /* 1 to 3,600,000; default 5,000 */
    int64_t max_retries;        /* 0 to 2; default 2 */
    int64_t max_image_bytes;    /* 1 to 64 MiB; default 2 MiB: the picture must be smaller */
    int64_t fit;                /* 1: a JPEG or PNG that is not is made to be, up to 64 MiB, as
                                   wxid_picture_fit() does; default 0 */
    int64_t strip_metadata;     /* 1: metadata are taken out of JPEG and PNG before they are sent;
                                   other formats are refused; default 0 */
    int64_t max_connections;    /* 1 to 1,024; default 32. A renewal has one more of its own */
    const char *ca_file;        /* default: the system's */
    const char *proxy;          /* http://host:port; default: none, whatever the environment says */
} wxid_settings;

#define WXID_SETTINGS_INIT                                                                 \
    {                                                                                      \
        WXID_SETTINGS_VERSION, NULL, NULL, NULL, NULL, WXID_UNSET, WXID_UNSET, NULL, NULL, \
            WXID_UNSET, NULL, WXID_UNSET, WXID_UNSET, WXID_UNSET, WXID_UNSET, WXID_UNSET,  \
            WXID_UNSET, WXID_UNSET, NULL, NULL                                             \
    }

typedef enum wxid_setting_type {
    WXID_SETTING_TEXT,       /* the field is a const char * */
    WXID_SETTING_PATH,       /* a const char * */
    WXID_SETTING_TOKEN_FILE, /* a const char *: a path, or true for WXID_CLOUDBASE_TOKEN_FILE */
    WXID_SETTING_COUNT,      /* an int64_t */
    WXID_SETTING_DURATION,   /* an int64_t, milliseconds */
    WXID_SETTING_FLAG,       /* an int64_t, 0 or 1: false or true */
    WXID_SETTING_FUNCTION,   /* an int64_t, 1 when the binding holds a function */
    WXID_SETTING_STORE       /* an int64_t, 1 when the binding holds a token store */
} wxid_setting_type;

/* A row of wxidcard_settings.def: what a binding needs to read its keywords without a list of its
 * own. */
typedef struct wxid_setting_info {
    const char *name;
    wxid_setting_type type;
    size_t offset; /* of the field in wxid_settings */
    const char *meaning;
    int is_secret; /* 1: not to be shown, logged or pickled */
} wxid_setting_info;

/* The row by index, from 0; NULL past the end. */
WXID_API const wxid_setting_info *wxid_setting_info_at(size_t index);
/* "text", "token_file": what a binding calls it. Static. */
WXID_API const char *wxid_setting_type_name(wxid_setting_type type);

/* What the calls of one client share: settings, checked and completed; the token, for a session
 * with appid and secret (docs/tokens.md); and the retry budget (100 points; a retry costs 5, a
 * time-out 10, a success gives 1 back; without points nothing is tried again). */
typedef struct wxid_session wxid_session;

/* Errors: USAGE with what to write instead, MEMORY. */
WXID_API int wxid_session_new(wxid_session **session, const wxid_settings *settings,
                              wxid_error **error);
/* After the last of its calls has been freed. NULL is allowed. */
WXID_API void wxid_session_free(wxid_session *session);
/* Lets the session have its token in common with all others of this process that were shared, have
 * the same appid, secret and token_endpoint, and fetch from the same place: they fetch it once.
 * It is kept for the next, when the last of them has been freed. Their drivers must use one clock,
 * CLOCK_MONOTONIC in milliseconds. To be called before the session's first call; nothing happens
 * for other credentials. */
WXID_API void wxid_session_share(wxid_session *session);
/* The settings with defaults filled in, for a driver; tokens, appid and secret are NULL in it. */
WXID_API const wxid_settings *wxid_session_settings(const wxid_session *session);
/* For a log or a repr: the kind of credential and where to, "access_token,
 * https://api.weixin.qq.com", and of an app id its beginning and end. */
WXID_API const char *wxid_session_description(const wxid_session *session);

/* ---- Calls ---- */

#define WXID_RECOGNITION_VERSION 1

/* One recognition: exactly one of image, image_path and img_url. Start from WXID_RECOGNITION_INIT.
 */
typedef struct wxid_recognition {
    unsigned version;       /* WXID_RECOGNITION_VERSION */
    const void *image;      /* the picture: lent, and not copied, until the call is freed */
    size_t image_length;    /* bytes */
    const char *image_path; /* a regular file, read at once by
                               wxid_call_new_recognition(), forgotten at DONE */
    const char *img_url;    /* http or https, not percent-encoded as a whole, up to 2,048 bytes */
    const char *type;       /* "photo", "scan", or NULL: not sent */
} wxid_recognition;

#define WXID_RECOGNITION_INIT                               \
    {                                                       \
        WXID_RECOGNITION_VERSION, NULL, 0, NULL, NULL, NULL \
    }

#define WXID_TOKEN_FETCH_VERSION 1

/* One token fetch: POST /cgi-bin/stable_token, or GET /cgi-bin/token. */
typedef struct wxid_token_fetch {
    unsigned version;     /* WXID_TOKEN_FETCH_VERSION */
    const char *appid;    /* letters, digits, - and _ */
    const char *secret;   /* visible ASCII without quotes and backslash */
    const char *endpoint; /* "stable_token" (default when NULL) or "token" */
    int force_refresh;    /* stable_token only: invalidates the old token at once, 20 times a day */
} wxid_token_fetch;

#define WXID_TOKEN_FETCH_INIT                         \
    {                                                 \
        WXID_TOKEN_FETCH_VERSION, NULL, NULL, NULL, 0 \
    }

/* One recognition or token fetch, as a state machine. A driver asks for the step and answers it:
 *
 *     while ((step = wxid_call_step(call, now())) != WXID_STEP_DONE) { ... answer it ... }
 */
typedef struct wxid_call wxid_call;

typedef enum wxid_step {
    WXID_STEP_TOKEN, /* answer with wxid_call_answer_token() or wxid_call_abandon() */
    WXID_STEP_SEND,  /* send wxid_call_request(); answer_reply() or answer_failure() */
    WXID_STEP_WAIT,  /* let wxid_call_wait_ms() pass; wxid_call_answer_waited() */
    WXID_STEP_STORE, /* carry out wxid_call_store_request(); wxid_call_answer_store() */
    WXID_STEP_DONE   /* wxid_call_take_card() or wxid_call_take_token() */
} wxid_step;

/* seed: 64 random bits, for the multipart boundary and the jitter of back-off. The session must
 * outlive the call. Errors: USAGE, IMAGE_INPUT, SYSTEM (a path that cannot be opened or read),
 * MEMORY. */
WXID_API int wxid_call_new_recognition(wxid_call **call, wxid_session *session,
                                       const wxid_recognition *recognition, int64_t now_ms,
                                       uint64_t seed, wxid_error **error);
/* The secret is copied, and wiped when the call is freed. Errors: USAGE, MEMORY. */
WXID_API int wxid_call_new_token_fetch(wxid_call **call, wxid_session *session,
                                       const wxid_token_fetch *fetch, int64_t now_ms, uint64_t seed,
                                       wxid_error **error);
/* Makes a call that renews the session's token, if one is due: the token is stale (it has 240 to
 * 300 s left), and nobody is renewing it. Returns 1 and stores the call, or returns 0. To be asked
 * for whenever a recognition begins or ends, and driven beside it: recognitions go on with the
 * token that there is. Its result need not be taken, since its errors are remembered; a lack of
 * memory returns 0. */
WXID_API int wxid_call_new_renewal(wxid_call **call, wxid_session *session, int64_t now_ms,
                                   uint64_t seed);
/* A call that renews the session's token whatever its age. force: the service is to invalidate the
 * old one at once, which it does 20 times a day, 30 s apart. Errors: USAGE for a session without
 * appid and secret, or force with the endpoint "token"; RATE within 30 s of the last force; MEMORY.
 */
WXID_API int wxid_call_new_refresh(wxid_call **call, wxid_session *session, int force,
                                   int64_t now_ms, uint64_t seed, wxid_error **error);
/* At any step; what is in flight must have ended. NULL is allowed. */
WXID_API void wxid_call_free(wxid_call *call);

/* The next step. Asking again without an answer gives the same, or DONE once the deadline has
 * passed: the request of a SEND is gone then, so ask only when nothing of it is in flight. */
WXID_API wxid_step wxid_call_step(wxid_call *call, int64_t now_ms);
/* Whether the call is fetching the session's token, for itself and whoever else waits for it. Where
 * a caller may vanish in the middle, and the call with him, a driver carries these steps out apart
 * from him, so that the others need not wait for what will not come. */
WXID_API int wxid_call_is_fetching(const wxid_call *call);
/* Until the call's deadline, 0 when it has passed. A driver bounds whatever it does by it. */
WXID_API int64_t wxid_call_time_left_ms(const wxid_call *call, int64_t now_ms);
/* Ends the call with an error, which it now owns, at any step but DONE (where the error is just
 * freed). */
WXID_API void wxid_call_abandon(wxid_call *call, wxid_error *error);

/* TOKEN: the token that the service refused, NULL at first. */
WXID_API const char *wxid_call_failed_token(const wxid_call *call);
/* TOKEN: the answer, copied. A malformed token ends the call with USAGE, the one that failed with
 * TOKEN. Every answer returns -1, kind USAGE, when it is not the time for it. */
WXID_API int wxid_call_answer_token(wxid_call *call, const char *token, wxid_error **error);

typedef struct wxid_header {
    const char *name;
    const char *value;
} wxid_header;

typedef struct wxid_fragment {
    const void *data;
    size_t length; /* bytes, may be 0 */
} wxid_fragment;

/* A request, lent until it is answered. */
typedef struct wxid_request {
    const char *method; /* "POST" or "GET" */
    const char *scheme; /* "https" or "http" */
    const char *host;   /* a name, or an address; of IPv6 without brackets */
    int port;
    const char *target; /* path and query, with the token: never to be logged */
    const char *url;    /* scheme, host, port and target, where a transport wants one */
    const char *head;   /* request line and headers up to and with the empty line */
    size_t head_length;
    const wxid_header *headers; /* the same, one by one: Host first, Content-Length last */
    size_t header_count;
    const wxid_fragment *body; /* to be sent one after the other */
    size_t fragment_count;
    size_t body_length; /* sum of the fragments: the Content-Length */
} wxid_request;

/* SEND: the request; NULL at another step. */
WXID_API const wxid_request *wxid_call_request(const wxid_call *call);

/* What a driver must not exceed when it reads a reply: it stops and answers WXID_FAILURE_PROTOCOL.
 */
#define WXID_MAX_REPLY_BODY 65536
#define WXID_MAX_REPLY_HEADERS 32768

#define WXID_REPLY_VERSION 1

typedef struct wxid_reply {
    unsigned version;        /* WXID_REPLY_VERSION */
    int status;              /* HTTP status */
    const char *retry_after; /* header values, NULL if absent */
    const char *date;
    const void *body; /* whole, may be NULL when empty */
    size_t body_length;
    int request_incomplete; /* 1: the reply came before the request had been sent whole */
} wxid_reply;

#define WXID_REPLY_INIT                               \
    {                                                 \
        WXID_REPLY_VERSION, 0, NULL, NULL, NULL, 0, 0 \
    }

/* SEND: a whole reply. Nothing of it is kept. */
WXID_API int wxid_call_answer_reply(wxid_call *call, int64_t now_ms, const wxid_reply *reply,
                                    wxid_error **error);

typedef enum wxid_failure {
    WXID_FAILURE_CONNECT, /* no connection, name not resolved */
    WXID_FAILURE_TIMEOUT,
    WXID_FAILURE_TLS,
    WXID_FAILURE_NETWORK,  /* reset, closed too early */
    WXID_FAILURE_PROTOCOL, /* not HTTP, or past a cap */
    WXID_FAILURE_SYSTEM,   /* out of descriptors and the like */
    WXID_FAILURE_MEMORY
} wxid_failure;

/* SEND: no whole reply came. sent: 1 if any byte of the request may have reached the service, in
 * doubt 1. detail: a phrase for the message, "connection refused", copied; NULL for none. It must
 * hold nothing of the request. */
WXID_API int wxid_call_answer_failure(wxid_call *call, int64_t now_ms, wxid_failure failure,
                                      int sent, const char *detail, wxid_error **error);

/* WAIT: how long, from the step on; 0 at another step. */
WXID_API int64_t wxid_call_wait_ms(const wxid_call *call);
/* WAIT: the time has passed (or the driver wants no more of it). */
WXID_API int wxid_call_answer_waited(wxid_call *call, int64_t now_ms, wxid_error **error);

/* What a token store does. Values are text of up to 8 KiB and secret. A key's value is gone when
 * its time to live has passed. */
typedef enum wxid_store_action {
    WXID_STORE_GET,   /* the value of a key */
    WXID_STORE_SET,   /* stores a value with its time to live, whatever was there */
    WXID_STORE_ADD,   /* the same, but only if there is none: how a lock is taken */
    WXID_STORE_DELETE /* removes the value if it is this one: how a lock is released */
} wxid_store_action;

typedef struct wxid_store_request {
    wxid_store_action action;
    const char *key;
    const char *value; /* NULL of GET */
    int64_t ttl_ms;    /* of SET and ADD; more than 0 */
} wxid_store_request;

#define WXID_STORE_ANSWER_VERSION 1

typedef struct wxid_store_answer {
    unsigned version;  /* WXID_STORE_ANSWER_VERSION */
    int failed;        /* 1: the store does not work; the call goes on without it */
    int stored;        /* ADD: 1 if the value was stored */
    const char *value; /* GET: the value, lent until the answer returns; NULL if there is none */
} wxid_store_answer;

#define WXID_STORE_ANSWER_INIT                \
    {                                         \
        WXID_STORE_ANSWER_VERSION, 0, 0, NULL \
    }

/* STORE: what is to be done, lent until it is answered; NULL at another step. unix_ms: milliseconds
 * since 1970, by which processes tell each other when a token expires. */
WXID_API const wxid_store_request *wxid_call_store_request(wxid_call *call, int64_t unix_ms);
WXID_API int wxid_call_answer_store(wxid_call *call, int64_t now_ms, int64_t unix_ms,
                                    const wxid_store_answer *answer, wxid_error **error);

/* DONE: stores the card, an OBJECT that the caller frees with wxid_value_free(), and returns 0; or
 * the error that the call ended with, and returns -1. Once: what was taken is gone. */
WXID_API int wxid_call_take_card(wxid_value **card, wxid_call *call, wxid_error **error);
/* DONE of a token fetch, renewal or refresh: stores the token, lent until the call is freed, and
 * its life in seconds, clamped to 60..7200; or the error. */
WXID_API int wxid_call_take_token(const char **token, int64_t *expires_in_s, wxid_call *call,
                                  wxid_error **error);

#ifdef __cplusplus
}
#endif

#endif
