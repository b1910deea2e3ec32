"""When a call to a host's API is made again, and what is told where it fails."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import TypeVar

from certbot_webfaction.hosts.wire import NoAnswerError, RefusalError
from certbot_webfaction.panel.errors import (
    LoginRefusedError,
    PanelError,
    PanelRefusedError,
    PanelUnreachableError,
)
from certbot_webfaction.text import one_line

logger = logging.getLogger(__name__)

RETRY_DELAYS = (
    1.0,  # a connection that was cut, a process that was replaced
    3.0,  # a server that restarts
    9.0,  # a front end that finds another server; what lasts longer is for the next renewal
)
"""Seconds to wait before the second try of a call, the third and the last."""

LONGEST_DELAY = 120.0
"""Seconds that a server can have the next try wait for; one that asks for more is left alone."""

_UNKNOWN = " It is not known whether that was done; the next run looks."

_T = TypeVar("_T")


class Tries:
    """Makes calls to the API of one account, each again where that may help.

    What is tried again, and what is not, is told by the ``passing`` of each `NoAnswerError`. There
    are four tries of a call. After a write that may have reached the panel, each begins with a
    look at the panel, and the write is repeated only if it has not happened. So a read makes at
    most 4 calls, a write 9 (what a host needs to log in on top), with the 13 seconds of
    `RETRY_DELAYS` between them, or what the server asks for. Most end at once; how long one may
    take is told by `wire.TIMEOUT` and `wire.BODY_TIMEOUT`.

    :param label: what the host is called
    :param address: where its API is, for the person at the terminal
    :param sleep: waits for a number of seconds
    """

    def __init__(self, label: str, address: str, sleep: Callable[[float], None]) -> None:
        self._label = label
        self._address = address
        self._sleep = sleep
        self._refused_login: LoginRefusedError | None = None
        self._is_writing = False

    def refuse_login(self, error: LoginRefusedError) -> LoginRefusedError:
        """Remember that the host refused the credentials, and return the error to be raised.

        Every later call ends with it, unsent: trying a password again can lock an account.
        """
        self._refused_login = error
        return error

    def read(self, what: str, read: Callable[[], _T]) -> _T:
        """Read something from the panel.

        Within a write it is a part of that one's try: it is read once, and raises what ``read``
        raises.

        :param what: completes "The host refused to …"
        :param read: does it, in one try; it raises `NoAnswerError` and `RefusalError`
        :raises PanelRefusedError: or `LoginRefusedError`, if the host refuses it
        :raises PanelUnreachableError: after the last try
        """
        if self._is_writing:
            return read()
        delays = self._delays()
        while True:
            try:
                return read()
            except (RefusalError, NoAnswerError) as error:
                if not self._waited(error, delays):
                    raise self._failure(what, error) from None

    def write(
        self, what: str, todo: str, send: Callable[[], _T], look: Callable[[], _T | None]
    ) -> _T:
        """Make a change exactly once, and return what ``send`` or ``look`` returns.

        :param what: completes "The host refused to …"
        :param todo: what a refusal means and what to do about it
        :param send: makes the change, in one try
        :param look: looks, in one try, whether the panel holds what the change makes; what it
            returns counts as true if so
        :raises PanelRefusedError: or `LoginRefusedError`, if the host refuses it
        :raises PanelUnreachableError: after the last try; says whether the change was made
        """
        delays = self._delays()
        lost = False
        self._is_writing = True
        try:
            while True:
                try:
                    found = _looked(look) if lost else None
                    return found or send()
                except (RefusalError, NoAnswerError) as error:
                    lost |= isinstance(error, NoAnswerError) and error.reached
                    if self._waited(error, delays):
                        continue
                    # A refusal then means "already exists" or "does not exist": the lost call took
                    # effect after the look.
                    if lost and (found := _seen(look)):
                        return found
                    outcome = _UNKNOWN if lost else " It was not done."
                    raise self._failure(what, error, todo, outcome) from None
        finally:
            self._is_writing = False

    def _delays(self) -> Iterator[float]:
        if self._refused_login:
            raise self._refused_login
        return iter(RETRY_DELAYS)

    def _waited(self, error: RefusalError | NoAnswerError, delays: Iterator[float]) -> bool:
        """Wait for the next try; whether there is one."""
        if isinstance(error, RefusalError):
            return False
        delay = next(delays, None)
        if delay is None or not error.passing or error.after > LONGEST_DELAY:
            return False
        delay = max(delay, error.after)
        logger.warning(
            "No usable answer from %s's API: %s. Trying again in %g s.", self._label, error, delay
        )
        self._sleep(delay)
        return True

    def _failure(
        self, what: str, error: RefusalError | NoAnswerError, todo: str = "", outcome: str = ""
    ) -> PanelError:
        """What is told: ``todo`` after a refusal, ``outcome`` where no answer came."""
        if isinstance(error, RefusalError):
            return PanelRefusedError(f"{self._label} refused to {what}.", todo, words(error))
        failed = "gave no usable answer when" if error.reached else "could not be"
        return PanelUnreachableError(
            f"{self._label}'s API ({self._address}) {failed} asked to {what}: {error}.{outcome}",
            "Run the same command again later."
            if error.passing
            else "Trying again won't help until that is put right.",
        )


def words(error: RefusalError) -> str:
    """What the host said, fit for a terminal."""
    return one_line(str(error), 300) or "nothing more."


def _looked(look: Callable[[], _T | None]) -> _T | None:
    """Look whether a change has happened; a panel that refuses to show it does not tell."""
    try:
        return look()
    except RefusalError as error:
        cause = f"it does not show what it holds: {words(error)}"
        raise NoAnswerError(cause, passing=False) from None


def _seen(look: Callable[[], _T | None]) -> _T | None:
    """What can be seen of a change that has happened."""
    try:
        return _looked(look)
    except NoAnswerError:
        return None
