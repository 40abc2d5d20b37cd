/* 4: a resolver that does not answer. libcurl calls getaddrinfo() in a thread of its own, and finds
 * the one below, since the program's symbols come before those of its libraries. */
#include "client/fixture.h"

#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int asked;
static int waiting;
static int released;

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **found)
{
    (void)service;
    (void)hints;
    (void)pthread_mutex_lock(&lock);
    asked += strcmp(node, "hangs.invalid") == 0;
    waiting++;
    while (!released) {
        (void)pthread_cond_wait(&changed, &lock);
    }
    waiting--;
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
    *found = NULL;
    return EAI_AGAIN;
}

static int times_asked(void)
{
    (void)pthread_mutex_lock(&lock);
    int times = asked;
    (void)pthread_mutex_unlock(&lock);
    return times;
}

/* No thread may still be at it when the program's memory goes. */
static int release(void **state)
{
    (void)state;
    (void)pthread_mutex_lock(&lock);
    released = 1;
    (void)pthread_cond_broadcast(&changed);
    while (waiting > 0) {
        (void)pthread_cond_wait(&changed, &lock);
    }
    (void)pthread_mutex_unlock(&lock);
    return 0;
}

/* The limit for connecting holds, or that of the call if it is the shorter one. */
static void ends_in_time(int64_t connect_timeout_ms, int64_t timeout_ms, int64_t at_least_ms)
{
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_client *client = NULL;
    int before = times_asked();
    settings.access_token = TOKEN;
    settings.base_url = "https://hangs.invalid";
    settings.connect_timeout_ms = connect_timeout_ms;
    settings.timeout_ms = timeout_ms;
    settings.max_retries = 0;
    assert_int_equal(wxid_client_new(&client, &settings, NULL), 0);
    result got = recognize(client, 2000, 1, NULL);
    if (got.ok || got.kind != WXID_KIND_TIMEOUT) {
        fail_msg("%s: %s", wxid_kind_info_at(got.kind)->name, got.message);
    }
    assert_in_range(got.elapsed_ms, at_least_ms, at_least_ms + 300 * slowness());
    assert_null(strstr(got.message, "hangs"));
    wxid_client_free(client);
    assert_int_equal(times_asked(), before + 1);
}

static void a_resolver_that_hangs_is_not_waited_for(void **state)
{
    int before = count_descriptors();
    (void)state;
    ends_in_time(300, 5000, 250);
    ends_in_time(5000, 300, 250);
    (void)release(NULL);
    for (int i = 0; i < 500 && count_descriptors() != before; i++) {
        sleep_ms(10); /* libcurl's thread closes its own when it has the answer */
    }
    assert_int_equal(count_descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_resolver_that_hangs_is_not_waited_for, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
