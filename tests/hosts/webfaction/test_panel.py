"""WebFaction's websites and certificates as sites of every host."""

from __future__ import annotations

import datetime
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from certbot import errors
from zope.interface.verify import verifyObject

from certbot_webfaction.books import Books
from certbot_webfaction.hosts.seen import FRESH
from certbot_webfaction.hosts.webfaction import WEBFACTION
from certbot_webfaction.hosts.webfaction.client import WebFaction
from certbot_webfaction.hosts.webfaction.model import Certificate, Mount, Website
from certbot_webfaction.hosts.webfaction.panel import Panel, connect
from certbot_webfaction.hosts.webfaction.seen import Seen
from certbot_webfaction.panel import model
from certbot_webfaction.panel.errors import (
    CertificateGoneError,
    ChangedByHandError,
    PanelRefusedError,
    PanelUnreachableError,
)
from certbot_webfaction.panel.files import File
from certbot_webfaction.panel.findings import Fine, Problem
from certbot_webfaction.panel.interface import IPanel
from certbot_webfaction.panel.model import CHALLENGE_PATH, Abilities, Change, Login, Upload
from tests.hosts.webfaction.accounts import Fixture, http, https, options
from tests.hosts.webfaction.fake import IP
from tests.sandbox.host import Host

OURS = Upload("our leaf", "key", "chain")


def ignore(_handle: str) -> None:
    """Nothing is to be noted of a handle."""


class InstallingAccount(Fixture):
    """An account on which sites get a certificate and give it back, noted as callers do it."""

    def install(self, name: str, *names: str, certificate: str = "ours") -> None:
        if certificate not in self.client.installed:
            self.client.create_certificate(certificate, OURS)
        site = self.https(name)
        noted = self.books.noted(Change.SITE, name)
        given = list(names or site.names)
        before = noted.before if noted else None
        if noted is None and site.exists:
            before = _field(site.holds, given, "", site.state)
        made = noted if noted and noted.before is None else None
        after = _field(certificate, given, site.made_from, None)
        with self.books.changing(Change(Change.SITE, name, before, after)):
            after["state"] = self.panel.install(site, certificate, given, made, self.books)

    def restore(self, name: str) -> None:
        change = self.books.noted(Change.SITE, name)
        assert change is not None
        self.panel.restore(self.https(name), change)
        self.books.forget(change)


def _field(
    certificate: str | None, names: Sequence[str], made_from: str, state: Any
) -> dict[str, Any]:
    return {
        "certificate": certificate,
        "names": list(names),
        "made_from": made_from,
        "state": state,
    }


def held(name: str, *domains: str, leaf: str = "leaf") -> Certificate:
    return Certificate(name, domains, datetime.date(2030, 1, 1), leaf)


def test_provides_the_interface(tmp_path: Path) -> None:
    """Every verb is there, with the signature of the interface; all abilities are."""
    panel = Fixture(tmp_path).panel
    assert verifyObject(IPanel, panel)
    assert panel.abilities == Abilities(redirect=True, dns=True)


def test_the_host_opens_it_without_a_call(tmp_path: Path) -> None:
    """What logs in is what the credentials file says; nothing is sent until a verb is called."""
    nowhere = {"username": "alice", "password": "secret", "api_url": "http://127.0.0.1:1/"}
    connection = WEBFACTION.connect(nowhere)
    panel = WEBFACTION.open(connection, options(tmp_path))
    assert isinstance(panel, Panel)
    assert "secret" not in repr(vars(connection))


def test_login_tells_whose_account_it_is(tmp_path: Path) -> None:
    """The user name and the web server."""
    assert Fixture(tmp_path).panel.login() == Login("alice", "web500")


# Sites


