"""dns-01 of the plugin ``cpanel`` with real certbot and Pebble, in the zones of the stand-in."""

from __future__ import annotations

import pytest

from tests.e2e.cpanel import BOTH, calls, elsewhere, on_the_host, run, serves
from tests.sandbox.cpanel.sandbox import CpanelSandbox

CHALLENGE = "_acme-challenge.example.com"
WILDCARD = ("-d", "example.com", "-d", "*.example.com", "--no-redirect")
BY_DNS = ("--preferred-challenges", "dns")


@pytest.fixture
def host(cpanel: CpanelSandbox) -> CpanelSandbox:
    """An account whose public DNS is a second behind, with somebody's record at the name."""
    cpanel.dns.delay = 1.0
    cpanel.account.add_record("example.com", CHALLENGE, "TXT", "theirs")
    return cpanel


def values(sandbox: CpanelSandbox) -> list[str]:
    """The TXT values at the challenge's name, as the panel has them."""
    return sandbox.account.texts().get(CHALLENGE, [])


def test_a_wildcard_and_its_name_are_answered_by_dns(host: CpanelSandbox) -> None:
    """Two values at one name, beside another's, though others edit the zone meanwhile."""
    on_the_host(host)
    edits: list[str] = []
    most: list[int] = []

    def edit_before(number: int, method: str) -> None:
        most.append(len(values(host)))
        if method == "DNS::mass_edit_zone" and not edits:
            edits.append(method)
            host.account.add_record("example.com", "new.example.com", "TXT", "made meanwhile")

    host.panel.before_call = edit_before
    run(host, "run", *BOTH, *WILDCARD, *BY_DNS)

    assert serves(host, "www.example.com", "example.com")
    assert max(most) == 3
    assert values(host) == ["theirs"]
    assert host.account.texts()["new.example.com"] == ["made meanwhile"]
    assert calls(host).count("DNS::mass_edit_zone") == 1 + 2 + 2, "one was stale"
    run(host, "renew", "--force-renewal")
    assert serves(host, "example.com", "example.com")
    assert values(host) == ["theirs"]


def test_a_wildcard_by_token_needs_nothing_to_be_told(host: CpanelSandbox) -> None:
    """Only what no file can answer for is answered by DNS."""
    run(host, "run", *BOTH, *WILDCARD, env=elsewhere(host))
    assert serves(host, "example.com", "example.com")
    made = calls(host)
    assert made.count("DNS::mass_edit_zone") == 2
    assert "Fileman::save_file_content" in made
    assert values(host) == ["theirs"]


def test_an_older_server_does_it_by_the_older_api(host: CpanelSandbox) -> None:
    """Before version 96 zones are edited line by line, which takes a token."""
    host.account.version = 94
    run(host, "certonly", *BOTH[:2], *WILDCARD, *BY_DNS, env=elsewhere(host))
    made = calls(host)
    assert made.count("ZoneEdit::add_zone_record") == 2
    assert made.count("ZoneEdit::remove_zone_record") == 2
    assert values(host) == ["theirs"]


def test_a_zone_that_nobody_asks_is_refused_before_the_ca_is_asked(host: CpanelSandbox) -> None:
    """Its name servers are elsewhere: named, with what to do instead; names in no zone likewise."""
    on_the_host(host)
    host.account.move_dns_away("example.com")
    host.account.add_addon("shop.example")
    host.account.remove_zone("shop.example")
    others = ("-d", "*.shop.example", "-d", "*.other.example")
    result = run(host, "certonly", *BOTH[:2], *WILDCARD, *others, check=False)
    assert result.returncode == 1
    for zone in ("example.com", "shop.example"):
        assert f"the zone {zone} is in the panel, but the world asks other name" in result.output
    assert "other.example: it is in no zone of the account" in result.output
    assert "Zones of the account: example.com, shop.example" in result.output
    assert "Use the authenticator of who serves the domain's DNS" in result.output
    assert host.ca.orders() == 0


def test_a_plan_without_zones_is_told_before_the_ca_is_asked(host: CpanelSandbox) -> None:
    """By the name of the feature."""
    on_the_host(host)
    host.account.features.discard("zoneedit")
    result = run(host, "run", *BOTH, *WILDCARD, check=False)
    assert result.returncode == 1
    assert "Ask the host to enable “zoneedit”" in result.output
    assert host.ca.orders() == 0
