"""An account on WebFaction for tests: the panel of every host over a client in memory."""

from __future__ import annotations

from pathlib import Path

from certbot_webfaction.books import Books
from certbot_webfaction.hosts.host import Options
from certbot_webfaction.hosts.webfaction.client import WebFaction
from certbot_webfaction.hosts.webfaction.model import Account, Mount, Website
from certbot_webfaction.hosts.webfaction.panel import Panel
from certbot_webfaction.hosts.webfaction.seen import Seen
from certbot_webfaction.panel.model import HttpSite, HttpsSite
from certbot_webfaction.web.route import Route
from tests.hosts.webfaction.fake import IP
from tests.hosts.webfaction.shell_panel import ShellPanel
from tests.web.web import Time


def options(
    folder: Path, *, files: str = "api", app: str | None = None, app_type: str | None = None
) -> Options:
    """The options of the plugin."""
    return Options(
        credentials=folder / "webfaction.ini",
        default_credentials=folder / "webfaction.ini",
        api_url=None,
        files=files,
        wait=0,
        route=Route(),
        own={"app": app, "app-type": app_type},
    )


class Fixture:
    """An account with websites whose apps serve files; `books` are its notes."""

    def __init__(
        self,
        directory: Path,
        *websites: Website,
        files: str = "api",
        app: str | None = None,
        app_type: str | None = None,
    ) -> None:
        self.home = directory / "home"
        (self.home / "webapps").mkdir(parents=True)
        self.options = options(directory, files=files, app=app, app_type=app_type)
        self.client = ShellPanel(
            websites=websites, account=Account("alice", str(self.home), "web500")
        )
        for name in sorted({mount.app for website in websites for mount in website.mounts}):
            self.client.create_app(name, "static_php70")
        self.books = Books(directory / "books")
        self.time = Time()
        self.new_process()

    def new_process(self) -> None:
        """Forget what a process knows; disk and panel stay."""
        client: WebFaction = self.client
        self.panel = Panel(Seen(lambda: client, self.time.clock), self.options)
        self.books.read()
        self.client.calls.clear()

    def http(self, name: str) -> HttpSite:
        """The http site of this identity, as it is."""
        return next(site for site in self.panel.http_sites(fresh=True) if site.id == name)

    def https(self, name: str) -> HttpsSite:
        """The https site of this identity, as it is or could be."""
        return next(site for site in self.panel.https_sites(fresh=True) if site.id == name)

    def site(self, name: str, *, https: bool) -> Website:
        """The website as the panel has it."""
        return self.client.sites[name, https]

    def writes(self) -> list[str]:
        """The verbs that changed the panel, in order."""
        changing = ("create", "update", "delete")
        return [verb for verb in self.client.verbs() if verb.startswith(changing)]


def http(name: str, *domains: str, app: str = "site", path: str = "/") -> Website:
    """An http website with one app."""
    return Website(name, IP, False, domains, (Mount(app, path),))


def https(name: str, *domains: str, certificate: str = "", app: str = "site") -> Website:
    """An https website with one app."""
    return Website(name, IP, True, domains, (Mount(app, "/"),), certificate)
