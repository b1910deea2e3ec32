"""A host's client and what it was last seen to show, for all of one process."""

from __future__ import annotations

import operator
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Generic, TypeVar

FRESH = 60.0
"""Seconds for which a reading of the panel counts as what it holds now."""

C = TypeVar("C")
T = TypeVar("T")


class Reading(Generic[T]):
    """Something that is read from the panel, once for all who are content with what was seen.

    ``value`` is what was seen, with what this process has changed since; `None`: nothing.
    """

    def __init__(self, read: Callable[[], T], clock: Callable[[], float]) -> None:
        self._read = read
        self._clock = clock
        self._at = 0.0
        self.value: T | None = None

    def __call__(self, within: float | None = None, *, anew: bool = False) -> T:
        """What was seen in the last ``within`` seconds, or ever; with ``anew`` what is there."""
        value, is_old = self.value, within is not None and self._clock() - self._at > within
        if value is None or anew or is_old:
            value = self._read()
            self.saw(value)
        return value

    def saw(self, value: T) -> None:
        """Take note of what is there now."""
        self.value, self._at = value, self._clock()

    def change(self, note: Callable[[T], object]) -> None:
        """Take note of a change of ours in what was seen, if anything was."""
        if self.value is not None:
            note(self.value)


class MadeOf(Generic[T]):
    """What is made of readings, once for as long as what was seen are the same objects.

    What was seen has to be replaced where it changes, therefore, not changed in place.
    """

    def __init__(self, make: Callable[..., T]) -> None:
        self._make = make
        self._last: tuple[tuple[object, ...], T] | None = None

    def __call__(self, *seen: object) -> T:
        """What is made of these."""
        if self._last is None or not all(map(operator.is_, seen, self._last[0])):
            self._last = (seen, self._make(*seen))
        return self._last[1]


class Seen(Generic[C]):
    """A client and what was seen of its account, shared by everything in this process.

    Placing challenges is content with what was seen at any time, so that a renewal of many
    lineages reads the panel once; whoever changes a site asks for a `FRESH` reading first.

    What changes the account does what the client's method of that name does, and is seen.
    """

    def __init__(
        self, make_client: Callable[[], C], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._make_client = make_client
        self._clock = clock
        self._readings: list[Reading[Any]] = []

    def _reading(self, read: Callable[[C], T]) -> Reading[T]:
        reading = Reading(lambda: read(self.client), self._clock)
        self._readings.append(reading)
        return reading

    @cached_property
    def client(self) -> C:
        """The client itself."""
        return self._make_client()

    def forget(self) -> None:
        """Read everything anew when it is next asked for."""
        for reading in self._readings:
            reading.value = None

    def change(self, change: Callable[[C], T]) -> T:
        """Make one change, see `changing`; what the client returns."""
        with self.changing() as client:
            return change(client)

    @contextmanager
    def changing(self) -> Iterator[C]:
        """Forget what was seen if a change fails: it may have happened all the same."""
        try:
            yield self.client
        except BaseException:
            self.forget()
            raise
