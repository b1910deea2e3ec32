"""Virtual hosts as the panel tells of them, and what they present."""

from __future__ import annotations

import contextlib
import datetime
import functools
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from certbot import errors

from certbot_webfaction.hosts.cpanel.answers import is_true, listed, names, number, objects, text
from certbot_webfaction.hosts.wire import NoAnswerError
from certbot_webfaction.lineages.files import fingerprints, leaf_names, public_of

SERVICES = (
    "mail",
    "webmail",
    "cpanel",
    "webdisk",
    "cpcalendars",
    "cpcontacts",
    "autodiscover",
    "autoconfig",
    "whm",
)
"""Labels before a domain for which the panel answers itself, through the domain's virtual host."""

_LAST = 2**35  # seconds since the epoch: the year 3058
_SHOWN = 16  # characters of a fingerprint in a handle


@dataclass(frozen=True)
class Installed:
    """What a virtual host presents: ``id`` in the panel's store, the leaf, whose it is.

    ``serves`` are all names of the virtual host, those of services among them.
    """

    id: str
    leaf: str = field(repr=False)
    names: tuple[str, ...]
    expires: datetime.date | None
    is_autossl: bool
    is_self_signed: bool
    serves: tuple[str, ...] = ()

    @property
    def handle(self) -> str:
        """See `handle_of`; the panel's id where it did not show the leaf."""
        return handle_of(self.leaf) if self.leaf else self.id


@dataclass(frozen=True)
class VirtualHost:
    """A virtual host.

    ``servername`` is its identity. ``names`` are its owner's, the one that it is known by first;
    ``auxiliary`` those that the panel made: for its services, and an addon domain's subdomain.
    ``subdomain`` is that subdomain, ``""`` for others.
    """

    servername: str
    names: tuple[str, ...]
    auxiliary: tuple[str, ...]
    document_root: str
    address: str
    redirects: bool
    subdomain: str = ""
    installed: Installed | None = None

    @property
    def label(self) -> str:
        """What messages call it."""
        return f"virtual host {self.names[0]}"


@dataclass(frozen=True)
class Domain:
    """A domain of the account as `DomainInfo::domains_data` tells of it."""

    domain: str
    servername: str
    aliases: tuple[str, ...]
    document_root: str
    home: str
    address: str
    is_addon: bool
    redirects: bool


def read_domains(told: Any) -> tuple[Domain, ...]:
    """The domains of an answer, one for each virtual host; the main one comes first.

    Parked domains come as mere names, and are aliases of the main domain.

    :raises NoAnswerError: if there is none
    """
    kinds = ("main_domain", "addon_domains", "sub_domains")
    if isinstance(told, Mapping):
        entries = [(kind, each) for kind in kinds for each in objects(told.get(kind), "domain")]
    else:
        entries = [(text(each.get("type")), each) for each in objects(told, "domain")]
    found: dict[str, Domain] = {}
    for kind, each in entries:
        domain = _read_domain(each, is_addon=kind.startswith("addon"))
        found.setdefault(domain.servername, domain)
    if not found:  # each account has a main domain
        raise NoAnswerError("its answer names no domain", passing=False)
    return tuple(found.values())


def _read_domain(told: Mapping[str, Any], *, is_addon: bool) -> Domain:
    return Domain(
        domain=text(told.get("domain")).lower(),
        servername=text(told.get("servername") or told.get("domain")).lower(),
        aliases=names(told.get("serveralias")),
        document_root=text(told.get("documentroot")),
        home=text(told.get("homedir")),
        address=text(told.get("ip")),
        is_addon=is_addon,
        redirects=is_true(told.get("is_https_redirecting")),
    )


def read_installed(told: Any) -> dict[str, Installed]:
    """What each virtual host presents, by its servername."""
    found = {}
    for each in objects(told, "servername"):
        certificate = next(iter(listed(each.get("certificate"))), {})
        leaf = text(each.get("certificate_text"))
        found[text(each.get("servername")).lower()] = Installed(
            id=text(certificate.get("id")),
            leaf=leaf,
            names=names(certificate.get("domains")),
            expires=_date(number(certificate.get("not_after"))),
            is_autossl=is_true(certificate.get("is_autossl")),
            is_self_signed=is_true(certificate.get("is_self_signed")),
            serves=names(each.get("fqdns")),
        )
    return found


def _date(seconds: int) -> datetime.date | None:
    """A day; none where it is not told, or so far away that it is no date."""
    if not 0 < seconds < _LAST:
        return None
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).date()


def read_capable(told: Any) -> dict[str, tuple[str, ...]]:
    """The names of each virtual host by its servername: `WebVhosts::list_ssl_capable_domains`."""
    found: dict[str, list[str]] = {}
    for each in objects(told, "vhost_name", "domain"):
        found.setdefault(text(each.get("vhost_name")).lower(), []).extend(
            names([each.get("domain")])
        )
    return {servername: tuple(own) for servername, own in found.items()}


def virtual_host(
    domain: Domain, known: Iterable[str], installed: Installed | None, main: str
) -> VirtualHost:
    """Make one of what three functions tell.

    :param known: its names by the functions that know of services
    :param main: the account's main domain
    """
    every = tuple(dict.fromkeys((domain.domain, domain.servername, *domain.aliases, *known)))
    hidden = _hidden(domain, every, main) if domain.is_addon else ()
    others = _made(domain, every, hidden)
    return VirtualHost(
        servername=domain.servername,
        names=tuple(own for own in every if own not in others and not _is_stand_in(own)),
        auxiliary=others,
        document_root=domain.document_root,
        address=domain.address,
        redirects=domain.redirects,
        subdomain=min(hidden, key=len, default=""),
        installed=installed,
    )


def _made(domain: Domain, every: Sequence[str], hidden: Sequence[str]) -> tuple[str, ...]:
    """The names that the panel made."""
    services = {f"{label}.{own}" for own in every for label in SERVICES} - {domain.domain}
    return tuple(own for own in every if own in hidden or own in services)


def _hidden(domain: Domain, every: Sequence[str], main: str) -> tuple[str, ...]:
    """The names of an addon domain's virtual host that belong to the subdomain made for it."""
    own = domain.domain
    return tuple(
        name
        for name in every
        if name.endswith(f".{main}") and name != own and not name.endswith(f".{own}")
    )


def _is_stand_in(name: str) -> bool:
    """Whether a name only stands for ``*`` where that can't be written."""
    return name.startswith("_wildcard_.")


@functools.cache  # every one is compared with each that is looked for
def handle_of(leaf: str) -> str:
    """What tells one certificate from others, in documents and messages: a name and a fingerprint.

    :param leaf: PEM; of what can't be read only the fingerprint is told
    """
    marks = fingerprints(leaf) or (hashlib.sha256("".join(leaf.split()).encode()).hexdigest(),)
    name = ""
    with contextlib.suppress(errors.PluginError, IndexError):
        name = f"{leaf_names(leaf)[0]}-"
    return name + marks[0][:_SHOWN]


def public_mark(leaf: str) -> str:
    """A fingerprint of a leaf's public key; ``""`` where it can't be read."""
    public = public_of(leaf)
    return hashlib.sha256(public).hexdigest() if public else ""
