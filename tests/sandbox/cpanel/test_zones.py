"""DNS zones: guarded by the serial, changed whole or not at all."""

from __future__ import annotations

import datetime
import json
from base64 import b64decode
from typing import Any

import pytest

from tests.sandbox.cpanel.account import Account
from tests.sandbox.cpanel.client import Client
from tests.sandbox.cpanel.errors import PanelError
from tests.sandbox.cpanel.zones import Edit

ZONE = "example.com"


def test_lines_are_told_as_recorded(client: Client) -> None:
    """Comments, control lines and records; apex and targets absolute, other names relative."""
    lines = client.data("DNS", "parse_zone", zone=ZONE)
    assert lines[0]["type"] == "comment"
    assert _text(lines[0]["text_b64"]).startswith("; cPanel first:")
    control, soa, nameserver, _address, mail, alias, *_ = lines[2:]
    assert (control["type"], _text(control["text_b64"])) == ("control", "$TTL 14400")
    assert soa["record_type"] == "SOA"
    assert (soa["dname_raw"], soa["line_index"]) == ("example.com.", 3)
    assert nameserver["line_index"] - soa["line_index"] == 6, "the SOA takes several lines"
    assert [_text(part) for part in mail["data_b64"]] == ["0", "example.com."]
    assert (_text(alias["dname_b64"]), _text(alias["data_b64"][0])) == ("www", "example.com.")


def test_older_servers_tell_less(client: Client, account: Account) -> None:
    """`Switches.dname_raw` and `Switches.old_control_lines`."""
    account.switches.dname_raw = False
    account.switches.old_control_lines = True
    lines = client.data("DNS", "parse_zone", zone=ZONE)
    assert not any("dname_raw" in line for line in lines)
    assert lines[2]["type"] == "$TTL"


def test_two_values_at_one_name(client: Client, account: Account) -> None:
    """Two records, at the end; the serial is the next one."""
    before = _serial(client)
    done = _edit(client, add=[_txt("_acme-challenge", "one"), _txt("_acme-challenge", "two")])
    assert int(done["data"]["new_serial"]) == before + 1 == _serial(client)
    lines = client.data("DNS", "parse_zone", zone=ZONE)
    assert [_text(line["data_b64"][0]) for line in lines[-2:]] == ["one", "two"]
    assert account.texts() == {"_acme-challenge.example.com": ["one", "two"]}


def test_names_with_a_final_dot_are_absolute_others_relative(
    client: Client, account: Account
) -> None:
    """So a whole name without a dot ends up below itself."""
    _edit(client, add=[_txt("a.example.com.", "1"), _txt("b", "2"), _txt("c.example.com", "3")])
    assert set(account.texts()) == {
        "a.example.com",
        "b.example.com",
        "c.example.com.example.com",
    }
    outside = _edit(client, add=[_txt("a.other.example.", "1")])
    assert outside["status"] == 0


def test_so_are_targets(client: Client, account: Account) -> None:
    """Of a CNAME, for one."""
    for name, target in (("a", "b.other.example."), ("c", "d")):
        alias = {"dname": name, "ttl": 60, "record_type": "CNAME", "data": [target]}
        assert _edit(client, add=[json.dumps(alias)])["status"] == 1
    assert account.aliases()["a.example.com"] == "b.other.example"
    assert account.aliases()["c.example.com"] == "d.example.com"


def test_the_at_sign_fails_the_whole_batch(client: Client, account: Account) -> None:
    """With an Error ID; the apex is named in full."""
    answer = _edit(client, add=[_txt("good", "1"), _txt("@", "2")])
    assert "(Error ID: " in answer["errors"][0]
    assert account.texts() == {}
    assert _edit(client, add=[_txt("example.com.", "2")])["status"] == 1
    assert account.texts() == {"example.com": ["2"]}


def test_a_stale_serial_changes_nothing(client: Client, account: Account) -> None:
    """And says so in its data."""
    serial = _serial(client)
    account.add_record(ZONE, "other.example.com", "TXT", "somebody else")
    answer = _edit(client, serial=serial, add=[_txt("a", "1")])
    assert answer["status"] == 0
    assert answer["data"]["type"] == "Stale"
    assert f"({serial})" in answer["errors"][0]
    assert "a.example.com" not in account.texts()


@pytest.mark.parametrize("each_second", [True, False])
def test_a_second_edit_may_come_too_early(
    client: Client, account: Account, each_second: bool
) -> None:
    """`Switches.edits_each_second`."""
    account.switches.edits_each_second = each_second
    now = account.now()
    account.now = lambda: now
    assert _edit(client, add=[_txt("a", "1")])["status"] == 1
    assert _edit(client, add=[_txt("b", "2")])["status"] == each_second
    account.now = lambda: now + datetime.timedelta(seconds=1)
    assert _edit(client, add=[_txt("c", "3")])["status"] == 1


