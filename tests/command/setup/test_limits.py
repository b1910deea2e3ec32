"""What the CA's limits have room for, counted from the certificates that are here."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from certbot._internal import constants

from certbot_webfaction.command.setup.limits import (
    HOURS,
    ORDERS,
    WEEK,
    Limits,
    limits_of,
    registered,
)
from tests.command.diagnosis.scene import Account

NOW = datetime.datetime(2026, 11, 28, 12, tzinfo=datetime.timezone.utc)
HOUR = datetime.timedelta(hours=1)
LETS_ENCRYPT = constants.CLI_DEFAULTS["server"]


def issued(count: int, domain: str, ago: datetime.timedelta) -> Limits:
    """The limits after this many certificates, one an hour up to a time before now."""
    names = [[f"n{number}.{domain}"] for number in range(count)]
    times = [NOW - ago - number * HOUR for number in range(count)]
    return Limits(zip(names, times, strict=True), known=True)


def again(full: str) -> datetime.datetime:
    """When a limit that is told has room again."""
    told = full.partition("again after ")[2]
    return datetime.datetime.strptime(told, "%Y-%m-%d %H:%M %Z").replace(tzinfo=NOW.tzinfo)


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("example.com", "example.com"),
        ("a.b.Example.com", "example.com"),
        ("*.example.com", "example.com"),
        ("new.blog.example.co.uk", "example.co.uk"),
        ("co.uk", "co.uk"),
        ("example.com.au", "example.com.au"),
        ("shop.example.de", "example.de"),
    ],
)
def test_the_registered_domain_of_a_name(name: str, domain: str) -> None:
    """Two labels, or three where a country has names below its second."""
    assert registered(name) == domain


def test_a_registered_domain_has_fifty_a_week() -> None:
    """The next one has to wait until the first of the fifty is a week old; another domain not."""
    assert issued(49, "example.com", HOUR).full(["new.example.com"], NOW) == ""
    full = issued(50, "example.com", HOUR).full(["new.example.com"], NOW)
    assert again(full) == NOW - 50 * HOUR + WEEK
    assert "50 certificates that the CA gives for example.com in a week are used" in full
    assert "again after 2026-12-03 10:00 UTC" in full
    assert issued(50, "example.com", HOUR).full(["new.example.org"], NOW) == ""
    assert issued(50, "example.com", WEEK).full(["new.example.com"], NOW) == ""


def test_a_renewal_is_not_counted() -> None:
    """The same names again are none of the fifty, and never have to wait."""
    times = [NOW - number * HOUR / 200 for number in range(ORDERS + 1)]
    same = Limits([(["a.example.com"], at) for at in times], known=True)
    assert same.full(["new.example.com"], NOW) == ""
    assert issued(50, "example.com", HOUR).full(["n7.example.com"], NOW) == ""


def test_an_account_has_three_hundred_orders_in_three_hours() -> None:
    """Whatever the names."""
    limits = Limits([], known=True)
    for number in range(ORDERS):
        assert limits.full([f"example{number}.com"], NOW) == ""
        limits.order([f"example{number}.com"], NOW)
    full = limits.full(["example.org"], NOW)
    assert again(full) == NOW + HOURS
    assert limits.full(["example.org"], NOW + HOURS) == ""


def test_what_the_ca_refuses_is_not_asked_for_again() -> None:
    """Of any CA; others know their own limits."""
    limits = Limits([], known=False)
    limits.refuse(["a.example.com"])
    full = limits.full(["b.example.com"], NOW)
    assert full.startswith("the CA gives no more certificates for example.com now")
    assert limits.full(["b.example.org"], NOW) == ""


def test_certificates_of_the_same_ca_are_counted(tmp_path: Path) -> None:
    """With each that a lineage ever had; another CA's are not, and another CA has no such limit."""
    account = Account(tmp_path)
    for number in range(24):
        name = f"n{number}.example.com"
        account.add_lineage(name, server=LETS_ENCRYPT)
        account.add_lineage(name, name, "www.example.com", number=2, server=LETS_ENCRYPT)
    account.add_lineage("other.example.com", server="https://ca.example/dir")
    account.add_lineage("old.example.com", age=7, server=LETS_ENCRYPT)  # valid an hour earlier
    now = datetime.datetime.now(datetime.timezone.utc)
    assert limits_of(account.account, LETS_ENCRYPT).full(["new.example.com"], now) == ""
    account.add_lineage("fiftieth.example.com", server=LETS_ENCRYPT)
    full = limits_of(account.account, LETS_ENCRYPT).full(["new.example.com"], now)
    assert datetime.timedelta() < again(full) - now < HOUR
    other = limits_of(account.account, "https://ca.example/dir")
    assert other.full(["new.example.com"], now) == ""
