"""``python -m tests.proof``: every fault at every call of every verb, and a table of the outcome.

``--host`` and names of verbs as arguments limit it to these; ``--jobs`` says how many sandboxes
work at once. The table of a host whose verbs were all tried replaces that in ``docs/proof.rst``.
The exit status is 0 only if all was survived.
"""

from __future__ import annotations

import argparse
import atexit
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from tests.proof.matrix import TRIALS, Case, Matrix, Trial
from tests.proof.orders import KILLS
from tests.proof.stage import open_stage
from tests.proof.verbs import NAMES

PAGE = Path(__file__).parents[2] / "docs" / "proof.rst"

_matrix: Matrix

Counts = Counter[tuple[str, str]]
"""How many cases, by verb and fault."""


def main() -> int:
    """Try everything; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof", description=__doc__)
    parser.add_argument("verbs", nargs="*", metavar="VERB", choices=[[], *NAMES])
    parser.add_argument("--host", choices=TRIALS, help="default: all of them, one after the other")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    hosts = [arguments.host] if arguments.host else [*TRIALS]
    survived = [_prove(TRIALS[host], arguments.verbs, arguments.jobs) for host in hosts]
    return 0 if all(survived) else 1


def _prove(trial: Trial, verbs: list[str], jobs: int) -> bool:
    """Try a host's matrix, or that of these verbs; whether all was survived."""
    cases = [case for case in trial.cases() if case.verb.name in (verbs or NAMES)]
    started = time.monotonic()
    tried: Counts = Counter()
    survived: Counts = Counter()
    with ProcessPoolExecutor(jobs, initializer=_open, initargs=(trial.stage.name,)) as pool:
        for case, wrong in zip(cases, pool.map(_try, cases), strict=True):
            key = (case.verb.name, case.fault)
            tried[key] += 1
            survived[key] += not wrong
            print(f"{'NOT  ' if wrong else 'ok   '} {case}", flush=True)
            for each in wrong:
                print(f"        {each}", flush=True)
    lines = list(_table(trial, tried, survived))
    print("\n", *lines, sep="\n")
    print(f"\n{survived.total()} of {tried.total()} survived, {time.monotonic() - started:.0f} s.")
    if not verbs:
        told = f"{trial.stage.label}: {survived.total()} of {tried.total()} were survived."
        PAGE.write_text(replaced(PAGE.read_text(), trial.stage.name, [told, "", *lines]))
    return survived == tried


def _open(host: str) -> None:
    global _matrix  # one for each process of the pool
    stack = ExitStack()
    _matrix = Matrix(stack.enter_context(open_stage(TRIALS[host].stage)))
    atexit.register(stack.close)


def _try(case: Case) -> list[str]:
    return _matrix.wrong_with(case)


def _table(trial: Trial, tried: Counts, survived: Counts) -> Iterator[str]:
    """A reStructuredText table: a row for each fault, a column for each verb."""
    faults = (*trial.faults, *KILLS)
    wide = max(map(len, faults))
    rule = " ".join(["=" * wide, *("=" * 9 for _ in NAMES)])
    yield rule
    yield " ".join(["at each call of".ljust(wide), *(name.ljust(9) for name in NAMES)]).rstrip()
    yield rule
    for fault in faults:
        counts = [(survived[verb, fault], tried[verb, fault]) for verb in NAMES]
        cells = [f"{good} / {made}" if made else "–" for good, made in counts]
        yield " ".join([fault.ljust(wide), *(cell.ljust(9) for cell in cells)]).rstrip()
    yield rule


def replaced(page: str, host: str, lines: Iterable[str]) -> str:
    """The page with these lines between the comments that mark a host's table."""
    begin, end = f".. Table of {host}", f".. End of {host}"
    new = "\n".join([begin, "", *lines, "", end])
    made, count = re.subn(f"{begin}\n.*?{end}", lambda _match: new, page, flags=re.DOTALL)
    assert count == 1, f"docs/proof.rst has no place for {host}"
    return made


if __name__ == "__main__":
    sys.exit(main())
