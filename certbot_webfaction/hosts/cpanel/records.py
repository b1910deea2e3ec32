"""TXT records that answer dns-01 challenges, in the account's zones on the panel."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from certbot_webfaction.hosts import zones
from certbot_webfaction.hosts.cpanel.answers import (
    CallRefusedError,
    is_true,
    listed,
    names,
    number,
    text,
)
from certbot_webfaction.hosts.cpanel.client import SINCE, Client
from certbot_webfaction.hosts.wire import NoAnswerError
from certbot_webfaction.names import a_label
from certbot_webfaction.panel.errors import ImpossibleError, PanelError
from certbot_webfaction.panel.interface import Notes
from certbot_webfaction.panel.model import Change

TTL = 60
"""Seconds that name servers may keep a record: what other clients use, and hosts may raise it."""

_TRIES = 5  # edits of a zone that others edit at the same time
_CNAMES = 8  # in a row
_ELSEWHERE = (
    "Use the authenticator of who serves the domain's DNS, together with -i cpanel; without a"
    " wildcard challenge files do it, too, for which other machines than the host take the feature"
    " “filemanager”."
)


@dataclass(frozen=True)
class Record:
    """A record of a zone: where in it, its absolute name without final dot, its type and value."""

    line: int
    name: str
    type: str
    value: str


@dataclass(frozen=True)
class Zone:
    """A zone as it was read; ``serial`` is ``""`` where the server is too old to guard edits."""

    name: str
    serial: str
    records: tuple[Record, ...]

    def find(self, name: str, type: str) -> list[Record]:
        """The records of a name and type."""
        return [each for each in self.records if (each.name, each.type) == (name, type)]


class Records:
    """The account's zones, read anew for each change."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._zones: tuple[str, ...] | None = None

    def forget(self) -> None:
        """Ask anew which zones there are."""
        self._zones = None

    def find(self, wanted: Iterable[str]) -> None:
        """As `IPanel.find_zones`."""
        self._client.check_feature("publish TXT records", "DNS::mass_edit_zone", _ELSEWHERE)
        refusals: dict[str, str] = {}
        owners: dict[str, str] = {}
        for name in wanted:
            owner = self._zone_of(a_label(name))
            if owner:
                owners[name] = owner
            else:
                refusals[name] = "it is in no zone of the account."
        elsewhere = self._served_elsewhere(list(dict.fromkeys(owners.values())))
        for name, owner in owners.items():
            if owner in elsewhere:
                refusals[name] = (
                    f"the zone {owner} is in the panel, but the world asks other name servers"
                    f" ({elsewhere[owner]})."
                )
        if refusals:
            raise zones.not_ours(refusals, "Zones", self._own_zones(), _ELSEWHERE)

    def _own_zones(self) -> tuple[str, ...]:
        """One for each main, addon and parked domain; subdomains are in their parent's."""
        if self._zones is None:
            self._zones = self._client.read_as(
                "list the domains", "DomainInfo::list_domains", _zones
            )
        return self._zones

    def _zone_of(self, name: str) -> str:
        """The longest zone that a name is in, ``""`` for none."""
        by_label = {a_label(zone): zone for zone in self._own_zones()}
        return by_label.get(zones.longest(name, by_label), "")

    def _served_elsewhere(self, asked: Sequence[str]) -> dict[str, str]:
        """The zones that the world asks other name servers for, with these; as far as is told."""
        if not asked:
            return {}
        call = "DNS::has_local_authority"
        try:
            told = self._client.read("tell who serves DNS", call, **_numbered("domain", asked))
        except ImpossibleError:
            return {}  # an older server does not tell
        return {
            text(each.get("domain")).lower(): ", ".join(names(each.get("nameservers")))
            or "unknown ones"
            for each in listed(told)
            if not is_true(each.get("local_authority")) and not each.get("error")
        }

    def publish(self, name: str, value: str, notes: Notes) -> None:
        """As `IPanel.publish`."""
        self.find([name])
        zone, owner = self._follow(a_label(name))
        after = {"name": owner, "value": value, "zone": zone.name}
        change = Change(
            Change.RECORD, value, after=after, purpose=Change.CHALLENGE, names=[a_label(name)]
        )
        with notes.changing(change):
            if _values(zone, owner, value):
                return  # CAs give the value of a pending challenge again
            what = f"publish a TXT record at {owner}"
            self._edit(zone.name, what, owner, value, present=True)

    def undo(self, made: Mapping[str, Any]) -> None:
        """Remove a record, and no other: its exact name and value."""
        zone, owner = made["zone"], made["name"]
        if not _values(self._read(zone), owner, made["value"]):
            return
        what = f"remove a TXT record at {owner}"
        self._edit(zone, what, owner, made["value"], present=False)

    def _follow(self, name: str) -> tuple[Zone, str]:
        """The zone and name where a record belongs: CAs follow CNAME records."""
        for _ in range(_CNAMES):
            owner = self._zone_of(name)
            if not owner:
                break
            zone = self._read(owner)
            found = zone.find(name, "CNAME")
            if not found:
                return zone, name
            name = a_label(found[0].value)
        raise PanelError(
            f"A CNAME record leads to {name}, where this account can't publish anything.",
            "Remove that record in the panel's Zone Editor, or use the authenticator of who serves"
            " that name.",
        )

    def _edit(self, zone: str, what: str, owner: str, value: str, *, present: bool) -> None:
        def look() -> bool:
            return bool(_values(self._read(zone), owner, value)) == present

        self._client.write(
            what,
            "Look into the panel's Zone Editor.",
            "DNS::mass_edit_zone",
            look,
            lambda: self._edit_once(zone, owner, value, present=present),
        )

    def _edit_once(self, zone: str, owner: str, value: str, *, present: bool) -> None:
        """Edit a zone as it is; anew where somebody else edited it meanwhile."""
        for _ in range(_TRIES):
            now = self._read(zone)
            same = _values(now, owner, value)
            if bool(same) == present:
                return
            try:
                if now.serial:
                    self._mass_edit(now, owner, value, same)
                else:
                    self._edit_old(now, owner, value, same)
            except CallRefusedError as error:
                if not _is_stale(error):
                    raise
            else:
                return
        raise NoAnswerError(f"somebody edits the zone {zone} again and again")

    def _mass_edit(self, zone: Zone, owner: str, value: str, same: Sequence[Record]) -> None:
        added = json.dumps(
            {
                "dname": _written(owner, zone.name),
                "ttl": TTL,
                "record_type": "TXT",
                "data": [value],
            }
        )
        edits = _numbered("remove", [str(each.line) for each in same]) if same else {"add": added}
        self._client.ask("DNS::mass_edit_zone", zone=zone.name, serial=zone.serial, **edits)

    def _edit_old(self, zone: Zone, owner: str, value: str, same: Sequence[Record]) -> None:
        """Edit by API 2: line numbers move with each removal, so one is removed at a time."""
        if same:
            line = max(each.line for each in same)
            self._client.ask_api2("ZoneEdit::remove_zone_record", domain=zone.name, line=str(line))
            if len(same) > 1:
                self._edit_old(self._read_old(zone.name), owner, value, same[:-1])
            return
        self._client.ask_api2(
            "ZoneEdit::add_zone_record",
            domain=zone.name,
            name=_written(owner, zone.name),
            type="TXT",
            txtdata=value,
            ttl=str(TTL),
            **{"class": "IN"},
        )

    def _read(self, zone: str) -> Zone:
        if self._is_old():
            return self._read_old(zone)
        return self._client.read_as(
            f"show the zone {zone}",
            "DNS::parse_zone",
            lambda told: _parsed(zone, told),
            zone=zone,
        )

    def _is_old(self) -> bool:
        return 0 < self._client.version < SINCE["DNS::parse_zone"]

    def _read_old(self, zone: str) -> Zone:
        items = self._client.ask_api2("ZoneEdit::fetchzone_records", domain=zone)
        records = tuple(
            Record(
                number(each.get("line") or each.get("Line")),
                text(each.get("name")).rstrip(".").lower(),
                text(each.get("type")),
                text(each.get("txtdata") or each.get("cname")),
            )
            for each in items
        )
        return Zone(zone, "", records)


