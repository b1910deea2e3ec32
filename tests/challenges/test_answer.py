"""Answering challenges on an account, and leaving it as it was."""

from __future__ import annotations

import functools
import http.server
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from certbot import errors

from certbot_webfaction.account import HostAccount, Options
from certbot_webfaction.books.journal import Journal, MadeApp, MadeMount, PlacedFile
from certbot_webfaction.challenges.answer import (
    SETTLING,
    Challenge,
    clean_up,
    place,
    places_of,
    see,
    settle,
)
from certbot_webfaction.hosts.webfaction.model import Account, App, Website
from certbot_webfaction.hosts.webfaction.mount import Mount
from certbot_webfaction.hosts.webfaction.seen import SharedPanel
from certbot_webfaction.panel.model import CHALLENGE_PATH
from certbot_webfaction.web.route import Route
from tests.hosts.webfaction.fake import IP
from tests.hosts.webfaction.shell_panel import ShellPanel
from tests.web.web import Page, Time, Web

LETSENCRYPT = Mount("letsencrypt", CHALLENGE_PATH)
SHOP = Challenge("shop.test", "shop-token", "shop-token.thumb")
API = Challenge("api.test", "-api_token", "-api_token.thumb")


@dataclass
class Scene:
    """An account with a static website for shop.test and a Django one for api.test."""

    home: Path
    files: str = "api"
    wait: int = 0
    app: str | None = None

    def __post_init__(self) -> None:
        (self.home / "webapps/static").mkdir(parents=True)
        self.panel = ShellPanel(
            websites=(
                Website("shop", IP, False, ("shop.test", "*.shop.test"), (Mount("static", "/"),)),
                Website("api", IP, False, ("api.test",), (Mount("django", "/"),)),
                Website("api", IP, True, ("api.test",), (Mount("django", "/"),)),
            ),
            apps=(
                App("static", "static_only", str(self.home / "webapps/static")),
                App("django", "django41", None),
            ),
            account=Account("alice", str(self.home), "web500"),
        )
        self.time = Time()
        self.new_process()

    def new_process(self) -> None:
        """Forget what a process knows; what is on disk and on the panel stays."""
        options = Options(
            self.home / "webfaction.ini",
            None,
            self.app,
            "static_php70",
            self.files,
            self.wait,
            Route("127.0.0.1", 1, 1),
        )
        shared = SharedPanel(lambda: self.panel, self.time.clock)
        self.account = HostAccount(options, shared, self.home / "documents")

    def mounts(self, website: str = "api") -> tuple[Mount, ...]:
        return self.panel.sites[website, False].mounts

    def placed(self) -> list[str]:
        webapps = self.home / "webapps"
        return sorted(str(p.relative_to(webapps)) for p in webapps.rglob("*") if p.is_file())

    def is_clean(self) -> bool:
        """Whether panel, directories and journal are as in the beginning."""
        return (
            self.mounts() == (Mount("django", "/"),)
            and self.mounts("shop") == (Mount("static", "/"),)
            and set(self.panel.programs) == {"static", "django"}
            and [path.name for path in (self.home / "webapps").rglob("*")] == ["static"]
            and self.account.journal() == Journal()
        )


@pytest.fixture(params=["local", "api"])
def scene(tmp_path: Path, request: pytest.FixtureRequest) -> Scene:
    """The account, with files written either way."""
    return Scene(tmp_path, files=request.param)


def answer(account: HostAccount, challenges: list[Challenge], **how: Any) -> None:
    """As the plugin does."""
    see(account, challenges, place(account, challenges), **how)


def nobody() -> set[str]:
    return set()


