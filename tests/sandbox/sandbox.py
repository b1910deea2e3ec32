"""WebFaction on this machine: an account on its host, the host's servers, and a CA."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from tests.sandbox import site
from tests.sandbox.api import ApiServer
from tests.sandbox.ca import CA, Habits
from tests.sandbox.certbot import Certbot, Result
from tests.sandbox.frontend import FrontEnd
from tests.sandbox.host import Host
from tests.sandbox.processes import Process, Processes, SandboxError
from tests.sandbox.visitor import Response, Served, Visitor

SWIFT_AND_KIND = Habits()


class Sandbox:
    """A sandbox, up from `start` to `close` or as a context manager.

    Everything is below ``directory``, a temporary one; all servers listen on free ports of
    127.0.0.1. Nothing is left of it however the process that started it ends. ``delay`` is how many
    seconds the front end is behind the panel, ``habits`` how the CA behaves.

    ``host`` is the account's state (tests set their scene there), ``api`` the panel's API,
    ``front_end`` the web servers, ``ca`` the CA. `reset` replaces the first two.
    """

    def __init__(self, *, delay: float = 0.0, habits: Habits = SWIFT_AND_KIND) -> None:
        self._processes = Processes()
        self._django: Process | None = None
        self.directory = self._processes.directory
        self.front_end = FrontEnd(self._processes, delay)
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
        self.credentials = self._certbot.credentials

    def start(self) -> None:
        """Start everything; return when all of it answers."""
        try:
            self.ca.start()
            self._open_account(Host)
            self.front_end.start(self.host)
            self.ca.wait_until_up()
        except BaseException:
            self._processes.close()
            raise

    def close(self) -> None:
        """End every process and remove the directory."""
        self.api.close()
        self.front_end.close()
        self._processes.close()

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(
        self,
        type: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def reset(self, make_host: Callable[[Path], Host] = Host, delay: float = 0.0) -> None:
        """Begin anew with an empty account, and without anything of certbot's; the servers stay up.

        ``make_host`` makes the account, given the directory for homes.
        """
        self.host.listeners.clear()
        self.api.close()
        if self._django:
            with suppress(ProcessLookupError):  # it may have died of itself
                self._django.signal(signal.SIGKILL)
            self._django.wait_until_ended()  # it writes to the home that goes now
            self._django = None
        shutil.rmtree(self.directory / "home")
        shutil.rmtree(self.directory / "certbot")
        self.ca.forget()
        self.front_end.delay = delay
        self._open_account(make_host)
        self.front_end.changed(self.host)

    def add_django_site(self) -> None:
        """Put the guide's case on the account: see `tests.sandbox.site`."""
        self._django = site.start_django_site(self.host, self._processes)

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
        home = self.host.home_directory
        result = self._certbot.run(*args, home=home, input=input, timeout=timeout, env=env or {})
        if check and result.returncode:
            raise SandboxError(f"certbot {' '.join(args)} failed:\n{result.output}\n{result.log}")
        return result

    def environ(self) -> dict[str, str]:
        """The environment for commands of the account's user, certbot among them."""
        return self._certbot.environ(self.host.home_directory)

    def settings(self) -> dict[str, str]:
        """What to add to an environment so that certbot works against the sandbox."""
        return self._certbot.settings()

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

    def _open_account(self, make_host: Callable[[Path], Host]) -> None:
        homes = self.directory / "home"
        homes.mkdir(mode=0o755)
        self.host = make_host(homes)
        self.host.listeners.append(self._publish)
        self.api = ApiServer(self.host, call_log=self.directory / "calls.jsonl")
        self.api.start_listening()
        (self.directory / "certbot").mkdir()
        self._certbot.configure(self.host, self.api.url)

    def _publish(self) -> None:
        self.ca.dns.mirror(self.host)
        self.front_end.changed(self.host)
