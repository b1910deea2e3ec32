"""Forced renewals: with the plugin, with the guide's script, and with nothing installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tests.bench.cost import Cost, FailedError
from tests.bench.scene import Site, add_sites, restore_certificates
from tests.bench.workplace import Installations, Workplace
from tests.sandbox.sandbox import Sandbox

LOCAL, API, SCRIPT, FLOOR = "plugin, files local", "plugin, files over the API", "script", "floor"
VARIANTS = (LOCAL, API, SCRIPT, FLOOR)

Renewals = Mapping[tuple[str, int], Sequence[Cost]]
"""The costs by variant and number of lineages, one for each repetition."""


def run_renewals(
    installations: Installations, sites: Sequence[Site], numbers: Sequence[int], repetitions: int
) -> Renewals:
    """Renew each number of lineages in each way, every repetition in a sandbox of its own.

    One after the other: a sandbox's own servers are busy after each upload, and would slow the
    others' renewals down.
    """
    renewals: dict[tuple[str, int], list[Cost]] = {}
    for first in range(repetitions):
        with Workplace(installations) as workplace:
            add_sites(workplace.sandbox, sites)
            for number in numbers:
                for variant in (*VARIANTS[first:], *VARIANTS[:first]):
                    cost = _renew(workplace, variant, sites, number)
                    renewals.setdefault((variant, number), []).append(cost)
    return renewals


def _renew(workplace: Workplace, variant: str, every: Sequence[Site], number: int) -> Cost:
    restore_certificates(workplace.sandbox, every)
    sites = every[:number]
    renew = ("renew", "--force-renewal")
    plugins = "webfaction" if variant in (LOCAL, API) else "webroot"
    config_dir = workplace.config_dir(f"{plugins}-{number}", sites, plugins)
    if variant == FLOOR:
        cost = workplace.certbot("stock", config_dir, *renew)
    elif variant == SCRIPT:
        hook = workplace.hook()
        cost = workplace.certbot("stock", config_dir, *renew, "--deploy-hook", hook)
    else:
        files = ("--webfaction-files", "local" if variant == LOCAL else "api")
        round_trip = workplace.round_trip()
        cost = workplace.certbot("plugin", config_dir, *renew, *files)
        cost = replace(cost, round_trip=round_trip)
    _check(workplace.sandbox, variant, config_dir, sites)
    return cost


def _check(sandbox: Sandbox, variant: str, config_dir: Path, sites: Sequence[Site]) -> None:
    """See that everything was renewed, and is served where it was installed."""
    sandbox.front_end.wait_applied()
    for site in sites:
        leaf = (config_dir / "live" / site.lineage / "cert.pem").read_text()
        if leaf == site.leaf:
            raise FailedError(f"{variant}: {site.lineage} was not renewed.")
        if variant != FLOOR:
            for domain in site.domains:
                if sandbox.served(domain).chain[0].split() != leaf.split():
                    raise FailedError(f"{variant}: {domain} does not serve its certificate.")
