"""Opalstack as a panel: a site serves http, and https once it has a certificate."""

from __future__ import annotations

import contextlib
import datetime
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from certbot.display import util as display_util
from zope.interface import implementer

from certbot_webfaction.hosts.apps import APP
from certbot_webfaction.hosts.host import Credentials, Options
from certbot_webfaction.hosts.local_files import LocalFiles
from certbot_webfaction.hosts.opalstack import places, records
from certbot_webfaction.hosts.opalstack.client import Opalstack
from certbot_webfaction.hosts.opalstack.examining import examine, machine
from certbot_webfaction.hosts.opalstack.model import Site
from certbot_webfaction.hosts.opalstack.places import Places
from certbot_webfaction.hosts.opalstack.seen import Seen
from certbot_webfaction.hosts.seen import FRESH
from certbot_webfaction.hosts.shapes import shapes_of
from certbot_webfaction.panel.errors import (
    CertificateGoneError,
    ChangedByHandError,
    PanelError,
    PanelRefusedError,
)
from certbot_webfaction.panel.files import Files
from certbot_webfaction.panel.findings import Finding
from certbot_webfaction.panel.interface import IPanel, Notes
from certbot_webfaction.panel.model import (
    Abilities,
    Certificate,
    Change,
    HttpSite,
    HttpsSite,
    Login,
    Place,
    State,
    Upload,
)

ABILITIES = Abilities(rereads=True)
"""What the host can do where files can be written."""


_KINDS = ("osuser", "server", "site", "app", "domain", "dnsrecord")
"""What a report is about; the list of certificates would carry keys."""


def connect(credentials: Credentials) -> Seen:
    """What all panels of an account share in this process; nothing is sent."""
    return Seen(lambda: Opalstack(credentials))


def log_in(credentials: Credentials, given: Collection[str]) -> Credentials:
    """See `Host.log_in`: the token tells all that there is to know, and that is shown."""
    display_util.notify(f"This host: {machine(connect(credentials)).text}.")
    return credentials


