"""``--webfaction-connect-to``: where to look for a domain."""

from __future__ import annotations

import pytest
from certbot import errors

from certbot_webfaction.web.route import Route, resolve

READ = {
    None: Route(None, 80, 443),
    "": Route(None, 80, 443),
    "192.0.2.1": Route("192.0.2.1", 80, 443),
    "web500.example.com:8080": Route("web500.example.com", 8080, 443),
    "127.0.0.1:8080:8443": Route("127.0.0.1", 8080, 8443),
    "[2001:db8::1]": Route("2001:db8::1", 80, 443),
    "[::1]:1:65535": Route("::1", 1, 65535),
}


@pytest.mark.parametrize("text", READ)
def test_what_is_left_out_is_the_usual(text: str | None) -> None:
    """DNS, port 80 and port 443."""
    assert Route.parse(text, "--webfaction-connect-to") == READ[text]


@pytest.mark.parametrize(
    "text", ["::1", "a:0", "a:65536", "a:1:2:3", "a:", ":80", "a:b", "[::1", "[]", "a:80:"]
)
def test_what_can_not_be_read_is_refused(text: str) -> None:
    """With an example of how it is written."""
    with pytest.raises(errors.PluginError, match=r"can't be read.*127\.0\.0\.1:8080:8443"):
        Route.parse(text, "--webfaction-connect-to")


def test_one_address_of_each_kind_is_asked() -> None:
    """IPv6 before IPv4, whatever DNS's order; what stands in ``Route`` instead of both."""
    known = ("192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2")

    assert Route(resolver=lambda name: known).addresses("shop.test") == ("2001:db8::1", "192.0.2.1")
    assert Route(resolver=lambda name: known[:1]).addresses("shop.test") == ("192.0.2.1",)
    assert Route("web500", resolver=lambda name: known).addresses("shop.test") == ("web500",)


def test_names_are_resolved_once_each() -> None:
    """By this machine's resolver, an address being its own name."""
    assert resolve("192.0.2.1") == ("192.0.2.1",)
    assert resolve("2001:db8::1") == ("2001:db8::1",)