def test_http_websites_are_http_sites(tmp_path: Path) -> None:
    """Names in lower case; what a site shows are its mounts but those for challenges."""
    site = Website(
        "shop",
        IP,
        False,
        ("Shop.test", "WWW.shop.test", "shop.test"),
        (Mount("site", "/"), Mount("letsencrypt", CHALLENGE_PATH), Mount("blog", "/blog/")),
    )
    account = Fixture(tmp_path, site, https("shop", "shop.test"))
    assert account.panel.http_sites() == (
        model.HttpSite(
            id="shop",
            label="http website shop",
            names=("shop.test", "www.shop.test"),
            redirects=False,
            state=[["site", "/", 0], ["blog", "/blog/", 2]],
            address=IP,
        ),
    )


def test_https_websites_are_https_sites(tmp_path: Path) -> None:
    """The host's shared certificate is none that they hold; their state tells what they are."""
    mounts = (Mount("site", "/"), Mount("blog", "/blog/"))
    shop = Website("shop", IP, True, ("WWW.shop.test", "shop.test"), mounts, "shop_test")
    bare = Website("bare", IP, True, ("bare.test",), ())
    shop_site, bare_site = Fixture(tmp_path, shop, bare).panel.https_sites()
    assert shop_site == model.HttpsSite(
        id="shop",
        label="https website shop",
        names=("www.shop.test", "shop.test"),
        holds="shop_test",
        state={
            "certificate": "shop_test",
            "ip": IP,
            "domains": ["shop.test", "www.shop.test"],
            "content": [["blog", "/blog"], ["site", "/"]],
        },
    )
    assert shop_site.exists
    assert bare_site.holds is None


def test_names_without_https_could_get_a_website(tmp_path: Path) -> None:
    """One for each http website, with the names that no https one serves, also by a wildcard."""
    account = Fixture(
        tmp_path,
        http("shop", "Shop.test", "www.shop.test", "a.wild.test"),
        http("free", "free.test", "*.free.test"),
        http("done", "done.test"),
        https("other", "www.SHOP.test", "*.wild.test", "done.test"),
    )
    there, shop, free = account.panel.https_sites()
    assert there.exists
    assert shop == model.HttpsSite("shop", "https website shop", ("shop.test",), made_from="shop")
    assert (free.id, free.names, free.made_from) == ("free", ("free.test", "*.free.test"), "free")
    assert not free.exists


def test_a_website_that_could_be_made_gets_a_free_name(tmp_path: Path) -> None:
    """Neither one on the panel nor that of another that could be made."""
    account = Fixture(
        tmp_path,
        http("shop", "a.test"),
        http("shop_2", "b.test"),
        https("shop", "else.test"),
        https("shop_3", "three.test"),
    )
    made = {site.made_from: site.id for site in account.panel.https_sites() if not site.exists}
    assert made == {"shop": "shop_2", "shop_2": "shop_2_2"}


def test_http_and_https_sites_share_a_reading(tmp_path: Path) -> None:
    """What was seen at any time will do, unless a fresh reading is asked for."""
    account = Fixture(tmp_path, http("shop", "shop.test"))
    account.panel.http_sites()
    account.panel.https_sites(fresh=True)
    account.time.sleep(FRESH + 1)
    account.panel.http_sites()
    assert account.client.verbs() == ["websites"]
    account.panel.http_sites(fresh=True)
    account.panel.https_sites(fresh=True)
    assert account.client.verbs() == ["websites", "websites"]
    account.panel.forget()
    account.panel.https_sites()
    assert account.client.verbs() == ["websites"] * 3


def test_certificates_are_listed_once(tmp_path: Path) -> None:
    """And only when one is asked for."""
    account = Fixture(tmp_path)
    account.client.installed["shop"] = held("shop", "shop.test")
    assert account.panel.certificate("shop") == model.Certificate(
        "shop", "shop", ("shop.test",), datetime.date(2030, 1, 1), "leaf"
    )
    assert account.panel.certificate("other") is None
    assert account.client.verbs() == ["certificates"]


# Storing


