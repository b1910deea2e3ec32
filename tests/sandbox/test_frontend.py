"""The front end serves what the panel says, as the host's did."""

from __future__ import annotations

import http.server
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.sandbox.certificates import write_self_signed
from tests.sandbox.nginx import SHARED_NAME
from tests.sandbox.processes import SandboxError
from tests.sandbox.sandbox import Sandbox

_REDIRECT = """\
RewriteEngine On
RewriteCond %{HTTP:X-Forwarded-SSL} !on
RewriteCond %{REQUEST_URI} !^/\\.well-known/acme-challenge/
RewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]
"""
_FRONT_CONTROLLER = """\
RewriteEngine On
RewriteBase /
RewriteCond %{REQUEST_FILENAME} !-f
RewriteRule . /index.php [L]
"""


@pytest.fixture
def webapps(sandbox: Sandbox) -> Path:
    """The directory that holds the apps' directories."""
    return sandbox.host.webapps


def add_site(sandbox: Sandbox, app: str, type: str, *domains: str, https: bool = False) -> None:
    """Add an app and a website of its name that has nothing else; wait until it is served."""
    sandbox.host.add_app(app, type)
    sandbox.host.add_website(app, domains, ((app, "/"),), https=https)
    sandbox.front_end.wait_applied()


@pytest.mark.parametrize("type", ["static_only", "static_php70", "wordpress_478"])
def test_static_apps_serve_their_directory(sandbox: Sandbox, webapps: Path, type: str) -> None:
    """A file in the app's directory has its path as URL; what is no file is not found."""
    add_site(sandbox, "blog", type, "example.com")
    (webapps / "blog/posts").mkdir()
    (webapps / "blog/posts/a b").write_text("first post")
    assert sandbox.http("example.com", "/posts/a%20b").text == "first post"
    assert sandbox.http("example.com", "/posts/c").status == 404


@pytest.mark.parametrize("type", ["symlink_static_only", "symlink70"])
def test_symlink_apps_serve_the_directory_that_they_name(sandbox: Sandbox, type: str) -> None:
    """Files are looked for in ``extra_info``."""
    target = sandbox.host.home_directory / "elsewhere"
    target.mkdir()
    (target / "page").write_text("from elsewhere")
    sandbox.host.add_app("link", type, extra_info=str(target))
    sandbox.host.add_website("link", ("example.com",), (("link", "/"),))
    sandbox.front_end.wait_applied()
    assert sandbox.http("example.com", "/page").text == "from elsewhere"


@pytest.mark.parametrize("type", ["static_only", "static_php70"])
def test_the_longest_mount_wins_and_maps_to_the_apps_directory(
    sandbox: Sandbox, webapps: Path, type: str
) -> None:
    """With an app at /.well-known, what is below it is looked for in the app's directory only."""
    sandbox.host.add_app("main", type)
    sandbox.host.add_app("acme", type)
    sandbox.host.add_website("main", ("example.com",), (("main", "/"), ("acme", "/.well-known")))
    sandbox.front_end.wait_applied()
    (webapps / "acme/acme-challenge").mkdir()
    (webapps / "acme/acme-challenge/token").write_text("answer")
    (webapps / "main/.well-known-too").write_text("main's")
    assert sandbox.http("example.com", "/.well-known/acme-challenge/token").text == "answer"
    assert sandbox.http("example.com", "/.well-known-too").text == "main's"
    assert sandbox.http("example.com", "/acme-challenge/token").status == 404


def test_htaccess_counts_in_php_apps_only(sandbox: Sandbox, webapps: Path) -> None:
    """The guide's redirect keeps host, path and query and spares challenges; not in static_only."""
    add_site(sandbox, "php", "static_php70", "php.example.com")
    add_site(sandbox, "plain", "static_only", "plain.example.com")
    for app in ("php", "plain"):
        (webapps / app / ".htaccess").write_text(_REDIRECT)
        (webapps / app / "page").write_text("page")
        challenges = webapps / app / ".well-known/acme-challenge"
        challenges.mkdir(parents=True)
        (challenges / "token").write_text("answer")
    answer = sandbox.http("php.example.com", "/page?a=1&b=%20")
    assert (answer.status, answer.location) == (301, "https://php.example.com/page?a=1&b=%20")
    assert sandbox.http("php.example.com", "/.well-known/acme-challenge/token").text == "answer"
    assert sandbox.http("plain.example.com", "/page").text == "page"


