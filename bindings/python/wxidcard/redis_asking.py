"""What all that is kept in Redis has in common: whose client it is, and how it is asked."""

from collections.abc import Callable
from typing import TypeVar

__all__ = ["ask", "check_client", "check_text"]

R = TypeVar("R")


def check_client(redis_client: object, user: str) -> None:
    """Raise TypeError for anything but a redis.Redis; ``user`` is the class that wants one."""
    if not _is_client(redis_client):
        kind = type(redis_client)
        raise TypeError(
            f"redis_client must be a redis.Redis, not {kind.__module__}.{kind.__qualname__}; "
            f"write {user}(redis.Redis(host))"
        )


def check_text(name: str, value: object) -> None:
    """Raise TypeError, without the value, for an argument that is no str."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")


def _is_client(candidate: object) -> bool:
    # Imported here, as who has no Redis needs no package for it.
    try:
        import redis
        from redis.client import Pipeline
    except ImportError:
        return False
    # A pipeline would only write down what it is asked for, and say yes to it.
    return isinstance(candidate, redis.Redis) and not isinstance(candidate, Pipeline)


def ask(command: Callable[[], R]) -> R:
    """Run a command, and keep values out of what it raises."""
    from redis.exceptions import ResponseError

    try:
        return command()
    except ResponseError as error:
        # "unknown command 'SET', with args beginning with: 'wxidcard:…' 'the token'"
        error.args = (_refusal(str(error)),)
        raise
    except UnicodeError:
        pass
    # Raised out here, it has no __context__: a UnicodeError has the whole value.
    raise ValueError("a value cannot be written or read in the encoding of the Redis client")


def _refusal(text: str) -> str:
    """What may be said of a server's refusal: its code, such as WRONGTYPE, if it has one."""
    code = text.partition(" ")[0]
    is_code = code.isascii() and code.isalpha() and code.isupper()
    return f"the Redis server refused the command{': ' + code if is_code else ''}"
