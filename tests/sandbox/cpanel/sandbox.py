"""A cPanel host on this machine: an account, the panel, the web server, and a CA."""

from __future__ import annotations

import shutil
import ssl
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from tests.sandbox.ca import CA, Habits
from tests.sandbox.certbot import Result
from tests.sandbox.certificates import write_secret
from tests.sandbox.cpanel.account import Account, Visit
from tests.sandbox.cpanel.authority import LOOPBACK, Authority
from tests.sandbox.cpanel.certbot import Certbot
from tests.sandbox.cpanel.command import Command
from tests.sandbox.cpanel.following import Follower
from tests.sandbox.cpanel.frontend import FrontEnd
from tests.sandbox.cpanel.panel import Panel
from tests.sandbox.cpanel.server import PanelServer
from tests.sandbox.processes import Processes, SandboxError
from tests.sandbox.visitor import Response, Served, Visitor

_Records = tuple[dict[str, list[str]], dict[str, str]]

SWIFT_AND_KIND = Habits()


class CpanelSandbox:
    """A sandbox, up from `start` to `close` or as a context manager.

    Everything is below ``directory``, a temporary one; all servers listen on free ports of
    127.0.0.1. Nothing is left of it however the process that started it ends. ``delay`` is how many
    seconds the web server is behind the panel, ``habits`` how the CA behaves.

    ``account`` is the state (tests set their scene there), ``panel`` what answers calls (with the
    call log, faults and hooks), ``server`` its web server, ``command`` the program ``uapi``,
    ``front_end`` the web server of the sites, ``ca`` the CA, ``dns`` what brings the zones to the
    public DNS (with a ``delay``). `reset` replaces the first four.
    """

    def __init__(self, *, delay: float = 0.0, habits: Habits = SWIFT_AND_KIND) -> None:
        self._processes = Processes()
        self.directory = self._processes.directory
        self.front_end = FrontEnd(self._processes, delay)
        self.ports = self.front_end.ports
        self.ca = CA(self._processes, self.ports.http, habits)
        self.dns: Follower[_Records] = Follower(lambda records: self.ca.dns.publish(*records))
        self.trusted = self.directory / "trusted.pem"
        self._visitor = Visitor(self.ports)
        self._tls = _panel_tls(self.directory)
        self._certbot = Certbot(
            self.directory / "certbot",
            self.directory,
            ca_url=self.ca.url,
            ca_bundle=self.trusted,
            http=self.ports.http,
            https=self.ports.https,
            dns=self.ca.dns.port,
        )
        self.config_dir = self._certbot.config_dir

    @property
    def credentials(self) -> Path:
        """The plugin's credentials file, with a token."""
        return self._certbot.credentials

    def start(self) -> None:
        """Start everything; return when all of it answers."""
        try:
            self.ca.start()
            with self.trusted.open("a") as trusted:
                trusted.write(self.ca.bundle.read_text())
            self.ca.wait_until_up()
            self._open_account(Account)
            self.wait_applied()
        except BaseException:
            self._processes.close()
            raise

    def close(self) -> None:
        """End every process and remove the directory."""
        self._close_account()
        self.front_end.close()
        self.dns.close()
        self._processes.close()

    def __enter__(self) -> CpanelSandbox:
        self.start()
        return self

    def __exit__(
        self,
        type: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def reset(self, make_account: Callable[[Path], Account] = Account, delay: float = 0.0) -> None:
        """Begin anew with a new account, and without anything of certbot's; the servers stay up.

        ``make_account`` makes the account, given the directory for homes.
        """
        self._close_account()
        self.front_end.forget()
        self.dns.forget()
        shutil.rmtree(self.directory / "home")
        shutil.rmtree(self.directory / "certbot")
        self.ca.forget()
        self.front_end.stuck.clear()
        self.front_end.delay, self.dns.delay = delay, 0.0
        self._open_account(make_account)

    def wait_applied(self) -> None:
        """Return when sites and public DNS are as the panel says."""
        self.front_end.wait_applied()
        self.dns.wait_applied()

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
        home = self.account.home
        result = self._certbot.run(*args, home=home, input=input, timeout=timeout, env=more)
        if check and result.returncode:
            raise SandboxError(f"certbot {' '.join(args)} failed:\n{result.output}\n{result.log}")
        return result

    def environ(self) -> dict[str, str]:
        """The environment for commands of the account's user: ``uapi`` is on its PATH."""
        return {**self._certbot.environ(self.account.home), **self.settings()}

    def settings(self) -> dict[str, str]:
        """What to add to an environment so that certbot works against the sandbox."""
        settings = self._certbot.settings()
        path = f"{self.command.directory}:{settings['PATH']}"
        return {**settings, "PATH": path, "SSL_CERT_FILE": str(self.trusted)}

    def http(self, domain: str, path: str = "/", **headers: str) -> Response:
        """What a visitor gets over http; redirects are not followed."""
        return self._visitor.http(domain, path, **headers)

    def https(self, domain: str, path: str = "/", **headers: str) -> Response:
        """What a visitor gets over https who accepts any certificate."""
        return self._visitor.https(domain, path, **headers)

    def fetch_verified(self, domain: str, path: str = "/") -> Response:
        """What a visitor gets over https whose browser trusts the CA's roots, and AutoSSL's.

        Raises `ssl.SSLCertVerificationError` where that browser would warn.
        """
        roots = self.ca.roots() + self.account.autossl_authority.root
        return self._visitor.verified(domain, roots, path)

    def served(self, domain: str) -> Served:
        """The certificate that is sent for a domain."""
        return self._visitor.served(domain)

    def _open_account(self, make_account: Callable[[Path], Account]) -> None:
        homes = self.directory / "home"
        homes.mkdir(mode=0o755)
        self.account = make_account(homes)
        self.account.visit = self._visit
        self.account.listeners.append(self._publish)
        self.panel = Panel(self.account, call_log=self.directory / "calls.jsonl")
        access_log = self.directory / "access_log"
        self.server = PanelServer(self.panel, self._tls, access_log)
        self.server.start()
        self.command = Command(self.panel, self.directory / "bin")
        (self.directory / "certbot").mkdir()
        self._certbot.configure_for(self.account, self.server.url)
        self._publish()

    def _close_account(self) -> None:
        self.account.listeners.clear()
        self.server.close()
        self.command.close()

    def _publish(self) -> None:
        self.front_end.changed(self.account)
        self.dns.tell((self.account.texts(), self.account.aliases()))

    def _visit(self, name: str, path: str) -> Visit:
        met = self.http(name, path)
        return Visit(met.status, met.text, met.location)


def _panel_tls(directory: Path) -> ssl.SSLContext:
    """TLS with a certificate for the panel, whose root ``trusted.pem`` begins with."""
    authority = Authority("Panel")
    issued = authority.issue("localhost", LOOPBACK)
    certificate, key = directory / "panel.pem", directory / "panel-key.pem"
    certificate.write_text(issued.certificate + issued.chain)
    write_secret(key, issued.private_key)
    (directory / "trusted.pem").write_text(authority.root)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
