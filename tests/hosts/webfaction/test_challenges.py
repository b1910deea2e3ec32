"""Answering challenges on WebFaction: files in apps, over its API or here, and apps of our own."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from certbot import errors

from certbot_webfaction.account import Account
from certbot_webfaction.challenges.http01 import clean_up, place, remove_leftovers
from certbot_webfaction.hosts.webfaction.model import App, Mount, Website
from certbot_webfaction.panel.model import CHALLENGE_PATH
from certbot_webfaction.web.challenge_file import ChallengeFile
from tests.accounts import make_account
from tests.hosts.webfaction.accounts import Fixture, http, https
from tests.hosts.webfaction.fake import IP
from tests.hosts.webfaction.shell_panel import ShellPanel

LETSENCRYPT = Mount("letsencrypt", CHALLENGE_PATH)
SHOP = ChallengeFile("shop.test", "shop-token", "shop-token.thumb")
API = ChallengeFile("api.test", "-api_token", "-api_token.thumb")


class ChallengedAccount(Fixture):
    """An account with a static website for shop.test and a Django one for api.test."""

    account: Account

    def __init__(self, directory: Path, files: str = "api") -> None:
        super().__init__(
            directory, http("shop", "shop.test", "*.shop.test", app="php"), files=files
        )
        self.client.create_app("django", "django41")
        for secure in (False, True):
            website = Website("api", IP, secure, ("api.test",), (Mount("django", "/"),))
            self.client.sites["api", secure] = website
        self.before = dict(self.client.sites), set(self.client.programs)
        self.new_process()

    def new_process(self) -> None:
        """Forget what a process knows; disk and panel stay."""
        super().new_process()
        self.account = make_account(self.home.parent, self.panel)

    def placed(self) -> list[str]:
        """The files in apps' directories."""
        webapps = self.home / "webapps"
        return sorted(str(p.relative_to(webapps)) for p in webapps.rglob("*") if p.is_file())

    def is_clean(self) -> bool:
        """Whether panel, directories and journal are as in the beginning."""
        self.account.books.peek()
        return (
            (dict(self.client.sites), set(self.client.programs)) == self.before
            and [path.name for path in (self.home / "webapps").rglob("*")] == ["php"]
            and self.account.books.journal.changes == []
        )


@pytest.fixture(params=["local", "api"])
def scene(tmp_path: Path, request: pytest.FixtureRequest) -> ChallengedAccount:
    """The account, with files written either way."""
    return ChallengedAccount(tmp_path, files=request.param)


def nobody() -> set[str]:
    return set()


def test_an_app_that_serves_files_takes_them(scene: ChallengedAccount) -> None:
    """Nothing on the panel is changed, and nothing stays afterwards."""
    place(scene.account, [SHOP, ChallengeFile("a.shop.test", "other", "other.thumb")])

    assert scene.placed() == [
        "php/.well-known/acme-challenge/other",
        "php/.well-known/acme-challenge/shop-token",
    ]
    clean_up(scene.account, keep_made=True)
    assert scene.is_clean()
    assert scene.writes() == []


def test_other_websites_get_an_app_that_stays_for_renewals(scene: ChallengedAccount) -> None:
    """Made and mounted on the http website; after success only the files go again."""
    place(scene.account, [SHOP, API])
    assert scene.placed() == [
        "letsencrypt/-api_token",
        "php/.well-known/acme-challenge/shop-token",
    ]
    clean_up(scene.account, keep_made=True)

    assert scene.placed() == []
    assert scene.site("api", https=False).mounts == (Mount("django", "/"), LETSENCRYPT)
    assert scene.site("api", https=True).mounts == (Mount("django", "/"),)
    assert scene.client.programs["letsencrypt"].type == "static_php70"
    remove_leftovers(scene.account, lambda: {"api.test"})
    assert scene.account.books.journal.changes == []
    assert LETSENCRYPT in scene.site("api", https=False).mounts

    scene.client.calls.clear()
    place(scene.account, [API])
    clean_up(scene.account, keep_made=False)
    assert scene.writes() == []


