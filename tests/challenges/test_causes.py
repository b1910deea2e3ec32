"""What a person is told when a challenge file does not come back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from certbot_webfaction.account import Account
from certbot_webfaction.challenges.causes import auth_hint, describe, explain
from certbot_webfaction.hosts.host import Host
from certbot_webfaction.hosts.webfaction import WEBFACTION
from certbot_webfaction.panel.model import CHALLENGE_PATH, HttpSite, Place
from certbot_webfaction.web.challenge_file import WrongAnswer
from certbot_webfaction.web.dialling import Trouble
from certbot_webfaction.web.route import Route
from certbot_webfaction.web.walk import Walk
from tests.accounts import make_account
from tests.panel.one_site import ONE_SITE, OneSiteHost, OneSitePanel

IP = "192.0.2.80"
URL = f"http://shop.test{CHALLENGE_PATH}/token"
SITE = HttpSite("shop", "http website shop", ("shop.test",), False, address=IP)
OWN_APP = "keep challenge files in an app of their own with --webfaction-app letsencrypt"
STATIC = Place(
    domain="shop.test",
    site=SITE,
    directory="/home/alice/webapps/static",
    below=CHALLENGE_PATH[1:],
    holder="static",
    mount="/",
    alternative=OWN_APP,
)
HTACCESS = (
    "a .htaccess in /home/alice/webapps/php or a code file there answers in place of the file."
    " Keep challenge files in an app of their own with --webfaction-app letsencrypt: that always"
    " helps. Where it is only a RewriteRule that answers, “RewriteRule"
    " ^\\.well-known/acme-challenge/ - [L]” before it does, too."
)
PHP = replace(STATIC, directory="/home/alice/webapps/php", holder="php", interference=HTACCESS)
CHALLENGES = replace(PHP, below="", mount=CHALLENGE_PATH)

HERE = (IP,)


class Told:
    """What a person on an account is told."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def account(
        self, host: Host = WEBFACTION, wait: int = 120, route: Route | None = None
    ) -> Account:
        panel = OneSitePanel(OneSiteHost(self._directory))
        return make_account(self._directory, panel, host, wait=wait, route=route)

    def lines(
        self, answer: WrongAnswer, where: Place = STATIC, account: Account | None = None
    ) -> list[str]:
        """What is said of one domain."""
        account = account or self.account()
        lines = explain({"shop.test": answer}, {"shop.test": where}, account).splitlines()
        assert lines[0] == (
            "1 of 1 challenge files did not come back as a CA has to see them within 120 s. The CA"
            " was not asked, so nothing counts against its limits."
        )
        return lines[1:]

    def cause(
        self, answer: WrongAnswer, where: Place = STATIC, account: Account | None = None
    ) -> str:
        """The likely cause, and what to do."""
        last = self.lines(answer, where, account)[-1]
        assert last.startswith("    Likely cause: ")
        return last.removeprefix("    Likely cause: ")


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path)


def test_a_whole_report(told: Told) -> None:
    """Where the name leads, each redirect, the status, the body in one clean line, the cause."""
    body = "<html><style>p {}</style><h1>Hello\x1b[31m,</h1>\n\n  <p>world" + "!" * 200
    walk = Walk((URL, "https://www.shop.test/"), IP, 200, body)

    assert told.lines(WrongAnswer(("2001:db8::7", IP), walk)) == [
        f"  shop.test: resolves to 2001:db8::7, {IP}, this account's server",
        f"    GET {URL}",
        "    redirected to https://www.shop.test/",
        f"    status 200, “Hello [31m, world{'!' * 80}...”",
        "    Likely cause: it redirects to another host, www.shop.test, which does not have the"
        f" file. Exclude /.well-known/acme-challenge/ from the redirect, or {OWN_APP}.",
    ]


def test_every_domain_is_told(told: Told) -> None:
    """How many of how many, and each by itself."""
    answers = {
        "shop.test": WrongAnswer(HERE, Walk((URL,), IP, 404)),
        "www.shop.test": WrongAnswer((), Walk((URL,), trouble=Trouble.NOT_FOUND)),
    }
    places = dict.fromkeys([*answers, "right.test"], STATIC)
    report = explain(answers, places, told.account())

    assert report.startswith("2 of 3 challenge files did not come back")
    assert f"\n  shop.test: resolves to {IP}, this account's server\n" in report
    assert "\n  www.shop.test: not in DNS\n" in report
    assert "    status 404, no text\n" in report


def test_a_name_that_dns_lacks(told: Told) -> None:
    """The record to add is named."""
    walk = Walk((URL,), trouble=Trouble.NOT_FOUND, detail="[Errno -2] Name or service not known")

    assert told.lines(WrongAnswer((), walk)) == [
        "  shop.test: not in DNS",
        f"    GET {URL}",
        "    DNS has no address for the name ([Errno -2] Name or service not known)",
        "    Likely cause: DNS has no address for shop.test. Add a record that points it to"
        " 192.0.2.80, and wait until it is known everywhere.",
    ]