def test_an_app_that_serves_files_takes_them(scene: Scene) -> None:
    """Nothing on the panel is changed, and nothing stays afterwards."""
    answer(scene.account, [SHOP, Challenge("a.shop.test", "other", "other.thumb")])

    assert scene.placed() == [
        "static/.well-known/acme-challenge/other",
        "static/.well-known/acme-challenge/shop-token",
    ]
    made = [".well-known", ".well-known/acme-challenge"]
    assert sorted(scene.account.journal().files[0].made) == made
    clean_up(scene.account, keep_mounts=True)
    assert scene.is_clean()
    assert not {"create_app", "update_website"} & set(scene.panel.verbs())


def test_other_websites_get_an_app_that_stays_for_renewals(scene: Scene) -> None:
    """Made and mounted on the http website; after success only the files go again."""
    answer(scene.account, [SHOP, API])
    assert scene.placed() == [
        "letsencrypt/-api_token",
        "static/.well-known/acme-challenge/shop-token",
    ]
    clean_up(scene.account, keep_mounts=True)

    assert scene.placed() == []
    assert scene.mounts() == (Mount("django", "/"), LETSENCRYPT)
    assert scene.panel.sites["api", True].mounts == (Mount("django", "/"),)
    assert scene.panel.programs["letsencrypt"].type == "static_php70"
    settle(scene.account, lambda: {"api.test"})
    assert scene.account.journal() == Journal()
    assert scene.mounts() == (Mount("django", "/"), LETSENCRYPT)

    scene.panel.calls.clear()
    answer(scene.account, [API])
    clean_up(scene.account, keep_mounts=False)
    assert set(scene.panel.verbs()) <= {"login", "run"}
    assert LETSENCRYPT in scene.mounts()


def test_a_mount_goes_with_the_next_run_if_no_certificate_came_of_it(scene: Scene) -> None:
    """The challenges succeeded, and then the order failed."""
    answer(scene.account, [SHOP, API])
    clean_up(scene.account, keep_mounts=True)
    settle(scene.account, nobody)
    assert scene.is_clean()


def test_after_a_failure_what_was_made_goes_again(scene: Scene) -> None:
    """Files, mount and app."""
    answer(scene.account, [SHOP, API])
    clean_up(scene.account, keep_mounts=False)

    assert scene.is_clean()


def test_what_stands_under_a_tokens_name_gives_way(scene: Scene) -> None:
    """A token is the CA's and random: whoever has a file or symlink there planted it."""
    planted = scene.home / "webapps/static/.well-known/acme-challenge/shop-token"
    planted.parent.mkdir(parents=True)
    (scene.home / "victim").write_text("theirs")
    planted.symlink_to(scene.home / "victim")
    answer(scene.account, [SHOP])

    assert not planted.is_symlink()
    assert planted.read_text() == "shop-token.thumb"
    assert (scene.home / "victim").read_text() == "theirs"


def test_an_order_takes_two_calls_for_files(tmp_path: Path) -> None:
    """Over the API: one call places the files of all websites, one removes them."""
    scene = Scene(tmp_path)
    answer(scene.account, [SHOP, API])
    clean_up(scene.account, keep_mounts=True)

    assert scene.panel.verbs().count("run") == 2


def test_an_app_is_made_once_for_many_websites(scene: Scene) -> None:
    """Two websites, three domains: one app, a mount on each website."""
    blog = Website("blog", IP, False, ("blog.test", "www.blog.test"), ())
    scene.panel.sites["blog", False] = blog
    names = ["api.test", "blog.test", "www.blog.test"]
    answer(scene.account, [Challenge(name, name.replace(".", "-"), "x") for name in names])

    assert scene.panel.verbs().count("create_app") == 1
    assert scene.panel.verbs().count("update_website") == 2
    assert scene.mounts("blog") == (LETSENCRYPT,)
    assert scene.placed() == [f"letsencrypt/{name.replace('.', '-')}" for name in names]


