"""The host's control panel behind one interface, so that a second host can follow."""

from __future__ import annotations

from zope.interface import Interface

from certbot_webfaction.hosts.webfaction.model import (
    Account,
    App,
    Certificate,
    DnsRecord,
    Domain,
    Website,
)
from certbot_webfaction.panel.model import Upload


class IClient(Interface):
    """One account on a host.

    Every method logs in by itself where that is needed and once more if the session has expired.
    Reads are retried; after a write whose answer was lost the panel is read to see whether it took
    effect, so that a call that returns has happened exactly once. All raise `PanelUnreachableError`
    or `PanelRefusedError`, `LoginRefusedError` for the login (`certbot_webfaction.panel.errors`).
    """

    def login() -> Account:
        """Log in if this process has not yet, and return the account."""

    def websites() -> tuple[Website, ...]:
        """All websites of the account, as they are now."""

    def create_website(website: Website) -> None:
        """Create a website; `PanelRefusedError` if one of its name and protocol exists."""

    def update_website(website: Website) -> None:
        """Replace domains, mounts and certificate of the website of this name and protocol."""

    def delete_website(website: Website) -> None:
        """Delete the website of this name, ip and protocol. Its apps stay."""

    def apps() -> tuple[App, ...]:
        """All apps of the account, as they are now."""

    def create_app(name: str, type: str) -> App:
        """Create an app; `PanelRefusedError` if the name is taken or the type unknown."""

    def delete_app(name: str) -> None:
        """Delete an app and its directory."""

    def certificates() -> tuple[Certificate, ...]:
        """All certificates of the account. Slow: every private key travels with the answer."""

    def create_certificate(name: str, upload: Upload) -> None:
        """Upload a new certificate; `PanelRefusedError` if the name is taken."""

    def update_certificate(name: str, upload: Upload) -> None:
        """Replace a certificate; websites that use it serve the new one after a while."""

    def run(command: str) -> str:
        """Run a shell command as the account's user in its home directory; return its output.

        The command may be run twice where an answer is lost: it has to be repeatable.
        """

    def domains() -> tuple[Domain, ...]:
        """The domains that the account's DNS serves."""

    def create_subdomain(domain: str, label: str) -> None:
        """Add the subdomain ``label`` to one of the account's domains."""

    def delete_subdomain(domain: str, label: str) -> None:
        """Remove the subdomain ``label`` again; the domain and its other subdomains stay."""

    def dns_records() -> tuple[DnsRecord, ...]:
        """The TXT and CNAME records that the account added."""

    def create_txt(name: str, value: str) -> None:
        """Publish a TXT record beside others of the same name."""

    def delete_txt(name: str, value: str) -> None:
        """Remove the one TXT record with this name and value."""
