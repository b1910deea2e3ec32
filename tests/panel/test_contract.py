"""What every provider of `IPanel` does: three hosts, and two of them over their APIs.

Where certificates are no objects of their own there is nothing to store, and where every site has
files no place to be made.

Whatever a verb gives is put through JSON by the books, which each new process reads anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from certbot import errors
from zope.interface.verify import verifyObject

from certbot_webfaction.errors import ExplainedError
from certbot_webfaction.hosts.seen import FRESH
from certbot_webfaction.panel.errors import (
    CertificateGoneError,
    ChangedByHandError,
    LoginRefusedError,
    PanelUnreachableError,
)
from certbot_webfaction.panel.files import File
from certbot_webfaction.panel.findings import Fine, Note, Problem
from certbot_webfaction.panel.interface import IPanel
from certbot_webfaction.panel.model import Abilities, Change, Login
from tests.panel.providers import KEEPERS, MAKERS, NAME, PROVIDERS, CpanelProvider, Provider

KEEPING = pytest.mark.parametrize("provider", KEEPERS, indirect=True)
"""For those whose certificates are objects of their own."""

MAKING = pytest.mark.parametrize("provider", MAKERS, indirect=True)
"""For those that have sites without a directory of files."""

DOMAINS = ("shop.test", "api.test", "blog.test")


def is_json(value: Any) -> bool:
    """Whether a value is plain JSON, so that the journal gives it back as it was."""
    return bool(json.loads(json.dumps(value)) == value)


def test_it_provides_the_interface(provider: Provider) -> None:
    """All verbs, with the interface's arguments."""
    assert verifyObject(IPanel, provider.panel)
    assert isinstance(provider.panel.abilities, Abilities)


# Reading


def test_a_login_tells_whose_account_it_is(provider: Provider) -> None:
    """The same each time."""
    login = provider.panel.login()
    assert isinstance(login, Login)
    assert login.username == "alice"
    assert login.server
    assert provider.panel.login() == login


def test_http_sites_answer_for_their_names(provider: Provider) -> None:
    """Each with an identity of its own, a label with its name, and its state in JSON."""
    sites = {site.names[0]: site for site in provider.panel.http_sites()}

    assert set(sites) == set(DOMAINS)
    assert sites["shop.test"].names == ("shop.test", "www.shop.test")
    assert len({site.id for site in sites.values()}) == 3
    assert all(f" {site.names[0][:-5]}" in site.label for site in sites.values())
    assert not any(site.redirects for site in sites.values())
    assert all(is_json(site.state) for site in sites.values())


def test_each_name_has_an_https_site_or_could_have_one(provider: Provider) -> None:
    """What holds nothing is there, or says of which http site it could be made."""
    sites = {site.names[0]: site for site in provider.panel.https_sites()}

    assert set(sites) == set(DOMAINS)
    assert sites["shop.test"].names == ("shop.test", "www.shop.test")
    assert len({site.id for site in sites.values()}) == 3
    assert sites["blog.test"].exists
    assert sites["blog.test"].holds == provider.theirs
    for domain in ("shop.test", "api.test"):
        assert sites[domain].holds is None
        assert sites[domain].made_from in ("", provider.http(domain).id)
    assert all(is_json(site.state) for site in sites.values())


def test_a_certificate_is_read_by_its_handle(provider: Provider) -> None:
    """Without its key; of an unknown handle there is none."""
    certificate = provider.panel.certificate(provider.theirs)
    assert certificate is not None
    assert certificate.handle == provider.theirs
    assert certificate.names == ("blog.test",)
    assert certificate.expires is not None
    assert certificate.leaf.split() == provider.uploads.theirs.leaf.split()
    assert not certificate.kept_by_host
    assert provider.panel.certificate("unknown") is None


