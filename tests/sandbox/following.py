"""Servers that follow the panel at some distance in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from tests.sandbox.processes import SandboxError

State = TypeVar("State")


class Follower(Generic[State]):
    """Applies each state ``delay`` seconds after it was told, unless a later one is due as well.

    ``apply`` is called in a thread of the follower's own.
    """

    def __init__(self, apply: Callable[[State], None], delay: float = 0.0) -> None:
        self._apply = apply
        self._states: list[tuple[float, State]] = []
        self._is_applying = False
        self._is_closing = False
        self._error: Exception | None = None
        self._condition = threading.Condition()
        self.delay = delay
        threading.Thread(target=self._follow, daemon=True).start()

    def tell(self, state: State, delay: float | None = None) -> None:
        """Apply this state after the delay, or after another one."""
        seconds = self.delay if delay is None else delay
        with self._condition:
            self._states.append((time.monotonic() + seconds, state))
            self._condition.notify_all()

    def wait_applied(self, timeout: float = 50) -> None:
        """Return when the last state told is applied.

        `SandboxError` if that fails, or takes longer than ``timeout`` seconds.
        """
        with self._condition:
            if not self._condition.wait_for(self._is_idle, timeout):
                raise SandboxError(f"The servers are not up to date after {timeout} seconds.")
            if self._error:
                raise SandboxError(f"The servers can't serve this: {self._error}")

    def forget(self) -> None:
        """Apply nothing of what was told so far; return when nothing is being applied."""
        with self._condition:
            self._states.clear()
            self._condition.wait_for(lambda: not self._is_applying, 10)
            self._states.clear()  # what is applied may tell of what comes next

    def close(self) -> None:
        """Apply nothing more; return when nothing is being applied."""
        with self._condition:
            self._is_closing = True
            self._condition.notify_all()
            self._condition.wait_for(lambda: not self._is_applying, 10)

    def _is_idle(self) -> bool:
        return not self._states and not self._is_applying

    def _follow(self) -> None:
        while self._wait():
            error: Exception | None = None
            try:
                self._apply(self._due)
            except Exception as failure:  # shown by `wait_applied`; the next state may do better
                error = failure
            with self._condition:
                self._error = error
                self._is_applying = False
                self._condition.notify_all()

    def _wait(self) -> bool:
        """Wait for a state that is due; after `close` there is none."""
        with self._condition:
            while not self._is_closing:
                now = time.monotonic()
                for index, (when, state) in reversed(list(enumerate(self._states))):
                    if when <= now:
                        self._due = state
                        del self._states[: index + 1]
                        self._is_applying = True
                        return True
                times = [when for when, _state in self._states]
                self._condition.wait(min(times) - now if times else None)
        return False
