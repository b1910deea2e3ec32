"""Domain names as DNS compares them."""

from __future__ import annotations

import idna
import pytest

from certbot_webfaction.names import a_label, covered, covers


@pytest.mark.parametrize(
    ("pattern", "domain", "does"),
    [
        ("example.com", "example.com", True),
        ("Example.COM.", "example.com", True),
        ("example.com", "www.example.com", False),
        ("*.example.com", "www.example.com", True),
        ("*.example.com", "*.example.com", True),
        # one label, never none and never two
        ("*.example.com", "example.com", False),
        ("*.example.com", "a.b.example.com", False),
        ("*.example.com", "wwwexample.com", False),
        # in any script
        ("bücher.example", "xn--bcher-kva.example", True),
        ("*.bücher.example", "www.xn--bcher-kva.example", True),
        ("straße.example", "strasse.example", False),
    ],
)
def test_a_name_covers_itself_and_a_wildcard_one_label(
    pattern: str, domain: str, does: bool
) -> None:
    """RFC 6125, section 6.4.3."""
    assert covers(pattern, domain) is does
    assert covered(domain, ("other.example", pattern)) is does


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("straße.de", "xn--strae-oqa.de"),
        ("STRASSE.de", "strasse.de"),
        ("βόλος.com", "xn--nxasmm1c.com"),
        ("ΒΌΛΟΣ.com", "xn--nxasmq6b.com"),
        ("Bu\u0308cher.example.", "xn--bcher-kva.example"),
        ("bücher。example", "xn--bcher-kva.example"),
        ("faß.XN--BCHER-KVA.example", "xn--fa-hia.xn--bcher-kva.example"),
    ],
)
def test_a_name_is_what_browsers_make_of_it(name: str, label: str) -> None:
    """Sharp s and final sigma are letters of their own, capitals and compositions are not."""
    assert a_label(name) == label
    assert idna.encode(name, uts46=True, transitional=False).decode().rstrip(".") == label


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("*.Bücher.example", "*.xn--bcher-kva.example"),
        ("_dmarc.Bücher.example", "_dmarc.xn--bcher-kva.example"),
        ("_Acme_Challenge.Shop.example", "_acme_challenge.shop.example"),
        ("☕.example", "xn--53h.example"),
    ],
)
def test_a_name_may_be_none_of_a_host(name: str, label: str) -> None:
    """Wildcards, underscores, and the symbols that some registries sell."""
    assert a_label(name) == label


@pytest.mark.parametrize("name", ["..ü", "a\u0000ü", "ü\ufffd.example", "", "."])
def test_what_is_no_domain_is_compared_too(name: str) -> None:
    """Names that DNS can't hold are no reason to stop; they are like no other name."""
    assert a_label(name) == a_label(a_label(name))
    assert not covers(name, "x")


def test_what_no_name_can_hold_stays() -> None:
    """In lower case."""
    assert a_label("Ü\ufffd.Example.") == "ü\ufffd.example"