def _zones(told: Any) -> tuple[str, ...]:
    if not isinstance(told, Mapping):
        raise NoAnswerError("its answer is not what was asked for", passing=False)
    kinds = ("main_domain", "addon_domains", "parked_domains")
    return tuple(each for kind in kinds for each in names(told.get(kind)))


def _values(zone: Zone, name: str, value: str) -> list[Record]:
    """The TXT records of this name and value."""
    return [each for each in zone.find(name, "TXT") if each.value == value]


def _is_stale(error: CallRefusedError) -> bool:
    return isinstance(error.data, Mapping) and error.data.get("type") == "Stale"


def _written(name: str, zone: str) -> str:
    """An owner's name for an edit: relative, the zone's own absolute; never ``@``."""
    return f"{name}." if name == zone else name.removesuffix(f".{zone}")


def _parsed(zone: str, told: Any) -> Zone:
    records, serial = [], ""
    for each in listed(told):
        if each.get("type") != "record":
            continue
        data = each.get("data_b64")
        values = [_decoded(value) for value in data] if isinstance(data, list) else []
        name, kind = _decoded(each.get("dname_b64")), text(each.get("record_type"))
        absolute = name if name.endswith(".") else f"{name}.{zone}"
        if kind == "SOA" and len(values) > 2:
            serial = values[2]
        value = "".join(values) if kind == "TXT" else " ".join(values)
        line = number(each.get("line_index"))
        records.append(Record(line, absolute.rstrip(".").lower(), kind, value))
    if not serial:
        raise NoAnswerError(f"the zone {zone} has no serial in its answer", passing=False)
    return Zone(zone, serial, tuple(records))


def _decoded(value: Any) -> str:
    try:
        return base64.b64decode(text(value)).decode("utf-8", "replace")
    except ValueError:
        return ""


def _numbered(key: str, values: Sequence[str]) -> dict[str, str]:
    """A list as arguments: the first under its key, the others numbered."""
    return {f"{key}-{n}" if n else key: value for n, value in enumerate(values)}
