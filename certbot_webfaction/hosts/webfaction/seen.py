"""What was last seen of an account on WebFaction."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from certbot_webfaction.hosts import seen
from certbot_webfaction.hosts.seen import FRESH
from certbot_webfaction.hosts.webfaction.client import WebFaction
from certbot_webfaction.hosts.webfaction.model import App, Certificate, DnsRecord, Domain, Website
from certbot_webfaction.panel.model import Upload


@dataclass
class Dns:
    """The account's DNS: its domains, its TXT and CNAME records, and all names that it has."""

    domains: tuple[Domain, ...]
    records: list[DnsRecord]
    names: set[str]


class Seen(seen.Seen[WebFaction]):
    """What was seen of an account; ``apps`` by their names.

    ``made_subdomains`` are the names that were added to the account's DNS by this process.
    """

    def __init__(
        self, make_client: Callable[[], WebFaction], clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(make_client, clock)
        self.made_subdomains: set[str] = set()
        self._websites = self._reading(
            lambda client: {_key(each): each for each in client.websites()}
        )
        self.apps = self._reading(lambda client: {app.name: app for app in client.apps()})
        self._certificates = self._reading(
            lambda client: {known.name: known for known in client.certificates()}
        )
        self._stored = self._reading(lambda _client: dict[str, str]())
        self._dns = self._reading(_read_dns)

    # Websites

    def websites(self, within: float | None = None) -> tuple[Website, ...]:
        """The account's websites as seen in the last ``within`` seconds, or ever."""
        return tuple(self._websites(within).values())

    def website(self, name: str, *, https: bool, within: float | None = FRESH) -> Website | None:
        """The http or https website of this name."""
        return self._websites(within).get((name, https))

    def create_website(self, website: Website) -> None:
        self.change(lambda client: client.create_website(website))
        self._note(website)

    def update_website(self, website: Website) -> None:
        self.change(lambda client: client.update_website(website))
        self._note(website)

    def delete_website(self, website: Website) -> None:
        self.change(lambda client: client.delete_website(website))
        self._websites.change(lambda websites: websites.pop(_key(website), None))

    def _note(self, website: Website) -> None:
        self._websites.change(lambda websites: websites.update({_key(website): website}))

    # Apps

    def create_app(self, name: str, type: str) -> App:
        app = self.change(lambda client: client.create_app(name, type))
        self.apps.change(lambda apps: apps.update({name: app}))
        return app

    def delete_app(self, name: str) -> None:
        self.change(lambda client: client.delete_app(name))
        self.apps.change(lambda apps: apps.pop(name, None))

    # Certificates

    def certificates(self, *, anew: bool = False) -> dict[str, Certificate]:
        """The account's certificates by name as seen by this process, before what it stored."""
        if anew or self._certificates.value is None:
            there = self._certificates(anew=True)
            self._stored.saw({n: leaf for n, leaf in self._stored().items() if n in there})
        return self._certificates()

    def saw_certificate(self, name: str) -> bool:
        """Whether a certificate of this name was seen or stored; the panel is not asked."""
        return name in self._stored() or name in (self._certificates.value or {})

    def has_stored(self, name: str, upload: Upload) -> bool:
        """Whether this process stored this very leaf under this name."""
        return self._stored().get(name) == upload.leaf

    def put_certificate(self, name: str, upload: Upload, *, there: bool) -> None:
        """Replace a certificate that is ``there``, or create it."""
        with self.changing() as client:
            put = client.update_certificate if there else client.create_certificate
            put(name, upload)
        self._stored()[name] = upload.leaf

    # DNS

    def dns(self) -> Dns:
        """The account's DNS as it is now (`FRESH`)."""
        return self._dns(FRESH)

    def create_subdomain(self, domain: str, label: str) -> None:
        name = f"{label}.{domain}"
        self.made_subdomains.add(name)  # even if the answer gets lost
        self.change(lambda client: client.create_subdomain(domain, label))
        self._dns.change(lambda dns: dns.names.add(name))

    def delete_subdomain(self, domain: str, label: str) -> None:
        name = f"{label}.{domain}"
        self.change(lambda client: client.delete_subdomain(domain, label))
        self.made_subdomains.discard(name)
        self._dns.change(lambda dns: dns.names.discard(name))

    def create_txt(self, record: DnsRecord) -> None:
        self.change(lambda client: client.create_txt(record.name, record.value))
        self._dns.change(lambda dns: dns.records.append(record))

    def delete_txt(self, record: DnsRecord) -> None:
        self.change(lambda client: client.delete_txt(record.name, record.value))
        self._dns.change(lambda dns: dns.records.remove(record))


def _key(website: Website) -> tuple[str, bool]:
    return website.name, website.https


def _read_dns(client: WebFaction) -> Dns:
    domains = client.domains()
    names = {
        f"{label}.{domain.name}" if label else domain.name
        for domain in domains
        for label in ("", *domain.subdomains)
    }
    return Dns(domains, list(client.dns_records()), names)
