"""The panel at the stand-in's API: what is Opalstack's own in it, with each switch both ways."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from certbot import errors

from certbot_webfaction.books import Books
from certbot_webfaction.hosts.opalstack.client import Opalstack
from certbot_webfaction.hosts.opalstack.panel import Panel
from certbot_webfaction.panel.errors import ChangedByHandError, PanelRefusedError
from certbot_webfaction.panel.files import File
from certbot_webfaction.panel.findings import Fine, Note
from certbot_webfaction.panel.model import CHALLENGE_PATH, Change
from tests.hosts.opalstack.conftest import panel_over
from tests.hosts.opalstack.test_client import upload
from tests.sandbox.faults import RESET_AFTER
from tests.sandbox.opalstack.account import Account
from tests.sandbox.opalstack.faults import refused
from tests.sandbox.opalstack.objects import Site
from tests.sandbox.opalstack.switches import Switches

NAME = "_acme-challenge.example.com"


@pytest.fixture
def books(tmp_path: Path) -> Books:
    """Books that are empty."""
    books = Books(tmp_path / "books")
    books.save()
    return books


@pytest.fixture
def blog(account: Account) -> Site:
    """A site of a proxied app."""
    return account.add_site("blog", ["example.com"], {"/": account.add_app("blog", "CUS")})


def now(account: Account, site: Site) -> Site:
    """A site as it is now."""
    found = account.find("site", site.id).thing
    assert isinstance(found, Site)
    return found


def make_place(panel: Panel, books: Books) -> Any:
    """The place for example.com, made if it has to be."""
    [site] = panel.http_sites()
    [place] = panel.make_places([panel.find_place(site, "example.com")], books)
    return place


def undo_all(panel: Panel, books: Books) -> None:
    """Undo what was made, the last first."""
    for change in reversed(books.journal.made_for(Change.CHALLENGE)):
        panel.undo(change)
        books.forget(change)


# Places


def test_an_app_of_the_user_is_made_and_routed_first(
    panel: Panel, books: Books, account: Account, blog: Site
) -> None:
    """Before the others, for a server that takes the first that fits; all of it is undone."""
    place = make_place(panel, books)
    app = next(each for each in account.things("app") if each.name == "letsencrypt")
    assert (app.type, app.osuser) == ("STA", account.osuser.id)
    assert place.directory == str(account.directory(app))
    assert [(route.uri, route.app) for route in now(account, blog).routes] == [
        (CHALLENGE_PATH, app.id),
        ("/", blog.routes[0].app),
    ]
    undo_all(panel, books)
    assert [each.name for each in account.things("app")] == ["blog"]
    assert [route.uri for route in now(account, blog).routes] == ["/"]


def test_an_app_that_somebody_uses_by_now_stays(
    panel: Panel, books: Books, account: Account, blog: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """Routed elsewhere, or with a file of somebody's; challenge files are nobody's."""
    place = make_place(panel, books)
    panel.files.place([File(place.directory, "token", "token.thumb")])
    panel.files.place([File(place.directory, "mine.html", "mine")])
    undo_all(panel, books)
    assert "letsencrypt stays on the panel: somebody put mine.html into it." in caplog.text
    assert "token" not in caplog.text.replace("somebody put mine.html", "")
    assert len(account.things("app")) == 2


def test_an_app_whose_answer_was_lost_is_undone_too(
    panel: Panel, books: Books, account: Account, blog: Site
) -> None:
    """Without its identifier it is known by its name, its type and its user."""
    make_place(panel, books)
    for change in books.journal.all("app"):
        change.after["id"] = ""
    undo_all(panel, books)
    assert [each.name for each in account.things("app")] == ["blog"]


def test_an_app_of_that_name_that_serves_no_files_is_in_the_way(
    panel: Panel, account: Account, blog: Site
) -> None:
    """Another one can be named."""
    account.add_app("letsencrypt", "CUS")
    [site] = panel.http_sites()
    with pytest.raises(errors.PluginError, match="type CUS and serves no files") as caught:
        panel.find_place(site, "example.com")
    assert "--opalstack-app" in str(caught.value)


def test_another_app_can_be_named(
    client: Opalstack, tmp_path: Path, time: Any, account: Account, blog: Site, books: Books
) -> None:
    """It is made under that name."""
    panel = panel_over(client, time, tmp_path, app="acme")
    assert make_place(panel, books).holder == "acme"


def test_a_route_of_somebody_elses_app_is_in_the_way(
    panel: Panel, account: Account, blog: Site
) -> None:
    """It is not replaced."""
    other = account.add_app("other", osuser=account.add_osuser("bob"))
    routes = [{"app": blog.routes[0].app, "uri": "/"}, {"app": other.id, "uri": CHALLENGE_PATH}]
    account.update("site", [{"id": blog.id, "routes": routes}])
    [site] = panel.http_sites()
    with pytest.raises(errors.PluginError, match=r"The app other is routed at .* Remove that"):
        panel.find_place(site, "example.com")


def test_a_disabled_site_answers_nothing(panel: Panel, account: Account, blog: Site) -> None:
    """The panel can enable it."""
    account.update("site", [{"id": blog.id, "disabled": True}])
    [site] = panel.http_sites()
    with pytest.raises(errors.PluginError, match="The site blog is disabled in the panel"):
        panel.find_place(site, "example.com")


@pytest.mark.parametrize("files", ["auto", "local"])
def test_who_is_on_another_machine_can_be_told_that_it_is_this_one(
    files: str,
    tmp_path: Path,
    client: Opalstack,
    time: Any,
    account: Account,
    blog: Site,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name in the panel that this machine does not know itself by."""
    monkeypatch.setattr("socket.gethostname", lambda: "opal9.opalstack.example")
    panel = panel_over(client, time, tmp_path, files=files)
    assert panel.abilities.files == (files == "local")
    [site] = panel.http_sites()
    if files == "local":
        assert not panel.find_place(site, "example.com").ready
    else:
        with pytest.raises(errors.PluginError, match="API writes no files") as caught:
            panel.find_place(site, "example.com")
        assert "--preferred-challenges dns" in str(caught.value)


