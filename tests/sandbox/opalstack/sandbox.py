"""Opalstack on this machine: an account on its host, the host's servers, and a CA."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from tests.sandbox.ca import CA, Habits
from tests.sandbox.certbot import Result
from tests.sandbox.opalstack.account import Account
from tests.sandbox.opalstack.api import ApiServer
from tests.sandbox.opalstack.certbot import Certbot
from tests.sandbox.opalstack.frontend import FrontEnd
from tests.sandbox.processes import Process, Processes, SandboxError, listens
from tests.sandbox.sandbox import SWIFT_AND_KIND
from tests.sandbox.site import DOMAINS, start_project
from tests.sandbox.visitor import Response, Served, Visitor


class OpalstackSandbox:
    """A sandbox, up from `start` to `close` or as a context manager.

    Everything is below ``directory``, a temporary one; all servers listen on free ports of
    127.0.0.1. Nothing is left of it however the process that started it ends. ``habits`` is how the
    CA behaves; how the host does is ``account.switches``.

    ``account`` is the account's state (tests set their scene there), ``api`` the panel's API,
    ``front_end`` the web servers, ``ca`` the CA with the DNS. `reset` replaces the first two.
    """

    def __init__(self, *, habits: Habits = SWIFT_AND_KIND) -> None:
        self._processes = Processes()
        self.directory = self._processes.directory
        self.front_end = FrontEnd(self._processes)
        self.ports = self.front_end.ports
        self.ca = CA(self._processes, self.ports.http, habits)
        self._visitor = Visitor(self.ports)
        self._certbot = Certbot(
            self.directory / "certbot",
            self.directory,
            ca_url=self.ca.url,
            ca_bundle=self.ca.bundle,
            http=self.ports.http,
            https=self.ports.https,
            dns=self.ca.dns.port,
        )
        self.config_dir = self._certbot.config_dir
        self._django: Process | None = None

    @property
    def credentials(self) -> Path:
        """The plugin's credentials file."""
        return self._certbot.credentials

    def start(self) -> None:
        """Start everything; return when all of it answers."""
        try:
            self.ca.start()
            self._open_account(Account)
            self.ca.wait_until_up()
            self.front_end.start(self.account, self.ca.dns)
        except BaseException:
            self._processes.close()
            raise

    def close(self) -> None:
        """End every process and remove the directory."""
        self.api.close()
        self.front_end.close()
        self._processes.close()

    def __enter__(self) -> OpalstackSandbox:
        self.start()
        return self

    def __exit__(
        self,
        type: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def reset(self, make_account: Callable[[Path], Account] = Account) -> None:
        """Begin anew with an empty account, and without anything of certbot's; the servers stay up.

        ``make_account`` makes the account, given the directory for homes.
        """
        self.account.listeners.clear()
        self.api.close()
        if self._django:
            with suppress(ProcessLookupError):  # it may have died of itself
                self._django.signal(signal.SIGKILL)
            self._django.wait_until_ended()  # it writes to the home that goes now
            self._django = None
        shutil.rmtree(self.directory / "home")
        shutil.rmtree(self.directory / "certbot")
        self.ca.forget()
        self._open_account(make_account)
        self.front_end.follow(self.account)

    def add_django_site(self) -> None:
        """A Django project on a proxied app, at the domains of `tests.sandbox.site`."""
        app = self.account.add_app("mysite", "CUS")
        self._django = start_project(self.account.directory(app), app.port, self._processes)
        self.account.add_site("mysite", DOMAINS, {"/": app})
        self._django.wait_until(lambda: listens(app.port), "start")

    def wait_applied(self) -> None:
        """Return when the web server is as the panel says."""
        self.front_end.wait_applied()

    def certbot(
        self,
        *args: str,
        check: bool = True,
        input: str | None = None,
        timeout: float = 120,
        env: dict[str, str] | None = None,
    ) -> Result:
        """Run the real certbot; with ``check``, `SandboxError` if it fails.

        Without ``input`` it has no terminal and nothing to read. ``env`` is added to `environ`.
        """
        result = self._certbot.run(
            *args, home=self._home, input=input, timeout=timeout, env={**self._user, **(env or {})}
        )
        if check and result.returncode:
            raise SandboxError(f"certbot {' '.join(args)} failed:\n{result.output}\n{result.log}")
        return result

    def environ(self) -> dict[str, str]:
        """The environment for commands of the account's first user, certbot among them."""
        return {**self._certbot.environ(self._home), **self._user}

    def http(self, domain: str, path: str = "/", **headers: str) -> Response:
        """What a visitor gets over http; redirects are not followed."""
        return self._visitor.http(domain, path, **headers)

    def https(self, domain: str, path: str = "/", **headers: str) -> Response:
        """What a visitor gets over https who accepts any certificate."""
        return self._visitor.https(domain, path, **headers)

    def fetch_verified(self, domain: str, path: str = "/") -> Response:
        """What a visitor gets over https whose browser trusts the CA's roots.

        Raises `ssl.SSLCertVerificationError` where that browser would warn.
        """
        return self._visitor.verified(domain, self.ca.roots(), path)

    def served(self, domain: str) -> Served:
        """The certificate that the front end sends for a domain."""
        return self._visitor.served(domain)

    @property
    def _home(self) -> Path:
        return self.account.home_of(self.account.osuser)

    @property
    def _user(self) -> dict[str, str]:
        """What tells commands who they run as."""
        return {"USER": self.account.osuser.name, "LOGNAME": self.account.osuser.name}

    def _open_account(self, make_account: Callable[[Path], Account]) -> None:
        homes = self.directory / "home"
        homes.mkdir(mode=0o755)
        self.account = make_account(homes)
        self.account.listeners.append(self.front_end.changed)
        self.api = ApiServer(self.account, call_log=self.directory / "calls.jsonl")
        self.api.start_listening()
        (self.directory / "certbot").mkdir()
        self._certbot.configure_for(self.account, self.api.url)
