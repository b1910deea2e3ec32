"""Many websites, and the lineages of their certificates."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.sandbox.certificates import write_secret
from tests.sandbox.cpanel.authority import Authority

CA = Authority("Bench")
"""Who issued what was there before a renewal: nothing looks at who that was."""


@dataclass(frozen=True)
class Site:
    """A website for http and https, and its certificate."""

    name: str
    domains: tuple[str, ...]
    leaf: str
    key: str = field(repr=False)
    chain: str

    @property
    def lineage(self) -> str:
        """certbot's name for the certificate."""
        return self.domains[0]

    @property
    def certificate(self) -> str:
        """The panel's name for it."""
        return re.sub("[^A-Za-z0-9_]", "_", self.lineage)


def make_sites(count: int, *, www: bool) -> list[Site]:
    """Make certificates for this many sites; ``www`` is each one's second domain."""
    sites = []
    for number in range(count):
        domain = f"site{number}.example.com"
        domains = (domain, f"www.{domain}") if www else (domain,)
        issued = CA.issue(*domains)
        name = f"site{number}"
        sites.append(Site(name, domains, issued.certificate, issued.private_key, issued.chain))
    return sites


def write_lineages(
    config_dir: Path,
    sites: Sequence[Site],
    settings: Sequence[str],
    webroot: Callable[[Site], Path] | None,
) -> None:
    """Write lineages as certbot does (its documentation, "Where are my certificates?").

    :param settings: lines of ``[renewalparams]``
    :param webroot: where certbot's own plugin is to put challenge files; without it ours is used
    """
    for site in sites:
        archive, live = (config_dir / part / site.lineage for part in ("archive", "live"))
        archive.mkdir(parents=True)
        live.mkdir(parents=True)
        parts = {"cert": site.leaf, "chain": site.chain, "fullchain": site.leaf + site.chain}
        for name, text in parts.items():
            (archive / f"{name}1.pem").write_text(text)
        write_secret(archive / "privkey1.pem", site.key)
        for name in (*parts, "privkey"):
            (live / f"{name}.pem").symlink_to(f"../../archive/{site.lineage}/{name}1.pem")
        files = [f"{name} = {live}/{name}.pem" for name in ("cert", "privkey", "chain")]
        own = list(settings)
        if webroot:
            maps = [f"{domain} = {webroot(site)}" for domain in site.domains]
            own += ["authenticator = webroot", "[[webroot_map]]", *maps]
        lines = [
            "version = 2.1.0",
            f"archive_dir = {archive}",
            *files,
            f"fullchain = {live}/fullchain.pem",
            "[renewalparams]",
            *own,
        ]
        renewal = config_dir / "renewal"
        renewal.mkdir(exist_ok=True)
        (renewal / f"{site.lineage}.conf").write_text("\n".join(lines) + "\n")


def renew_by_hand(config_dir: Path, site: Site) -> None:
    """Put another certificate for the same domains into a lineage."""
    archive, issued = config_dir / "archive" / site.lineage, CA.issue(*site.domains)
    (archive / "cert1.pem").write_text(issued.certificate)
    write_secret(archive / "privkey1.pem", issued.private_key)
    (archive / "fullchain1.pem").write_text(issued.certificate + issued.chain)
