"""Fixtures for the tests of the Opalstack stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.opalstack.account import Account
from tests.sandbox.opalstack.api import ApiServer
from tests.sandbox.opalstack.client import Client
from tests.sandbox.opalstack.sandbox import OpalstackSandbox
from tests.sandbox.opalstack.switches import Switches
from tests.sandbox.processes import SandboxError


class Clock:
    """The time that readiness goes by."""

    seconds = 1000.0

    def __call__(self) -> float:
        """The time now."""
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def switches() -> Switches:
    """The account's switches, to be turned by a test."""
    return Switches()


@pytest.fixture
def account(tmp_path: Path, clock: Clock, switches: Switches) -> Account:
    """An account with nothing but a user."""
    return Account(tmp_path / "home", now=clock, switches=switches)


@pytest.fixture
def api(account: Account) -> Iterator[ApiServer]:
    """The API of the account."""
    with ApiServer(account) as api:
        yield api


@pytest.fixture
def client(api: ApiServer) -> Iterator[Client]:
    """A client with the account's first token."""
    client = Client(api.port, api.account.token.key)
    yield client
    client.close()


class _Running:
    """The sandbox of this process: started with the first test that needs it."""

    def __init__(self) -> None:
        self._sandbox: OpalstackSandbox | None = None

    def fresh(self) -> OpalstackSandbox:
        """Give it with an empty account, and a new one where a test has left it unable to go on."""
        if self._sandbox:
            try:
                self._sandbox.reset()
                self._sandbox.front_end.wait_applied()
            except (SandboxError, OSError):
                self.close()
        if not self._sandbox:
            self._sandbox = OpalstackSandbox()
            self._sandbox.start()
        return self._sandbox

    def close(self) -> None:
        """End it."""
        if self._sandbox:
            self._sandbox.close()
        self._sandbox = None


@pytest.fixture(scope="session")
def _running_opalstack() -> Iterator[_Running]:
    running = _Running()
    yield running
    running.close()


@pytest.fixture
def opalstack(_running_opalstack: _Running) -> OpalstackSandbox:
    """A sandbox with an empty account; its servers are shared by the tests of one process."""
    return _running_opalstack.fresh()
