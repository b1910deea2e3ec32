"""``python -m tests.bench``: measure, print the tables, write them into the documentation."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.bench.bars import Figures, check
from tests.bench.ground import Ground
from tests.bench.growth import run_growth
from tests.bench.idle import run_idle
from tests.bench.installations import install
from tests.bench.on_cpanel import Cpanel
from tests.bench.on_opalstack import Opalstack
from tests.bench.on_webfaction import WebFaction
from tests.bench.renewals import run_renewals
from tests.bench.report import write_report
from tests.bench.securing import run_securing
from tests.bench.workplace import Installations, Workplace

DOCS = Path(__file__).parents[2] / "docs"
GROUNDS: dict[str, type[Ground]] = {each.plugin: each for each in (WebFaction, Cpanel, Opalstack)}
MEASURES = ("renew", "idle", "secure", "growth")


@dataclass(frozen=True)
class Extent:
    """How much is measured: numbers of lineages and websites, and repetitions of each run.

    ``secured`` is for the first host.
    """

    renewed: int = 30
    renewed_otherwise: int = 10
    idle: tuple[int, ...] = (1, 30)
    secured: int = 50
    secured_elsewhere: int = 10
    grown: tuple[int, ...] = (10, 100, 1000)
    idles: int = 11
    growths: int = 3


FULL = Extent()
QUICK = Extent(3, 2, (1, 3), 2, 2, grown=(10, 50, 100), idles=3, growths=1)


def main() -> int:
    """Run the benchmark; return 1 if a bar was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="measure little, and write nothing")
    parser.add_argument("--host", choices=GROUNDS, help="measure on this one alone")
    parser.add_argument("measures", metavar="MEASURE", nargs="*", help=", ".join(MEASURES))
    arguments = parser.parse_args()
    measures = arguments.measures or MEASURES
    if unknown := set(measures) - set(MEASURES):
        parser.error(f"unknown: {', '.join(unknown)}")
    missed = 0
    for host in [arguments.host] if arguments.host else GROUNDS:
        report, lost = run(GROUNDS[host], QUICK if arguments.quick else FULL, measures)
        print(f"{host}\n\n{report}", flush=True)
        if not arguments.quick and not arguments.measures:
            (DOCS / f"benchmarks-{host}.inc").write_text(report)
        for text in lost:
            print(f"MISSED: {host}: {text}", file=sys.stderr)
        missed += len(lost)
    return 1 if missed else 0


def run(
    ground: type[Ground], extent: Extent, measures: Collection[str]
) -> tuple[str, Sequence[str]]:
    """Measure on one host; return the report and the bars that were missed."""
    started, load = time.monotonic(), os.getloadavg()[0]

    def say(what: str) -> None:
        seconds = time.monotonic() - started
        print(f"{ground.plugin} {seconds:4.0f} s  {what}", file=sys.stderr, flush=True)

    figures = Figures({})
    with tempfile.TemporaryDirectory() as name:
        installations = Installations(
            install(Path(name) / "plugin", plugin=True), install(Path(name) / "stock", plugin=False)
        )
        with Workplace(installations, ground) as workplace:
            if "renew" in measures:
                say(f"renewing {extent.renewed} lineages, and fewer")
                renewals = run_renewals(workplace, extent.renewed, extent.renewed_otherwise)
                figures = replace(figures, renewals=renewals)
            if "idle" in measures:
                say("running with nothing to do")
                figures = replace(figures, idle=run_idle(workplace, extent.idle, extent.idles))
            if "secure" in measures:
                say("getting first certificates")
                is_first = ground is WebFaction
                websites = extent.secured if is_first else extent.secured_elsewhere
                figures = replace(figures, securing=run_securing(workplace, websites))
            if "growth" in measures:
                say(f"looking at accounts of {', '.join(map(str, extent.grown))} websites")
                growth = run_growth(workplace, extent.grown, extent.growths)
                figures = replace(figures, growth=growth)
            say("done")
    bars = check(figures, ground)
    missed = [f"{bar.text}: {bar.measured}" for bar in bars if not bar.holds]
    return write_report(figures, bars, load), missed


if __name__ == "__main__":
    sys.exit(main())
