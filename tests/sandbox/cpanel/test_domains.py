"""Domains and virtual hosts, and what is told of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.cpanel.account import Account, Visit
from tests.sandbox.cpanel.authority import Authority
from tests.sandbox.cpanel.client import Client
from tests.sandbox.cpanel.errors import PanelError
from tests.sandbox.cpanel.installs import Given
from tests.sandbox.cpanel.redirects import add_redirect


def test_an_addon_shares_a_virtual_host_with_its_hidden_subdomain(
    client: Client, account: Account
) -> None:
    """Whose name is the servername; the subdomain is listed among the others."""
    account.add_addon("shop.example")
    account.add_subdomain("blog.example.com", "public_html/blog")
    account.park("alias.example")
    assert client.data("DomainInfo", "list_domains") == {
        "main_domain": "example.com",
        "addon_domains": ["shop.example"],
        "parked_domains": ["alias.example"],
        "sub_domains": ["shop.example.example.com", "blog.example.com"],
    }
    data = client.data("DomainInfo", "domains_data")
    assert data["parked_domains"] == ["alias.example"]
    (addon,), (sub,) = data["addon_domains"], data["sub_domains"]
    assert (addon["domain"], addon["servername"]) == ("shop.example", "shop.example.example.com")
    assert {"shop.example", "www.shop.example"} <= set(addon["serveralias"].split())
    assert (sub["documentroot"], sub["type"]) == (
        str(account.home / "public_html/blog"),
        "sub_domain",
    )
    assert "alias.example" in data["main_domain"]["serveralias"].split()
    assert len(client.data("DomainInfo", "domains_data", format="list")) == 3
    single = client.data("DomainInfo", "single_domain_data", domain="shop.example")
    assert single["documentroot"] == str(account.home / "shop.example")
    assert client.refusal("DomainInfo", "single_domain_data", domain="other.example")


def test_an_addon_may_be_its_own_servername(client: Client, account: Account) -> None:
    """`Switches.addon_is_servername`."""
    account.switches.addon_is_servername = True
    account.add_addon("shop.example")
    single = client.data("DomainInfo", "single_domain_data", domain="shop.example")
    assert single["servername"] == "shop.example"
    assert "shop.example.example.com" in single["serveralias"].split()


def test_shapes_may_be_as_documented(client: Client, account: Account) -> None:
    """`Switches.documented_shapes`: the main domain is a list."""
    account.switches.documented_shapes = True
    assert client.data("DomainInfo", "list_domains")["main_domain"] == ["example.com"]
    (main,) = client.data("DomainInfo", "domains_data")["main_domain"]
    assert main["domain"] == "example.com"


@pytest.mark.parametrize("mail_is_proxy", [True, False])
def test_every_name_has_its_virtual_host(
    client: Client, account: Account, mail_is_proxy: bool
) -> None:
    """`Switches.mail_is_proxy`: among the service names, or the real ones."""
    account.switches.mail_is_proxy = mail_is_proxy
    account.add_addon("shop.example")
    account.park("alias.example")
    listed = client.data("WebVhosts", "list_ssl_capable_domains")
    hosts = {each["domain"]: each for each in listed}
    assert hosts["www.shop.example"]["vhost_name"] == "shop.example.example.com"
    assert hosts["www.alias.example"]["vhost_name"] == "example.com"
    assert hosts["webmail.example.com"]["is_proxy"] == 1
    assert hosts["mail.example.com"]["is_proxy"] == mail_is_proxy
    assert hosts["www.example.com"]["is_proxy"] == 0


@pytest.mark.parametrize("as_typed", [True, False])
def test_names_may_come_as_they_were_typed(
    client: Client, account: Account, as_typed: bool
) -> None:
    """`Switches.names_as_typed`."""
    account.switches.names_as_typed = as_typed
    (first, *_) = client.data("WebVhosts", "list_ssl_capable_domains")
    typed = "Example.Com" if as_typed else "example.com"
    assert {first["domain"], first["vhost_name"]} == {typed}
    assert client.data("DomainInfo", "list_domains")["main_domain"] == typed


def test_the_older_list_tells_which_hosts_have_https(
    client: Client, account: Account, authority: Authority
) -> None:
    """Without the service names, which are beside their domain."""
    account.add_addon("shop.example")
    _install(account, authority, "example.com")
    listed = {each["domain"]: each for each in client.data("WebVhosts", "list_domains")}
    assert listed["www.example.com"]["vhost_is_ssl"] == 1
    assert listed["shop.example"]["vhost_is_ssl"] == 0
    assert "webmail.example.com" in listed["example.com"]["proxy_subdomains"]


@pytest.mark.parametrize("star", [True, False])
def test_a_wildcard_subdomain_is_a_virtual_host(
    client: Client, account: Account, star: bool
) -> None:
    """`Switches.star_servername`: under its own name or the one of its directory."""
    account.switches.star_servername = star
    account.add_subdomain("*.example.com")
    listed = {each["domain"]: each for each in client.data("WebVhosts", "list_ssl_capable_domains")}
    servername = "*.example.com" if star else "_wildcard_.example.com"
    assert listed["*.example.com"]["vhost_name"] == servername


def test_a_name_is_on_one_virtual_host_only(account: Account) -> None:
    """Nor is a subdomain of somebody else's domain, or a name that is none, possible."""
    account.add_addon("shop.example")
    for name in ("shop.example", "www.example.com"):
        with pytest.raises(PanelError, match="already exists"):
            account.add_addon(name)
    with pytest.raises(PanelError, match="already exists"):
        account.park("shop.example")
    with pytest.raises(PanelError, match="already exists"):
        account.add_subdomain("webmail.example.com")
    with pytest.raises(PanelError, match="not one of the domains"):
        account.add_subdomain("blog.other.example")
    with pytest.raises(PanelError, match="not a valid"):
        account.add_addon("Shop.Example")


