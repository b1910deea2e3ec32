"""The results as reStructuredText, which is as readable on a terminal."""

from __future__ import annotations

import datetime
import importlib.metadata
import platform
from collections.abc import Sequence

from tests.bench.bars import Bar, Figures
from tests.bench.cost import Cost, cores
from tests.bench.idle import Comparison
from tests.bench.securing import Securing

VERSIONS = ("certbot", "certbot-webfaction", "cryptography", "requests")


def write_report(figures: Figures, bars: Sequence[Bar], load: float) -> str:
    """Put everything that was measured into tables.

    :param load: the machine's load average before
    """
    parts = [
        _circumstances(load),
        _table("What has to hold", ("Bar", "Measured", "Holds"), [_bar(bar) for bar in bars]),
        _table(
            "Forced renewal",
            ("Lineages", "With", *_COSTS, "After"),
            [
                (str(number), name, *_cells(cost), _seconds(cost.after_calls))
                for (name, number), cost in sorted(
                    figures.renewals.items(), key=lambda each: each[0][1]
                )
            ],
        ),
        _table(
            "Nothing to do",
            ("Run", "CPU without", "CPU with", "More", "Wall without", "Wall with", "Calls"),
            [_comparison(each) for each in figures.idle],
        ),
        _table("First certificates", ("Websites", "With", *_COSTS), _first(figures.securing)),
        _table(
            "Growth",
            ("Websites", "What", *_COSTS),
            [
                (str(each.websites), what, *_cells(cost))
                for each in figures.growth
                for what, cost in (
                    ("status", each.status),
                    ("reconcile, all in step", each.in_step),
                    ("reconcile, one renewed", each.renewed),
                    ("reconcile, one to attach", each.attached),
                )
            ],
        ),
    ]
    return "\n".join(filter(None, parts))


_COSTS = ("Wall", "CPU", "Calls", "Traffic", "Memory")


def _first(securing: Securing | None) -> list[tuple[str, ...]]:
    if securing is None:
        return []
    return [
        ("1", "certbot run", *_cells(securing.first)),
        (str(securing.websites), "secure", *_cells(securing.secure)),
    ]


def _circumstances(load: float) -> str:
    today = datetime.datetime.now(datetime.timezone.utc).date()
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in VERSIONS)
    return (
        f"Measured on {today} with Python {platform.python_version()}, {versions}, on {cores()}"
        f" cores ({platform.machine()}); load average at the start {load:.1f}.\n"
    )


def _bar(bar: Bar) -> tuple[str, ...]:
    return bar.text, bar.measured, "yes" if bar.holds else "NO"


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


def _cells(cost: Cost) -> tuple[str, ...]:
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
    """A simple table (docutils' reStructuredText specification, "Simple Tables"); "" if empty."""
    if not rows:
        return ""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    rule = "  ".join("=" * width for width in widths)

    def line(cells: Sequence[str]) -> str:
        return "  ".join(cell.ljust(w) for cell, w in zip(cells, widths, strict=True)).rstrip()

    lines = [rule, line(heads), rule, *map(line, rows), rule]
    return "\n".join([f".. table:: {title}", "", *(f"   {each}" for each in lines), ""])
