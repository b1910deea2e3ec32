"""What we did to an account and have not undone or finished.

The journal is written before and after each change of the panel and is never rolled back: after a
crash it tells the next run what may have happened, and to a rollback it tells what was there
before. It holds no secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from certbot_webfaction.panel.model import Change


@dataclass
class Journal:
    """The changes that we made to one account, in their order."""

    changes: list[Change] = field(default_factory=list)

    def __post_init__(self) -> None:
        """See that what every host has is as it is to be.

        :raises TypeError: if it is not: somebody else wrote that
        """
        for change in self.changes:
            for name, kind in _FIELDS.get(change.what, {}).items():
                if not isinstance(change.after, dict) or type(change.after.get(name)) is not kind:
                    raise TypeError(f"{change.what} {change.on!r:.40} has no {name}")
            if change.what == Change.SITE and not isinstance(change.before, dict | None):
                raise TypeError(f"{change.what} {change.on!r:.40} held {change.before!r:.40}")
        self._by_field = {(change.what, change.on): change for change in reversed(self.changes)}

    def find(self, what: str, on: str) -> Change | None:
        """The change of a field, if there is one."""
        return self._by_field.get((what, on))

    def handle_of(self, source: str) -> str:
        """The handle under which a source's certificate is on the panel; ``""``: it is not."""
        change = self.find(Change.CERTIFICATE, source)
        return str(change.after["certificate"]) if change else ""

    def all(self, what: str) -> list[Change]:
        """The changes of one kind of resource."""
        return [change for change in self.changes if change.what == what]

    def made_for(self, purpose: str) -> list[Change]:
        """The changes that were made for a purpose."""
        return [change for change in self.changes if change.purpose == purpose]

    def put(self, change: Change) -> None:
        """Enter a change in the place of the one of the same field."""
        if known := self.find(change.what, change.on):
            self.changes[self.changes.index(known)] = change
        else:
            self.changes.append(change)
        self._by_field[change.what, change.on] = change

    def drop_field(self, what: str, on: str) -> None:
        """Take the change of a field out, if there is one."""
        if change := self.find(what, on):
            self.drop(change)

    def drop(self, change: Change) -> None:
        """Take a change out, if it is there."""
        if self.find(change.what, change.on) is change:
            del self._by_field[change.what, change.on]
            self.changes = [each for each in self.changes if each is not change]


_FIELDS: Mapping[str, Mapping[str, type]] = {
    Change.CERTIFICATE: {"certificate": str, "fingerprint": str},
    Change.SITE: {"certificate": str, "names": list, "made_from": str},
    Change.REDIRECT: {"label": str},
    Change.FILE: {"directory": str, "path": str, "made": list},
}
"""What the ``after`` of a change has at the least."""
