"""What an account on the host consists of, in the words that every host shares.

Nothing here knows how a host is spoken to. A client (:mod:`certbot_webfaction.panel.webfaction`)
turns its host's answers into these objects and back.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field, replace

CHALLENGE_PATH = "/.well-known/acme-challenge"
"""Where an ACME CA asks for http-01 challenge files (RFC 8555, section 8.3)."""


@dataclass(frozen=True)
class Account:
    """The account that a login opened.

    ``home`` is the absolute home directory of its user on ``web_server``, the short name of the
    machine that serves its websites.
    """

    username: str
    home: str
    web_server: str


@dataclass(frozen=True, order=True)
class Mount:
    """An app at a URL path of a website; ``path`` starts with ``/`` and has no other at its end."""

    app: str
    path: str

    @property
    def serves_challenges(self) -> bool:
        """Whether the mount stands at, or just above, the challenge path, and not at the root."""
        return self.path != "/" and f"{CHALLENGE_PATH}/".startswith(f"{self.path}/")


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
        """Whether requests for ``domain`` reach this website, by its name or by a wildcard."""
        return any(covers(own, domain) for own in self.domains)


@dataclass(frozen=True)
class App:
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
    """A certificate of the panel. Its private key is never kept."""

    name: str
    domains: tuple[str, ...]
    expires: datetime.date | None
    leaf: str = field(repr=False)


@dataclass(frozen=True)
class Upload:
    """A certificate on its way to the panel: leaf, key and the chain without the leaf, all PEM."""

    leaf: str = field(repr=False)
    private_key: str = field(repr=False)
    chain: str = field(repr=False)


@dataclass(frozen=True)
class Domain:
    """A domain of the account's DNS with the labels of its subdomains (``www``, ``a.b``)."""

    name: str
    subdomains: tuple[str, ...]


@dataclass(frozen=True)
class DnsRecord:
    """A TXT or CNAME record that the account added to its DNS."""

    name: str
    type: str
    value: str


def a_label(name: str) -> str:
    """A domain in lower case as DNS knows it, its labels in ASCII (RFC 5890, section 2.3.2.1)."""
    name = name.lower().rstrip(".")
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return name


def covers(pattern: str, domain: str) -> bool:
    """Whether a name on a certificate or website covers a domain (RFC 6125, section 6.4.3).

    A wildcard stands for exactly one label, and ``*.example.com`` covers itself.
    """
    pattern, domain = a_label(pattern), a_label(domain)
    if pattern == domain:
        return True
    return pattern.startswith("*.") and domain.partition(".")[2] == pattern[2:]


def covered(domain: str, names: tuple[str, ...]) -> bool:
    """Whether any of ``names`` covers ``domain``."""
    return any(covers(name, domain) for name in names)
