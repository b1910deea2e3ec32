"""What a CA and a browser meet on every host.

Whatever answers port 80 is an `HttpSite`, whatever presents a certificate, or could, an
`HttpsSite`. On WebFaction these are two websites; elsewhere they are two sides of one.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

CHALLENGE_PATH = "/.well-known/acme-challenge"
"""Where an ACME CA asks for http-01 challenge files (RFC 8555, section 8.3)."""

CHALLENGE_LABEL = "_acme-challenge"
"""The label below which it asks for TXT records of a domain (RFC 8555, section 8.4)."""

State = Any
"""Plain JSON that only its host reads: what putting something back needs."""


@dataclass(frozen=True)
class Login:
    """Whose panel it is: the account's user name there, and the server that its sites are on."""

    username: str
    server: str


@dataclass(frozen=True)
class Abilities:
    """What a host may lack.

    ``redirect``: its http sites can be made to redirect to https. ``dns``: TXT records can be
    published for some names. ``files``: challenge files can be written from here. ``rereads``:
    its web server may have to be told of a certificate that was replaced.
    ``keeps_certificates``: its certificates are objects of their own, which are replaced for all
    sites at once and stay when no site presents them.
    """

    redirect: bool = True
    dns: bool = True
    files: bool = True
    rereads: bool = False
    keeps_certificates: bool = True


@dataclass(frozen=True)
class HttpSite:
    """What answers port 80 for its names.

    ``id`` is its identity in documents, ``label`` what the panel's user calls it (``http website
    shop``). ``redirects`` tells whether it sends its visitors to https by the means that the host
    has for that. ``state`` is what it shows while it does not redirect. ``address`` is the IPv4
    address that DNS has to point to, ``""`` where that is not known. ``auxiliary`` names are those
    that the host adds by itself. ``name`` is the label without the kind, where ``id`` is not that.
    """

    id: str
    label: str
    names: tuple[str, ...]
    redirects: bool
    state: State = None
    address: str = ""
    auxiliary: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True)
class HttpsSite:
    """What presents a certificate for its names, or could.

    ``holds`` is the handle of its certificate (see `Certificate`); `None` where it has none that is
    for its names alone, so that browsers warn or get no answer. ``auxiliary`` names are those that
    the host adds by itself: losing them is warned of, and never a reason to refuse.

    A site that does not exist yet but would be made by installing a certificate has ``made_from``:
    the identity of the `HttpSite` whose names these are. ``state`` is what `IPanel.restore` needs
    to put it back to how it is. ``kept_by_host`` tells that the host sees to its certificate by
    itself: it gets that back also when ours is deleted. ``name`` is as of an `HttpSite`.
    """

    id: str
    label: str
    names: tuple[str, ...]
    holds: str | None = None
    auxiliary: tuple[str, ...] = ()
    made_from: str = ""
    state: State = None
    kept_by_host: bool = False
    name: str = ""

    @property
    def exists(self) -> bool:
        """Whether it is there already."""
        return not self.made_from


@dataclass(frozen=True)
class Certificate:
    """A certificate of the panel. Its private key is never kept.

    ``handle`` is its identity, ``label`` what the panel's user sees. ``kept_by_host`` tells that
    the host renews it by itself. ``leaf`` is PEM.
    """

    handle: str
    label: str
    names: tuple[str, ...]
    expires: datetime.date | None
    leaf: str = field(repr=False)
    kept_by_host: bool = False


@dataclass(frozen=True)
class Upload:
    """A certificate on its way to the panel: leaf, key and the chain without the leaf, all PEM."""

    leaf: str = field(repr=False)
    private_key: str = field(repr=False)
    chain: str = field(repr=False)


@dataclass(frozen=True)
class Place:
    """Where the challenge files of a domain go: a directory that its http site serves.

    ``directory`` is absolute on the host, ``""`` where it is yet to be made; a file for a token is
    at ``below`` in it. ``holder`` is what the panel's user knows the directory by, ``mount`` the
    URL path that leads to it. ``ready`` is false where `IPanel.make_places` has to make something.

    What else may answer in place of a file, with what to do about it, is told by ``interference``
    (``""``: nothing does), and by ``doubt`` what may even where something was only just made;
    ``alternative`` completes a sentence with another way to hold files. ``protection`` says where
    the panel puts a password on a directory.
    """

    domain: str
    site: HttpSite
    directory: str
    below: str
    holder: str
    mount: str
    ready: bool = True
    interference: str = ""
    doubt: str = ""
    alternative: str = ""
    protection: str = ""

    def path(self, token: str) -> str:
        """Where below the directory the file for ``token`` belongs."""
        return f"{self.below}/{token}" if self.below else token


@dataclass
class Change:
    """One thing that we changed on the account, or are about to: an entry of the journal.

    ``what`` and ``on`` name the resource and its field: the words of this class for what every host
    has, a host's own for what is private to it. ``before`` and ``after`` are what that held before
    us and what we put there, in JSON; ``done`` is false between the notes before and after the
    change. ``purpose`` groups what was made for the same thing, and ``names`` are the domains that
    it was made for. None of it is secret.
    """

    CERTIFICATE = "certificate"
    """A certificate on the panel; ``on`` is its source, the name of its `Source`."""
    SITE = "https site"
    """What a site presents; ``before`` (`None` where we made it) and ``after`` have its
    ``certificate`` (a handle or `None`), ``names``, ``made_from`` and ``state``; ``before`` has
    ``kept_by_host`` where that was so."""
    REDIRECT = "redirect"
    """A redirect to https; ``before`` is what the site showed."""
    FILE = "file"
    """A challenge file; ``after`` is a `certbot_webfaction.panel.files.PlacedFile`."""
    RECORD = "record"
    """A TXT record that answers a challenge; ``on`` is its value."""
    CHALLENGE = "challenge"
    """The purpose of what was made to answer a challenge."""

    what: str
    on: str
    before: State = None
    after: State = None
    done: bool = False
    purpose: str = ""
    names: list[str] = field(default_factory=list)
