"""The front end serves what the panel says, as the host's does, when it is due."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.sandbox.opalstack.account import Account
from tests.sandbox.opalstack.objects import App
from tests.sandbox.opalstack.rules import SHARED_NAME
from tests.sandbox.opalstack.sandbox import OpalstackSandbox
from tests.sandbox.processes import SandboxError

TOKEN = "/.well-known/acme-challenge/token"


@pytest.fixture
def account(opalstack: OpalstackSandbox) -> Account:
    """The account that is served."""
    return opalstack.account


def app(account: Account, name: str, type: str = "STA", **files: str) -> App:
    """An app with these files in its directory."""
    made = account.add_app(name, type)
    for file, text in files.items():
        (account.directory(made) / file).write_text(text)
    return made


def test_a_site_without_certificate_is_served_over_http_only(
    opalstack: OpalstackSandbox, account: Account
) -> None:
    """On https its name gets the host's certificate and no site."""
    account.add_site("blog", ["example.com"], {"/": app(account, "blog", page="hello")})
    opalstack.front_end.wait_applied()
    assert opalstack.http("example.com", "/page").text == "hello"
    assert opalstack.http("example.net", "/page").status == 404
    assert opalstack.https("example.com", "/page").status == 404
    assert opalstack.served("example.com").names == (SHARED_NAME,)


def test_a_host_may_refuse_https_without_certificate(
    opalstack: OpalstackSandbox, account: Account
) -> None:
    """With the switch off the handshake fails, but only for that site's names."""
    account.switches.https_without_cert = False
    cert = account.add_cert("shop", "shop.example.com")
    blog = app(account, "blog")
    account.add_site("blog", ["example.com"], {"/": blog})
    account.add_site("shop", ["shop.example.com"], {"/": blog}, cert=cert.id)
    opalstack.front_end.wait_applied()
    with pytest.raises(ssl.SSLError):
        opalstack.https("example.com")
    assert opalstack.served("shop.example.com").names == ("shop.example.com",)


def test_a_certificate_turns_https_on_beside_http(
    opalstack: OpalstackSandbox, account: Account
) -> None:
    """The one site is served over both, with its certificate; without it, https ends."""
    cert = account.add_cert("blog", "example.com")
    blog = app(account, "blog", page="hello")
    site = account.add_site("blog", ["example.com"], {"/": blog}, cert=cert.id)
    opalstack.front_end.wait_applied()
    for ask in (opalstack.http, opalstack.https):
        assert ask("example.com", "/page").text == "hello"
    assert opalstack.served("example.com").names == ("example.com",)
    account.update("site", [{"id": site.id, "cert": None}])
    opalstack.front_end.wait_applied()
    assert opalstack.served("example.com").names == (SHARED_NAME,)


def test_the_redirect_needs_a_certificate(opalstack: OpalstackSandbox, account: Account) -> None:
    """With one, http leads to https with path and query; without, the site stays as it is."""
    blog = app(account, "blog", page="hello")
    site = account.add_site("blog", ["example.com"], {"/": blog}, redirect=True)
    opalstack.front_end.wait_applied()
    assert opalstack.http("example.com", "/page").text == "hello"
    cert = account.add_cert("blog", "example.com")
    account.update("site", [{"id": site.id, "cert": cert.id}])
    opalstack.front_end.wait_applied()
    answer = opalstack.http("example.com", "/page?a=1")
    assert (answer.status, answer.location) == (301, "https://example.com/page?a=1")
    assert opalstack.https("example.com", "/page").text == "hello"


@pytest.mark.parametrize("redirects", [True, False])
def test_the_redirect_may_spare_challenges(
    opalstack: OpalstackSandbox, account: Account, redirects: bool
) -> None:
    """With the switch on, they lead to the port that stands for 443, where they are answered."""
    account.switches.redirects_challenges = redirects
    cert = account.add_cert("blog", "example.com")
    acme = app(account, "acme", token="answer")
    routes = {"/": app(account, "blog"), "/.well-known/acme-challenge": acme}
    account.add_site("blog", ["example.com"], routes, cert=cert.id, redirect=True)
    opalstack.front_end.wait_applied()
    answer = opalstack.http("example.com", TOKEN)
    if redirects:
        assert answer.location == f"https://example.com:{opalstack.ports.https}{TOKEN}"
    else:
        assert answer.text == "answer"
    assert opalstack.https("example.com", TOKEN).text == "answer"
    assert opalstack.http("example.com", "/other").location == "https://example.com/other"


