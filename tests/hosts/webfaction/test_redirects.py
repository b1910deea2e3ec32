"""Redirecting http websites by an app, and letting them show what they did."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from certbot import errors

from certbot_webfaction.hosts.webfaction.model import App, Mount, Website
from certbot_webfaction.hosts.webfaction.redirects import HTACCESS
from certbot_webfaction.hosts.webfaction.sites import REDIRECT
from certbot_webfaction.panel.errors import ChangedByHandError, PanelUnreachableError
from certbot_webfaction.panel.model import CHALLENGE_PATH, Change
from tests.hosts.webfaction.accounts import Fixture, http, https
from tests.hosts.webfaction.fake import IP
from tests.hosts.webfaction.shell_panel import ShellPanel

CHALLENGES = Mount("letsencrypt", CHALLENGE_PATH)


class RedirectingAccount(Fixture):
    """An account whose http websites are redirected, and shown again from what was noted."""

    def redirect(self, name: str = "shop") -> None:
        site = self.http(name)
        change = self.books.noted(Change.REDIRECT, name) or Change(
            Change.REDIRECT, name, site.state, {"label": site.label}
        )
        with self.books.changing(change):
            self.panel.redirect(site, self.books)

    def show_again(self, name: str = "shop") -> None:
        change = self.books.noted(Change.REDIRECT, name)
        assert change is not None
        self.panel.show_again(self.http(name), change.before, self.books)
        self.books.forget(change)

    @property
    def htaccess(self) -> Path:
        return self.home / "webapps/redirect_to_https/.htaccess"


@pytest.fixture
def scene(tmp_path: Path) -> RedirectingAccount:
    """An account with the http website shop."""
    return RedirectingAccount(tmp_path, http("shop", "shop.test"))


@pytest.mark.parametrize("files", ["local", "api"])
def test_a_website_redirects_by_an_app(tmp_path: Path, files: str, notices: io.StringIO) -> None:
    """The app is made and noted, with what it is for; the website's challenge mounts stay."""
    site = replace(http("shop", "shop.test"), mounts=(CHALLENGES, Mount("site", "/")))
    scene = RedirectingAccount(tmp_path, site, files=files)
    assert not scene.http("shop").redirects
    scene.redirect()
    assert scene.site("shop", https=False).mounts == (REDIRECT, CHALLENGES)
    assert scene.http("shop").redirects
    assert scene.htaccess.read_text() == HTACCESS
    assert scene.books.noted("app", "redirect_to_https") == Change(
        "app",
        "redirect_to_https",
        after={"type": "static_php70", "own": []},
        done=True,
        purpose="redirect",
    )


def test_a_redirect_that_is_there_takes_no_write(scene: RedirectingAccount) -> None:
    """And one app serves many websites."""
    scene.client.sites["blog", False] = http("blog", "blog.test")
    scene.redirect()
    scene.redirect("blog")
    assert scene.writes() == ["create_app", "update_website", "update_website"]
    scene.new_process()
    scene.redirect()
    assert scene.writes() == []


@pytest.mark.parametrize(
    "mounts",
    [
        (Mount("site", "/"), Mount("blog", "/blog/"), CHALLENGES),
        (CHALLENGES, Mount("blog", "blog"), Mount("site", "")),
        (Mount("site", "/"), Mount("letsencrypt", "/.well-known/"), Mount("blog", "/blog/")),
        (Mount("blog", "/a"), CHALLENGES, Mount("blog", "/b"), Mount("site", "/")),
    ],
)
def test_a_website_comes_back_to_the_letter(
    tmp_path: Path, mounts: tuple[Mount, ...], notices: io.StringIO
) -> None:
    """Domains, paths, and the order of both are as they were; the app goes with the last."""
    site = Website("shop", IP, False, ("WWW.Shop.test", "shop.test"), mounts)
    scene = RedirectingAccount(tmp_path, site)
    scene.redirect()
    scene.new_process()
    scene.show_again()
    assert scene.site("shop", https=False) == site
    assert "The http website shop shows its own content again." in notices.getvalue()
    assert "redirect_to_https" not in scene.client.programs
    assert scene.books.journal.changes == []


def test_the_app_stays_for_other_websites(scene: RedirectingAccount) -> None:
    """Until the last of them shows its own content."""
    scene.client.sites["blog", False] = http("blog", "blog.test")
    scene.redirect()
    scene.redirect("blog")
    scene.show_again()
    assert "redirect_to_https" in scene.client.programs
    scene.show_again("blog")
    assert "redirect_to_https" not in scene.client.programs


