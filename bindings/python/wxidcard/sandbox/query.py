"""The query as it was sent, since how ``img_url`` was encoded decides the answer."""

from urllib.parse import unquote_plus


class Query:
    """The parameters of a request target.

    Unlike the usual parsers it keeps the values undecoded beside the decoded ones.
    """

    def __init__(self, target: str) -> None:
        self._pairs: list[tuple[str, str]] = []
        for pair in target.partition("?")[2].split("&"):
            name, equals, value = pair.partition("=")
            if name or equals:
                self._pairs.append((unquote_plus(name), value))

    def raw(self, name: str) -> list[str]:
        """Return every value of ``name``, still percent-encoded."""
        return [value for other, value in self._pairs if other == name]

    def values(self, name: str) -> list[str]:
        """Return every value of ``name``, decoded."""
        return [unquote_plus(value) for value in self.raw(name)]

    def first(self, name: str) -> str | None:
        """Return the first value of ``name``, decoded; None when it is absent."""
        found = self.values(name)
        return found[0] if found else None