def test_only_https_sites_tell_apps_of_tls(sandbox: Sandbox, webapps: Path) -> None:
    """The redirect does not loop over https, and over http no visitor can pretend to use TLS."""
    sandbox.host.add_app("php", "static_php70")
    for https in (False, True):
        sandbox.host.add_website("php", ("example.com",), (("php", "/"),), https=https)
    sandbox.front_end.wait_applied()
    (webapps / "php/.htaccess").write_text(_REDIRECT)
    (webapps / "php/page").write_text("page")
    assert sandbox.https("example.com", "/page").text == "page"
    forged = sandbox.http("example.com", "/page", **{"X-Forwarded-SSL": "on"})
    assert forged.status == 301


def test_wordpress_rewrites_everything_to_its_front_controller(
    sandbox: Sandbox, webapps: Path
) -> None:
    """What is no file leads to index.php, a missing challenge file too; what is one is served."""
    add_site(sandbox, "blog", "wordpress_478", "example.com")
    (webapps / "blog/.htaccess").write_text(_FRONT_CONTROLLER)
    (webapps / "blog/index.php").write_text("the blog")
    (webapps / "blog/file").write_text("a file")
    assert sandbox.http("example.com", "/.well-known/acme-challenge/x").text == "the blog"
    assert sandbox.http("example.com", "/file").text == "a file"


def test_apps_with_a_port_get_the_request_as_it_came(sandbox: Sandbox) -> None:
    """Path, query and host arrive, with what the front end adds on http and on https."""
    sandbox.host.add_app("own", "custom_app_with_port")
    for https in (False, True):
        sandbox.host.add_website("own", ("example.com",), (("own", "/below"),), https=https)
    sandbox.front_end.wait_applied()
    assert sandbox.http("example.com", "/below/x").status == 502, "nothing listens yet"
    with _echo_server(sandbox.host.snapshot().apps[0].port):
        plain = sandbox.http("example.com", "/below/x%20y?z=1").text.splitlines()
        secure = sandbox.https("example.com", "/below/x").text.splitlines()
    assert plain[0] == "/below/x%20y?z=1"
    assert "Host: example.com" in plain
    assert "X-Forwarded-Proto: http" in plain
    assert not any(line.startswith("X-Forwarded-SSL") for line in plain)
    assert {"X-Forwarded-Proto: https", "X-Forwarded-SSL: on"} <= set(secure)


@contextmanager
def _echo_server(port: int) -> Iterator[None]:
    """An app that answers with the request's target and headers, a line each."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # http.server's name
            self.send_response(200)
            self.end_headers()
            lines = [self.path, *(f"{name}: {value}" for name, value in self.headers.items())]
            self.wfile.write("\n".join(lines).encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", port), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


def test_names_that_no_website_has_are_not_configured(sandbox: Sandbox) -> None:
    """Over http and https they get a 404; so does a name asked for over the other protocol."""
    add_site(sandbox, "blog", "static_only", "example.com")
    assert sandbox.http("example.net").status == 404
    assert "Site not configured" in sandbox.https("example.com").text


def test_wildcards_serve_names_below_them(sandbox: Sandbox, webapps: Path) -> None:
    """A website for ``*.example.com`` gets its subdomains, but those that another website has."""
    add_site(sandbox, "any", "static_php70", "*.example.com")
    add_site(sandbox, "shop", "static_php70", "shop.example.com")
    for app in ("any", "shop"):
        (webapps / app / "index.html").write_text(app)
    assert sandbox.http("a.example.com").text == "any"
    assert sandbox.http("shop.example.com").text == "shop"
    assert sandbox.http("example.com").status == 404


def test_each_https_website_has_its_certificate(sandbox: Sandbox, tmp_path: Path) -> None:
    """By SNI its own, or the host's shared one where it names none."""
    add_site(sandbox, "bare", "static_only", "bare.example.com", https=True)
    sandbox.host.add_certificate("shop", *_self_signed(tmp_path, "shop.example.com"))
    sandbox.host.add_website(
        "shop", ("shop.example.com",), (("bare", "/"),), https=True, certificate="shop"
    )
    sandbox.front_end.wait_applied()
    assert sandbox.served("shop.example.com").names == ("shop.example.com",)
    assert sandbox.served("bare.example.com").names == (SHARED_NAME,)
    assert sandbox.served("unknown.example.com").names == (SHARED_NAME,)


