"""What the sandboxes of all hosts have: servers, a CA, visitors, and the real certbot."""

from __future__ import annotations

import shutil
import signal
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, TypeVar

from tests.sandbox.apache import Ports
from tests.sandbox.ca import CA, Habits
from tests.sandbox.certbot import Certbot, Result
from tests.sandbox.following import Follower
from tests.sandbox.processes import Process, Processes, SandboxError
from tests.sandbox.visitor import Response, Served, Visitor

SWIFT_AND_KIND = Habits()

Own = TypeVar("Own", bound="AnySandbox")


class AnySandbox(ABC):
    """A host on this machine, up from `start` to `close` or as a context manager.

    Everything is below ``directory``, a temporary one; all servers listen on free ports of
    127.0.0.1. Nothing is left of it however the process that started it ends. ``habits`` is how the
    CA, ``ca``, behaves. ``followers`` are the servers that follow the panel at some distance.
    """

    plugin: ClassVar[str]
    """The name of the host's plugin."""

    def __init__(
        self,
        processes: Processes,
        ports: Ports,
        habits: Habits,
        trusted: Path | None = None,
    ) -> None:
        self._processes = processes
        self._django: Process | None = None
        self.directory = processes.directory
        self.ports = ports
        self.ca = CA(processes, ports.http, habits)
        self.followers: list[Follower[Any]] = []
        self._visitor = Visitor(ports)
        self._certbot = Certbot(
            self.directory / "certbot",
            self.directory,
            ca_url=self.ca.url,
            ca_bundle=trusted or self.ca.bundle,
            http=ports.http,
            https=ports.https,
            dns=self.ca.dns.port,
        )
        self.config_dir = self._certbot.config_dir

    @property
    @abstractmethod
    def home(self) -> Path:
        """The home directory of the account's user."""

    @abstractmethod
    def _open_account(self) -> None:
        """Begin with a new account."""

    @abstractmethod
    def _close_account(self) -> None:
        """Let the account be asked and changed no more."""

    @property
    def credentials(self) -> Path:
        """The plugin's credentials file."""
        return self._certbot.credentials

    def start(self) -> None:
        """Start everything; return when all of it answers."""
        try:
            self.ca.start()
            self.ca.wait_until_up()
            self._open_account()
            self.wait_applied()
        except BaseException:
            self._processes.close()
            raise

    def close(self) -> None:
        """End every process and remove the directory."""
        self._close_account()
        for follower in self.followers:
            follower.close()
        self._processes.close()

    def __enter__(self: Own) -> Own:
        self.start()
        return self

    def __exit__(
        self,
        type: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _clear(self) -> None:
        """Take away everything of the account and of certbot's; the servers stay up."""
        self._close_account()
        for follower in self.followers:
            follower.forget()
        if self._django:
            with suppress(ProcessLookupError):  # it may have died of itself
                self._django.signal(signal.SIGKILL)
            self._django.wait_until_ended()  # it writes to the home that goes now
            self._django = None
        shutil.rmtree(self.directory / "home")
        shutil.rmtree(self.directory / "certbot")
        self.ca.forget()

    def _new_homes(self) -> Path:
        """Make the directory for homes, and certbot's."""
        homes = self.directory / "home"
        homes.mkdir(mode=0o755)
        (self.directory / "certbot").mkdir()
        return homes

    def wait_applied(self) -> None:
        """Return when web servers and public DNS are as the panel says."""
        for follower in self.followers:
            follower.wait_applied()

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
        more = {**self.settings(), **(env or {})}
        result = self._certbot.run(*args, home=self.home, input=input, timeout=timeout, env=more)
        if check and result.returncode:
            raise SandboxError(f"certbot {' '.join(args)} failed:\n{result.output}\n{result.log}")
        return result

    def environ(self) -> dict[str, str]:
        """The environment for commands of the account's user, certbot among them."""
        return {**self._certbot.environ(self.home), **self.settings()}

    def settings(self) -> dict[str, str]:
        """What to add to an environment so that certbot works against the sandbox."""
        return self._certbot.settings()

    def roots(self) -> str:
        """The roots that visitors' browsers trust, PEM."""
        return self.ca.roots()

    def http(self, domain: str, path: str = "/", **headers: str) -> Response:
        """What a visitor gets over http; redirects are not followed."""
        return self._visitor.http(domain, path, **headers)

    def https(self, domain: str, path: str = "/", **headers: str) -> Response:
        """What a visitor gets over https who accepts any certificate."""
        return self._visitor.https(domain, path, **headers)

    def fetch_verified(self, domain: str, path: str = "/") -> Response:
        """What a visitor gets over https whose browser trusts `roots`.

        Raises `ssl.SSLCertVerificationError` where that browser would warn.
        """
        return self._visitor.verified(domain, self.roots(), path)

    def served(self, domain: str) -> Served:
        """The certificate that is sent for a domain."""
        return self._visitor.served(domain)