def test_reading_changes_nothing(provider: Provider) -> None:
    """Whatever is read, and in a process that did nothing else."""
    provider.panel.login()
    provider.panel.http_sites(fresh=True)
    provider.panel.https_sites(fresh=True)
    provider.panel.certificate(provider.theirs)
    for domain in DOMAINS:
        provider.place(domain)
    provider.panel.find_zones([NAME])
    findings = provider.panel.examine()
    assert all(title and isinstance(each, Fine | Note | Problem) for title, each in findings)
    assert provider.writes() == []


def test_a_report_names_nobody(provider: Provider) -> None:
    """It is plain JSON, and without a domain or the account's user."""
    told = provider.panel.report()
    assert is_json(told)
    assert not [name for name in DOMAINS if name in json.dumps(told)]
    assert provider.panel.login().username not in json.dumps(told)
    assert provider.writes() == []


def test_a_fresh_reading_is_a_minute_old_at_most(provider: Provider) -> None:
    """An old one will do for what asks for none."""
    provider.panel.https_sites()
    provider.add_name("blog.test", "new.test")
    provider.time.now += FRESH + 1

    assert "new.test" not in provider.https("blog.test").names
    assert any("new.test" in site.names for site in provider.panel.https_sites(fresh=True))
    assert "new.test" in provider.https("blog.test").names


def test_what_is_forgotten_is_read_anew(provider: Provider) -> None:
    """Sites and certificates."""
    provider.panel.https_sites()
    provider.panel.certificate("unknown")
    handle = provider.add_certificate("other.test", provider.uploads.renewed)
    provider.add_name("blog.test", "new.test")
    assert provider.panel.certificate(handle) is None

    provider.panel.forget()
    assert "new.test" in provider.https("blog.test").names
    assert provider.panel.certificate(handle) is not None


def test_a_login_that_is_refused_is_told_as_that(provider: Provider) -> None:
    """In parts, by whichever verb comes first."""
    provider.refuse_login()
    with pytest.raises(LoginRefusedError) as caught:
        provider.panel.http_sites()
    assert isinstance(caught.value, ExplainedError)
    assert caught.value.what


# Certificates


@KEEPING
def test_a_certificate_is_stored_once(provider: Provider) -> None:
    """With its leaf, under a handle that is told; storing it again takes no write."""
    handle = provider.store()
    assert provider.store() == provider.store(known=handle) == handle

    assert len(provider.writes()) == 1
    assert set(provider.chosen) <= {handle}
    stored = provider.certificates()[handle]
    assert stored.leaf.split() == provider.uploads.ours.leaf.split()
    assert stored.names == ("shop.test", "www.shop.test")
    assert len(provider.certificates()) == 2
    provider.panel.forget()
    read = provider.panel.certificate(handle)
    assert read is not None
    assert read.leaf == stored.leaf


@KEEPING
@pytest.mark.parametrize("is_noted", [True, False])
def test_another_process_stores_the_same_certificate_where_it_is(
    provider: Provider, is_noted: bool
) -> None:
    """Also one that was killed before it could note the handle."""
    handle = provider.store()
    provider.new_process()
    assert provider.store(known=handle if is_noted else "") == handle
    assert len(provider.certificates()) == 2


@KEEPING
def test_a_renewed_certificate_takes_the_place_of_the_former(provider: Provider) -> None:
    """Sites that hold the handle need no other change."""
    handle = provider.store()
    provider.install("shop.test", handle)
    provider.new_process()
    assert provider.store(known=handle, upload=provider.uploads.renewed) == handle

    assert len(provider.writes()) == 1
    assert len(provider.certificates()) == 2
    leaf = provider.certificates()[handle].leaf
    assert leaf.split() == provider.uploads.renewed.leaf.split()
    assert provider.https("shop.test").holds == handle


