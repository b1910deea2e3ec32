"""The sandbox's servers as processes, and the ports that they listen on."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.ports import reserve
from tests.sandbox import guardian

POLL_SECONDS = 0.01


class SandboxError(Exception):
    """The sandbox can't do its part. Its text says what and why."""


@dataclass(frozen=True)
class Process:
    """A running server; ``log`` is the file that its output goes to."""

    name: str
    pid: int
    log: Path

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def wait_until(self, ready: Callable[[], bool], what: str, timeout: float = 40) -> None:
        """Wait until ``ready()``; `SandboxError` with the end of the log if that never comes."""
        deadline = time.monotonic() + timeout
        while not ready():
            if not self._alive() or time.monotonic() > deadline:
                log = self.log.read_text(errors="replace") if self.log.exists() else ""
                raise SandboxError(f"{self.name}: {what} failed. Its log ends:\n{log[-2000:]}")
            time.sleep(POLL_SECONDS)

    def wait_until_ended(self) -> None:
        """Wait until it is gone."""
        while self._alive():
            time.sleep(POLL_SECONDS)

    def _alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True


class Processes:
    """A sandbox's processes, in the hands of its guardian, and its ``directory``.

    Several threads may start processes: tests do, and the front end in its own.
    """

    def __init__(self) -> None:
        self._reserved: list[socket.socket] = []
        self._lock = threading.Lock()  # whoever orders has to read the answer to that
        self._guardian = subprocess.Popen(
            [sys.executable, "-I", "-S", str(guardian.__file__)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C in the terminal must not reach it or the servers
        )
        self.directory = Path(self._answer())

    def port(self) -> int:
        """A free port of 127.0.0.1, kept from all other programs until `close`.

        Servers that set SO_REUSEADDR may bind it nevertheless.
        """
        while True:
            reserved = reserve()
            self._reserved.append(reserved)
            port = int(reserved.getsockname()[1])
            if _free_for_udp(port):  # the name server listens on both
                return port

    def start(
        self,
        name: str,
        argv: Sequence[str | Path],
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: pwd.struct_passwd | None = None,
    ) -> Process:
        """Start a server in the foreground; its output goes to ``NAME.log``."""
        log = self.directory / f"{name}.log"
        order = {
            "argv": [str(part) for part in argv],
            "env": {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", **(env or {})},
            "cwd": str(cwd or self.directory),
            "log": str(log),
            "uid": user.pw_uid if user else None,
            "gid": user.pw_gid if user else None,
        }
        assert self._guardian.stdin
        with self._lock:
            print(json.dumps(order), file=self._guardian.stdin, flush=True)
            return Process(name, int(self._answer()), log)

    def close(self) -> None:
        """End every process and remove the directory; return when that is done."""
        assert self._guardian.stdin
        assert self._guardian.stdout
        with self._lock:
            self._guardian.stdin.close()
        self._guardian.wait()
        self._guardian.stdout.close()
        for reserved in self._reserved:
            reserved.close()

    def _answer(self) -> str:
        assert self._guardian.stdout
        line = self._guardian.stdout.readline()
        if not line:
            raise SandboxError("The guardian of the sandbox's processes has died.")
        return line.rstrip("\n")


def listens(port: int) -> bool:
    """Whether something accepts connections on this port of 127.0.0.1."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_for_udp(port: int) -> bool:
    with socket.socket(type=socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False
