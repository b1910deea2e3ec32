"""What the client does at its API, and the fake of the unit tests in its place."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from cryptography import x509

from certbot_webfaction.hosts.webfaction.client import WebFaction
from certbot_webfaction.hosts.webfaction.model import App, DnsRecord, Domain, Mount, Website
from certbot_webfaction.panel.errors import PanelRefusedError
from certbot_webfaction.panel.model import Upload
from tests.hosts.webfaction.fake import ALICE, IP, FakePanel
from tests.sandbox.host import DnsOverride, Host

NAME = "_acme-challenge.example.com"


@dataclass(frozen=True)
class Provider:
    """A panel, and how a test sets up what no verb of `WebFaction` can."""

    panel: WebFaction
    ip: str
    home: str
    add_domain: Callable[..., object]
    add_cname: Callable[[str, str], object]

    def website(self, name: str = "shop", https: bool = False, certificate: str = "") -> Website:
        """A website for shop.example.com with the app ``shop`` at its root."""
        mounts = (Mount("shop", "/"),)
        return Website(name, self.ip, https, ("shop.example.com",), mounts, certificate)


def _fake(_request: pytest.FixtureRequest) -> Provider:
    panel = FakePanel()

    def add_domain(name: str, *labels: str) -> None:
        panel.zones[name] = Domain(name, labels)

    def add_cname(name: str, target: str) -> None:
        panel.records.append(DnsRecord(name, "CNAME", target))

    return Provider(panel, IP, ALICE.home, add_domain, add_cname)


def _client(request: pytest.FixtureRequest) -> Provider:
    host: Host = request.getfixturevalue("host")

    def add_cname(name: str, target: str) -> None:
        host.add_dns_override(DnsOverride(name, cname=target))

    panel = request.getfixturevalue("panel")
    return Provider(panel, host.ips[0].ip, str(host.home_directory), host.add_domain, add_cname)


@pytest.fixture(params=[_fake, _client], ids=["fake", "client"])
def scene(request: pytest.FixtureRequest) -> Provider:
    """An empty account."""
    made: Provider = request.param(request)
    return made


@pytest.fixture
def shop(scene: Provider) -> Provider:
    """An account with the app ``shop`` and its http website for shop.example.com."""
    scene.panel.create_app("shop", "static_php70")
    scene.panel.create_website(scene.website())
    return scene


@pytest.fixture
def zone(scene: Provider) -> Provider:
    """An account with the domain example.com and its subdomains www and _acme-challenge."""
    scene.add_domain("example.com", "www", "_acme-challenge")
    return scene


def test_the_fake_has_every_verb_of_its_own() -> None:
    """With the signature that the client has; none is left that would ask an API."""
    for verb, method in vars(WebFaction).items():
        if not verb.startswith("_"):
            assert inspect.signature(vars(FakePanel)[verb]) == inspect.signature(method)


def test_login_returns_the_account(scene: Provider) -> None:
    """The account names its user and the user's absolute home directory."""
    account = scene.panel.login()
    assert account.username == "alice"
    assert account.home == scene.home
    assert account.web_server


# Websites


def test_created_website_is_listed_as_it_was_given(shop: Provider) -> None:
    """Domains, mounts and certificate come back as sent."""
    assert shop.panel.websites() == (shop.website(),)


def test_one_name_serves_http_and_https(shop: Provider) -> None:
    """A name is unique per protocol, so the https website may have the http one's."""
    shop.panel.create_website(shop.website(https=True))
    assert set(shop.panel.websites()) == {shop.website(), shop.website(https=True)}


def test_second_website_of_a_name_and_protocol_is_refused(shop: Provider) -> None:
    """The panel's words are shown, and the first website stays."""
    with pytest.raises(PanelRefusedError, match="already exists"):
        shop.panel.create_website(replace(shop.website(), domains=("other.example.com",)))
    assert shop.panel.websites() == (shop.website(),)


def test_website_with_unknown_app_is_refused(scene: Provider) -> None:
    """A mount needs an app."""
    with pytest.raises(PanelRefusedError, match="Application shop does not exist"):
        scene.panel.create_website(scene.website())
    assert scene.panel.websites() == ()


def test_website_with_unknown_certificate_is_refused(shop: Provider) -> None:
    """A certificate has to be uploaded before a website names it."""
    with pytest.raises(PanelRefusedError, match="shop_example_com does not exist"):
        shop.panel.create_website(shop.website(https=True, certificate="shop_example_com"))


def test_website_with_unknown_ip_is_refused(shop: Provider) -> None:
    """Only addresses of the account's machine can be used."""
    with pytest.raises(PanelRefusedError, match=r"203\.0\.113\.9 does not exist"):
        shop.panel.create_website(replace(shop.website("b"), ip="203.0.113.9", domains=()))


def test_domain_of_another_website_is_refused(shop: Provider) -> None:
    """Two websites of one protocol don't share a domain."""
    with pytest.raises(PanelRefusedError, match="already used by site shop"):
        shop.panel.create_website(shop.website("second"))


