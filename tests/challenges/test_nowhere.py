"""Domains that no http site serves."""

from __future__ import annotations

import pytest

from certbot_webfaction.challenges.nowhere import nowhere, why_nowhere
from certbot_webfaction.panel.model import HttpSite, HttpsSite
from certbot_webfaction.panel.serving import Sites

HTTP = Sites(
    [HttpSite("shop", "http website shop", ("shop.example.com", "www.shop.example.com"), False)]
)
HTTPS = Sites([HttpsSite("secure", "https website secure", ("only.example.com", "*.only.test"))])


def test_all_are_told_at_once() -> None:
    """Each with what is known of it and what to do."""
    domains = ["only.example.com", "shpo.example.com", "a.test"]

    assert str(nowhere(domains, HTTP, HTTPS)).splitlines() == [
        "These domains are on no http website of the account, so their challenges can't be"
        " answered. The CA was not asked.",
        "  only.example.com: only the https website secure serves it, and a CA starts at port 80."
        " Create an http website with this domain in the panel.",
        "  shpo.example.com: nearest is shop.example.com (http website shop), www.shop.example.com"
        " (http website shop). Correct the name, or add the domain to a website in the panel.",
        "  a.test: no domain of the account is like it. Create an http website with it in the"
        " panel.",
        "Changes in the panel take a few minutes. Then run the command again.",
    ]


@pytest.mark.parametrize("domain", ["ONLY.example.com", "a.only.test"])
def test_an_https_site_serves_it_in_any_spelling_or_by_a_wildcard(domain: str) -> None:
    """As requests reach it."""
    assert why_nowhere(domain, HTTP, HTTPS).startswith("only the https website secure serves it")


def test_an_account_without_http_sites_is_told() -> None:
    """Nothing can be near where nothing is."""
    assert why_nowhere("a.test", Sites([]), Sites([])) == (
        "the account has no http website. Create one with this domain in the panel."
    )