def test_a_redirect_needs_a_valid_certificate(
    client: Client, account: Account, authority: Authority
) -> None:
    """Or AutoSSL, which would see to one."""
    toggle = {"domains": "example.com", "state": "1"}
    account.features.discard("autossl")
    assert client.refusal("SSL", "toggle_ssl_redirect_for_domains", **toggle)
    assert client.data("SSL", "can_ssl_redirect") == 0
    _install(account, authority, "example.com", "www.example.com", "mail.example.com")
    assert client.data("SSL", "toggle_ssl_redirect_for_domains", **toggle) == ["example.com"]
    status = _status(client, "example.com")
    assert (status["can_https_redirect"], status["is_https_redirecting"]) == (1, 1)
    assert status["all_aliases_valid"] == 1
    client.data("SSL", "toggle_ssl_redirect_for_domains", domains="example.com", state="0")
    assert _status(client, "example.com")["is_https_redirecting"] == 0
    unasked = client.data("DomainInfo", "single_domain_data", domain="example.com")
    assert "is_https_redirecting" not in unasked


def test_a_redirect_of_an_addon_needs_both_names(client: Client, account: Account) -> None:
    """The addon and its hidden subdomain."""
    account.add_addon("shop.example")
    for alone in ("shop.example", "shop.example.example.com"):
        refused = client.refusal("SSL", "toggle_ssl_redirect_for_domains", domains=alone, state="1")
        assert "must come together" in refused
    both = "shop.example,shop.example.example.com"
    client.data("SSL", "toggle_ssl_redirect_for_domains", domains=both, state="1")
    assert _status(client, "shop.example")["is_https_redirecting"] == 1
    assert _status(client, "example.com")["is_https_redirecting"] == 0


def test_redirects_of_document_roots_are_listed(client: Client, account: Account) -> None:
    """The panel's own with a status, hand-made ones without."""
    assert client.data("Mime", "list_redirects") == []
    add_redirect(account.host("example.com"), "https://other.example/")
    root = account.add_addon("shop.example").document_root
    (root / ".htaccess").write_text("RewriteEngine on\nRewriteRule ^old$ /new [L]\n")
    panels, hand_made = client.data("Mime", "list_redirects")
    assert (panels["destination"], panels["statuscode"]) == ("https://other.example/", "301")
    assert (panels["source"], panels["type"], panels["wildcard_text"]) == (
        "/",
        "permanent",
        "checked",
    )
    assert (hand_made["type"], hand_made["wildcard_text"]) == ("temporary", "")
    assert (hand_made["domain"], hand_made["source"]) == ("shop.example", "old")
    assert hand_made["statuscode"] is None
    account.features.discard("redirects")
    assert client.refusal("Mime", "list_redirects")


