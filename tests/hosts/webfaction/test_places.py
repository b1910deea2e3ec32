"""Finding the website, app and path that answer a challenge."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from certbot import errors

from certbot_webfaction.hosts.webfaction.model import App, Mount, Website
from certbot_webfaction.hosts.webfaction.panel import Panel
from certbot_webfaction.hosts.webfaction.seen import Seen
from certbot_webfaction.panel.errors import PanelRefusedError
from certbot_webfaction.panel.files import File
from certbot_webfaction.panel.model import CHALLENGE_PATH, Change, Place
from tests.hosts.webfaction.accounts import Fixture, http, options
from tests.hosts.webfaction.fake import FakePanel
from tests.hosts.webfaction.shell_panel import ShellPanel

STATIC = App("static", "static_only", "/home/alice/webapps/static")
PHP = App("php", "static_php70", "/home/alice/webapps/php", htaccess=True)
LINK = App("link", "symlink70", "/home/alice/elsewhere", htaccess=True)
WORDPRESS = App("blog", "wordpress_4", "/home/alice/webapps/blog", htaccess=True)
DJANGO = App("django", "django41", None)
LETSENCRYPT = App("letsencrypt", "static_php70", "/home/alice/webapps/letsencrypt", htaccess=True)
APPS = (STATIC, PHP, LINK, WORDPRESS, DJANGO)


def website(*mounts: tuple[str, str], domains: tuple[str, ...] = ("shop.example.com",)) -> Website:
    return Website("shop", "192.0.2.80", False, domains, tuple(Mount(*mount) for mount in mounts))


def place(site: Website, *, apps: tuple[App, ...] = APPS, own_app: str | None = None) -> Place:
    client = FakePanel((site,), apps)
    panel = Panel(Seen(lambda: client), options(Path("none"), app=own_app))
    found = panel.find_place(panel.http_sites()[0], site.domains[0])
    assert not {"create_app", "update_website"} & set(client.verbs())
    return found


def where(found: Place) -> tuple[str, str, str, bool]:
    """The app of a place, its mount and directory, and whether it is ready."""
    return found.holder, found.mount, found.directory, found.ready


@pytest.mark.parametrize("app", [STATIC, PHP, LINK, WORDPRESS])
@pytest.mark.parametrize(
    ("path", "below"),
    [
        ("/", ".well-known/acme-challenge/T"),
        ("/.well-known", "acme-challenge/T"),
        (CHALLENGE_PATH, "T"),
    ],
)
def test_apps_that_serve_files_take_them_below_their_mount(app: App, path: str, below: str) -> None:
    """The URL below the mount maps to the app's directory."""
    site = website((app.name, path))

    found = place(site)
    assert where(found) == (app.name, path, app.directory, True)
    assert (found.domain, found.site.id) == ("shop.example.com", "shop")
    assert found.path("T") == below
    assert where(place(website((app.name, f"{path}/")))) == where(found)


def test_the_longest_mount_wins() -> None:
    """Mounts at other paths, alike or deeper, don't matter."""
    site = website(
        ("php", "/"),
        ("link", "/.well"),
        ("link", "/.well-known/acme"),
        ("link", f"{CHALLENGE_PATH}/deeper"),
        ("static", "/.well-known"),
    )

    assert where(place(site))[:2] == ("static", "/.well-known")


@pytest.mark.parametrize(
    "mounts", [(), (("django", "/"),), (("unknown", "/"),), (("static", "/media"),)]
)
def test_other_websites_get_an_app_of_their_own(mounts: tuple[tuple[str, str], ...]) -> None:
    """Where no app serves files at the path, one is to be made and mounted there."""
    site = website(*mounts)

    found = place(site)
    assert where(found) == ("letsencrypt", CHALLENGE_PATH, "", False)
    assert found.path("T") == "T"
    there = place(site, apps=(*APPS, LETSENCRYPT))
    assert where(there) == ("letsencrypt", CHALLENGE_PATH, LETSENCRYPT.directory, False)
    assert where(place(site, own_app="mine")) == ("mine", CHALLENGE_PATH, "", False)


def test_an_empty_option_names_no_app() -> None:
    """``--webfaction-app ""``: the app that serves files is used as without the option."""
    site = website(("static", "/"))

    assert place(site, own_app="") == place(site)


