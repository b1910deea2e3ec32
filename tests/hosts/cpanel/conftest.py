"""An account on the stand-in for cPanel, and the panel over a token there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from certbot_webfaction.books import Books
from certbot_webfaction.hosts.cpanel.client import Client
from certbot_webfaction.hosts.cpanel.panel import Connection, Panel
from tests.hosts.webfaction.accounts import options
from tests.sandbox.cpanel.account import Account
from tests.sandbox.cpanel.panel import Panel as StandIn
from tests.sandbox.cpanel.server import PanelServer


@dataclass
class Place:
    """An account, what answers for it, and a panel of ours over a client with a token.

    ``slept`` are the seconds that the client waited.
    """

    account: Account
    stand_in: StandIn
    url: str
    directory: Path
    slept: list[float]

    def client(self, token: str = "") -> Client:
        """A new client."""
        name = f"token{len(self.account.tokens)}"
        credentials = {
            "api_url": self.url,
            "username": "alice",
            "token": token or self.account.create_token(name).token,
        }
        return Client(credentials, self.slept.append)

    def panel(self, files: str = "api") -> Panel:
        """A new panel, as another process has it."""
        client = self.client()
        credentials = {"username": "alice", "host": "host7", "api_url": self.url}
        connection = Connection(credentials, lambda _: client)
        return Panel(connection, options(self.directory, files=files))

    def books(self) -> Books:
        """Books to note changes in."""
        books = Books(self.directory / "books")
        books.save()
        return books

    def methods(self) -> list[str]:
        """The functions called since this was asked."""
        called = self.stand_in.calls.methods()
        self.stand_in.calls.clear()
        return called


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """An account with a main domain, an addon, a subdomain and a parked domain."""
    account = Account(tmp_path / "home")
    account.add_addon("shop.example")
    account.add_subdomain("blog.example.com")
    account.park("parked.example")
    with ExitStack() as stack:
        stand_in = StandIn(account)
        server = stack.enter_context(PanelServer(stand_in))
        yield Place(account, stand_in, server.url, tmp_path, [])