def test_dns_that_points_elsewhere(told: Told) -> None:
    """An IPv4 address that is not the website's, or IPv6 alone."""
    for addresses in (("192.0.2.99",), ("2001:db8::7",)):
        answer = WrongAnswer(addresses, Walk((URL,), addresses[0], 200, "parked"))
        assert told.lines(answer)[0] == (
            f"  shop.test: resolves to {addresses[0]}, not this account's server"
        )
        assert told.cause(answer) == (
            "DNS points shop.test to another server than this account's (192.0.2.80). Point its A"
            " record to 192.0.2.80; if a CDN is meant to stand before it, let it pass"
            " /.well-known/acme-challenge/ on unchanged."
        )


def test_ipv6_that_answers_differently(told: Told) -> None:
    """Both answers are shown, and the record to remove."""
    answer = WrongAnswer(
        (IP, "2001:db8::7"),
        Walk((URL,), "2001:db8::7", 404, "old server"),
        Walk((URL,), IP, 200, "token.thumb"),
    )

    assert told.lines(answer)[1:] == [
        f"    GET {URL}",
        "    status 404, “old server”",
        f"    over IPv4: GET {URL}",
        "    over IPv4: status 200, “token.thumb”",
        "    Likely cause: the IPv6 address 2001:db8::7 answers differently from IPv4, and CAs ask"
        " IPv6 first. Remove the AAAA record of shop.test, or point it to the server of this"
        " account.",
    ]


def test_ipv6_that_answers_the_same(told: Told) -> None:
    """Then IPv6 is not the cause."""
    walk = Walk((URL,), "2001:db8::7", 404, "nothing")
    answer = WrongAnswer((IP, "2001:db8::7"), walk, replace(walk, address=IP))

    assert told.cause(answer).startswith("the file is in /home/alice/webapps/static, but")


def test_connect_to_is_named(told: Told) -> None:
    """Where DNS was not asked, nothing is said of it."""
    account = told.account(route=Route("127.0.0.1", 8080))
    answer = WrongAnswer((), Walk((URL,), "127.0.0.1", trouble=Trouble.REFUSED))

    assert told.lines(answer, account=account) == [
        "  shop.test: asked at 127.0.0.1 port 8080 (--webfaction-connect-to)",
        f"    GET {URL}",
        "    the connection was refused",
        "    Likely cause: nothing listens there. If shop.test was only just set up, wait a few"
        " minutes; if --webfaction-connect-to is given, check its address and ports.",
    ]


CAUSES = {
    # what came back: how the cause begins
    Walk((URL,), IP, trouble=Trouble.TIMED_OUT): "a firewall drops the connection, or this machine",
    Walk((URL,), IP, trouble=Trouble.UNREACHABLE): "a firewall drops the connection, or this",
    Walk((URL,), IP, trouble=Trouble.SILENT): "the server is overloaded, or the app that answers",
    Walk((URL,), IP, trouble=Trouble.BROKEN): "something else than the app static answers there.",
    Walk((URL,), IP, trouble=Trouble.NO_HTTP): "something else than the app static answers there.",
    Walk((URL, "http://gone.test/"), IP, trouble=Trouble.NOT_FOUND): (
        "it redirects to gone.test, for which DNS has no address. Correct the redirect, or exclude"
    ),
    Walk((URL,), IP, 301, refused_redirect="https://shop.test:8443/"): (
        "CAs do not follow the redirect to https://shop.test:8443/ with status 301: at most 10"
    ),
    Walk((URL, "https://www.test/"), IP, 404): (
        "it redirects to another host, www.test, which does not have the file."
    ),
    Walk((URL, "https://SHOP.test/"), IP, 404): (
        "it redirects to https, where other content answers. Exclude"
    ),
    Walk((URL, "https://shop.test/"), IP, trouble=Trouble.TLS): (
        "it redirects to https, where other content answers. Exclude"
    ),
    Walk((URL,), IP, 404): "the file is in /home/alice/webapps/static, but the web server looks",
    Walk((URL,), IP, 200, "Hello"): "something else than the app static answers there. Keep",
    Walk((URL,), trouble=Trouble.NO_RESOLVER): "this machine can't resolve names at the moment",
    Walk((URL, "https://www.test/"), IP, trouble=Trouble.REFUSED): (
        "it redirects to another host, www.test, which does not answer. Exclude"
    ),
    Walk((URL, "http://www.test/"), IP, trouble=Trouble.SILENT): (
        "it redirects to another host, www.test, which does not answer. Exclude"
    ),
    Walk((URL, "http://shop.test/a"), IP, trouble=Trouble.SILENT): "the server is overloaded, or",
    Walk((URL, "https://shop.test/"), IP, trouble=Trouble.REFUSED): (
        "it redirects to https, where nothing answers. Exclude"
    ),
    Walk((URL, "https://shop.test/"), IP, trouble=Trouble.TIMED_OUT): (
        "it redirects to https, where nothing answers. Exclude"
    ),
    Walk((URL,), IP, 401): "a password is asked for, and CAs have none. Let everybody in at",
    Walk((URL,), IP, 503): "what answers there fails; its error log says why. Put that right, or",
    Walk((URL,), IP, 403): (
        "the web server may not enter /home/alice/webapps/static/.well-known/acme-challenge: that"
        " directory, and each on the way to it, needs mode 0755. If they have it, keep"
    ),
}


