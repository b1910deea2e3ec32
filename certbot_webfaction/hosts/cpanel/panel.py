"""cPanel as a panel: each virtual host is an http and an https site with one certificate."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from zope.interface import implementer

from certbot_webfaction.hosts.cpanel import installing
from certbot_webfaction.hosts.cpanel.client import Client
from certbot_webfaction.hosts.cpanel.credentials import COMMAND, at_hand, user_of
from certbot_webfaction.hosts.cpanel.examining import examine, report
from certbot_webfaction.hosts.cpanel.fileman import PanelFiles
from certbot_webfaction.hosts.cpanel.model import handle_of
from certbot_webfaction.hosts.cpanel.records import Records
from certbot_webfaction.hosts.cpanel.seen import Seen
from certbot_webfaction.hosts.host import Credentials, Options
from certbot_webfaction.hosts.local_files import LocalFiles
from certbot_webfaction.hosts.seen import FRESH
from certbot_webfaction.panel.errors import PanelError
from certbot_webfaction.panel.files import Files
from certbot_webfaction.panel.findings import Finding
from certbot_webfaction.panel.interface import IPanel, Notes
from certbot_webfaction.panel.model import (
    CHALLENGE_PATH,
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

logger = logging.getLogger(__name__)

_ALTERNATIVE = "have DNS answer, with --preferred-challenges dns"

_INTERFERENCE = (
    "something answers in place of the files in {directory}: a password that the panel has put on"
    " it (Files, Directory Privacy), a redirect (Domains, Redirects), rules of a security plugin in"
    " its .htaccess, or an app (Software). Take the password off; write"
    " “RewriteRule ^\\.well-known/acme-challenge/ - [L]” before the other rules, and let no"
    " RedirectMatch fit .well-known; for an app, run `ln -s {directory}/.well-known APP/public/`"
    " with its directory. `certbot-webfaction doctor` names redirects. Or {alternative}."
)


class Connection(Seen):
    """What all panels of an account share in this process; nothing is sent."""

    def __init__(
        self,
        credentials: Credentials,
        make_client: Callable[[Credentials], Client] = Client,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(lambda: make_client(credentials), clock)
        self.credentials = credentials


def connect(credentials: Credentials) -> Connection:
    """What all panels of an account share in this process; nothing is sent."""
    return Connection(credentials)


def log_in(credentials: Credentials, given: Collection[str]) -> Credentials:
    """See `Host.log_in`; a plan with which no certificate can be installed is warned of."""
    client = Client(at_hand(credentials) or credentials)
    client.domains()
    if not client.features.get("sslinstall", True):
        logger.warning(
            "The plan of this account lacks the feature “sslinstall”: certificates can be got, but"
            " nobody but the host can install them. Ask it to enable “sslinstall”."
        )
    return credentials


@implementer(IPanel)
class Panel:
    """One account on cPanel, over what this process has seen of it."""

    abilities = Abilities(keeps_certificates=False)

    def __init__(self, connection: Connection, options: Options) -> None:
        self._seen = connection
        self._options = options

    @cached_property
    def _records(self) -> Records:
        return Records(self._seen.client)

    @cached_property
    def files(self) -> Files:
        """Files on this machine or over the API, as ``--cpanel-files`` says."""
        choice = self._options.files
        if choice == "local" or (choice == "auto" and self._is_on_the_host()):
            return LocalFiles()
        return PanelFiles(self._seen.client)

    def _is_on_the_host(self) -> bool:
        if self._seen.client.is_here:
            return True
        home = next((domain.home for domain in self._seen.domains()), "")
        try:
            return bool(shutil.which(COMMAND)) and Path(home).stat().st_uid == os.getuid()
        except OSError:
            return False

    def login(self) -> Login:
        """See `IPanel.login`. What it asks for is needed anyway."""
        self._seen.domains()
        credentials = self._seen.credentials
        server = credentials.get("host") or urlsplit(credentials["api_url"]).hostname
        return Login(user_of(credentials), server or socket.gethostname())

    def http_sites(self, fresh: bool = False) -> tuple[HttpSite, ...]:
        return tuple(
            HttpSite(
                id=host.servername,
                label=host.label,
                names=host.names,
                auxiliary=host.auxiliary,
                redirects=host.redirects,
                address=host.address,
            )
            for host in self._seen.hosts(FRESH if fresh else None)
        )

    def https_sites(self, fresh: bool = False) -> tuple[HttpsSite, ...]:
        return tuple(
            HttpsSite(
                id=host.servername,
                label=host.label,
                names=host.names,
                auxiliary=host.auxiliary,
                holds=installing.holds(host),
                state=installing.state_of(host),
                kept_by_host=bool(host.installed and host.installed.is_autossl),
            )
            for host in self._seen.hosts(FRESH if fresh else None)
        )

    def certificate(self, handle: str) -> Certificate | None:
        """See `IPanel.certificate`: one that some virtual host presents."""
        installed = self._seen.presenting(handle)
        if installed is None:
            return None
        return Certificate(
            handle,
            f"{handle} of AutoSSL" if installed.is_autossl else handle,
            installed.names,
            installed.expires,
            installed.leaf,
            kept_by_host=installed.is_autossl,
        )

    def store(
        self,
        label: str,
        names: Sequence[str],
        upload: Upload,
        known: str,
        taken: Collection[str],
        choose: Callable[[str], None],
    ) -> str:
        """See `IPanel.store`: it is kept in memory until it is installed."""
        handle = handle_of(upload.leaf)
        self._seen.uploads[handle] = upload
        return handle

    def install(
        self,
        site: HttpsSite,
        certificate: str,
        names: Sequence[str],
        made: Change | None,
        notes: Notes,
    ) -> State:
        return installing.install(self._seen, site, certificate, notes)

    def restore(self, site: HttpsSite, change: Change) -> None:
        installing.restore(self._seen, site, change.before)

    def serve_anew(self, site: HttpsSite) -> None:
        """See `IPanel.serve_anew`: installing tells the web server."""

    def redirect(self, site: HttpSite, notes: Notes) -> None:
        """See `IPanel.redirect`: the panel's own switch."""
        self._switch(site, on=True)

    def hidden_by_redirect(self, site: HttpSite) -> Sequence[str]:
        """See `IPanel.hidden_by_redirect`: http and https show the same."""
        return ()

    def show_again(self, site: HttpSite, before: State, notes: Notes) -> None:
        self._switch(site, on=False)

    def _switch(self, site: HttpSite, *, on: bool) -> None:
        host = self._seen.host(site.id)
        if host is None or host.redirects == on:
            return
        # An addon domain goes together with its subdomain (vendor's documentation).
        domains = [host.names[0], *filter(None, [host.subdomain])]
        self._seen.change(lambda client: client.toggle_redirect(domains, host.label, on=on))
        self._seen.saw_redirect(host.servername, on=on)

    def find_place(self, site: HttpSite, domain: str) -> Place:
        host = self._seen.host(site.id, within=None)
        if host is None or not host.document_root.startswith("/"):
            raise PanelError(
                f"The {site.label} has no document root in the panel any more, so challenges for"
                f" {domain} can't be answered there.",
                "Look under Domains in the panel, and run the command again.",
            )
        return Place(
            domain=domain,
            site=site,
            directory=host.document_root,
            below=CHALLENGE_PATH.removeprefix("/"),
            holder=host.document_root,
            mount="/",
            interference=_INTERFERENCE.format(
                directory=host.document_root, alternative=_ALTERNATIVE
            ),
            alternative=_ALTERNATIVE,
            protection="in the panel under Files, Directory Privacy",
        )

    def make_places(self, places: Sequence[Place], notes: Notes) -> list[Place]:
        """See `IPanel.make_places`: document roots are there."""
        return list(places)

    def find_zones(self, names: Iterable[str]) -> None:
        self._records.find(names)

    def publish(self, name: str, value: str, notes: Notes) -> None:
        self._records.publish(name, value, notes)

    def sweep(self, changes: Sequence[Change]) -> None:
        installing.sweep(self._seen, changes)

    def undo(self, change: Change, again: bool = False) -> None:
        if change.what == installing.UPLOAD:
            installing.undo_upload(self._seen, change)
        elif change.what == Change.RECORD:
            self._records.undo(change.after)

    def examine(self) -> Sequence[tuple[str, Finding]]:
        return list(examine(self._seen.client, self._seen.hosts()))

    def report(self) -> Mapping[str, Any]:
        """See `IPanel.report`."""
        return report(self._seen.client)

    def forget(self) -> None:
        self._seen.forget()
        self._records.forget()
