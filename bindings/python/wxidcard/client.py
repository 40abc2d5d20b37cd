"""The blocking client."""

from collections.abc import Callable, Generator, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias, Unpack

from . import _core, many
from .cards import Card
from .many import CONCURRENCY, Item
from .settings import Settings, reduced

if TYPE_CHECKING:
    import os

    from _typeshed import SupportsRead
    from typing_extensions import Buffer

    Picture: TypeAlias = str | os.PathLike[str] | Buffer | SupportsRead[bytes]

__all__ = ["Client", "recognize"]


class Client:
    """Recognises ID cards, from any number of threads at once.

    The keywords are those of :class:`wxidcard.Settings`; exactly one credential is needed, most
    often ``appid`` and ``secret``::

        with wxidcard.Client(appid="…", secret="…") as client:
            card = client.recognize("front.jpg")

    Connections are kept between calls and shared by the threads, ``max_connections`` at most. The
    token is shared by all clients of the process that have the same account. A copy of a client
    opens connections of its own; so does a child process after ``fork``. A client with a secret in
    its settings does not pickle, since pickles travel and are stored in clear.

    Raises TypeError for a keyword that there is not or a value of the wrong type, and ValueError
    for a value that cannot be right; both say what to write instead.
    """

    __slots__ = ("__weakref__", "_core", "_settings")

    _core: _core.Client
    _settings: Settings

    def __init__(self, **settings: Unpack[Settings]) -> None:
        self._core = _core.Client(**settings)
        self._settings = settings

    def recognize(
        self,
        image: "Picture | None" = None,
        *,
        img_url: str | None = None,
        type: Literal["photo", "scan"] | None = None,
    ) -> Card:
        """Recognise one picture and return the card, a plain ``dict`` of the service's own fields.

        Give exactly one of ``image`` and ``img_url``. ``image`` is a path (``str`` or
        ``os.PathLike``), bytes-like memory, which is sent without a copy, or a binary file object,
        which is read from where it stands. It must be smaller than ``max_image_bytes`` and begin as
        JPEG, PNG, GIF, BMP or WebP pictures do. ``img_url`` is an http or https URL, not
        percent-encoded as a whole, from which the service fetches the picture itself. ``type`` is
        ``"photo"`` (the card with a background), ``"scan"`` (the card alone), or left out.

        Blocks for up to ``timeout`` seconds, without the GIL; Ctrl-C ends it.

        Raises :class:`wxidcard.ImageInputError` for a picture that is refused before anything was
        sent, OSError for a path that cannot be read, :class:`wxidcard.APIError` for what the
        service refused, :class:`wxidcard.TransportError` and :class:`wxidcard.ProtocolError` for
        what happened on the way, TypeError and ValueError for arguments that cannot be right or a
        client that was closed, and whatever ``token_provider`` raises.
        """
        return self._core.recognize(image, img_url=img_url, type=type)

    def recognize_many(
        self,
        pictures: Iterable[Item],
        *,
        concurrency: int = CONCURRENCY,
        type: Literal["photo", "scan"] | None = None,
        stop_early: bool = True,
    ) -> Generator[tuple[Item, Card | Exception], None, None]:
        """Recognise many pictures side by side; gives ``(item, outcome)`` as they finish.

        ::

            for path, outcome in client.recognize_many(paths):
                if isinstance(outcome, Exception):
                    print(path, outcome)
                else:
                    print(path, outcome["name"])

        ``pictures`` is any iterable. An item is what :meth:`recognize` takes as ``image``, or a
        dict of its keywords, such as ``{"img_url": "…", "type": "scan"}``; ``type`` is for those
        that have none of their own. The outcome is the card, or the exception that
        :meth:`recognize` raised, be it a TypeError or OSError: a picture that fails ends nothing.
        The item is the very object that was taken, by which to know it again.

        ``concurrency`` is how many pictures are held at once, in flight or finished and not yet
        consumed, so that memory does not grow with their number; there are only as many threads as
        calls in flight. A client has ``max_connections`` (32) connections: calls beyond these wait
        for one, which counts in their ``timeout``.

        Items are taken by the thread that consumes, one for each outcome that it consumed and more
        while none has finished; so ``pictures`` may be a generator, a cursor, a queue's iterator.
        If it raises, what is in flight is yielded first, and then that exception is raised.

        After a :class:`wxidcard.CredentialError`, :class:`wxidcard.PermissionDeniedError` or
        :class:`wxidcard.QuotaExceededError` every further call would fail, too: no further item is
        taken, and what is in flight is yielded. ``stop_early=False`` goes on all the same.

        An iterator that is left, by ``break``, ``close()`` or Ctrl-C, takes no further item; its
        calls in flight go on to their end, and so do their threads, without holding up the end of
        the program. One iterator is for one thread at a time; a client can have any number of them.

        Raises TypeError and ValueError at once for arguments that cannot be right (one picture
        instead of an iterable, say) and for a client that was closed.
        """
        if self.closed:
            raise ValueError("the client is closed: make a new one")
        return many.recognize_many(
            self.recognize,
            pictures,
            concurrency=concurrency,
            picture_type=type,
            stop_early=stop_early,
        )

    def refresh_token(self, *, force: bool = False) -> None:
        """Fetch the token of ``appid`` and ``secret`` anew; it is never needed, but for ``force``.

        With ``force`` the service invalidates the old token at once, for all processes and hosts,
        which it does 20 times a day, 30 s apart.

        Raises :class:`wxidcard.RateLimitError` within 30 s of the last ``force``, ValueError for
        another credential, or ``force`` with the endpoint ``"token"``, and what a fetch can raise.
        """
        self._core.refresh_token(force=force)

    def close(self) -> None:
        """Refuse new calls and close idle connections; calls in flight end as they would."""
        self._core.close()

    @property
    def closed(self) -> bool:
        """Whether :meth:`close` was called."""
        return self._core.closed

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = ", closed" if self.closed else ""
        return f"<wxidcard.Client: {self._core.description}{state}>"

    def __copy__(self) -> Self:
        return type(self)(**self._settings)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.__copy__()

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return reduced(self, self._settings)


def recognize(
    image: "Picture | None" = None,
    *,
    img_url: str | None = None,
    type: Literal["photo", "scan"] | None = None,
    **settings: Unpack[Settings],
) -> Card:
    """Recognise one picture with a client of its own: :meth:`Client.recognize`, settings and all.

    For more than one picture make a :class:`Client`, which keeps its connections.
    """
    with Client(**settings) as client:
        return client.recognize(image, img_url=img_url, type=type)
