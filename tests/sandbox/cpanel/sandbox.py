"""A cPanel host on this machine: an account, the panel, the web server, and a CA."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

from tests.sandbox.base import SWIFT_AND_KIND, AnySandbox
from tests.sandbox.ca import Habits
from tests.sandbox.certificates import write_secret
from tests.sandbox.cpanel.account import Account, Visit
from tests.sandbox.cpanel.authority import LOOPBACK, Authority
from tests.sandbox.cpanel.command import Command
from tests.sandbox.cpanel.frontend import FrontEnd
from tests.sandbox.cpanel.panel import Panel
from tests.sandbox.cpanel.server import PanelServer
from tests.sandbox.following import Follower
from tests.sandbox.processes import Processes

_Records = tuple[dict[str, list[str]], dict[str, str]]


class CpanelSandbox(AnySandbox):
    """cPanel's. ``delay`` is how many seconds the web server is behind the panel.

    ``account`` is the state (tests set their scene there), ``panel`` what answers calls (with the
    call log, faults and hooks), ``server`` its web server, ``command`` the program ``uapi``,
    ``front_end`` the web server of the sites, ``dns`` what brings the zones to the public DNS (with
    a ``delay``). `reset` replaces the first four. The credentials file has a token.
    """

    plugin = "cpanel"

    def __init__(self, *, delay: float = 0.0, habits: Habits = SWIFT_AND_KIND) -> None:
        processes = Processes()
        self.front_end = FrontEnd(processes, delay)
        self.trusted = processes.directory / "trusted.pem"
        super().__init__(processes, self.front_end.ports, habits, self.trusted)
        self.dns: Follower[_Records] = Follower(lambda records: self.ca.dns.publish(*records))
        self.followers = [self.front_end, self.dns]
        self._authority = Authority("Panel")
        self._tls = _panel_tls(self._authority, self.directory)

    @property
    def home(self) -> Path:
        """The home directory of the account's user."""
        return self.account.home

    def reset(self, make_account: Callable[[Path], Account] = Account, delay: float = 0.0) -> None:
        """Begin anew with a new account, and without anything of certbot's; the servers stay up.

        ``make_account`` makes the account, given the directory for homes.
        """
        self._clear()
        self.front_end.stuck.clear()
        self.front_end.delay, self.dns.delay = delay, 0.0
        self._open_account(make_account)

    def settings(self) -> dict[str, str]:
        """What to add to an environment; ``uapi`` is on its PATH."""
        settings = super().settings()
        path = f"{self.command.directory}:{settings['PATH']}"
        return {**settings, "PATH": path, "SSL_CERT_FILE": str(self.trusted)}

    def roots(self) -> str:
        """The roots of the CA, and AutoSSL's."""
        return super().roots() + self.account.autossl_authority.root

    def _open_account(self, make_account: Callable[[Path], Account] = Account) -> None:
        self.account = make_account(self._new_homes())
        self.account.visit = self._visit
        self.account.listeners.append(self._publish)
        self.panel = Panel(self.account, call_log=self.directory / "calls.jsonl")
        self.server = PanelServer(self.panel, self._tls, self.directory / "access_log")
        self.server.start()
        self.trusted.write_text(self._authority.root + self.ca.bundle.read_text())
        self.command = Command(self.panel, self.directory / "bin")
        credentials = {
            "url": self.server.url,
            "username": self.account.username,
            "token": self.account.create_token("certbot").token,
        }
        self._certbot.configure(self.plugin, credentials)
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


def _panel_tls(authority: Authority, directory: Path) -> ssl.SSLContext:
    """TLS with a certificate for the panel."""
    issued = authority.issue("localhost", LOOPBACK)
    certificate, key = directory / "panel.pem", directory / "panel-key.pem"
    certificate.write_text(issued.certificate + issued.chain)
    write_secret(key, issued.private_key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