def test_path_mounted_twice_is_refused(shop: Provider) -> None:
    """One path has one app."""
    twice = replace(shop.website(), mounts=(Mount("shop", "/"), Mount("shop", "/")))
    with pytest.raises(PanelRefusedError, match="only once"):
        shop.panel.update_website(twice)


def test_update_replaces_domains_mounts_and_certificate(
    shop: Provider, uploads: tuple[Upload, Upload]
) -> None:
    """The website is afterwards exactly what was sent."""
    shop.panel.create_website(shop.website(https=True))
    shop.panel.create_certificate("shop_example_com", uploads[0])
    shop.panel.create_app("letsencrypt", "static_only")
    changed = Website(
        "shop",
        shop.ip,
        https=True,
        domains=("shop.example.com", "www.shop.example.com"),
        mounts=(Mount("shop", "/"), Mount("letsencrypt", "/.well-known/acme-challenge")),
        certificate="shop_example_com",
    )
    shop.panel.update_website(changed)
    assert set(shop.panel.websites()) == {shop.website(), changed}


def test_update_of_a_missing_website_is_refused(shop: Provider) -> None:
    """An update creates nothing."""
    with pytest.raises(PanelRefusedError, match="Site does not exist"):
        shop.panel.update_website(shop.website(https=True))
    assert shop.panel.websites() == (shop.website(),)


def test_deleted_website_leaves_its_app_and_its_namesake(shop: Provider) -> None:
    """Only the website of that protocol goes."""
    shop.panel.create_website(shop.website(https=True))
    shop.panel.delete_website(shop.website())
    assert shop.panel.websites() == (shop.website(https=True),)
    assert [app.name for app in shop.panel.apps()] == ["shop"]


def test_deleting_a_missing_website_is_refused(shop: Provider) -> None:
    """Nothing else is deleted instead."""
    with pytest.raises(PanelRefusedError, match="Site does not exist"):
        shop.panel.delete_website(shop.website(https=True))
    assert shop.panel.websites() == (shop.website(),)


# Apps


def test_created_app_is_returned_and_listed(scene: Provider) -> None:
    """Its directory is below the home directory, and .htaccess is obeyed by its type."""
    expected = App("letsencrypt", "static_php70", f"{scene.home}/webapps/letsencrypt", True)
    assert scene.panel.create_app("letsencrypt", "static_php70") == expected
    assert scene.panel.apps() == (expected,)


def test_app_that_runs_code_has_no_directory(scene: Provider) -> None:
    """Files cannot be placed in it."""
    assert scene.panel.create_app("site", "django") == App("site", "django", None)


def test_second_app_of_a_name_is_refused(shop: Provider) -> None:
    """Of another type too; the first stays."""
    with pytest.raises(PanelRefusedError, match="already exists"):
        shop.panel.create_app("shop", "static_only")
    assert [app.type for app in shop.panel.apps()] == ["static_php70"]


@pytest.mark.parametrize(
    ("name", "type", "words"),
    [("no-hyphens", "static_only", "alphanumeric"), ("fine", "cobol", "type is not valid")],
)
def test_app_that_breaks_a_rule_is_refused(
    scene: Provider, name: str, type: str, words: str
) -> None:
    """Names are letters, digits and underscores; types are the panel's."""
    with pytest.raises(PanelRefusedError, match=words):
        scene.panel.create_app(name, type)
    assert scene.panel.apps() == ()


def test_deleted_app_is_gone(scene: Provider) -> None:
    """And only that one."""
    scene.panel.create_app("one", "static_only")
    scene.panel.create_app("two", "static_only")
    scene.panel.delete_app("one")
    assert [app.name for app in scene.panel.apps()] == ["two"]


def test_app_in_use_is_not_deleted(shop: Provider) -> None:
    """A website mounts it."""
    with pytest.raises(PanelRefusedError, match="used by site shop"):
        shop.panel.delete_app("shop")
    assert [app.name for app in shop.panel.apps()] == ["shop"]


def test_deleting_a_missing_app_is_refused(scene: Provider) -> None:
    """The panel's words are shown."""
    with pytest.raises(PanelRefusedError, match="Application does not exist"):
        scene.panel.delete_app("shop")


# Certificates


def test_uploaded_certificate_is_listed(scene: Provider, uploads: tuple[Upload, Upload]) -> None:
    """With the names and the end of its leaf, and the leaf itself."""
    scene.panel.create_certificate("shop_example_com", uploads[0])
    (certificate,) = scene.panel.certificates()
    assert certificate.name == "shop_example_com"
    assert certificate.domains == ("shop.example.com", "www.shop.example.com")
    leaf = x509.load_pem_x509_certificate(uploads[0].leaf.encode())
    assert certificate.expires == leaf.not_valid_after_utc.date()
    assert certificate.leaf == uploads[0].leaf


def test_second_certificate_of_a_name_is_refused(
    scene: Provider, uploads: tuple[Upload, Upload]
) -> None:
    """The first one stays."""
    scene.panel.create_certificate("shop", uploads[0])
    with pytest.raises(PanelRefusedError, match="already exists"):
        scene.panel.create_certificate("shop", uploads[1])
    assert [each.leaf for each in scene.panel.certificates()] == [uploads[0].leaf]


