"""Walking a website's address over http and https, on real servers on loopback."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from certbot_webfaction.web.dialling import Trouble
from certbot_webfaction.web.route import Route
from certbot_webfaction.web.visit import Visit, visit, visit_all
from certbot_webfaction.web.walk import Walk
from tests.sandbox.certificates import write_self_signed
from tests.web.web import Page, Web, nobody_listens


@pytest.fixture
def http() -> Iterator[Web]:
    """A website at port 80."""
    with Web(pages={"shop.test/": Page("Shop")}) as running:
        yield running


@pytest.fixture
def https(tmp_path: Path) -> Iterator[Web]:
    """The same at port 443."""
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    write_self_signed(chain, key, "shop.test")
    with Web(pages={"shop.test/": Page("Shop")}, certificate=(chain, key)) as running:
        yield running


def both(http: Web, https: Web | None) -> Visit:
    port = https.port if https else nobody_listens()
    visits = visit_all(["shop.test"], Route("127.0.0.1", http.port, port))
    assert set(visits) == {"shop.test"}
    return visits["shop.test"]


def why(http: Web, https: Web | None) -> str | None:
    return both(http, https).lost


def test_a_website_that_answers_alike_may_redirect(http: Web, https: Web, tmp_path: Path) -> None:
    """The certificate is not checked, but told."""
    assert why(http, https) is None
    der = ssl.PEM_cert_to_DER_cert((tmp_path / "chain.pem").read_text())
    walk = visit("Shop.test", "https", Route("127.0.0.1", http.port, https.port))
    assert walk == Walk(
        ("https://shop.test/",), "127.0.0.1", 200, "Shop", leaf=hashlib.sha256(der).hexdigest()
    )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_as_browsers_do(http: Web, https: Web, status: int) -> None:
    """Of every kind, to other hosts and ports, too."""
    other = f"elsewhere.test:{http.port}"
    https.pages["shop.test/"] = Page("", status, f"http://{other}/a#b")
    http.pages[f"{other}/a"] = Page("", status, f"https://[::1]:{nobody_listens()}/")
    walk = visit("shop.test", "https", Route("127.0.0.1", http.port, https.port))
    assert walk.urls[:2] == ("https://shop.test/", f"http://{other}/a")
    assert walk.trouble is Trouble.REFUSED


def test_a_redirect_to_https_that_is_there_already_is_no_way_back(http: Web, https: Web) -> None:
    """The owner's own."""
    http.pages["shop.test/"] = Page("", 301, "https://www.shop.test/")
    https.pages["shop.test/"] = Page("", 301, "https://www.shop.test/")
    https.pages["www.shop.test/"] = Page("Shop")
    assert why(http, https) is None


@pytest.mark.parametrize(
    ("target", "goes"),
    [("https://shop.test/", True), ("https://www.shop.test/", False), (None, False)],
)
def test_a_website_that_goes_to_https_by_itself_is_known(
    http: Web, https: Web, target: str | None, goes: bool
) -> None:
    """To the same name; another host's https is another matter."""
    if target:
        http.pages["shop.test/"] = Page("", 301, target)
    assert both(http, https).goes_to_https is goes


def test_an_app_that_sends_back_to_http_is_told(http: Web, https: Web) -> None:
    """It does not know that it was asked over https; with a redirect there is no end to it."""
    https.pages["shop.test/"] = Page("", 301, "http://shop.test/")
    assert why(http, https) == "https sends its visitors back to http, to http://shop.test/"

    https.pages["shop.test/"] = Page("", 301, "https://shop.test/de/")
    https.pages["shop.test/de/"] = Page("", 302, "http://www.shop.test/")
    http.pages["www.shop.test/"] = Page("Shop")
    assert why(http, https) == "https sends its visitors back to http, to http://www.shop.test/"

    https.pages["shop.test/"] = Page("", 301, f"HTTP://shop.test:{nobody_listens()}/")
    assert str(why(http, https)).startswith("https sends its visitors back to http, to HTTP://")


def test_a_loop_is_told(http: Web, https: Web) -> None:
    """Whether its URLs come again or are new for ever."""
    https.pages["shop.test/"] = Page("", 302, "/a")
    https.pages["shop.test/a"] = Page("", 302, "/")
    assert why(http, https) == "https redirects without end, at last to https://shop.test/"

    for number in range(12):
        https.pages[f"shop.test/{number}"] = Page("", 302, f"/{number + 1}")
    https.pages["shop.test/"] = Page("", 302, "/1")
    assert why(http, https) == "https redirects without end, at last to https://shop.test/11"
    https.pages["shop.test/10"] = Page("Shop")
    assert why(http, https) is None


def test_an_error_over_https_is_told(http: Web, https: Web) -> None:
    """Unless http has the same."""
    https.pages["shop.test/"] = Page("Down", 503)
    assert why(http, https) == (
        "https answers with status 503 at https://shop.test/, where http answers with 200"
    )
    http.pages["shop.test/"] = Page("Down", 503)
    assert why(http, https) is None
    https.pages["shop.test/"] = Page("Who are you?", 401)
    assert why(http, https) is not None
    https.pages["shop.test/"] = Page("Shop")
    assert why(http, https) is None


def test_no_answer_over_https_is_told(http: Web, https: Web) -> None:
    """No server, or one that does not speak TLS."""
    assert why(http, None) == (
        "https gives no answer at https://shop.test/: the connection was refused"
    )
    assert why(http, http) == "https gives no answer at https://shop.test/: TLS failed"
    https.pages["shop.test/"] = Page("", 301, "//gone.test:1/")
    assert str(why(http, https)).startswith("https gives no answer at https://gone.test:1/: ")


def test_a_website_that_has_nothing_over_http_loses_nothing() -> None:
    """But https that fails, too, is no place to send anybody to."""
    http = Walk(("http://shop.test/",), trouble=Trouble.REFUSED)
    assert Visit(http, Walk(("https://shop.test/",), status=200)).lost is None
    assert Visit(http, Walk(("https://shop.test/",), status=404)).lost == (
        "https answers with status 404 at https://shop.test/, where http gives no answer"
    )