@KEEPING
def test_a_certificate_whose_handle_is_gone_is_told_and_can_be_stored_anew(
    provider: Provider,
) -> None:
    """Somebody deleted it, so sites that presented it do not present the new one."""
    handle = provider.store()
    provider.delete_certificate(handle)
    provider.new_process()
    with pytest.raises(CertificateGoneError):
        provider.store(known=handle)
    again = provider.store()
    assert provider.certificates()[again].leaf.split() == provider.uploads.ours.leaf.split()
    assert len(provider.certificates()) == 2


@KEEPING
def test_a_renewed_certificate_may_be_for_other_names(provider: Provider) -> None:
    """`certbot certonly --cert-name` changes them: the handle is still ours."""
    handle = provider.store()
    provider.new_process()
    assert provider.store(known=handle, upload=provider.uploads.theirs) == handle
    assert provider.certificates()[handle].names == ("blog.test",)


@KEEPING
@pytest.mark.parametrize("same", [True, False])
def test_another_certificate_of_ours_is_not_replaced(same: bool, provider: Provider) -> None:
    """Two lineages may be labelled alike, or even have one leaf: what is taken stays as it is."""
    upload = provider.uploads.ours if same else provider.uploads.renewed
    first = provider.store()
    second = provider.store(upload=upload, taken=first)

    assert first != second
    leaves = {handle: each.leaf.split() for handle, each in provider.certificates().items()}
    assert leaves[first] == provider.uploads.ours.leaf.split()
    assert leaves[second] == upload.leaf.split()


@KEEPING
def test_somebodys_certificate_of_that_label_is_not_replaced(provider: Provider) -> None:
    """One that is for other names."""
    theirs = provider.add_certificate("shop.test", provider.uploads.theirs)
    handle = provider.store()

    assert handle != theirs
    leaves = {handle: each.leaf.split() for handle, each in provider.certificates().items()}
    assert leaves[theirs] == provider.uploads.theirs.leaf.split()
    assert leaves[handle] == provider.uploads.ours.leaf.split()


# Https sites


@pytest.mark.parametrize("domain", ["blog.test", "shop.test", "api.test"])
def test_a_site_presents_what_is_installed(domain: str, provider: Provider) -> None:
    """One that had a certificate, one that had none, one that runs code; once."""
    others = [site for site in provider.panel.https_sites() if domain not in site.names]
    handle = provider.store()
    provider.writes()
    change = provider.install(domain, handle)

    site = provider.https(domain)
    assert (site.exists, site.holds, site.state) == (True, handle, change.after["state"])
    assert is_json(site.state)
    assert len(provider.writes()) == 1
    assert provider.install(domain, handle).after["state"] == site.state
    assert provider.writes() == []
    assert [each for each in provider.panel.https_sites() if each.id != site.id] == others
    provider.new_process()
    assert provider.https(domain) == site


@pytest.mark.parametrize("domain", ["blog.test", "shop.test", "api.test"])
@pytest.mark.parametrize("is_new", [True, False])
def test_what_a_site_held_is_given_back(domain: str, is_new: bool, provider: Provider) -> None:
    """In this process, or in another by what was noted; to the letter."""
    before = provider.panel.http_sites(), provider.panel.https_sites()
    provider.install(domain, provider.store())
    if is_new:
        provider.new_process()
    provider.restore(domain)

    assert (provider.panel.http_sites(), provider.panel.https_sites()) == before
    provider.new_process()
    assert (provider.panel.http_sites(), provider.panel.https_sites()) == before


def test_what_was_held_before_the_first_of_many_changes_is_given_back(provider: Provider) -> None:
    """One certificate of ours after another does not become what was there before us."""
    before = provider.panel.https_sites()
    first = provider.store()
    second = provider.store(upload=provider.uploads.renewed, taken=first)
    for domain in ("blog.test", "shop.test"):
        for handle in (first, second):
            provider.install(domain, handle)
        provider.restore(domain)
    assert provider.panel.https_sites() == before


