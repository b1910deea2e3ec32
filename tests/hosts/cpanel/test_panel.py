"""Virtual hosts as sites, and what the doctor is told."""

from __future__ import annotations

import pytest
from certbot import errors

from certbot_webfaction.hosts.cpanel import CPANEL
from certbot_webfaction.hosts.cpanel.installing import UPLOAD
from certbot_webfaction.hosts.cpanel.model import handle_of, public_mark
from certbot_webfaction.hosts.cpanel.seen import Seen
from certbot_webfaction.panel.errors import LoginRefusedError
from certbot_webfaction.panel.findings import Finding, Note, Problem
from certbot_webfaction.panel.model import Change
from certbot_webfaction.panel.serving import Sites
from tests.hosts.cpanel.conftest import Place
from tests.hosts.cpanel.test_client import upload
from tests.sandbox.cpanel.account import UNNAMED, Visit
from tests.sandbox.cpanel.installs import Given


@pytest.mark.parametrize("is_servername", [True, False])
@pytest.mark.parametrize("is_secured", [True, False])
def test_names_that_the_panel_made_are_auxiliary(
    place: Place, is_servername: bool, is_secured: bool
) -> None:
    """Those of services, and an addon domain's subdomain, whichever function tells of them."""
    place.account.switches.addon_is_servername = is_servername
    place.account.switches.mail_is_proxy = is_servername
    place.account.add_addon("other.example")
    if is_secured:
        place.account.run_autossl()
    sites = {site.names[0]: site for site in place.panel().https_sites()}
    assert sites["other.example"].names == ("other.example", "www.other.example")
    hidden = "other.example.example.com"
    assert {hidden, f"www.{hidden}", "mail.other.example"} <= set(sites["other.example"].auxiliary)
    parked = ("parked.example", "www.parked.example")
    assert set(sites["example.com"].names) == {"example.com", "www.example.com", *parked}
    assert "webmail.parked.example" in sites["example.com"].auxiliary
    assert ("WebVhosts::list_ssl_capable_domains" in place.methods()) != is_secured


@pytest.mark.parametrize("star", [True, False])
def test_a_wildcard_subdomain_serves_its_wildcard(place: Place, star: bool) -> None:
    """However its servername is written."""
    place.account.switches.star_servername = star
    place.account.add_subdomain("*.example.com")
    sites = Sites(place.panel().https_sites())
    (site,) = sites.serving("any.example.com")
    assert site.names == ("*.example.com",)
    assert site in sites.reached("*.example.com")
    assert {each.names[0] for each in sites.reached("*.example.com")} == {
        "*.example.com",
        "blog.example.com",
        "example.com",
    }


def test_a_service_name_is_found_on_its_domains_site(place: Place) -> None:
    """For challenges and for certificates."""
    panel = place.panel()
    assert Sites(panel.http_sites()).serving("mail.shop.example")[0].names[0] == "shop.example"
    assert Sites(panel.https_sites()).reached("mail.shop.example")[0].names[0] == "shop.example"


def test_what_is_seen_is_put_together_once_of_each_reading(place: Place) -> None:
    """An account of 1,000 virtual hosts asks for each of them; what changes is seen at once."""
    place.account.run_autossl()
    seen = Seen(place.client)
    host = seen.host("example.com")
    assert host is not None
    assert host.installed is not None
    assert seen.host("example.com", within=None) is host
    assert seen.presenting(host.installed.handle) is host.installed
    seen.saw_redirect("example.com", on=True)
    assert [each.redirects for each in seen.hosts() if each.servername == "example.com"] == [True]
    seen.saw_uninstalled("example.com")
    assert [each.installed for each in seen.hosts() if each.servername == "example.com"] == [None]
    assert seen.presenting(host.installed.handle) is None
    seen.forget()
    assert seen.host("example.com") == host


def findings(place: Place) -> dict[str, Finding]:
    """What the doctor is told."""
    return dict(place.panel().examine())


def test_the_doctor_is_told_that_the_host_would_do_it_for_free(place: Place) -> None:
    """And which certificates are its own."""
    place.account.run_autossl()
    found = findings(place)["AutoSSL"]
    assert isinstance(found, Note)
    assert "example.com" in found.text
    assert "free" in found.remedy
    place.account.features.discard("autossl")
    assert "keeps it off" in findings(place)["AutoSSL"].text


