"""Scenes on the account of a sandbox, set without the API as somebody's hand in the panel would."""

from __future__ import annotations

from dataclasses import replace

from tests.sandbox.certificates import write_self_signed
from tests.sandbox.host import Website
from tests.sandbox.sandbox import Sandbox


def add_site(
    sandbox: Sandbox, name: str, *domains: str, https: bool = False, certificate: str = ""
) -> None:
    """Add a website whose page tells its name; its app is shared by http and https."""
    if name not in {app.name for app in sandbox.host.snapshot().apps}:
        sandbox.host.add_app(name, "static_php70")
        (sandbox.host.webapps / name / "index.html").write_text(f"page of {name}")
    sandbox.host.add_website(name, domains, ((name, "/"),), https=https, certificate=certificate)
    sandbox.front_end.wait_applied()


def add_certificate(sandbox: Sandbox, name: str, *domains: str) -> None:
    """Upload somebody else's certificate to the panel."""
    leaf, key = sandbox.directory / f"{name}.pem", sandbox.directory / f"{name}.key"
    write_self_signed(leaf, key, *domains)
    sandbox.host.add_certificate(name, leaf.read_text(), key.read_text())


def website(sandbox: Sandbox, name: str, *, https: bool) -> Website:
    """A website as the panel holds it."""
    return next(
        site
        for site in sandbox.host.snapshot().websites
        if site.name == name and site.https == https
    )


def website_names(sandbox: Sandbox, *, https: bool) -> list[str]:
    """The names of the https or the http websites."""
    return [site.name for site in sandbox.host.snapshot().websites if site.https == https]


def change_by_hand(sandbox: Sandbox, site: Website, **fields: object) -> None:
    """Change a website in the panel by hand."""
    new = replace(site, **fields)  # type: ignore[arg-type]  # the caller names its fields
    sandbox.host.update_website(
        new.name, new.ip, new.https, new.subdomains, new.website_apps, new.certificate
    )
    sandbox.front_end.wait_applied()


def issue(sandbox: Sandbox, *domains: str, name: str = "") -> None:
    """Issue a certificate without installing it."""
    names = [option for domain in domains for option in ("-d", domain)]
    lineage = ["--cert-name", name] if name else []
    sandbox.certbot("certonly", "-a", "webfaction", *names, *lineage)


def install(sandbox: Sandbox, name: str, *options: str, check: bool = True) -> str:
    """Install a lineage; return what certbot said."""
    result = sandbox.certbot(
        "install", "-i", "webfaction", "--cert-name", name, *options, check=check
    )
    sandbox.front_end.wait_applied()
    return result.output


def leaf(sandbox: Sandbox, lineage: str) -> str:
    """The leaf of a lineage, PEM."""
    return (sandbox.config_dir / "live" / lineage / "cert.pem").read_text()


def serves(sandbox: Sandbox, domain: str, lineage: str) -> bool:
    """Whether a TLS client is served a lineage's leaf and chain for a domain."""
    fullchain = (sandbox.config_dir / "live" / lineage / "fullchain.pem").read_text()
    return "".join(sandbox.served(domain).chain).split() == fullchain.split()