@pytest.mark.parametrize("domain", ["blog.test", "shop.test"])
def test_a_certificate_that_is_gone_is_told_as_that(domain: str, provider: Provider) -> None:
    """Then the caller stores it anew; the site stays as it is."""
    before = provider.panel.https_sites()
    with pytest.raises(CertificateGoneError):
        provider.install(domain, "unknown")
    provider.new_process()
    assert provider.panel.https_sites() == before


@pytest.mark.parametrize("domain", ["blog.test", "shop.test"])
def test_what_somebody_changed_since_the_last_reading_stays(
    domain: str, provider: Provider
) -> None:
    """Nothing writes a whole site from memory."""
    if domain == "shop.test":
        provider.install(domain, provider.store())
    handle = provider.store(upload=provider.uploads.renewed, taken=provider.store())
    provider.panel.https_sites()
    provider.add_elsewhere(domain)
    provider.time.now += FRESH + 1
    provider.install(domain, handle)

    assert provider.https(domain).holds == handle
    assert provider.shows_elsewhere(domain)


def test_a_site_that_was_there_keeps_what_somebody_added_when_it_is_given_back(
    provider: Provider,
) -> None:
    """Only its certificate is ours to put back."""
    provider.install("blog.test", provider.store())
    provider.add_elsewhere("blog.test")
    provider.new_process()
    provider.restore("blog.test")

    assert provider.https("blog.test").holds == provider.theirs
    assert provider.shows_elsewhere("blog.test")


@pytest.mark.parametrize("domain", ["blog.test", "shop.test"])
def test_names_that_others_gave_a_site_stay(domain: str, provider: Provider) -> None:
    """Whether it was there or we made it."""
    handle = provider.store()
    provider.install(domain, handle)
    provider.add_name(domain, "mine.test")
    provider.new_process()
    provider.panel.install(
        provider.https(domain),
        handle,
        [domain],
        provider.books.noted(Change.SITE, provider.https(domain).id)
        if domain == "shop.test"
        else None,
        provider.books,
    )
    provider.new_process()
    assert {domain, "mine.test"} <= set(provider.https(domain).names)


def test_what_is_gone_can_not_be_given_back(provider: Provider) -> None:
    """The former certificate was deleted meanwhile: ours stays, and the reason is a clause."""
    handle = provider.store()
    provider.install("blog.test", handle)
    provider.delete_certificate(provider.theirs)
    provider.new_process()
    with pytest.raises(ChangedByHandError) as caught:
        provider.restore("blog.test")
    assert "gone" in caught.value.what
    assert not caught.value.what.endswith(".")
    provider.new_process()
    assert provider.https("blog.test").holds == handle


# Redirects


def test_a_redirect_is_made_once_and_taken_back(provider: Provider) -> None:
    """What the site showed is noted before, and is what it shows again; by another process."""
    for domain in ("shop.test", "api.test"):
        provider.install(domain, provider.store())
    before = provider.panel.http_sites()
    for domain in ("shop.test", "api.test"):
        provider.writes()
        provider.redirect(domain)
        assert provider.http(domain).redirects
        assert provider.writes()
        provider.redirect(domain)
        assert provider.writes() == []
    assert [site.redirects for site in provider.panel.http_sites()].count(True) == 2
    provider.new_process()
    assert [site.redirects for site in provider.panel.http_sites()].count(True) == 2

    for domain in ("shop.test", "api.test"):
        provider.show_again(domain)
    assert provider.panel.http_sites() == before
    provider.new_process()
    assert provider.panel.http_sites() == before
    assert provider.books.journal.made_for("redirect") == []


def test_a_redirect_leaves_https_as_it_is(provider: Provider) -> None:
    """Else visitors would be sent in a circle."""
    provider.install("shop.test", provider.store())
    before = provider.panel.https_sites()
    provider.redirect("shop.test")
    provider.new_process()
    assert provider.panel.https_sites() == before
    provider.show_again("shop.test")
    assert provider.panel.https_sites() == before