@implementer(IPanel)
class Panel:
    """One account on Opalstack, over what this process has seen of it."""

    def __init__(self, connection: Seen, options: Options) -> None:
        self._seen = connection
        self._seen.client.quiet = options.quiet
        self._places = Places(connection, options.own.get("app"), options.files == "local")
        self.files: Files = LocalFiles()

    @property
    def abilities(self) -> Abilities:
        """See `IPanel.abilities`. Files are only written where the account's user has its apps."""
        return replace(ABILITIES, files=self._places.here() is not None)

    def login(self) -> Login:
        users = self._seen.osusers()
        user = self._seen.this_user() or next(iter(users), None)
        return Login(user.name, user.hostname) if user else Login("", "")

    def http_sites(self, fresh: bool = False) -> tuple[HttpSite, ...]:
        return tuple(
            HttpSite(
                site.id,
                _label(site),
                _names(site),
                _redirects(site),
                address=site.address,
                name=site.name,
            )
            for site in self._seen.sites(FRESH if fresh else None)
        )

    def https_sites(self, fresh: bool = False) -> tuple[HttpsSite, ...]:
        return tuple(
            HttpsSite(
                site.id,
                _label(site),
                _names(site),
                holds=site.cert,
                state=_state(site),
                kept_by_host=site.generate_le,
                name=site.name,
            )
            for site in self._seen.sites(FRESH if fresh else None)
        )

    def certificate(self, handle: str) -> Certificate | None:
        return self._seen.certificates().get(handle)

    def store(
        self,
        label: str,
        names: Sequence[str],
        upload: Upload,
        known: str,
        taken: Collection[str],
        choose: Callable[[str], None],
    ) -> str:
        """See `IPanel.store`. Other certificates may have the name, so none is looked for by it."""
        if known and self._seen.has_stored(known, upload):
            return known
        # A run that was killed could not note what it had made.
        if not known and (there := self._made_before(upload, taken)):
            return there
        name = re.sub(r"[^A-Za-z0-9_]", "_", label)[:255]
        handle = self._seen.store(name, upload, known)
        display_util.notify(f"Uploaded certificate {label} to the panel as {name}.")
        return handle

    def _made_before(self, upload: Upload, taken: Collection[str]) -> str:
        leaf = upload.leaf.split()
        for handle, known in self._seen.certificates(anew=True).items():
            if handle not in taken and known.leaf.split() == leaf:
                return handle
        return ""

    def install(
        self,
        site: HttpsSite,
        certificate: str,
        names: Sequence[str],
        made: Change | None,
        notes: Notes,
    ) -> State:
        """See `IPanel.install`. A site that the host sees to is taken over from it."""
        there = self._there(site)
        if (there.cert, there.generate_le) != (certificate, False):
            try:
                self._seen.update_site(there, cert=certificate, generate_le=False)
            except PanelRefusedError as error:
                if self._seen.client.has_certificate(certificate):
                    raise
                raise CertificateGoneError(error.what, error.todo, error.said) from error
        return _state(self._there(site))

    def restore(self, site: HttpsSite, change: Change) -> None:
        """See `IPanel.restore`. The host gets back what it saw to."""
        there, before = self._there(site), change.before["state"]
        if before["generate_le"]:
            self._hand_back(there, before["cert"])
            return
        try:
            self._seen.update_site(there, cert=before["cert"], generate_le=False)
        except PanelRefusedError as error:
            if not before["cert"] or self._seen.client.has_certificate(before["cert"]):
                raise
            raise ChangedByHandError("the certificate that it had is gone") from error

    def _hand_back(self, site: Site, cert: str | None) -> None:
        """Let the host see to a site again; ours is presented until it does."""
        former = self._seen.certificates(anew=True).get(cert or "")
        today = datetime.datetime.now(datetime.timezone.utc).date()
        if former and former.expires and former.expires > today:
            with contextlib.suppress(PanelRefusedError):
                self._seen.update_site(site, cert=cert, generate_le=True)
                return
        self._seen.update_site(site, generate_le=True)

    def serve_anew(self, site: HttpsSite) -> None:
        """See `IPanel.serve_anew`. Whether replacing it is enough was never tried."""
        there = self._there(site)
        if there.cert:
            self._seen.update_site(there, cert=there.cert)

    def redirect(self, site: HttpSite, notes: Notes) -> None:
        there = self._there(site)
        if not there.redirect:
            self._seen.update_site(there, redirect=True)

    def hidden_by_redirect(self, site: HttpSite) -> Sequence[str]:
        """Nothing: one site serves http and https."""
        return ()

    def show_again(self, site: HttpSite, before: State, notes: Notes) -> None:
        there = self._there(site)
        if there.redirect:
            self._seen.update_site(there, redirect=False)

    def _there(self, site: HttpSite | HttpsSite) -> Site:
        if found := self._seen.site(site.id):
            return found
        raise PanelError(f"The {site.label} is gone from the panel.")

    def find_place(self, site: HttpSite, domain: str) -> Place:
        return self._places.find(site, domain)

    def make_places(self, places: Sequence[Place], notes: Notes) -> list[Place]:
        return self._places.make(places, self.files, notes)

    def find_zones(self, names: Iterable[str]) -> None:
        records.find_owners(self._seen, names)

    def publish(self, name: str, value: str, notes: Notes) -> None:
        records.publish(self._seen, name, value, notes)

    def sweep(self, changes: Sequence[Change]) -> None:
        """See `IPanel.sweep`: a certificate is not noted as made."""

    def undo(self, change: Change, again: bool = False) -> None:
        if change.what == Change.RECORD:
            records.undo_record(self._seen, change)
        elif change.what == places.ROUTE:
            places.undo_route(self._seen, change)
        elif change.what == APP:
            places.undo_app(self._seen, self.files, change)

    def examine(self) -> Sequence[tuple[str, Finding]]:
        return examine(self._seen)

    def report(self) -> Mapping[str, Any]:
        """See `IPanel.report`."""
        lists = {kind: partial(self._seen.client.listed, kind) for kind in _KINDS}
        return {"answers": shapes_of(lists)}

    def forget(self) -> None:
        self._seen.forget()


def _label(site: Site) -> str:
    return f"site {site.name}"


def _names(site: Site) -> tuple[str, ...]:
    return tuple(dict.fromkeys(domain.name for domain in site.domains))


def _redirects(site: Site) -> bool:
    """Whether it does; without a certificate the host takes no notice of what it says."""
    return site.redirect and site.cert is not None


def _state(site: Site) -> State:
    return {"cert": site.cert, "generate_le": site.generate_le}
