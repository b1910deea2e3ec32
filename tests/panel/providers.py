"""Providers of `IPanel`, each with an account of the same sites, for tests of their contract."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from certbot_webfaction.books import Books
from certbot_webfaction.hosts.cpanel import panel as cpanel
from certbot_webfaction.hosts.cpanel.client import Client
from certbot_webfaction.hosts.cpanel.model import handle_of
from certbot_webfaction.hosts.host import Options
from certbot_webfaction.hosts.opalstack import seen as opalstack_seen
from certbot_webfaction.hosts.opalstack.client import Opalstack
from certbot_webfaction.hosts.opalstack.panel import Panel as OpalstackPanel
from certbot_webfaction.hosts.webfaction.client import WebFaction
from certbot_webfaction.hosts.webfaction.model import Account, Domain, Mount, Website
from certbot_webfaction.hosts.webfaction.panel import Panel
from certbot_webfaction.hosts.webfaction.seen import Seen
from certbot_webfaction.lineages.files import leaf_names
from certbot_webfaction.names import a_label
from certbot_webfaction.panel.errors import (
    LoginRefusedError,
    PanelUnreachableError,
)
from certbot_webfaction.panel.interface import IPanel
from certbot_webfaction.panel.model import (
    CHALLENGE_PATH,
    Certificate,
    Change,
    HttpSite,
    HttpsSite,
    Place,
    Upload,
)
from certbot_webfaction.panel.serving import Sites
from certbot_webfaction.web.route import Route
from tests.hosts.webfaction.accounts import options
from tests.hosts.webfaction.conftest import credentials
from tests.hosts.webfaction.fake import ALICE
from tests.hosts.webfaction.shell_panel import ShellPanel
from tests.panel.one_site import OneSite, OneSiteHost, OneSitePanel, Record
from tests.sandbox.api import ApiServer
from tests.sandbox.cpanel.account import IP
from tests.sandbox.cpanel.account import Account as CpanelAccount
from tests.sandbox.cpanel.authority import Authority
from tests.sandbox.cpanel.installs import Given
from tests.sandbox.cpanel.panel import Panel as CpanelPanel
from tests.sandbox.cpanel.server import PanelServer
from tests.sandbox.cpanel.vhosts import VirtualHost
from tests.sandbox.cpanel.zones import Zone
from tests.sandbox.host import Host
from tests.sandbox.opalstack.account import Account as OpalstackAccount
from tests.sandbox.opalstack.api import ApiServer as OpalstackApi
from tests.sandbox.opalstack.objects import Site as OpalstackSite
from tests.sandbox.opalstack.switches import Switches
from tests.web.web import Time

NAME = "_acme-challenge.example.com"


@dataclass(frozen=True)
class Uploads:
    """``ours`` and ``renewed`` are for shop.test and www.shop.test, ``theirs`` for blog.test."""

    ours: Upload
    renewed: Upload
    theirs: Upload


class Line:
    """The way to a host: notes what is written there, and may break.

    :param host: the host or its client
    :param writes: the verbs that change something
    """

    def __init__(self, host: object, *writes: str) -> None:
        self._host = host
        self._writes = writes
        self.written: list[str] = []
        self.breaks: str = ""

    def __getattr__(self, verb: str) -> Any:
        there = getattr(self._host, verb)
        if verb not in self._writes:
            return there

        def write(*args: Any, **how: Any) -> Any:
            breaks, self.breaks = self.breaks, ""
            if breaks == "before":
                raise PanelUnreachableError("The panel gave no usable answer.")
            self.written.append(verb)
            done = there(*args, **how)
            if breaks == "after":
                raise PanelUnreachableError("The panel gave no usable answer.")
            return done

        return write


class Provider(ABC):
    """An account on a host, what a caller does to it, and what somebody does by hand.

    It has three sites: shop (shop.test and www.shop.test) has files, api (api.test) runs code, and
    blog (blog.test) has files and presents a certificate of somebody's, ``theirs``. Its DNS has the
    zone example.com.
    """

    panel: IPanel
    line: Line
    theirs: str
    """Its handle."""

    def __init__(self, directory: Path, uploads: Uploads, stack: ExitStack) -> None:
        self.uploads = uploads
        self.chosen: list[str] = []
        self.time = Time()
        self.books = Books(directory / "books")
        self.books.save()
        self._set_up(directory, stack)
        self.new_process()

    @abstractmethod
    def _set_up(self, directory: Path, stack: ExitStack) -> None:
        """Make the account."""

    @abstractmethod
    def _open(self) -> IPanel:
        """The panel, over ``line``, as a new process opens it."""

    def new_process(self) -> None:
        """Forget what a process knows; the books are on disk."""
        self.panel = self._open()
        self.books.read()
        self.line.written.clear()

    def writes(self) -> list[str]:
        """What was written since a process began, or since this was asked."""
        written = list(self.line.written)
        self.line.written.clear()
        return written

    # As a caller does

    def http(self, domain: str) -> HttpSite:
        """The http site that serves a domain."""
        return Sites(self.panel.http_sites()).serving(domain)[0]

    def https(self, domain: str) -> HttpsSite:
        """The https site that serves a domain, or could."""
        return Sites(self.panel.https_sites()).serving(domain)[0]

    def store(self, known: str = "", upload: Upload | None = None, taken: str = "") -> str:
        """Store a certificate for shop.test; ``chosen`` are the handles chosen before that."""
        names = ["shop.test", "www.shop.test"]
        others = [taken] if taken else []
        return self.panel.store(
            "shop.test", names, upload or self.uploads.ours, known, others, self.chosen.append
        )

    def install(self, domain: str, handle: str) -> Change:
        """Let the site of a domain present a certificate, and note that."""
        site = self.https(domain)
        noted = self.books.noted(Change.SITE, site.id)
        before = noted.before if noted else None
        if noted is None and site.exists:
            before = _field(site.holds, site, site.state)
        change = Change(Change.SITE, site.id, before, _field(handle, site, None))
        made = noted if noted and noted.before is None else None
        with self.books.changing(change):
            change.after["state"] = self.panel.install(
                site, handle, list(site.names), made, self.books
            )
        return change

    def restore(self, domain: str) -> None:
        """Give the site back what it held."""
        site = self.https(domain)
        change = self.books.noted(Change.SITE, site.id)
        if change is not None:
            self.panel.restore(site, change)
            self.books.forget(change)

    def redirect(self, domain: str) -> None:
        """Let the http site of a domain redirect, and note that."""
        site = self.http(domain)
        noted = self.books.noted(Change.REDIRECT, site.id)
        before = noted.before if noted else site.state
        change = Change(Change.REDIRECT, site.id, before, {"label": site.label})
        with self.books.changing(change):
            self.panel.redirect(site, self.books)

    def show_again(self, domain: str) -> None:
        """Let it show again what it did."""
        site = self.http(domain)
        change = self.books.noted(Change.REDIRECT, site.id)
        if change is not None:
            self.panel.show_again(site, change.before, self.books)
            self.books.forget(change)

    def place(self, domain: str) -> Place:
        """The place of a domain's challenge files."""
        return self.panel.find_place(self.http(domain), domain)

    def make_place(self, *domains: str) -> list[Place]:
        """Make the places of these domains."""
        return self.panel.make_places([self.place(domain) for domain in domains], self.books)

    def undo_all(self, what: str = "") -> None:
        """Undo what was made for challenges, in the reverse order."""
        self.panel.forget()
        for change in reversed(self.books.journal.made_for(Change.CHALLENGE)):
            if what in ("", change.what):
                self.panel.undo(change)
                self.books.forget(change)

    # As somebody does by hand

    @abstractmethod
    def choose(self, domain: str, handle: str | None) -> None:
        """Let the https site of a domain present another certificate, or none of its own."""

    @abstractmethod
    def add_elsewhere(self, domain: str) -> None:
        """Let the site that presents a certificate for a domain show something at /elsewhere."""

    @abstractmethod
    def shows_elsewhere(self, domain: str) -> bool:
        """Whether it does."""

    @abstractmethod
    def add_name(self, domain: str, name: str) -> None:
        """Give the site that presents a certificate for a domain another name."""

    @abstractmethod
    def add_certificate(self, label: str, upload: Upload) -> str:
        """Store a certificate; its handle is returned."""

    @abstractmethod
    def delete_certificate(self, handle: str) -> None:
        """Delete a certificate, which no site presents."""

    @abstractmethod
    def certificates(self) -> dict[str, Certificate]:
        """All certificates by their handles, as they are."""

    @abstractmethod
    def records(self) -> list[tuple[str, str]]:
        """Name and value of all TXT records."""

    @abstractmethod
    def add_record(self, value: str) -> None:
        """Publish a TXT record at `NAME`."""

    @abstractmethod
    def refuse_login(self) -> None:
        """Let the credentials be wrong from now on, and open the panel anew."""