def test_what_shows_its_own_content_is_not_written(provider: Provider) -> None:
    """A redirect that is noted and never was made, or that somebody took back."""
    provider.install("shop.test", provider.store())
    site = provider.http("shop.test")
    provider.writes()
    provider.panel.show_again(site, site.state, provider.books)
    assert provider.writes() == []


@pytest.mark.parametrize("domain", ["shop.test", "api.test"])
def test_a_site_that_redirects_goes_on_answering_challenges(
    domain: str, provider: Provider
) -> None:
    """There is a place, ready or to be made, before it redirects, while it does, and after."""
    provider.install(domain, provider.store())
    provider.make_place(domain)
    before = provider.place(domain)
    provider.redirect(domain)

    (place,) = provider.make_place(domain)
    assert place.ready
    file = File(place.directory, place.path("token"), "token.thumb")
    placed = provider.panel.files.place([file])
    assert provider.panel.files.read(file.directory, file.path) == "token.thumb"
    assert provider.panel.files.remove(placed) == []
    provider.show_again(domain)
    after = provider.place(domain)
    assert (after.directory, after.below, after.ready) == (before.directory, before.below, True)


# Places


def test_a_site_of_files_has_a_place(provider: Provider) -> None:
    """Ready at once; what is placed there can be read, and goes again."""
    (place,) = provider.make_place("www.shop.test")

    assert place == provider.place("www.shop.test")
    assert (place.domain, place.site, place.ready) == (
        "www.shop.test",
        provider.http("shop.test"),
        True,
    )
    assert Path(place.directory).is_dir()
    assert place.holder
    assert place.mount.startswith("/")
    placed = provider.panel.files.place([File(place.directory, place.path("token"), "content")])
    assert provider.panel.files.read(place.directory, place.path("token")) == "content"
    assert provider.panel.files.remove(placed) == []
    assert provider.panel.files.listing(place.directory) == []
    assert provider.writes() == []
    assert provider.books.journal.changes == []


@MAKING
def test_a_place_is_made_for_a_site_of_code(provider: Provider) -> None:
    """Once; all of it is noted with its purpose and the domain, and found by another process."""
    assert not provider.place("api.test").ready
    (place,) = provider.make_place("API.test")

    assert place.ready
    assert Path(place.directory).is_dir()
    assert place.path("token") == f"{place.below}/token".lstrip("/")
    changes = provider.books.journal.changes
    assert changes
    for change in changes:
        assert (change.purpose, change.names, change.done) == (Change.CHALLENGE, ["api.test"], True)
        assert change.what not in (Change.FILE, Change.RECORD)
        assert is_json(change.after)
    provider.writes()
    assert provider.make_place("api.test") == [provider.place("api.test")]
    assert provider.writes() == []
    provider.new_process()
    assert (provider.place("api.test").directory, provider.place("api.test").ready) == (
        place.directory,
        True,
    )


@MAKING
def test_places_of_many_domains_are_given_in_their_order(provider: Provider) -> None:
    """Those that are ready among them."""
    domains = ["blog.test", "api.test", "www.shop.test", "shop.test"]
    places = provider.make_place(*domains)
    assert [place.domain for place in places] == domains
    assert all(place.ready for place in places)
    assert {tuple(change.names) for change in provider.books.journal.changes} == {("api.test",)}


@MAKING
@pytest.mark.parametrize("is_new", [True, False])
def test_what_was_made_for_a_place_is_undone(is_new: bool, provider: Provider) -> None:
    """In the reverse order; what is gone by then is not missed."""
    before = provider.panel.http_sites(), provider.panel.https_sites()
    provider.make_place("api.test", "shop.test")
    if is_new:
        provider.new_process()
    made = list(provider.books.journal.changes)
    provider.undo_all()

    assert (provider.panel.http_sites(), provider.panel.https_sites()) == before
    assert not provider.place("api.test").ready
    assert provider.writes()
    for change in reversed(made):
        provider.panel.undo(change, again=True)
    assert provider.writes() == []


