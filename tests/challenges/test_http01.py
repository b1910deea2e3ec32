"""Answering challenges on an account, and leaving it as it was."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from certbot import errors

from certbot_webfaction.account import Account
from certbot_webfaction.challenges.http01 import (
    SETTLING,
    clean_up,
    find_places,
    place,
    remove_leftovers,
    see,
)
from certbot_webfaction.panel.errors import LoginRefusedError, PanelUnreachableError
from certbot_webfaction.panel.model import CHALLENGE_PATH, Change
from certbot_webfaction.web.challenge_file import ChallengeFile
from certbot_webfaction.web.route import Route
from tests.accounts import make_account
from tests.installation.scene import stored
from tests.panel.one_site import (
    FOLDER,
    FRESH,
    ONE_SITE,
    OneSite,
    OneSitePanel,
    three_sites,
)
from tests.web.web import Page, Web

SHOP = ChallengeFile("shop.test", "shop-token", "shop-token.thumb")
WWW = ChallengeFile("www.shop.test", "other", "other.thumb")
API = ChallengeFile("api.test", "-api_token", "-api_token.thumb")


@dataclass
class TwoSites:
    """An account with a site of files for shop.test and one of code for api.test."""

    directory: Path
    wait: int = 0
    route: Route = field(default_factory=lambda: Route("127.0.0.1", 1, 1))

    def __post_init__(self) -> None:
        self.host = three_sites(self.directory)
        self.shop = self.directory / "sites/shop"
        self.new_process()

    def new_process(self) -> None:
        """Forget what a process knows; what is on disk and on the panel stays."""
        self.host.settle()
        panel = OneSitePanel(self.host)
        self.account: Account = make_account(
            self.directory, panel, ONE_SITE, wait=self.wait, route=self.route
        )

    def route_of(self, name: str) -> str | None:
        """Where the challenge path of a site leads."""
        return self.host.site(name).routes.get(CHALLENGE_PATH)

    def placed(self) -> list[str]:
        """The files in directories that are served."""
        roots = [self.directory / "sites", self.directory / "folders"]
        return sorted(
            str(path.relative_to(self.directory))
            for root in roots
            for path in root.rglob("*")
            if path.is_file()
        )

    def changes(self) -> list[Change]:
        """The journal as it is on disk."""
        self.account.books.peek()
        return self.account.books.journal.changes

    def is_clean(self) -> bool:
        """Whether panel, directories and journal are as in the beginning."""
        self.host.settle()
        return (
            not any(site.routes for site in self.host.sites.values())
            and self.host.folders == {}
            and sorted(path.name for path in (self.directory / "sites").rglob("*"))
            == ["blog", "shop"]
            and self.changes() == []
        )


@pytest.fixture
def scene(tmp_path: Path) -> TwoSites:
    return TwoSites(tmp_path)


def answer(account: Account, *files: ChallengeFile) -> None:
    """As the plugin does."""
    see(account, files, place(account, files))


def nobody() -> set[str]:
    return set()


# Where a file belongs


def test_a_domain_is_answered_by_the_site_that_serves_it(scene: TwoSites) -> None:
    """By its own name before a wildcard, whatever the case, however it is spelled."""
    scene.host.sites |= {
        site.id: site
        for site in (
            OneSite("wild", ("*.shop.test", "bücher.example"), "/wild"),
            OneSite("deep", ("deep.shop.test",), "/deep"),
        )
    }
    domains = [
        "WWW.shop.test",
        "other.shop.test",
        "deep.shop.test",
        "api.test",
        "xn--bcher-kva.example",
    ]

    found = find_places(scene.account, domains)
    assert [(place.domain, place.site.label) for place in found] == [
        ("WWW.shop.test", "site shop"),
        ("other.shop.test", "site wild"),
        ("deep.shop.test", "site deep"),
        ("api.test", "site api"),
        ("xn--bcher-kva.example", "site wild"),
    ]
    assert [place.ready for place in found] == [True, True, True, False, True]


def test_a_site_that_is_new_is_found(scene: TwoSites) -> None:
    """If a domain is missing from an old reading, the panel is asked anew, once."""
    find_places(scene.account, ["api.test"])
    new = OneSite("new", ("new.test",))
    scene.host.sites[new.id] = new
    scene.host.time.now += FRESH + 1

    assert find_places(scene.account, ["new.test"])[0].site.label == "site new"
    with pytest.raises(errors.PluginError, match=r"gone\.test"):
        find_places(scene.account, ["gone.test"])
    assert scene.host.verbs().count("list_sites") == 2


@pytest.mark.parametrize("kind", [PanelUnreachableError, LoginRefusedError])
def test_a_panel_that_gives_no_answer_is_asked_no_second_time(
    scene: TwoSites, kind: type[Exception]
) -> None:
    """That may take minutes, and hosts lock accounts whose logins fail."""
    scene.host.fail(verb="login", error=kind("No."))

    with pytest.raises(kind):
        find_places(scene.account, ["api.test"])
    assert scene.host.verbs() == ["login"]


def test_domains_on_no_http_site_are_told_at_once(scene: TwoSites) -> None:
    """All of them, each with the nearest sites and what to do."""
    with pytest.raises(errors.PluginError) as caught:
        find_places(scene.account, ["shop.test", "shpo.test", "a.example"])
    assert str(caught.value).splitlines() == [
        "These domains are on no http website of the account, so their challenges can't be"
        " answered. The CA was not asked.",
        "  shpo.test: nearest is shop.test (site shop), www.shop.test (site shop), api.test"
        " (site api). Correct the name, or add the domain to a website in the panel.",
        "  a.example: no domain of the account is like it. Create an http website with it in the"
        " panel.",
        "Changes in the panel take a few minutes. Then run the command again.",
    ]


def test_wildcards_are_refused(scene: TwoSites) -> None:
    """They come here where the account has no DNS; the panel is not asked."""
    with pytest.raises(errors.PluginError) as caught:
        find_places(scene.account, ["shop.test", "*.shop.test"])
    assert str(caught.value) == (
        "No CA validates wildcards by challenge files, and this account has no DNS to answer in:"
        " *.shop.test. The CA was not asked. Use the authenticator of who serves the domain's DNS."
    )
    assert scene.host.calls == []


# Placing, and taking away


def test_a_directory_that_is_served_takes_the_files(scene: TwoSites) -> None:
    """Nothing on the panel is changed, and nothing stays afterwards."""
    answer(scene.account, SHOP, WWW)

    assert scene.placed() == [
        "sites/shop/.well-known/acme-challenge/other",
        "sites/shop/.well-known/acme-challenge/shop-token",
    ]
    noted = scene.changes()
    assert [(c.what, c.on, c.done, c.purpose) for c in noted] == [
        (Change.FILE, f"{scene.shop}{CHALLENGE_PATH}/{token}", True, Change.CHALLENGE)
        for token in ("shop-token", "other")
    ]
    made = [".well-known", ".well-known/acme-challenge"]
    assert sorted(noted[0].after["made"]) == made
    clean_up(scene.account, keep_made=True)
    assert scene.is_clean()
    assert scene.host.writes() == []


def test_what_is_made_for_other_sites_stays_for_renewals(scene: TwoSites) -> None:
    """After success only the files go again, and the next run keeps what a lineage needs."""
    answer(scene.account, SHOP, API)
    assert scene.placed() == [
        "folders/challenges/-api_token",
        "sites/shop/.well-known/acme-challenge/shop-token",
    ]
    clean_up(scene.account, keep_made=True)

    assert scene.placed() == []
    folder = str(scene.host.folders[FOLDER])
    assert scene.route_of("api") == folder
    scene.new_process()
    remove_leftovers(scene.account, lambda: {"api.test"})
    assert scene.changes() == []
    assert scene.route_of("api") == folder

    scene.host.calls.clear()
    answer(scene.account, API)
    clean_up(scene.account, keep_made=False)
    assert scene.host.writes() == []
    assert scene.route_of("api") == folder


def test_what_was_made_goes_with_the_next_run_if_no_certificate_came_of_it(scene: TwoSites) -> None:
    """The challenges succeeded, and then the order failed."""
    answer(scene.account, SHOP, API)
    clean_up(scene.account, keep_made=True)
    remove_leftovers(scene.account, nobody)
    assert scene.is_clean()


def test_after_a_failure_what_was_made_goes_again(scene: TwoSites) -> None:
    """In the reverse order, because the host refuses to delete what is used."""
    answer(scene.account, SHOP, API)
    clean_up(scene.account, keep_made=False)

    assert scene.is_clean()
    assert scene.host.writes()[-2:] == ["update_site", "delete_folder"]


def test_what_stands_under_a_tokens_name_gives_way(scene: TwoSites) -> None:
    """A token is the CA's and random: whoever has a file or symlink there planted it."""
    planted = scene.shop / ".well-known/acme-challenge/shop-token"
    planted.parent.mkdir(parents=True)
    victim = scene.directory / "victim"
    victim.write_text("theirs")
    planted.symlink_to(victim)
    answer(scene.account, SHOP)

    assert not planted.is_symlink()
    assert planted.read_text() == "shop-token.thumb"
    assert victim.read_text() == "theirs"


