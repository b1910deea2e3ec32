"""What the API holds, as far as it matters here. Identifiers are uuids."""

from __future__ import annotations

from dataclasses import dataclass, field

STATIC = "STA"
"""The type of apps whose files the web server itself serves."""


@dataclass(frozen=True)
class Osuser:
    """A user of one of the account's web servers; ``hostname`` is that server's full name."""

    id: str
    name: str
    server: str
    hostname: str


@dataclass(frozen=True)
class App:
    """An app: a directory ``~/apps/NAME`` of a user."""

    id: str
    name: str
    type: str
    osuser: str


@dataclass(frozen=True)
class Domain:
    """A domain; what is none of a host, as with an underscore, can only have DNS records."""

    id: str
    name: str


@dataclass(frozen=True)
class Route:
    """Requests for ``uri`` and below go to an app; ``to`` is `None` where that is not known."""

    app: str
    uri: str
    to: App | None = field(default=None, compare=False)

    @property
    def path(self) -> str:
        """The path without a slash at its end, ``""`` for all of the site."""
        return f"/{self.uri.strip('/')}".rstrip("/")


@dataclass(frozen=True)
class Site:
    """A site: http, and https with the certificate ``cert``.

    ``generate_le`` tells that the host chooses and renews that. ``address`` is its IPv4 address.
    """

    id: str
    name: str
    server: str
    address: str
    domains: tuple[Domain, ...]
    routes: tuple[Route, ...]
    cert: str | None
    redirect: bool
    generate_le: bool
    disabled: bool
    ip: str = ""


@dataclass(frozen=True)
class Record:
    """A DNS record of the name that its domain is; ``content`` without quotes around it."""

    id: str
    domain: str
    type: str
    content: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from others but those of the same."""
        return self.domain, self.type, self.content
