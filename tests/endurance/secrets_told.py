"""Looks in what the drivers logged for what must stay secret."""

from collections.abc import Iterator
from pathlib import Path

# Tokens and secrets, fields of the servers' cards, and where calls went to: no error tells these.
SECRETS = ("canary", "1101051949", "北京")
ADDRESSES = ("127.0.0.1", "localhost", "/fault/")
# nginx itself puts addresses into each line of its log.
WITH_ADDRESSES = ("openresty.log",)


def logs_that_tell(folder: Path) -> list[tuple[Path, str]]:
    """The logs, and in other words than its own what each tells."""
    return [(path, what) for path in sorted(folder.glob("*.log")) for what in _told(path)]


def _told(path: Path) -> Iterator[str]:
    secrets = SECRETS if path.name in WITH_ADDRESSES else SECRETS + ADDRESSES
    sought = {secret.encode(): number for number, secret in enumerate(secrets, 1)}
    with path.open("rb") as log:
        for number, line in enumerate(log, 1):
            for secret in [secret for secret in sought if secret in line]:
                yield f"number {sought.pop(secret)} of its list, in line {number}"
