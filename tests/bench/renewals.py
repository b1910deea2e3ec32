"""Forced renewals: with the plugin, with a deploy hook in its place, and with nothing installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.cost import Cost, FailedError
from tests.bench.ground import Way
from tests.bench.scene import Site, make_sites
from tests.bench.workplace import Workplace

SCRIPT, FLOOR = "script", "floor"

Renewals = Mapping[tuple[str, int], Cost]
"""The costs by the name of a way, `SCRIPT` or `FLOOR`, and the number of lineages."""

RENEW = ("renew", "--force-renewal")


def run_renewals(workplace: Workplace, most: int, fewer: int) -> Renewals:
    """Renew ``most`` lineages in the usual way, ``fewer`` in every other, and one in each.

    One after the other: a sandbox's own servers are busy after each upload, and would slow the
    others' renewals down.
    """
    ground, sites = workplace.ground, make_sites(max(most, fewer), www=True)
    workplace.ground.empty()
    ground.add_sites(sites, https=True)
    usual, *others = ground.ways
    numbers: dict[int, list[Way]] = {1: [usual, *others]}
    if others:
        numbers[fewer] = others
    numbers[most] = [usual]
    renewals = {}
    for number in numbers:  # first, as long as the plugin has left no traces on the account
        renewals[FLOOR, number] = _by_stock(workplace, sites[:number])
        if number != fewer and (hook := ground.hook(workplace.directory)):
            ground.restore(sites)
            renewals[SCRIPT, number] = _by_stock(workplace, sites[:number], "--deploy-hook", hook)
    ground.settle_in(sites)
    for number, ways in numbers.items():
        for way in ways:
            ground.restore(sites)
            renewals[way.name, number] = _by_plugin(workplace, sites[:number], way)
    return renewals


def _by_plugin(workplace: Workplace, sites: Sequence[Site], way: Way) -> Cost:
    config_dir = workplace.plugin_dir(sites, way)
    cost = workplace.certbot(config_dir, way, *RENEW)
    check(workplace, config_dir, sites, installed=True)
    return cost


def _by_stock(workplace: Workplace, sites: Sequence[Site], *options: str) -> Cost:
    config_dir = workplace.stock_dir(sites)
    cost = workplace.stock(config_dir, *RENEW, *options)
    check(workplace, config_dir, sites, installed=bool(options))
    return cost


def check(
    workplace: Workplace, config_dir: Path, sites: Sequence[Site], *, installed: bool
) -> None:
    """See that every site has a new certificate, and serves it if it was installed."""
    workplace.sandbox.wait_applied()
    for site in sites:
        leaf = (config_dir / "live" / site.lineage / "cert.pem").read_text()
        if leaf == site.leaf:
            raise FailedError(f"{site.lineage} was not renewed.")
        for domain in site.domains if installed else ():
            if workplace.sandbox.served(domain).chain[0].split() != leaf.split():
                raise FailedError(f"{domain} does not serve its certificate.")
