"""UAPI's module DNS."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from tests.sandbox.cpanel.account import Account
from tests.sandbox.cpanel.envelope import Reply
from tests.sandbox.cpanel.errors import InternalError
from tests.sandbox.cpanel.functions import Arguments, Functions
from tests.sandbox.cpanel.zones import Edit, Line, Record, Zone, values

DNS = Functions()


@DNS.add("DNS", since=96, feature="zoneedit")
def parse_zone(account: Account, arguments: Arguments) -> Reply:
    zone = account.zone(arguments.need("zone"))
    return Reply([_line(account, zone, index, line) for index, line in zone.indexed()])


def _line(account: Account, zone: Zone, index: int, line: Line) -> dict[str, Any]:
    if not isinstance(line, Record):
        kind = line.type
        if kind == "control" and account.switches.old_control_lines:
            kind = line.text.split()[0]
        return {"line_index": index, "type": kind, "text_b64": _base64(line.text)}
    written = zone.written(line.name)
    return {
        "line_index": index,
        "type": "record",
        "record_type": line.type,
        "ttl": line.ttl,
        "dname_b64": _base64(written),
        "data_b64": [_base64(value) for value in values(line, zone)],
        **({"dname_raw": written} if account.switches.dname_raw else {}),
    }


@DNS.add("DNS", since=96, feature="zoneedit")
def mass_edit_zone(account: Account, arguments: Arguments) -> Reply:
    zone = account.zone(arguments.need("zone"))
    serial = int(arguments.need("serial"))
    edits = [
        *(_edit(zone, text, is_new=True) for text in arguments.all("add")),
        *(_edit(zone, text, is_new=False) for text in arguments.all("edit")),
        *(Edit(None, int(text)) for text in arguments.all("remove")),
    ]
    return Reply({"new_serial": str(account.edit_zone(zone.name, edits, serial))})


def _edit(zone: Zone, text: str, *, is_new: bool) -> Edit:
    """An addition or a change, which comes as JSON."""
    try:
        item = json.loads(text)
        name, kind, ttl = item["dname"], item["record_type"], int(item["ttl"])
        data = tuple(str(value) for value in item["data"])
        index = None if is_new else int(item["line_index"])
    except (ValueError, TypeError, KeyError) as error:
        raise InternalError from error
    return Edit(zone.record(str(name), str(kind), ttl, data), index)


@DNS.add("DNS", since=78)
def has_local_authority(account: Account, arguments: Arguments) -> Reply:
    return Reply([_authority(account, domain) for domain in arguments.all("domain")])


def _authority(account: Account, domain: str) -> dict[str, Any]:
    zone = account.zone_of(domain)
    is_local = zone is not None and zone.is_public
    return {
        "domain": domain,
        "zone": zone.name if zone else None,
        "local_authority": is_local,
        "nameservers": ["ns1.host.example" if is_local else "ns.elsewhere.example"],
        "error": None,
    }


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()