def test_certificate_name_with_a_hyphen_is_refused(
    scene: Provider, uploads: tuple[Upload, Upload]
) -> None:
    """Names are letters, digits and underscores."""
    with pytest.raises(PanelRefusedError, match="alphanumeric"):
        scene.panel.create_certificate("shop-example", uploads[0])
    assert scene.panel.certificates() == ()


def test_updated_certificate_has_the_new_leaf(
    scene: Provider, uploads: tuple[Upload, Upload]
) -> None:
    """Under the old name, and not beside the old one."""
    scene.panel.create_certificate("shop", uploads[0])
    scene.panel.update_certificate("shop", uploads[1])
    assert [each.leaf for each in scene.panel.certificates()] == [uploads[1].leaf]


def test_update_of_a_missing_certificate_is_refused(
    scene: Provider, uploads: tuple[Upload, Upload]
) -> None:
    """An update creates nothing."""
    with pytest.raises(PanelRefusedError, match="does not exist"):
        scene.panel.update_certificate("shop", uploads[0])
    assert scene.panel.certificates() == ()


# DNS


def test_domains_are_listed_with_their_subdomains(zone: Provider) -> None:
    """Labels, not full names."""
    assert zone.panel.domains() == (Domain("example.com", ("www", "_acme-challenge")),)


def test_created_subdomain_stands_beside_the_others(zone: Provider) -> None:
    """One that is there already stays one."""
    zone.panel.create_subdomain("example.com", "a.b")
    zone.panel.create_subdomain("example.com", "www")
    assert zone.panel.domains() == (Domain("example.com", ("www", "_acme-challenge", "a.b")),)


def test_deleted_subdomain_leaves_the_domain_and_the_others(zone: Provider) -> None:
    """Only the one label goes."""
    zone.panel.delete_subdomain("example.com", "www")
    assert zone.panel.domains() == (Domain("example.com", ("_acme-challenge",)),)


@pytest.mark.parametrize("label", ["", ".", " "])
def test_subdomain_without_a_label_is_refused(zone: Provider, label: str) -> None:
    """Else the whole domain would be deleted."""
    with pytest.raises(PanelRefusedError, match="subdomain needs a name"):
        zone.panel.delete_subdomain("example.com", label)
    with pytest.raises(PanelRefusedError, match="subdomain needs a name"):
        zone.panel.create_subdomain("example.com", label)
    assert zone.panel.domains() == (Domain("example.com", ("www", "_acme-challenge")),)


def test_deleting_a_missing_subdomain_is_refused(zone: Provider) -> None:
    """The domain stays."""
    with pytest.raises(PanelRefusedError, match="Domain does not exist"):
        zone.panel.delete_subdomain("example.com", "mail")
    assert len(zone.panel.domains()) == 1


def test_subdomain_with_records_is_not_deleted(zone: Provider) -> None:
    """Its records come first."""
    zone.panel.create_txt(NAME, "one")
    with pytest.raises(PanelRefusedError, match="has DNS overrides"):
        zone.panel.delete_subdomain("example.com", "_acme-challenge")


def test_txt_records_stand_beside_each_other(zone: Provider) -> None:
    """Two values of one name, for a domain and its wildcard, and the CNAMEs of others."""
    zone.add_cname("www.example.com", "example.net")
    zone.panel.create_txt(NAME, "one")
    zone.panel.create_txt(NAME, "two")
    assert zone.panel.dns_records() == (
        DnsRecord("www.example.com", "CNAME", "example.net"),
        DnsRecord(NAME, "TXT", "one"),
        DnsRecord(NAME, "TXT", "two"),
    )


def test_deleted_txt_record_leaves_the_others_of_its_name(zone: Provider) -> None:
    """Name and value tell which one goes."""
    zone.panel.create_txt(NAME, "one")
    zone.panel.create_txt(NAME, "two")
    zone.panel.delete_txt(NAME, "one")
    assert zone.panel.dns_records() == (DnsRecord(NAME, "TXT", "two"),)


def test_txt_record_needs_a_name_in_the_account(zone: Provider) -> None:
    """The subdomain has to be there first."""
    with pytest.raises(PanelRefusedError, match="does not exist"):
        zone.panel.create_txt("_acme-challenge.www.example.com", "one")


def test_same_txt_record_twice_is_refused(zone: Provider) -> None:
    """So that removing one can't leave another."""
    zone.panel.create_txt(NAME, "one")
    with pytest.raises(PanelRefusedError, match="already exists"):
        zone.panel.create_txt(NAME, "one")
    assert len(zone.panel.dns_records()) == 1


def test_deleting_a_missing_txt_record_is_refused(zone: Provider) -> None:
    """Another value of the name is another record."""
    zone.panel.create_txt(NAME, "one")
    with pytest.raises(PanelRefusedError, match="does not exist"):
        zone.panel.delete_txt(NAME, "two")
    assert len(zone.panel.dns_records()) == 1
