"""What is wanted: names, attaching, acknowledging changes by hand, redirecting."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path

import pytest
from certbot import errors

from certbot_webfaction.books.journal import Journal
from certbot_webfaction.books.wanted import Source, Wanted, WantedSite
from certbot_webfaction.hosts.webfaction.model import Certificate, Website
from certbot_webfaction.installation.decide import (
    acknowledge,
    acknowledge_redirects,
    sites_to_redirect,
    want_certificate,
)
from certbot_webfaction.panel.model import Change
from tests.installation.scene import Scene, http, https, presented, stored
from tests.sandbox.certificates import write_self_signed

TODAY = datetime.datetime.now(datetime.timezone.utc).date()


def foreign(name: str, *domains: str, days: int = 30) -> Certificate:
    return Certificate(name, domains, TODAY + datetime.timedelta(days), "")


def want(scene: Scene, lineage: str, *domains: str, wanted: Wanted | None = None) -> Wanted:
    scene.want(wanted or Wanted())
    return want_certificate(scene.account, scene.issue(lineage, *domains), domains, scene.now())


def made(lineage: str, source: str, key: str, *names: str) -> WantedSite:
    """An https site that is to be made from an http one."""
    return WantedSite(Source(lineage), list(names), source, f"https website {key}")


def to_redirect(scene: Scene, domain: str, *, asked: bool = False) -> list[str]:
    return [site.id for site in sites_to_redirect(scene.account, domain, scene.now(), asked=asked)]


def test_every_https_website_of_the_domains_is_wanted(tmp_path: Path) -> None:
    """In any case of letters; websites of other domains, and of a wildcard beside it, are not."""
    scene = Scene(
        tmp_path,
        https("a", "Shop.Test"),
        https("b", "www.shop.test"),
        https("c", "*.shop.test"),
        https("d", "other.test"),
    )
    wanted = want(scene, "shop.test", "shop.test", "www.shop.test")
    assert {name: site.names for name, site in wanted.sites.items()} == {
        "a": ["shop.test"],
        "b": ["www.shop.test"],
    }
    assert wanted.sources() == [Source(lineage="shop.test")]


def test_a_wildcard_reaches_the_websites_that_it_covers(tmp_path: Path) -> None:
    """One level, with or without https; a website of the bare domain is not covered."""
    scene = Scene(
        tmp_path,
        https("a", "a.shop.test"),
        http("b", "b.shop.test", "deep.b.shop.test"),
        https("bare", "shop.test"),
    )
    wanted = want(scene, "shop.test", "*.shop.test")
    assert wanted.sites == {
        "a": WantedSite(Source("shop.test"), ["a.shop.test"], label="https website a"),
        "b": made("shop.test", "b", "b", "b.shop.test"),
    }


@pytest.mark.parametrize(
    ("days", "installed"), [(30, False), (0, False), (-1, True)], ids=["valid", "today", "expired"]
)
def test_only_an_unexpired_certificate_keeps_a_website(
    tmp_path: Path, days: int, installed: bool
) -> None:
    """It covers a name that the lineage does not."""
    scene = Scene(tmp_path, https("shop", "shop.test", "pay.test", certificate="bought"))
    scene.panel.installed["bought"] = foreign("bought", "shop.test", "pay.test", days=days)
    if installed:
        assert want(scene, "shop.test", "shop.test").sites["shop"].names == ["shop.test"]
    else:
        with pytest.raises(errors.PluginError, match=r"also serves pay\.test"):
            want(scene, "shop.test", "shop.test")


def test_all_domains_on_no_website_are_named_at_once(tmp_path: Path) -> None:
    """With the reason once for those that share it."""
    scene = Scene(tmp_path, http("shop", "shop.test"))
    with pytest.raises(errors.PluginError) as caught:
        want(scene, "shop.test", "shop.test", "x.test", "y.test")
    assert "  x.test, y.test: no website of the account serves it" in str(caught.value)
    assert "certbot install --cert-name shop.test -i webfaction" in str(caught.value)


def test_a_domain_in_unicode_on_the_panel_is_known_by_its_a_label(tmp_path: Path) -> None:
    """certbot and certificates write xn--…; a panel may show the name as people do."""
    scene = Scene(tmp_path, https("books", "bücher.test"))
    wanted = want(scene, "xn--bcher-kva.test", "xn--bcher-kva.test")
    assert list(wanted.sites) == ["books"]


def test_what_was_wanted_before_stays_wanted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Another lineage is added, without a word on the first; the argument is not changed."""
    scene = Scene(tmp_path, http("a", "a.test"), http("b", "b.test"))
    first = want(scene, "a.test", "a.test")
    both = want(scene, "b.test", "b.test", wanted=first)
    assert list(first.sites) == ["a"]
    assert list(both.sites) == ["a", "b"]
    assert both.sites["a"] == first.sites["a"]
    assert not caplog.text