def test_what_others_changed_stays_when_a_place_is_made_and_undone(provider: Provider) -> None:
    """Since the last reading, which an answer to a CA is content with otherwise."""
    provider.install("api.test", provider.store())
    provider.panel.https_sites()
    provider.add_elsewhere("api.test")
    provider.time.now += FRESH + 1
    provider.make_place("api.test")
    assert provider.shows_elsewhere("api.test")
    provider.undo_all()
    assert provider.shows_elsewhere("api.test")


# Records


def test_two_values_stand_at_one_name(provider: Provider) -> None:
    """Beside somebody's; each is noted by its value and undone by itself."""
    provider.add_record("somebody's")
    for value in ("base", "wildcard"):
        provider.panel.publish(NAME, value, provider.books)

    assert sorted(provider.records()) == [
        (NAME, "base"),
        (NAME, "somebody's"),
        (NAME, "wildcard"),
    ]
    changes = provider.books.journal.all(Change.RECORD)
    assert [change.on for change in changes] == ["base", "wildcard"]
    assert all(each.done and each.purpose == Change.CHALLENGE for each in changes)
    assert all(is_json(change.after) for change in changes)
    provider.new_process()
    for value, left in (("base", ["somebody's", "wildcard"]), ("wildcard", ["somebody's"])):
        change = provider.books.noted(Change.RECORD, value)
        assert change is not None
        provider.panel.undo(change)
        assert sorted(each for _, each in provider.records()) == left


def test_a_record_is_published_once(provider: Provider) -> None:
    """CAs reuse pending authorizations, so the value may be there; undoing it twice is no error."""
    for _ in range(2):
        provider.panel.publish(NAME, "ours", provider.books)
    assert provider.records() == [(NAME, "ours")]
    provider.new_process()
    provider.panel.publish(NAME, "ours", provider.books)
    assert provider.writes() == []

    (change,) = provider.books.journal.all(Change.RECORD)
    for _ in range(2):
        provider.panel.undo(change)
        assert provider.records() == []


def test_names_in_no_zone_are_told_at_once(provider: Provider) -> None:
    """All of them; those that are in one are not told."""
    provider.panel.find_zones([NAME, "_acme-challenge.www.example.com"])
    lost = ["_acme-challenge.example.org", "_acme-challenge.deep.example.net"]
    with pytest.raises(errors.PluginError) as caught:
        provider.panel.find_zones([NAME, *lost])
    for name in ("example.org", "deep.example.net"):
        assert name in str(caught.value)
    with pytest.raises(errors.PluginError):
        provider.panel.publish(lost[0], "value", provider.books)
    assert provider.writes() == []


# What gets no answer


@dataclass(frozen=True)
class Step:
    """A verb that writes, what it takes before it, and whether its effect is there."""

    act: Callable[[Provider], object]
    holds: Callable[[Provider], bool]
    prepare: Callable[[Provider], object] = lambda provider: None


def _secured(provider: Provider) -> None:
    for domain in ("shop.test", "blog.test"):
        provider.install(domain, provider.store())


def _redirected(provider: Provider) -> None:
    _secured(provider)
    provider.redirect("shop.test")


def _has_record(provider: Provider) -> None:
    provider.panel.publish(NAME, "ours", provider.books)


