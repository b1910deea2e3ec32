"""What a person is told when a challenge file does not come back."""

from __future__ import annotations

from pathlib import Path

import pytest

from certbot_webfaction.account import Options
from certbot_webfaction.challenges.causes import auth_hint, explain
from certbot_webfaction.challenges.placement import Place
from certbot_webfaction.hosts.webfaction.model import App, Website
from certbot_webfaction.hosts.webfaction.mount import Mount
from certbot_webfaction.panel.model import CHALLENGE_PATH
from certbot_webfaction.web.challenge_file import WrongAnswer
from certbot_webfaction.web.dialling import Trouble
from certbot_webfaction.web.route import Route
from certbot_webfaction.web.walk import Walk

IP = "192.0.2.80"
OPTIONS = Options(Path("webfaction.ini"), None, None, "static_php70", "auto", 120, Route())
URL = f"http://shop.test{CHALLENGE_PATH}/token"
STATIC = App("static", "static_only", "/home/alice/webapps/static")
PHP = App("php", "static_php70", "/home/alice/webapps/php", htaccess=True)

HERE = (IP,)


def place(app: App = STATIC, path: str = "/", *, mounted: bool = True) -> Place:
    website = Website("shop", IP, False, ("shop.test",), (Mount("django", "/"),))
    return Place("shop.test", website, Mount(app.name, path), app, mounted)


def told(answer: WrongAnswer, where: Place | None = None, options: Options = OPTIONS) -> list[str]:
    lines = explain({"shop.test": answer}, {"shop.test": where or place()}, options).splitlines()
    assert lines[0] == (
        f"1 of 1 challenge files did not come back as a CA has to see them within {options.wait} s."
        " The CA was not asked, so nothing counts against its limits."
    )
    return lines[1:]


def cause(answer: WrongAnswer, where: Place | None = None, options: Options = OPTIONS) -> str:
    last = told(answer, where, options)[-1]
    assert last.startswith("    Likely cause: ")
    return last.removeprefix("    Likely cause: ")


def test_a_whole_report() -> None:
    """Where the name leads, each redirect, the status, the body in one clean line, the cause."""
    body = "<html><style>p {}</style><h1>Hello\x1b[31m,</h1>\n\n  <p>world" + "!" * 200
    walk = Walk((URL, "https://www.shop.test/"), IP, 200, body)

    assert told(WrongAnswer(("2001:db8::7", IP), walk)) == [
        f"  shop.test: resolves to 2001:db8::7, {IP}, this account's server",
        f"    GET {URL}",
        "    redirected to https://www.shop.test/",
        f"    status 200, “Hello [31m, world{'!' * 80}...”",
        "    Likely cause: it redirects to another host, www.shop.test, which does not have the"
        " file. Exclude /.well-known/acme-challenge/ from the redirect.",
    ]


def test_every_domain_is_told() -> None:
    """How many of how many, and each by itself."""
    answers = {
        "shop.test": WrongAnswer(HERE, Walk((URL,), IP, 404)),
        "www.shop.test": WrongAnswer((), Walk((URL,), trouble=Trouble.NOT_FOUND)),
    }
    places = dict.fromkeys([*answers, "right.test"], place())
    report = explain(answers, places, OPTIONS)

    assert report.startswith("2 of 3 challenge files did not come back")
    assert f"\n  shop.test: resolves to {IP}, this account's server\n" in report
    assert "\n  www.shop.test: not in DNS\n" in report
    assert "    status 404, no text\n" in report


def test_a_name_that_dns_lacks() -> None:
    """The record to add is named."""
    walk = Walk((URL,), trouble=Trouble.NOT_FOUND, detail="[Errno -2] Name or service not known")

    assert told(WrongAnswer((), walk)) == [
        "  shop.test: not in DNS",
        f"    GET {URL}",
        "    DNS has no address for the name ([Errno -2] Name or service not known)",
        "    Likely cause: DNS has no address for shop.test. Add a record that points it to"
        " 192.0.2.80, and wait until it is known everywhere.",
    ]


def test_dns_that_points_elsewhere() -> None:
    """An IPv4 address that is not the website's, or IPv6 alone."""
    for addresses in (("192.0.2.99",), ("2001:db8::7",)):
        answer = WrongAnswer(addresses, Walk((URL,), addresses[0], 200, "parked"))
        assert told(answer)[0] == (
            f"  shop.test: resolves to {addresses[0]}, not this account's server"
        )
        assert cause(answer) == (
            "DNS points shop.test to another server than this account's (192.0.2.80). Point its A"
            " record to 192.0.2.80; if a CDN is meant to stand before it, let it pass"
            " /.well-known/acme-challenge/ on unchanged."
        )


def test_ipv6_that_answers_differently() -> None:
    """Both answers are shown, and the record to remove."""
    answer = WrongAnswer(
        (IP, "2001:db8::7"),
        Walk((URL,), "2001:db8::7", 404, "old server"),
        Walk((URL,), IP, 200, "token.thumb"),
    )

    assert told(answer)[1:] == [
        f"    GET {URL}",
        "    status 404, “old server”",
        f"    over IPv4: GET {URL}",
        "    over IPv4: status 200, “token.thumb”",
        "    Likely cause: the IPv6 address 2001:db8::7 answers differently from IPv4, and CAs ask"
        " IPv6 first. Remove the AAAA record of shop.test, or point it to the server of this"
        " account.",
    ]


