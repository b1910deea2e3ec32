"""What an account on the host consists of, in the words that every host shares.

Nothing here knows how it is spoken to. The client turns its answers into these objects and back.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from certbot_webfaction.hosts.webfaction.mount import Mount
from certbot_webfaction.names import a_label, covers


class Account(NamedTuple):
    """The account that a login opened.

    ``home`` is the absolute home directory of its user on ``web_server``, the short name of the
    machine that serves its websites.
    """

    username: str
    home: str
    web_server: str


@dataclass(frozen=True)
class Website:
    """A website of the panel: its domains over http or over https, never both.

    A name is unique among the http websites and among the https websites of an account.
    ``certificate`` is the name of its certificate on the panel, ``""`` for the host's shared one.
    """

    name: str
    ip: str
    https: bool
    domains: tuple[str, ...]
    mounts: tuple[Mount, ...]
    certificate: str = ""

    @property
    def content(self) -> tuple[Mount, ...]:
        """The mounts that visitors see: all but those for challenges."""
        return tuple(mount for mount in self.mounts if not mount.serves_challenges)

    def with_content(self, content: tuple[Mount, ...]) -> Website:
        """This website with other content and the challenge mounts that it has."""
        challenges = tuple(mount for mount in self.mounts if mount.serves_challenges)
        return replace(self, mounts=content + challenges)

    def serves(self, domain: str) -> bool:
        """Whether this website has ``domain``, or a wildcard for it.

        By a wildcard requests reach it only where no other website has the very name.
        """
        return any(covers(own, domain) for own in self.domains)


def serving(websites: Iterable[Website], name: str, *, https: bool) -> list[Website]:
    """The https or http websites that requests for a name reach.

    A web server takes the exact name before a wildcard that covers it.
    """
    mine = [website for website in websites if website.https == https]
    named = [site for site in mine if a_label(name) in map(a_label, site.domains)]
    return named or [site for site in mine if site.serves(name)]


class App(NamedTuple):
    """An app of the account.

    ``directory`` is the absolute directory whose files it serves, ``None`` for an app that runs
    code instead. ``htaccess`` tells whether it obeys ``.htaccess`` files there.
    """

    name: str
    type: str
    directory: str | None
    htaccess: bool = False


@dataclass(frozen=True)
class Certificate:
    """A certificate of the panel, with its chain in PEM. Its private key is never kept."""

    name: str
    domains: tuple[str, ...]
    expires: datetime.date | None
    leaf: str = field(repr=False)
    chain: str = field(default="", repr=False)


@dataclass(frozen=True)
class Upload:
    """A certificate on its way to the panel: leaf, key and the chain without the leaf, all PEM."""

    leaf: str = field(repr=False)
    private_key: str = field(repr=False)
    chain: str = field(repr=False)


class Domain(NamedTuple):
    """A domain of the account's DNS with the labels of its subdomains (``www``, ``a.b``)."""

    name: str
    subdomains: tuple[str, ...]


class DnsRecord(NamedTuple):
    """A TXT or CNAME record that the account added to its DNS."""

    name: str
    type: str
    value: str