def test_mounts_that_were_added_since_stay(scene: RedirectingAccount) -> None:
    """The user's, and a challenge mount; what stands where the former content was does not."""
    scene.redirect()
    for app in ("files", "letsencrypt"):
        scene.client.create_app(app, "static_only")
    site = scene.site("shop", https=False)
    scene.client.sites["shop", False] = replace(
        site, mounts=(CHALLENGES, *site.mounts, Mount("files", "/files/"))
    )
    scene.new_process()
    scene.show_again()
    assert scene.site("shop", https=False).mounts == (
        Mount("site", "/"),
        CHALLENGES,
        Mount("files", "/files/"),
    )


def test_what_was_there_before_is_gone(scene: RedirectingAccount) -> None:
    """The redirect stays rather than nothing, and it is said why."""
    scene.redirect()
    del scene.client.programs["site"]
    scene.new_process()
    with pytest.raises(ChangedByHandError) as caught:
        scene.show_again()
    assert caught.value.what == "what it showed before is gone (site)"
    assert caught.value.todo == "Choose its content in the panel."
    assert scene.http("shop").redirects
    assert scene.htaccess.exists()


@pytest.mark.parametrize("before", [None, [["redirect_to_https", "/", 0]]])
def test_what_was_there_before_is_not_known(scene: RedirectingAccount, before: object) -> None:
    """It redirected when it was first seen."""
    scene.redirect()
    with pytest.raises(ChangedByHandError, match="what it showed before is not known"):
        scene.panel.show_again(scene.http("shop"), before, scene.books)
    assert scene.http("shop").redirects


@pytest.mark.parametrize("path", ["/", "/mine"])
def test_a_website_that_was_given_other_content_keeps_it(
    scene: RedirectingAccount, path: str
) -> None:
    """An error where it is not what was there before; nothing where it is."""
    scene.redirect()
    by_hand = http("shop", "shop.test", path=path)
    scene.client.sites["shop", False] = by_hand
    scene.new_process()
    if path == "/":
        scene.show_again()
        assert "redirect_to_https" not in scene.client.programs
    else:
        with pytest.raises(ChangedByHandError) as caught:
            scene.show_again()
        assert caught.value.what == (
            "it was changed by hand since certbot-webfaction made it redirect"
        )
    assert scene.site("shop", https=False) == by_hand


def test_behind_a_redirect_stands_what_https_shows(scene: RedirectingAccount) -> None:
    """What an http website that redirects would show again; not known without an https one."""
    scene.redirect()
    assert scene.http("shop").state is None
    secure = replace(
        https("shop", "other.test", "SHOP.test"),
        mounts=(CHALLENGES, Mount("site", "/"), Mount("site", "/blog")),
    )
    scene.client.sites["shop", True] = secure
    scene.new_process()
    state = scene.http("shop").state
    assert [entry[:2] for entry in state] == [["site", "/"], ["site", "/blog"]]
    circle = replace(secure, mounts=(REDIRECT,))
    scene.client.sites["shop", True] = circle
    scene.new_process()
    assert scene.http("shop").state is None


# The app


def test_a_website_that_is_gone_is_not_redirected(scene: RedirectingAccount) -> None:
    """Somebody deleted it since it was seen."""
    site = scene.http("shop")
    del scene.client.sites["shop", False]
    scene.new_process()
    with pytest.raises(errors.PluginError, match="gone from the panel, so it was not redirected"):
        scene.panel.redirect(site, scene.books)
    assert scene.writes() == []


def test_an_app_that_was_changed_is_not_used_again(scene: RedirectingAccount) -> None:
    """Visitors of the next website would get whatever is in its .htaccess now."""
    scene.client.sites["blog", False] = http("blog", "blog.test")
    scene.redirect()
    scene.htaccess.write_text("Deny from all\n")
    scene.new_process()
    with pytest.raises(errors.PluginError, match=r"its \.htaccess was changed"):
        scene.redirect("blog")
    assert not scene.http("blog").redirects
    assert scene.htaccess.read_text() == "Deny from all\n"


@pytest.mark.parametrize("content", [None, "# mine\n"])
def test_an_app_of_somebody_else_is_not_touched(
    scene: RedirectingAccount, content: str | None
) -> None:
    """Nor one without a .htaccess."""
    scene.client.create_app("redirect_to_https", "static_php70")
    if content is not None:
        scene.htaccess.write_text(content)
    with pytest.raises(errors.PluginError, match="was not made by certbot-webfaction"):
        scene.redirect()
    assert scene.htaccess.exists() is (content is not None)
    assert scene.books.noted("app", "redirect_to_https") is None