def test_the_named_app_is_used_where_it_is_mounted() -> None:
    """``--webfaction-app`` as in the host's guide: mounted at /.well-known, beside Django."""
    site = website(("django", "/"), ("php", "/.well-known"))

    assert where(place(site, own_app="php")) == ("php", "/.well-known", PHP.directory, True)


@pytest.mark.parametrize("path", ["/", "/media"])
def test_the_named_app_is_mounted_where_it_does_not_answer(path: str) -> None:
    """Another app that serves files is passed over, and a longer mount hides the named one."""
    site = website(("php", path), ("static", "/.well-known"))

    assert where(place(site, own_app="php")) == ("php", CHALLENGE_PATH, PHP.directory, False)


def test_a_named_app_has_to_serve_files() -> None:
    """An existing app that runs code can't hold challenge files, mounted or not."""
    for site in (website(("django", "/")), website(("static", "/"))):
        with pytest.raises(errors.PluginError) as caught:
            place(site, own_app="django")
        assert str(caught.value) == (
            "The app django, which would hold the challenge files for shop.example.com, is of type"
            " django41 and serves no files. Name another app with --webfaction-app; it is made if"
            " there is none of that name."
        )


def test_somebody_elses_app_at_the_path_stays() -> None:
    """An app that runs code there is not replaced; nor is another one than the named."""
    with pytest.raises(errors.PluginError) as caught:
        place(website(("django", CHALLENGE_PATH)))
    assert str(caught.value) == (
        "The app django is mounted at /.well-known/acme-challenge on the website shop, where"
        " challenge files for shop.example.com have to be served by the app letsencrypt. Remove"
        " that mount in the panel, and run the command again."
    )
    for mounted, remedy in (
        ("static", "Leave out --webfaction-app: static serves files, too."),
        ("letsencrypt", "Leave out --webfaction-app: letsencrypt serves files, too."),
        ("django", "Remove that mount in the panel, and run the command again."),
    ):
        with pytest.raises(errors.PluginError) as caught:
            place(website((mounted, CHALLENGE_PATH)), apps=(*APPS, LETSENCRYPT), own_app="php")
        assert str(caught.value).endswith(f"by the app php. {remedy}")


@pytest.mark.parametrize(
    ("path", "below"),
    [("/", r"\.well-known/acme-challenge"), ("/.well-known", "acme-challenge")],
)
def test_an_app_that_obeys_htaccess_may_answer_itself(path: str, below: str) -> None:
    """What to do about that is said, and what else there is; of other apps only the latter."""
    found = place(website(("php", path)))
    assert found.interference == (
        "a .htaccess in /home/alice/webapps/php or a code file there answers in place of the file."
        " Keep challenge files in an app of their own with --webfaction-app letsencrypt: that"
        " always helps. Where it is only a RewriteRule that answers,"
        f" “RewriteRule ^{below}/ - [L]” before it does, too."
    )
    assert found.alternative == (
        "keep challenge files in an app of their own with --webfaction-app letsencrypt"
    )
    other = place(website(("static", path)))
    assert (other.interference, other.alternative) == ("", found.alternative)


def test_another_app_at_the_challenge_path_has_to_go_first() -> None:
    """No second one can be mounted there; in the app for challenge files there is nothing else."""
    found = place(website(("php", CHALLENGE_PATH)))
    assert found.alternative == (
        "take the app php off /.well-known/acme-challenge of the http website shop in the panel,"
        " and run the command again with --webfaction-app letsencrypt"
    )
    assert found.interference.endswith(f" Delete it, or {found.alternative}.")
    ours = place(website(("letsencrypt", CHALLENGE_PATH)), apps=(*APPS, LETSENCRYPT))
    assert ours.alternative == ""
    assert ours.interference.endswith(" answers in place of the file. Delete it.")


def test_a_website_that_is_gone_is_told(tmp_path: Path) -> None:
    """Somebody deleted it since it was seen."""
    account = Fixture(tmp_path, http("shop", "shop.test"))
    site = account.http("shop")
    del account.client.sites["shop", False]
    account.panel.forget()
    with pytest.raises(errors.PluginError, match="The http website shop is gone from the panel"):
        account.panel.find_place(site, "shop.test")


# Making places


