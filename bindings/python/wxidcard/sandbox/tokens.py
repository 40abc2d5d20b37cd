"""Tokens: who may call, and the two endpoints that hand tokens out.

All times are seconds of one clock that only goes forward, and that a test may move.
"""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from . import replies
from .replies import ServiceError

Clock = Callable[[], float]

APPID = "wx_sandbox"
SECRET = "sandbox_secret"
FIXED_TOKEN = "sandbox_token"
CLOUDBASE_TOKEN = "sandbox_cloudbase_token"

DAY = 86_400.0
MINUTE = 60.0
DEFAULT_LIFE = 7200.0
# A token is renewed 5 minutes before its end, and an old one works 5 minutes more. A shorter
# life keeps the proportion, so that a test with a life of a minute sees the same behaviour.
OVERLAP = 300.0

FORCED_A_DAY = 20
FORCED_APART = 30.0
STABLE_A_MINUTE = 10_000
STABLE_A_DAY = 500_000
PLAIN_A_DAY = 2_000
# Tokens remembered per endpoint, to tell an expired one from one that never was.
REMEMBERED = 4_096


class Allowance:
    """At most ``limit`` uses in each span of ``seconds``, counted from the first use."""

    def __init__(self, limit: int, seconds: float, clock: Clock) -> None:
        self._limit = limit
        self._seconds = seconds
        self._clock = clock
        self._since: float | None = None
        self._used = 0

    def take(self) -> bool:
        """Use one; False when the span's allowance is spent."""
        now = self._clock()
        if self._since is None or now - self._since >= self._seconds:
            self._since, self._used = now, 0
        if self._used >= self._limit:
            return False
        self._used += 1
        return True


@dataclass(slots=True)
class _Token:
    text: str
    ends: float
    # Another token took its place, so that its end is "not latest" rather than "expired".
    superseded: bool = False


class _Issuer:
    """The tokens of one endpoint, newest last."""

    def __init__(self, life: float, clock: Clock) -> None:
        self.life = life
        self.overlap = min(OVERLAP, life * OVERLAP / DEFAULT_LIFE)
        self.current: _Token | None = None
        self._clock = clock
        self._known: OrderedDict[str, _Token] = OrderedDict()

    def issue(self, now: float) -> _Token:
        token = _Token(secrets.token_urlsafe(96), now + self.life)
        self._known[token.text] = token
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        self.current = token
        return token

    def remaining(self, now: float) -> float:
        return 0.0 if self.current is None else self.current.ends - now

    def find(self, text: str) -> _Token | None:
        return self._known.get(text)

    def expire(self) -> None:
        for token in self._known.values():
            token.ends = min(token.ends, self._clock())
        self.current = None

    def supersede(self) -> None:
        for token in self._known.values():
            token.superseded = token.superseded or token.ends > self._clock()
        self.expire()


def _answer(token: _Token, now: float) -> dict[str, object]:
    return {"access_token": token.text, "expires_in": max(1, int(token.ends - now))}


class Tokens:
    """Issues and checks access tokens.

    ``life`` is how long a token lives, in seconds. Errors are ServiceError with the errcode
    the service would answer.
    """

    def __init__(self, clock: Clock, life: float = DEFAULT_LIFE) -> None:
        self._clock = clock
        self._stable = _Issuer(life, clock)
        # The tokens of the two endpoints are isolated from each other.
        self._plain = _Issuer(life, clock)
        self._forced = Allowance(FORCED_A_DAY, DAY, clock)
        self._forced_at: float | None = None
        self._stable_minute = Allowance(STABLE_A_MINUTE, MINUTE, clock)
        self._stable_day = Allowance(STABLE_A_DAY, DAY, clock)
        self._plain_day = Allowance(PLAIN_A_DAY, DAY, clock)

    def stable_token(self, force_refresh: bool = False) -> dict[str, object]:
        """Answer ``stable_token``: the same token until its last minutes, or a new one by force.

        Raises ServiceError 45009 or 45011 beyond what the service allows.
        """
        if not self._stable_minute.take():
            raise ServiceError(replies.MINUTE_QUOTA)
        if not self._stable_day.take():
            raise ServiceError(replies.DAILY_QUOTA)
        if force_refresh:
            self._revoke_by_force()
        now = self._clock()
        token = self._stable.current
        if token is None or self._stable.remaining(now) <= self._stable.overlap:
            # The one before keeps working to its own end, which is at most the overlap away.
            token = self._stable.issue(now)
        return _answer(token, now)

    def plain_token(self) -> dict[str, object]:
        """Answer ``token``: always a new token; the one before works only for the overlap.

        Raises ServiceError 45009 beyond the day's allowance.
        """
        if not self._plain_day.take():
            raise ServiceError(replies.DAILY_QUOTA)
        before = self._plain.current
        now = self._clock()
        if before is not None and before.ends > now + self._plain.overlap:
            before.ends = now + self._plain.overlap
            before.superseded = True
        return _answer(self._plain.issue(now), now)

    def check(self, token: str) -> None:
        """Raise ServiceError 40001 or 42001 unless ``token`` may be used as access_token now."""
        if token == FIXED_TOKEN:
            return
        found = self._stable.find(token) or self._plain.find(token)
        if found is None:
            raise ServiceError(replies.INVALID_CREDENTIAL)
        if found.ends <= self._clock():
            errcode = replies.INVALID_CREDENTIAL if found.superseded else replies.TOKEN_EXPIRED
            raise ServiceError(errcode)

    def expire(self) -> None:
        """End every token fetched so far; the fixed one always works."""
        self._stable.expire()
        self._plain.expire()

    def _revoke_by_force(self) -> None:
        now = self._clock()
        if self._forced_at is not None and now - self._forced_at < FORCED_APART:
            raise ServiceError(replies.MINUTE_QUOTA)
        if not self._forced.take():
            raise ServiceError(replies.DAILY_QUOTA)
        self._forced_at = now
        self._stable.supersede()


def check_account(grant_type: object, appid: object, secret: object) -> None:
    """Raise ServiceError unless the three are those of the sandbox's only account."""
    if grant_type != "client_credential":
        raise ServiceError(replies.WRONG_GRANT_TYPE)
    if not appid:
        raise ServiceError(replies.APPID_MISSING)
    if not secret:
        raise ServiceError(replies.SECRET_MISSING)
    if appid != APPID:
        raise ServiceError(replies.WRONG_APPID)
    if secret != SECRET:
        raise ServiceError(replies.WRONG_SECRET)