def test_an_updated_certificate_is_the_only_one_served(sandbox: Sandbox, tmp_path: Path) -> None:
    """After `wait_applied` not one of many connections gets the certificate from before."""
    sandbox.host.add_certificate("shop", *_self_signed(tmp_path, "example.com"))
    sandbox.host.add_app("shop", "static_only")
    sandbox.host.add_website(
        "shop", ("example.com",), (("shop", "/"),), https=True, certificate="shop"
    )
    sandbox.front_end.wait_applied()
    for _ in range(3):
        before = sandbox.served("example.com").fingerprint
        sandbox.host.update_certificate("shop", *_self_signed(tmp_path, "example.com"))
        sandbox.front_end.wait_applied()
        after = {sandbox.served("example.com").fingerprint for _ in range(50)}
        assert len(after) == 1
        assert before not in after


def _self_signed(directory: Path, name: str) -> tuple[str, str]:
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    write_self_signed(certificate, key, name)
    return certificate.read_text(), key.read_text()


def test_changes_are_late_by_the_delay(sandbox: Sandbox) -> None:
    """A website is not served at once, but when the delay is over."""
    sandbox.front_end.wait_applied()
    sandbox.front_end.delay = 3
    sandbox.host.add_app("blog", "static_only")
    (sandbox.host.webapps / "blog/index.html").write_text("blog")
    sandbox.host.add_website("blog", ("example.com",), (("blog", "/"),))
    assert sandbox.http("example.com").status == 404
    sandbox.front_end.wait_applied()
    assert sandbox.http("example.com").text == "blog"


def test_a_later_state_overtakes_one_that_is_still_waiting(sandbox: Sandbox) -> None:
    """What a change with a shorter delay shows is not taken back when the first one's is over."""
    sandbox.host.add_app("blog", "static_only")
    (sandbox.host.webapps / "blog/index.html").write_text("blog")
    sandbox.front_end.wait_applied()
    sandbox.front_end.delay = 60
    sandbox.host.add_website("blog", ("example.com",), (("blog", "/"),))
    sandbox.front_end.delay = 0
    sandbox.host.add_website("shop", ("example.net",), (("blog", "/"),))
    sandbox.front_end.wait_applied()  # in less time than the first delay
    assert sandbox.http("example.com").text == sandbox.http("example.net").text == "blog"


def test_a_state_that_cannot_be_served_is_reported(sandbox: Sandbox) -> None:
    """`wait_applied` says what the server says; the next state that can be served is."""
    sandbox.host.add_app("blog", "static_php70")
    sandbox.host.add_website("blog", ("example.com",), (("blog", "/a\nb"),))
    with pytest.raises(SandboxError, match=r"(?s)apache: start failed.*error"):
        sandbox.front_end.wait_applied()
    sandbox.host.update_website("blog", "127.0.0.1", False, ("example.com",), (("blog", "/"),), "")
    sandbox.front_end.wait_applied()
    (sandbox.host.webapps / "blog/index.html").write_text("blog")
    assert sandbox.http("example.com").text == "blog"


@pytest.mark.parametrize("type", ["static_only", "static_php70"])
def test_mounts_may_have_odd_paths(sandbox: Sandbox, webapps: Path, type: str) -> None:
    """Spaces, quotes, backslashes and dollars in a path are what they are."""
    sandbox.host.add_app("blog", type)
    (webapps / "blog/page").write_text("page")
    sandbox.host.add_website("blog", ("example.com",), (("blog", '/a "b\\c $d'),))
    sandbox.front_end.wait_applied()
    assert sandbox.http("example.com", "/a%20%22b%5cc%20$d/page").text == "page"


@pytest.mark.skipif(os.getuid() != 0, reason="only root's servers run as another user")
@pytest.mark.parametrize("type", ["static_only", "static_php70"])
def test_files_that_only_their_owner_can_read_are_not_served(
    sandbox: Sandbox, webapps: Path, type: str
) -> None:
    """As on the host, the servers run as another user than the account's."""
    add_site(sandbox, "blog", type, "example.com")
    page = webapps / "blog/page"
    page.write_text("page")
    page.chmod(0o600)
    assert sandbox.http("example.com", "/page").status == 403
    page.chmod(0o644)
    assert sandbox.http("example.com", "/page").status == 200
