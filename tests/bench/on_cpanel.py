"""Measuring on the stand-in of cPanel."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench.ground import LATENCY, Ground, Way, at_once, without
from tests.bench.scene import Site
from tests.sandbox.calls import Calls
from tests.sandbox.cpanel.client import Client
from tests.sandbox.cpanel.installs import Given
from tests.sandbox.cpanel.sandbox import CpanelSandbox

_INSTALL = {"SSL::install_ssl": 1, "SSL::installed_hosts": 1}
_FILES = {
    "Fileman::save_file_content": 2,
    "Fileman::mkdir": 2,
    "Fileman::fileop": 4,
    "Fileman::list_files": 7,
}
"""For the challenge files of two names, in directories that are made and removed."""


class Cpanel(Ground):
    """A virtual host has its certificate, and each upload is for one."""

    plugin = "cpanel"
    ways = (
        Way("plugin, on the host", _INSTALL),
        Way("plugin, by token", {**_INSTALL, **_FILES}, is_away=True),
    )
    never = frozenset({"SSL::list_keys"})
    first = 8

    def __init__(self) -> None:
        self.sandbox: CpanelSandbox = CpanelSandbox()

    @property
    def calls(self) -> Calls:
        return self.sandbox.panel.calls

    def slow_down(self) -> None:
        self.sandbox.panel.latency = LATENCY

    def add_sites(self, sites: Sequence[Site], *, https: bool) -> None:
        account = self.sandbox.account
        with at_once(account.listeners):
            for site in sites:
                account.add_subdomain(site.domains[0])
        if https:
            self.restore(sites)
        self.sandbox.wait_applied()

    def restore(self, sites: Sequence[Site]) -> None:
        account = self.sandbox.account
        with at_once(account.listeners):
            for site in sites:
                account.install(site.domains[0], Given(site.leaf, site.key, site.chain))
        self.sandbox.wait_applied()

    def webroot(self, site: Site) -> Path:
        return self.sandbox.account.host(site.domains[0]).document_root

    def environ(self, way: Way) -> dict[str, str]:
        environ = self.sandbox.environ()
        if way.is_away:
            environ["PATH"] = without(environ["PATH"], self.sandbox.command.directory)
        return environ

    def credentials(self, way: Way) -> str:
        return self.sandbox.credentials.read_text() if way.is_away else ""

    def ask(self, way: Way) -> Callable[[], object]:
        if way.is_away:
            client = Client(self.sandbox.panel, self.sandbox.server.url, str(self.sandbox.trusted))
            return lambda: client.uapi("Tokens", "list")
        line = [str(self.sandbox.command.path), "--output=json", "Features", "list_features"]
        return lambda: subprocess.run(line, stdout=subprocess.DEVNULL, check=True)

    def spent(self) -> float:
        return self.sandbox.command.spent()
