"""An account with a panel in memory, lineages on disk, and certbot's configuration."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from certbot import configuration

from certbot_webfaction.account import Account, Memory
from certbot_webfaction.books import Books
from certbot_webfaction.books.journal import Journal
from certbot_webfaction.books.wanted import Wanted
from certbot_webfaction.hosts.host import Options
from certbot_webfaction.hosts.webfaction import WEBFACTION
from certbot_webfaction.hosts.webfaction.model import Account as Login
from certbot_webfaction.hosts.webfaction.model import Mount, Website
from certbot_webfaction.hosts.webfaction.panel import Panel
from certbot_webfaction.hosts.webfaction.seen import Seen
from certbot_webfaction.installation.compare import Failure
from certbot_webfaction.installation.decide import Present
from certbot_webfaction.installation.installer import Installer, Run
from certbot_webfaction.lineages import Lineages
from certbot_webfaction.lineages.files import CertificateFiles
from certbot_webfaction.panel.model import Change
from certbot_webfaction.phrases import Phrases
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
        self.wrong: dict[str, str] = {}

    def expect(self, expected: Mapping[str, Expected]) -> None:
        self.expected += expected

    def finish(self, sweep: Callable[[], Sequence[Failure]]) -> None:
        sweep()

    def wait(self, expected: Mapping[str, Expected]) -> Mapping[str, str]:
        self.waited += expected
        return {name: words for name, words in self.wrong.items() if name in expected}


class Scene:
    """One account; `install`, `redirect`, `restart` and `forget_process` are what a run does."""

    def __init__(self, directory: Path, *websites: Website) -> None:
        self.directory = directory
        (directory / "home/webapps").mkdir(parents=True)
        apps = {mount.app for website in websites for mount in website.mounts}
        self.panel = ShellPanel(
            websites=websites, account=Login("alice", str(directory / "home"), "web500")
        )
        for app in sorted(apps):
            self.panel.create_app(app, "static_php70")
        config = directory / "config"
        self.lineages = Lineages(
            config / "live", config / "archive", config / "renewal", config / "hooks"
        )
        self.own: dict[str, str | None] = {"app": None, "app-type": "static_php70"}
        self.time = Time()
        self.watch = RecordingWatch()
        self.forget_process()

    def forget_process(self) -> None:
        """Forget what a process knows; disk and panel stay."""
        file = self.directory / "config" / "webfaction.ini"
        options = Options(file, file, None, "api", 0, Route(), self.own)
        connection = Seen(lambda: self.panel, self.time.clock)
        self.account = Account(
            WEBFACTION,
            options,
            lambda: Panel(connection, options),
            self.lineages,
            Phrases(WEBFACTION.name, WEBFACTION.dns_plugin),
            Memory(lambda: connection, Books(self.directory / "documents", WEBFACTION.carry_over)),
        )
        self.panel.calls.clear()

    def issue(self, name: str, *domains: str) -> CertificateFiles:
        """Issue a new certificate for a lineage, in the place of the one that it had."""
        files = self.lineages.files(name)
        files.leaf.parent.mkdir(parents=True, exist_ok=True)
        write_self_signed(files.leaf, files.key, *domains)
        (files.leaf.parent / "chain.pem").write_text("")
        archive = self.lineages.archive / name
        archive.mkdir(parents=True, exist_ok=True)
        number = len(list(archive.iterdir())) + 1
        (archive / f"cert{number}.pem").write_text(files.leaf.read_text())
        conf = self.lineages.renewal_file(name)
        conf.parent.mkdir(parents=True, exist_ok=True)
        conf.write_text("[renewalparams]\nauthenticator = webfaction\ninstaller = webfaction\n")
        return files

    @property
    def wanted(self) -> Wanted:
        """What is wanted, as the books have it now."""
        self.account.read_books()
        return self.account.books.wanted

    @property
    def journal(self) -> Journal:
        """What was done, as the books have it now."""
        self.account.read_books()
        return self.account.books.journal

    def now(self) -> Present:
        """The panel, for a decision."""
        return Present(self.account.panel)

    def installer(self, *, verb: str = "install", redirect: bool = False) -> Installer:
        """The installer of a run of certbot."""
        return Installer(self.account, Run(verb, redirect=redirect), self.watch)

    def install(self, name: str, *domains: str) -> None:
        """What `certbot install` does."""
        installer, files = self.installer(), self.lineages.files(name)
        for domain in domains or files.names():
            installer.deploy(files, domain)
        installer.save(lambda _: None)
        installer.restart()

    def redirect(self, domain: str) -> None:
        """What `certbot enhance --redirect` does."""
        installer = self.installer(verb="enhance", redirect=True)
        installer.redirect(domain)
        installer.save(lambda _: None)
        installer.restart()

    def want(self, wanted: Wanted) -> None:
        """Write *wanted*, as a rollback does."""
        self.account.read_books()
        self.account.books.wanted = wanted
        self.account.books.save_wanted()

    def note(self, journal: Journal) -> None:
        """Write the journal."""
        self.account.read_books()
        self.account.books.journal = journal
        self.account.books.save_journal()

    def lose_notes(self, what: str) -> None:
        """Take all changes of one kind out of the journal."""
        self.note(Journal([each for each in self.journal.changes if each.what != what]))

    def restart(self) -> None:
        self.installer().restart()

    def site(self, name: str, *, https: bool) -> Website:
        return self.panel.sites[name, https]

    def certificate_of(self, lineage: str) -> str:
        """The name of a lineage's certificate on the panel."""
        return self.journal.handle_of(lineage)

    def writes(self) -> list[str]:
        """The verbs that changed the panel, in order."""
        return [verb for verb in self.panel.verbs() if verb.startswith(("create", "update", "del"))]


def stored(lineage: str, handle: str, fingerprint: str = "", *, done: bool = True) -> Change:
    """The note of a certificate on the panel."""
    after = {"certificate": handle, "fingerprint": fingerprint}
    return Change(Change.CERTIFICATE, lineage, after=after, done=done)


def presented(
    site: str, handle: str, *names: str, before: str | None = "", made_from: str = ""
) -> Change:
    """The note of what a site presents; ``before`` is `None` where we made the site."""
    state = {"certificate": handle, "names": list(names), "made_from": made_from, "state": None}
    former: dict[str, object] | None = None
    if before is not None:
        former = {"certificate": before or None, "names": [], "made_from": "", "state": None}
    return Change(Change.SITE, site, former, state, done=True)


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
