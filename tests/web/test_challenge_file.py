"""Fetching challenge files as a CA does, from real servers on loopback."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from certbot_webfaction.web.challenge_file import ChallengeFile, WrongAnswer, wait_until_served
from certbot_webfaction.web.dialling import Trouble
from certbot_webfaction.web.route import Route
from certbot_webfaction.web.walk import Walk
from tests.sandbox.certificates import write_self_signed
from tests.web.web import Page, Web, nobody_listens

FILE = ChallengeFile("shop.test", "token", "token.thumb")
PATH = "/.well-known/acme-challenge/token"
URL = f"http://shop.test{PATH}"


@pytest.fixture
def web() -> Iterator[Web]:
    """A server whose pages a test adds."""
    with Web() as running:
        yield running


@pytest.fixture
def secure_web(tmp_path: Path) -> Iterator[Web]:
    """The same over TLS, with a certificate that nobody trusts."""
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    write_self_signed(chain, key, "unrelated.test")
    with Web(certificate=(chain, key)) as running:
        yield running


def resolves(**names: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    """DNS with these names, whose dots are written as underscores."""
    known = {name.replace("_", "."): addresses for name, addresses in names.items()}

    def resolver(name: str) -> tuple[str, ...]:
        if name not in known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return known[name]

    return resolver


HERE = resolves(shop_test=("127.0.0.1",), www_test=("127.0.0.1",))


def look_once(
    web: Web,
    https: Web | None = None,
    resolver: Callable[[str], tuple[str, ...]] = HERE,
    route: Route | None = None,
) -> WrongAnswer | None:
    route = route or Route(None, web.port, https.port if https else nobody_listens(), resolver)
    found = wait_until_served([FILE], route, 0)
    return found.get("shop.test")


def walk(web: Web, https: Web | None = None) -> Walk:
    wrong = look_once(web, https)
    assert wrong is not None
    assert wrong.addresses == ("127.0.0.1",)
    assert wrong.by_ipv4 is None
    return wrong.walk


@pytest.mark.parametrize("body", ["token.thumb", "token.thumb\r\n", "token.thumb  \t\n\n"])
def test_the_file_is_right(web: Web, body: str) -> None:
    """Status 200 and the key authorization; white space after it is allowed."""
    web.pages[f"shop.test{PATH}"] = Page(body)

    assert look_once(web) is None
    assert web.asked == [f"shop.test{PATH}"]


@pytest.mark.parametrize(
    "page",
    [
        Page("token.other"),
        Page(" token.thumb"),
        Page("token.thumb\nmore"),
        Page(""),
        Page("token.thumb", 404),
        Page("token.thumb", 500),
        Page("token.thumb", 203),
        Page("token.thumb", 302),
    ],
)
def test_anything_else_is_wrong(web: Web, page: Page) -> None:
    """Other text, and any other status, are told as they came."""
    web.pages[f"shop.test{PATH}"] = page

    assert walk(web) == Walk((URL,), "127.0.0.1", page.status, page.body)


def test_it_is_asked_until_it_is_there(web: Web) -> None:
    """A front end that is late: the file comes with the third try."""
    web.pages[f"shop.test{PATH}"] = Page("token.thumb")
    web.late = 2

    assert wait_until_served([FILE], Route(None, web.port, resolver=HERE), 60) == {}
    assert len(web.asked) == 3


def test_each_domain_has_its_own_answer(web: Web) -> None:
    """Of several only those that are wrong are told."""
    web.pages[f"shop.test{PATH}"] = Page("token.thumb")
    files = [FILE, ChallengeFile("www.test", "token", "token.thumb")]

    found = wait_until_served(files, Route(None, web.port, resolver=HERE), 0)
    assert list(found) == ["www.test"]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_followed(web: Web, status: int) -> None:
    """To another host and a relative path too, with the query."""
    web.pages[f"shop.test{PATH}"] = Page("", status, "http://www.test/a?b=c")
    web.pages["www.test/a?b=c"] = Page("", status, "../d")
    web.pages["www.test/d"] = Page("token.thumb")

    assert look_once(web) is None
    assert web.asked == [f"shop.test{PATH}", "www.test/a?b=c", "www.test/d"]


@pytest.mark.parametrize("status", [300, 303, 305])
def test_redirects_of_other_kinds_are_not_followed(web: Web, status: int) -> None:
    """Let's Encrypt refuses them, though browsers follow."""
    web.pages[f"shop.test{PATH}"] = Page("", status, "/a")
    web.pages["shop.test/a"] = Page("token.thumb")

    seen = walk(web)
    assert (seen.urls, seen.status) == ((URL,), status)
    assert seen.refused_redirect == "http://shop.test/a"


