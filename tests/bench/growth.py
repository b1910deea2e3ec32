"""What looking at an account and reconciling it cost as the account grows."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.cost import Cost, median
from tests.bench.scene import make_sites, renew_by_hand
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
    """Measure accounts of these many https websites, each with a certificate.

    Every certificate is a lineage's and was installed by the plugin.
    """
    return [_measure(workplace, number, repetitions) for number in numbers]


def _measure(workplace: Workplace, number: int, repetitions: int) -> Growth:
    ground, sites = workplace.ground, make_sites(number, www=False)
    ground.empty()
    ground.add_sites(sites, https=True)
    way = ground.ways[0]
    config_dir = workplace.plugin_dir(sites, way)

    def reconcile_after(change: Callable[[], None]) -> Cost:
        costs = []
        for _ in range(repetitions):
            change()
            costs.append(workplace.reconcile(config_dir, way))
        return median(costs)

    return Growth(
        websites=number,
        status=median([workplace.command(config_dir, way, "status") for _ in range(repetitions)]),
        in_step=reconcile_after(lambda: None),
        renewed=reconcile_after(lambda: renew_by_hand(config_dir, sites[0])),
        attached=reconcile_after(lambda: _forget_attachment(workplace, config_dir)),
    )


def _forget_attachment(workplace: Workplace, config_dir: Path) -> None:
    """Let the journal know nothing of one website, as if it had just been wanted."""
    (journal,) = config_dir.glob(f"{workplace.plugin}/*/journal.json")
    content = json.loads(journal.read_text())
    sites = [change for change in content["changes"] if change["what"] == "https site"]
    content["changes"].remove(sites[0])
    journal.write_text(json.dumps(content))
