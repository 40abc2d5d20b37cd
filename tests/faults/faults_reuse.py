"""What can happen to a connection that is kept."""

import time
import zlib

from wire import compose

# Later than this no second answer may come if a client's caution is to find it, and a busy machine
# may stall this server at any moment. When it has, none is sent over that connection any more: over
# one that seemed to be in order an answer is refused if another comes with it. When it was stalled
# after it had looked, that is counted.
LATEST_SECONDS = 0.010


def close_idle(connection, request):
    """Answers well, without a word about closing, and closes."""
    connection.read_body(request)
    connection.reply_card(request)
    return False


def close_after_20(connection, request):
    """Answers 20 requests of a connection well, and closes without a word."""
    connection.served = getattr(connection, "served", 0) + 1
    connection.read_body(request)
    connection.reply_card(request)
    return connection.served < 20


def close_idle_later(connection, request):
    connection.read_body(request)
    connection.reply_card(request)
    time.sleep(0.02)
    return False


def reset_idle(connection, request):
    connection.read_body(request)
    connection.reply_card(request)
    time.sleep(0.02)
    connection.reset()


def reset_on_reuse(connection, request):
    """Good the first time; when the next request begins to come, resets without having read it."""
    connection.read_body(request)
    connection.reply_card(request)
    first = connection.sock.recv(1)
    if first:
        connection.reset()
    return False


def close_on_reuse_head(connection, request):
    """Good the first time; reads the next head, and closes without an answer."""
    if getattr(connection, "used", False):
        connection.read_body(request)
        return False
    connection.used = True
    connection.read_body(request)
    connection.reply_card(request)
    return True


def answer_408_on_reuse(connection, request):
    """Good the first time; the next request crosses a 408 that is about the time before it."""
    connection.read_body(request)
    if getattr(connection, "used", False):
        connection.reply(408, b"", close=True)
        return False
    connection.used = True
    connection.reply_card(request)
    return True


def push_408(connection, request):
    connection.read_body(request)
    connection.reply_card(request)
    time.sleep(0.02)
    connection.reply(408, b"", close=True)
    return False


def push_408_keeps_open(connection, request):
    connection.read_body(request)
    connection.reply_card(request)
    time.sleep(0.02)
    connection.reply(408, b"")
    return True


def twice_at_once(connection, request):
    """Both answers in one write."""
    connection.read_body(request)
    answer = compose(200, request.card())
    connection.send(answer + answer)
    return True


def twice_head_apart(connection, request):
    """The head alone, then the body and the second answer in one write: by TLS in one record."""
    connection.read_body(request)
    card = request.card()
    answer = compose(200, card)
    connection.send(answer[: -len(card)])
    time.sleep(0.002)
    connection.send(card + answer)
    return True


def twice_on_reuse(connection, request, padding=0):
    """Good the first time, and then both answers in one write."""
    connection.read_body(request)
    answer = compose(200, request.card())
    if getattr(connection, "used", False):
        answer += compose(200, request.card() + b" " * padding)
    connection.used = True
    connection.send(answer)
    return True


def twice_long_on_reuse(connection, request):
    """The same, and nobody has read all of the second when he has the first."""
    return twice_on_reuse(connection, request, padding=32768)


def twice_soon(connection, request):
    """The second answer just behind the first, as a write of its own."""
    connection.read_body(request)
    connection.reply_card(request)
    connection.reply_card(request)
    return True


def twice_soon_after(connection, request):
    """The second answer 5 ms behind the first."""
    connection.read_body(request)
    connection.reply_card(request)
    time.sleep(0.005)
    connection.reply_card(request)
    return True


def twice_late(connection, request):
    """The second answer when the connection has been idle for a while."""
    connection.read_body(request)
    connection.reply_card(request)
    time.sleep(0.003)
    connection.reply_card(request)
    return True


def twice_at_random(connection, request):
    """The second answer, or half of it, behind the first in one write, at once in another, or 1 to
    5 ms later: one picture so, the next otherwise. Counted as twice-at-random/skipped are those
    that were not sent, and as twice-at-random/stalled those that may have come too late."""
    connection.read_body(request)
    answer = compose(200, request.card())
    number = zlib.crc32(request.image())
    late = answer if number % 2 else answer[: len(answer) // 2]
    milliseconds = number // 2 % 7 - 1
    if getattr(connection, "is_spared", False):
        connection.counters.begin("twice-at-random/skipped", "POST")
        connection.send(answer)
        return True
    if milliseconds < 0:
        connection.send(answer + late)
        return True
    began = time.monotonic()  # not afterwards: another thread may have its turn then
    connection.send(answer)
    time.sleep(milliseconds / 1000)
    if time.monotonic() - began >= LATEST_SECONDS:
        connection.counters.begin("twice-at-random/skipped", "POST")
        connection.is_spared = True
        return True
    connection.send(late)
    if time.monotonic() - began >= LATEST_SECONDS:
        connection.counters.begin("twice-at-random/stalled", "POST")
    return True


def late_in_next_upload(connection, request):
    """The second answer when the next request is on its way, but not yet whole."""
    previous = getattr(connection, "previous", None)
    if previous is not None:
        connection.read_body(request, max(1, request.length // 2))
        connection.send(previous)
        connection.drain(1)
        return False
    connection.read_body(request)
    connection.reply_card(request)
    connection.previous = compose(200, request.card())
    return True


def late_at_next_head(connection, request):
    """The second answer as soon as the next request's head is there."""
    previous = getattr(connection, "previous", None)
    if previous is not None:
        connection.send(previous)
        connection.drain(1)
        return False
    connection.read_body(request)
    connection.reply_card(request)
    connection.previous = compose(200, request.card())
    return True


FAULTS = {
    "close-idle": close_idle,
    "close-after-20": close_after_20,
    "close-idle-later": close_idle_later,
    "reset-idle": reset_idle,
    "reset-on-reuse": reset_on_reuse,
    "close-on-reuse": close_on_reuse_head,
    "408-on-reuse": answer_408_on_reuse,
    "push-408": push_408,
    "push-408-keeps-open": push_408_keeps_open,
    "twice-at-once": twice_at_once,
    "twice-head-apart": twice_head_apart,
    "twice-on-reuse": twice_on_reuse,
    "twice-long-on-reuse": twice_long_on_reuse,
    "twice-soon": twice_soon,
    "twice-soon-after": twice_soon_after,
    "twice-late": twice_late,
    "twice-at-random": twice_at_random,
    "late-in-next-upload": late_in_next_upload,
    "late-at-next-head": late_at_next_head,
}
