/* Runs a Lua script again and again, the n-th allocation of Lua failing: once, and from then on.
 * Whatever fails, the script must end (with an error or not) and then run cleanly in the same
 * state. Sanitizers tell whether C memory was lost when Lua jumped out of a C function. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct allocator {
    int armed;
    int for_good; /* fails from the n-th allocation on, not at it alone */
    long left;    /* allocations until the failure */
    int failed;
} allocator;

static void *allocate(void *context, void *block, size_t old_size, size_t new_size)
{
    allocator *own = context;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    /* Lua takes it for granted that a block can be made smaller. */
    if (own->armed && (block == NULL || new_size > old_size)) {
        int fails = own->for_good ? own->left <= 0 : own->left == 0;
        own->left--;
        if (fails) {
            own->failed = 1;
            return NULL;
        }
    }
    return realloc(block, new_size);
}

static void die(lua_State *L, const char *what)
{
    fprintf(stderr, "%s: %s\n", what, lua_tostring(L, -1));
    exit(1);
}

/* Returns whether the allocator got round to failing. */
static int run_once(const char *script, int for_good, long n)
{
    allocator own = {0, for_good, n, 0};
    lua_State *L = lua_newstate(allocate, &own);
    if (L == NULL) {
        exit(1);
    }
    luaL_openlibs(L);
    if (luaL_loadfile(L, script) != 0 || lua_pcall(L, 0, 1, 0) != 0) {
        die(L, "the script cannot be loaded");
    }
    lua_pushvalue(L, -1);
    own.armed = 1;
    (void)lua_pcall(L, 0, 0, 0);
    own.armed = 0;
    lua_settop(L, 1);
    if (lua_pcall(L, 0, 0, 0) != 0) {
        die(L, "after a failed allocation");
    }
    lua_close(L);
    return own.failed;
}

int main(int count, char **arguments)
{
    long n = 0;
    if (count != 2) {
        return 2;
    }
    for (int for_good = 0; for_good <= 1; for_good++) {
        for (n = 0; run_once(arguments[1], for_good, n); n++) {
        }
    }
    printf("%ld allocations\n", n);
    return n > 100 ? 0 : 1;
}