def test_a_certificate_is_named_after_its_lineage(tmp_path: Path, notices: io.StringIO) -> None:
    """With all but letters, digits and underscores replaced."""
    account = Fixture(tmp_path)
    name = account.panel.store("shop-1.ex_ample.test", ["shop.test"], OURS, "", [], ignore)
    assert name == "shop_1_ex_ample_test"
    assert account.client.uploads == {name: OURS}
    assert notices.getvalue() == (
        "Uploaded certificate shop-1.ex_ample.test to the panel as shop_1_ex_ample_test.\n"
    )


@pytest.mark.parametrize(
    ("there", "taken", "name"),
    [
        ([], ["shop_test"], "shop_test_2"),
        ([held("shop_test", "shop.test", "www.shop.test")], [], "shop_test"),
        ([held("shop_test", "SHOP.test", "a.wild.test")], [], "shop_test"),
        ([held("shop_test", "shop.test", "other.test")], [], "shop_test_2"),
        ([held("shop_test")], [], "shop_test_2"),
        ([held("shop_test", "other.test")], ["shop_test_2"], "shop_test_3"),
    ],
)
def test_somebody_elses_certificate_is_not_replaced(
    tmp_path: Path, there: list[Certificate], taken: list[str], name: str
) -> None:
    """One that is for more than our names, or of which it is not known; else it is taken over."""
    account = Fixture(tmp_path)
    account.client.installed = {certificate.name: certificate for certificate in there}
    names = ["shop.test", "www.shop.test", "*.wild.test"]
    assert account.panel.store("shop.test", names, OURS, "", taken, ignore) == name
    assert account.client.installed[name].leaf == OURS.leaf
    for certificate in there:
        if certificate.name != name:
            assert account.client.installed[certificate.name] == certificate
    created = name not in [certificate.name for certificate in there]
    assert account.writes() == ["create_certificate" if created else "update_certificate"]


def test_a_renewal_lists_no_certificates(tmp_path: Path) -> None:
    """It goes where the last one went, whatever that is named; once in a process."""
    account = Fixture(tmp_path)
    account.client.installed["old_name"] = held("old_name", "other.test")
    for _ in range(2):
        assert (
            account.panel.store("shop.test", ["shop.test"], OURS, "old_name", [], ignore)
            == "old_name"
        )
    assert account.client.verbs() == ["update_certificate"]
    newer = Upload("newer leaf", "key", "chain")
    account.panel.store("shop.test", ["shop.test"], newer, "old_name", [], ignore)
    assert account.client.verbs() == ["update_certificate"] * 2
    assert account.client.installed["old_name"].leaf == "newer leaf"


def test_a_certificate_that_is_gone_is_created_anew(tmp_path: Path) -> None:
    """The panel is asked, as what it says of that was never recorded; then it is a new one."""
    account = Fixture(tmp_path)
    names = ["shop.test"]
    with pytest.raises(CertificateGoneError):
        account.panel.store("shop.test", names, OURS, "shop_test", [], ignore)
    assert account.panel.store("shop.test", names, OURS, "", [], ignore) == "shop_test"
    assert account.client.verbs() == ["update_certificate", "certificates", "create_certificate"]


def test_a_certificate_that_came_meanwhile_is_replaced(tmp_path: Path) -> None:
    """A killed run's, after the list was read, when its name was free."""
    account = Fixture(tmp_path)
    assert account.panel.certificate("shop_test") is None
    account.client.create_certificate("shop_test", Upload("old", "key", "chain"))
    account.panel.store("shop.test", ["shop.test"], OURS, "", [], ignore)
    assert account.client.installed["shop_test"].leaf == OURS.leaf


@pytest.mark.parametrize("known", ["", "shop_test"])
def test_a_certificate_that_the_panel_refuses_is_an_error(tmp_path: Path, known: str) -> None:
    """It is there, or not, as we took it to be: so that was not the reason."""
    account = Fixture(tmp_path)
    verb = "update_certificate" if known else "create_certificate"
    if known:
        account.client.installed[known] = held(known, "shop.test")
    account.client.fail(verb=verb, error=PanelRefusedError("Not that key."))
    with pytest.raises(PanelRefusedError, match="Not that key"):
        account.panel.store("shop.test", ["shop.test"], OURS, known, [], ignore)
    assert account.writes() == [verb]


