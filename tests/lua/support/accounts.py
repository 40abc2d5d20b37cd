"""Accounts of the service of service.py: which token is valid, and how often it was asked for."""

import dataclasses
import threading

WRONG_SECRET = "wrong_secret"


@dataclasses.dataclass
class Account:
    """What happened to an account. Its tokens are numbered, and the last is the valid one."""

    appid: str
    number: int = 1
    fetches: int = 0
    pictures: int = 0

    @property
    def token(self) -> str:
        """The valid one."""
        return f"{self.appid}_token_{self.number}"


class Accounts:
    """All of them, made when they are first named."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._accounts: dict[str, Account] = {}

    def _account(self, appid: str) -> Account:
        return self._accounts.setdefault(appid, Account(appid))

    def fetch(self, appid: str, secret: str, is_new: bool) -> dict[str, object]:
        """The reply of a token endpoint; is_new: the token before is valid no more."""
        with self._lock:
            account = self._account(appid)
            account.fetches += 1
            if secret == WRONG_SECRET:
                return {"errcode": 40125, "errmsg": f"invalid appsecret {secret} rid: 1-2-3"}
            account.number += is_new
            return {"access_token": account.token, "expires_in": 7200}

    def accepts(self, token: str) -> bool:
        """Whether a picture that comes with this token is read; counts it."""
        with self._lock:
            account = self._account(token.rpartition("_token_")[0])
            account.pictures += 1
            return token == account.token

    def revoke(self, appid: str) -> None:
        """Makes another token the valid one."""
        with self._lock:
            self._account(appid).number += 1

    def counts(self, appid: str) -> dict[str, int]:
        """How often a token was fetched, and how often a picture was sent."""
        with self._lock:
            account = self._account(appid)
            return {"fetches": account.fetches, "pictures": account.pictures}
