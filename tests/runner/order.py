"""Running many suites: one after the other, some beside the others, some when all have ended."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace

from .running import Environment, Outcome, Suite, run_suite

# Takes processor time only where nobody else wants it. Linux may weigh the sessions of a machine
# against each other first (sched_autogroup), and each step is a session of its own.
LEFT_OVER = (
    *("sh", "-c"),
    '{ echo 19 >/proc/self/autogroup; } 2>/dev/null; exec nice -n 19 "$@"',
    "sh",
)

Begin = Callable[[Suite], None]
End = Callable[[Suite, Outcome, float], None]


def run_all(suites: Sequence[Suite], environment: Environment, begin: Begin, end: End) -> Outcome:
    """Run suites in their order, and tell of each when it begins and ends.

    Of those that run beside the others both are told when the others have ended. A signal, which
    comes as an exception, ends all of them.
    """
    total = Outcome()

    def run_in_turn(suite: Suite) -> None:
        begin(suite)
        tell(suite, *_timed(suite, environment))

    def tell(suite: Suite, outcome: Outcome, seconds: float) -> None:
        nonlocal total
        end(suite, outcome, seconds)
        total += outcome

    beside = [suite for suite in suites if suite.beside]
    with _beside(beside, environment) as started:
        for suite in suites:
            if not (suite.beside or suite.reads_logs):
                run_in_turn(suite)
        for suite, result in zip(beside, started, strict=True):
            begin(suite)
            # See running._run_steps(): only a thread that wakes sees a signal.
            while not result.done():
                wait([result], timeout=1)
            tell(suite, *result.result())
    for suite in suites:
        if suite.reads_logs:
            run_in_turn(suite)
    return total


def _timed(suite: Suite, environment: Environment) -> tuple[Outcome, float]:
    start = time.monotonic()
    outcome = run_suite(suite, environment)
    return outcome, time.monotonic() - start


@contextlib.contextmanager
def _beside(
    suites: Sequence[Suite], environment: Environment
) -> Iterator[list[Future[tuple[Outcome, float]]]]:
    """Start suites, one after the other among themselves; and end them if what they are beside is
    ended."""
    below = replace(environment, prefix=LEFT_OVER)
    with ThreadPoolExecutor(1) as pool:
        try:
            yield [pool.submit(_timed, suite, below) for suite in suites]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            environment.end()
            raise
