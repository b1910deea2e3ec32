"""What the figures have to show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.bench.cost import Cost
from tests.bench.ground import Ground, Way
from tests.bench.growth import Growth
from tests.bench.idle import PLUGINS, Comparison
from tests.bench.renewals import FLOOR, SCRIPT, Renewals
from tests.bench.securing import Securing

OTHERS = 4
"""Other calls that a renewal of any number of lineages may make."""

MANY = 10
"""Lineages from which on times are compared: below, starting certbot outweighs everything."""

ALL = 30
"""Lineages from which on processor time is compared."""

LARGE = 1000
"""Websites from which on what ``status`` takes is bounded."""


@dataclass(frozen=True)
class Bar:
    """One thing that has to hold, what was measured, and whether it does."""

    text: str
    measured: str
    holds: bool


@dataclass(frozen=True)
class Figures:
    """What was measured on a host; what was not is empty."""

    renewals: Renewals
    idle: Sequence[Comparison] = ()
    growth: Sequence[Growth] = ()
    securing: Securing | None = None


def check(figures: Figures, ground: type[Ground]) -> list[Bar]:
    """Check every bar that these figures can tell of."""
    return [
        *_renewals(figures.renewals, ground),
        *_idle(figures.idle),
        *_first(figures.securing, ground),
        *_status(figures.growth),
    ]


def _renewals(renewals: Renewals, ground: type[Ground]) -> Iterator[Bar]:
    ways = {way.name: way for way in ground.ways}
    for (name, number), cost in renewals.items():
        if name not in ways:
            continue
        what, floor = f"renewal of {number}, {name}", renewals[FLOOR, number]
        yield _calls(what, cost, ways[name], number, ground.never)
        if number >= MANY:
            script = renewals.get((SCRIPT, number))
            yield _wall(what, cost, floor, script or floor)
            if script and name == ground.ways[0].name:
                yield Bar(
                    f"{what}: no slower than the script",
                    f"{cost.wall:.1f} s and {script.wall:.1f} s",
                    cost.wall <= script.wall,
                )
        if number >= ALL:
            more = cost.cpu / floor.cpu - 1
            yield Bar(
                f"{what}: at most 15 % more CPU time than the floor",
                f"{cost.cpu:.2f} s and {floor.cpu:.2f} s, {more:+.0%}",
                more <= 0.15,
            )


def _calls(what: str, cost: Cost, way: Way, number: int, never: frozenset[str]) -> Bar:
    methods = Counter(cost.methods)
    others = (methods - Counter({name: number * each for name, each in way.calls.items()})).total()
    upload, *more = (f"{number * each} {method}" for method, each in way.calls.items())
    at_most = [*more, f"{OTHERS} other calls"]
    return Bar(
        f"{what}: {upload}, at most {' and '.join(at_most)}, never {', '.join(sorted(never))}",
        f"{cost.calls} calls, {others} of them other ones",
        methods[way.upload] == number and others <= OTHERS and not never & methods.keys(),
    )


def _wall(what: str, cost: Cost, floor: Cost, idler: Cost) -> Bar:
    """Compare the time over the floor with what explains it.

    The look at what is served at the end waits for the front end, which in the sandbox too needs
    some tenths of a second to start anew. That time is the host's; ``idler`` is a run that does not
    look, and tells what certbot itself needs after the last call.
    """
    over, calls = cost.wall - floor.wall, cost.calls * cost.round_trip
    wait = max(0.0, cost.after_calls - idler.after_calls)
    cpu = cost.cpu - floor.cpu
    rest = over - calls - wait - cpu
    return Bar(
        f"{what}: time over the floor is calls times latency, the wait for the front end and"
        " processor time, to 10 % or 0.5 s",
        f"{over:.2f} s for {calls:.2f} + {wait:.2f} + {cpu:.2f} s ({rest:+.2f} s)",
        abs(rest) <= max(0.1 * over, 0.5),
    )


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


def _first(securing: Securing | None, ground: type[Ground]) -> Iterator[Bar]:
    if securing and ground.first:
        calls = securing.first.calls
        text = f"first certificate of a website: at most {ground.first} calls"
        yield Bar(text, f"{calls} calls", calls <= ground.first)


def _status(growth: Sequence[Growth]) -> Iterator[Bar]:
    for small, middle, large in zip(growth, growth[1:], growth[2:], strict=False):
        if large.websites < LARGE:
            continue
        text = f"status of {large.websites} websites"
        cpu = large.status.cpu
        yield Bar(f"{text}: less than 3 s of CPU time", f"{cpu:.2f} s", cpu < 3)
        below, above = _each(small, middle), _each(middle, large)
        yield Bar(
            f"{text}: at most 1.5 times as much CPU time for each more as for {middle.websites}",
            f"{1000 * above:.1f} ms and {1000 * below:.1f} ms",
            above <= 1.5 * below,
        )


def _each(small: Growth, large: Growth) -> float:
    """Seconds of processor time that one more website takes."""
    return (large.status.cpu - small.status.cpu) / (large.websites - small.websites)