def _field(handle: str | None, site: HttpsSite, state: Any) -> dict[str, Any]:
    return {
        "certificate": handle,
        "names": list(site.names),
        "made_from": site.made_from,
        "state": state,
    }


class OneSiteProvider(Provider):
    """The host of another shape."""

    def _set_up(self, directory: Path, stack: ExitStack) -> None:
        roots = {name: directory / name for name in ("shop", "blog")}
        for root in roots.values():
            root.mkdir()
        self.host = OneSiteHost(
            directory,
            sites=(
                OneSite("shop", ("shop.test", "www.shop.test"), str(roots["shop"])),
                OneSite("api", ("api.test",)),
                OneSite("blog", ("blog.test",), str(roots["blog"])),
            ),
            zones=["example.com"],
            time=self.time,
        )
        self.theirs = self.host.add_certificate("blog_test", self.uploads.theirs)
        self.host.site("blog").certificate = self.theirs
        writes = ("update_site", "create_certificate", "replace_certificate")
        more = ("create_folder", "delete_folder", "create_record", "delete_record")
        self.line = Line(self.host, *writes, *more)

    def _open(self) -> IPanel:
        host: Any = self.line
        panel: IPanel = OneSitePanel(host)
        return panel

    def _site(self, domain: str) -> OneSite:
        self.host.settle()
        return next(site for site in self.host.sites.values() if domain in site.domains)

    def choose(self, domain: str, handle: str | None) -> None:
        self._site(domain).certificate = handle

    def add_elsewhere(self, domain: str) -> None:
        self._site(domain).routes["/elsewhere"] = str(self.host.directory)

    def shows_elsewhere(self, domain: str) -> bool:
        return "/elsewhere" in self._site(domain).routes

    def add_name(self, domain: str, name: str) -> None:
        self._site(domain).domains += (name,)

    def add_certificate(self, label: str, upload: Upload) -> str:
        return self.host.add_certificate(label, upload)

    def delete_certificate(self, handle: str) -> None:
        self.host.settle()
        del self.host.certificates[handle]

    def certificates(self) -> dict[str, Certificate]:
        self.host.settle()
        return self.host.certificates

    def records(self) -> list[tuple[str, str]]:
        self.host.settle()
        return [(record.name, record.value) for record in self.host.records.values()]

    def add_record(self, value: str) -> None:
        self.host.records["somebody's"] = Record(NAME, "TXT", value)

    def refuse_login(self) -> None:
        self.new_process()
        self.host.fail(verb="login", error=LoginRefusedError("The panel refused the token."))