# Who sees to a certificate


@contextmanager
def taken_over(panel: Panel, books: Books, blog: Site) -> Iterator[Change]:
    """Within, the site presents ours; then it is restored."""
    handle = panel.store("example.com", ["example.com"], upload("example.com"), "", [], print)
    [site] = panel.https_sites()
    before = {"certificate": site.holds, "names": [], "made_from": "", "state": site.state}
    change = Change(Change.SITE, site.id, before, {"certificate": handle})
    panel.install(site, handle, ["example.com"], None, books)
    yield change
    [site] = panel.https_sites()
    panel.restore(site, change)


@pytest.mark.parametrize("refuses", [False, True])
def test_the_host_gets_its_site_back(
    refuses: bool, panel: Panel, books: Books, account: Account, blog: Site, switches: Switches
) -> None:
    """In one update, or, where it chooses by itself, without the certificate that it had."""
    switches.refuses_cert_with_le = refuses
    own = account.add_cert("blog", "example.com", by_host=True)
    account.update("site", [{"id": blog.id, "cert": own.id, "generate_le": False}])
    account.update("site", [{"id": blog.id, "generate_le": True}])
    with taken_over(panel, books, blog):
        held = now(account, blog)
        assert (held.cert != own.id, held.generate_le) == (True, False)
    after = now(account, blog)
    assert after.generate_le
    assert (after.cert == own.id) == (not refuses)
    account.issue_letsencrypt()
    assert now(account, blog).cert != held.cert


def test_the_host_gets_its_site_back_without_a_certificate_that_is_gone(
    panel: Panel, books: Books, account: Account, blog: Site
) -> None:
    """Ours is presented until it has its own: the site is never dark."""
    own = account.add_cert("blog", "example.com", by_host=True)
    account.update("site", [{"id": blog.id, "cert": own.id, "generate_le": True}])
    with taken_over(panel, books, blog) as change:
        account.delete("cert", [{"id": own.id}])
    after = now(account, blog)
    assert (after.cert, after.generate_le) == (change.after["certificate"], True)


def test_a_certificate_that_is_gone_stays_gone(
    panel: Panel, books: Books, account: Account, blog: Site
) -> None:
    """Then ours stays."""
    theirs = account.add_cert("blog", "example.com")
    account.update("site", [{"id": blog.id, "cert": theirs.id}])
    with (
        pytest.raises(ChangedByHandError, match="the certificate that it had is gone"),
        taken_over(panel, books, blog),
    ):
        account.delete("cert", [{"id": theirs.id}])


def test_a_refused_key_is_told_and_changes_nothing(
    panel: Panel, books: Books, account: Account, switches: Switches
) -> None:
    """Whatever the host does not like about a certificate."""
    ours = upload("example.com")
    other = replace(ours, private_key=upload("example.org").private_key)
    with pytest.raises(PanelRefusedError, match="store the certificate example_com") as caught:
        panel.store("example.com", ["example.com"], other, "", [], print)
    assert "key:" in caught.value.said