def test_the_panel_checks_a_domain_over_http(client: Client, account: Account) -> None:
    """It writes a file, asks for it, and leaves nothing; per domain, in order."""
    root = account.host("example.com").document_root

    paths: list[str] = []

    def visit(name: str, path: str) -> Visit:
        paths.append(path)
        if name.startswith("www."):
            return Visit(404, "none")
        return Visit(200, (root / path.lstrip("/")).read_text())

    account.visit = visit
    good, bad = client.data(
        "DCV",
        "check_domains_via_http",
        **{
            "domain": "example.com",
            "domain-1": "www.example.com",
            "dcv_file_relative_path": ".well-known/acme-challenge",
            "dcv_file_extension": "",
            "dcv_file_random_character_count": "43",
        },
    )
    assert (good["failure_reason"], good["redirects"]) == (None, [])
    assert re.fullmatch(r"/\.well-known/acme-challenge/[0-9a-f]{43}", paths[0])
    assert "404" in bad["failure_reason"]
    assert list(root.iterdir()) == []
    client.data("DCV", "check_domains_via_http", domain="example.com")
    assert re.fullmatch(r"/\.well-known/pki-validation/[0-9a-f]{32}\.txt", paths[-1])
    refused = client.refusal("DCV", "check_domains_via_http", domain="*.other.example")
    assert "does not control a domain" in refused


def test_the_panel_tells_redirects_and_dead_servers(client: Client, account: Account) -> None:
    """Where one leads, and why nobody answered."""
    account.visit = lambda _name, _path: Visit(301, "", "https://other.example/")
    (redirected,) = client.data("DCV", "check_domains_via_http", domain="example.com")
    assert redirected["redirects"] == [{"status": 301, "url": "https://other.example/"}]

    def dead(_name: str, _path: str) -> Visit:
        raise OSError("Connection refused")

    account.visit = dead
    (failed,) = client.data("DCV", "check_domains_via_http", domain="example.com")
    assert failed["failure_reason"] == "Connection refused"


def test_the_panel_checks_a_domain_over_dns(client: Client, account: Account) -> None:
    """It succeeds where the world asks this server."""
    (good,) = client.data("DCV", "check_domains_via_dns", domain="example.com")
    assert (good["succeeded"], good["zone"]) == (1, "example.com")
    assert good["failure_reason"] is None
    account.move_dns_away("example.com")
    (bad,) = client.data("DCV", "check_domains_via_dns", domain="example.com")
    assert (bad["succeeded"], bool(bad["failure_reason"])) == (0, True)


def test_protected_directories_are_told(client: Client, account: Account) -> None:
    """Where ``.htaccess`` asks for a password."""
    root = account.home / "public_html"
    protected = client.data("DirectoryPrivacy", "is_directory_protected", dir=str(root))
    assert protected["protected"] == 0
    (root / ".htaccess").write_text("AuthType Basic\n")
    protected = client.data("DirectoryPrivacy", "is_directory_protected", dir="public_html")
    assert protected["protected"] == 1


def test_apps_are_listed(client: Client, account: Account) -> None:
    """With domain and directory."""
    assert client.data("PassengerApps", "list_applications") == {}
    account.set_app("example.com", "shop")
    (app,) = client.data("PassengerApps", "list_applications").values()
    assert (app["domain"], app["path"], app["base_uri"]) == ("example.com", "shop", "/")


def test_a_virtual_host_can_go(client: Client, account: Account, authority: Authority) -> None:
    """With it goes what is installed; the files stay."""
    root = account.add_addon("shop.example").document_root
    _install(account, authority, "shop.example")
    account.remove_host("shop.example.example.com")
    assert client.data("SSL", "installed_hosts") == []
    assert Path(root).is_dir()


def _install(account: Account, authority: Authority, *names: str) -> None:
    issued = authority.issue(*names)
    account.install(names[0], Given(issued.certificate, issued.private_key, issued.chain))


def _status(client: Client, domain: str) -> Any:
    both = {"return_https_redirect_status": "1"}
    return client.data("DomainInfo", "single_domain_data", domain=domain, **both)
