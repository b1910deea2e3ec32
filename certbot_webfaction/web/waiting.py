"""Asking the web again until it answers as it should, and showing that on a terminal."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from certbot_webfaction.web import workers

T = TypeVar("T")

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
"""The pause between tries grows from one to the other, in seconds."""

NOTICE_AFTER = 5.0
"""Seconds after which the wait is mentioned where there is no terminal."""


def wait_until_right(
    what: str,
    checks: Mapping[str, Callable[[], T | None]],
    seconds: float,
    *,
    quiet: bool = False,
    describe: Callable[[str, T], str] = lambda domain, _wrong: domain,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, T]:
    """Check everything at once, and what was wrong again, until all is right or time is over.

    :param what: what is waited for, to go after "Waiting for"
    :param checks: for each domain a function that returns what is wrong, or `None`
    :param seconds: the longest wait; every check is made at least once
    :param quiet: whether nothing is shown
    :param describe: what is shown of a domain and what is wrong with it
    :returns: what was wrong to the last
    """
    if not checks:
        return {}
    started = clock()
    progress = _Progress(what, quiet)
    wrong: dict[str, T] = {}
    pending = dict(checks)
    pause = FIRST_PAUSE
    try:
        while True:
            findings = workers.run(pending)
            wrong = {domain: found for domain, found in findings.items() if found is not None}
            pending = {domain: checks[domain] for domain in wrong}
            left = seconds - (clock() - started)
            if not wrong or left <= 0:
                return wrong
            behind = [describe(domain, found) for domain, found in wrong.items()]
            for nap in _naps(min(pause, left)):
                progress.show(clock() - started, behind)
                sleep(nap)
            pause = min(2 * pause, LONGEST_PAUSE)
    finally:
        progress.end()


def _naps(pause: float) -> list[float]:
    """A pause in parts of a second at most, so that a terminal sees the seconds pass."""
    whole = int(pause)
    return [1.0] * whole + ([pause - whole] if pause > whole else [])


class _Progress:
    """One line that counts on a terminal; elsewhere one line, and only if it takes long."""

    def __init__(self, what: str, quiet: bool) -> None:
        self._what = what
        self._quiet = quiet
        self._live = sys.stdout.isatty()
        self._shown = ""

    def show(self, elapsed: float, behind: list[str]) -> None:
        if self._quiet:
            return
        more = f" and {len(behind) - 1} more" if len(behind) > 1 else ""
        line = f"Waiting for {self._what} ({behind[0]}{more})"
        seconds = f", {elapsed:.0f} s ..."
        if self._live:
            # A line that the terminal breaks is not overwritten by the next one, but piles up.
            line = line[: shutil.get_terminal_size().columns - 1 - len(seconds)] + seconds
            print(f"\r{line:{len(self._shown)}}", end="", flush=True)
            self._shown = line
        elif not self._shown and elapsed >= NOTICE_AFTER:
            print(line + seconds, flush=True)
            self._shown = line

    def end(self) -> None:
        if self._live and self._shown:
            print()
