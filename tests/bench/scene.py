"""An account of many websites, and the lineages of their certificates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.sandbox.certificates import write_secret, write_self_signed
from tests.sandbox.host import Host
from tests.sandbox.sandbox import Sandbox


@dataclass(frozen=True)
class Site:
    """An http and an https website of one name, on one app, and their certificate.

    The certificate and its chain stand for what was issued two months ago: nothing looks at who
    signed them.
    """

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


def make_sites(directory: Path, count: int, *, www: bool) -> list[Site]:
    """Make certificates for this many sites; ``www`` is each one's second domain."""
    leaf, key = directory / "leaf.pem", directory / "key.pem"
    write_self_signed(leaf, key, "issuer.example.com")
    chain = leaf.read_text()
    sites = []
    for number in range(count):
        domain = f"site{number}.example.com"
        domains = (domain, f"www.{domain}") if www else (domain,)
        write_self_signed(leaf, key, *domains)
        sites.append(Site(f"site{number}", domains, leaf.read_text(), key.read_text(), chain))
    return sites


def add_sites(sandbox: Sandbox, sites: Sequence[Site]) -> None:
    """Put the sites on the account, and wait until they are served."""
    host = sandbox.host
    with _at_once(host):
        for site in sites:
            host.add_app(site.name, "static_only")
            host.add_certificate(site.certificate, site.leaf, site.key, site.chain)
            mounts = ((site.name, "/"),)
            host.add_website(site.name, site.domains, mounts)
            host.add_website(
                site.name, site.domains, mounts, https=True, certificate=site.certificate
            )
    sandbox.front_end.wait_applied()


def restore_certificates(sandbox: Sandbox, sites: Sequence[Site]) -> None:
    """Let the panel have again what it had before the renewals."""
    with _at_once(sandbox.host):
        for site in sites:
            sandbox.host.update_certificate(site.certificate, site.leaf, site.key, site.chain)
    sandbox.front_end.wait_applied()


@contextmanager
def _at_once(host: Host) -> Iterator[None]:
    """Tell the host's servers of all changes together: they start anew for each otherwise."""
    listeners = list(host.listeners)
    host.listeners.clear()
    yield
    host.listeners.extend(listeners)
    for listener in listeners:
        listener()


def write_lineages(
    config_dir: Path, sites: Sequence[Site], sandbox: Sandbox, account: str, plugins: str
) -> None:
    """Write lineages as certbot does (its documentation, "Where are my certificates?").

    :param account: the ACME account's name below ``accounts``
    :param plugins: ``webroot``: renewed and not installed; ``webfaction``: both with our plugin
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
        settings = [f"account = {account}", f"server = {sandbox.ca.url}", "key_type = ecdsa"]
        settings.append(f"authenticator = {plugins}")
        if plugins == "webroot":
            root = sandbox.host.webapps / site.name
            settings += ["[[webroot_map]]", *(f"{domain} = {root}" for domain in site.domains)]
        else:
            settings.append(f"installer = {plugins}")
        lines = [
            "version = 2.1.0",
            f"archive_dir = {archive}",
            *files,
            f"fullchain = {live}/fullchain.pem",
            "[renewalparams]",
            *settings,
        ]
        renewal = config_dir / "renewal"
        renewal.mkdir(exist_ok=True)
        (renewal / f"{site.lineage}.conf").write_text("\n".join(lines) + "\n")


def renew_by_hand(config_dir: Path, site: Site) -> None:
    """Put another certificate for the same domains into a lineage."""
    archive = config_dir / "archive" / site.lineage
    leaf, key = archive / "cert1.pem", archive / "privkey1.pem"
    write_self_signed(leaf, key, *site.domains)
    (archive / "fullchain1.pem").write_text(leaf.read_text() + site.chain)