def test_a_website_covers_all_of_its_domains_that_its_certificate_has_by_now(
    tmp_path: Path,
) -> None:
    """Where we did not make it; those of one that we made are for `restart` to change."""
    scene = Scene(tmp_path, https("a", "a.test", "www.a.test"), http("b", "b.test"))
    scene.issue("a.test", "a.test", "b.test")
    scene.install("a.test")
    assert scene.wanted.sites["a"].names == ["a.test"]
    scene.panel.sites["b", True] = replace(scene.site("b", https=True), domains=("b.test", "x.a"))
    files = scene.issue("a.test", "a.test", "www.a.test", "b.test", "x.a")
    scene.forget_process()
    scene.account.read_books()
    after = want_certificate(scene.account, files, files.names(), scene.now())
    assert after.sites["a"].names == ["a.test", "www.a.test"]
    assert after.sites["b"].names == ["b.test"]


def test_a_website_is_made_for_a_name_that_http_serves_by_a_wildcard(tmp_path: Path) -> None:
    """For that name alone, as the certificate has no other."""
    scene = Scene(tmp_path, http("star", "*.shop.test"))
    wanted = want(scene, "www.shop.test", "www.shop.test")
    assert wanted.sites == {"star": made("www.shop.test", "star", "star", "www.shop.test")}


def test_the_hosts_shared_certificate_is_not_asked_for(tmp_path: Path) -> None:
    """It has no name, and listing certificates brings all private keys."""
    scene = Scene(tmp_path)
    assert scene.now().certificate("") is None
    assert scene.panel.calls == []


@pytest.mark.parametrize(
    ("others", "dark"),
    [
        ((), "pay.test"),
        ((https("pay", "pay.test"),), "pay.test"),
        ((https("pay", "pay.test", certificate="expired"),), "pay.test"),
        ((https("pay", "pay.test", certificate="elsewhere"),), "pay.test"),
        ((https("pay", "pay.test", certificate="fine"),), ""),
    ],
    ids=["no https", "shared certificate", "expired", "another domain's", "fine"],
)
def test_a_redirect_needs_https_for_every_domain_of_the_website(
    tmp_path: Path, others: tuple[Website, ...], dark: str
) -> None:
    """The second domain of the http website decides."""
    scene = Scene(tmp_path, http("shop", "shop.test", "pay.test"), *others)
    for certificate in (
        foreign("expired", "pay.test", days=-1),
        foreign("elsewhere", "else.test"),
        foreign("fine", "pay.test"),
    ):
        scene.panel.installed[certificate.name] = certificate
    scene.issue("shop.test", "shop.test")
    scene.install("shop.test")
    if dark:
        with pytest.raises(errors.PluginError, match=f"it also serves {dark}, for which"):
            to_redirect(scene, "shop.test")
    else:
        assert to_redirect(scene, "shop.test") == ["shop"]


def test_one_of_two_https_websites_is_enough_for_a_redirect(tmp_path: Path) -> None:
    """Requests may reach either; the certificate of the first one, which is ours, has expired."""
    scene = Scene(
        tmp_path,
        http("shop", "shop.test"),
        https("a", "shop.test", certificate="ours"),
        https("b", "shop.test", certificate="bought"),
    )
    scene.panel.installed["bought"] = foreign("bought", "shop.test")
    files = scene.issue("shop.test", "shop.test")
    write_self_signed(files.leaf, files.key, "shop.test", age=100, left=-1)
    scene.want(Wanted({"a": WantedSite(Source("shop.test"), ["shop.test"])}))
    scene.note(Journal([stored("shop.test", "ours")]))
    assert to_redirect(scene, "shop.test") == ["shop"]


def test_a_redirect_in_place_is_told_as_certbot_expects_it(tmp_path: Path) -> None:
    """`PluginEnhancementAlreadyPresent`; for a domain without http website a plain error."""
    scene = Scene(tmp_path, http("shop", "shop.test"))
    scene.issue("shop.test", "shop.test")
    scene.install("shop.test")
    scene.want(replace(scene.wanted, redirects={"shop": "http website shop"}))
    with pytest.raises(errors.PluginEnhancementAlreadyPresent):
        to_redirect(scene, "shop.test")
    with pytest.raises(errors.PluginError, match=r"No http website serves other\.test"):
        to_redirect(scene, "other.test")