# DNS


@pytest.mark.parametrize("takes", [True, False])
def test_a_made_domain_goes_with_its_last_record(
    takes: bool, panel: Panel, books: Books, account: Account, switches: Switches
) -> None:
    """Also where the answers of both creations were lost, and the host guards domains."""
    switches.domain_takes_records = takes
    account.add_domain("example.com")
    for value in ("one", "two"):
        panel.publish(NAME, value, books)
    assert {domain.name for domain in account.things("domain")} == {"example.com", NAME}
    one, two = books.journal.all(Change.RECORD)
    panel.undo(one)
    assert [record.content for record in account.things("dnsrecord")] == ["two"]
    two.after["record"] = two.after["domain"] = ""
    panel.forget()
    panel.undo(two)
    assert account.things("dnsrecord") == []
    assert [domain.name for domain in account.things("domain")] == ["example.com"]


def test_a_made_domain_stays_with_what_somebody_put_there(
    panel: Panel, books: Books, account: Account
) -> None:
    """Since this process looked: deleting the domain would take it along."""
    account.add_domain("example.com")
    panel.publish(NAME, "ours", books)
    domain = account.add_domain(NAME)
    account.create("dnsrecord", [{"domain": domain.id, "type": "TXT", "content": "theirs"}])
    [change] = books.journal.all(Change.RECORD)
    panel.undo(change)
    assert [record.content for record in account.things("dnsrecord")] == ["theirs"]


def test_a_record_is_published_where_a_cname_leads(
    panel: Panel, books: Books, account: Account
) -> None:
    """As a CA follows it; a circle, or a name that is not ours, is refused."""
    account.add_domain("example.net")
    alias = account.add_domain(NAME)
    target = {"domain": alias.id, "type": "CNAME", "content": "to.example.net."}
    [cname] = account.create("dnsrecord", [target])
    panel.publish(NAME, "value", books)
    assert "to.example.net" in {domain.name for domain in account.things("domain")}
    for content, why in ((f"{NAME}.", "in a circle"), ("elsewhere.test.", "to another name")):
        account.update("dnsrecord", [{"id": cname.id, "content": content}])
        panel.forget()
        with pytest.raises(errors.PluginError, match=why):
            panel.find_zones([NAME])


def test_a_host_that_takes_no_underscores_has_files_left(
    panel: Panel, books: Books, account: Account, switches: Switches
) -> None:
    """That is said, and nothing is left."""
    account.add_domain("example.com")
    switches.underscore_domains = False
    with pytest.raises(PanelRefusedError, match=f"refused to add the domain {NAME}") as caught:
        panel.publish(NAME, "value", books)
    assert "answer it by a file" in caught.value.todo
    [change] = books.journal.all(Change.RECORD)
    panel.undo(change)
    assert account.things("dnsrecord") == []


# What the doctor says


def test_the_hosts_own_check_is_a_second_opinion(
    panel: Panel, account: Account, blog: Site, api: Any
) -> None:
    """Of all domains in one call; not the only proof, so it is no problem."""
    found = dict(panel.examine())
    assert isinstance(found["this host"], Fine)
    assert isinstance(found["domains"], Fine)
    assert api.calls.methods().count("POST /dnscheck/le_challenge_check/") == 1
    api.faults.always(_says([False]), "POST /dnscheck/le_challenge_check/")
    told = dict(panel.examine())["domains"]
    assert isinstance(told, Note)
    assert "example.com" in told.text


def _says(challenges: list[bool]) -> Any:
    return refused(200, {"challenges": challenges})


def test_who_is_elsewhere_is_told(
    panel: Panel, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the users that there are."""
    for name in ("USER", "LOGNAME"):
        monkeypatch.setenv(name, "visitor")
    told = dict(panel.examine())["this host"]
    assert isinstance(told, Note)
    assert f"alice on {account.server.hostname}" in told.text


def test_an_update_whose_answer_is_lost_is_found_by_a_look(
    panel: Panel, books: Books, account: Account, blog: Site, api: Any
) -> None:
    """A renewal does not list certificates for that either."""
    ours = upload("example.com")
    handle = panel.store("example.com", ["example.com"], ours, "", [], print)
    api.calls.clear()
    api.faults.on(1, RESET_AFTER, "POST /cert/update/")
    assert panel.store("example.com", [], upload("example.com"), handle, [], print) == handle
    assert api.calls.methods() == ["POST /cert/update/", "GET /cert/read"]
