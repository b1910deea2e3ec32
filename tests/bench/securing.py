"""A first certificate for one website, and `certbot-webfaction secure` for all of an account."""

from __future__ import annotations

from dataclasses import dataclass

from tests.bench.cost import Cost
from tests.bench.renewals import check
from tests.bench.scene import make_sites
from tests.bench.workplace import Workplace


@dataclass(frozen=True)
class Securing:
    """The cost of ``certbot run`` for one website, and of ``secure`` for ``websites`` more."""

    websites: int
    first: Cost
    secure: Cost


def run_securing(workplace: Workplace, websites: int) -> Securing:
    """Measure both on an account without https."""
    ground, sites = workplace.ground, make_sites(websites + 1, www=True)
    ground.empty()
    ground.add_sites(sites, https=False)
    way, plugin = ground.ways[0], workplace.plugin
    config_dir = workplace.plugin_dir([], way)
    names = [word for domain in sites[0].domains for word in ("-d", domain)]
    run = ("run", "-a", plugin, "-i", plugin, *names)
    securing = Securing(
        websites,
        first=workplace.certbot(config_dir, way, *run),
        secure=workplace.command(config_dir, way, "secure"),
    )
    check(workplace, config_dir, sites, installed=True)
    return securing