# Websites that were there


def test_a_website_gets_a_certificate_and_nothing_else_changes(
    tmp_path: Path, notices: io.StringIO
) -> None:
    """Domains, mounts and their order come back to the letter; so do they when it goes again."""
    site = Website(
        "shop",
        IP,
        True,
        ("WWW.Shop.test", "a.test"),
        (Mount("site", "/blog/"), Mount("other", ""), Mount("site", CHALLENGE_PATH)),
        "bought",
    )
    account = InstallingAccount(tmp_path, site)
    account.client.installed["bought"] = held("bought", "www.shop.test")
    account.install("shop")
    assert account.site("shop", https=True) == replace(site, certificate="ours")
    account.restore("shop")
    assert account.site("shop", https=True) == site
    assert notices.getvalue().splitlines() == [
        "The https website shop now uses certificate ours.",
        "The https website shop uses bought again.",
    ]


def test_what_somebody_changed_since_the_last_reading_stays(tmp_path: Path) -> None:
    """A website is read before it is written, if that was more than a minute ago."""
    account = InstallingAccount(tmp_path, https("shop", "shop.test"))
    site = account.https("shop")
    by_hand = https("shop", "shop.test", "new.test")
    account.client.sites["shop", True] = by_hand
    account.client.create_certificate("ours", OURS)
    account.time.sleep(FRESH + 1)
    account.panel.install(site, "ours", ["shop.test"], None, account.books)
    assert account.site("shop", https=True) == replace(by_hand, certificate="ours")


def test_a_website_that_has_the_certificate_is_not_written(tmp_path: Path) -> None:
    """Installing again is free, but for a reading."""
    account = InstallingAccount(tmp_path, https("shop", "shop.test"))
    account.install("shop")
    account.client.calls.clear()
    account.install("shop")
    assert account.client.verbs() == []


def test_the_shared_certificate_is_used_again(tmp_path: Path, notices: io.StringIO) -> None:
    """Where the website had none of its own."""
    account = InstallingAccount(tmp_path, https("shop", "shop.test"))
    account.install("shop")
    account.restore("shop")
    assert account.site("shop", https=True) == https("shop", "shop.test")
    assert "uses the shared certificate of the host again." in notices.getvalue()


def test_a_certificate_that_is_gone_is_not_used_again(tmp_path: Path) -> None:
    """No website used it meanwhile, so somebody could delete it."""
    account = InstallingAccount(tmp_path, https("shop", "shop.test", certificate="bought"))
    account.client.installed["bought"] = held("bought", "shop.test")
    account.install("shop")
    del account.client.installed["bought"]
    with pytest.raises(ChangedByHandError) as caught:
        account.restore("shop")
    assert caught.value.what == "the certificate bought, which it used before, is gone"
    assert account.site("shop", https=True).certificate == "ours"


def test_a_refusal_for_another_reason_is_an_error(tmp_path: Path) -> None:
    """It is tried again by the next run."""
    account = InstallingAccount(tmp_path, https("shop", "shop.test", certificate="bought"))
    account.client.installed["bought"] = held("bought", "shop.test")
    account.install("shop")
    account.client.fail(verb="update_website", error=PanelRefusedError("Not now."))
    with pytest.raises(PanelRefusedError, match="Not now"):
        account.restore("shop")
    account.restore("shop")
    assert account.site("shop", https=True).certificate == "bought"


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("undo", [False, True])
def test_an_interrupted_change_is_finished_or_undone(
    tmp_path: Path, after: bool, undo: bool
) -> None:
    """What the field held before us is noted, and what was to be in it."""
    before = https("shop", "shop.test", certificate="bought")
    account = InstallingAccount(tmp_path, before)
    account.client.installed["bought"] = held("bought", "shop.test")
    account.client.fail(verb="update_website", after=after)
    with pytest.raises(PanelUnreachableError):
        account.install("shop")
    account.new_process()
    if undo:
        account.restore("shop")
        assert account.site("shop", https=True) == before
    else:
        account.install("shop")
        account.restore("shop")
        assert account.site("shop", https=True) == before


