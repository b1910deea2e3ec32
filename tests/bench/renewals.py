"""Forced renewals: with the plugin, with the guide's script, and with nothing installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.cost import Cost, FailedError
from tests.bench.scene import Site, add_sites, restore_certificates
from tests.bench.workplace import Workplace

LOCAL, API, SCRIPT, FLOOR = "plugin, files local", "plugin, files over the API", "script", "floor"
VARIANTS = (LOCAL, API, SCRIPT, FLOOR)

Renewals = Mapping[tuple[str, int], Sequence[Cost]]
"""The costs by variant and number of lineages, one for each repetition."""


@dataclass
class Lane:
    """One repetition, in a sandbox of its own."""

    workplace: Workplace
    sites: Sequence[Site]
    costs: dict[tuple[str, int], Cost] = field(default_factory=dict)

    def run(self, numbers: Sequence[int], first: int) -> None:
        """Measure each variant with each number of lineages, beginning with variant ``first``."""
        add_sites(self.workplace.sandbox, self.sites)
        for number in numbers:
            for variant in (*VARIANTS[first:], *VARIANTS[:first]):
                self.costs[variant, number] = self._renew(variant, self.sites[:number])

    def _renew(self, variant: str, sites: Sequence[Site]) -> Cost:
        restore_certificates(self.workplace.sandbox, self.sites)
        renew = ("renew", "--force-renewal")
        plugins = "webfaction" if variant in (LOCAL, API) else "webroot"
        config_dir = self.workplace.config_dir(f"{plugins}-{len(sites)}", sites, plugins)
        if variant == FLOOR:
            cost = self.workplace.certbot("stock", config_dir, *renew)
        elif variant == SCRIPT:
            hook = self.workplace.hook()
            cost = self.workplace.certbot("stock", config_dir, *renew, "--deploy-hook", hook)
        else:
            files = ("--webfaction-files", "local" if variant == LOCAL else "api")
            cost = self.workplace.certbot("plugin", config_dir, *renew, *files)
        self._check(variant, config_dir, sites)
        return cost

    def _check(self, variant: str, config_dir: Path, sites: Sequence[Site]) -> None:
        """See that everything was renewed, and is served where it was installed."""
        sandbox = self.workplace.sandbox
        sandbox.front_end.wait_applied()
        for site in sites:
            leaf = (config_dir / "live" / site.lineage / "cert.pem").read_text()
            if leaf == site.leaf:
                raise FailedError(f"{variant}: {site.lineage} was not renewed.")
            if variant != FLOOR:
                for domain in site.domains:
                    if sandbox.served(domain).chain[0].split() != leaf.split():
                        raise FailedError(f"{variant}: {domain} does not serve its certificate.")


def run_renewals(
    workplaces: Sequence[Workplace], sites: Sequence[Site], numbers: Sequence[int]
) -> Renewals:
    """Renew in all workplaces at the same time, one repetition in each.

    Most of a renewal is sleep (certbot waits 2 s per lineage for the CA), so that these
    hardly meet on the processor; one after the other they would take three times as long.
    """
    lanes = [Lane(workplace, sites) for workplace in workplaces]
    with ThreadPoolExecutor(len(lanes)) as pool:
        for done in [pool.submit(lane.run, numbers, first) for first, lane in enumerate(lanes)]:
            done.result()
    return {key: [lane.costs[key] for lane in lanes] for key in lanes[0].costs}
