"""A host's stand-in as a place to measure in: what the benchmark asks of each of them."""

from __future__ import annotations

import os
import statistics
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tests.bench.scene import Site
from tests.sandbox.calls import Calls
from tests.sandbox.cpanel.sandbox import CpanelSandbox
from tests.sandbox.opalstack.sandbox import OpalstackSandbox
from tests.sandbox.sandbox import Sandbox

LATENCY = 0.1
"""Seconds that each call of the panel takes."""


@dataclass(frozen=True)
class Way:
    """A way to run the plugin.

    ``calls`` are those that each lineage may take in a renewal, by their methods: the upload first,
    which it has to take. ``is_away``: on another machine than the host.
    """

    name: str
    calls: Mapping[str, int]
    options: tuple[str, ...] = ()
    is_away: bool = False

    @property
    def upload(self) -> str:
        """The call that puts a certificate on the panel."""
        return next(iter(self.calls))


class Ground(ABC):
    """A sandbox of one host; up between `start` and `close`.

    ``plugin`` names the host, ``ways`` the ways to run its plugin, the most usual one first;
    ``never`` are calls that no renewal may make, since they give private keys. ``first`` is the
    number of calls that a first installation may take, where that was promised.
    """

    plugin: ClassVar[str]
    ways: ClassVar[tuple[Way, ...]]
    never: ClassVar[frozenset[str]]
    first: ClassVar[int | None] = None
    sandbox: Sandbox | OpalstackSandbox | CpanelSandbox

    def start(self) -> None:
        """Start the servers."""
        self.sandbox.start()
        self.slow_down()

    def close(self) -> None:
        """End them."""
        self.sandbox.close()

    def empty(self) -> None:
        """Begin anew with an account without websites."""
        self.sandbox.reset()
        self.slow_down()

    @property
    @abstractmethod
    def calls(self) -> Calls:
        """The calls that the panel got."""

    @abstractmethod
    def slow_down(self) -> None:
        """Have each call take `LATENCY`."""

    @abstractmethod
    def add_sites(self, sites: Sequence[Site], *, https: bool) -> None:
        """Put the sites on the account, without or with their certificates; wait for that."""

    @abstractmethod
    def restore(self, sites: Sequence[Site]) -> None:
        """Let the panel have again what it had before the renewals."""

    def settle_in(self, sites: Sequence[Site]) -> None:  # noqa: B027 - most hosts keep nothing
        """Let the account have what the plugin makes once and keeps for renewals."""

    @abstractmethod
    def webroot(self, site: Site) -> Path:
        """Where challenge files of a site go."""

    @abstractmethod
    def ask(self, way: Way) -> Callable[[], object]:
        """A bare client that makes one call to the panel."""

    def hook(self, directory: Path) -> str:
        """A deploy hook that users have in place of the plugin; ``""``: none is measured.

        :param directory: where its secrets may be written
        """
        return ""

    def environ(self, way: Way) -> dict[str, str]:
        """The environment for commands of the account's user."""
        return self.sandbox.environ()

    def credentials(self, way: Way) -> str:
        """The text of the credentials file, ``""`` for none."""
        return self.sandbox.credentials.read_text()

    def round_trip(self, way: Way, calls: int = 9) -> float:
        """What a call costs a bare client now, in seconds."""
        ask, taken = self.ask(way), []
        ask()
        for _ in range(calls):
            started = time.perf_counter()
            ask()
            taken.append(time.perf_counter() - started)
        return statistics.median(taken)

    def spent(self) -> float:
        """Seconds of processor time that the host's own command took, since asked last."""
        return 0.0


@contextmanager
def at_once(listeners: list[Callable[[], None]]) -> Iterator[None]:
    """Tell the servers of all changes together: they start anew for each otherwise."""
    every = list(listeners)
    listeners.clear()
    yield
    listeners.extend(every)
    for listener in every:
        listener()


def without(path: str, directory: Path) -> str:
    """A PATH without a directory."""
    return os.pathsep.join(each for each in path.split(os.pathsep) if each != str(directory))
