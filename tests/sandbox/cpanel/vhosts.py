"""The account's virtual hosts: what each serves, under which names, with which certificate."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.sandbox.cpanel.store import StoredCertificate

SERVICES = ("webmail", "cpanel", "webdisk", "cpcalendars", "cpcontacts", "autodiscover")

Kind = Literal["main", "addon", "sub"]


@dataclass(frozen=True)
class Installed:
    """What a virtual host answers https with; it stays, even if the store loses it."""

    certificate: StoredCertificate
    private_key: str = field(repr=False)


@dataclass(frozen=True)
class VirtualHost:
    """A virtual host.

    ``domain`` is the name its owner knows it by: for an addon not the servername. ``names`` are
    all real names, servername first, ``mails`` the ``mail.`` names and ``services`` the names of
    the panel's services, which share the certificate. ``app`` is a Passenger app's directory.
    """

    servername: str
    domain: str
    kind: Kind
    names: tuple[str, ...]
    mails: tuple[str, ...]
    services: tuple[str, ...]
    document_root: Path
    installed: Installed | None = None
    redirects: bool = False
    app: Path | None = None

    @property
    def aliases(self) -> tuple[str, ...]:
        """All names that the web server has as aliases."""
        return (*self.names[1:], *self.mails)

    @property
    def fqdns(self) -> tuple[str, ...]:
        """All names that the certificate is used for."""
        return (*self.names, *self.mails, *self.services)


def main_host(domain: str, document_root: Path) -> VirtualHost:
    """The virtual host of the account's main domain."""
    return VirtualHost(
        domain, domain, "main", (domain, f"www.{domain}"), *_extra(domain), document_root
    )


def addon_host(
    domain: str, hidden: str, document_root: Path, *, is_servername: bool
) -> VirtualHost:
    """The virtual host that an addon domain shares with its hidden subdomain."""
    own = (domain, f"www.{domain}")
    others = (hidden, f"www.{hidden}")
    names = (*own, *others) if is_servername else (hidden, *own, others[1])
    return VirtualHost(names[0], domain, "addon", names, *_extra(domain), document_root)


def sub_host(domain: str, document_root: Path, *, star_servername: bool) -> VirtualHost:
    """The virtual host of a subdomain, which may be a wildcard."""
    if domain.startswith("*."):
        servername = domain if star_servername else f"_wildcard_.{domain[2:]}"
        names = tuple(dict.fromkeys((servername, domain)))
        return VirtualHost(servername, domain, "sub", names, (), (), document_root)
    return VirtualHost(domain, domain, "sub", (domain, f"www.{domain}"), (), (), document_root)


def with_parked(host: VirtualHost, domain: str) -> VirtualHost:
    """The main virtual host with one more parked domain."""
    mails, services = _extra(domain)
    return VirtualHost(
        host.servername,
        host.domain,
        host.kind,
        (*host.names, domain, f"www.{domain}"),
        (*host.mails, *mails),
        (*host.services, *services),
        host.document_root,
        host.installed,
        host.redirects,
        host.app,
    )


def _extra(domain: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names for mail and for the panel's services."""
    return (f"mail.{domain}",), tuple(f"{service}.{domain}" for service in SERVICES)