STEPS = {
    "store": Step(
        lambda provider: provider.store(),
        lambda provider: (
            sorted(each.names for each in provider.certificates().values())
            == [("blog.test",), ("shop.test", "www.shop.test")]
        ),
    ),
    "install": Step(
        lambda provider: provider.install("blog.test", provider.store()),
        lambda provider: provider.https("blog.test").holds not in (None, provider.theirs),
        lambda provider: provider.store(),
    ),
    "install where there was none": Step(
        lambda provider: provider.install("shop.test", provider.store()),
        lambda provider: (
            [site.holds is not None for site in provider.panel.https_sites()].count(True) == 2
        ),
        lambda provider: provider.store(),
    ),
    "restore": Step(
        lambda provider: _restore_if_held(provider, "blog.test"),
        lambda provider: provider.https("blog.test").holds == provider.theirs,
        _secured,
    ),
    "restore what was made": Step(
        lambda provider: _restore_if_held(provider, "shop.test"),
        lambda provider: provider.https("shop.test").holds is None,
        _secured,
    ),
    "redirect": Step(
        lambda provider: provider.redirect("shop.test"),
        lambda provider: provider.http("shop.test").redirects,
        _secured,
    ),
    "show_again": Step(
        lambda provider: provider.show_again("shop.test"),
        lambda provider: not provider.http("shop.test").redirects,
        _redirected,
    ),
    "make_places": Step(
        lambda provider: provider.make_place("api.test"),
        lambda provider: provider.place("api.test").ready,
    ),
    "undo what was made": Step(
        lambda provider: provider.undo_all(),
        lambda provider: not provider.place("api.test").ready,
        lambda provider: provider.make_place("api.test"),
    ),
    "publish": Step(_has_record, lambda provider: provider.records() == [(NAME, "ours")]),
    "undo a record": Step(
        lambda provider: provider.undo_all(), lambda provider: provider.records() == [], _has_record
    ),
}


def _restore_if_held(provider: Provider, domain: str) -> None:
    """As callers do: what does not hold our certificate any more is not restored."""
    site = provider.https(domain)
    change = provider.books.noted(Change.SITE, site.id)
    if change and site.exists and site.holds == change.after["certificate"]:
        provider.restore(domain)


OBJECTS = ("store", "make_places", "undo what was made")
"""Steps of those hosts alone where there is something to store, or a place to be made."""


@pytest.mark.parametrize("breaks", ["before", "after"])
@pytest.mark.parametrize("is_new", [True, False])
@pytest.mark.parametrize(
    ("name", "provider"),
    [
        (name, provider)
        for name in STEPS
        for provider in PROVIDERS
        if not (name in OBJECTS and provider is CpanelProvider)
    ],
    indirect=["provider"],
)
def test_what_got_no_answer_happens_once_when_it_is_asked_for_again(
    name: str, is_new: bool, breaks: str, provider: Provider
) -> None:
    """Whether or not it took effect, by the same process or by the next, as after a kill."""
    step = STEPS[name]
    step.prepare(provider)
    provider.line.breaks = breaks
    with pytest.raises(PanelUnreachableError):
        step.act(provider)
    if is_new:
        provider.new_process()
    step.act(provider)

    assert step.holds(provider)
    provider.new_process()
    assert step.holds(provider)


@pytest.mark.parametrize("breaks", ["before", "after"])
@pytest.mark.parametrize("domain", ["blog.test", "shop.test"])
def test_an_install_that_got_no_answer_is_undone(
    domain: str, breaks: str, provider: Provider
) -> None:
    """By what was noted before it; what did not come about is not missed."""
    before = provider.panel.https_sites()
    handle = provider.store()
    provider.line.breaks = breaks
    with pytest.raises(PanelUnreachableError):
        provider.install(domain, handle)
    provider.new_process()
    _restore_if_held(provider, domain)
    assert provider.panel.https_sites() == before


@pytest.mark.parametrize("breaks", ["before", "after"])
def test_a_record_that_got_no_answer_is_undone(breaks: str, provider: Provider) -> None:
    """It is noted before it is published."""
    provider.line.breaks = breaks
    with pytest.raises(PanelUnreachableError):
        provider.panel.publish(NAME, "ours", provider.books)
    provider.new_process()
    provider.undo_all()
    assert provider.records() == []
    provider.panel.publish(NAME, "other", provider.books)
    assert provider.records() == [(NAME, "other")]