class WebFactionProvider(Provider):
    """WebFaction's panel over a client."""

    by_hand: WebFaction

    def _fill(self, directory: Path, ip: str) -> None:
        """Make the sites, once ``by_hand`` is there."""
        self._options = options(directory)
        client = self.by_hand
        client.create_app("files", "static_php70")
        client.create_app("code", "django41")
        client.create_certificate("blog_test", self.uploads.theirs)
        self.theirs = "blog_test"
        files, code = (Mount("files", "/"),), (Mount("code", "/"),)
        for website in (
            Website("shop", ip, False, ("shop.test", "www.shop.test"), files),
            Website("api", ip, False, ("api.test",), code),
            Website("blog", ip, False, ("blog.test",), files),
            Website("blog", ip, True, ("blog.test",), files, "blog_test"),
        ):
            client.create_website(website)
        writes = ("create_website", "update_website", "delete_website", "create_app", "delete_app")
        more = ("create_certificate", "update_certificate", "create_subdomain", "delete_subdomain")
        self.line = Line(client, *writes, *more, "create_txt", "delete_txt")

    def _open(self) -> IPanel:
        client: Any = self.line
        panel: IPanel = Panel(Seen(lambda: client, self.time.clock), self._options)
        return panel

    def _website(self, domain: str) -> Website:
        return next(
            site for site in self.by_hand.websites() if site.https and domain in site.domains
        )

    def choose(self, domain: str, handle: str | None) -> None:
        self.by_hand.update_website(replace(self._website(domain), certificate=handle or ""))

    def add_elsewhere(self, domain: str) -> None:
        website = self._website(domain)
        mounts = (*website.mounts, Mount("files", "/elsewhere"))
        self.by_hand.update_website(replace(website, mounts=mounts))

    def shows_elsewhere(self, domain: str) -> bool:
        return Mount("files", "/elsewhere") in self._website(domain).mounts

    def add_name(self, domain: str, name: str) -> None:
        website = self._website(domain)
        self.by_hand.update_website(replace(website, domains=(*website.domains, name)))

    def add_certificate(self, label: str, upload: Upload) -> str:
        self.by_hand.create_certificate(label.replace(".", "_"), upload)
        return label.replace(".", "_")

    def certificates(self) -> dict[str, Certificate]:
        return {
            each.name: Certificate(each.name, each.name, each.domains, each.expires, each.leaf)
            for each in self.by_hand.certificates()
        }

    def records(self) -> list[tuple[str, str]]:
        return [(each.name, each.value) for each in self.by_hand.dns_records()]

    def add_record(self, value: str) -> None:
        domains = {a_label(domain.name): domain for domain in self.by_hand.domains()}
        if "_acme-challenge" not in domains["example.com"].subdomains:
            self.by_hand.create_subdomain("example.com", "_acme-challenge")
        self.by_hand.create_txt(NAME, value)


