"""Who is let in over HTTPS: tokens and passwords, and the lock after too many refusals."""

from __future__ import annotations

import binascii
import secrets
import time
from base64 import b64decode
from collections.abc import Callable

from tests.sandbox.cpanel.account import Account


class Logins:
    """The door of an account; ``refusals`` counts who was turned away.

    ``now`` is the time in seconds that a lock expires by.
    """

    def __init__(self, account: Account, now: Callable[[], float] = time.monotonic) -> None:
        self._account = account
        self._now = now
        self._failures = 0
        self._locked_until = 0.0
        self.refusals = 0

    @property
    def is_locked(self) -> bool:
        """Whether everybody is turned away."""
        return self._now() < self._locked_until

    def admits(self, authorization: str) -> bool:
        """Whether a request with this header may come in; if not, it counts as a failure."""
        if self.is_locked:
            self.refusals += 1
            return False
        if not self._is_right(authorization):
            self.refusals += 1
            self._failures += 1
            if self._failures >= self._account.switches.lock_after:
                self._failures = 0
                self._locked_until = self._now() + self._account.switches.lock_seconds
            return False
        self._failures = 0
        return True

    def _is_right(self, authorization: str) -> bool:
        scheme, _, credentials = authorization.partition(" ")
        if scheme.lower() == "basic":
            return not self._account.has_two_factor and self._is_password(credentials)
        user, _, token = credentials.partition(":")
        is_ours = scheme.lower() == "cpanel" and user == self._account.username
        return is_ours and self._account.is_token(token)

    def _is_password(self, encoded: str) -> bool:
        try:
            user, _, password = b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        right = secrets.compare_digest(password.encode(), self._account.password.encode())
        return user == self._account.username and right
