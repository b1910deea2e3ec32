"""The client and what it was last seen to show, for all that one process does to an account."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from certbot_webfaction.hosts.webfaction.client import WebFaction
from certbot_webfaction.hosts.webfaction.model import App, Certificate, DnsRecord, Domain, Website
from certbot_webfaction.panel.model import Upload

FRESH = 60.0
"""Seconds for which a reading of the panel counts as what it holds now."""


@dataclass
class Dns:
    """The account's DNS: its domains, its TXT and CNAME records, and all names that it has."""

    domains: tuple[Domain, ...]
    records: list[DnsRecord]
    names: set[str]


class Seen:
    """A client and what was seen of its account, shared by everything in this process.

    Placing challenges is content with what was seen at any time, so that a renewal of many
    lineages reads the panel once; whoever changes a website asks for a `FRESH` reading first.

    What changes the account does what the client's method of that name does, and is seen.
    ``made_subdomains`` are the names that were added to the account's DNS by this process.
    """

    def __init__(
        self, make_client: Callable[[], WebFaction], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._make_client = make_client
        self._clock = clock
        self.made_subdomains: set[str] = set()
        self.forget()

    @cached_property
    def client(self) -> WebFaction:
        """The client itself."""
        return self._make_client()

    def forget(self) -> None:
        """Read everything anew when it is next asked for."""
        self._websites: dict[tuple[str, bool], Website] | None = None
        self._websites_seen = 0.0
        self._apps: dict[str, App] | None = None
        self._certificates: dict[str, Certificate] | None = None
        self._stored: dict[str, str] = {}
        self._dns: Dns | None = None
        self._dns_seen = 0.0

    @contextmanager
    def _changing(self) -> Iterator[WebFaction]:
        """Forget what was seen if a change fails: it may have happened all the same."""
        try:
            yield self.client
        except BaseException:
            self.forget()
            raise

    # Websites

    def websites(self, within: float | None = None) -> tuple[Website, ...]:
        """The account's websites as seen in the last ``within`` seconds, or ever."""
        return tuple(self._websites_by_name(within).values())

    def _websites_by_name(self, within: float | None) -> dict[tuple[str, bool], Website]:
        old = within is not None and self._clock() - self._websites_seen > within
        if self._websites is None or old:
            self._websites = {_key(website): website for website in self.client.websites()}
            self._websites_seen = self._clock()
        return self._websites

    def website(self, name: str, *, https: bool, within: float | None = FRESH) -> Website | None:
        """The http or https website of this name."""
        return self._websites_by_name(within).get((name, https))

    def create_website(self, website: Website) -> None:
        with self._changing() as client:
            client.create_website(website)
        self._note(website)

    def update_website(self, website: Website) -> None:
        with self._changing() as client:
            client.update_website(website)
        self._note(website)

    def delete_website(self, website: Website) -> None:
        with self._changing() as client:
            client.delete_website(website)
        if self._websites is not None:
            self._websites.pop(_key(website), None)

    def _note(self, website: Website) -> None:
        if self._websites is not None:
            self._websites[_key(website)] = website

    # Apps

    def apps(self) -> dict[str, App]:
        """The account's apps by name, as seen by this process."""
        if self._apps is None:
            self._apps = {app.name: app for app in self.client.apps()}
        return self._apps

    def create_app(self, name: str, type: str) -> App:
        with self._changing() as client:
            app = client.create_app(name, type)
        if self._apps is not None:
            self._apps[name] = app
        return app

    def delete_app(self, name: str) -> None:
        with self._changing() as client:
            client.delete_app(name)
        if self._apps is not None:
            self._apps.pop(name, None)

    # Certificates

    def certificates(self, *, anew: bool = False) -> dict[str, Certificate]:
        """The account's certificates by name as seen by this process, before what it stored."""
        if self._certificates is None or anew:
            self._certificates = {known.name: known for known in self.client.certificates()}
            there = self._certificates.keys()
            self._stored = {name: leaf for name, leaf in self._stored.items() if name in there}
        return self._certificates

    def saw_certificate(self, name: str) -> bool:
        """Whether a certificate of this name was seen or stored; the panel is not asked."""
        return name in self._stored or name in (self._certificates or {})

    def has_stored(self, name: str, upload: Upload) -> bool:
        """Whether this process stored this very leaf under this name."""
        return self._stored.get(name) == upload.leaf

    def put_certificate(self, name: str, upload: Upload, *, there: bool) -> None:
        """Replace a certificate that is ``there``, or create it."""
        with self._changing() as client:
            if there:
                client.update_certificate(name, upload)
            else:
                client.create_certificate(name, upload)
        self._stored[name] = upload.leaf

    # DNS

    def dns(self) -> Dns:
        """The account's DNS as it is now (`FRESH`)."""
        if self._dns is None or self._clock() - self._dns_seen > FRESH:
            domains = self.client.domains()
            names = {
                f"{label}.{domain.name}" if label else domain.name
                for domain in domains
                for label in ("", *domain.subdomains)
            }
            self._dns = Dns(domains, list(self.client.dns_records()), names)
            self._dns_seen = self._clock()
        return self._dns

    def create_subdomain(self, domain: str, label: str) -> None:
        name = f"{label}.{domain}"
        self.made_subdomains.add(name)  # even if the answer gets lost
        with self._changing() as client:
            client.create_subdomain(domain, label)
        if self._dns is not None:
            self._dns.names.add(name)

    def delete_subdomain(self, domain: str, label: str) -> None:
        name = f"{label}.{domain}"
        with self._changing() as client:
            client.delete_subdomain(domain, label)
        self.made_subdomains.discard(name)
        if self._dns is not None:
            self._dns.names.discard(name)

    def create_txt(self, record: DnsRecord) -> None:
        with self._changing() as client:
            client.create_txt(record.name, record.value)
        if self._dns is not None:
            self._dns.records.append(record)

    def delete_txt(self, record: DnsRecord) -> None:
        with self._changing() as client:
            client.delete_txt(record.name, record.value)
        if self._dns is not None:
            self._dns.records.remove(record)


def _key(website: Website) -> tuple[str, bool]:
    return website.name, website.https
