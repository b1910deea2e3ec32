"""``python -m tests.bench``: measure, print the tables, write them into the documentation."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.bars import check
from tests.bench.growth import run_growth
from tests.bench.idle import run_idle
from tests.bench.installations import install
from tests.bench.renewals import run_renewals
from tests.bench.report import write_report
from tests.bench.scene import make_sites
from tests.bench.workplace import Installations, Workplace

RESULTS = Path(__file__).parents[2] / "docs" / "benchmarks-results.inc"


@dataclass(frozen=True)
class Extent:
    """How much is measured: numbers of lineages and websites, and repetitions of each run."""

    renewed: tuple[int, ...] = (30, 10, 1)
    idle: tuple[int, ...] = (1, 10, 30)
    grown: tuple[int, ...] = (10, 100, 1000)
    renewals: int = 3
    idles: int = 20
    growths: int = 3


FULL = Extent()
QUICK = Extent(renewed=(3, 1), idle=(1, 3), grown=(10, 100), renewals=1, idles=3, growths=1)


def main() -> int:
    """Run the benchmark; return 1 if a bar was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="measure little, and write nothing")
    quick: bool = parser.parse_args().quick
    report, missed = run(QUICK if quick else FULL)
    print(report)
    if not quick:
        RESULTS.write_text(report)
        print(f"Written to {RESULTS.name}.")
    for text in missed:
        print(f"MISSED: {text}", file=sys.stderr)
    return 1 if missed else 0


def run(extent: Extent) -> tuple[str, Sequence[str]]:
    """Measure everything; return the report and the bars that were missed."""
    started = time.monotonic()

    def say(what: str) -> None:
        print(f"{time.monotonic() - started:4.0f} s  {what}", file=sys.stderr, flush=True)

    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        say("installing certbot with the plugin and without")
        installations = Installations(
            install(directory / "plugin", plugin=True), install(directory / "stock", plugin=False)
        )
        sites = make_sites(directory, max(extent.renewed + extent.idle), www=True)
        say(f"renewing {', '.join(map(str, extent.renewed))} lineages in each way")
        renewals = run_renewals(installations, sites, extent.renewed, extent.renewals)
        with Workplace(installations) as workplace:
            say("running with nothing to do")
            idle = run_idle(workplace, sites, extent.idle, extent.idles)
            say(f"looking at accounts of {', '.join(map(str, extent.grown))} websites")
            growth = run_growth(workplace, extent.grown, extent.growths)
        say("done")
    bars = check(renewals, idle)
    missed = [f"{bar.text}: {bar.measured}" for bar in bars if not bar.holds]
    return write_report(renewals, idle, growth, bars, load), missed


if __name__ == "__main__":
    sys.exit(main())