def test_only_our_mount_is_added_to_what_is_there(scene: Scene) -> None:
    """What somebody changed since the last reading stays, and so it is when the mount goes."""
    places_of(scene.account, ["api.test"])
    before = scene.panel.sites["api", False]
    changed = replace(before, mounts=(*before.mounts, Mount("static", "/media")))
    scene.panel.sites["api", False] = changed
    scene.time.now += 100

    answer(scene.account, [API])
    assert scene.mounts() == (*changed.mounts, LETSENCRYPT)
    clean_up(scene.account, keep_mounts=False)
    assert scene.panel.sites["api", False] == changed


class Meddling(ShellPanel):
    """A panel on which somebody else does something while a call of ours is on its way."""

    def create_app(self, name: str, type: str) -> App:
        self.meanwhile()
        return super().create_app(name, type)

    def meanwhile(self) -> None:
        raise NotImplementedError


def test_what_is_changed_while_an_app_is_made_stays(scene: Scene) -> None:
    """An update replaces all of a website, so it is read once more, just before, and only then."""
    by_hand = Website(
        "api",
        IP,
        False,
        ("api.test", "www.api.test"),
        (Mount("django", "/"), Mount("static", "/blog")),
    )

    class Panel(Meddling):
        def meanwhile(self) -> None:
            self.sites["api", False] = by_hand
            scene.time.now += 0.1

    scene.panel.__class__ = Panel
    answer(scene.account, [API])

    assert scene.panel.sites["api", False] == replace(
        by_hand, mounts=(*by_hand.mounts, LETSENCRYPT)
    )
    assert scene.panel.verbs().count("websites") == 2
    clean_up(scene.account, keep_mounts=False)
    assert scene.panel.sites["api", False] == by_hand


def test_an_app_that_somebody_made_just_before_is_not_deleted(scene: Scene) -> None:
    """The panel refuses ours, of the same name and type; not even an empty one is taken away."""

    class Panel(Meddling):
        def meanwhile(self) -> None:
            ShellPanel.create_app(self, "letsencrypt", "static_php70")

    scene.panel.__class__ = Panel
    with pytest.raises(errors.PluginError, match="already exists"):
        answer(scene.account, [API])
    clean_up(scene.account, keep_mounts=False)

    assert "letsencrypt" in scene.panel.programs
    assert scene.account.journal() == Journal()


