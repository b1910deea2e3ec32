"""Finding the website, app and path that answer a challenge."""

from __future__ import annotations

from dataclasses import replace

import pytest
from certbot import errors

from certbot_webfaction.challenges.placement import Place, find_places
from certbot_webfaction.hosts.webfaction.model import App, Website
from certbot_webfaction.hosts.webfaction.mount import Mount
from certbot_webfaction.names import a_label
from certbot_webfaction.panel.model import CHALLENGE_PATH

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
    (found,) = find_places([site.domains[0]], [site], apps, own_app)
    return found


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

    assert place(site) == Place("shop.example.com", site, Mount(app.name, path), app)
    assert place(site).path("T") == below


def test_the_longest_mount_wins() -> None:
    """Mounts at other paths, alike or deeper, don't matter."""
    site = website(
        ("php", "/"),
        ("link", "/.well"),
        ("link", "/.well-known/acme"),
        ("link", f"{CHALLENGE_PATH}/deeper"),
        ("static", "/.well-known"),
    )

    assert place(site).mount == Mount("static", "/.well-known")


@pytest.mark.parametrize(
    "mounts", [(), (("django", "/"),), (("unknown", "/"),), (("static", "/media"),)]
)
def test_other_websites_get_an_app_of_their_own(mounts: tuple[tuple[str, str], ...]) -> None:
    """Where no app serves files at the path, one is to be made and mounted there."""
    site = website(*mounts)

    found = place(site)
    assert found == Place(
        "shop.example.com", site, Mount("letsencrypt", CHALLENGE_PATH), None, False
    )
    assert found.path("T") == "T"
    assert place(site, apps=(*APPS, LETSENCRYPT)).app == LETSENCRYPT
    assert place(site, own_app="mine").mount == Mount("mine", CHALLENGE_PATH)


def test_an_empty_option_names_no_app() -> None:
    """``--webfaction-app ""``: the app that serves files is used as without the option."""
    site = website(("static", "/"))

    assert place(site, own_app="") == place(site)


def test_the_named_app_is_used_where_it_is_mounted() -> None:
    """``--webfaction-app`` as in the host's guide: mounted at /.well-known, beside Django."""
    site = website(("django", "/"), ("php", "/.well-known"))

    assert place(site, own_app="php") == Place("shop.example.com", site, site.mounts[1], PHP)


@pytest.mark.parametrize("path", ["/", "/media"])
def test_the_named_app_is_mounted_where_it_does_not_answer(path: str) -> None:
    """Another app that serves files is passed over, and a longer mount hides the named one."""
    site = website(("php", path), ("static", "/.well-known"))

    assert place(site, own_app="php") == Place(
        "shop.example.com", site, Mount("php", CHALLENGE_PATH), PHP, mounted=False
    )


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


def test_each_domain_has_its_website() -> None:
    """Several websites, several domains of one, in the order asked for, over http only."""
    shop = website(("static", "/"), domains=("shop.example.com", "www.shop.example.com"))
    blog = replace(shop, name="blog", domains=("blog.example.com",))
    secure = replace(shop, name="secure", https=True)

    domains = ["www.shop.example.com", "blog.example.com", "shop.example.com"]
    found = find_places(domains, [secure, shop, blog], APPS, None)
    assert [(each.domain, each.website.name) for each in found] == [
        ("www.shop.example.com", "shop"),
        ("blog.example.com", "blog"),
        ("shop.example.com", "shop"),
    ]


def test_an_own_name_goes_before_a_wildcard() -> None:
    """A website with the name itself is preferred to one with a wildcard, wherever it is listed."""
    wild = website(("static", "/"), domains=("*.example.com",))
    own = replace(wild, name="own", domains=("shop.example.com",))

    names = [
        find_places([domain], [wild, own], APPS, None)[0].website.name
        for domain in ("shop.example.com", "other.example.com")
    ]
    assert names == ["own", "shop"]


@pytest.mark.parametrize(
    ("asked", "listed"),
    [
        ("SHOP.example.com", "shop.Example.com"),
        ("xn--bcher-kva.example", "bücher.example"),
        ("xn--bcher-kva.example", "XN--BCHER-KVA.example"),
        ("shop.example.com", "shop.example.com."),
        ("a.xn--bcher-kva.example", "*.Bücher.example"),
    ],
)
def test_names_are_compared_as_dns_does(asked: str, listed: str) -> None:
    """In any case, and internationalised names by their A-labels."""
    site = website(("static", "/"), domains=(listed,))

    assert find_places([asked], [site], APPS, None)[0].website is site


def test_names_that_are_none_are_left_as_they_are() -> None:
    """A label that is empty or too long can't be encoded, and matches nothing but itself."""
    assert a_label("a..B") == "a..b"
    assert a_label("x" * 64) == "x" * 64


def test_domains_on_no_http_website_are_told_at_once() -> None:
    """All of them, each with the nearest websites and what to do."""
    shop = website(("static", "/"), domains=("shop.example.com", "www.shop.example.com"))
    secure = replace(shop, name="secure", https=True, domains=("only.example.com",))

    with pytest.raises(errors.PluginError) as caught:
        find_places(
            ["shop.example.com", "only.example.com", "shpo.example.com", "a.test"],
            [shop, secure],
            APPS,
            None,
        )
    assert str(caught.value).splitlines() == [
        "These domains are on no http website of the account, so their challenges can't be"
        " answered. The CA was not asked.",
        "  only.example.com: only the https website secure serves it, and a CA starts at port 80."
        " Create an http website with this domain in the panel.",
        "  shpo.example.com: nearest is shop.example.com (website shop), www.shop.example.com"
        " (website shop). Correct the name, or add the domain to a website in the panel.",
        "  a.test: no domain of the account is like it. Create an http website with it in the"
        " panel.",
        "Changes in the panel take a few minutes. Then run the command again.",
    ]


def test_an_account_without_http_websites_is_told() -> None:
    """Nothing can be near where nothing is."""
    with pytest.raises(errors.PluginError, match=r"a\.test: the account has no http website"):
        find_places(["a.test"], [], APPS, None)
