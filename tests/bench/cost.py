"""What a command costs: time, memory, and calls of the API."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.sandbox.calls import Calls

LAUNCHER = Path(__file__).with_name("launcher.py")


@dataclass(frozen=True)
class Cost:
    """``wall`` and ``cpu`` (user and system, of the process and its children) are in seconds.

    ``peak`` is the largest resident memory of any of the processes, in bytes; ``methods`` are the
    API's methods as they were called, ``traffic`` the bytes of their requests and answers,
    ``after_calls`` the seconds from the last answer to the end. ``round_trip`` is the time in
    seconds that a call took a bare client just after.
    """

    wall: float
    cpu: float
    peak: int
    methods: tuple[str, ...] = ()
    traffic: int = 0
    after_calls: float = 0.0
    round_trip: float = 0.1

    @property
    def calls(self) -> int:
        """How many calls the API got."""
        return len(self.methods)


class FailedError(Exception):
    """A command that was to be measured failed; its output is the text."""


def measure(argv: Sequence[str], env: Mapping[str, str], calls: Calls) -> Cost:
    """Run a command and wait for it.

    :param argv: the program's path and its arguments
    :param calls: those that it may make
    :raises FailedError: if its exit status is not 0
    """
    calls.clear()
    with tempfile.NamedTemporaryFile() as result:
        # An installed certbot has its bytecode; nothing here may take it away from one and not
        # from the other.
        clean = {name: text for name, text in env.items() if not name.startswith("PYTHON")}
        done = subprocess.run(
            [sys.executable, "-I", "-S", LAUNCHER, result.name, *argv],
            env=clean,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise FailedError(f"{' '.join(argv)} failed:\n{done.stdout}")
        measured = json.loads(Path(result.name).read_text())
    return with_calls(measured, calls)


def with_calls(measured: Mapping[str, float], calls: Calls) -> Cost:
    """The cost with the calls that the panel has in its log."""
    last = max((call.started + call.duration for call in calls), default=measured["ended"])
    return Cost(
        wall=measured["wall"],
        cpu=measured["cpu"],
        peak=int(measured["peak"]),
        methods=tuple(calls.methods()),
        traffic=sum(call.bytes_in + call.bytes_out for call in calls),
        after_calls=measured["ended"] - last,
    )


def median(costs: Sequence[Cost]) -> Cost:
    """The medians; ``methods`` are those of the run with the most calls."""
    return Cost(
        wall=statistics.median(cost.wall for cost in costs),
        cpu=statistics.median(cost.cpu for cost in costs),
        peak=int(statistics.median(cost.peak for cost in costs)),
        methods=max((cost.methods for cost in costs), key=len),
        traffic=int(statistics.median(cost.traffic for cost in costs)),
        after_calls=statistics.median(cost.after_calls for cost in costs),
        round_trip=statistics.median(cost.round_trip for cost in costs),
    )


def cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0))
