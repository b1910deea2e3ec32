"""Installing on a host of another shape: one site for http and https, a flag, ids, and patience."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from certbot import errors

from certbot_webfaction.account import Account
from certbot_webfaction.books.wanted import Wanted
from certbot_webfaction.challenges import http01
from certbot_webfaction.installation.installer import Installer, Run
from certbot_webfaction.panel.errors import PanelUnreachableError
from certbot_webfaction.panel.model import Upload
from certbot_webfaction.web.challenge_file import ChallengeFile
from tests.accounts import make_account
from tests.installation.scene import RecordingWatch
from tests.lineages.writing import write_lineage
from tests.panel.one_site import ONE_SITE, OneSite, OneSiteHost, OneSitePanel, three_sites
from tests.sandbox.certificates import write_self_signed

SHOP, WWW = "shop.test", "www.shop.test"


class OneSiteAccount:
    """An account on the host; each `open` is a process of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.host: OneSiteHost = three_sites(directory)
        self.watch = RecordingWatch()
        self.before = self.state()

    def open(self) -> Account:
        return make_account(self.directory, OneSitePanel(self.host), ONE_SITE)

    def issue(self, name: str, *domains: str, number: int = 1) -> None:
        write_lineage(
            self.directory,
            name,
            *domains,
            number=number,
            authenticator="onesite",
            installer="onesite",
        )

    def run(self, verb: str, redirect: bool = False) -> Installer:
        return Installer(self.open(), Run(verb, redirect=redirect), self.watch)

    def install(self, name: str) -> None:
        installer = self.run("install")
        files = installer.account.lineages.files(name)
        for domain in files.names():
            installer.deploy(files, domain)
        installer.save(lambda _: None)
        installer.restart()

    def redirect(self, domain: str) -> None:
        installer = self.run("enhance", redirect=True)
        installer.redirect(domain)
        installer.save(lambda _: None)
        installer.restart()

    def roll_back(self, wanted: Wanted | None = None) -> None:
        installer = self.run("rollback")

        def restore() -> None:
            installer.account.books.wanted = wanted or Wanted()
            installer.account.books.save_wanted()

        installer.roll_back(restore)
        installer.restart()

    def site(self) -> OneSite:
        self.host.settle()
        return next(site for site in self.host.sites.values() if SHOP in site.domains)

    def state(self) -> list[OneSite]:
        self.host.settle()
        return [dataclasses.replace(site) for site in self.host.sites.values()]

    def leaf(self) -> str:
        """The leaf that the site presents."""
        return self.host.certificates[self.site().certificate or ""].leaf

    def leaf_on_disk(self, name: str = SHOP) -> str:
        return self.open().lineages.files(name).leaf.read_text()


@pytest.fixture
def scene(tmp_path: Path) -> OneSiteAccount:
    """A lineage for the site of shop.test."""
    scene = OneSiteAccount(tmp_path)
    scene.issue(SHOP, SHOP, WWW)
    return scene


def test_a_site_gets_https_by_its_certificate_alone(scene: OneSiteAccount) -> None:
    """Nothing but that field changes, though http and https are one site."""
    routes = dict(scene.site().routes)
    scene.install(SHOP)
    assert scene.leaf() == scene.leaf_on_disk()
    assert (scene.site().redirect, scene.site().routes) == (False, routes)


def test_installing_keeps_the_way_to_the_challenge_files(scene: OneSiteAccount) -> None:
    """It was made meanwhile: a site written back from memory would lose it."""
    account = scene.open()
    installer = Installer(account, Run("run"), scene.watch)
    files = account.lineages.files(SHOP)
    account.panel.http_sites()
    code = next(site for site in scene.host.sites.values() if site.root is None)
    places = http01.place(account, [ChallengeFile(code.domains[0], "token", "token.thumb")])
    http01.clean_up(account, keep_made=True)
    scene.host.settle()
    routes = dict(code.routes)
    assert routes == {places[0].mount: places[0].directory}
    scene.issue("code", code.domains[0])
    files = account.lineages.files("code")
    installer.deploy(files, code.domains[0])
    installer.save(lambda _: None)
    installer.restart()
    scene.host.settle()
    assert scene.host.sites[code.id].certificate
    assert scene.host.sites[code.id].routes == routes