def test_indexes_are_those_of_the_zone_as_it_was(client: Client, account: Account) -> None:
    """Several removals at once hit what they named; afterwards the indexes have shifted."""
    _edit(client, add=[_txt("a", "1"), _txt("b", "2"), _txt("c", "3")])
    lines = {line.get("dname_raw"): line["line_index"] for line in _lines(client)}
    _edit(client, remove=[lines["a"], lines["b"]])
    assert account.texts() == {"c.example.com": ["3"]}
    assert {line.get("dname_raw"): line["line_index"] for line in _lines(client)}["c"] == lines["a"]
    assert _edit(client, remove=[lines["c"]])["status"] == 0


def test_records_can_be_edited(client: Client, account: Account) -> None:
    """By line; but not what is no record, nor the name servers."""
    _edit(client, add=[_txt("a", "1")])
    index = _lines(client)[-1]["line_index"]
    edited = {**json.loads(_txt("a", "2")), "line_index": index}
    assert _edit(client, edit=[json.dumps(edited)])["status"] == 1
    assert account.texts() == {"a.example.com": ["2"]}
    for line in (0, 3, 9):
        assert _edit(client, remove=[line])["status"] == 0


@pytest.mark.parametrize(
    "wrong",
    [
        '{"dname": "a"}',
        "no JSON",
        json.dumps({"dname": "a", "ttl": 60, "record_type": "NS", "data": ["ns.example."]}),
        json.dumps({"dname": "a", "ttl": 60, "record_type": "TXT", "data": []}),
        json.dumps({"dname": "www", "ttl": 60, "record_type": "TXT", "data": ["beside a CNAME"]}),
    ],
)
def test_wrong_records_are_refused(client: Client, wrong: str) -> None:
    """Incomplete, unreadable, not writable, empty, or beside a CNAME."""
    serial = _serial(client)
    assert _edit(client, add=[wrong])["status"] == 0
    assert _serial(client) == serial


def test_an_edit_of_nothing_is_refused(client: Client) -> None:
    """As recorded."""
    assert "at least one change" in _edit(client)["errors"][0]


def test_a_serial_and_a_line_are_numbers(client: Client) -> None:
    """Anything else is an internal error."""
    for wrong in ({"serial": "x", "remove": "5"}, {"serial": str(_serial(client)), "remove": "x"}):
        assert "Error ID" in client.refusal("DNS", "mass_edit_zone", zone=ZONE, **wrong)


def test_long_texts_come_in_parts(client: Client, account: Account) -> None:
    """Of 255 bytes, which are one value."""
    _edit(client, add=[_txt("long", "x" * 600)])
    assert [len(_text(part)) for part in _lines(client)[-1]["data_b64"]] == [255, 255, 90]
    assert account.texts() == {"long.example.com": ["x" * 600]}


def test_lists_may_be_numbered(client: Client, account: Account) -> None:
    """``add-0``, ``add-1``, instead of one key several times."""
    numbered = {"add-0": _txt("a", "1"), "add-1": _txt("b", "2")}
    client.data("DNS", "mass_edit_zone", zone=ZONE, serial=str(_serial(client)), **numbered)
    assert set(account.texts()) == {"a.example.com", "b.example.com"}


def test_zones_are_those_of_main_addon_and_parked_domains(client: Client, account: Account) -> None:
    """A subdomain lives in its parent's; what the host keeps to itself is refused as recorded."""
    account.add_addon("shop.example")
    account.park("alias.example")
    account.add_subdomain("blog.example.com")
    for zone in (ZONE, "shop.example", "alias.example"):
        client.data("DNS", "parse_zone", zone=zone)
    text = "You do not control a DNS zone named blog.example.com."
    assert client.refusal("DNS", "parse_zone", zone="blog.example.com") == text
    account.remove_zone("shop.example")
    assert client.refusal("DNS", "parse_zone", zone="shop.example")
    assert client.refusal("DNS", "parse_zone") == "Provide the ‘zone’ argument."


def test_dns_may_be_elsewhere(client: Client, account: Account) -> None:
    """Edits succeed and reach nobody; the authority is told."""
    here, foreign = client.data(
        "DNS", "has_local_authority", domain=["www.example.com", "other.example"]
    )
    assert (here["zone"], here["local_authority"]) == (ZONE, 1)
    assert (foreign["zone"], foreign["local_authority"]) == (None, 0)
    account.move_dns_away(ZONE)
    (away,) = client.data("DNS", "has_local_authority", domain="www.example.com")
    assert away["local_authority"] == 0
    assert away["nameservers"] != here["nameservers"]
    assert _edit(client, add=[_txt("a", "1")])["status"] == 1
    assert (account.texts(), account.aliases()) == ({}, {})


