"""TXT records in the account's zones."""

from __future__ import annotations

import datetime

import pytest
from certbot import errors

from certbot_webfaction.panel.errors import ImpossibleError
from certbot_webfaction.panel.model import Change
from tests.hosts.cpanel.conftest import Place
from tests.sandbox.faults import RESET_AFTER

NAME = "_acme-challenge.shop.example"


def texts(place: Place, zone: str) -> list[tuple[str, str]]:
    """The TXT records of a zone."""
    return [
        (record.name, "".join(record.data))
        for record in place.account.zones[zone].records()
        if record.type == "TXT"
    ]


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("_acme-challenge.example.com", "example.com"),
        ("_acme-challenge.blog.example.com", "example.com"),
        ("_acme-challenge.parked.example", "parked.example"),
        (NAME, "shop.example"),
        ("shop.example", "shop.example"),
    ],
)
@pytest.mark.parametrize("version", [134, 95])
def test_a_record_comes_and_goes(place: Place, version: int, name: str, zone: str) -> None:
    """In the longest zone of the name, at a relative name or the zone's own; in older servers."""
    place.account.version = version
    place.account.switches.old_control_lines = place.account.switches.loose_types = True
    before = texts(place, zone)
    books, panel = place.books(), place.panel()
    for value in ("one", "two+2 %", "one"):
        panel.publish(name, value, books)
    assert sorted(texts(place, zone)) == [(name, "one"), (name, "two+2 %")]
    for value in ("one", "two+2 %"):
        change = books.noted(Change.RECORD, value)
        assert change is not None
        assert change.purpose == Change.CHALLENGE
        place.panel().undo(change)
        place.panel().undo(change)
    assert texts(place, zone) == before


def test_an_edit_of_somebody_elses_meanwhile_is_no_failure(place: Place) -> None:
    """The zone is read again where its serial is another one."""
    panel, books = place.panel(), place.books()
    left = 2

    def edit(number: int, method: str) -> None:
        nonlocal left
        if method == "DNS::mass_edit_zone" and left:
            left -= 1
            place.account.add_record("shop.example", f"other{left}.shop.example", "TXT", "theirs")

    place.stand_in.before_call = edit
    panel.publish(NAME, "ours", books)
    assert place.methods().count("DNS::mass_edit_zone") == 3
    assert [value for _, value in texts(place, "shop.example")] == ["theirs", "theirs", "ours"]


def test_a_server_that_takes_an_edit_each_second_gets_time(place: Place) -> None:
    """Two values at one name, as for a wildcard and its name."""
    place.account.switches.edits_each_second = False
    started = place.account.now()
    place.account.now = lambda: started + datetime.timedelta(seconds=sum(place.slept))
    panel, books = place.panel(), place.books()
    for value in ("one", "two"):
        panel.publish(NAME, value, books)
    assert texts(place, "shop.example") == [(NAME, "one"), (NAME, "two")]


def test_only_the_exact_record_is_removed(place: Place) -> None:
    """Not one that contains the value, and not one of another name."""
    books, panel = place.books(), place.panel()
    for name, value in ((NAME, "ours-too"), (f"x.{NAME}", "ours")):
        place.account.add_record("shop.example", name, "TXT", value)
    panel.publish(NAME, "ours", books)
    change = books.noted(Change.RECORD, "ours")
    assert change is not None
    panel.undo(change)
    assert texts(place, "shop.example") == [(NAME, "ours-too"), (f"x.{NAME}", "ours")]


def test_a_cname_is_followed_as_a_ca_does(place: Place) -> None:
    """To another zone of the account; one that leads elsewhere is told."""
    place.account.add_record("shop.example", NAME, "CNAME", "dcv.parked.example.")
    place.panel().publish(NAME, "ours", place.books())
    assert texts(place, "parked.example") == [("dcv.parked.example", "ours")]
    other = "_acme-challenge.www.shop.example"
    place.account.add_record("shop.example", other, "CNAME", "dcv.example.net.")
    with pytest.raises(errors.PluginError, match=r"leads to dcv\.example\.net"):
        place.panel().publish(other, "ours", place.books())


def test_a_zone_that_others_serve_is_refused_before_the_ca_is_asked(place: Place) -> None:
    """With their name servers, beside names that are in no zone."""
    place.account.move_dns_away("shop.example")
    with pytest.raises(errors.PluginError) as caught:
        place.panel().find_zones(
            [NAME, "_acme-challenge.example.net", "_acme-challenge.example.com"]
        )
    text = str(caught.value)
    assert "ns.elsewhere.example" in text
    assert "example.net: it is in no zone" in text
    assert "  example.com:" not in text
    assert "The CA was not asked" in text


def test_a_lost_answer_is_looked_after(place: Place) -> None:
    """The record is there once."""
    place.stand_in.faults.on(1, RESET_AFTER, "DNS::mass_edit_zone")
    place.panel().publish(NAME, "ours", place.books())
    assert texts(place, "shop.example") == [(NAME, "ours")]


def test_a_plan_without_zones_is_told(place: Place) -> None:
    """By the feature's name."""
    place.account.features.discard("zoneedit")
    with pytest.raises(ImpossibleError, match="zoneedit"):
        place.panel().publish(NAME, "ours", place.books())
