/* The sockets that are waited for against a table by their numbers. */
#include "curl_waiting.h"
#include "support/support.h"

#include "text.h"

#include <string.h>

#define SOCKETS 300
#define OWNERS 20

typedef struct both {
    wxid__waiting waiting;
    short events[SOCKETS]; /* -1: not waited for */
    int owner[SOCKETS];
    int owners[OWNERS]; /* their addresses stand for them */
    uint64_t random;
} both;

static int below(both *all, uint64_t limit)
{
    return (int)(wxid__random_next(&all->random) % limit);
}

/* Each once, for these events, beside its owner. */
static void check(const both *all)
{
    int is_seen[SOCKETS] = {0};
    size_t count = 0;
    for (size_t i = 0; i < all->waiting.count; i++) {
        const struct pollfd *socket = &all->waiting.sockets[i];
        assert_true(socket->fd >= 0 && socket->fd < SOCKETS && !is_seen[socket->fd]);
        is_seen[socket->fd] = 1;
        assert_int_equal(socket->events, all->events[socket->fd]);
        assert_int_equal(socket->revents, 0);
        assert_ptr_equal(all->waiting.owners[i], &all->owners[all->owner[socket->fd]]);
    }
    for (int socket = 0; socket < SOCKETS; socket++) {
        count += all->events[socket] != -1;
    }
    assert_int_equal(all->waiting.count, count);
}

static void take_step(both *all)
{
    static const short events[] = {0, POLLIN, POLLOUT, POLLIN | POLLOUT};
    int socket = below(all, SOCKETS);
    int owner = below(all, OWNERS);
    switch (below(all, 16)) {
    case 0:
        wxid__waiting_forget_owner(&all->waiting, &all->owners[owner]);
        for (int i = 0; i < SOCKETS; i++) {
            all->events[i] = all->owner[i] == owner ? -1 : all->events[i];
        }
        break;
    case 1:
    case 2:
    case 3:
        wxid__waiting_forget(&all->waiting, socket);
        all->events[socket] = -1;
        break;
    default:
        all->events[socket] = events[below(all, 4)];
        all->owner[socket] = owner;
        assert_int_equal(
            wxid__waiting_set(&all->waiting, socket, all->events[socket], &all->owners[owner]), 0);
        if (below(all, 2)) { /* what poll() would have said, when it is set once more */
            all->waiting.sockets[all->waiting.count - 1].revents = POLLIN;
            int last = all->waiting.sockets[all->waiting.count - 1].fd;
            (void)wxid__waiting_set(&all->waiting, last, all->events[last],
                                    &all->owners[all->owner[last]]);
        }
        break;
    }
}

static void it_waits_for_what_it_was_told(void **state)
{
    static both all;
    (void)state;
    all.random = 20260102;
    for (int i = 0; i < SOCKETS; i++) {
        all.events[i] = -1;
    }
    for (int step = 0; step < rounds(100000); step++) {
        take_step(&all);
        check(&all);
    }
    wxid__waiting_free(&all.waiting);
    assert_null(all.waiting.sockets);
    wxid__waiting_free(&all.waiting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_waits_for_what_it_was_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
