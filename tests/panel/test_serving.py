"""Finding the sites that requests for a name reach."""

from __future__ import annotations

import pytest

from certbot_webfaction.panel.model import HttpSite
from certbot_webfaction.panel.serving import Sites


def site(name: str, *names: str) -> HttpSite:
    return HttpSite(name, f"http website {name}", names, redirects=False)


def found(sites: Sites[HttpSite], name: str) -> list[str]:
    return [each.id for each in sites.serving(name)]


def test_each_name_has_its_sites() -> None:
    """Several sites, several names of one; a name on two sites reaches either."""
    sites = Sites([site("shop", "shop.test", "www.shop.test"), site("blog", "blog.test")])
    assert found(sites, "www.shop.test") == ["shop"]
    assert found(sites, "blog.test") == ["blog"]
    assert found(sites, "other.test") == []
    assert set(sites.by_id) == {"shop", "blog"}
    both = Sites([site("a", "shop.test", "Shop.test"), site("b", "shop.test")])
    assert found(both, "shop.test") == ["a", "b"]


def test_names_that_the_host_adds_lead_to_their_site() -> None:
    """But a wildcard on a certificate is for what sites serve, not for these."""
    own = HttpSite("shop", "site shop", ("shop.test",), False, auxiliary=("mail.shop.test",))
    sites = Sites([own])
    assert found(sites, "mail.shop.test") == ["shop"]
    assert sites.reached("*.shop.test") == []


def test_an_own_name_goes_before_a_wildcard() -> None:
    """Wherever it is listed; a wildcard stands for one label, and for itself."""
    sites = Sites([site("wild", "*.example.com"), site("own", "shop.example.com")])
    assert found(sites, "shop.example.com") == ["own"]
    assert found(sites, "other.example.com") == ["wild"]
    assert found(sites, "*.example.com") == ["wild"]
    assert found(sites, "a.b.example.com") == []
    assert found(sites, "example.com") == []


@pytest.mark.parametrize(
    ("asked", "listed"),
    [
        ("SHOP.example.com", "shop.Example.com"),
        ("xn--bcher-kva.example", "bücher.example"),
        ("xn--bcher-kva.example", "XN--BCHER-KVA.example"),
        ("shop.example.com", "shop.example.com."),
        ("a.xn--bcher-kva.example", "*.Bücher.example"),
    ],
)
def test_names_are_compared_as_dns_does(asked: str, listed: str) -> None:
    """In any case, and internationalised names by their A-labels."""
    assert found(Sites([site("shop", listed)]), asked) == ["shop"]


def test_a_wildcard_of_a_certificate_is_for_all_that_it_covers() -> None:
    """Any other domain is for the sites that serve it."""
    sites = Sites([site("a", "a.shop.test", "shop.test"), site("b", "*.shop.test"), site("c", "c")])
    assert [each.id for each in sites.reached("*.shop.test")] == ["a", "b"]
    assert [each.id for each in sites.reached("x.shop.test")] == ["b"]
    assert sites.names_covered_by("*.shop.test") == ["a.shop.test", "*.shop.test"]
