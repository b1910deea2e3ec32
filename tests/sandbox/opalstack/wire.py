"""An account's objects as the API shows them: section 3 of the specification, and ``?embed=``."""

from __future__ import annotations

import dataclasses
from collections.abc import Set
from typing import Any

from tests.sandbox.opalstack.account import Account, Entry, NotFoundError
from tests.sandbox.opalstack.objects import HIDDEN, KINDS, DnsRecord

_REFERENCES = {
    **{name: name for name in ("app", "osuser", "server", "cert", "domain")},
    "ip4": "ip",
    "ip6": "ip",
    "domains": "domain",
}
"""The fields that hold uuids, and of what kind they are."""


class Wire:
    """Shows the objects of an account, as its switches say."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def shown(self, kind: str, entry: Entry, embed: Set[str] = frozenset()) -> dict[str, Any]:
        """An object; the uuids in fields that ``embed`` names become objects."""
        shown: dict[str, Any] = self._embedded(self._shown(kind, entry), embed)
        return shown

    def now(self, kind: str, thing: Any) -> dict[str, Any]:
        """An object as it is now."""
        return self.shown(kind, self._account.find(kind, getattr(thing, KINDS[kind].key)))

    def own_record(self, record: DnsRecord, embed: Set[str]) -> dict[str, Any]:
        """A record that the host publishes itself."""
        shown: dict[str, Any] = {**dataclasses.asdict(record), "state": "READY", "ready": True}
        embedded: dict[str, Any] = self._embedded(shown, embed)
        return embedded

    def _shown(self, kind: str, entry: Entry) -> dict[str, Any]:
        switches = self._account.switches
        shown = {**_plain(entry.thing)}
        if KINDS[kind].has_state:
            is_ready = entry.is_ready(self._account.now())
            shown |= {"state": "READY" if is_ready else entry.pending, "ready": is_ready}
        if kind == "dnsrecord" and switches.quotes_txt and shown["type"] == "TXT":
            shown["content"] = f'"{self._account.published(entry.thing)}"'
        if kind == "cert" and entry.thing.is_opalstack_shared_cert:
            del shown["key"]
        for name in switches.null_fields & shown.keys():
            shown[name] = None
        if switches.extra_fields:
            shown |= {"status": "new", "of_a_later_version": {"since": 2030}}
        return shown

    def _embedded(self, shown: Any, embed: Set[str]) -> Any:
        if isinstance(shown, (list, tuple)):
            return [self._embedded(each, embed) for each in shown]
        if not isinstance(shown, dict):
            return shown
        return {
            name: self._object(_REFERENCES[name], value, embed)
            if name in embed and name in _REFERENCES
            else self._embedded(value, embed)
            for name, value in shown.items()
        }

    def _object(self, kind: str, value: Any, embed: Set[str]) -> Any:
        if isinstance(value, (list, tuple)):
            return [self._object(kind, each, embed) for each in value]
        try:
            return self._embedded(self._shown(kind, self._account.find(kind, value)), embed)
        except NotFoundError:  # null, or gone
            return None


def _plain(thing: Any) -> dict[str, Any]:
    hidden = {each.name for each in dataclasses.fields(thing) if each.metadata == HIDDEN}
    return {k: v for k, v in dataclasses.asdict(thing).items() if k not in hidden}