class DjangoAccount(Fixture):
    """An account with a Django website for api.test and www.api.test."""

    def __init__(self, directory: Path, **how: str) -> None:
        super().__init__(directory, http("api", "api.test", "www.api.test", app="django"), **how)
        self.client.programs["django"] = DJANGO

    def make(self, *domains: str) -> list[Place]:
        sites = [(domain, self.http("blog" if "blog" in domain else "api")) for domain in domains]
        places = [self.panel.find_place(site, domain) for domain, site in sites]
        return self.panel.make_places(places, self.books)

    def mounts(self) -> tuple[Mount, ...]:
        return self.client.sites["api", False].mounts

    def undo(self) -> None:
        """As challenges do after a failure: the last first."""
        self.panel.forget()
        for change in reversed(self.books.journal.made_for(Change.CHALLENGE)):
            self.panel.undo(change)
            self.books.forget(change)


MOUNTED = Mount("letsencrypt", CHALLENGE_PATH)


@pytest.fixture
def scene(tmp_path: Path) -> DjangoAccount:
    """The account."""
    return DjangoAccount(tmp_path)


def test_a_place_that_is_ready_takes_no_call(tmp_path: Path) -> None:
    """Nothing is read again, nothing is noted."""
    account = Fixture(tmp_path, http("shop", "shop.test"))
    places = [account.panel.find_place(account.http("shop"), "shop.test")]
    account.client.calls.clear()
    assert account.panel.make_places(places, account.books) == places
    assert (account.client.calls, account.books.journal.changes) == ([], [])


def test_app_and_mount_are_made_and_noted(scene: DjangoAccount) -> None:
    """Once for many domains and websites; each change with the domains that it is for."""
    scene.client.sites["blog", False] = http("blog", "blog.test", "*.blog.test", app="django")
    places = scene.make("api.test", "WWW.api.test", "blog.test", "a.blog.test")
    directory = str(scene.home / "webapps/letsencrypt")
    assert {where(each) for each in places} == {("letsencrypt", CHALLENGE_PATH, directory, True)}
    assert [each.domain for each in places] == [
        "api.test",
        "WWW.api.test",
        "blog.test",
        "a.blog.test",
    ]
    assert scene.writes() == ["create_app", "update_website", "update_website"]
    assert scene.mounts() == (Mount("django", "/"), MOUNTED)
    app, api, blog = scene.books.journal.changes
    assert app == Change(
        "app",
        "letsencrypt",
        after={"type": "static_php70", "own": []},
        done=True,
        purpose=Change.CHALLENGE,
        names=["api.test", "www.api.test", "blog.test", "a.blog.test"],
    )
    assert api == Change(
        "mount",
        f"api {CHALLENGE_PATH}",
        after={"website": "api", "app": "letsencrypt", "path": CHALLENGE_PATH},
        done=True,
        purpose=Change.CHALLENGE,
        names=["api.test", "www.api.test"],
    )
    assert (blog.on, blog.names) == (f"blog {CHALLENGE_PATH}", ["blog.test", "a.blog.test"])


def test_the_type_of_the_app_is_the_users(tmp_path: Path) -> None:
    """``--webfaction-app-type``; the app that ``--webfaction-app`` names is made of it."""
    scene = DjangoAccount(tmp_path, app="mine", app_type="static_only")
    (found,) = scene.make("api.test")
    assert scene.client.programs["mine"].type == "static_only"
    assert found.interference == ""


def test_what_was_made_is_undone(scene: DjangoAccount) -> None:
    """Mount and app; what else was mounted or changed meanwhile stays."""
    scene.make("api.test")
    by_hand = replace(
        scene.site("api", https=False), mounts=(*scene.mounts(), Mount("django", "/new/"))
    )
    scene.client.sites["api", False] = by_hand
    scene.undo()
    assert scene.mounts() == (Mount("django", "/"), Mount("django", "/new/"))
    assert list(scene.client.programs) == ["django"]
    assert scene.books.journal.changes == []


def test_only_our_mount_is_added_to_what_is_there(scene: DjangoAccount) -> None:
    """An update replaces all of a website, so it is read once more, just before."""
    by_hand = Website(
        "api",
        scene.site("api", https=False).ip,
        False,
        ("API.test", "new.test"),
        (Mount("django", "/blog/"), Mount("django", "")),
    )

    class Panel(ShellPanel):
        def create_app(self, name: str, type: str) -> App:
            self.sites["api", False] = by_hand
            scene.time.sleep(0.1)
            return super().create_app(name, type)

    scene.client.__class__ = Panel
    scene.make("api.test")
    assert scene.site("api", https=False) == replace(by_hand, mounts=(*by_hand.mounts, MOUNTED))
    assert scene.client.verbs().count("websites") == 2
    scene.undo()
    assert scene.site("api", https=False) == by_hand


