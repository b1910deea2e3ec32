"""Fixtures for the tests of the stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.cpanel.account import Account
from tests.sandbox.cpanel.authority import Authority
from tests.sandbox.cpanel.client import Client
from tests.sandbox.cpanel.command import Command
from tests.sandbox.cpanel.panel import Panel
from tests.sandbox.cpanel.sandbox import CpanelSandbox
from tests.sandbox.cpanel.server import PanelServer
from tests.sandbox.processes import SandboxError


@pytest.fixture
def account(tmp_path: Path) -> Account:
    """An account with a main domain and nothing else."""
    return Account(tmp_path / "home")


@pytest.fixture
def panel(account: Account) -> Panel:
    """The panel of the account."""
    return Panel(account)


@pytest.fixture
def server(panel: Panel, tmp_path: Path) -> Iterator[PanelServer]:
    """The panel over plain HTTP."""
    with PanelServer(panel, access_log=tmp_path / "access_log") as running:
        yield running


@pytest.fixture
def client(panel: Panel, server: PanelServer) -> Client:
    """A client with a token."""
    return Client(panel, server.url)


@pytest.fixture
def command(panel: Panel, tmp_path: Path) -> Iterator[Command]:
    """The panel as a command."""
    running = Command(panel, tmp_path / "bin")
    yield running
    running.close()


@pytest.fixture(scope="session")
def authority() -> Authority:
    """A CA that the server does not know."""
    return Authority("Unknown")


class _Running:
    """The sandbox of this process: started with the first test that needs it."""

    def __init__(self) -> None:
        self._sandbox: CpanelSandbox | None = None

    def fresh(self) -> CpanelSandbox:
        """Give it with a new account, and a new one where a test has left it unable to go on."""
        if self._sandbox:
            try:
                self._sandbox.reset()
                self._sandbox.wait_applied()
            except (SandboxError, OSError):
                self.close()
        if not self._sandbox:
            self._sandbox = CpanelSandbox()
            self._sandbox.start()
        return self._sandbox

    def close(self) -> None:
        """End it."""
        if self._sandbox:
            self._sandbox.close()
        self._sandbox = None


@pytest.fixture(scope="session")
def _running() -> Iterator[_Running]:
    running = _Running()
    yield running
    running.close()


@pytest.fixture
def sandbox(_running: _Running) -> CpanelSandbox:
    """A sandbox with a new account; its servers are shared by the tests of one process."""
    return _running.fresh()
