"""DNS zones as the panel keeps them: lines of a file, guarded by the serial."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, replace

from tests.sandbox.cpanel.errors import InternalError, PanelError, StaleError

WRITABLE = ("A", "AAAA", "ALIAS", "CAA", "CNAME", "HTTPS", "MX", "SRV", "SVCB", "TXT")
_TARGETS = {"CNAME": 0, "ALIAS": 0, "MX": 1, "SRV": 3}
"""Where in its values a record of this type names another name."""
_SOA_LINES = 6
_SEGMENT = 255


@dataclass(frozen=True)
class Record:
    """A record: ``name`` and targets absolute without the final dot, ``data`` its values."""

    name: str
    type: str
    ttl: int
    data: tuple[str, ...]


@dataclass(frozen=True)
class Other:
    """A line that is no record: a comment or a control line such as ``$TTL``."""

    type: str
    text: str


Line = Record | Other


@dataclass(frozen=True)
class Edit:
    """One change to a zone: without ``line_index`` an addition, without ``record`` a removal."""

    record: Record | None
    line_index: int | None


class Zone:
    """A zone: its lines in order, and the serial that changes with each edit.

    ``is_public`` is whether the world asks this server for it.
    """

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.is_public = True
        today = datetime.datetime.now(datetime.timezone.utc)
        self.serial = int(f"{today:%Y%m%d}01")
        self.lines: tuple[Line, ...] = (
            Other("comment", f"; cPanel first:110.0.22 (update_time):1 hostname:{name}"),
            Other("comment", f"; Zone file for {name}"),
            Other("control", "$TTL 14400"),
            Record(name, "SOA", 86400, ()),
            Record(name, "NS", 86400, ("ns1.host.example",)),
            Record(name, "A", 14400, (address,)),
            Record(name, "MX", 14400, ("0", name)),
            Record(f"www.{name}", "CNAME", 14400, (name,)),
            Record(f"mail.{name}", "CNAME", 14400, (name,)),
        )

    def indexed(self) -> list[tuple[int, Line]]:
        """The lines with their indexes: the SOA takes several lines, so they have gaps."""
        indexed, index = [], 0
        for line in self.lines:
            indexed.append((index, line))
            index += _SOA_LINES if isinstance(line, Record) and line.type == "SOA" else 1
        return indexed

    def soa(self) -> tuple[str, ...]:
        """The values of the SOA record now."""
        names = ("ns1.host.example", "hostmaster.host.example")
        return (*names, str(self.serial), "3600", "1800", "1209600", "86400")

    def records(self) -> list[Record]:
        """The records, but for the SOA."""
        return [line for line in self.lines if isinstance(line, Record) and line.type != "SOA"]

    def edit(self, edits: list[Edit], serial: int | None = None) -> None:
        """Carry out all of this or nothing; ``serial``, where given, has to be the zone's."""
        if serial is not None and serial != self.serial:
            raise StaleError(serial, self.serial)
        if not edits:
            raise PanelError("You must provide at least one change.")
        changed = {edit.line_index: edit.record for edit in edits if edit.line_index is not None}
        before = dict(self.indexed())
        for index in changed:
            line = before.get(index)
            if not isinstance(line, Record) or line.type not in WRITABLE:
                raise PanelError(f"There is no record to change at line {index}.")
        kept = [changed.get(index, line) for index, line in before.items()]
        added = [edit.record for edit in edits if edit.line_index is None]
        lines = tuple(line for line in (*kept, *added) if line)
        _check(lines)
        self.lines = lines
        self._bump()

    def _bump(self) -> None:
        """Give the zone its next serial."""
        today = datetime.datetime.now(datetime.timezone.utc)
        self.serial = max(self.serial, int(f"{today:%Y%m%d}00")) + 1

    def absolute(self, name: str) -> str:
        """A name as written in the zone, absolute: one without a final dot is relative."""
        if not name or name == "@" or not re.fullmatch(r"(\*\.)?[\w.-]+", name, re.ASCII):
            raise InternalError
        if not name.endswith("."):
            return f"{name}.{self.name}".lower()
        absolute = name[:-1].lower()
        if absolute != self.name and not absolute.endswith(f".{self.name}"):
            raise PanelError(f"“{absolute}” is outside the zone “{self.name}”.")
        return absolute

    def written(self, name: str) -> str:
        """A name as the zone writes it: the apex absolute with its dot, others relative."""
        return f"{name}." if name == self.name else name.removesuffix(f".{self.name}")

    def record(self, name: str, type: str, ttl: int, data: tuple[str, ...]) -> Record:
        """A record from what a client wrote, or the panel's refusal of it."""
        if type not in WRITABLE:
            raise PanelError(f"“{type}” is not a valid record type here.")
        if not data or not all(data):
            raise PanelError("A record needs values.")
        absolute = self.absolute(name)
        target = _TARGETS.get(type)
        if target is not None and target < len(data):
            written = data[target]
            value = written[:-1] if written.endswith(".") else f"{written}.{self.name}"
            data = (*data[:target], value.lower(), *data[target + 1 :])
        return Record(absolute, type, ttl, data)


def values(record: Record, zone: Zone) -> list[str]:
    """A record's values as `parse_zone` gives them: targets with a dot, long texts in parts."""
    if record.type == "SOA":
        first, second, *rest = zone.soa()
        return [f"{first}.", f"{second}.", *rest]
    if record.type == "TXT":
        text = "".join(record.data)
        return [text[start : start + _SEGMENT] for start in range(0, len(text), _SEGMENT)]
    target = {**_TARGETS, "NS": 0}.get(record.type)
    return [f"{each}." if index == target else each for index, each in enumerate(record.data)]


def with_ttl(record: Record, minimum: int) -> Record:
    """The record, with no lower TTL than ``minimum``."""
    return replace(record, ttl=max(record.ttl, minimum))


def _check(lines: tuple[Line, ...]) -> None:
    """No name may have anything beside a CNAME (RFC 1034, section 3.6.2)."""
    records = [line for line in lines if isinstance(line, Record)]
    for alias in (record for record in records if record.type == "CNAME"):
        if sum(record.name == alias.name for record in records) > 1:
            raise PanelError(f"“{alias.name}” has a CNAME record, and can have no other.")