def test_a_website_of_the_exact_name_goes_before_one_of_a_wildcard(tmp_path: Path) -> None:
    """As on a web server: that of the wildcard is neither made, attached to, nor redirected."""
    scene = Scene(tmp_path, http("star", "*.shop.test", app="other"), http("www", "www.shop.test"))
    wanted = want(scene, "www.shop.test", "www.shop.test")
    assert wanted.sites == {"www": made("www.shop.test", "www", "www", "www.shop.test")}
    scene.install("www.shop.test")
    assert to_redirect(scene, "www.shop.test") == ["www"]


def test_a_wildcard_website_is_no_https_for_another_name_of_its_certificate(tmp_path: Path) -> None:
    """An https website of one name that the wildcard covers does not stand for all of them."""
    scene = Scene(
        tmp_path, http("star", "*.shop.test"), http("a", "a.shop.test"), https("a", "a.shop.test")
    )
    wanted = want(scene, "shop.test", "*.shop.test")
    assert wanted.sites["star"] == made("shop.test", "star", "star", "*.shop.test")
    with pytest.raises(errors.PluginError, match=r"star was not redirected: it also serves \*\."):
        to_redirect(scene, "*.shop.test", asked=True)


def test_a_website_that_a_wildcard_leaves_out_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The others get the certificate; the command for all of them is one for a wildcard."""
    scene = Scene(
        tmp_path,
        https("a", "a.shop.test"),
        https("b", "b.shop.test", "pay.test", certificate="bought"),
    )
    scene.panel.installed["bought"] = foreign("bought", "pay.test", "b.shop.test")
    wanted = want(scene, "shop.test", "*.shop.test")
    assert list(wanted.sites) == ["a"]
    assert "the https website b also serves pay.test" in caplog.text
    assert (
        "`certbot run -a dns-webfaction -i webfaction --expand -d pay.test -d '*.shop.test'`"
        in caplog.text
    )


def test_names_that_a_certificate_loses_are_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its websites serve them still; the one that we made keeps its domains."""
    scene = Scene(
        tmp_path,
        http("a", "a.test", "www.a.test"),
        https("b", "b.test", "www.b.test"),
        https("c", "c.test"),
    )
    before = want(scene, "a.test", "a.test", "www.a.test", "b.test", "www.b.test", "c.test")
    after = want(scene, "a.test", "a.test", "b.test", wanted=before)
    assert after.sites["a"].names == ["a.test", "www.a.test"]
    assert after.sites["b"].names == ["b.test"]
    assert after.sites["c"].names == []
    assert "a.test no longer covers c.test, which the https website c may" in caplog.text
    assert "a.test no longer covers www.a.test, which the https website a may" in caplog.text
    assert "--expand -d a.test -d b.test -d www.a.test`" in caplog.text