def test_the_doctor_is_told_what_the_plan_lacks(place: Place) -> None:
    """Without `sslinstall` nobody can help; without others something does not work."""
    place.account.features.discard("zoneedit")
    assert "zoneedit" in findings(place)["features"].text
    place.account.features.discard("sslmanager")
    assert isinstance(findings(place)["features"], Note)


def test_what_only_some_plans_may_ask_for_is_done_without(place: Place) -> None:
    """What is known of the names then, the web server has."""
    place.account.features -= {UNNAMED, "redirects"}
    names = {name for site in place.panel().https_sites() for name in site.names}
    assert {"example.com", "www.shop.example", "parked.example"} <= names
    place.panel().find_zones(["_acme-challenge.example.com"])
    assert findings(place).keys() == {"server", "features", "AutoSSL"}


def test_names_may_come_as_they_were_typed(place: Place) -> None:
    """They are compared as DNS does; what is elsewhere is known for it."""
    place.account.switches.names_as_typed = True
    place.account.run_autossl()
    names = {name for site in place.panel().https_sites() for name in site.names}
    assert {"example.com", "www.shop.example", "parked.example"} <= names
    place.account.move_dns_away("example.com")
    with pytest.raises(errors.PluginError, match=r"the zone example\.com is in the panel"):
        place.panel().find_zones(["_acme-challenge.example.com"])


def test_the_doctor_is_told_of_an_old_server(place: Place) -> None:
    """With the version from which on all works."""
    place.account.version = 90
    found = findings(place)["server"]
    assert isinstance(found, Note)
    assert "cPanel 90" in found.text
    assert "110" in found.text


def test_the_panels_own_look_is_a_second_opinion(place: Place) -> None:
    """It puts a file where a CA would look, and asks for it; a redirect says nothing of a CA."""
    found = findings(place)["the panel's own look"]
    assert isinstance(found, Problem)
    assert "example.com" in found.text

    def visit(name: str, path: str) -> Visit:
        roots = [host.document_root for host in place.account.hosts if name in host.names]
        return Visit(200, (roots[0] / path.removeprefix("/")).read_text())

    for look in (visit, lambda name, _: Visit(301, "", f"https://{name}/")):
        place.account.visit = look
        assert not isinstance(findings(place)["the panel's own look"], Problem)


def test_the_doctor_names_rules_that_send_visitors_elsewhere(place: Place) -> None:
    """They send challenges away, too; what an application does within the site is none."""
    assert "redirects" not in findings(place)
    root = place.account.home / "public_html"
    (root / ".htaccess").write_text(
        "RewriteEngine On\nRewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]\n"
        "RewriteRule ^(.*)$ https://other.example/$1 [R=301,L]\n"
    )
    found = findings(place)["redirects"]
    assert "other.example" in found.text
    assert str(root) in found.text
    assert "HTTP_HOST" not in found.text


def test_a_login_with_typed_credentials_tells_what_the_plan_lacks(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """What is accepted is given back as it was typed; what is refused is told."""
    typed = {
        "api_url": place.url,
        "host": "localhost",
        "username": "alice",
        "token": place.account.create_token("typed").token,
    }
    assert CPANEL.log_in(typed, typed) == typed
    assert not caplog.records
    place.account.features.discard("sslinstall")
    CPANEL.log_in(typed, typed)
    assert "lacks the feature “sslinstall”" in caplog.text
    with pytest.raises(LoginRefusedError):
        CPANEL.log_in({**typed, "token": "WRONG"}, typed)


def test_what_an_undo_of_ours_would_take_from_others_stays(place: Place) -> None:
    """A certificate that is presented is not deleted, nor a key that another one needs."""
    panel, ours = place.panel(), upload("example.com")
    account = place.account
    account.install("example.com", Given(ours.leaf, ours.private_key, ours.chain))
    (certificate,), (key,) = account.store.certificates, account.store.keys
    after = {"certificate": certificate, "key": key, "public": public_mark(ours.leaf)}
    panel.undo(Change(UPLOAD, handle_of(ours.leaf), after=after))
    assert (len(account.store.certificates), len(account.store.keys)) == (1, 1)
    panel.undo(Change(UPLOAD, "another", after={**after, "certificate": "gone"}))
    assert len(account.store.keys) == 1
    account.uninstall("example.com")
    panel.forget()
    panel.undo(Change(UPLOAD, handle_of(ours.leaf), after=after))
    assert not account.store.certificates
    assert not account.store.keys
