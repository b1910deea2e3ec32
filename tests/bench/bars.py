"""What the figures have to show."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import starmap
from typing import NamedTuple

from tests.bench.cost import Cost, median
from tests.bench.idle import PLUGINS, Comparison
from tests.bench.renewals import API, FLOOR, LOCAL, SCRIPT, Renewals

READS = 3
"""Reads of the panel that a renewal of any number of lineages may make."""

MANY = 10
"""Lineages from which on times are compared: below, starting certbot outweighs everything."""


@dataclass(frozen=True)
class Bar:
    """One thing that has to hold, what was measured, and whether it does."""

    text: str
    measured: str
    holds: bool


def check(renewals: Renewals, idle: Sequence[Comparison]) -> list[Bar]:
    """Check every bar that these measurements can tell of."""
    return [*_calls(renewals), *_times(renewals), *_idle(idle)]


def _calls(renewals: Renewals) -> Iterator[Bar]:
    for (variant, number), costs in renewals.items():
        if variant not in (LOCAL, API):
            continue
        files = 0 if variant == LOCAL else 2
        yield Bar(
            f"renewal of {number}, {variant}: 1 login, {number} uploads, at most {READS} reads"
            + (f", {files * number} calls for files" if files else ""),
            f"{max(cost.calls for cost in costs)} calls",
            all(_are_as_few(cost, number, files * number) for cost in costs),
        )


def _are_as_few(cost: Cost, number: int, files: int) -> bool:
    methods = Counter(cost.methods)
    reads = sum(count for name, count in methods.items() if name.startswith("list_"))
    return (
        methods["login"] == 1
        and methods["update_certificate"] == number
        and methods["system"] == files
        and reads <= READS
        and "list_certificates" not in methods
        and cost.calls == 1 + number + files + reads
    )


def _times(renewals: Renewals) -> Iterator[Bar]:
    for variant, number in renewals:
        if number < MANY or variant not in (LOCAL, API):
            continue
        if variant == LOCAL:
            plugin, script = (median(renewals[which, number]).wall for which in (variant, SCRIPT))
            yield Bar(
                f"renewal of {number}, {variant}: no slower than the script",
                f"{plugin:.1f} s and {script:.1f} s",
                plugin <= script,
            )
        # Each repetition by itself: from one to the next the machine may be slower.
        runs = zip(*(renewals[which, number] for which in (variant, SCRIPT, FLOOR)), strict=True)
        over = _medians(list(starmap(_over, runs)))
        yield Bar(
            f"renewal of {number}, {variant}: time over the floor is calls times latency, the wait"
            " for the front end and processor time, to 10 % or 0.5 s",
            f"{over.wall:.2f} s for {over.calls:.2f} + {over.wait:.2f} + {over.cpu:.2f} s"
            f" ({over.rest:+.2f} s)",
            abs(over.rest) <= max(0.1 * over.wall, 0.5),
        )


class _Over(NamedTuple):
    """What a renewal takes over the floor, in seconds: all of it, its calls, its wait for the front
    end, its processor time; and what is left without these three.
    """

    wall: float
    calls: float
    wait: float
    cpu: float
    rest: float


def _over(plugin: Cost, script: Cost, floor: Cost) -> _Over:
    # The look at what is served at the end waits for the front end, which in the sandbox too needs
    # some tenths of a second to start anew. That time is the host's; the script's run tells what
    # certbot itself needs after the last call.
    wall, calls = plugin.wall - floor.wall, plugin.calls * plugin.round_trip
    wait = max(0.0, plugin.after_calls - script.after_calls)
    cpu = plugin.cpu - floor.cpu
    return _Over(wall, calls, wait, cpu, wall - calls - wait - cpu)


def _medians(each: Sequence[_Over]) -> _Over:
    return _Over(*map(statistics.median, zip(*each, strict=True)))


def _idle(idle: Sequence[Comparison]) -> Iterator[Bar]:
    for comparison in idle:
        if comparison.what == PLUGINS:
            continue
        plugin, stock = comparison.plugin, comparison.stock
        yield Bar(f"{comparison.what}: no call", f"{plugin.calls} calls", plugin.calls == 0)
        allowed = max(0.1 * stock.cpu, 0.060)
        yield Bar(
            f"{comparison.what}: at most 10 % or 60 ms more CPU time",
            f"{1000 * comparison.extra_cpu:+.0f} ms, {1000 * allowed:.0f} ms allowed",
            comparison.extra_cpu <= allowed,
        )
