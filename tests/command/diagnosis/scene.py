"""An account for those who only look: a panel in memory, lineages on disk, and our books."""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

from certbot import configuration

from certbot_webfaction import account
from certbot_webfaction.account import Memory
from certbot_webfaction.books import Books
from certbot_webfaction.books.wanted import Source, WantedSite
from certbot_webfaction.command.diagnosis.findings import problems_of
from certbot_webfaction.command.diagnosis.survey import Subject, Survey
from certbot_webfaction.hosts.webfaction import WEBFACTION
from certbot_webfaction.hosts.webfaction.model import App, Certificate, Mount, Website
from certbot_webfaction.hosts.webfaction.seen import Seen
from certbot_webfaction.lineages.files import CertificateFiles
from certbot_webfaction.panel.findings import Problem
from certbot_webfaction.panel.model import Change
from certbot_webfaction.plugin.door import account_of, lineages_of
from certbot_webfaction.web.served import Served
from tests.hosts.webfaction.fake import IP
from tests.hosts.webfaction.shell_panel import ShellPanel
from tests.lineages.writing import write_lineage

_FOLDER = "alice@api.webfaction.com"

SHOP = "shop.example.com"
NOW = datetime.datetime.now(datetime.timezone.utc)


class Account:
    """An account with the app ``site``, and below ``directory`` certbot's configuration.

    This process finds its panel where the credentials file leads. ``books`` are what a test writes
    with `save`; who looks reads them from disk.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        site = directory / "home" / "webapps" / "site"
        site.mkdir(parents=True)
        self.panel = ShellPanel(apps=(App("site", "static_only", str(site)),))
        self.config = configuration.NamespaceConfig(
            argparse.Namespace(
                config_dir=str(directory),
                work_dir=str(directory / "work"),
                logs_dir=str(directory / "logs"),
                strict_permissions=False,
                http01_port=80,
                https_port=443,
                domains=[],
                ip_addresses=[],
                pref_challs=[],
                quiet=False,
                webfaction_credentials=None,
                webfaction_api_url=None,
                webfaction_app=None,
                webfaction_app_type="static_php70",
                webfaction_files="api",
                webfaction_wait=0,
                webfaction_connect_to=None,
                webfaction_propagation_seconds=0,
                webfaction_nameserver=None,
            )
        )
        self.write_credentials("webfaction.ini")
        folder = directory / "webfaction" / _FOLDER
        self.books = Books(folder)
        self.connection = Seen(lambda: self.panel)
        account._memories[folder] = Memory(lambda: self.connection, Books(folder))

    def write_credentials(self, name: str) -> Path:
        """Write a credentials file that leads to the panel."""
        file = self.directory / name
        file.write_text("webfaction_username = alice\nwebfaction_password = secret\n")
        file.chmod(0o600)
        return file

    @property
    def account(self) -> account.Account:
        """The account as the configuration names it."""
        return account_of(self.config, WEBFACTION)

    def files(self, lineage: str) -> CertificateFiles:
        """The files of a lineage."""
        return lineages_of(self.config).files(lineage)

    def add_website(
        self,
        name: str,
        *domains: str,
        https: bool = False,
        certificate: str = "",
        app: str = "site",
    ) -> None:
        """Add a website."""
        mounts = (Mount(app, "/"),)
        website = Website(name, IP, https, domains, mounts, certificate)
        self.panel.sites[name, https] = website

    def add_lineage(self, name: str, *domains: str, **settings: object) -> None:
        """Write a lineage, as `write_lineage`."""
        write_lineage(self.directory, name, *(domains or (name,)), **settings)  # type: ignore[arg-type] # passed on

    def upload(self, lineage: str, name: str) -> None:
        """Put a lineage's present certificate on the panel."""
        files = self.files(lineage)
        leaf = files.leaf.read_text()
        names, expires = files.names(), files.expires().date()
        self.panel.installed[name] = Certificate(name, names, expires, leaf)

    def install(self, lineage: str, website: str) -> str:
        """Let a lineage be installed on the https website, made if missing; return its name there.

        The books say so too, after `save`.
        """
        name = lineage.replace(".", "_")
        self.upload(lineage, name)
        files = self.files(lineage)
        if (website, True) not in self.panel.sites:
            self.add_website(website, *files.names(), https=True, certificate=name)
        wanted, journal = self.books.wanted, self.books.journal
        wanted.sites[website] = WantedSite(Source(lineage=lineage), list(files.names()))
        stored = {"certificate": name, "fingerprint": files.fingerprint()}
        journal.put(Change(Change.CERTIFICATE, lineage, after=stored, done=True))
        before: dict[str, object] = {
            "certificate": None,
            "names": [],
            "made_from": "",
            "state": None,
        }
        after = {**before, "certificate": name, "names": list(files.names())}
        journal.put(Change(Change.SITE, website, before, after, done=True))
        self.save()
        return name

    def change(self, what: str, on: str) -> Change:
        """What the journal has of something."""
        change = self.books.journal.find(what, on)
        assert change is not None
        return change

    def save(self) -> None:
        """Write the books."""
        self.books.save()

    def survey(self) -> Survey:
        """What is to be seen now."""
        self.connection.forget()
        return Survey(self.account)

    def subject(
        self, domain: str = SHOP, served: Served | None = None, *, meant: bool = False
    ) -> Subject:
        """A domain in it; by default it serves what the panel has."""
        subject = Subject(self.survey(), domain, meant=meant)
        if served is None and subject.leaf:
            chain = subject.lineage.chain if subject.lineage else ()
            served = Served("the right one", subject.leaf, chain)
        subject.served = served
        return subject

    def problems(
        self, domain: str = SHOP, served: Served | None = None, *, meant: bool = False
    ) -> list[Problem]:
        """What is wrong with a domain."""
        return problems_of(self.subject(domain, served, meant=meant))

    def kinds(
        self, domain: str = SHOP, served: Served | None = None, *, meant: bool = False
    ) -> list[str]:
        """The kinds of `problems`."""
        return [problem.kind for problem in self.problems(domain, served, meant=meant)]
