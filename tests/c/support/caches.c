#include "caches.h"

#include "memory.h"

static char default_host[] = "api.weixin.qq.com";
static char no_prefix[] = "";
static const wxid__origin default_origin = {"https", default_host, 443, default_host, no_prefix};

wxid__token_cache *new_cache(void)
{
    wxid__token_cache *cache = wxid__token_cache_new(&default_origin, "wx1", "a_secret", 0);
    assert_non_null(cache);
    return cache;
}

static wxid__token_answer ask(wxid__token_cache *cache, int64_t now_ms, const char *refused)
{
    wxid__token_answer answered = wxid__token_cache_ask(cache, now_ms, now_ms, refused);
    if (answered.state == WXID__TOKEN_RENEW) {
        assert_true(answered.lease != 0);
        wxid__token_cache_give_back(cache, answered.lease);
    }
    return answered;
}

static void forget(wxid__token_answer answered)
{
    wxid__text_free(answered.token);
    wxid_error_free(answered.error);
}

void assert_state(wxid__token_cache *cache, int64_t now_ms, const char *refused,
                  wxid__token_state state)
{
    wxid__token_answer answered = ask(cache, now_ms, refused);
    assert_int_equal(answered.state, state);
    forget(answered);
}

uint64_t take_lease(wxid__token_cache *cache, int64_t now_ms, int64_t until_ms, const char *refused)
{
    wxid__token_answer answered = wxid__token_cache_ask(cache, now_ms, until_ms, refused);
    assert_int_equal(answered.state, WXID__TOKEN_RENEW);
    assert_true(answered.lease != 0);
    return answered.lease;
}

void adopt(wxid__token_cache *cache, int64_t now_ms, const char *token, int64_t life_ms,
           uint64_t random)
{
    wxid__token_answer answered = wxid__token_cache_lease_anyway(cache, now_ms, now_ms);
    assert_int_equal(answered.state, WXID__TOKEN_RENEW);
    assert_int_equal(
        wxid__token_cache_adopt(cache, answered.lease, now_ms, token, life_ms, life_ms, random), 0);
}

void assert_ready(wxid__token_cache *cache, int64_t now_ms, const char *token)
{
    wxid__token_answer answered = ask(cache, now_ms, NULL);
    assert_int_equal(answered.state, WXID__TOKEN_READY);
    assert_string_equal(answered.token, token);
    assert_true(answered.lease == 0);
    forget(answered);
}

void assert_failed(wxid__token_cache *cache, int64_t now_ms, const char *refused, int kind,
                   int64_t wait_ms)
{
    wxid__token_answer answered = ask(cache, now_ms, refused);
    assert_int_equal(answered.state, WXID__TOKEN_FAILED);
    assert_int_equal(answered.wait_ms, wait_ms);
    if (kind == NO_ERROR) {
        assert_null(answered.error);
    } else {
        assert_non_null(answered.error);
        assert_int_equal(wxid_error_kind(answered.error), kind);
    }
    forget(answered);
}
