"""certbot started by fork: each run is a process of its own that has paid for no import.

As a program this module imports certbot and the plugin once, then forks for each order. Time is
shortened there: the delays between tries, and the naps between two looks at the front end, of
certbot at its authorizations, and of acme at its order. The API's time-out is the order's.
Every order there has its challenges: nothing is left from the run before.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

RETRY_DELAYS = (0.05, 0.1, 0.2)
_NAP = 0.05


class Spawner:
    """Starts certbot runs, one after the other, in the environment ``environ``."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            env=dict(environ),
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._pid = 0
        self._started = threading.Event()

    def run(self, argv: list[str], output: Path, api_timeout: float = 60.0) -> int:
        """Run certbot; its output goes to the file. Return the exit status, or minus a signal.

        ``api_timeout`` is how many seconds the API may be silent: short only where it will be, for
        on a busy machine it may be for a while where it shouldn't.
        """
        self._started.clear()
        self._tell({"argv": argv, "output": str(output), "api_timeout": api_timeout})
        self._pid = int(self._answer())
        self._started.set()
        return os.waitstatus_to_exitcode(int(self._answer()))

    @property
    def pid(self) -> int:
        """The process that runs now."""
        self._started.wait()
        return self._pid

    def kill(self) -> None:
        """Kill the process that runs now, as kill -9 does."""
        os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """End the program."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _tell(self, order: dict[str, object]) -> None:
        assert self._process.stdin
        print(json.dumps(order), file=self._process.stdin, flush=True)

    def _answer(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline()


def _serve() -> None:
    """Obey orders; a child leaves this function through certbot, as a program of its own does."""
    _import_everything()
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if not pid:
            _become_certbot(order)
        print(pid, flush=True)
        print(os.waitpid(pid, 0)[1], flush=True)


def _import_everything() -> None:
    import certbot.main
    from certbot._internal.plugins.disco import PluginsRegistry

    import certbot_webfaction.hosts.cpanel.panel
    import certbot_webfaction.hosts.opalstack.panel
    import certbot_webfaction.hosts.webfaction.panel

    PluginsRegistry.find_all()
    assert certbot.main
    assert certbot_webfaction.hosts


def _become_certbot(order: Mapping[str, object]) -> None:
    import acme.client
    import certbot.main
    from certbot import util
    from certbot._internal import auth_handler

    from certbot_webfaction.hosts import tries, wire
    from certbot_webfaction.hosts.cpanel import transports
    from certbot_webfaction.hosts.opalstack import client as opalstack
    from certbot_webfaction.web import waiting

    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(str(order["output"]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
    os.dup2(1, 2)
    util._INITIAL_PID = os.getpid()  # else it takes us for a fork of certbot, and skips atexit
    api_timeout = order["api_timeout"]
    assert isinstance(api_timeout, float)
    wire.TIMEOUT = transports.COMMAND_TIMEOUT = opalstack.READY_WITHIN = api_timeout
    tries.RETRY_DELAYS = RETRY_DELAYS
    waiting.FIRST_PAUSE = waiting.LONGEST_PAUSE = _NAP
    for module in (auth_handler, acme.client):
        vars(module)["time"] = SimpleNamespace(sleep=_nap)  # they use nothing else of it
    client: Any = acme.client.ClientV2
    client.new_order = _until_nothing_is_reused(client.new_order)
    argv = order["argv"]
    assert isinstance(argv, list)
    sys.argv = ["certbot", *argv]
    sys.exit(certbot.main.main(argv))


def _until_nothing_is_reused(new_order: Callable[..., Any]) -> Callable[..., Any]:
    """Pebble takes one valid authorization in a hundred again where it is told to take none:
    its wfe.go compares ``rand.Intn(100) > authzReusePercent``."""

    def order(*arguments: Any, **options: Any) -> Any:
        from acme import messages

        while True:
            made = new_order(*arguments, **options)
            if all(entry.body.status != messages.STATUS_VALID for entry in made.authorizations):
                return made

    return order


_naps = (_NAP * 1.2**number for number in itertools.count())


def _nap(seconds: float) -> None:
    """Sleep, longer each time: certbot gives up after a number of looks, not after a time."""
    import time

    time.sleep(min(seconds, next(_naps)))


if __name__ == "__main__":
    _serve()
