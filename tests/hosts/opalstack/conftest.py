"""Fixtures for the tests of the host Opalstack: its stand-in's API on a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from certbot_webfaction.hosts.host import Options
from certbot_webfaction.hosts.opalstack.client import Opalstack
from certbot_webfaction.hosts.opalstack.panel import Panel
from certbot_webfaction.hosts.opalstack.seen import Seen
from certbot_webfaction.web.route import Route
from tests.sandbox.opalstack.account import Account
from tests.sandbox.opalstack.api import ApiServer
from tests.sandbox.opalstack.switches import Switches
from tests.web.web import Time


@pytest.fixture
def time() -> Time:
    """A clock that only sleeping moves."""
    return Time()


@pytest.fixture
def switches() -> Switches:
    """The account's switches, to be turned by a test."""
    return Switches()


@pytest.fixture
def account(
    tmp_path: Path, time: Time, switches: Switches, monkeypatch: pytest.MonkeyPatch
) -> Account:
    """An account with nothing but a user, who is the one that this process runs as."""
    account = Account(tmp_path / "home", now=time.clock, switches=switches)
    for name in ("USER", "LOGNAME"):
        monkeypatch.setenv(name, account.osuser.name)
    monkeypatch.setenv("HOME", str(account.home_of(account.osuser)))
    return account


@pytest.fixture
def api(account: Account) -> Iterator[ApiServer]:
    """Its API."""
    with ApiServer(account) as api:
        yield api


@pytest.fixture
def client(api: ApiServer, time: Time) -> Opalstack:
    """A client with the account's token."""
    return client_with(api.account.token.key, api, time)


def client_with(token: str, api: ApiServer, time: Time) -> Opalstack:
    """A client with a token."""
    client = Opalstack({"token": token, "api_url": api.url}, time.clock, time.sleep)
    client.quiet = True
    return client


@pytest.fixture
def panel(client: Opalstack, time: Time, tmp_path: Path) -> Panel:
    """A panel over that."""
    return panel_over(client, time, tmp_path)


def panel_over(client: Opalstack, time: Time, folder: Path, **own: str) -> Panel:
    """A panel over a client, with the host's own options, or ``files``."""
    file = folder / "opalstack.ini"
    files = own.pop("files", "auto")
    options = Options(file, file, None, files, 0, Route(), dict(own), quiet=True)
    return Panel(Seen(lambda: client, time.clock), options)
