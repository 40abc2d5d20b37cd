/* The heap of timers against a plain array that is searched. */
#include "curl_timers.h"
#include "support/support.h"

#include "text.h"

#include <string.h>

#define TIMERS 500

typedef struct both {
    wxid__timers heap;
    wxid__timer timers[TIMERS];
    int64_t due_ms[TIMERS];
    int is_set[TIMERS];
    uint64_t random;
} both;

static size_t below(both *all, uint64_t limit)
{
    return (size_t)(wxid__random_next(&all->random) % limit);
}

/* Whichever of the earliest the heap has on top, and NULL of none. */
static void check_first(const both *all)
{
    int64_t earliest_ms = INT64_MAX;
    int count = 0;
    const wxid__timer *first = all->heap.first;
    for (size_t i = 0; i < TIMERS; i++) {
        assert_int_equal(all->timers[i].is_set, all->is_set[i]);
        if (all->is_set[i]) {
            count++;
            earliest_ms = all->due_ms[i] < earliest_ms ? all->due_ms[i] : earliest_ms;
        }
    }
    if (count == 0) {
        assert_null(first);
        return;
    }
    assert_non_null(first);
    size_t i = (size_t)(first - all->timers);
    assert_true(i < TIMERS && all->is_set[i]);
    assert_true(first->due_ms == earliest_ms && all->due_ms[i] == earliest_ms);
}

static void set(both *all, size_t i, int64_t due_ms)
{
    wxid__timers_set(&all->heap, &all->timers[i], due_ms);
    all->due_ms[i] = due_ms;
    all->is_set[i] = 1;
}

static void cancel(both *all, size_t i)
{
    wxid__timers_cancel(&all->heap, &all->timers[i]);
    all->is_set[i] = 0;
}

/* often: of 100 steps, so many set a timer; of the others half take the first out. */
static void take_steps(both *all, int steps, size_t often, uint64_t most_ms)
{
    for (int step = 0; step < steps; step++) {
        size_t what = below(all, 100);
        size_t i = below(all, TIMERS);
        if (what < often) {
            set(all, i, (int64_t)below(all, most_ms));
        } else if (what % 2 == 0 && all->heap.first != NULL) {
            cancel(all, (size_t)(all->heap.first - all->timers));
        } else {
            cancel(all, i);
        }
        check_first(all);
    }
}

/* What is left comes out in order. */
static void empty(both *all)
{
    int64_t before_ms = INT64_MIN;
    while (all->heap.first != NULL) {
        assert_true(all->heap.first->due_ms >= before_ms);
        before_ms = all->heap.first->due_ms;
        cancel(all, (size_t)(all->heap.first - all->timers));
    }
    check_first(all);
}

static void the_first_is_the_earliest(void **state)
{
    static const uint64_t most_ms[] = {1000000, 10}; /* with many at once, too */
    static const size_t often[] = {50, 60, 40, 90};
    static both all;
    (void)state;
    all.random = 20260101;
    for (size_t i = 0; i < 40; i++) {
        take_steps(&all, rounds(5000), often[i % 4], most_ms[i / 4 % 2]);
        if (i % 3 == 2) {
            empty(&all);
        }
    }
    empty(&all);
}

static void any_number_is_a_time(void **state)
{
    static both all;
    (void)state;
    set(&all, 0, INT64_MAX);
    set(&all, 1, INT64_MIN);
    set(&all, 2, 0);
    check_first(&all);
    set(&all, 1, INT64_MAX);
    check_first(&all);
    cancel(&all, 2);
    cancel(&all, 2);
    empty(&all);
}

/* As an engine sets the timers of its jobs: each later than those before. It would be slow, were
 * the heap a list. */
static void many_in_order_and_in_reverse(void **state)
{
    enum { MANY = 200000 };
    static wxid__timer many[MANY];
    wxid__timers heap = {NULL};
    (void)state;
    for (int64_t round = 0; round < 2; round++) {
        for (int64_t i = 0; i < MANY; i++) {
            wxid__timers_set(&heap, &many[i], round == 0 ? i : MANY - i);
        }
        for (int64_t i = 0; i < MANY; i++) {
            wxid__timer *first = heap.first;
            assert_ptr_equal(first, &many[round == 0 ? i : MANY - 1 - i]);
            wxid__timers_cancel(&heap, first);
        }
        assert_null(heap.first);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_the_earliest),
        cmocka_unit_test(any_number_is_a_time),
        cmocka_unit_test(many_in_order_and_in_reverse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
