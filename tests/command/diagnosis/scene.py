"""An account for those who only look: a panel in memory, lineages on disk, and our documents."""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

import pytest
from certbot import configuration
from certbot_webfaction.books.documents import wanted_path

from certbot_webfaction import account
from certbot_webfaction.account import HostAccount, Options, read_credentials
from certbot_webfaction.books import document
from certbot_webfaction.books.journal import ChangedCertificate, Journal, Uploaded
from certbot_webfaction.books.wanted import Wanted, WantedCertificate, WantedWebsite
from certbot_webfaction.command.diagnosis.findings import Problem, Scene, problems_of
from certbot_webfaction.command.diagnosis.survey import Survey, take_survey
from certbot_webfaction.hosts.webfaction.model import App, Certificate, Website
from certbot_webfaction.hosts.webfaction.mount import Mount
from certbot_webfaction.hosts.webfaction.seen import SharedPanel
from certbot_webfaction.lineages.files import lineage_files
from certbot_webfaction.web.route import Route
from certbot_webfaction.web.served import Served
from tests.hosts.webfaction.fake import IP
from tests.hosts.webfaction.shell_panel import ShellPanel
from tests.lineages.writing import write_lineage

_FOLDER = "alice@api.webfaction.com"

SHOP = "shop.example.com"
NOW = datetime.datetime.now(datetime.timezone.utc)


class Account:
    """An account with the app ``site``, and below ``directory`` certbot's configuration."""

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
                quiet=False,
                webfaction_credentials=None,
                webfaction_api_url=None,
                webfaction_app=None,
                webfaction_app_type="static_php70",
                webfaction_files="api",
                webfaction_wait=0,
                webfaction_connect_to=None,
            )
        )
        self.credentials = directory / "webfaction.ini"
        self.credentials.write_text("webfaction_username = alice\nwebfaction_password = secret\n")
        self.credentials.chmod(0o600)
        options = Options(self.credentials, None, None, "static_php70", "api", 120, Route())
        self.host = HostAccount(
            options, SharedPanel(lambda: self.panel), directory / "webfaction" / _FOLDER
        )
        self.wanted, self.journal = Wanted(), Journal()

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
        files = lineage_files(self.config, lineage)
        leaf = files.leaf.read_text()
        names, expires = files.names(), files.expires().date()
        self.panel.installed[name] = Certificate(name, names, expires, leaf)

    def install(self, lineage: str, website: str) -> str:
        """Let a lineage be installed on the https website, made if missing; return its name there.

        The documents say so too, after `save`.
        """
        name = lineage.replace(".", "_")
        self.upload(lineage, name)
        files = lineage_files(self.config, lineage)
        if (website, True) not in self.panel.sites:
            self.add_website(website, *files.names(), https=True, certificate=name)
        self.wanted.certificates[name] = WantedCertificate(lineage=lineage)
        self.wanted.websites[website] = WantedWebsite(name, list(files.names()))
        self.journal.uploads[name] = Uploaded(lineage, files.fingerprint(), done=True)
        self.journal.certificates[website] = ChangedCertificate("", name, done=True)
        self.save()
        return name

    def serve_process(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let this process find the panel where the credentials file leads."""
        credentials = read_credentials(self.host.options)
        monkeypatch.setitem(account._panels, credentials, self.host.panel)

    def save(self) -> None:
        """Write the documents."""
        document.write(wanted_path(self.host), self.wanted)
        self.host.save(self.journal)

    def survey(self) -> Survey:
        """What is to be seen now."""
        self.host.panel.forget()
        return take_survey(self.host, self.config)

    def scene(
        self, domain: str = SHOP, served: Served | None = None, *, meant: bool = False
    ) -> Scene:
        """A domain in it; by default it serves what the panel has."""
        survey = self.survey()
        state = survey.state(domain)
        if served is None and state.leaf:
            chain = state.lineage.chain if state.lineage else ()
            served = Served("the right one", state.leaf, chain)
        seen = {domain: served} if served else None
        return Scene(survey.state(domain, seen), survey, self.config, NOW, meant=meant)

    def problems(
        self, domain: str = SHOP, served: Served | None = None, *, meant: bool = False
    ) -> list[Problem]:
        """What is wrong with a domain."""
        return problems_of(self.scene(domain, served, meant=meant))

    def kinds(
        self, domain: str = SHOP, served: Served | None = None, *, meant: bool = False
    ) -> list[str]:
        """The kinds of `problems`."""
        return [problem.kind for problem in self.problems(domain, served, meant=meant)]
