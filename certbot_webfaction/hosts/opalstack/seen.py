"""What was last seen of an account on Opalstack, and whether it is on this machine."""

from __future__ import annotations

import getpass
import os
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from certbot_webfaction.hosts import seen
from certbot_webfaction.hosts.opalstack.client import Opalstack
from certbot_webfaction.hosts.opalstack.model import App, Domain, Osuser, Record, Route, Site
from certbot_webfaction.hosts.seen import FRESH, Reading
from certbot_webfaction.panel.errors import CertificateGoneError
from certbot_webfaction.panel.model import Upload


class Seen(seen.Seen[Opalstack]):
    """What was seen of an account: its users, its apps, its domains by their names, its records.

    ``made_domains`` are those that this process added to the account's DNS.
    """

    def __init__(
        self, make_client: Callable[[], Opalstack], clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(make_client, clock)
        self.made_domains: set[str] = set()
        # It is the login, too: the token is tried. Who the users are is never forgotten.
        self.osusers = Reading(lambda: self.client.osusers(), clock)
        self._sites = self._reading(lambda client: {site.id: site for site in client.sites()})
        self.apps = self._reading(Opalstack.apps)
        self.certificates = self._reading(
            lambda client: {cert.handle: cert for cert in client.certificates()}
        )
        self._stored = self._reading(lambda _client: dict[str, str]())
        self.domains = self._reading(
            lambda client: {domain.name: domain for domain in client.domains()}
        )
        self.records = self._reading(lambda client: list(client.records()))

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
        return tuple(self._sites(within).values())

    def site(self, id: str, within: float | None = FRESH) -> Site | None:
        """The site of this identifier."""
        return self._sites(within).get(id)

    def update_site(self, site: Site, **fields: Any) -> None:
        self.change(lambda client: client.update_site(site, **fields))
        self._note(replace(self.site(site.id, None) or site, **fields))

    def route(self, id: str, change: Callable[[tuple[Route, ...]], tuple[Route, ...]]) -> None:
        """Give a site other routes, made from those that it has at this moment.

        They are sent as a whole, so what somebody has changed there by now has to be among them.
        """
        site = self.client.site(id)
        if site is None or (routes := change(site.routes)) == site.routes:
            return
        sent = [{"app": route.app, "uri": route.uri} for route in routes]
        self.change(lambda client: client.update_site(site, routes=sent))
        self._note(replace(site, routes=routes))

    def _note(self, site: Site) -> None:
        self._sites.change(lambda sites: sites.update({site.id: site}))

    # Apps

    def create_app(self, name: str, osuser: Osuser) -> App:
        app = self.change(lambda client: client.create_app(name, osuser))
        self.apps.value = None
        return app

    def delete_app(self, app: App) -> None:
        self.change(lambda client: client.delete_app(app))
        self.apps.value = None

    # Certificates

    def has_stored(self, id: str, upload: Upload) -> bool:
        """Whether this process stored this very leaf there."""
        return self._stored().get(id) == upload.leaf

    def store(self, name: str, upload: Upload, known: str) -> str:
        """Replace the certificate ``known``, or create one if that is ``""``; its identifier.

        :raises CertificateGoneError: if the known one is not there
        """
        with self.changing() as client:
            if known and not client.update_certificate(known, name, upload):
                raise CertificateGoneError(f"The certificate {name} is not in the panel.")
            handle = known or client.create_certificate(name, upload)
        self._stored()[handle] = upload.leaf
        return handle

    # DNS

    def create_domain(self, name: str) -> Domain:
        domain = self.change(lambda client: client.create_domain(name))
        self.made_domains.add(domain.id)
        self.domains.change(lambda domains: domains.update({domain.name: domain}))
        return domain

    def delete_domain(self, domain: Domain) -> None:
        self.change(lambda client: client.delete_domain(domain))
        self.domains.change(lambda domains: domains.pop(domain.name, None))

    def create_text(self, domain: Domain, content: str) -> Record:
        record = self.change(lambda client: client.create_text(domain, content))
        self.records.change(lambda records: records.append(record))
        return record

    def delete_record(self, record: Record, name: str) -> None:
        self.change(lambda client: client.delete_record(record, name))
        self.records.change(lambda records: records.remove(record))


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
