"""Documents that 0.1.0 wrote are read by this version.

Those in ``version1`` were written by version 0.1.0 at the panel in memory, the home directory
renamed: ``installed`` after an install and a redirect, the others by runs that were killed while an
https website was made, while an http website was redirected, and while challenges were answered.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from certbot_webfaction.books import Books
from certbot_webfaction.books.document import DamagedError
from certbot_webfaction.books.wanted import Source, WantedSite
from certbot_webfaction.hosts.webfaction import WEBFACTION
from certbot_webfaction.hosts.webfaction.model import (
    App,
    Certificate,
    DnsRecord,
    Domain,
    Mount,
    Website,
)
from certbot_webfaction.panel.errors import ChangedByHandError
from certbot_webfaction.panel.model import CHALLENGE_PATH, Change
from tests.hosts.webfaction.accounts import Fixture, http, https
from tests.hosts.webfaction.fake import IP

DOCUMENTS = Path(__file__).parent / "version1"
CONTENT = (Mount("site", "/"), Mount("site", "/static"))


def carried_over(folder: Path, scene: str) -> Books:
    """The books of an account whose documents 0.1.0 wrote in a scene."""
    folder.mkdir()
    for path in DOCUMENTS.glob(f"{scene}-*.json"):
        shutil.copy(path, folder / path.name.removeprefix(f"{scene}-"))
    books = Books(folder, WEBFACTION.carry_over)
    books.peek()
    return books


def made(mounts: tuple[Mount, ...] = CONTENT) -> Website:
    """The https website that 0.1.0 made."""
    return Website("shop", IP, True, ("shop.test", "www.shop.test"), mounts, "shop_test")


def test_what_is_wanted_is_the_same(tmp_path: Path) -> None:
    """Sites with the source of their certificate, and the redirects."""
    wanted = carried_over(tmp_path / "books", "installed").wanted
    source = Source(lineage="shop.test")
    assert wanted.sites == {
        "blog": WantedSite(source, ["blog.test"], label="https website blog"),
        "shop": WantedSite(source, ["shop.test", "www.shop.test"], "shop", "https website shop"),
    }
    assert wanted.redirects == {"shop": "http website shop"}


def test_what_was_installed_is_undone(tmp_path: Path) -> None:
    """The redirect, the certificate of a website that was there, and the website that was made."""
    books = carried_over(tmp_path / "books", "installed")
    redirecting = Website(
        "shop",
        IP,
        False,
        ("shop.test", "www.shop.test"),
        (Mount("redirect_to_https", "/"), Mount("letsencrypt", CHALLENGE_PATH)),
    )
    blog = https("blog", "blog.test", certificate="shop_test")
    account = Fixture(tmp_path / "account", redirecting, made(), blog)
    for name in ("bought", "shop_test"):
        account.client.installed[name] = Certificate(name, (), None, "leaf")

    redirect = books.journal.find(Change.REDIRECT, "shop")
    assert redirect is not None
    assert redirect.done
    account.panel.show_again(account.http("shop"), redirect.before, books)
    assert account.site("shop", https=False).mounts == (
        *CONTENT,
        Mount("letsencrypt", CHALLENGE_PATH),
    )
    assert "redirect_to_https" not in account.client.programs
    assert books.noted("app", "redirect_to_https") is None
    for name in ("blog", "shop"):
        change = books.journal.find(Change.SITE, name)
        assert change is not None
        account.panel.restore(account.https(name), change)
    assert account.site("blog", https=True).certificate == "bought"
    assert ("shop", True) not in account.client.sites


def test_an_upload_is_known_by_its_source(tmp_path: Path) -> None:
    """With the name on the panel and the leaf's fingerprint."""
    change = carried_over(tmp_path / "books", "installed").journal.find("certificate", "shop.test")
    assert change is not None
    assert change.after["certificate"] == "shop_test"
    assert len(change.after["fingerprint"]) == 64
    assert change.done


