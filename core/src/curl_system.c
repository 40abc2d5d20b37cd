#include "curl_system.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static CURLcode global_result;

/* Never undone: the program may use libcurl itself, and a library cannot know when nobody does any
 * more. */
static void init_libcurl(void)
{
    global_result = curl_global_init(CURL_GLOBAL_DEFAULT);
}

int wxid__libcurl_ready(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, init_libcurl);
    return global_result == CURLE_OK;
}

int64_t wxid__now_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t wxid__unix_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* splitmix64: spreads the few bits that clock, pid and counter differ in over all 64. */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

uint64_t wxid__random_seed(void)
{
    static atomic_uint_fast64_t counter;
    uint64_t seed = 0;
    /* Without GRND_NONBLOCK a call made early in the boot of a machine would hang. */
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) == (ssize_t)sizeof seed) {
        return seed;
    }
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    seed = mix((uint64_t)now.tv_sec ^ ((uint64_t)now.tv_nsec << 32));
    seed = mix(seed ^ (uint64_t)getpid());
    return mix(seed ^ atomic_fetch_add(&counter, 1));
}

int wxid__descriptors_used_up(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)close(fd);
        return 0;
    }
    return errno == EMFILE || errno == ENFILE;
}

int wxid__thread_start(pthread_t *thread, void *(*run)(void *), void *argument)
{
    sigset_t every;
    sigset_t before;
    (void)sigfillset(&every);
    (void)pthread_sigmask(SIG_SETMASK, &every, &before);
    int failed = pthread_create(thread, NULL, run, argument);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed == 0 ? 0 : -1;
}

void wxid__sigpipe_hold(wxid__sigpipe *held)
{
    sigset_t sigpipe;
    (void)sigemptyset(&sigpipe);
    (void)sigaddset(&sigpipe, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &sigpipe, &held->mask);
    held->pending = 0;
    if (sigismember(&held->mask, SIGPIPE) == 1) { /* else none can have waited */
        sigset_t waiting;
        (void)sigemptyset(&waiting);
        (void)sigpending(&waiting);
        held->pending = sigismember(&waiting, SIGPIPE) == 1;
    }
}

void wxid__sigpipe_release(const wxid__sigpipe *held)
{
    static const struct timespec at_once = {0, 0};
    sigset_t sigpipe;
    (void)sigemptyset(&sigpipe);
    (void)sigaddset(&sigpipe, SIGPIPE);
    if (!held->pending) {
        while (sigtimedwait(&sigpipe, NULL, &at_once) == -1 && errno == EINTR) {
        }
    }
    (void)pthread_sigmask(SIG_SETMASK, &held->mask, NULL);
}