def test_a_refused_certificate_is_told_from_a_missing_one(tmp_path: Path) -> None:
    """Somebody deleted it while no website used it: it is not known any more, and stored anew."""
    account = InstallingAccount(tmp_path, https("shop", "shop.test"))
    handle = account.panel.store("shop.test", ["shop.test"], OURS, "", [], ignore)
    del account.client.installed[handle]
    site = account.https("shop")
    with pytest.raises(PanelRefusedError):
        account.panel.install(site, handle, ["shop.test"], None, account.books)
    assert account.panel.certificate(handle) is None
    account.panel.store("shop.test", ["shop.test"], OURS, "", [], ignore)
    account.panel.install(site, handle, ["shop.test"], None, account.books)
    assert account.site("shop", https=True).certificate == handle


# Websites that we make


def test_a_website_is_made_of_all_that_http_has(tmp_path: Path, notices: io.StringIO) -> None:
    """Its address, its mounts in their order, an app at /.well-known too; not our own mount."""
    mounts = (
        Mount("site", "/blog/"),
        Mount("letsencrypt", f"{CHALLENGE_PATH}/"),
        Mount("links", "/.well-known"),
        Mount("site", "/"),
    )
    account = InstallingAccount(
        tmp_path, Website("shop", IP, False, ("shop.test", "www.shop.test", "x.test"), mounts)
    )
    account.install("shop", "shop.test", "www.shop.test")
    assert account.site("shop", https=True) == Website(
        "shop",
        IP,
        True,
        ("shop.test", "www.shop.test"),
        (mounts[0], mounts[2], mounts[3]),
        "ours",
    )
    assert notices.getvalue() == (
        "Created the https website shop for shop.test, www.shop.test with certificate ours.\n"
    )
    account.new_process()
    account.restore("shop")
    assert ("shop", True) not in account.client.sites
    assert notices.getvalue().endswith("Deleted the https website shop again.\n")


@pytest.mark.parametrize("noted", [True, False])
def test_a_website_is_made_of_what_stood_before_a_redirect(tmp_path: Path, noted: bool) -> None:
    """From what was noted, or else from another https website of its domains."""
    site = Website(
        "shop",
        IP,
        False,
        ("shop.test", "new.test"),
        (Mount("letsencrypt", "/.well-known"), Mount("site", "/"), Mount("site", "/a/")),
    )
    account = InstallingAccount(tmp_path, site)
    http_site = account.http("shop")
    with account.books.changing(Change(Change.REDIRECT, "shop", before=http_site.state)):
        account.panel.redirect(http_site, account.books)
    if noted:
        account.install("shop", "shop.test", "new.test")
        assert account.site("shop", https=True).mounts == site.mounts
    else:
        for change in list(account.books.journal.changes):
            account.books.forget(change)
        account.client.sites["other", True] = https("other", "new.test", app="site")
        account.new_process()
        account.install("shop", "shop.test")
        assert account.site("shop", https=True).mounts == (
            Mount("site", "/"),
            Mount("letsencrypt", "/.well-known"),
        )


def test_no_website_is_made_of_a_redirect(tmp_path: Path) -> None:
    """Visitors would be sent in a circle."""
    account = InstallingAccount(tmp_path, http("shop", "shop.test", app="redirect_to_https"))
    with pytest.raises(errors.PluginError, match="what it showed before is not known"):
        account.install("shop")
    assert ("shop", True) not in account.client.sites


def test_a_website_whose_http_one_is_gone_is_not_made(tmp_path: Path) -> None:
    """Somebody deleted it since it was decided."""
    account = InstallingAccount(tmp_path, http("shop", "shop.test"))
    account.client.create_certificate("ours", OURS)
    site = account.https("shop")
    del account.client.sites["shop", False]
    account.panel.forget()
    with pytest.raises(errors.PluginError, match="The http website shop is gone from the panel"):
        account.panel.install(site, "ours", ["shop.test"], None, account.books)