def test_a_minimum_ttl_may_be_kept(client: Client, account: Account) -> None:
    """`Switches.minimum_ttl`: a lower one is raised."""
    _edit(client, add=[_txt("a", "1")])
    assert _lines(client)[-1]["ttl"] == 60
    account.switches.minimum_ttl = 300
    _edit(client, add=[_txt("b", "1")])
    assert _lines(client)[-1]["ttl"] == 300


def test_api_2_adds_and_removes(client: Client, account: Account) -> None:
    """By lines that count from 1 and shift."""
    new = {"domain": ZONE, "name": "a", "type": "TXT", "txtdata": "1", "ttl": "60"}
    for value in ("1", "2"):
        added = client.api2("ZoneEdit", "add_zone_record", **{**new, "txtdata": value})
        assert added["data"][0]["result"]["status"] == 1
    found = _found(client)
    assert [record["txtdata"] for record in found] == ["1", "2"]
    assert found[0]["name"] == "a.example.com."
    line = str(found[0]["line"])
    client.api2("ZoneEdit", "remove_zone_record", domain=ZONE, line=line)
    assert [(record["txtdata"], str(record["line"])) for record in _found(client)] == [("2", line)]
    refused = client.api2("ZoneEdit", "remove_zone_record", domain=ZONE, line="1")
    assert refused["data"][0]["result"]["status"] == 0
    refused = client.api2("ZoneEdit", "add_zone_record", **{**new, "name": "@"})
    assert refused["data"][0]["result"]["status"] == 0
    assert client.api2("ZoneEdit", "fetchzone_records", domain="other.example")["error"]
    zones = client.api2("ZoneEdit", "fetchzones")["data"][0]["zones"]
    assert zones[ZONE][0].startswith("; cPanel first")


def test_api_2_tells_lines_as_recorded(client: Client) -> None:
    """Each type with keys of its own; ``record`` only where the value is one address or name."""
    lines = client.api2("ZoneEdit", "fetchzone_records", domain=ZONE)["data"]
    assert [line["type"] for line in lines[:5]] == [":RAW", ":RAW", "$TTL", "SOA", "NS"]
    assert lines[3]["serial"] == str(_serial(client))
    kinds = {line["type"]: line for line in lines}
    assert (kinds["A"]["record"], kinds["A"]["address"]) == ("127.0.0.1", "127.0.0.1")
    assert (kinds["MX"]["record"], kinds["MX"]["exchange"]) == (None, ZONE)
    assert (kinds["CNAME"]["record"], kinds["CNAME"]["cname"]) == (ZONE, ZONE)


@pytest.mark.parametrize("by_value", [True, False])
def test_api_2_filters(client: Client, account: Account, by_value: bool) -> None:
    """`Switches.filters_by_value`: by value too, or only by name and type."""
    account.switches.filters_by_value = by_value
    _edit(client, add=[_txt("a", "1"), _txt("a", "2")])
    assert len(_found(client, txtdata="2")) == (1 if by_value else 2)


def test_the_same_record_can_be_set_as_a_scene(account: Account) -> None:
    """Through the same rules."""
    account.add_record(ZONE, "x.example.com", "CNAME", "y.example.com")
    assert account.aliases()["x.example.com"] == "y.example.com"
    with pytest.raises(PanelError, match="CNAME"):
        account.add_record(ZONE, "x.example.com", "TXT", "1")
    with pytest.raises(PanelError, match="at least one change"):
        account.edit_zone(ZONE, list[Edit]())


def _txt(name: str, value: str) -> str:
    return json.dumps({"dname": name, "ttl": 60, "record_type": "TXT", "data": [value]})


def _edit(client: Client, serial: int | None = None, **changes: list[Any]) -> dict[str, Any]:
    lists = {key: [str(value) for value in values] for key, values in changes.items()}
    guard = str(_serial(client) if serial is None else serial)
    return client.uapi("DNS", "mass_edit_zone", zone=ZONE, serial=guard, **lists)


def _lines(client: Client) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = client.data("DNS", "parse_zone", zone=ZONE)
    return lines


def _serial(client: Client) -> int:
    soa = next(line for line in _lines(client) if line.get("record_type") == "SOA")
    return int(_text(soa["data_b64"][2]))


def _found(client: Client, **more: str) -> list[dict[str, Any]]:
    name = "a.example.com."
    answer = client.api2("ZoneEdit", "fetchzone_records", domain=ZONE, name=name, **more)
    records: list[dict[str, Any]] = answer["data"]
    return records


def _text(encoded: str) -> str:
    return b64decode(encoded).decode()