class FakeProvider(WebFactionProvider):
    """WebFaction's panel over a client in memory."""

    def _set_up(self, directory: Path, stack: ExitStack) -> None:
        home = directory / "home"
        (home / "webapps").mkdir(parents=True)
        self.client = ShellPanel(
            account=Account(ALICE.username, str(home), ALICE.web_server),
            domains=(Domain("example.com", ("www",)),),
        )
        self.by_hand = self.client
        self._fill(directory, self.client.ips[0])

    def delete_certificate(self, handle: str) -> None:
        del self.client.installed[handle]

    def refuse_login(self) -> None:
        self.new_process()
        error = LoginRefusedError("The panel refused the login.")
        for verb in ("login", "websites"):  # the client logs in for any verb
            self.client.fail(verb=verb, error=error)


class ApiProvider(WebFactionProvider):
    """WebFaction's panel over the real client, at the API on a real socket."""

    def _set_up(self, directory: Path, stack: ExitStack) -> None:
        self.host = Host(directory / "home")
        self.host.add_domain("example.com", "www")
        self._api = stack.enter_context(ApiServer(self.host))
        self.by_hand = WebFaction(credentials(self.host, self._api))
        self._fill(directory, self.host.ips[0].ip)

    def delete_certificate(self, handle: str) -> None:
        now = self.host.snapshot()
        left = tuple(each for each in now.certificates if each.name != handle)
        self.host.restore(replace(now, certificates=left))

    def refuse_login(self) -> None:
        wrong = WebFaction(credentials(self.host, self._api, password="wrong"))
        self.line = Line(wrong)
        self.new_process()


