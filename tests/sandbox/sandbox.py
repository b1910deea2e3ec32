"""WebFaction on this machine: an account on its host, the host's servers, and a CA."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.sandbox import site
from tests.sandbox.api import ApiServer
from tests.sandbox.base import SWIFT_AND_KIND, AnySandbox
from tests.sandbox.ca import Habits
from tests.sandbox.frontend import FrontEnd
from tests.sandbox.host import Host
from tests.sandbox.processes import Processes


class Sandbox(AnySandbox):
    """WebFaction's. ``delay`` is how many seconds the front end is behind the panel.

    ``host`` is the account's state (tests set their scene there), ``api`` the panel's API,
    ``front_end`` the web servers. `reset` replaces the first two.
    """

    plugin = "webfaction"

    def __init__(self, *, delay: float = 0.0, habits: Habits = SWIFT_AND_KIND) -> None:
        processes = Processes()
        self.front_end = FrontEnd(processes, delay)
        super().__init__(processes, self.front_end.ports, habits)
        self.followers = [self.front_end]

    @property
    def home(self) -> Path:
        """The home directory of the account's user."""
        return self.host.home_directory

    def reset(self, make_host: Callable[[Path], Host] = Host, delay: float = 0.0) -> None:
        """Begin anew with an empty account, and without anything of certbot's; the servers stay up.

        ``make_host`` makes the account, given the directory for homes.
        """
        self._clear()
        self.front_end.delay = delay
        self._open_account(make_host)

    def add_django_site(self) -> None:
        """Put the guide's case on the account: see `tests.sandbox.site`."""
        self._django = site.start_django_site(self.host, self._processes)

    def _open_account(self, make_host: Callable[[Path], Host] = Host) -> None:
        self.host = make_host(self._new_homes())
        self.host.listeners.append(self._publish)
        self.api = ApiServer(self.host, call_log=self.directory / "calls.jsonl")
        self.api.start_listening()
        credentials = {
            "username": self.host.username,
            "password": f"'''{self.host.password}'''",
            "machine": self.host.machine,
            "api_url": self.api.url,
        }
        self._certbot.configure(self.plugin, credentials)
        self.front_end.changed(self.host)

    def _close_account(self) -> None:
        self.host.listeners.clear()
        self.api.close()

    def _publish(self) -> None:
        self.ca.dns.mirror(self.host)
        self.front_end.changed(self.host)