def test_a_redirect_may_hold_any_byte(web: Web) -> None:
    """What is not ASCII is asked for in percent-encoding, what is encoded already stays."""
    head = "HTTP/1.0 302 Found\r\nLocation: /ü/%C3%BC//?a=ö&b=%20\r\n\r\n"
    web.pages[f"shop.test{PATH}"] = Page(raw=head.encode())
    web.pages["shop.test/%C3%BC/%C3%BC//?a=%C3%B6&b=%20"] = Page("token.thumb")

    assert look_once(web) is None


def test_redirects_lead_to_https_whatever_its_certificate(web: Web, secure_web: Web) -> None:
    """The certificate may be yet to come, or for another name."""
    web.pages[f"shop.test{PATH}"] = Page("", 301, f"https://shop.test{PATH}")
    secure_web.pages[f"shop.test{PATH}"] = Page("token.thumb")

    assert look_once(web, secure_web) is None
    assert secure_web.asked == [f"shop.test{PATH}"]
    assert secure_web.greeted == ["shop.test"]


def test_a_port_that_stands_for_443_is_as_that(web: Web, secure_web: Web) -> None:
    """A server on other ports redirects to its own, and connect-to says what they stand for."""
    target = f"shop.test:{secure_web.port}{PATH}"
    web.pages[f"shop.test{PATH}"] = Page("", 301, f"https://{target}")
    secure_web.pages[target] = Page("token.thumb")

    assert look_once(web, secure_web) is None
    web.pages[f"shop.test{PATH}"] = Page("", 301, f"http://shop.test:{secure_web.port}/")
    assert walk(web, https=secure_web).refused_redirect == f"http://shop.test:{secure_web.port}/"


def test_each_redirect_is_told(web: Web, secure_web: Web) -> None:
    """All URLs on the way, and what the last one gave."""
    web.pages[f"shop.test{PATH}"] = Page("", 301, f"https://shop.test{PATH}")
    web.pages["www.test/"] = Page("Hello", 200)
    secure_web.pages[f"shop.test{PATH}"] = Page("", 301, "http://www.test")

    seen = walk(web, https=secure_web)
    urls = (URL, f"https://shop.test{PATH}", "http://www.test")
    assert seen == Walk(urls, "127.0.0.1", 200, "Hello", leaf=seen.leaf)


@pytest.mark.parametrize(
    "target",
    [
        "http://www.test:8080/",
        "https://www.test:80/",
        "http://www.test:99999/",
        "ftp://www.test/",
        "http://192.0.2.1/",
        "http://[2001:db8::1]/",
        "http://[",
    ],
)
def test_redirects_that_no_ca_follows_are_told(web: Web, target: str) -> None:
    """Only http and https on ports 80 and 443 of a name are."""
    web.pages[f"shop.test{PATH}"] = Page("", 301, target)

    seen = walk(web)
    assert (seen.urls, seen.status, seen.refused_redirect) == ((URL,), 301, target)


def test_ten_redirects_are_followed_and_not_eleven(web: Web) -> None:
    """As Let's Encrypt counts."""
    web.pages[f"shop.test{PATH}"] = Page("", 301, "/1")
    for number in range(1, 10):
        web.pages[f"shop.test/{number}"] = Page("", 301, f"/{number + 1}")
    web.pages["shop.test/10"] = Page("token.thumb")
    assert look_once(web) is None

    web.pages["shop.test/10"] = Page("", 301, "/11")
    web.pages["shop.test/11"] = Page("token.thumb")
    assert walk(web).refused_redirect == "http://shop.test/11"


def test_connect_to_goes_before_dns(web: Web) -> None:
    """``--webfaction-connect-to``: no name is resolved, of redirects neither."""
    web.pages[f"shop.test{PATH}"] = Page("", 301, "http://elsewhere.test/")
    web.pages["elsewhere.test/"] = Page("token.thumb")

    def resolver(name: str) -> tuple[str, ...]:
        raise AssertionError(name)

    assert look_once(web, route=Route("127.0.0.1", web.port, resolver=resolver)) is None