def test_empty_directories_of_others_stay(scene: TwoSites) -> None:
    """Below one that was there, only what was made is taken away again."""
    theirs = scene.shop / ".well-known"
    theirs.mkdir()
    answer(scene.account, SHOP, WWW)
    clean_up(scene.account, keep_made=True)
    assert list(theirs.iterdir()) == []
    assert scene.changes() == []


def test_empty_directories_of_others_stay_after_a_failure(scene: TwoSites) -> None:
    """What was not made until then is not ours, whichever file failed."""
    theirs = scene.shop / ".well-known/acme-challenge"
    theirs.mkdir(parents=True)
    (scene.directory / "sites/blog/.well-known").write_text("in the way")
    with pytest.raises(errors.PluginError, match=r"for blog\.test could not be put"):
        answer(scene.account, SHOP, ChallengeFile("blog.test", "blog-token", "x"))
    clean_up(scene.account, keep_made=False)

    assert theirs.is_dir()
    assert list(theirs.iterdir()) == []


def test_directories_of_a_file_that_an_earlier_run_left_go_with_it(scene: TwoSites) -> None:
    """CAs reuse pending authorizations, so a token may come again, and its file be there."""
    answer(scene.account, SHOP)
    answer(scene.account, SHOP)
    clean_up(scene.account, keep_made=True)
    assert scene.is_clean()