def test_app_and_mount_go_again_if_no_certificate_came_of_them(scene: ChallengedAccount) -> None:
    """At once after a failure, and with the next run where only the order failed."""
    for keep_made in (False, True):
        place(scene.account, [SHOP, API])
        clean_up(scene.account, keep_made=keep_made)
        remove_leftovers(scene.account, nobody)
        assert scene.is_clean()


def test_an_order_takes_two_calls_for_files(tmp_path: Path) -> None:
    """Over the API: one call places the files of all websites, one removes them."""
    scene = ChallengedAccount(tmp_path)
    scene.client.sites["blog", False] = http("blog", "blog.test", app="php")
    place(scene.account, [SHOP, ChallengeFile("blog.test", "blog-token", "x")])
    clean_up(scene.account, keep_made=True)

    assert scene.client.verbs().count("run") == 2


def test_a_place_that_can_not_be_written_is_told(scene: ChallengedAccount) -> None:
    """With domain, app and website, and how else challenge files may be held."""
    (scene.home / "webapps/php/.well-known").write_text("in the way")

    with pytest.raises(errors.PluginError) as caught:
        place(scene.account, [API, SHOP])
    assert str(caught.value).startswith(
        "The challenge file for shop.test could not be put into the app php of the http website"
        " shop. .well-known/acme-challenge/shop-token could not be written in "
    )
    assert str(caught.value).endswith(
        "Put that right, or keep challenge files in an app of their own with --webfaction-app"
        " letsencrypt."
    )
    clean_up(scene.account, keep_made=False)
    (scene.home / "webapps/php/.well-known").unlink()
    assert scene.is_clean()


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("verb", ["create_app", "update_website", "run"])
@pytest.mark.parametrize("killed", [False, True])
def test_a_call_that_fails_leaves_nothing(
    tmp_path: Path, verb: str, after: bool, killed: bool
) -> None:
    """Whether or not it took effect, and whether this run cleans up or the next one."""
    scene = ChallengedAccount(tmp_path)
    scene.client.fail(verb=verb, after=after)
    with pytest.raises(errors.PluginError):
        place(scene.account, [SHOP, API])
    if killed:
        scene.new_process()
        remove_leftovers(scene.account, nobody)
    else:
        clean_up(scene.account, keep_made=False)
    assert scene.is_clean()


@pytest.mark.parametrize("verb", ["create_app", "run"])
def test_a_call_that_outlives_its_interruption_is_undone_by_the_next_run(
    tmp_path: Path, verb: str
) -> None:
    """Ctrl-C while it is on its way: the host carries it out when the clean-up has looked.

    A mount is refused then, for its app is gone.
    """
    scene = ChallengedAccount(tmp_path)
    late: list[Callable[[], object]] = []

    class Panel(ShellPanel):
        def create_app(self, name: str, type: str) -> App:
            return self.late("create_app", name, type)  # type: ignore[no-any-return] # it is one

        def run(self, command: str) -> str:
            return self.late("run", command)  # type: ignore[no-any-return] # likewise

        def late(self, called: str, *args: object) -> Any:
            call = functools.partial(getattr(super(), called), *args)
            is_it = called == verb and (verb != "run" or "shop-token" in str(args))
            if is_it and not late:
                late.append(call)
                raise KeyboardInterrupt
            return call()

    scene.client.__class__ = Panel
    with pytest.raises(KeyboardInterrupt):
        place(scene.account, [SHOP, API])
    clean_up(scene.account, keep_made=False, interrupted=True)
    late[0]()
    assert not scene.is_clean()

    scene.new_process()
    remove_leftovers(scene.account, nobody)
    assert scene.is_clean()


def test_what_others_use_stays(scene: ChallengedAccount) -> None:
    """An app that somebody mounted elsewhere meanwhile is not deleted; our mount alone goes."""
    place(scene.account, [API])
    blog = http("blog", "blog.test", app="letsencrypt")
    scene.client.sites["blog", False] = blog
    secure = https("blog", "blog.test", app="letsencrypt")
    scene.client.sites["blog", True] = secure
    clean_up(scene.account, keep_made=False)

    assert "letsencrypt" in scene.client.programs
    assert scene.site("api", https=False).mounts == (Mount("django", "/"),)
    assert (scene.site("blog", https=False), scene.site("blog", https=True)) == (blog, secure)
    assert scene.account.books.journal.changes == []
