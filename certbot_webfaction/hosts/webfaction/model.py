"""What an account on WebFaction consists of, in the panel's own words.

Nothing here knows how it is spoken to. The client turns its answers into these objects and back.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field

from certbot_webfaction.names import a_label
from certbot_webfaction.panel.model import CHALLENGE_PATH


@dataclass(frozen=True)
class Account:
    """The account that a login opened.

    ``home`` is the absolute home directory of its user on ``web_server``, the short name of the
    machine that serves its websites.
    """

    username: str
    home: str
    web_server: str


@dataclass(frozen=True)
class Mount:
    """An app at a URL path of a website; ``path`` is spelled as the panel has it."""

    app: str
    path: str

    @property
    def url_path(self) -> str:
        """The path with a slash at its start and none at its end: what it means."""
        return f"/{self.path.strip('/')}"

    @property
    def meaning(self) -> tuple[str, str]:
        """What is the same for the same mount, however it is spelled."""
        return self.app, self.url_path

    @property
    def serves_challenges(self) -> bool:
        """Whether the mount stands at, or just above, the challenge path, and not at the root."""
        path = self.url_path
        return path != "/" and f"{CHALLENGE_PATH}/".startswith(f"{path}/")


@dataclass(frozen=True)
class Website:
    """A website of the panel: its domains over http or over https, never both.

    A name is unique among the http websites and among the https websites of an account. Domains
    are spelled as the panel has them, so that an update gives them back to the letter.
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

    @property
    def challenges(self) -> tuple[Mount, ...]:
        """The mounts for challenges."""
        return tuple(mount for mount in self.mounts if mount.serves_challenges)

    @property
    def labels(self) -> set[str]:
        """The domains as DNS compares them."""
        return set(map(a_label, self.domains))


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
    """A certificate of the panel, with its chain in PEM. Its private key is never kept."""

    name: str
    domains: tuple[str, ...]
    expires: datetime.date | None
    leaf: str = field(repr=False)
    chain: str = field(default="", repr=False)


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