def test_a_website_that_is_gone_is_not_made_of_nothing(tmp_path: Path) -> None:
    """One that was there is not ours to make again."""
    account = InstallingAccount(tmp_path, https("shop", "shop.test"))
    site = account.https("shop")
    del account.client.sites["shop", True]
    account.panel.forget()
    with pytest.raises(errors.PluginError, match="The https website shop is gone from the panel"):
        account.panel.install(site, "ours", ["shop.test"], None, account.books)


def test_names_of_a_made_website_come_and_go(tmp_path: Path) -> None:
    """One that somebody added by hand stays, and then so does the website."""
    account = InstallingAccount(tmp_path, http("shop", "shop.test", "www.shop.test"))
    account.install("shop", "shop.test")
    made = account.site("shop", https=True)
    account.client.sites["shop", True] = replace(made, domains=("Shop.test", "Mine.test"))
    account.new_process()
    account.install("shop", "shop.test", "www.shop.test")
    assert account.site("shop", https=True).domains == ("Shop.test", "Mine.test", "www.shop.test")
    account.install("shop", "shop.test")
    assert account.site("shop", https=True).domains == ("Shop.test", "Mine.test")
    with pytest.raises(ChangedByHandError) as caught:
        account.restore("shop")
    assert caught.value.what == "it was changed by hand since certbot-webfaction made it"


def test_what_was_mounted_by_hand_keeps_a_made_website(tmp_path: Path) -> None:
    """Also where it got another certificate of ours since."""
    account = InstallingAccount(tmp_path, http("shop", "shop.test"))
    account.install("shop")
    made = account.site("shop", https=True)
    account.client.sites["shop", True] = replace(made, mounts=(*made.mounts, Mount("site", "/x")))
    account.new_process()
    account.install("shop", certificate="newer")
    with pytest.raises(ChangedByHandError):
        account.restore("shop")
    assert ("shop", True) in account.client.sites


def test_a_made_website_is_known_in_any_order_and_spelling(tmp_path: Path) -> None:
    """The panel may list domains and mounts otherwise."""
    site = http("shop", "shop.test", "www.shop.test")
    site = replace(site, mounts=(*site.mounts, Mount("site", "/other")))
    account = InstallingAccount(tmp_path, site)
    account.install("shop")
    made = account.site("shop", https=True)
    account.client.sites["shop", True] = replace(
        made,
        domains=("WWW.shop.test", "shop.test"),
        mounts=(Mount("site", "/other/"), Mount("site", "/")),
    )
    account.new_process()
    account.restore("shop")
    assert ("shop", True) not in account.client.sites


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("undo", [False, True])
def test_an_interrupted_making_is_finished_or_undone(
    tmp_path: Path, after: bool, undo: bool
) -> None:
    """Known by its certificate and its names, as it is not noted what came of it."""
    account = InstallingAccount(tmp_path, http("shop", "shop.test"))
    account.client.fail(verb="create_website", after=after)
    with pytest.raises(PanelUnreachableError):
        account.install("shop")
    account.new_process()
    if not undo:
        account.install("shop")
        assert account.site("shop", https=True) == https("shop", "shop.test", certificate="ours")
    account.restore("shop")
    assert ("shop", True) not in account.client.sites


def test_an_interrupted_making_leaves_somebody_elses_website(tmp_path: Path) -> None:
    """One of that name with other names, or another certificate."""
    account = InstallingAccount(tmp_path, http("shop", "shop.test"))
    account.client.fail(verb="create_website")
    with pytest.raises(PanelUnreachableError):
        account.install("shop")
    for website in (
        https("shop", "shop.test"),
        https("shop", "shop.test", "x.test", certificate="ours"),
    ):
        account.client.sites["shop", True] = website
        account.new_process()
        with pytest.raises(ChangedByHandError):
            account.restore("shop")
        assert account.site("shop", https=True) == website


