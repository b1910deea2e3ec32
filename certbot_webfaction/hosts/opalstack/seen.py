"""The client and what it was last seen to show, for all that one process does to an account."""

from __future__ import annotations

import getpass
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from certbot_webfaction.hosts.opalstack.client import Opalstack
from certbot_webfaction.hosts.opalstack.model import App, Cert, Domain, Osuser, Record, Route, Site
from certbot_webfaction.panel.errors import CertificateGoneError
from certbot_webfaction.panel.model import Upload

FRESH = 60.0
"""Seconds for which a reading of the panel counts as what it holds now."""


class Seen:
    """A client and what was seen of its account, shared by everything in this process.

    Placing challenges is content with what was seen at any time, so that a renewal of many
    lineages reads the panel once; whoever changes routes reads the site first.

    ``made_domains`` are those that this process added to the account's DNS.
    """

    def __init__(
        self, make_client: Callable[[], Opalstack], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._make_client = make_client
        self._clock = clock
        self._osusers: tuple[Osuser, ...] | None = None
        self.made_domains: set[str] = set()
        self.forget()

    @cached_property
    def client(self) -> Opalstack:
        """The client itself."""
        return self._make_client()

    def forget(self) -> None:
        """Read everything anew when it is next asked for, but who the users are."""
        self._sites: dict[str, Site] | None = None
        self._sites_seen = 0.0
        self._apps: tuple[App, ...] | None = None
        self._certificates: dict[str, Cert] | None = None
        self._stored: dict[str, str] = {}
        self._dns: tuple[dict[str, Domain], tuple[Record, ...]] | None = None

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Forget what was seen if a change fails: it may have happened all the same."""
        try:
            yield
        except BaseException:
            self.forget()
            raise

    # Users

    def osusers(self) -> tuple[Osuser, ...]:
        """The account's users. It is the login, too: the token is tried."""
        if self._osusers is None:
            self._osusers = self.client.osusers()
        return self._osusers

    def this_user(self, *, anywhere: bool = False) -> Osuser | None:
        """The user of the account that this process runs as, on this machine.

        :param anywhere: whether a user of that name will do, whatever this machine is called
        """
        name = getpass.getuser()
        named = [user for user in self.osusers() if user.name == name]
        here = [user for user in named if _is_here(user.hostname)]
        return next(iter(here or (named if anywhere else [])), None)

    # Sites

    def sites(self, within: float | None = None) -> tuple[Site, ...]:
        """The account's sites as seen in the last ``within`` seconds, or ever."""
        return tuple(self._sites_by_id(within).values())

    def _sites_by_id(self, within: float | None) -> dict[str, Site]:
        old = within is not None and self._clock() - self._sites_seen > within
        if self._sites is None or old:
            self._sites = {site.id: site for site in self.client.sites()}
            self._sites_seen = self._clock()
        return self._sites

    def site(self, id: str, within: float | None = FRESH) -> Site | None:
        """The site of this identifier."""
        return self._sites_by_id(within).get(id)

    def update_site(self, site: Site, **fields: Any) -> None:
        """As `Opalstack.update_site`."""
        with self._changing():
            self.client.update_site(site, **fields)
        if self._sites is not None:
            self._sites[site.id] = replace(self._sites.get(site.id, site), **fields)

    def route(self, id: str, change: Callable[[tuple[Route, ...]], tuple[Route, ...]]) -> None:
        """Give a site other routes, made from those that it has at this moment.

        They are sent as a whole, so what somebody has changed there by now has to be among them.
        """
        site = self.client.site(id)
        if site is None or (routes := change(site.routes)) == site.routes:
            return
        sent = [{"app": route.app, "uri": route.uri} for route in routes]
        with self._changing():
            self.client.update_site(site, routes=sent)
        if self._sites is not None:
            self._sites[id] = replace(site, routes=routes)

    # Apps

    def apps(self, *, anew: bool = False) -> tuple[App, ...]:
        """The account's apps, as seen by this process."""
        if self._apps is None or anew:
            self._apps = self.client.apps()
        return self._apps

    def create_app(self, name: str, osuser: Osuser) -> App:
        """As `Opalstack.create_app`."""
        with self._changing():
            app = self.client.create_app(name, osuser)
        self._apps = None
        return app

    def delete_app(self, app: App) -> None:
        """As `Opalstack.delete_app`."""
        with self._changing():
            self.client.delete_app(app)
        self._apps = None

    # Certificates

    def certificates(self, *, anew: bool = False) -> dict[str, Cert]:
        """The account's certificates as seen by this process, before what it stored."""
        if self._certificates is None or anew:
            self._certificates = {cert.id: cert for cert in self.client.certificates()}
        return self._certificates

    def has_stored(self, id: str, upload: Upload) -> bool:
        """Whether this process stored this very leaf there."""
        return self._stored.get(id) == upload.leaf

    def store(self, name: str, upload: Upload, known: str) -> str:
        """Replace the certificate ``known``, or create one if that is ``""``; its identifier.

        :raises CertificateGoneError: if the known one is not there
        """
        with self._changing():
            if known and not self.client.update_certificate(known, name, upload):
                raise CertificateGoneError(f"The certificate {name} is not in the panel.")
            handle = known or self.client.create_certificate(name, upload)
        self._stored[handle] = upload.leaf
        return handle

    # DNS

    def dns(self, *, anew: bool = False) -> tuple[dict[str, Domain], tuple[Record, ...]]:
        """The account's domains by their names, and its DNS records, as seen by this process."""
        if self._dns is None or anew:
            domains = {domain.name: domain for domain in self.client.domains()}
            self._dns = domains, self.client.records()
        return self._dns

    def create_domain(self, name: str) -> Domain:
        """As `Opalstack.create_domain`."""
        with self._changing():
            domain = self.client.create_domain(name)
        self.made_domains.add(domain.id)
        domains, records = self.dns()
        self._dns = {**domains, domain.name: domain}, records
        return domain

    def delete_domain(self, domain: Domain) -> None:
        """As `Opalstack.delete_domain`."""
        with self._changing():
            self.client.delete_domain(domain)
        domains, records = self.dns()
        self._dns = {n: each for n, each in domains.items() if each.id != domain.id}, records

    def create_text(self, domain: Domain, content: str) -> Record:
        """As `Opalstack.create_text`."""
        with self._changing():
            record = self.client.create_text(domain, content)
        domains, records = self.dns()
        self._dns = domains, (*records, record)
        return record

    def delete_record(self, record: Record, name: str) -> None:
        """As `Opalstack.delete_record`."""
        with self._changing():
            self.client.delete_record(record, name)
        domains, records = self.dns()
        self._dns = domains, tuple(each for each in records if each.id != record.id)


def _is_here(hostname: str) -> bool:
    """Whether this machine is called that, as far as both names tell."""
    here, there = socket.gethostname().lower(), hostname.lower()
    if "." in here and "." in there:
        return here == there
    return bool(there) and here.partition(".")[0] == there.partition(".")[0]


def home_here() -> Path | None:
    """The home directory that has this user's apps; `None` where there is none here."""
    home = Path.home()
    try:
        return home if (home / "apps").stat().st_uid == os.getuid() else None
    except OSError:
        return None