def test_proxies_are_not_used(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """A CA goes straight to the server, whatever this machine's environment says."""
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{nobody_listens()}")
    web.pages[f"shop.test{PATH}"] = Page("token.thumb")

    assert look_once(web) is None


def test_a_name_that_dns_lacks_is_told(web: Web) -> None:
    """Of the domain, and of where it redirects to."""
    gone = look_once(web, resolver=resolves())
    assert gone is not None
    assert (gone.addresses, gone.walk.trouble) == ((), Trouble.NOT_FOUND)

    web.pages[f"shop.test{PATH}"] = Page("", 301, "http://gone.test/")
    seen = walk(web)
    assert (seen.trouble, seen.urls) == (Trouble.NOT_FOUND, (URL, "http://gone.test/"))


def test_a_resolver_that_does_not_answer_is_told(web: Web) -> None:
    """It says nothing of the name."""

    def resolver(name: str) -> tuple[str, ...]:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    wrong = look_once(web, resolver=resolver)
    assert wrong is not None
    assert (wrong.addresses, wrong.walk.trouble) == ((), Trouble.NO_RESOLVER)


def test_a_refused_connection_is_told() -> None:
    """Nothing listens."""
    assert walk(Web(port=nobody_listens())).trouble is Trouble.REFUSED


def test_a_server_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is taken and never answered ends with the time-out."""
    monkeypatch.setattr("certbot_webfaction.web.dialling.TIMEOUT", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert walk(Web(port=silent.getsockname()[1])).trouble is Trouble.SILENT


def test_a_server_that_drips_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A header in each while does not prolong the time for the answer."""
    monkeypatch.setattr("certbot_webfaction.web.dialling.TIMEOUT", 0.5)

    def drip(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.0 200 OK\r\n")
            while not ended.wait(0.05):
                connection.sendall(b"A: b\r\n")

    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening,))
        thread.start()
        try:
            assert walk(Web(port=listening.getsockname()[1])).trouble is Trouble.SILENT
            assert thread.is_alive()
        finally:
            ended.set()
            thread.join()


@pytest.mark.parametrize(
    ("raw", "trouble"),
    [
        (b"SSH-2.0-OpenSSH\r\n", Trouble.NO_HTTP),
        (b"HTTP/1.0 200 OK\r\n" + b"A: b\r\n" * 200, Trouble.NO_HTTP),
        (b"HTTP/1.0 200 OK\r\n" + b"A" * 100_000, Trouble.NO_HTTP),
    ],
)
def test_what_is_not_http_is_told(web: Web, raw: bytes, trouble: Trouble) -> None:
    """Another protocol, or more headers than anybody sends."""
    web.pages[f"shop.test{PATH}"] = Page(raw=raw)

    assert walk(web).trouble is trouble


def test_only_the_start_of_a_body_is_read(web: Web) -> None:
    """A few KiB are enough to know it; bytes that are no text do no harm."""
    web.pages[f"shop.test{PATH}"] = Page(raw=b"HTTP/1.0 200 OK\r\n\r\n" + b"\xff" * 10**6)

    assert len(walk(web).body) == 4096


def test_https_that_can_not_be_spoken_is_told(web: Web) -> None:
    """A redirect to a port that does not speak TLS."""
    web.pages[f"shop.test{PATH}"] = Page("", 301, f"https://shop.test{PATH}")

    assert walk(web, https=web).trouble is Trouble.TLS


BOTH = resolves(shop_test=("127.0.0.1", "192.0.2.7", "::1"))


def test_ipv6_is_asked_first() -> None:
    """As Let's Encrypt does; IPv4 does not matter then."""
    with Web(address="::1", pages={f"shop.test{PATH}": Page("token.thumb")}) as six:
        assert look_once(six, resolver=BOTH) is None


def test_ipv4_is_asked_where_ipv6_does_not_connect(web: Web) -> None:
    """As Let's Encrypt does: an address that refuses is passed over."""
    web.pages[f"shop.test{PATH}"] = Page("token.thumb")
    assert look_once(web, resolver=BOTH) is None

    web.pages.clear()
    wrong = look_once(web, resolver=BOTH)
    assert wrong is not None
    assert (wrong.walk.address, wrong.walk.status, wrong.by_ipv4) == ("127.0.0.1", 404, None)