@pytest.mark.parametrize("type", ["STA", "APA", "NPF"])
def test_the_longest_route_wins_and_is_stripped_for_files(
    opalstack: OpalstackSandbox, account: Account, type: str
) -> None:
    """What is below a route is looked for in its app's directory, whatever the routes' order."""
    main = app(account, "main", type, token="main's own")
    acme = app(account, "acme", type, token="answer")
    account.add_site("blog", ["example.com"], {"/": main, "/.well-known/acme-challenge/": acme})
    opalstack.front_end.wait_applied()
    assert opalstack.http("example.com", TOKEN).text == "answer"
    assert opalstack.http("example.com", "/token").text == "main's own"
    assert opalstack.http("example.com", "/.well-known/token").status == 404


def test_the_first_route_may_win(opalstack: OpalstackSandbox, account: Account) -> None:
    """With the switch off a route that comes after a shorter one is never taken."""
    account.switches.longest_route_wins = False
    main, acme = app(account, "main"), app(account, "acme", token="answer")
    account.add_site("a", ["a.example"], {"/": main, "/.well-known/acme-challenge": acme})
    account.add_site("b", ["b.example"], {"/.well-known/acme-challenge": acme, "/": main})
    opalstack.front_end.wait_applied()
    assert opalstack.http("a.example", TOKEN).status == 404
    assert opalstack.http("b.example", TOKEN).text == "answer"


def test_the_hosts_own_challenges_may_come_first(
    opalstack: OpalstackSandbox, account: Account
) -> None:
    """With the switch on, no route answers challenges of a site whose certificate is the host's."""
    account.switches.own_challenges_first = True
    routes = {"/.well-known/acme-challenge": app(account, "acme", token="answer", x="x")}
    site = account.add_site("a", ["a.example"], routes, generate_le=True)
    account.add_site("b", ["b.example"], routes)
    opalstack.front_end.wait_applied()
    assert opalstack.http("a.example", TOKEN).status == 404
    assert opalstack.http("b.example", TOKEN).text == "answer"
    account.update("site", [{"id": site.id, "generate_le": False}])
    opalstack.front_end.wait_applied()
    assert opalstack.http("a.example", TOKEN).text == "answer"


@pytest.mark.parametrize(("strips", "path"), [(False, "/below/x"), (True, "/x")])
def test_proxied_apps_get_the_whole_path_unless_told(
    opalstack: OpalstackSandbox, account: Account, strips: bool, path: str
) -> None:
    """``proxy_pass_trailing_slash`` strips the route; headers tell of TLS on https only."""
    cert = account.add_cert("own", "example.com")
    own = account.add_app("own", "CUS", proxy_pass_trailing_slash=strips)
    account.add_site("own", ["example.com"], {"/below": own}, cert=cert.id)
    opalstack.front_end.wait_applied()
    assert opalstack.http("example.com", "/below/x").status == 502, "nothing listens yet"
    with _echo_server(own.port):
        plain = opalstack.http("example.com", "/below/x?z=1").text.splitlines()
        secure = opalstack.https("example.com", "/below/x").text.splitlines()
    assert plain[0] == f"{path}?z=1"
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


@pytest.mark.parametrize("type", ["SLS", "SLP"])
def test_link_apps_serve_the_directory_that_they_name(
    opalstack: OpalstackSandbox, account: Account, type: str
) -> None:
    """Files are looked for in ``sym_link_path``."""
    target = account.home_of(account.osuser) / "elsewhere"
    target.mkdir()
    (target / "page").write_text("from elsewhere")
    link = account.add_app("link", type, sym_link_path=f"{target}/")
    account.add_site("link", ["example.com"], {"/": link})
    opalstack.front_end.wait_applied()
    assert opalstack.http("example.com", "/page").text == "from elsewhere"


@pytest.mark.parametrize("obeys", [False, True])
def test_htaccess_counts_in_apache_apps(
    opalstack: OpalstackSandbox, account: Account, obeys: bool
) -> None:
    """In static ones only with the switch on."""
    account.switches.static_obeys_htaccess = obeys
    rules = "RewriteEngine On\nRewriteRule ^ /elsewhere [R=302,L]\n"
    for kind in ("APA", "STA"):
        made = app(account, kind, kind, **{".htaccess": rules, "page": "page"})
        account.add_site(kind, [f"{kind.lower()}.example"], {"/": made})
    opalstack.front_end.wait_applied()
    assert opalstack.http("apa.example", "/page").status == 302
    assert opalstack.http("sta.example", "/page").status == (302 if obeys else 200)


