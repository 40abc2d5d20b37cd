#include "system.h"

#include "values.h"

#include <sys/random.h>
#include <time.h>

static int push_clock(lua_State *L, clockid_t clock)
{
    struct timespec now = {0};
    (void)clock_gettime(clock, &now);
    wxl_push_whole(L, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    return 1;
}

int wxl_now_ms(lua_State *L)
{
    return push_clock(L, CLOCK_MONOTONIC);
}

int wxl_unix_ms(lua_State *L)
{
    return push_clock(L, CLOCK_REALTIME);
}

int wxl_sleep_ms(lua_State *L)
{
    int64_t span_ms = 0;
    if (wxl_read_duration(L, 1, "the milliseconds", &span_ms)) {
        return luaL_error(L, "%s", lua_tostring(L, -1));
    }
    struct timespec span = {.tv_sec = (time_t)(span_ms / 1000),
                            .tv_nsec = (long)(span_ms % 1000) * 1000000};
    (void)nanosleep(&span, NULL);
    return 0;
}

int wxl_random_seed(lua_State *L)
{
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed) {
        return luaL_error(L, "the system gives no random bits");
    }
    lua_pushlstring(L, (const char *)&seed, sizeof seed);
    return 1;
}