def test_what_an_earlier_run_left_is_still_noted_where_placing_fails(scene: TwoSites) -> None:
    """Its file comes again, before or after one that can't be placed."""
    in_the_way = scene.directory / "sites/blog/.well-known"
    blog = ChallengeFile("blog.test", "blog-token", "x")
    answer(scene.account, SHOP)
    in_the_way.write_text("in the way")
    for files in ([SHOP, blog], [blog, SHOP]):
        with pytest.raises(errors.PluginError, match=r"for blog\.test could not be put"):
            answer(scene.account, *files)
    in_the_way.unlink()
    clean_up(scene.account, keep_made=True)
    assert scene.is_clean()


@pytest.mark.parametrize(
    "token", ["", "../x", "a/b", "a b", "$(touch x)", "a\n", "a;b", "é", ".", "x" * 201]
)
def test_tokens_are_not_trusted(scene: TwoSites, token: str) -> None:
    """A token that is not base64url is refused before anything is done."""
    with pytest.raises(errors.PluginError, match=r"for shop\.test whose token is no base64url"):
        answer(scene.account, ChallengeFile("shop.test", token, "x"))
    assert scene.host.calls == []


def test_a_place_that_can_not_be_written_is_told(scene: TwoSites) -> None:
    """With the domain, the directory and the site."""
    (scene.shop / ".well-known").write_text("in the way")

    with pytest.raises(errors.PluginError) as caught:
        answer(scene.account, API, SHOP)
    assert str(caught.value).startswith(
        "The challenge file for shop.test could not be put into the folder of shop of the site"
        " shop. .well-known/acme-challenge/shop-token could not be written in "
    )
    assert str(caught.value).endswith("Put that right.")
    clean_up(scene.account, keep_made=False)
    (scene.shop / ".well-known").unlink()
    assert scene.is_clean()