def test_an_app_with_files_of_others_is_not_deleted(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """Killed before the app was made, and then somebody made one and put files into it."""
    scene.account.save(
        Journal(
            apps={"letsencrypt": MadeApp("static_php70")},
            mounts=[MadeMount("api", "letsencrypt", CHALLENGE_PATH, ["api.test"])],
        )
    )
    scene.panel.create_app("letsencrypt", "static_php70")
    file = scene.home / "webapps/letsencrypt/mine.txt"
    file.write_text("theirs")
    settle(scene.account, nobody)

    assert file.read_text() == "theirs"
    assert "letsencrypt" in scene.panel.programs
    assert "The app letsencrypt stays on the panel: somebody put mine.txt into it" in caplog.text
    assert scene.account.journal() == Journal()


def test_empty_directories_of_others_stay(scene: Scene) -> None:
    """Below one that was there, only what was made is taken away again."""
    theirs = scene.home / "webapps/static/.well-known"
    theirs.mkdir()
    answer(scene.account, [SHOP, Challenge("a.shop.test", "other", "other.thumb")])
    clean_up(scene.account, keep_mounts=True)
    assert list(theirs.iterdir()) == []
    assert scene.account.journal() == Journal()


def test_empty_directories_of_others_stay_after_a_failure(scene: Scene) -> None:
    """What was not made until then is not ours, whichever file failed."""
    theirs = scene.home / "webapps/static/.well-known/acme-challenge"
    theirs.mkdir(parents=True)
    scene.panel.sites["blog", False] = Website(
        "blog", IP, False, ("blog.test",), (Mount("blog", "/"),)
    )
    scene.panel.create_app("blog", "static_only")
    (scene.home / "webapps/blog/.well-known").write_text("in the way")
    with pytest.raises(errors.PluginError, match=r"for blog\.test could not be put"):
        answer(scene.account, [SHOP, Challenge("blog.test", "blog-token", "x")])
    clean_up(scene.account, keep_mounts=False)

    assert theirs.is_dir()
    assert list(theirs.iterdir()) == []


def test_a_website_that_is_new_is_found(scene: Scene) -> None:
    """If a domain is missing from an old reading, the panel is asked anew, once."""
    places_of(scene.account, ["api.test"])
    scene.panel.sites["new", False] = Website("new", IP, False, ("new.test",), ())
    scene.time.now += 100

    assert places_of(scene.account, ["new.test"])[0].website.name == "new"
    with pytest.raises(errors.PluginError, match=r"gone\.test"):
        places_of(scene.account, ["gone.test"])
    assert scene.panel.verbs().count("websites") == 2


@pytest.mark.parametrize(
    "token", ["", "../x", "a/b", "a b", "$(touch x)", "a\n", "a;b", "é", ".", "x" * 201]
)
def test_tokens_are_not_trusted(scene: Scene, token: str) -> None:
    """A token that is not base64url is refused before anything is done."""
    with pytest.raises(errors.PluginError, match=r"for shop\.test whose token is no base64url"):
        answer(scene.account, [Challenge("shop.test", token, "x")])
    assert scene.panel.calls == []


def test_an_app_of_a_type_without_files_is_refused(scene: Scene) -> None:
    """``--webfaction-app-type django41`` makes an app that can't hold the files; it goes again."""
    scene.account.options = scene.account.options._replace(app_type="django41")

    with pytest.raises(errors.PluginError, match="--webfaction-app-type, for example static_php70"):
        answer(scene.account, [API])
    clean_up(scene.account, keep_mounts=False)
    assert scene.is_clean()


def test_a_place_that_can_not_be_written_is_told(scene: Scene) -> None:
    """With domain, app and website."""
    (scene.home / "webapps/static/.well-known").write_text("in the way")

    with pytest.raises(errors.PluginError) as caught:
        answer(scene.account, [API, SHOP])
    assert str(caught.value).startswith(
        "The challenge file for shop.test could not be put into the app static of the website"
        " shop. .well-known/acme-challenge/shop-token could not be written in "
    )
    clean_up(scene.account, keep_mounts=False)
    (scene.home / "webapps/static/.well-known").unlink()
    assert scene.is_clean()


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("verb", ["create_app", "update_website", "run"])
def test_a_call_that_fails_leaves_nothing(tmp_path: Path, verb: str, after: bool) -> None:
    """Whether or not it took effect."""
    scene = Scene(tmp_path)
    scene.panel.fail(verb=verb, after=after)

    with pytest.raises(errors.PluginError):
        answer(scene.account, [SHOP, API])
    clean_up(scene.account, keep_mounts=False)
    assert scene.is_clean()


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("verb", ["create_app", "update_website", "run"])
def test_a_run_that_was_killed_in_a_call_is_cleaned_up_after(
    tmp_path: Path, verb: str, after: bool
) -> None:
    """The next run that reaches us takes all of it away: nobody ran `clean_up`."""
    scene = Scene(tmp_path)
    scene.panel.fail(verb=verb, after=after)
    with pytest.raises(errors.PluginError):
        answer(scene.account, [SHOP, API])

    scene.new_process()
    settle(scene.account, nobody)
    assert scene.is_clean()


@pytest.mark.parametrize("verb", ["create_app", "run"])
def test_a_call_that_outlives_its_interruption_is_undone_by_the_next_run(
    tmp_path: Path, verb: str
) -> None:
    """Ctrl-C while it is on its way: the host carries it out when the clean-up has looked.

    A mount is refused then, for its app is gone.
    """
    scene = Scene(tmp_path)
    late: list[Callable[[], object]] = []

    class Panel(ShellPanel):
        def create_app(self, name: str, type: str) -> App:
            return self.late("create_app", name, type)  # type: ignore[no-any-return]

        def run(self, command: str) -> str:
            return self.late("run", command)  # type: ignore[no-any-return]

        def late(self, called: str, *args: object) -> Any:
            call = functools.partial(getattr(super(), called), *args)
            if called == verb and not late:
                late.append(call)
                raise KeyboardInterrupt
            return call()

    scene.panel.__class__ = Panel
    with pytest.raises(KeyboardInterrupt):
        place(scene.account, [SHOP, API])
    clean_up(scene.account, keep_mounts=False, interrupted=True)
    late[0]()
    assert not scene.is_clean()

    scene.new_process()
    settle(scene.account, nobody)
    assert scene.is_clean()
    assert scene.account.journal() == Journal()


def test_a_run_that_was_killed_after_placing_is_cleaned_up_after(scene: Scene) -> None:
    """Files, mount and app, if no lineage needs the mount."""
    answer(scene.account, [SHOP, API])

    scene.new_process()
    settle(scene.account, lambda: {"shop.test", "other.test"})
    assert scene.is_clean()


def test_a_mount_that_a_lineage_needs_stays(scene: Scene) -> None:
    """A run that was killed after its certificate was saved: renewals go through the mount."""
    answer(scene.account, [SHOP, API])

    scene.new_process()
    settle(scene.account, lambda: {"API.test"})
    assert scene.placed() == []
    assert scene.mounts() == (Mount("django", "/"), LETSENCRYPT)
    assert scene.account.journal() == Journal()


def test_settling_nothing_costs_nothing(scene: Scene) -> None:
    """No call, and the lineages are not even read."""

    def needed() -> set[str]:
        raise AssertionError

    settle(scene.account, needed)
    assert scene.panel.calls == []


def test_a_clean_up_that_fails_warns_and_is_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each part fails alone: the mount goes though the files could not. Nothing is raised."""
    scene = Scene(tmp_path)
    answer(scene.account, [SHOP, API])
    scene.panel.fail(verb="run")
    with caplog.at_level(logging.WARNING):
        clean_up(scene.account, keep_mounts=False)

    (record,) = caplog.records
    assert record.getMessage() == (
        "Cleaning up after the challenges is not complete: The panel gave no usable answer. The"
        " next run tries again."
    )
    assert scene.mounts() == (Mount("django", "/"),)
    assert [file.path for file in scene.account.journal().files] == [
        ".well-known/acme-challenge/shop-token",
        "-api_token",
    ]
    scene.new_process()
    settle(scene.account, nobody)
    assert scene.is_clean()


def test_a_mount_that_could_not_be_removed_is_tried_again(scene: Scene) -> None:
    """The journal keeps mount and app until both are gone."""
    answer(scene.account, [API])
    scene.panel.fail(verb="delete_app")
    clean_up(scene.account, keep_mounts=False)
    assert scene.account.journal().apps == {"letsencrypt": MadeApp("static_php70", done=True)}

    settle(scene.account, nobody)
    assert scene.is_clean()


def test_files_that_stay_are_named(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """One that can't be removed is warned of and stays in the journal; the others leave it."""
    answer(scene.account, [SHOP, API])
    file = scene.home / "webapps/static/.well-known/acme-challenge/shop-token"
    file.unlink()
    file.mkdir()
    clean_up(scene.account, keep_mounts=True)

    assert f"These challenge files could not be removed: {file} (" in caplog.text
    assert [entry.path for entry in scene.account.journal().files] == [
        ".well-known/acme-challenge/shop-token"
    ]


def test_what_others_use_stays(scene: Scene) -> None:
    """An app that somebody mounted elsewhere meanwhile is not deleted; our mount alone goes."""
    answer(scene.account, [API])
    secure = replace(scene.panel.sites["api", True], mounts=scene.mounts())
    scene.panel.sites["api", True] = secure
    blog = Website("blog", IP, False, ("blog.test",), (Mount("letsencrypt", "/"),))
    scene.panel.sites["blog", False] = blog
    clean_up(scene.account, keep_mounts=False)

    assert "letsencrypt" in scene.panel.programs
    assert scene.mounts() == (Mount("django", "/"),)
    assert scene.mounts("blog") == blog.mounts
    assert scene.panel.sites["api", True] == secure
    assert scene.account.journal() == Journal()


def test_what_somebody_removed_is_not_missed(scene: Scene) -> None:
    """Website and app gone by hand: nothing is left to do."""
    answer(scene.account, [API])
    del scene.panel.sites["api", False]
    del scene.panel.programs["letsencrypt"]
    clean_up(scene.account, keep_mounts=False)

    assert scene.account.journal() == Journal()


def test_an_app_that_was_not_made_by_us_is_not_deleted(scene: Scene) -> None:
    """Killed before the app was made, and then somebody made one of that name and another type."""
    journal = Journal(
        apps={"letsencrypt": MadeApp("static_php70")},
        mounts=[MadeMount("api", "letsencrypt", CHALLENGE_PATH, ["api.test"])],
    )
    scene.account.save(journal)
    scene.panel.create_app("letsencrypt", "static_only")
    settle(scene.account, nobody)

    assert "letsencrypt" in scene.panel.programs
    assert scene.account.journal() == Journal()


def test_other_entries_of_the_journal_stay(scene: Scene) -> None:
    """Apps that were made for something else are none of ours."""
    redirect = MadeApp("static_php70", done=True)
    scene.account.save(Journal(apps={"redirect_to_https": redirect}))
    answer(scene.account, [API])
    clean_up(scene.account, keep_mounts=False)

    assert scene.account.journal() == Journal(apps={"redirect_to_https": redirect})


def test_a_journal_that_was_tampered_with_does_no_harm(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """A path in it that leads out of an app's directory is refused."""
    victim = scene.home / "victim"
    victim.write_text("theirs")
    scene.account.save(Journal(files=[PlacedFile(str(scene.home / "webapps"), "../victim")]))
    settle(scene.account, nobody)

    assert victim.read_text() == "theirs"
    assert "is no path that files are written to" in caplog.text


@pytest.fixture
def static_web(tmp_path: Path) -> Iterator[int]:
    """A web server of the static app's directory; its port."""
    handler = functools.partial(
        http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "webapps/static")
    )
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_the_files_are_looked_at_from_outside(scene: Scene, static_web: int) -> None:
    """What comes back right passes; what does not is an error, and the CA is not asked."""
    route = Route("127.0.0.1", static_web, 1)
    scene.account.options = scene.account.options._replace(route=route, wait=1)

    answer(scene.account, [SHOP])
    with pytest.raises(errors.PluginError) as caught:
        answer(scene.account, [API])
    assert "The CA was not asked" in str(caught.value)
    assert f"GET http://api.test{CHALLENGE_PATH}/-api_token" in str(caught.value)
    clean_up(scene.account, keep_mounts=False)
    assert scene.is_clean()


def test_a_new_mount_is_looked_at_twice(scene: Scene) -> None:
    """The web server's processes take it over one after another; old mounts are looked at once."""
    url = f"api.test{CHALLENGE_PATH}/{API.token}"
    shop = f"shop.test{CHALLENGE_PATH}/{SHOP.token}"
    right = Page(API.key_authorization)
    states = [Page("the old process", 502), right]
    slept = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        web.pages[url] = states.pop(0)

    with Web({url: right, shop: Page(SHOP.key_authorization)}) as web:
        route = Route("127.0.0.1", web.port)
        scene.account.options = scene.account.options._replace(route=route, wait=10)
        answer(scene.account, [SHOP, API], sleep=sleep)
    assert slept == [SETTLING, 0.2]
    assert sorted(web.asked) == [url, url, url, shop]
