"""API 2: the functions that older clients need."""

from __future__ import annotations

from typing import Any

from tests.sandbox.cpanel.account import Account
from tests.sandbox.cpanel.envelope import Reply
from tests.sandbox.cpanel.errors import PanelError
from tests.sandbox.cpanel.files import Home
from tests.sandbox.cpanel.functions import Arguments, Functions
from tests.sandbox.cpanel.installs import Given
from tests.sandbox.cpanel.zones import Edit, Record, Zone

API2 = Functions()


@API2.add("ZoneEdit", feature="zoneedit")
def fetchzones(account: Account, _arguments: Arguments) -> Reply:
    zones = {
        name: [line.text for line in zone.lines if not isinstance(line, Record)]
        for name, zone in account.zones.items()
    }
    return Reply([{"status": 1, "statusmsg": "Zones fetched", "zones": zones}])


@API2.add("ZoneEdit", feature="zoneedit")
def fetchzone_records(account: Account, arguments: Arguments) -> Reply:
    zone = account.zone(arguments.need("domain"))
    filters = ["name", "type", "line"]
    if account.switches.filters_by_value:
        filters.append("txtdata")
    wanted = {key: arguments.get(key) for key in filters if arguments.get(key)}
    lines = [_line(zone, index, line) for index, line in zone.indexed()]
    return Reply(
        [
            line
            for line in lines
            if all(str(line.get(key, "")) == value for key, value in wanted.items())
        ]
    )


def _line(zone: Zone, index: int, line: object) -> dict[str, Any]:
    """A line as API 2 gives it: counted from 1, and with absolute names."""
    number = index + 1
    numbers = {"line": number, "Line": number}
    if not isinstance(line, Record):
        assert hasattr(line, "text")
        kind = ":RAW" if line.text.startswith(";") else line.text.split()[0]
        return {**numbers, "type": kind, "raw": line.text, "record": None}
    common = {**numbers, "type": line.type, "name": f"{line.name}.", "class": "IN"}
    if line.type == "SOA":
        return {**common, "ttl": line.ttl, "serial": str(zone.serial), "record": None}
    keys = {
        "TXT": ("txtdata",),
        "CNAME": ("cname",),
        "NS": ("nsdname",),
        "MX": ("preference", "exchange"),
    }.get(line.type, ("address",))
    record = line.data[0] if line.type in ("A", "AAAA", "CNAME") else None
    return {**common, "ttl": line.ttl, "record": record, **dict(zip(keys, line.data, strict=False))}


@API2.add("ZoneEdit", feature="zoneedit")
def add_zone_record(account: Account, arguments: Arguments) -> Reply:
    zone = account.zone(arguments.need("domain"))
    value = next(filter(None, map(arguments.get, ("txtdata", "address", "cname"))), "")
    ttl = int(arguments.get("ttl", "14400"))
    try:
        name = arguments.get("name")
        record = zone.record(name, arguments.need("type"), ttl, (value,))
        return _edited(account, zone, Edit(record, None))
    except PanelError as refusal:
        return _not_edited(refusal)


@API2.add("ZoneEdit", feature="zoneedit")
def remove_zone_record(account: Account, arguments: Arguments) -> Reply:
    zone = account.zone(arguments.need("domain"))
    try:
        return _edited(account, zone, Edit(None, int(arguments.need("line")) - 1))
    except PanelError as refusal:
        return _not_edited(refusal)


def _edited(account: Account, zone: Zone, edit: Edit) -> Reply:
    serial = account.edit_zone(zone.name, [edit])
    return Reply([{"result": {"status": 1, "statusmsg": "", "newserial": str(serial)}}])


def _not_edited(refusal: PanelError) -> Reply:
    return Reply([{"result": {"status": 0, "statusmsg": refusal.texts[0], "newserial": None}}])


@API2.add("SSL", feature="sslinstall")
def installssl(account: Account, arguments: Arguments) -> Reply:
    given = Given(*(arguments.get(part) for part in ("crt", "key", "cabundle")))
    domain = arguments.need("domain")
    try:
        account.install(domain, given)
    except PanelError as refusal:
        return Reply([{"result": 0, "output": "\n".join(refusal.texts)}])
    return Reply([{"result": 1, "output": f"Installed on {domain}."}])


@API2.add("Fileman", unrecorded="filemanager")
def mkdir(account: Account, arguments: Arguments) -> Reply:
    permissions = arguments.get("permissions", "0755")
    try:
        path = Home(account.home).make_directory(
            arguments.get("path", "."), arguments.need("name"), permissions
        )
    except PanelError as refusal:
        return Reply([{"result": 0, "reason": refusal.texts[0]}])
    return Reply([{"permissions": permissions, "name": path.name, "path": str(path.parent)}])


@API2.add("Fileman", unrecorded="filemanager")
def fileop(account: Account, arguments: Arguments) -> Reply:
    if arguments.get("op") != "unlink":
        raise PanelError("The operation is not known here.")
    return Reply([_removed(account, path) for path in arguments.commas("sourcefiles")])


def _removed(account: Account, path: str) -> dict[str, Any]:
    try:
        removed = Home(account.home).remove(path)
    except PanelError as refusal:
        return {"src": path, "dest": None, "result": 0, "reason": refusal.texts[0]}
    return {"src": str(removed), "dest": None, "result": 1}


@API2.add("SubDomain")
def listsubdomains(account: Account, _arguments: Arguments) -> Reply:
    return Reply(
        [
            {"domain": host.domain, "dir": str(host.document_root)}
            for host in account.hosts
            if host.kind == "sub"
        ]
    )
