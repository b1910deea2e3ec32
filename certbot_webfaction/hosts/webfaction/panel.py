"""WebFaction as a panel: websites are http or https, apps are mounted on them."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from certbot.display import util as display_util
from zope.interface import implementer

from certbot_webfaction.hosts.apps import APP
from certbot_webfaction.hosts.host import Credentials, Options
from certbot_webfaction.hosts.local_files import LocalFiles
from certbot_webfaction.hosts.seen import FRESH
from certbot_webfaction.hosts.webfaction import (
    apps,
    records,
    redirects,
    sites,
    websites,
)
from certbot_webfaction.hosts.webfaction.client import WebFaction
from certbot_webfaction.hosts.webfaction.places import MOUNT, Places, undo_mount
from certbot_webfaction.hosts.webfaction.seen import Seen
from certbot_webfaction.hosts.webfaction.shell_files import PanelFiles
from certbot_webfaction.names import covered
from certbot_webfaction.panel.errors import CertificateGoneError, PanelRefusedError
from certbot_webfaction.panel.files import Files
from certbot_webfaction.panel.findings import Finding, Fine, Problem
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

_APP_TYPE = "static_php70"


def connect(credentials: Credentials) -> Seen:
    """What all panels of an account share in this process; nothing is sent."""
    return Seen(lambda: WebFaction(credentials))


@implementer(IPanel)
class Panel:
    """One account on WebFaction, over what this process has seen of it."""

    abilities = Abilities()

    def __init__(self, connection: Seen, options: Options) -> None:
        self._seen = connection
        self._options = options
        self._app_type = options.own.get("app-type") or _APP_TYPE
        self._places = Places(connection, options.own.get("app") or None, self._app_type)

    @cached_property
    def files(self) -> Files:
        """Files on this machine or over the API, as ``--webfaction-files`` says.

        ``auto`` is this machine if the account's websites are served from here: the account's
        ``webapps`` belongs to the current user, and the host name is that of its web server.
        """
        choice = self._options.files
        if choice == "local" or (choice == "auto" and self._is_on_the_host()):
            return LocalFiles()
        return PanelFiles(self._seen.client)

    def _is_on_the_host(self) -> bool:
        account = self._seen.client.login()
        try:
            owner = (Path(account.home) / "webapps").stat().st_uid
        except OSError:
            return False
        name = socket.gethostname().partition(".")[0]
        return owner == os.getuid() and name.lower() == account.web_server.lower()

    def login(self) -> Login:
        account = self._seen.client.login()
        return Login(account.username, account.web_server)

    def http_sites(self, fresh: bool = False) -> tuple[HttpSite, ...]:
        return sites.http_sites(self._seen.websites(FRESH if fresh else None))

    def https_sites(self, fresh: bool = False) -> tuple[HttpsSite, ...]:
        return sites.https_sites(self._seen.websites(FRESH if fresh else None))

    def certificate(self, handle: str) -> Certificate | None:
        known = self._seen.certificates().get(handle)
        if known is None:
            return None
        return Certificate(known.name, known.name, known.domains, known.expires, known.leaf)

    def store(
        self,
        label: str,
        names: Sequence[str],
        upload: Upload,
        known: str,
        taken: Collection[str],
        choose: Callable[[str], None],
    ) -> str:
        name = known or self._free_name(label, names, taken)
        if not known:
            choose(name)
        if not self._seen.has_stored(name, upload):
            self._send(name, upload, there=bool(known) or self._seen.saw_certificate(name))
            display_util.notify(f"Uploaded certificate {label} to the panel as {name}.")
        return name

    def _free_name(self, label: str, names: Sequence[str], taken: Collection[str]) -> str:
        """A name for a new certificate, after the label, as letsencrypt_webfaction named its own.

        Somebody else's certificate keeps its name: one that is for more than these names.
        """

        def is_free(name: str) -> bool:
            known = self._seen.certificates().get(name)
            is_theirs = known and not (
                known.domains and all(covered(n, names) for n in known.domains)
            )
            return name not in taken and not is_theirs

        return sites.first_free(re.sub(r"[^A-Za-z0-9_]", "_", label), is_free)

    def _send(self, name: str, upload: Upload, *, there: bool) -> None:
        """Replace a certificate, or create it; which of them, is not always known for sure.

        :raises CertificateGoneError: if it was there, and is not any more
        """
        try:
            self._seen.put_certificate(name, upload, there=there)
        except PanelRefusedError as error:
            # The string of "no such certificate" was never recorded, so the panel is asked.
            if there == (name in self._seen.certificates(anew=True)):
                raise
            if there:
                raise CertificateGoneError(error.what, error.todo, error.said) from error
            self._seen.put_certificate(name, upload, there=not there)

    def install(
        self,
        site: HttpsSite,
        certificate: str,
        names: Sequence[str],
        made: Change | None,
        notes: Notes,
    ) -> State:
        try:
            return websites.install(self._seen, site, certificate, names, made, notes)
        except PanelRefusedError as error:
            if certificate in self._seen.certificates(anew=True):
                raise
            raise CertificateGoneError(error.what, error.todo, error.said) from error

    def restore(self, site: HttpsSite, change: Change) -> None:
        websites.restore(self._seen, site, change)

    def serve_anew(self, site: HttpsSite) -> None:
        """See `IPanel.serve_anew`: websites follow their certificates by themselves."""

    def redirect(self, site: HttpSite, notes: Notes) -> None:
        redirects.redirect(self._seen, self.files, site, self._app_type, notes)

    def hidden_by_redirect(self, site: HttpSite) -> Sequence[str]:
        return sites.hidden_by_redirect(site, self._seen.websites(FRESH))

    def show_again(self, site: HttpSite, before: State, notes: Notes) -> None:
        redirects.show_again(self._seen, self.files, site, before, notes)

    def find_place(self, site: HttpSite, domain: str) -> Place:
        return self._places.find(site, domain)

    def make_places(self, places: Sequence[Place], notes: Notes) -> list[Place]:
        return self._places.make(places, self.files, notes)

    def find_zones(self, names: Iterable[str]) -> None:
        records.find_owners(names, self._seen.dns())

    def publish(self, name: str, value: str, notes: Notes) -> None:
        records.publish(self._seen, name, value, notes)

    def sweep(self, changes: Sequence[Change]) -> None:
        """See `IPanel.sweep`: a certificate is not noted as made."""

    def undo(self, change: Change, again: bool = False) -> None:
        if change.what == records.RECORD:
            records.undo_record(self._seen, change.after, again)
        elif change.what == MOUNT:
            undo_mount(self._seen, change.after)
        elif change.what == APP:
            undo = redirects.undo_app if change.purpose == redirects.PURPOSE else apps.undo_app
            undo(self._seen, self.files, change)

    def examine(self) -> Sequence[tuple[str, Finding]]:
        return [("machine", self._machine())]

    def report(self) -> Mapping[str, Any]:
        """Nothing: the host is closed, and what it answered is known."""
        return {}

    def _machine(self) -> Finding:
        account = self._seen.client.login()
        is_local = isinstance(self.files, LocalFiles)
        webapps = Path(account.home) / "webapps"
        if is_local and not webapps.is_dir():
            return Problem(
                "machine",
                f"there is no {webapps} here, so this machine is not {account.web_server}, but"
                " --webfaction-files local has files written here",
                "Leave --webfaction-files out, or give `api`, here and in the renewal files.",
            )
        where = "written here" if is_local else "written over its API"
        return Fine(f"{account.web_server}; files are {where}")

    def forget(self) -> None:
        self._seen.forget()
