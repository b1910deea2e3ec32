"""The host's front end, nginx before Apache, kept in step with the state of the panel."""

from __future__ import annotations

import os
import pwd
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from tests.sandbox.apache import Apache
from tests.sandbox.host import Host, Snapshot
from tests.sandbox.nginx import Nginx
from tests.sandbox.processes import Processes, SandboxError


@dataclass(frozen=True)
class _Change:
    """A state of the panel, and when the front end gets to know of it (`time.monotonic`)."""

    due: float
    snapshot: Snapshot
    webapps: Path


class FrontEnd:
    """Serves a host's websites on ``ports``, each change ``delay`` seconds after it was made."""

    def __init__(self, processes: Processes, delay: float) -> None:
        user = worker(processes.directory)
        self._apache = Apache(processes, user)
        self._nginx = Nginx(processes, user)
        self._changes: list[_Change] = []
        self._is_applying = False
        self._is_closing = False
        self._error: Exception | None = None
        self._condition = threading.Condition()
        self.ports = self._nginx.ports
        self.delay = delay

    def start(self, host: Host) -> None:
        """Start the servers with the host's present state."""
        self._apply(host.snapshot(), host.webapps)
        threading.Thread(target=self._follow, daemon=True).start()

    def changed(self, host: Host) -> None:
        """Serve the host's present state after the delay."""
        with self._condition:
            due = time.monotonic() + self.delay
            self._changes.append(_Change(due, host.snapshot(), host.webapps))
            self._condition.notify_all()

    def wait_applied(self, timeout: float = 50) -> None:
        """Return when every change so far is served, and nothing older is, to new connections.

        `SandboxError` if that fails, or takes longer than ``timeout`` seconds.
        """
        with self._condition:
            if not self._condition.wait_for(self._is_idle, timeout):
                raise SandboxError(f"The front end is not up to date after {timeout} seconds.")
            if self._error:
                raise SandboxError(f"The front end can't serve this: {self._error}")

    def close(self, timeout: float = 10) -> None:
        """Apply no further change; return when none is being applied, or after ``timeout`` seconds.

        One that is would write files while the directory is removed.
        """
        with self._condition:
            self._is_closing = True
            self._condition.notify_all()
            self._condition.wait_for(lambda: not self._is_applying, timeout)

    def _is_idle(self) -> bool:
        return not self._changes and not self._is_applying

    def _follow(self) -> None:
        while change := self._next():
            error: Exception | None = None
            try:
                self._apply(change.snapshot, change.webapps)
            except Exception as failure:  # shown by `wait_applied`; the next change may do better
                error = failure
            with self._condition:
                self._error = error
                self._is_applying = False
                self._condition.notify_all()

    def _next(self) -> _Change | None:
        """Wait for a change that is due; those that a later one has overtaken are dropped.

        After `close` there is none.
        """
        with self._condition:
            while not self._is_closing:
                now = time.monotonic()
                for index, change in reversed(list(enumerate(self._changes))):
                    if change.due <= now:
                        del self._changes[: index + 1]
                        self._is_applying = True
                        return change
                dues = [change.due for change in self._changes]
                self._condition.wait(min(dues) - now if dues else None)
        return None

    def _apply(self, snapshot: Snapshot, webapps: Path) -> None:
        self._apache.retire_former()  # one is left where nginx could not follow the last change
        self._apache.serve(snapshot, webapps)
        self._nginx.serve(snapshot, webapps, self._apache.ports)
        self._apache.retire_former()


def worker(directory: Path) -> pwd.struct_passwd | None:
    """The user that the workers run as: for root another one, since Apache refuses to be root.

    That is as on the host, and shows files that only their owner can read.
    """
    if os.getuid():
        return None
    closed = [parent for parent in directory.parents if not parent.stat().st_mode & 0o001]
    if closed:
        raise SandboxError(
            f"{closed[0]} is closed to other users; set TMPDIR to another directory."
        )
    directory.chmod(0o711)
    return pwd.getpwnam("nobody")