def test_an_app_of_somebody_else_that_cant_redirect_is_named(scene: RedirectingAccount) -> None:
    """With its type."""
    scene.client.programs["redirect_to_https"] = App("redirect_to_https", "django41", None)
    with pytest.raises(errors.PluginError, match="is of type django41, which can't redirect"):
        scene.redirect()


def test_an_app_of_a_type_that_cant_redirect_is_not_blamed_on_anybody(tmp_path: Path) -> None:
    """It was made just now; the remedy is another type, and undoing leaves nothing of it."""
    scene = RedirectingAccount(tmp_path, http("shop", "shop.test"), app_type="static_only")
    for _ in range(2):
        with pytest.raises(errors.PluginError, match=r"^Apps of type static_only can't redirect"):
            scene.redirect()
        scene.new_process()
    change = scene.books.noted("app", "redirect_to_https")
    assert change is not None
    scene.panel.undo(change)
    assert "redirect_to_https" not in scene.client.programs


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("verb", ["create_app", "run", "update_website"])
@pytest.mark.parametrize("n", [1, 2])
def test_an_interrupted_redirect_is_finished(
    scene: RedirectingAccount, verb: str, after: bool, n: int
) -> None:
    """Whatever call was the last, before or after its effect."""
    if (n, verb) in ((2, "create_app"), (2, "update_website")):
        n = 1
    scene.client.fail(n, verb=verb, after=after)
    with pytest.raises(PanelUnreachableError):
        scene.redirect()
    scene.new_process()
    scene.redirect()
    assert scene.site("shop", https=False).mounts == (REDIRECT,)
    assert scene.htaccess.read_text() == HTACCESS
    scene.new_process()
    scene.show_again()
    assert scene.site("shop", https=False) == http("shop", "shop.test")
    assert list(scene.client.programs) == ["site"]


class Generous(ShellPanel):
    """A host that puts files into every new app, one of them with rules of its own."""

    def create_app(self, name: str, type: str) -> App:
        made = super().create_app(name, type)
        for file in ("index.html", ".htaccess"):
            (Path(made.directory or "") / file).write_text("Options -Indexes\n")
        return made


def test_what_the_panel_puts_into_a_new_app_is_the_panels(scene: RedirectingAccount) -> None:
    """Its .htaccess gives way to ours, and its page does not keep the app from being removed."""
    scene.client.__class__ = Generous
    scene.redirect()
    assert scene.htaccess.read_text() == HTACCESS
    scene.new_process()
    scene.show_again()
    assert "redirect_to_https" not in scene.client.programs


@pytest.mark.parametrize(
    ("name", "reason"),
    [("mine.txt", "somebody put mine.txt into it"), (".htaccess", "its .htaccess was changed")],
)
def test_an_app_with_files_of_others_stays(
    scene: RedirectingAccount, name: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said why, and it is not ours any more."""
    scene.redirect()
    (scene.htaccess.parent / name).write_text("theirs")
    scene.show_again()
    assert caplog.messages == [f"The app redirect_to_https stays on the panel: {reason}."]
    assert "redirect_to_https" in scene.client.programs
    assert scene.books.journal.changes == []


def test_an_app_that_is_used_stays(
    scene: RedirectingAccount, caplog: pytest.LogCaptureFixture
) -> None:
    """Its website was renamed, so that nobody let it show its own content."""
    scene.redirect()
    renamed = replace(scene.client.sites.pop(("shop", False)), name="renamed")
    scene.client.sites["renamed", False] = renamed
    scene.new_process()
    change = scene.books.noted("app", "redirect_to_https")
    assert change is not None
    scene.panel.undo(change)
    assert caplog.messages == [
        "The app redirect_to_https stays on the panel: the website renamed uses it."
    ]
    assert "redirect_to_https" in scene.client.programs


@pytest.mark.parametrize("ours", [True, False])
def test_without_a_note_the_words_of_the_app_tell_whose_it_is(
    scene: RedirectingAccount, ours: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The journal was rebuilt since; nothing is said of an app that is somebody else's."""
    scene.redirect()
    change = scene.books.noted("app", "redirect_to_https")
    assert change is not None
    scene.books.forget(change)
    if not ours:
        scene.htaccess.write_text("# mine\n")
    scene.new_process()
    scene.show_again()
    assert ("redirect_to_https" in scene.client.programs) is not ours
    assert caplog.messages == []