def test_ipv6_that_answers_the_same() -> None:
    """Then IPv6 is not the cause."""
    walk = Walk((URL,), "2001:db8::7", 404, "nothing")
    answer = WrongAnswer((IP, "2001:db8::7"), walk, walk._replace(address=IP))

    assert cause(answer).startswith("the file is in /home/alice/webapps/static, but")


def test_connect_to_is_named() -> None:
    """Where DNS was not asked, nothing is said of it."""
    options = OPTIONS._replace(route=Route("127.0.0.1", 8080))
    answer = WrongAnswer((), Walk((URL,), "127.0.0.1", trouble=Trouble.REFUSED))

    assert told(answer, options=options) == [
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
    Walk((URL,), IP, 403): (
        "the web server may not enter /home/alice/webapps/static/.well-known/acme-challenge: that"
        " directory, and each on the way to it, needs mode 0755. If they have it, keep"
    ),
    Walk((URL,), IP, 500): "something else than the app static answers there. Keep",
}


@pytest.mark.parametrize("walk", CAUSES)
def test_each_cause(walk: Walk) -> None:
    """What came back from this account's server, and what is made of it."""
    assert cause(WrongAnswer(HERE, walk)).startswith(CAUSES[walk])


def test_an_htaccess_in_the_way() -> None:
    """An app that obeys .htaccess; a 404 may also be a front end that is late."""
    expected = (
        "a .htaccess in /home/alice/webapps/php or a code file there answers in place of the file."
        " Write “RewriteRule ^\\.well-known/acme-challenge/ - [L]” before its other rules, or keep"
        " challenge files in an app of their own with --webfaction-app NAME."
    )
    for walk in (
        Walk((URL, "https://shop.test/"), IP, 403),
        Walk((URL,), IP, 200, "<h1>Blog</h1>"),
        Walk((URL, "https://shop.test/"), IP, 200, "Shop"),
    ):
        assert cause(WrongAnswer(HERE, walk), place(PHP)) == expected
        assert cause(WrongAnswer(HERE, walk)) != expected
    assert cause(WrongAnswer(HERE, Walk((URL,), IP, 404)), place(PHP)) == (
        f"{expected} If shop.test was only just set up, wait a few minutes first."
    )


def test_a_directory_that_is_closed() -> None:
    """It is named before the .htaccess that may forbid it as well."""
    for path, folder in (("/", "/.well-known/acme-challenge"), (CHALLENGE_PATH, "")):
        told = cause(WrongAnswer(HERE, Walk((URL,), IP, 403)), place(PHP, path))
        assert told.startswith(
            f"the web server may not enter /home/alice/webapps/php{folder}: that directory, and"
            " each on the way to it, needs mode 0755. If they have it, a .htaccess in /home/alice/"
        )


def test_a_name_to_connect_to_that_dns_lacks() -> None:
    """The option is to blame, not the domain; a resolver that is silent blames neither."""
    options = OPTIONS._replace(route=Route("web500.invalid"))
    for urls in ((URL,), (URL, "http://www.test/")):
        walk = Walk(urls, "web500.invalid", trouble=Trouble.NOT_FOUND)
        assert cause(WrongAnswer((), walk), options=options) == (
            "DNS has no address for web500.invalid, which --webfaction-connect-to names. Correct"
            " it, or give an IP address."
        )
    walk = Walk((URL,), "web500.invalid", trouble=Trouble.NO_RESOLVER)
    assert cause(WrongAnswer((), walk), options=options).startswith("this machine can't resolve")
    assert told(WrongAnswer((), walk))[0] == "  shop.test: not resolved"


def test_a_front_end_that_is_late() -> None:
    """A mount of this run that did not take effect: the app below still answers."""
    for walk in (Walk((URL,), IP, 404), Walk((URL,), IP, 200, "Django")):
        where = place(PHP, CHALLENGE_PATH, mounted=False)
        assert cause(WrongAnswer(HERE, walk), where) == (
            "the web server does not know yet that php was mounted at /.well-known/acme-challenge"
            " on the website shop. Run the command again, with a --webfaction-wait longer than 120"
            " if that does not help."
        )


def test_the_hint_says_what_was_seen() -> None:
    """After the CA failed: whether the files were seen from here, where, and what remains."""
    hint = auth_hint(["shop.test"], OPTIONS)
    assert hint.startswith(
        "The challenge files for shop.test came back right when they were fetched from here. Where"
    )
    for word in ("AAAA", "firewall", "country", "CDN", "DNS", "--webfaction-app"):
        assert word in hint
    elsewhere = auth_hint(["shop.test"], OPTIONS._replace(route=Route("192.0.2.1")))
    assert "came back right at 192.0.2.1, where --webfaction-connect-to leads" in elsewhere
    unseen = auth_hint(["shop.test"], OPTIONS._replace(wait=0))
    assert "but not looked at from here, because of --webfaction-wait 0" in unseen


def test_the_hint_names_no_hundred_domains() -> None:
    """Five, and how many more."""
    domains = [f"{number}.test" for number in range(100)]

    assert "for 0.test, 1.test, 2.test, 3.test, 4.test and 95 more came" in auth_hint(
        domains, OPTIONS
    )
