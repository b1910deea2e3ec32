"""Runs with nothing to do, with the plugin installed and without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.cost import Cost, median
from tests.bench.scene import Site, make_sites
from tests.bench.workplace import Workplace

PLUGINS = "certbot plugins"
RENEW = "renew, nothing due, lineages:"


@dataclass(frozen=True)
class Comparison:
    """The same run with the plugin and without it; medians."""

    what: str
    plugin: Cost
    stock: Cost

    @property
    def extra_cpu(self) -> float:
        """Seconds of processor time that the plugin adds."""
        return self.plugin.cpu - self.stock.cpu


def run_idle(workplace: Workplace, numbers: Sequence[int], repetitions: int) -> list[Comparison]:
    """Compare `certbot plugins`, and `certbot renew` with nothing due for these many lineages.

    With the plugin the lineages are installed with it; without, they are on webroot.
    """
    sites = make_sites(max(numbers), www=True)
    workplace.ground.empty()
    workplace.ground.add_sites(sites, https=True)
    return [
        _compare(workplace, PLUGINS, (), repetitions, "plugins"),
        *(
            _compare(workplace, f"{RENEW} {number}", sites[:number], repetitions, "renew")
            for number in numbers
        ),
    ]


def _compare(
    workplace: Workplace, what: str, sites: Sequence[Site], repetitions: int, verb: str
) -> Comparison:
    """Run both by turns, each once before that counts: Python writes bytecode then."""
    way = workplace.ground.ways[0]
    ours, theirs = workplace.plugin_dir(sites, way), workplace.stock_dir(sites)
    runs = [
        (workplace.certbot(ours, way, verb), workplace.stock(theirs, verb))
        for _ in range(repetitions + 1)
    ][1:]
    return Comparison(what, median([ours for ours, _ in runs]), median([it for _, it in runs]))
