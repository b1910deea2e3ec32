"""What is wanted of an account, and what was done to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from certbot_webfaction.books import document
from certbot_webfaction.books.document import CarryOver, DamagedError
from certbot_webfaction.books.journal import Journal
from certbot_webfaction.books.wanted import Wanted
from certbot_webfaction.lineages.files import is_there
from certbot_webfaction.panel.interface import Notes
from certbot_webfaction.panel.model import Change
from certbot_webfaction.replacing import Version, version

T = TypeVar("T")


class Books(Notes):
    """The two documents of one account: *wanted* and the journal.

    What is in memory is what was read last, and what was changed since; a hook that deploys may
    write them while certbot runs, so whoever starts something reads them anew.

    :param folder: where they lie
    :param carry_over: reads documents of version 1, where there are any
    """

    def __init__(self, folder: Path, carry_over: CarryOver | None = None) -> None:
        self.folder = folder
        self.wanted = Wanted()
        self.journal = Journal()
        self._carry_over = carry_over
        self._known: dict[Path, Version] = {}

    @property
    def wanted_path(self) -> Path:
        """Where *wanted* lies."""
        return self.folder / "wanted.json"

    @property
    def journal_path(self) -> Path:
        """Where the journal lies."""
        return self.folder / "journal.json"

    def read(self) -> set[str]:
        """Read both, unless they are as they were read or written last.

        What is damaged is kept aside.

        :returns: the names of the documents that are missing or damaged, and empty therefore
        :raises certbot.errors.PluginError: if one can't be read at all
        """
        lost: set[str] = set()
        self.wanted = self._read(self.wanted_path, self.wanted, lost)
        self.journal = self._read(self.journal_path, self.journal, lost)
        return lost

    def _read(self, path: Path, known: T, lost: set[str]) -> T:
        if is_there(path):
            present = version(path)
            if self._known.get(path) == present:
                return known
            try:
                found = document.read(path, type(known), self._carry_over)
                self._known[path] = present
                return found
            except DamagedError as damage:
                document.set_aside(path, damage)
        lost.add(path.stem)
        return type(known)()

    def peek(self) -> None:
        """Read both, for those who only look: nothing is kept aside, a missing one is empty.

        They are read anew by whoever reads them next.

        :raises certbot.errors.PluginError: if one is damaged or can't be read
        """
        self._known.clear()
        self.wanted = document.read(self.wanted_path, Wanted, self._carry_over)
        self.journal = document.read(self.journal_path, Journal, self._carry_over)

    def save(self) -> None:
        """Write both."""
        self.save_wanted()
        self.save_journal()

    def save_wanted(self) -> None:
        """Write *wanted*."""
        self._write(self.wanted_path, self.wanted)

    def save_journal(self) -> None:
        """Write the journal."""
        self._write(self.journal_path, self.journal)

    def _write(self, path: Path, content: Wanted | Journal) -> None:
        self._known.pop(path, None)  # if it fails, what is there is not what is in memory
        self._known[path] = document.write(path, content)

    @contextmanager
    def changing(self, change: Change) -> Iterator[Change]:
        self._note(change, done=False)
        yield change
        self._note(change, done=True)

    def _note(self, change: Change, *, done: bool) -> None:
        change.done = done
        self.journal.put(change)
        self.save_journal()

    def noted(self, what: str, on: str) -> Change | None:
        return self.journal.find(what, on)

    def forget(self, change: Change) -> None:
        self.journal.drop(change)
        self.save_journal()
