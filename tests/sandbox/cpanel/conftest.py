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


@pytest.fixture
def sandbox(cpanel: CpanelSandbox) -> CpanelSandbox:
    """A sandbox with a new account; its servers are shared by the tests of one process."""
    return cpanel