@pytest.mark.parametrize("mounts", [CONTENT, (*CONTENT, Mount("site", "/mine"))])
def test_a_website_that_was_being_made_is_undone_unless_it_was_changed(
    tmp_path: Path, mounts: tuple[Mount, ...]
) -> None:
    """0.1.0 noted before the call what it made, so a change by hand is known here, too."""
    change = carried_over(tmp_path / "books", "killed-making").journal.find(Change.SITE, "shop")
    account = Fixture(tmp_path / "account", made(mounts))
    assert change is not None
    assert not change.done
    if mounts == CONTENT:
        account.panel.restore(account.https("shop"), change)
    else:
        with pytest.raises(ChangedByHandError, match="changed by hand"):
            account.panel.restore(account.https("shop"), change)
    assert (("shop", True) in account.client.sites) is (mounts != CONTENT)


def test_a_redirect_that_was_being_made_is_open(tmp_path: Path) -> None:
    """So that the next run finishes it, or undoes it to what was there."""
    change = carried_over(tmp_path / "books", "killed-redirecting").journal.find("redirect", "shop")
    assert change is not None
    assert not change.done
    account = Fixture(tmp_path / "account", http("shop", "shop.test", app="redirect_to_https"))
    account.client.create_app("site", "static_only")
    account.panel.show_again(account.http("shop"), change.before, account.books)
    assert account.site("shop", https=False).mounts == CONTENT


def test_what_challenges_left_is_taken_away(tmp_path: Path) -> None:
    """Undone from the last to the first: records, files, mount and app."""
    journal = carried_over(tmp_path / "books", "killed-answering").journal
    site = http("api", "api.test", app="django")
    mounted = Mount("letsencrypt", CHALLENGE_PATH)
    account = Fixture(
        tmp_path / "account",
        Website("api", IP, False, ("api.test",), (*site.mounts, mounted)),
    )
    account.client.zones = {"example.com": Domain("example.com", ("www", "_acme-challenge"))}
    name = "_acme-challenge.example.com"
    account.client.records = [DnsRecord(name, "TXT", value) for value in ("one", "two")]
    (account.home / "webapps/letsencrypt/api_token").write_text("api_token.thumb")

    assert journal.changes == journal.made_for(Change.CHALLENGE)
    files = journal.all(Change.FILE)
    assert files[0].after == {
        "directory": "/home/alice/webapps/site",
        "path": ".well-known/acme-challenge/shop-token",
        "made": [".well-known/acme-challenge", ".well-known"],
    }
    assert files[0].on == "/home/alice/webapps/site/.well-known/acme-challenge/shop-token"
    assert {change.what: change.names for change in journal.changes if change.names} == {
        what: ["api.test", "www.api.test"] for what in ("app", "mount")
    }
    for change in reversed(journal.changes):
        if change.what != Change.FILE:
            account.panel.undo(change)
    assert account.site("api", https=False) == site
    assert list(account.client.programs) == ["django"]
    assert account.client.records == []
    assert account.client.zones == {"example.com": Domain("example.com", ("www",))}


def test_an_app_of_another_type_is_not_the_one_that_was_made(tmp_path: Path) -> None:
    """Version 1 noted the type, too."""
    journal = carried_over(tmp_path / "books", "killed-answering").journal
    account = Fixture(tmp_path / "account")
    account.client.programs["letsencrypt"] = App("letsencrypt", "static_only", None)
    for change in journal.all("app"):
        account.panel.undo(change)
    assert "letsencrypt" in account.client.programs


@pytest.mark.parametrize(
    "content",
    [
        '{"version": 1, "uploads": []}',
        '{"version": 1, "uploads": {"a": {"source": "a"}}}',
        '{"version": 1, "contents": {"a": {"before": [["a", "/"]], "done": true}}}',
        '{"version": 1, "mounts": [{"website": "a"}]}',
    ],
)
def test_what_is_no_document_of_version_1_is_damaged(tmp_path: Path, content: str) -> None:
    """As with any other document: the caller keeps it aside."""
    (tmp_path / "wanted.json").write_text('{"version": 1}')
    (tmp_path / "journal.json").write_text(content)
    with pytest.raises(DamagedError):
        Books(tmp_path, WEBFACTION.carry_over).peek()
