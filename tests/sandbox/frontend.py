"""The host's front end, nginx before Apache, kept in step with the state of the panel."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from tests.sandbox.apache import Apache
from tests.sandbox.following import Follower
from tests.sandbox.host import Host, Snapshot
from tests.sandbox.nginx import Nginx
from tests.sandbox.processes import Processes, SandboxError

_State = tuple[Snapshot, Path]
"""What the panel has, and the directory of all apps."""


class FrontEnd(Follower[_State]):
    """Serves a host's websites on ``ports``, each change ``delay`` seconds after it was made."""

    def __init__(self, processes: Processes, delay: float) -> None:
        user = worker(processes.directory)
        self._apache = Apache(processes, user)
        self._nginx = Nginx(processes, user)
        self.ports = self._nginx.ports
        super().__init__(self._serve, delay)

    def changed(self, host: Host) -> None:
        """Serve the host's present state after the delay."""
        self.tell((host.snapshot(), host.webapps))

    def _serve(self, state: _State) -> None:
        snapshot, webapps = state
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