class OpalstackProvider(Provider):
    """Opalstack's panel over the real client, at the API on a real socket, which takes its time."""

    def _set_up(self, directory: Path, stack: ExitStack) -> None:
        switches = Switches(ready_seconds=2.0)
        self.account = OpalstackAccount(directory / "home", now=self.time.clock, switches=switches)
        self._api = stack.enter_context(OpalstackApi(self.account))
        home = self.account.home_of(self.account.osuser)
        user = {"USER": "alice", "LOGNAME": "alice", "HOME": str(home)}
        stack.enter_context(patch.dict(os.environ, user))
        files, code, acme = (
            self.account.add_app(name, kind)
            for name, kind in (("files", "STA"), ("code", "CUS"), ("acme", "STA"))
        )
        served = {"/": files, CHALLENGE_PATH: acme}
        self.theirs = self.add_certificate("blog_test", self.uploads.theirs)
        self.account.add_site("shop", ("shop.test", "www.shop.test"), served)
        self.account.add_site("api", ("api.test",), {"/": code})
        self.account.add_site("blog", ("blog.test",), served, cert=self.theirs)
        self.account.add_domain("example.com")
        file = directory / "opalstack.ini"
        self._options = Options(file, file, None, "auto", 0, Route(), quiet=True)
        self._use_token(self.account.token.key)

    def _use_token(self, token: str) -> None:
        client = Opalstack(
            {"token": token, "api_url": self._api.url}, self.time.clock, self.time.sleep
        )
        writes = ("update_site", "create_app", "delete_app", "create_domain", "delete_domain")
        certificates = ("create_certificate", "update_certificate")
        self.line = Line(client, *writes, *certificates, "create_text", "delete_record")

    def _open(self) -> IPanel:
        client: Any = self.line
        panel: IPanel = OpalstackPanel(
            opalstack_seen.Seen(lambda: client, self.time.clock), self._options
        )
        return panel

    def _site(self, domain: str) -> OpalstackSite:
        [known] = [each for each in self.account.things("domain") if each.name == domain]
        [site] = [each for each in self.account.things("site") if known.id in each.domains]
        assert isinstance(site, OpalstackSite)
        return site

    def _change(self, kind: str, verb: str, **item: Any) -> None:
        with self.account.settled():
            getattr(self.account, verb)(kind, [item])

    def choose(self, domain: str, handle: str | None) -> None:
        self._change("site", "update", id=self._site(domain).id, cert=handle)

    def add_elsewhere(self, domain: str) -> None:
        site = self._site(domain)
        routes = [{"app": each.app, "uri": each.uri} for each in site.routes]
        elsewhere = {"app": routes[0]["app"], "uri": "/elsewhere"}
        self._change("site", "update", id=site.id, routes=[*routes, elsewhere])

    def shows_elsewhere(self, domain: str) -> bool:
        return any(route.uri == "/elsewhere" for route in self._site(domain).routes)

    def add_name(self, domain: str, name: str) -> None:
        site = self._site(domain)
        added = self.account.add_domain(name)
        self._change("site", "update", id=site.id, domains=[*site.domains, added.id])

    def add_certificate(self, label: str, upload: Upload) -> str:
        item = {"cert": upload.leaf, "key": upload.private_key, "intermediates": upload.chain}
        [made] = self.account.create("cert", [{"name": label.replace(".", "_"), **item}])
        return str(made.id)

    def delete_certificate(self, handle: str) -> None:
        self._change("cert", "delete", id=handle)

    def certificates(self) -> dict[str, Certificate]:
        return {
            each.id: Certificate(each.id, each.name, each.listed_domains, None, each.cert)
            for each in self.account.things("cert")
            if not each.is_opalstack_shared_cert
        }

    def records(self) -> list[tuple[str, str]]:
        names = {domain.id: domain.name for domain in self.account.things("domain")}
        return [
            (names[each.domain], each.content)
            for each in self.account.things("dnsrecord")
            if each.type == "TXT"
        ]

    def add_record(self, value: str) -> None:
        domain = self.account.add_domain(NAME)
        self._change("dnsrecord", "create", domain=domain.id, type="TXT", content=value)

    def refuse_login(self) -> None:
        self._use_token("x" * 40)
        self.new_process()


