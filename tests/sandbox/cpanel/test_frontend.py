"""What visitors get: the web server follows the panel."""

from __future__ import annotations

import os
import socket
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from tests.sandbox.cpanel.authority import Authority, Issued
from tests.sandbox.cpanel.installs import Given
from tests.sandbox.cpanel.redirects import add_redirect
from tests.sandbox.cpanel.sandbox import CpanelSandbox

_LONG = 1000.0
CHALLENGE = "/.well-known/acme-challenge/token"


def test_each_name_gets_its_document_root(sandbox: CpanelSandbox) -> None:
    """Main, addon, subdomain in the main's directory, wildcard; others get none."""
    account = sandbox.account
    account.add_addon("shop.example")
    account.add_subdomain("blog.example.com", "public_html/blog")
    account.add_subdomain("*.example.com")
    account.park("alias.example")
    for host in account.hosts:
        (host.document_root / "index.html").write_text(host.domain)
    sandbox.wait_applied()
    for name, answer in {
        "www.example.com": "example.com",
        "mail.example.com": "example.com",
        "www.alias.example": "example.com",
        "shop.example": "shop.example",
        "shop.example.example.com": "shop.example",
        "blog.example.com": "blog.example.com",
        "anything.example.com": "*.example.com",
    }.items():
        assert sandbox.http(name).text == answer, name
    assert sandbox.http("example.com", "/blog/").text == "blog.example.com"
    assert sandbox.http("other.example").status == 404


def test_each_virtual_host_serves_its_own_certificate(
    sandbox: CpanelSandbox, authority: Authority
) -> None:
    """By name, with its chain; a virtual host without one gets the server's own."""
    account = sandbox.account
    account.add_addon("shop.example")
    account.add_addon("plain.example")
    first = _install(sandbox, authority.issue("example.com", "www.example.com"), "example.com")
    other = _install(sandbox, authority.issue("shop.example"), "shop.example")
    sandbox.wait_applied()
    assert sandbox.served("www.example.com").fingerprint == _fingerprint(first)
    assert sandbox.served("webmail.example.com").fingerprint == _fingerprint(first)
    served = sandbox.served("shop.example")
    assert served.fingerprint == _fingerprint(other)
    assert "".join(served.chain) == other.certificate + other.chain
    assert sandbox.served("plain.example").names == ("server.invalid",)
    account.uninstall("example.com")
    sandbox.wait_applied()
    assert sandbox.served("example.com").names == ("server.invalid",)


def test_a_certificate_is_served_after_a_delay(
    sandbox: CpanelSandbox, authority: Authority
) -> None:
    """Until then the one before; connections that are open keep it."""
    before = _install(sandbox, authority.issue("example.com"), "example.com")
    (sandbox.account.home / "public_html/index.html").write_text("hello")
    sandbox.wait_applied()
    with _connected(sandbox, "example.com") as connection:
        sandbox.front_end.delay = _LONG
        after = _install(sandbox, authority.issue("example.com"), "example.com")
        assert sandbox.served("example.com").fingerprint == _fingerprint(before)
        sandbox.front_end.delay = 0.1
        sandbox.front_end.changed(sandbox.account)
        sandbox.wait_applied()
        assert sandbox.served("example.com").fingerprint == _fingerprint(after)
        for _ in range(2):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")
            assert b"200 OK" in connection.recv(4096)
        served = x509.load_der_x509_certificate(connection.getpeercert(True) or b"")
        assert served.fingerprint(SHA256()).hex() == _fingerprint(before)


def test_a_virtual_host_may_keep_the_old_certificate(
    sandbox: CpanelSandbox, authority: Authority
) -> None:
    """`FrontEnd.stuck`: the panel shows the new one, visitors get the old; others don't."""
    sandbox.account.add_addon("shop.example")
    old = _install(sandbox, authority.issue("example.com"), "example.com")
    _install(sandbox, authority.issue("shop.example"), "shop.example")
    sandbox.wait_applied()
    sandbox.front_end.stuck.add("example.com")
    new = _install(sandbox, authority.issue("example.com"), "example.com")
    other = _install(sandbox, authority.issue("shop.example"), "shop.example")
    sandbox.wait_applied()
    installed = sandbox.account.host("example.com").installed
    assert installed
    assert installed.certificate.pem == new.certificate
    assert sandbox.served("example.com").fingerprint == _fingerprint(old)
    assert sandbox.served("shop.example").fingerprint == _fingerprint(other)


@pytest.mark.parametrize("exempts", [True, False])
@pytest.mark.parametrize("in_htaccess", [True, False])
def test_the_redirect_leaves_challenges_alone(
    sandbox: CpanelSandbox, authority: Authority, exempts: bool, in_htaccess: bool
) -> None:
    """`Switches.redirect_exempts`: those paths answer over http, or lead to https like all.

    So it is wherever the redirect stands (`Switches.redirect_in_htaccess`).
    """
    switches = sandbox.account.switches
    switches.redirect_exempts, switches.redirect_in_htaccess = exempts, in_htaccess
    _write_challenge(sandbox)
    _install(sandbox, authority.issue("example.com"), "example.com")
    sandbox.account.toggle_redirect(["example.com"], on=True)
    sandbox.wait_applied()
    redirected = sandbox.http("example.com", "/page?x=1")
    assert (redirected.status, redirected.location) == (301, "https://example.com/page?x=1")
    assert sandbox.http("example.com", CHALLENGE).status == (200 if exempts else 301)
    assert sandbox.https("example.com", CHALLENGE).status == 200
    sandbox.account.toggle_redirect(["example.com"], on=False)
    sandbox.wait_applied()
    assert sandbox.http("example.com", "/page").status == 404