def test_an_app_of_a_type_without_files_is_refused(tmp_path: Path) -> None:
    """``--webfaction-app-type django41`` makes an app that can't hold the files; it goes again."""
    scene = DjangoAccount(tmp_path, app_type="django41")
    with pytest.raises(errors.PluginError, match="--webfaction-app-type, for example static_php70"):
        scene.make("api.test")
    scene.undo()
    assert list(scene.client.programs) == ["django"]


def test_an_app_that_somebody_made_just_before_is_not_ours(scene: DjangoAccount) -> None:
    """The panel refuses ours, of the same name and type; not even an empty one is taken away."""

    class Panel(ShellPanel):
        def create_app(self, name: str, type: str) -> App:
            super().create_app(name, type)
            return super().create_app(name, type)

    scene.client.__class__ = Panel
    with pytest.raises(PanelRefusedError, match="already exists"):
        scene.make("api.test")
    assert scene.books.journal.changes == []


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("verb", ["create_app", "run", "update_website"])
def test_a_call_that_fails_is_undone_all_the_same(
    scene: DjangoAccount, verb: str, after: bool
) -> None:
    """Whether or not it took effect, by this process or the next."""
    scene.client.fail(verb=verb, after=after)
    with pytest.raises(errors.PluginError):
        scene.make("api.test")
    scene.new_process()
    scene.undo()
    assert scene.mounts() == (Mount("django", "/"),)
    assert list(scene.client.programs) == ["django"]


class Generous(ShellPanel):
    """A host that puts a page into every new app."""

    def create_app(self, name: str, type: str) -> App:
        made = super().create_app(name, type)
        if made.directory:
            (Path(made.directory) / "index.html").write_text("It works!")
        return made


def test_what_the_panel_puts_into_a_new_app_is_the_panels(scene: DjangoAccount) -> None:
    """It does not keep the app from being removed; a file of somebody else does."""
    scene.client.__class__ = Generous
    scene.make("api.test")
    scene.new_process()
    scene.undo()
    assert list(scene.client.programs) == ["django"]


def test_an_app_with_files_of_others_stays(
    scene: DjangoAccount, caplog: pytest.LogCaptureFixture
) -> None:
    """Besides the panel's own, which are not named."""
    scene.client.__class__ = Generous
    scene.make("api.test")
    (scene.home / "webapps/letsencrypt/mine.txt").write_text("theirs")
    scene.undo()
    assert "letsencrypt" in scene.client.programs
    assert caplog.messages == [
        "The app letsencrypt stays on the panel: somebody put mine.txt into it."
    ]


def test_challenge_files_that_could_not_be_removed_are_nobodys(scene: DjangoAccount) -> None:
    """Their content starts with their name, as that of no other file does."""
    (found,) = scene.make("api.test")
    token = "-api_token"
    scene.panel.files.place([File(found.directory, found.path(token), f"{token}.thumb")])
    scene.undo()
    assert list(scene.client.programs) == ["django"]


def test_what_others_use_stays(scene: DjangoAccount, caplog: pytest.LogCaptureFixture) -> None:
    """An app that is mounted elsewhere is not deleted, and nothing is said of it."""
    scene.make("api.test")
    scene.client.sites["blog", False] = http("blog", "blog.test", app="letsencrypt")
    scene.undo()
    assert "letsencrypt" in scene.client.programs
    assert scene.mounts() == (Mount("django", "/"),)
    assert caplog.messages == []


def test_what_somebody_removed_is_not_missed(scene: DjangoAccount) -> None:
    """Website and app gone by hand: nothing is left to do."""
    scene.make("api.test")
    del scene.client.sites["api", False]
    del scene.client.programs["letsencrypt"]
    scene.client.calls.clear()
    scene.undo()
    assert scene.writes() == []


def test_an_app_of_another_type_is_somebody_elses(scene: DjangoAccount) -> None:
    """Killed before the app was made, and then somebody made one of that name."""
    after = {"type": "static_php70"}
    scene.books.journal.put(Change("app", "letsencrypt", after=after, purpose=Change.CHALLENGE))
    scene.client.create_app("letsencrypt", "static_only")
    scene.undo()
    assert "letsencrypt" in scene.client.programs
