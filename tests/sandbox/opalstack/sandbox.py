"""Opalstack on this machine: an account on its host, the host's servers, and a CA."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.sandbox.base import SWIFT_AND_KIND, AnySandbox
from tests.sandbox.ca import Habits
from tests.sandbox.opalstack.account import Account
from tests.sandbox.opalstack.api import ApiServer
from tests.sandbox.opalstack.frontend import FrontEnd
from tests.sandbox.processes import Processes, listens
from tests.sandbox.site import DOMAINS, start_project


class OpalstackSandbox(AnySandbox):
    """Opalstack's. How the host behaves is ``account.switches``.

    ``account`` is the account's state (tests set their scene there), ``api`` the panel's API,
    ``front_end`` the web servers and what brings records to the public DNS. `reset` replaces the
    first two.
    """

    plugin = "opalstack"

    def __init__(self, *, habits: Habits = SWIFT_AND_KIND) -> None:
        processes = Processes()
        self.front_end = FrontEnd(processes)
        super().__init__(processes, self.front_end.ports, habits)
        self.front_end.publish_at(self.ca.dns)
        self.followers = [self.front_end]

    @property
    def home(self) -> Path:
        """The home directory of the account's first user."""
        return self.account.home_of(self.account.osuser)

    def reset(self, make_account: Callable[[Path], Account] = Account) -> None:
        """Begin anew with an empty account, and without anything of certbot's; the servers stay up.

        ``make_account`` makes the account, given the directory for homes.
        """
        self._clear()
        self._open_account(make_account)

    def add_django_site(self) -> None:
        """A Django project on a proxied app, at the domains of `tests.sandbox.site`."""
        app = self.account.add_app("mysite", "CUS")
        self._django = start_project(self.account.directory(app), app.port, self._processes)
        self.account.add_site("mysite", DOMAINS, {"/": app})
        self._django.wait_until(lambda: listens(app.port), "start")

    def settings(self) -> dict[str, str]:
        """What to add to an environment, with what tells commands who they run as."""
        user = self.account.osuser.name
        return {**super().settings(), "USER": user, "LOGNAME": user}

    def _open_account(self, make_account: Callable[[Path], Account] = Account) -> None:
        self.account = make_account(self._new_homes())
        self.account.listeners.append(self._publish)
        self.api = ApiServer(self.account, call_log=self.directory / "calls.jsonl")
        self.api.start_listening()
        credentials = {"token": self.account.token.key, "api_url": self.api.url}
        self._certbot.configure(self.plugin, credentials)
        self._publish()

    def _close_account(self) -> None:
        self.account.listeners.clear()
        self.api.close()

    def _publish(self) -> None:
        self.front_end.tell(self.account)