def test_ipv4_is_not_asked_where_ipv6_is_silent(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that takes the connection is the one that a CA sees, though it never answers."""
    monkeypatch.setattr("certbot_webfaction.web.dialling.TIMEOUT", 2)
    web.pages[f"shop.test{PATH}"] = Page("token.thumb")
    with socket.create_server(("::1", web.port), family=socket.AF_INET6):
        wrong = look_once(web, resolver=BOTH)

    assert wrong is not None
    assert (wrong.walk.address, wrong.walk.trouble) == ("::1", Trouble.SILENT)
    assert wrong.by_ipv4 == Walk((URL,), "127.0.0.1", 200, "token.thumb")


def test_redirects_are_followed_over_ipv4_too(web: Web, secure_web: Web) -> None:
    """Where IPv6 does not connect, nor does it for the https that a redirect leads to."""
    web.pages[f"shop.test{PATH}"] = Page("", 301, f"https://shop.test{PATH}")
    secure_web.pages[f"shop.test{PATH}"] = Page("token.thumb")
    six_last = resolves(shop_test=("::1", "127.0.0.1"))

    assert look_once(web, secure_web, resolver=six_last) is None
    with Web(address="::1", port=secure_web.port) as other:
        assert look_once(web, secure_web, resolver=six_last) is None
    assert other.asked == []


def test_ipv6_that_answers_differently_is_told(web: Web) -> None:
    """IPv4 being right does not help; both are told."""
    web.pages[f"shop.test{PATH}"] = Page("token.thumb")
    with Web(address="::1", port=web.port, pages={f"shop.test{PATH}": Page("old", 200)}):
        wrong = look_once(web, resolver=BOTH)

    assert wrong == WrongAnswer(
        ("127.0.0.1", "192.0.2.7", "::1"),
        Walk((URL,), "::1", 200, "old"),
        Walk((URL,), "127.0.0.1", 200, "token.thumb"),
    )


def test_ipv6_that_redirects_to_nowhere_is_told(web: Web) -> None:
    """It did connect, so a CA stays with it."""
    web.pages[f"shop.test{PATH}"] = Page("token.thumb")
    away = Page("", 301, "https://shop.test/")
    with Web(address="::1", port=web.port, pages={f"shop.test{PATH}": away}):
        wrong = look_once(web, resolver=BOTH)

    assert wrong is not None
    assert (wrong.walk.address, wrong.walk.trouble) == ("::1", Trouble.REFUSED)


def test_names_that_can_not_be_asked_for_are_told(web: Web) -> None:
    """A label that is too long for DNS is as one that DNS lacks."""
    file = ChallengeFile("x" * 64 + ".test", "token", "token.thumb")

    found = wait_until_served([file], Route(None, web.port), 0)
    assert found[file.domain].walk.trouble is Trouble.NOT_FOUND


ROBOTS = re.compile("bot|crawl|spider|curl|wget|python|libwww|java|scan|http|perl", re.IGNORECASE)
"""What recipes of many sites look for in a user agent."""


def test_no_word_for_robots_is_in_the_agent(web: Web) -> None:
    """A site that keeps them out lets CAs in, and so it does us."""
    web.pages[f"shop.test{PATH}"] = Page("token.thumb")
    web.refused_agents = ROBOTS

    assert look_once(web) is None
    assert len(web.agents) == 1


@pytest.mark.parametrize("status", [403, 406, 429])
def test_a_site_for_browsers_alone_is_told(web: Web, status: int) -> None:
    """Nobody else gets the file there, however it is asked for, so no CA does."""
    web.pages[f"shop.test{PATH}"] = Page("token.thumb")
    web.refused_agents, web.refusal = re.compile("^(?!.*Firefox)"), status

    wrong = look_once(web)
    assert wrong is not None
    assert (wrong.walk.status, wrong.by_agent) == (status, True)


def test_a_site_that_is_for_nobody_is_no_matter_of_agents(web: Web) -> None:
    """A browser is refused as well; and what is missing is not asked for twice."""
    web.pages[f"shop.test{PATH}"] = Page("token.thumb", 403)
    wrong = look_once(web)
    assert wrong is not None
    assert not wrong.by_agent

    web.pages.clear()
    web.asked.clear()
    assert not walk(web).trouble
    assert len(web.asked) == 1