def test_dns_of_one_domain_that_fails_while_others_resolve(told: Told) -> None:
    """It is blamed itself, not this machine; where none resolves, that can't be told."""
    failing = WrongAnswer((), Walk((URL,), trouble=Trouble.NO_RESOLVER, detail="[Errno -3] Tempo"))
    other = {"blog.test": WrongAnswer(HERE, Walk(("http://blog.test/",), IP, 404))}
    places = {"shop.test": STATIC, "blog.test": STATIC}
    wrong = {"shop.test": failing}
    for among in (wrong, wrong | other):
        said = describe(among, places, told.account())["shop.test"]
        assert said[:1] == ["not resolved"]
        assert said[2].startswith("DNS gave no answer for the name")
        assert said[-1].startswith("the name servers of shop.test fail, or DNSSEC is wrong there")
    for among in (wrong, {"shop.test": failing, "blog.test": failing}):
        said = describe(among, dict.fromkeys(among, STATIC), told.account())["shop.test"]
        assert said[-1].startswith("this machine can't resolve names at the moment")


def test_dns_of_the_target_of_a_redirect_that_fails(told: Told) -> None:
    """The domain itself was resolved, so this machine can."""
    walk = Walk((URL, "http://www.test/"), IP, trouble=Trouble.NO_RESOLVER)
    assert told.cause(WrongAnswer(HERE, walk)) == (
        "the name servers of www.test, to which it redirects, fail. Correct the redirect, or"
        f" exclude /.well-known/acme-challenge/ from it, or {OWN_APP}."
    )


def test_a_website_that_lets_browsers_in_alone(told: Told) -> None:
    """The user agent is to blame, whatever came back; an app of its own is no way round a CDN."""
    for where in (STATIC, PHP, CHALLENGES):
        answer = WrongAnswer(HERE, Walk((URL,), IP, 403), by_agent=True)
        assert told.cause(answer, where) == (
            f"a browser gets the file: something before it, or the app {where.holder}, keeps out"
            " all other user agents, and so CAs. Let everybody in at /.well-known/acme-challenge/,"
            f" or {OWN_APP}."
        )
    answer = WrongAnswer(("192.0.2.99",), Walk((URL,), "192.0.2.99", 403), by_agent=True)
    assert told.cause(answer).endswith(" Let everybody in at /.well-known/acme-challenge/.")


@pytest.mark.parametrize("walk", CAUSES)
def test_each_cause(walk: Walk, told: Told) -> None:
    """What came back from this account's server, and what is made of it."""
    assert told.cause(WrongAnswer(HERE, walk)).startswith(CAUSES[walk])


def test_an_htaccess_in_the_way(told: Told) -> None:
    """Something that may answer in place of files; a 404 may also be a front end that is late."""
    for walk in (
        Walk((URL, "https://shop.test/"), IP, 403),
        Walk((URL,), IP, 200, "<h1>Blog</h1>"),
        Walk((URL, "https://shop.test/"), IP, 200, "Shop"),
    ):
        assert told.cause(WrongAnswer(HERE, walk), PHP) == HTACCESS
        assert told.cause(WrongAnswer(HERE, walk)) != HTACCESS
    assert told.cause(WrongAnswer(HERE, Walk((URL,), IP, 404)), PHP) == (
        f"{HTACCESS} If shop.test was only just set up, wait a few minutes first."
    )


def test_a_directory_that_is_closed(told: Told) -> None:
    """It is named before the .htaccess that may forbid it as well."""
    for where, folder in ((PHP, "/.well-known/acme-challenge"), (CHALLENGES, "")):
        said = told.cause(WrongAnswer(HERE, Walk((URL,), IP, 403)), where)
        assert said.startswith(
            f"the web server may not enter /home/alice/webapps/php{folder}: that directory, and"
            " each on the way to it, needs mode 0755. If they have it, a .htaccess in /home/alice/"
        )