@pytest.mark.parametrize("services_answer", [True, False])
def test_service_names_answer_challenges_only(
    sandbox: CpanelSandbox, services_answer: bool
) -> None:
    """`Switches.services_answer`: from the document root, or not at all."""
    sandbox.account.switches.services_answer = services_answer
    _write_challenge(sandbox)
    (sandbox.account.home / "public_html/index.html").write_text("hello")
    sandbox.front_end.changed(sandbox.account)
    sandbox.wait_applied()
    status = 200 if services_answer else 404
    assert sandbox.http("webmail.example.com", CHALLENGE).status == status
    assert sandbox.http("webmail.example.com").status == 404
    assert sandbox.http("mail.example.com").status == 200


@pytest.mark.parametrize("serves_files", [True, False])
def test_an_app_may_hide_the_document_root(sandbox: CpanelSandbox, serves_files: bool) -> None:
    """`Switches.passenger_serves_files`: existing files come first, or only the app's own."""
    sandbox.account.switches.passenger_serves_files = serves_files
    _write_challenge(sandbox)
    sandbox.account.set_app("example.com", "shop")
    (sandbox.account.home / "shop/public/own.txt").write_text("own")
    sandbox.wait_applied()
    assert sandbox.http("example.com", "/anything").text == "The app answers."
    challenge = sandbox.http("example.com", CHALLENGE).text
    assert challenge == ("proof" if serves_files else "The app answers.")
    own = sandbox.http("example.com", "/own.txt").text
    assert own == ("The app answers." if serves_files else "own")


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ("AuthType Basic\nAuthName x\nAuthUserFile /dev/null\nRequire valid-user\n", 401),
        ('RedirectMatch 404 "/\\."\n', 404),
        ("RewriteEngine on\nRewriteRule ^ https://other.example/ [R=302,L]\n", 302),
        ("", 200),
    ],
)
def test_htaccess_files_count(sandbox: CpanelSandbox, settings: str, status: int) -> None:
    """Passwords, denial of dot files, rewriting."""
    _write_challenge(sandbox)
    (sandbox.account.home / "public_html/.htaccess").write_text(settings)
    assert sandbox.http("example.com", CHALLENGE).status == status


@pytest.mark.parametrize("exempt", [True, False])
def test_the_panels_redirects_exempt_challenges(sandbox: CpanelSandbox, exempt: bool) -> None:
    """As it writes them; older ones do not."""
    _write_challenge(sandbox)
    add_redirect(sandbox.account.host("example.com"), "https://other.example/", exempt=exempt)
    assert sandbox.http("example.com", "/x").location == "https://other.example/x"
    token = CHALLENGE
    assert sandbox.http("example.com", token).status == (200 if exempt else 301)


def test_files_that_others_cannot_read_are_not_served(sandbox: CpanelSandbox) -> None:
    """The web server is another user, where root runs the tests and it can be."""
    _write_challenge(sandbox)
    path = sandbox.account.home / f"public_html{CHALLENGE}"
    path.chmod(0o600)
    is_another = os.getuid() == 0
    assert sandbox.http("example.com", CHALLENGE).status == (403 if is_another else 200)


def test_text_records_reach_the_world_after_a_delay(sandbox: CpanelSandbox) -> None:
    """Those of zones that are asked for here."""
    account, name = sandbox.account, "_acme-challenge.example.com"
    account.add_addon("shop.example")
    sandbox.dns.delay = _LONG
    account.add_record("example.com", name, "TXT", "one")
    account.add_record("example.com", name, "TXT", "two")
    account.move_dns_away("shop.example")
    account.add_record("shop.example", "_acme-challenge.shop.example", "TXT", "lost")
    assert sandbox.ca.dns.texts(name) == set()
    sandbox.dns.delay = 0.1
    account.add_record("example.com", "other.example.com", "TXT", "three")
    sandbox.wait_applied()
    assert sandbox.ca.dns.texts(name) == {"one", "two"}
    assert sandbox.ca.dns.texts("_acme-challenge.shop.example") == set()


def test_states_that_were_overtaken_are_dropped(sandbox: CpanelSandbox) -> None:
    """Restarts are coalesced: fifty changes make fewer of them."""
    before = len(list(sandbox.directory.glob("apache*.log")))
    for number in range(50):
        host = sandbox.account.add_addon(f"s{number}.example")
    (host.document_root / "index.html").write_text("last")
    sandbox.wait_applied()
    assert sandbox.http("s49.example").text == "last"
    assert len(list(sandbox.directory.glob("apache*.log"))) - before < 50


def _write_challenge(sandbox: CpanelSandbox) -> None:
    path = sandbox.account.home / f"public_html{CHALLENGE}"
    path.parent.mkdir(parents=True)
    path.write_text("proof")


def _install(sandbox: CpanelSandbox, issued: Issued, domain: str) -> Issued:
    given = Given(issued.certificate, issued.private_key, issued.chain)
    sandbox.account.install(domain, given)
    return issued


def _fingerprint(issued: Issued) -> str:
    certificate = x509.load_pem_x509_certificate(issued.certificate.encode())
    return certificate.fingerprint(SHA256()).hex()


def _connected(sandbox: CpanelSandbox, domain: str) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    tcp = socket.create_connection(("127.0.0.1", sandbox.ports.https), timeout=30)
    return context.wrap_socket(tcp, server_hostname=domain)
