"""Who asks, and whether they may: bearer keys with scopes, or this machine alone."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from detector.api.problems import ProblemError
from detector.config.access import ApiSettings, Scope

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who may do what ``scope`` says.

    Attributes:
        name: name of the key; "" on a machine that is open to its own users.
        scope: the highest thing the caller may do.
    """

    name: str
    scope: Scope

    def signs_as(self, given: str) -> str:
        """How a change is signed: the given name, with the key that vouches for it."""
        if not self.name:
            return given or "local"
        return f"{given} (key {self.name})" if given else f"key {self.name}"


LOCAL = Caller("", Scope.ADMIN)


class Keyring:
    """The keys, as digests; secrets are not kept."""

    def __init__(self, settings: ApiSettings, secrets: Mapping[str, str]) -> None:
        self._keys = tuple(
            (_digest(secrets[key.name]), Caller(key.name, key.scope)) for key in settings.keys
        )

    @property
    def open(self) -> bool:
        """There are no keys: whoever can connect may do everything."""
        return not self._keys

    def caller(self, secret: str) -> Caller | None:
        """Find the holder of ``secret``; takes the same time whichever key it is."""
        presented, found = _digest(secret), None
        for digest, caller in self._keys:
            if hmac.compare_digest(presented, digest):
                found = caller
        return found


def _digest(secret: str) -> bytes:
    # A plain digest is enough: secrets are long and random, there is nothing to guess.
    return hashlib.sha256(secret.encode()).digest()


_bearer = HTTPBearer(auto_error=False, description="An API key; not needed where none is set up.")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


class Requires:
    """A dependency that lets callers pass who hold ``scope``."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __call__(self, request: Request, credentials: Credentials) -> Caller:
        """Give the caller.

        Raises:
            ProblemError: 401 without a known key, 403 with too low a scope or from a foreign page.
        """
        _refuse_foreign_page(request)
        keyring: Keyring = request.app.state.keyring
        if keyring.open:
            return LOCAL
        caller = None if credentials is None else keyring.caller(credentials.credentials)
        if caller is None:
            found = "none" if credentials is None else "an unknown one"
            raise ProblemError(
                401,
                f"expected an API key in the Authorization header (Bearer), found {found}",
                headers={"WWW-Authenticate": "Bearer"},
            )
        if caller.scope.rank < self._scope.rank:
            challenge = f'Bearer error="insufficient_scope", scope="{self._scope}"'
            raise ProblemError(
                403,
                f"expected a key with scope {self._scope}, found {caller.scope}",
                headers={"WWW-Authenticate": challenge},
            )
        return caller


def _refuse_foreign_page(request: Request) -> None:
    """Refuse changes that a page of another site makes through the user's browser."""
    origin = request.headers.get("origin")
    if request.method in _SAFE_METHODS or origin is None:
        return
    if urlsplit(origin).netloc != request.headers.get("host"):
        raise ProblemError(403, f"expected a request from this site, found one from {origin}")


Reader = Annotated[Caller, Depends(Requires(Scope.READ))]
Operator = Annotated[Caller, Depends(Requires(Scope.OPERATE))]
Admin = Annotated[Caller, Depends(Requires(Scope.ADMIN))]
