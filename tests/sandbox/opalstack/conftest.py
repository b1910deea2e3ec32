"""Fixtures for the tests of the Opalstack stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.opalstack.account import Account
from tests.sandbox.opalstack.api import ApiServer
from tests.sandbox.opalstack.client import Client
from tests.sandbox.opalstack.switches import Switches


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
