"""An account with a panel in memory, lineages on disk, and certbot's configuration."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from certbot import configuration, errors

from certbot_webfaction.account import HostAccount, Options
from certbot_webfaction.books import document
from certbot_webfaction.books.documents import read_documents, wanted_path
from certbot_webfaction.books.journal import Journal
from certbot_webfaction.books.wanted import Wanted, WantedCertificate
from certbot_webfaction.hosts.webfaction.model import Account, Website
from certbot_webfaction.hosts.webfaction.mount import Mount
from certbot_webfaction.hosts.webfaction.seen import SharedPanel
from certbot_webfaction.installation.decisions import (
    Seen,
    acknowledge,
    acknowledge_redirects,
    want_certificate,
    websites_to_redirect,
)
from certbot_webfaction.installation.differences import differences, forget_gone
from certbot_webfaction.installation.reconcile import reconcile
from certbot_webfaction.lineages.files import CertificateFiles, lineage_files
from certbot_webfaction.web.route import Route
from certbot_webfaction.web.served import Expected
from tests.hosts.webfaction.fake import IP
from tests.hosts.webfaction.shell_panel import ShellPanel
from tests.sandbox.certificates import write_self_signed
from tests.web.web import Time


class RecordingWatch:
    """Remembers what was to be looked at; time does not pass."""

    def __init__(self) -> None:
        self.expected: list[str] = []
        self.waited: list[str] = []

    def expect(self, expected: Mapping[str, Expected]) -> None:
        self.expected += expected

    def wait(self, expected: Mapping[str, Expected]) -> None:
        self.waited += expected


class Scene:
    """One account; `install`, `redirect`, `restart` and `forget_process` are what a run does."""

    def __init__(self, directory: Path, *websites: Website) -> None:
        self.directory = directory
        (directory / "home/webapps").mkdir(parents=True)
        apps = {mount.app for website in websites for mount in website.mounts}
        self.panel = ShellPanel(
            websites=websites, account=Account("alice", str(directory / "home"), "web500")
        )
        for app in sorted(apps):
            self.panel.create_app(app, "static_php70")
        self.config = make_config(directory / "config")
        self.time = Time()
        self.watch = RecordingWatch()
        self.forget_process()

    def forget_process(self) -> None:
        """Forget what a process knows; disk and panel stay."""
        options = Options(
            Path(self.config.config_dir) / "webfaction.ini",
            *(None, None, "static_php70", "api", 0, Route()),
        )
        shared = SharedPanel(lambda: self.panel, self.time.clock)
        self.account = HostAccount(options, shared, self.directory / "documents")
        self.panel.calls.clear()

    def issue(self, name: str, *domains: str) -> CertificateFiles:
        """Issue a new certificate for a lineage, in the place of the one that it had."""
        files = lineage_files(self.config, name)
        files.leaf.parent.mkdir(parents=True, exist_ok=True)
        write_self_signed(files.leaf, files.key, *domains)
        (files.leaf.parent / "chain.pem").write_text("")
        archive = Path(self.config.default_archive_dir) / name
        archive.mkdir(parents=True, exist_ok=True)
        number = len(list(archive.iterdir())) + 1
        (archive / f"cert{number}.pem").write_text(files.leaf.read_text())
        conf = Path(self.config.renewal_configs_dir) / f"{name}.conf"
        conf.parent.mkdir(parents=True, exist_ok=True)
        conf.write_text("[renewalparams]\nauthenticator = webfaction\ninstaller = webfaction\n")
        return files

    def documents(self) -> tuple[Wanted, Journal]:
        return read_documents(self.account, self.config, "webfaction")

    def install(self, name: str, *domains: str) -> None:
        """What `certbot install` does: decide, save, restart."""
        files = lineage_files(self.config, name)
        wanted, journal = self.documents()
        seen = Seen(self.account.panel)
        chosen = domains or files.names()
        acknowledge(wanted, journal, WantedCertificate.of(files), chosen, seen)
        self.account.save(journal)
        self.want(want_certificate(wanted, files, chosen, seen, journal, self.config))
        self.restart()

    def redirect(self, domain: str) -> None:
        """What `certbot enhance --redirect` does."""
        wanted, journal = self.documents()
        seen = Seen(self.account.panel)
        acknowledge_redirects(wanted, journal, domain, seen)
        self.account.save(journal)
        wanted.redirects += websites_to_redirect(wanted, domain, seen, self.config)
        self.want(wanted)
        self.restart()

    def want(self, wanted: Wanted) -> None:
        """Write *wanted*, as a save or a rollback does."""
        document.write(wanted_path(self.account), wanted)

    def restart(self) -> None:
        wanted, journal = self.documents()
        if forget_gone(wanted, journal, self.config):
            self.want(wanted)
            self.account.save(journal)
        found = differences(wanted, journal, self.config)
        problems = list(found.unreadable)
        if found:
            problems += reconcile(self.account, found, wanted, journal, self.config, self.watch)
        if problems:
            raise errors.PluginError("\n".join(problem.text for problem in problems))

    def site(self, name: str, *, https: bool) -> Website:
        return self.panel.sites[name, https]

    def writes(self) -> list[str]:
        """The verbs that changed the panel, in order."""
        return [verb for verb in self.panel.verbs() if verb.startswith(("create", "update", "del"))]


def make_config(directory: Path, **options: object) -> configuration.NamespaceConfig:
    """certbot's configuration, with everything of it below a directory."""
    values: dict[str, object] = {
        "config_dir": str(directory),
        "work_dir": str(directory / "work"),
        "logs_dir": str(directory / "logs"),
        "strict_permissions": False,
        "redirect": None,
        "webfaction_credentials": None,
        **options,
    }
    # What certbot's own constructor checks besides paths.
    checked = {"http01_port": 80, "https_port": 443, "domains": [], "ip_addresses": []}
    return configuration.NamespaceConfig(argparse.Namespace(**{**checked, **values}))


def http(name: str, *domains: str, app: str = "site", path: str = "/") -> Website:
    """An http website with one app."""
    return Website(name, IP, False, domains, (Mount(app, path),))


def https(name: str, *domains: str, certificate: str = "", app: str = "site") -> Website:
    """An https website with one app."""
    return Website(name, IP, True, domains, (Mount(app, "/"),), certificate)
