"""The plugin ``opalstack`` with real certbot, Pebble and nginx, at the stand-in of the host."""

from __future__ import annotations

from tests.sandbox.opalstack.objects import Site
from tests.sandbox.opalstack.sandbox import OpalstackSandbox

RUN = ("run", "-a", "opalstack", "-i", "opalstack", "--no-redirect")
RENEW = ("renew", "--no-random-sleep-on-renew")
FORCE = (*RENEW, "--force-renewal")
CHALLENGES = "/.well-known/acme-challenge"


def add_site(opalstack: OpalstackSandbox, name: str, *domains: str, **values: object) -> Site:
    """A site whose page tells its name."""
    account = opalstack.account
    app = account.add_app(name)
    (account.directory(app) / "index.html").write_text(f"page of {name}")
    site = account.add_site(name, domains, {"/": app}, **values)
    opalstack.front_end.wait_applied()
    return site


def site(opalstack: OpalstackSandbox, name: str) -> Site:
    """The site of this name as the panel holds it."""
    found: Site = next(each for each in opalstack.account.things("site") if each.name == name)
    return found


def serves(opalstack: OpalstackSandbox, domain: str, lineage: str) -> bool:
    """Whether a TLS client is served a lineage's leaf and chain for a domain."""
    opalstack.front_end.wait_applied()
    fullchain = (opalstack.config_dir / "live" / lineage / "fullchain.pem").read_text()
    return "".join(opalstack.served(domain).chain).split() == fullchain.split()


def names_of(opalstack: OpalstackSandbox, *domains: str) -> list[str]:
    """``-d`` before each."""
    return [word for domain in domains for word in ("-d", domain)]


def test_a_site_gets_https_by_one_command(opalstack: OpalstackSandbox) -> None:
    """Got, attached, served with its chain; the site's other routes stay as they are."""
    before = add_site(opalstack, "blog", "example.com", "www.example.com")
    result = opalstack.certbot(*RUN, *names_of(opalstack, "example.com", "www.example.com"))
    for domain in ("example.com", "www.example.com"):
        assert serves(opalstack, domain, "example.com")
        assert opalstack.fetch_verified(domain).text == "page of blog"
        assert opalstack.http(domain).text == "page of blog"
    after = site(opalstack, "blog")
    assert [route.uri for route in after.routes] == [CHALLENGES, "/"]
    assert after.routes[1].app == before.routes[0].app
    assert opalstack.account.token.key not in result.output + result.log


def test_it_redirects_renews_and_rolls_back(opalstack: OpalstackSandbox) -> None:
    """A redirect after https was seen; a renewal through it; a rollback of both."""
    add_site(opalstack, "blog", "example.com")
    opalstack.certbot(*RUN[:-1], "--redirect", "-d", "example.com")
    opalstack.front_end.wait_applied()
    answer = opalstack.http("example.com")
    assert answer.status == 301
    first = opalstack.served("example.com")

    opalstack.certbot(*FORCE)
    assert serves(opalstack, "example.com", "example.com")
    assert opalstack.served("example.com") != first

    for _ in range(2):
        opalstack.certbot("rollback", "-i", "opalstack")
    opalstack.front_end.wait_applied()
    after = site(opalstack, "blog")
    assert (after.cert, after.redirect) == (None, False)
    assert opalstack.http("example.com").text == "page of blog"