def test_by_default_one_website_without_https_keeps_no_other_from_a_redirect(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning names it; who asks for the redirect gets an error instead."""
    scene = Scene(
        tmp_path,
        http("a", "a.shop.test"),
        http("b", "b.shop.test", "pay.test"),
        https("a", "a.shop.test"),
        https("b", "b.shop.test"),
    )
    scene.issue("shop.test", "*.shop.test")
    scene.install("shop.test")
    assert to_redirect(scene, "*.shop.test") == ["a"]
    assert "The http website b was not redirected: it also serves pay.test" in caplog.text
    with pytest.raises(errors.PluginError, match="The http website b was not redirected"):
        to_redirect(scene, "*.shop.test", asked=True)


@pytest.mark.parametrize(
    ("names", "days", "secured"),
    [(["shop.test"], 90, True), (["shop.test"], -1, False), (["other.test"], 90, False)],
    ids=["valid", "expired", "another domain's"],
)
def test_https_of_a_lineage_counts_while_its_leaf_is_valid(
    tmp_path: Path, names: list[str], days: int, secured: bool
) -> None:
    """What the panel says of a certificate of ours is older than the lineage."""
    scene = Scene(tmp_path, http("shop", "shop.test"), https("shop", "shop.test"))
    scene.issue("shop.test", "shop.test")
    scene.install("shop.test")
    files = scene.issue("shop.test", *names)
    write_self_signed(files.leaf, files.key, *names, age=100, left=days)
    if secured:
        assert to_redirect(scene, "shop.test") == ["shop"]
    else:
        with pytest.raises(errors.PluginError, match="no https website has an unexpired"):
            to_redirect(scene, "shop.test")


def test_a_made_website_gets_the_next_free_name(tmp_path: Path) -> None:
    """Where an https website of other domains, or one to be made, has the http one's name."""
    scene = Scene(
        tmp_path, http("shop", "shop.test", "pay.test"), https("shop", "old.test"), http("b", "b.t")
    )
    wanted = want(scene, "shop.test", "shop.test")
    assert wanted.sites == {"shop_2": made("shop.test", "shop", "shop_2", "shop.test")}
    again = want(scene, "pay.test", "pay.test", wanted=wanted)
    assert again.sites["shop_2_2"] == made("pay.test", "shop", "shop_2_2", "pay.test")


def test_what_was_taken_from_a_website_by_hand_is_put_back_by_installing(tmp_path: Path) -> None:
    """A domain of one that we made; websites of other lineages stay as somebody left them."""
    scene = Scene(tmp_path, http("a", "a.test", "www.a.test"), http("b", "b.test", "www.b.test"))
    for name in ("a", "b"):
        scene.issue(f"{name}.test", f"{name}.test", f"www.{name}.test")
        scene.install(f"{name}.test")
    for name in ("a", "b"):
        made = scene.panel.sites[name, True]
        scene.panel.sites[name, True] = replace(made, domains=(f"{name}.test",))
    scene.forget_process()
    scene.install("a.test")
    assert scene.site("a", https=True).domains == ("a.test", "www.a.test")
    assert scene.site("b", https=True).domains == ("b.test",)


def test_only_what_was_installed_is_forgotten_with_its_website(tmp_path: Path) -> None:
    """A website that is still to be made is; one without a note of ours was rolled back to."""
    scene = Scene(tmp_path, http("a", "a.test"), https("kept", "kept.test"))
    scene.want(
        Wanted(
            {
                "made": WantedSite(Source("c"), ["m.test"], made_from="m"),
                "gone": WantedSite(Source("c"), ["g.test"]),
                "kept": WantedSite(Source("c"), ["kept.test"]),
            }
        )
    )
    acknowledge(scene.account.books, Source("x"), ["a.test"], scene.now())
    assert list(scene.account.books.wanted.sites) == ["made", "kept"]


def test_our_notes_of_a_website_are_forgotten_with_it(tmp_path: Path) -> None:
    """Else it would be taken as one to undo."""
    scene = Scene(tmp_path, http("a", "a.test"))
    scene.want(Wanted({"gone": WantedSite(Source("c"), ["g.test"])}))
    scene.note(Journal([presented("gone", "c")]))
    books = scene.account.books
    acknowledge(books, Source("x"), ["a.test"], scene.now())
    assert (books.wanted, books.journal) == (Wanted(), Journal())


@pytest.mark.parametrize(
    ("certificate", "domains", "done"),
    [
        ("c", ("a.test",), True),
        ("c", ("a.test", "more.test"), True),
        ("bought", ("a.test",), False),
        ("c", ("more.test", "other.a.test"), False),
    ],
    ids=["as it was made", "a domain more", "another certificate", "a domain less"],
)
def test_a_website_that_we_made_is_brought_back_only_where_it_was_changed(
    tmp_path: Path, certificate: str, domains: tuple[str, ...], done: bool
) -> None:
    """In its certificate, or by taking a domain of ours away."""
    scene = Scene(tmp_path, https("a", *domains, certificate=certificate))
    scene.want(Wanted({"a": WantedSite(Source("c"), ["a.test"], made_from="a")}))
    scene.note(Journal([presented("a", "c", "a.test", before=None, made_from="a")]))
    books = scene.account.books
    acknowledge(books, Source("x"), ["a.test", "more.test"], scene.now())
    assert [change.done for change in books.journal.changes] == [done]
    assert list(books.wanted.sites) == ["a"]


def test_only_a_redirect_that_somebody_took_away_is_forgotten(tmp_path: Path) -> None:
    """The http website counts, whatever the https one is called."""
    scene = Scene(tmp_path, http("shop", "shop.test"), https("secure", "shop.test"))
    scene.want(Wanted(redirects={"shop": "http website shop"}))
    scene.note(
        Journal([Change(Change.REDIRECT, "shop", [], {"label": "http website shop"}, done=True)])
    )
    books = scene.account.books
    assert acknowledge_redirects(books, "shop.test", scene.now())
    assert (books.wanted, books.journal) == (Wanted(), Journal())
    assert not acknowledge_redirects(books, "shop.test", scene.now())


def test_a_certificate_chosen_by_hand_is_what_a_rollback_goes_back_to(tmp_path: Path) -> None:
    """Installing again takes the website over from it, and notes that."""
    scene = Scene(tmp_path, https("shop", "shop.test"))
    scene.issue("shop.test", "shop.test")
    scene.install("shop.test")
    scene.panel.installed["bought"] = foreign("bought", "shop.test")
    scene.panel.sites["shop", True] = https("shop", "shop.test", certificate="bought")
    scene.forget_process()
    scene.install("shop.test")
    assert scene.site("shop", https=True).certificate == "shop_test"
    change = scene.journal.find(Change.SITE, "shop")
    assert change is not None
    assert change.before["certificate"] == "bought"