def test_a_redirect_is_a_flag_and_https_does_not_redirect_to_itself(scene: OneSiteAccount) -> None:
    """After https was waited for; the site's content stays as it is."""
    scene.install(SHOP)
    secure = scene.site()
    scene.redirect(SHOP)
    assert scene.watch.waited == [SHOP, WWW]
    assert scene.site() == dataclasses.replace(secure, redirect=True)


def test_a_renewal_replaces_the_certificate_and_touches_no_site(scene: OneSiteAccount) -> None:
    """Its id stays, so the site presents the new one."""
    scene.install(SHOP)
    scene.redirect(SHOP)
    scene.host.settle()
    scene.issue(SHOP, SHOP, WWW, number=2)
    scene.host.calls.clear()
    scene.run("renew").restart()
    assert "update_site" not in scene.host.verbs()
    assert scene.leaf() == scene.leaf_on_disk()


def test_rolling_back_gives_everything_back(scene: OneSiteAccount) -> None:
    """First the redirect, then what the site presented: here nothing."""
    scene.install(SHOP)
    wanted = scene.open().books.wanted
    scene.redirect(SHOP)
    scene.roll_back(wanted)
    assert not scene.site().redirect
    assert scene.leaf() == scene.leaf_on_disk()
    scene.roll_back()
    assert scene.state() == scene.before


def test_rolling_back_gives_back_what_was_open(
    scene: OneSiteAccount, caplog: pytest.LogCaptureFixture
) -> None:
    """As where the lineage was deleted before; the second has nothing to change, and is told so."""
    scene.install(SHOP)
    books = scene.open().books
    books.peek()
    books.wanted.sites.clear()
    books.save_wanted()
    scene.roll_back()
    assert scene.state() == scene.before
    assert "changed nothing" not in caplog.text
    scene.roll_back()
    assert "What was rolled back had changed nothing" in caplog.text


def test_rolling_back_gives_somebody_elses_certificate_back(
    scene: OneSiteAccount, tmp_path: Path
) -> None:
    """Known by its id, though ours may have the same label."""
    leaf, key = tmp_path / "bought.pem", tmp_path / "bought.key"
    write_self_signed(leaf, key, SHOP, WWW)
    bought = scene.host.add_certificate(SHOP, Upload(leaf.read_text(), key.read_text(), ""))
    scene.site().certificate = bought
    scene.install(SHOP)
    assert scene.site().certificate != bought
    scene.roll_back()
    assert scene.site().certificate == bought


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("verb", ["create_certificate", "update_site"])
def test_an_interrupted_installation_heals_at_the_next_renew(
    scene: OneSiteAccount, verb: str, after: bool
) -> None:
    """Before or after its effect, and once more after a renewal."""
    scene.host.fail(verb=verb, after=after)
    with pytest.raises(PanelUnreachableError):
        scene.install(SHOP)
    scene.host.settle()
    scene.run("renew").catch_up()
    assert scene.leaf() == scene.leaf_on_disk()
    scene.issue(SHOP, SHOP, WWW, number=2)
    scene.host.fail(verb="replace_certificate")
    with pytest.raises(errors.PluginError):
        scene.run("renew").restart()
    scene.host.settle()
    scene.run("renew").catch_up()
    assert scene.leaf() == scene.leaf_on_disk()


def test_what_was_changed_by_hand_stays(
    scene: OneSiteAccount, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody took https away from the site: an undo says so, and leaves it."""
    scene.install(SHOP)
    scene.redirect(SHOP)
    site = scene.site()
    site.redirect = False
    scene.roll_back()
    assert scene.state() == scene.before
    assert "Traceback" not in caplog.text
