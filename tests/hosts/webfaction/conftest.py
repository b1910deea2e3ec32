"""A host with its API on a real socket, and uploads made of real certificates."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from certbot._internal.display import obj

from certbot_webfaction.hosts.host import Credentials
from certbot_webfaction.hosts.webfaction.client import WebFaction
from certbot_webfaction.panel.model import Upload
from tests.sandbox.api import ApiServer
from tests.sandbox.certificates import write_self_signed
from tests.sandbox.host import Host


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """An empty account on the host."""
    return Host(tmp_path / "home")


@pytest.fixture
def api(host: Host) -> Iterator[ApiServer]:
    """The API of that account."""
    with ApiServer(host) as server:
        yield server


@pytest.fixture
def waits() -> list[float]:
    """The seconds that `panel` would have waited between its tries."""
    return []


@pytest.fixture
def panel(host: Host, api: ApiServer, waits: list[float]) -> WebFaction:
    """The client, which waits in no time."""
    return WebFaction(credentials(host, api), sleep=waits.append)


def credentials(host: Host, api: ApiServer, **changes: str) -> Credentials:
    """What logs in at ``api``, with some values changed."""
    right = {"username": host.username, "password": host.password, "machine": host.machine}
    return right | {"api_url": api.url} | changes


@pytest.fixture(scope="session")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> tuple[Upload, Upload]:
    """Two certificates for shop.example.com and www.shop.example.com, with keys and a chain."""
    folder = tmp_path_factory.mktemp("certificates")
    names = ("shop.example.com", "www.shop.example.com")
    leaf, key, chain = folder / "leaf.pem", folder / "key.pem", folder / "chain.pem"
    write_self_signed(chain, key, "A made-up CA")
    made = []
    for _ in range(2):
        write_self_signed(leaf, key, *names)
        made.append(Upload(leaf.read_text(), key.read_text(), chain.read_text()))
    return made[0], made[1]


@pytest.fixture
def notices(_display: None) -> io.StringIO:
    """What is shown at the terminal."""
    shown = io.StringIO()
    obj.set_display(obj.NoninteractiveDisplay(shown))
    return shown