OTHERS = ("api.test", "blog.test")


class CpanelProvider(Provider):
    """cPanel over the real client with a token, at its API on a real socket."""

    def _set_up(self, directory: Path, stack: ExitStack) -> None:
        # What is self-signed counts as none there.
        self.authority = Authority("Theirs")
        # No virtual host takes a certificate that is for none of its names.
        ours, renewed = (self._issue("shop.test", "www.shop.test", *OTHERS) for _ in range(2))
        self.uploads = Uploads(ours, renewed, theirs=self._issue("blog.test"))
        self.account = CpanelAccount(directory / "home", domain="shop.test")
        self.account.add_addon("api.test")
        self.account.add_addon("blog.test")
        with self.account.change():
            self.account.parked.append("example.com")
            self.account.zones["example.com"] = Zone("example.com", IP)
        self.account.set_app("api.test.shop.test", "api")
        self.theirs = self.add_certificate("blog.test", self.uploads.theirs)
        self._server = stack.enter_context(PanelServer(CpanelPanel(self.account)))
        self.token = self.account.create_token("certbot").token
        self._options = options(directory, files="local")

    def _issue(self, *names: str) -> Upload:
        issued = self.authority.issue(*names)
        return Upload(issued.certificate, issued.private_key, issued.chain)

    def _open(self) -> IPanel:
        credentials = {
            "api_url": self._server.url,
            "host": "localhost",
            "username": "alice",
            "token": self.token,
        }
        writes = ("install", "uninstall", "toggle_redirect", "write", "delete_stored")
        self.line = Line(Client(credentials), *writes)
        client: Any = self.line
        connection = cpanel.Connection(credentials, lambda _: client, self.time.clock)
        panel: IPanel = cpanel.Panel(connection, self._options)
        return panel

    def _host(self, domain: str) -> VirtualHost:
        return self.account.host_of(domain)

    def choose(self, domain: str, handle: str | None) -> None:
        if handle is None:
            self.account.uninstall(domain)
            return
        stored = next(
            each
            for each in self.account.store.certificates.values()
            if handle_of(each.pem) == handle
        )
        key = self.account.store.key_of(stored.parsed)
        assert key
        self.account.install(domain, Given(stored.pem, key.pem, stored.cabundle))

    def add_elsewhere(self, domain: str) -> None:
        (self._host(domain).document_root / "elsewhere").mkdir()

    def shows_elsewhere(self, domain: str) -> bool:
        return (self._host(domain).document_root / "elsewhere").is_dir()

    def add_name(self, domain: str, name: str) -> None:
        host = self._host(domain)
        with self.account.change():
            changed = replace(host, names=(*host.names, name))
            self.account._hosts[host.servername] = changed

    def add_certificate(self, label: str, upload: Upload) -> str:
        given = Given(upload.leaf, upload.private_key, upload.chain)
        names = leaf_names(upload.leaf)
        self.account.install(names[0], given)
        return handle_of(upload.leaf)

    def delete_certificate(self, handle: str) -> None:
        for each in list(self.account.store.certificates.values()):
            if handle_of(each.pem) == handle:
                self.account.delete_certificate(each.id)

    def certificates(self) -> dict[str, Certificate]:
        raise AssertionError("certificates are no objects of their own")

    def records(self) -> list[tuple[str, str]]:
        return [
            (record.name, "".join(record.data))
            for zone in self.account.zones.values()
            for record in zone.records()
            if record.type == "TXT"
        ]

    def add_record(self, value: str) -> None:
        self.account.add_record("example.com", NAME, "TXT", value)

    def refuse_login(self) -> None:
        self.account.revoke_token("certbot")
        self.new_process()


MAKERS = KEEPERS = [OneSiteProvider, FakeProvider, ApiProvider, OpalstackProvider]
PROVIDERS = [*KEEPERS, CpanelProvider]
