"""``python -m tests.proof``: every fault at every call of every verb, and a table of the outcome.

Names of verbs as arguments limit it to these; ``--jobs`` says how many sandboxes work at once. The
table is written to ``docs/proof.rst`` if nothing was left out. The exit status is 0 only if all was
survived.
"""

from __future__ import annotations

import argparse
import atexit
import sys
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from tests.proof.matrix import FAULTS, KILLS, Case, Matrix, all_cases
from tests.proof.stage import open_stage
from tests.proof.verbs import VERBS
from tests.sandbox.sandbox import Sandbox

TABLE = Path(__file__).parents[2] / "docs" / "proof.rst"

_matrix: Matrix


def main() -> int:
    """Try everything; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof", description=__doc__)
    parser.add_argument("verbs", nargs="*", metavar="VERB", choices=[[], *(v.name for v in VERBS)])
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    cases = [case for case in all_cases() if case.verb.name in (arguments.verbs or case.verb.name)]
    started = time.monotonic()
    tried: Counter[tuple[str, str]] = Counter()
    survived: Counter[tuple[str, str]] = Counter()
    with ProcessPoolExecutor(arguments.jobs, initializer=_open) as pool:
        for case, wrong in zip(cases, pool.map(_try, cases), strict=True):
            key = (case.verb.name, case.fault)
            tried[key] += 1
            survived[key] += not wrong
            print(f"{'NOT  ' if wrong else 'ok   '} {case}", flush=True)
            for each in wrong:
                print(f"        {each}", flush=True)
    lines = list(_table(tried, survived))
    print("\n", *lines, sep="\n")
    print(f"\n{survived.total()} of {tried.total()} survived, {time.monotonic() - started:.0f} s.")
    if not arguments.verbs:
        TABLE.write_text(_page(lines, tried.total(), survived.total()))
    return 0 if survived == tried else 1


def _open() -> None:
    global _matrix  # one for each process of the pool
    stack = ExitStack()
    _matrix = Matrix(stack.enter_context(open_stage(stack.enter_context(Sandbox()))))
    atexit.register(stack.close)


def _try(case: Case) -> list[str]:
    return _matrix.wrong_with(case)


def _table(tried: Counter[tuple[str, str]], survived: Counter[tuple[str, str]]) -> Iterable[str]:
    """A reStructuredText table: a row for each fault, a column for each verb."""
    verbs = [verb.name for verb in VERBS]
    wide = max(map(len, (*FAULTS, *KILLS)))
    rule = " ".join(["=" * wide, *("=" * 8 for _ in verbs)])
    yield rule
    yield " ".join(["at each call of".ljust(wide), *(name.ljust(8) for name in verbs)]).rstrip()
    yield rule
    for fault in (*FAULTS, *KILLS):
        counts = [(survived[verb, fault], tried[verb, fault]) for verb in verbs]
        cells = [f"{good} / {made}" if made else "–" for good, made in counts]
        yield " ".join([fault.ljust(wide), *(cell.ljust(8) for cell in cells)]).rstrip()
    yield rule


def _page(lines: list[str], tried: int, survived: int) -> str:
    return "\n".join(
        [
            "What was broken, and survived",
            "=============================",
            "",
            "``make proof`` breaks each call that certbot makes to the panel's API, in each of"
            " these ways, and kills it before and after each call of a run and a renewal. The"
            " table, which it wrote, says how many were survived of those that were tried, in all"
            f" {survived} of {tried}.",
            "",
            "*Survived* means: the exit status and the message were true, every website went on to"
            " serve what it served before or the new certificate, the next run left no challenge"
            " file, app or mount of the failed one, and the runs after it led to the same end as if"
            " nothing had happened.",
            "",
            *lines,
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