def test_an_empty_directory_is_forbidden(opalstack: OpalstackSandbox, account: Account) -> None:
    """Its site answers 403, and 200 once there is an index."""
    blog = app(account, "blog")
    account.add_site("blog", ["example.com"], {"/": blog})
    opalstack.front_end.wait_applied()
    assert opalstack.http("example.com").status == 403
    (account.directory(blog) / "index.html").write_text("blog")
    assert opalstack.http("example.com").status == 200


def test_a_disabled_site_is_not_served(opalstack: OpalstackSandbox, account: Account) -> None:
    """Its name is as one that no site has."""
    blog = app(account, "blog", page="hello")
    site = account.add_site("blog", ["example.com"], {"/": blog}, disabled=True)
    opalstack.front_end.wait_applied()
    assert opalstack.http("example.com", "/page").status == 404
    account.update("site", [{"id": site.id, "disabled": False}])
    opalstack.front_end.wait_applied()
    assert opalstack.http("example.com", "/page").status == 200


def test_what_is_ready_is_served_later(opalstack: OpalstackSandbox, account: Account) -> None:
    """A site that says READY is still served as before until the web server has followed."""
    account.switches.served_seconds = 1.5
    blog, shop = app(account, "blog", page="blog"), app(account, "shop", page="shop")
    site = account.add_site("site", ["example.com"], {"/": blog})
    opalstack.front_end.wait_applied()
    routes = [{"app": shop.id, "uri": "/"}]
    account.update("site", [{"id": site.id, "routes": routes}])
    assert account.find("site", site.id).is_ready(account.now())
    assert opalstack.http("example.com", "/page").text == "blog"
    opalstack.front_end.wait_applied()
    assert opalstack.http("example.com", "/page").text == "shop"


@pytest.mark.parametrize("reloads", [True, False])
def test_an_updated_certificate_is_served(
    opalstack: OpalstackSandbox, account: Account, reloads: bool
) -> None:
    """With the switch off, once its site is updated as well."""
    account.switches.cert_update_reloads = reloads
    cert = account.add_cert("blog", "example.com")
    other = account.add_cert("other", "example.com", "www.example.com")
    site = account.add_site("blog", ["example.com"], {"/": app(account, "blog")}, cert=cert.id)
    account.update("cert", [{"id": cert.id, "cert": other.cert, "key": other.key}])
    opalstack.front_end.wait_applied()
    assert ("www.example.com" in opalstack.served("example.com").names) == reloads
    account.update("site", [{"id": site.id, "cert": cert.id}])
    opalstack.front_end.wait_applied()
    assert "www.example.com" in opalstack.served("example.com").names


def test_a_chain_is_sent_after_the_leaf(opalstack: OpalstackSandbox, account: Account) -> None:
    """And only the leaf where there is none."""
    cert, ca = account.add_cert("blog", "example.com"), account.add_cert("ca", "ca.example")
    account.add_site("blog", ["example.com"], {"/": app(account, "blog")}, cert=cert.id)
    opalstack.front_end.wait_applied()
    assert len(opalstack.served("example.com").chain) == 1
    account.update("cert", [{"id": cert.id, "intermediates": ca.cert}])
    opalstack.front_end.wait_applied()
    assert [part.strip() for part in opalstack.served("example.com").chain] == [cert.cert, ca.cert]


def test_a_certificate_that_cannot_be_used_is_not_served(
    opalstack: OpalstackSandbox, account: Account
) -> None:
    """Where the panel takes a key that does not fit, the site is as if without certificate."""
    account.switches.checks_certificates = False
    cert, other = account.add_cert("a", "example.com"), account.add_cert("b", "example.com")
    account.add_site("blog", ["example.com"], {"/": app(account, "blog")}, cert=cert.id)
    opalstack.front_end.wait_applied()
    assert opalstack.served("example.com").names == ("example.com",)
    account.update("cert", [{"id": cert.id, "key": other.key}])
    opalstack.front_end.wait_applied()
    assert opalstack.served("example.com").names == (SHARED_NAME,)


def test_a_state_that_cannot_be_served_is_reported(
    opalstack: OpalstackSandbox, account: Account
) -> None:
    """`wait_applied` says what the server says; the next state that can be served is."""
    blog = app(account, "blog", "APA", page="hello")
    site = account.add_site("blog", ["example.com"], {"/a\nb": blog})
    with pytest.raises(SandboxError, match=r"(?s)apache: start failed.*error"):
        opalstack.front_end.wait_applied()
    account.update("site", [{"id": site.id, "routes": [{"app": blog.id, "uri": "/"}]}])
    opalstack.front_end.wait_applied()
    assert opalstack.http("example.com", "/page").text == "hello"
