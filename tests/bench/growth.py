"""What looking at an account and reconciling it cost as the account grows."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.cost import Cost, median
from tests.bench.scene import Site, add_sites, make_sites, renew_by_hand
from tests.bench.workplace import Workplace


@dataclass(frozen=True)
class Growth:
    """The costs on one account; ``websites`` is the number of its https websites."""

    websites: int
    status: Cost
    in_step: Cost
    renewed: Cost
    attached: Cost


def run_growth(workplace: Workplace, numbers: Sequence[int], repetitions: int) -> list[Growth]:
    """Measure accounts of these many https websites, each with an http website and a certificate.

    Every certificate is a lineage's and was installed by the plugin.
    """
    return [_measure(workplace, number, repetitions) for number in numbers]


def _measure(workplace: Workplace, number: int, repetitions: int) -> Growth:
    workplace.empty_account()
    with tempfile.TemporaryDirectory() as directory:
        sites = make_sites(Path(directory), number, www=False)
    add_sites(workplace.sandbox, sites)
    config_dir = workplace.config_dir("grown", sites, "webfaction")

    def reconcile_after(change: Callable[[Path, Site], None]) -> Cost:
        costs = []
        for _ in range(repetitions):
            change(config_dir, sites[0])
            costs.append(workplace.reconcile(config_dir))
        return median(costs)

    return Growth(
        websites=number,
        status=median([workplace.status(config_dir) for _ in range(repetitions)]),
        in_step=reconcile_after(lambda config_dir, site: None),
        renewed=reconcile_after(renew_by_hand),
        attached=reconcile_after(_forget_attachment),
    )


def _forget_attachment(config_dir: Path, site: Site) -> None:
    """Let the journal know nothing of one website, as if it had just been wanted."""
    (journal,) = config_dir.glob("webfaction/*/journal.json")
    content = json.loads(journal.read_text())
    content["changes"] = [
        change
        for change in content["changes"]
        if (change["what"], change["on"]) != ("https site", site.name)
    ]
    journal.write_text(json.dumps(content))
