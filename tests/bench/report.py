"""The results as reStructuredText, which is as readable on a terminal."""

from __future__ import annotations

import datetime
import importlib.metadata
import platform
from collections.abc import Sequence

from tests.bench.bars import Bar
from tests.bench.cost import Cost, cores, median
from tests.bench.growth import Growth
from tests.bench.idle import Comparison
from tests.bench.renewals import VARIANTS, Renewals

VERSIONS = ("certbot", "certbot-webfaction", "cryptography", "requests")


def write_report(
    renewals: Renewals,
    idle: Sequence[Comparison],
    growth: Sequence[Growth],
    bars: Sequence[Bar],
    load: float,
) -> str:
    """Put everything that was measured into tables.

    :param load: the machine's load average before
    """
    parts = [
        _circumstances(load),
        _table("What has to hold", ("Bar", "Measured", "Holds"), [_bar(bar) for bar in bars]),
        _table(
            "Forced renewal",
            (
                "Lineages",
                "With",
                "Wall",
                "(least … most)",
                "CPU",
                "Calls",
                "Traffic",
                "After",
                "Memory",
            ),
            [
                (str(number), variant, *_cells(renewals[variant, number]))
                for number in sorted({number for _, number in renewals})
                for variant in VARIANTS
            ],
        ),
        _table(
            "Nothing to do",
            ("Run", "CPU without", "CPU with", "More", "Wall without", "Wall with", "Calls"),
            [_comparison(each) for each in idle],
        ),
        _table(
            "Growth",
            ("Websites", "What", "Wall", "CPU", "Calls", "Traffic", "Memory"),
            [
                (str(each.websites), what, *_grown(cost))
                for each in growth
                for what, cost in (
                    ("status", each.status),
                    ("reconcile, all in step", each.in_step),
                    ("reconcile, one renewed", each.renewed),
                    ("reconcile, one to attach", each.attached),
                )
            ],
        ),
    ]
    return "\n".join(parts)


def _circumstances(load: float) -> str:
    today = datetime.datetime.now(datetime.timezone.utc).date()
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in VERSIONS)
    return (
        f"Measured on {today} with Python {platform.python_version()}, {versions}, on {cores()}"
        f" cores ({platform.machine()}); load average at the start {load:.1f}.\n"
    )


def _bar(bar: Bar) -> tuple[str, ...]:
    return bar.text, bar.measured, "yes" if bar.holds else "NO"


def _cells(costs: Sequence[Cost]) -> tuple[str, ...]:
    walls = sorted(cost.wall for cost in costs)
    middle = median(costs)
    return (
        _seconds(middle.wall),
        f"{walls[0]:.2f} … {walls[-1]:.2f}",
        _seconds(middle.cpu),
        str(middle.calls),
        _kilobytes(middle.traffic),
        _seconds(middle.after_calls),
        _megabytes(middle.peak),
    )


def _comparison(each: Comparison) -> tuple[str, ...]:
    return (
        each.what,
        _seconds(each.stock.cpu),
        _seconds(each.plugin.cpu),
        f"{1000 * each.extra_cpu:+.0f} ms",
        _seconds(each.stock.wall),
        _seconds(each.plugin.wall),
        str(each.plugin.calls),
    )


def _grown(cost: Cost) -> tuple[str, ...]:
    return (
        _seconds(cost.wall),
        _seconds(cost.cpu),
        str(cost.calls),
        _kilobytes(cost.traffic),
        _megabytes(cost.peak),
    )


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s"


def _kilobytes(count: int) -> str:
    return f"{count / 1000:.0f} kB"


def _megabytes(count: int) -> str:
    return f"{count / 2**20:.0f} MiB"


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A simple table (docutils' reStructuredText specification, "Simple Tables")."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    rule = "  ".join("=" * width for width in widths)

    def line(cells: Sequence[str]) -> str:
        return "  ".join(cell.ljust(w) for cell, w in zip(cells, widths, strict=True)).rstrip()

    lines = [rule, line(heads), rule, *map(line, rows), rule]
    return "\n".join([f".. table:: {title}", "", *(f"   {each}" for each in lines), ""])