def test_what_is_gone_is_not_restored(tmp_path: Path) -> None:
    """Somebody deleted the website: nothing is left to do."""
    account = InstallingAccount(tmp_path, https("shop", "shop.test"))
    account.install("shop")
    site = account.https("shop")
    change = account.books.noted(Change.SITE, "shop")
    assert change is not None
    del account.client.sites["shop", True]
    account.new_process()
    account.panel.restore(site, change)
    account.panel.restore(site, replace(change, before=None))
    assert account.writes() == []


# This machine


@pytest.mark.parametrize("files", ["local", "api"])
def test_examining_tells_where_files_are_written(tmp_path: Path, files: str) -> None:
    """Here, or over the API."""
    account = Fixture(tmp_path, files=files)
    where = {"local": "written here", "api": "written over its API"}[files]
    assert account.panel.examine() == [("machine", Fine(f"web500; files are {where}"))]


def test_examining_finds_that_files_are_written_on_the_wrong_machine(tmp_path: Path) -> None:
    """The account's directory is not here, but files would be."""
    account = Fixture(tmp_path, files="local")
    (account.home / "webapps").rmdir()
    ((title, finding),) = account.panel.examine()
    assert title == "machine"
    assert isinstance(finding, Problem)
    assert finding.kind == "machine"
    assert f"there is no {account.home}/webapps here" in finding.text


def test_connecting_takes_the_machine_where_there_is_one() -> None:
    """Accounts with one machine name none."""
    values = {"username": "alice", "password": "secret", "api_url": "https://127.0.0.1:1/"}
    for machine in (None, "Web500"):
        given = values | ({"machine": machine} if machine else {})
        assert connect(given).client._credentials.get("machine") == machine


# At the stand-in API


def test_everything_comes_back_to_the_letter_from_the_api(
    tmp_path: Path, host: Host, panel: WebFaction, uploads: tuple[Upload, Upload]
) -> None:
    """A certificate, a website made, a redirect, a challenge: and the account is as it was."""
    host.add_app("site", "static_php70")
    host.add_app("code", "django41")
    names = ("WWW.Shop.test", "shop.test")
    host.add_website("shop", names, (("code", "/"), ("site", "/static/")), False)
    host.add_website("blog", ("Blog.test",), (("site", "/b/"), ("code", "/")), True)
    before = host.snapshot()
    books = Books(tmp_path / "books")
    account = Panel(Seen(lambda: panel), options(tmp_path))
    assert verifyObject(IPanel, account)

    place = account.find_place(account.http_sites()[0], "shop.test")
    (place,) = account.make_places([place], books)
    account.files.place([File(place.directory, place.path("token"), "token.thumb")])
    assert (host.webapps / "letsencrypt/token").read_text() == "token.thumb"
    handle = account.store("shop.test", ["shop.example.com"], uploads[0], "", [], ignore)
    blog, shop = account.https_sites()
    given = account.install(blog, handle, ["blog.test"], None, books)
    made = account.install(shop, handle, ["shop.test", "www.shop.test"], None, books)
    (http_site,) = account.http_sites()
    account.redirect(http_site, books)
    assert account.http_sites()[0].redirects

    later = Panel(Seen(lambda: panel), options(tmp_path))
    later.show_again(later.http_sites()[0], http_site.state, books)
    former = _field(None, [], "", blog.state)
    ours = _field(handle, ["blog.test"], "", given)
    later.restore(blog, Change(Change.SITE, "blog", former, ours))
    ours = _field(handle, ["shop.test", "www.shop.test"], "shop", made)
    later.restore(replace(shop, made_from=""), Change(Change.SITE, "shop", None, ours))
    for change in reversed(books.journal.made_for(Change.CHALLENGE)):
        later.undo(change)
    after = host.snapshot()
    assert (after.apps, after.websites) == (before.apps, before.websites)
    assert [certificate.name for certificate in after.certificates] == ["shop_test"]