def test_a_name_to_connect_to_that_dns_lacks(told: Told) -> None:
    """The option is to blame, not the domain; a resolver that is silent blames neither."""
    account = told.account(route=Route("web500.invalid"))
    for urls in ((URL,), (URL, "http://www.test/")):
        walk = Walk(urls, "web500.invalid", trouble=Trouble.NOT_FOUND)
        assert told.cause(WrongAnswer((), walk), account=account) == (
            "DNS has no address for web500.invalid, which --webfaction-connect-to names. Correct"
            " it, or give an IP address."
        )
    walk = Walk((URL,), "web500.invalid", trouble=Trouble.NO_RESOLVER)
    assert told.cause(WrongAnswer((), walk), account=account).startswith(
        "this machine can't resolve"
    )
    assert told.lines(WrongAnswer((), walk))[0] == "  shop.test: not resolved"


def test_a_front_end_that_is_late(told: Told) -> None:
    """A mount of this run that did not take effect: the app below still answers."""
    for walk in (Walk((URL,), IP, 404), Walk((URL,), IP, 200, "Django")):
        assert told.cause(WrongAnswer(HERE, walk), replace(CHALLENGES, ready=False)) == (
            "the web server does not know yet that php was mounted at /.well-known/acme-challenge"
            " on the http website shop. Run the command again, with a --webfaction-wait longer than"
            " 120 if that does not help."
        )


@pytest.mark.parametrize(
    ("walk", "said"),
    [
        (
            Walk((URL,), trouble=Trouble.NOT_FOUND),
            "DNS has no address for shop.test. Add a record that points it to this account's"
            " server, and wait until it is known everywhere.",
        ),
        (
            Walk((URL,), "192.0.2.99", 403),
            "the web server may not enter /srv/shop/.well-known/acme-challenge: that directory, and"
            " each on the way to it, needs mode 0755. If they have it, see to it that nothing else"
            " answers at /.well-known/acme-challenge/.",
        ),
        (
            Walk((URL,), "192.0.2.99", 404),
            "the file is in /srv/shop, but the web server looks elsewhere: either it does not know"
            " shop.test yet (wait a few minutes), or another folder answers for the folder of shop"
            " (see to it that nothing else answers at /.well-known/acme-challenge/).",
        ),
        (
            Walk((URL,), "192.0.2.99", 200, "Hello"),
            "something else than the folder of shop answers there. See to it that nothing else"
            " answers at /.well-known/acme-challenge/.",
        ),
        (
            Walk((URL,), "192.0.2.99", trouble=Trouble.TIMED_OUT),
            "a firewall drops the connection, or this machine can't reach the address. If only this"
            " machine can't, name one that it reaches with --onesite-connect-to.",
        ),
    ],
)
def test_another_host_is_spoken_of_in_its_own_words(walk: Walk, said: str, told: Told) -> None:
    """Its options, what holds its files; and no address of its server where none is known."""
    site = HttpSite("7", "site shop", ("shop.test",), False)
    where = Place("shop.test", site, "/srv/shop", CHALLENGE_PATH[1:], "of shop", "/")
    addresses = (walk.address,) if walk.address else ()
    lines = told.lines(WrongAnswer(addresses, walk), where, told.account(ONE_SITE))

    assert lines[0] == "  shop.test: " + ("resolves to 192.0.2.99" if addresses else "not in DNS")
    assert lines[-1] == f"    Likely cause: {said}"


def test_the_hint_says_what_was_seen(told: Told) -> None:
    """After the CA failed: whether the files were seen from here, where, and what remains."""
    hint = auth_hint([STATIC], told.account())
    assert hint.startswith(
        "The challenge files for shop.test came back right when they were fetched from here. Where"
    )
    for word in ("AAAA", "firewall", "country", "CDN", "DNS", "--webfaction-app"):
        assert word in hint
    elsewhere = auth_hint([STATIC], told.account(route=Route("192.0.2.1")))
    assert "came back right at 192.0.2.1, where --webfaction-connect-to leads" in elsewhere
    unseen = auth_hint([STATIC], told.account(wait=0))
    assert "but not looked at from here, because of --webfaction-wait 0" in unseen


def test_the_hint_names_no_hundred_domains(told: Told) -> None:
    """Five, and how many more."""
    places = [replace(STATIC, domain=f"{number}.test") for number in range(100)]

    assert "for 0.test, 1.test, 2.test, 3.test, 4.test and 95 more came" in auth_hint(
        places, told.account()
    )


def test_the_hint_names_no_other_way_where_there_is_none(told: Told) -> None:
    """A host that has one place for the files alone."""
    hint = auth_hint([replace(STATIC, alternative="")], told.account(ONE_SITE))
    assert hint.endswith("the CA allows 5 failures per domain and hour.")