# Failures and interruptions


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("verb", ["create_folder", "update_site", "make_places"])
def test_a_call_that_fails_leaves_nothing(scene: TwoSites, verb: str, after: bool) -> None:
    """Whether or not it took effect."""
    scene.host.fail(verb=verb, after=after)

    with pytest.raises(errors.PluginError):
        answer(scene.account, SHOP, API)
    clean_up(scene.account, keep_made=False)
    assert scene.is_clean()


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("verb", ["create_folder", "update_site", "make_places"])
def test_a_run_that_was_killed_in_a_call_is_cleaned_up_after(
    scene: TwoSites, verb: str, after: bool
) -> None:
    """The next run that reaches us takes all of it away: nobody ran `clean_up`."""
    scene.host.fail(verb=verb, after=after)
    with pytest.raises(errors.PluginError):
        answer(scene.account, SHOP, API)

    scene.new_process()
    remove_leftovers(scene.account, nobody)
    assert scene.is_clean()


def test_a_run_that_was_killed_while_it_wrote_files_is_cleaned_up_after(
    scene: TwoSites, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is noted before what is to be written, and that every directory may be ours."""
    at = scene.account.panel.files
    write = at.place

    def killed(*args: object, **how: object) -> None:
        write(*args, **how)  # type: ignore[arg-type] # whatever it was called with
        raise KeyboardInterrupt

    monkeypatch.setattr(at, "place", killed)
    with pytest.raises(KeyboardInterrupt):
        place(scene.account, [SHOP])
    assert not scene.is_clean()

    scene.new_process()
    remove_leftovers(scene.account, nobody)
    assert scene.is_clean()


def test_a_call_that_outlives_its_interruption_is_undone_by_the_next_run(scene: TwoSites) -> None:
    """Ctrl-C while it is on its way: the host carries it out when the clean-up has looked."""
    scene.host.fail(verb="create_folder", error=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        place(scene.account, [SHOP, API])
    clean_up(scene.account, keep_made=False, interrupted=True)
    scene.host.create_folder(FOLDER)
    scene.host.settle()
    assert not scene.is_clean()

    scene.new_process()
    remove_leftovers(scene.account, nobody)
    assert scene.is_clean()


def test_a_run_that_was_killed_after_placing_is_cleaned_up_after(scene: TwoSites) -> None:
    """Files, and what was made if no lineage needs it."""
    answer(scene.account, SHOP, API)

    scene.new_process()
    remove_leftovers(scene.account, lambda: {"shop.test", "other.test"})
    assert scene.is_clean()


def test_what_a_lineage_needs_stays(scene: TwoSites) -> None:
    """A run that was killed after its certificate was saved: renewals go through what it made."""
    answer(scene.account, SHOP, API)

    scene.new_process()
    remove_leftovers(scene.account, lambda: {"API.test"})
    assert scene.placed() == []
    assert scene.route_of("api") == str(scene.host.folders[FOLDER])
    assert scene.changes() == []


def test_removing_no_leftovers_costs_nothing(scene: TwoSites) -> None:
    """No call, and the lineages are not even read."""

    def needed() -> set[str]:
        raise AssertionError

    remove_leftovers(scene.account, needed)
    assert scene.host.calls == []


def test_a_clean_up_that_fails_warns_and_is_tried_again(
    scene: TwoSites, caplog: pytest.LogCaptureFixture
) -> None:
    """Each part fails alone: files that can't be removed don't keep the rest. Nothing is raised."""
    answer(scene.account, SHOP, API)
    scene.host.fail(verb="update_site")
    file = scene.shop / ".well-known/acme-challenge/shop-token"
    file.unlink()
    file.mkdir()
    with caplog.at_level(logging.WARNING):
        clean_up(scene.account, keep_made=False)

    first, second = caplog.messages
    assert first.startswith(
        "Cleaning up after the challenges is not complete: These challenge files could not be"
        f" removed: {file} ("
    )
    assert second == (
        "Cleaning up after the challenges is not complete: The panel gave no usable answer. The"
        " next run tries again."
    )
    assert [(c.what, c.on) for c in scene.changes()] == [
        ("folder", FOLDER),
        ("route", scene.host.site("api").id),
        (Change.FILE, str(file)),
    ]
    file.rmdir()
    scene.new_process()
    remove_leftovers(scene.account, nobody)
    assert scene.is_clean()


@pytest.mark.parametrize("token", ["shop-token", "other"])
def test_directories_go_with_the_last_file_in_them(scene: TwoSites, token: str) -> None:
    """Also where the file that they were made for went before, and another could not."""
    answer(scene.account, SHOP, WWW)
    file = scene.shop / ".well-known/acme-challenge" / token
    file.unlink()
    file.mkdir()
    clean_up(scene.account, keep_made=False)
    file.rmdir()
    scene.new_process()
    remove_leftovers(scene.account, nobody)
    assert scene.is_clean()


def test_what_could_not_be_undone_is_tried_again(scene: TwoSites) -> None:
    """The journal keeps it until it is gone, and the host is told that it is tried again."""
    answer(scene.account, API)
    scene.host.fail(verb="delete_folder")
    clean_up(scene.account, keep_made=False)
    (change,) = scene.changes()
    assert (change.what, change.on, change.done) == ("folder", FOLDER, True)

    again = []
    undo = scene.account.panel.undo

    def noticing(change: Change, is_again: bool = False) -> None:
        again.append(is_again)
        undo(change, is_again)

    vars(scene.account.panel)["undo"] = noticing
    remove_leftovers(scene.account, nobody)
    assert again == [True]
    assert scene.is_clean()


def test_what_others_use_stays(scene: TwoSites, caplog: pytest.LogCaptureFixture) -> None:
    """A folder to which somebody led another site meanwhile; our route alone goes."""
    answer(scene.account, API)
    theirs = str(scene.host.folders[FOLDER])
    scene.host.site("blog").routes["/media"] = theirs
    clean_up(scene.account, keep_made=False)

    scene.host.settle()
    assert scene.route_of("api") is None
    assert scene.host.site("blog").routes == {"/media": theirs}
    assert list(scene.host.folders) == [FOLDER]
    assert "somebody uses it" in caplog.text
    assert scene.changes() == []


def test_what_somebody_removed_is_not_missed(scene: TwoSites) -> None:
    """Site and folder gone by hand: nothing is left to do."""
    answer(scene.account, API)
    del scene.host.sites[scene.host.site("api").id]
    del scene.host.folders[FOLDER]
    clean_up(scene.account, keep_made=False)

    assert scene.changes() == []


def test_other_changes_in_the_journal_stay(scene: TwoSites) -> None:
    """What was made for something else is none of ours, nor are records."""
    others = [
        Change("folder", "redirects", purpose="redirect", done=True),
        Change(Change.RECORD, "value", purpose=Change.CHALLENGE, done=True),
        stored("shop.test", "7"),
    ]
    for change in others:
        scene.account.books.journal.put(change)
    scene.account.books.save()
    answer(scene.account, SHOP, API)
    clean_up(scene.account, keep_made=False)
    remove_leftovers(scene.account, nobody)

    assert scene.changes() == others


def test_what_a_hook_wrote_meanwhile_stays(scene: TwoSites) -> None:
    """A hook that deploys writes the journal between two runs of one process, or within one."""
    theirs = [stored(name, name) for name in ("a.test", "b.test")]

    def write(change: Change) -> None:
        hook = make_account(scene.directory, scene.account.panel, ONE_SITE)
        hook.books.journal.put(change)
        hook.books.save()

    write(theirs[0])
    answer(scene.account, SHOP, API)
    write(theirs[1])
    clean_up(scene.account, keep_made=False)

    assert scene.changes() == theirs


def test_books_that_can_not_be_read_are_not_written_over(
    scene: TwoSites, caplog: pytest.LogCaptureFixture
) -> None:
    """As those of a newer version: the clean-up warns, and leaves everything to the next run."""
    answer(scene.account, SHOP)
    path = scene.account.books.journal_path
    newer = path.read_text().replace('"version": 2', '"version": 3')
    path.write_text(newer)
    clean_up(scene.account, keep_made=False)

    assert path.read_text() == newer
    assert scene.placed()
    assert "was written by a newer certbot-webfaction than this one" in caplog.text


def test_a_journal_that_was_tampered_with_does_no_harm(
    scene: TwoSites, caplog: pytest.LogCaptureFixture
) -> None:
    """A path in it that leads out of a directory is refused."""
    victim = scene.directory / "victim"
    victim.write_text("theirs")
    after = {"directory": str(scene.directory / "sites"), "path": "../victim", "made": []}
    scene.account.books.journal.put(Change(Change.FILE, "x", after=after, purpose=Change.CHALLENGE))
    remove_leftovers(scene.account, nobody)

    assert victim.read_text() == "theirs"
    assert "is no path that files are written to" in caplog.text


# Looking at what was placed


@pytest.fixture
def web() -> Iterator[Web]:
    """A web server that has the challenge file of shop.test."""
    with Web({f"shop.test{CHALLENGE_PATH}/shop-token": Page("shop-token.thumb")}) as server:
        yield server


def test_the_files_are_looked_at_from_outside(tmp_path: Path, web: Web) -> None:
    """What comes back right passes; what does not is an error, and the CA is not asked."""
    scene = TwoSites(tmp_path, wait=1, route=Route("127.0.0.1", web.port, 1))

    answer(scene.account, SHOP)
    with pytest.raises(errors.PluginError) as caught:
        answer(scene.account, API)
    assert "The CA was not asked" in str(caught.value)
    assert f"GET http://api.test{CHALLENGE_PATH}/-api_token" in str(caught.value)
    assert f"{FOLDER} was mounted at {CHALLENGE_PATH} on the site api" in str(caught.value)
    clean_up(scene.account, keep_made=False)
    assert scene.is_clean()


def test_without_a_wait_nothing_is_looked_at(tmp_path: Path, web: Web) -> None:
    """``--…-wait 0`` says so."""
    scene = TwoSites(tmp_path, wait=0, route=Route("127.0.0.1", web.port, 1))
    answer(scene.account, SHOP, API)
    assert web.asked == []


class Turning(dict[str, Page]):
    """Pages of a server whose processes answer in turn: ``turns`` first, whatever is asked for."""

    turns: list[Page]

    def get(self, url: str, default: Any = None) -> Any:
        """What the next process has."""
        return self.turns.pop(0) if self.turns else super().get(url, default)


def test_what_was_made_is_looked_at_twice(tmp_path: Path) -> None:
    """A web server's processes take it over one after another; what was there is seen once."""
    url = f"api.test{CHALLENGE_PATH}/{API.token}"
    shop = f"shop.test{CHALLENGE_PATH}/{SHOP.token}"
    pages = Turning({url: Page(API.content), shop: Page(SHOP.content)})
    pages.turns = []
    slept = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        pages.turns = [Page("the old process", 502)]

    with Web(pages) as web:
        scene = TwoSites(tmp_path, wait=10, route=Route("127.0.0.1", web.port))
        files = [SHOP, API]
        see(scene.account, files, place(scene.account, files), sleep=sleep)
    assert slept == [SETTLING]
    assert sorted(web.asked) == [url, url, url, shop]
