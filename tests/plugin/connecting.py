"""A panel in memory where the plugins of this process find it."""

from __future__ import annotations

from pathlib import Path

import pytest

from certbot_webfaction import account
from certbot_webfaction.account import Memory
from certbot_webfaction.books import Books
from certbot_webfaction.hosts.webfaction import WEBFACTION
from certbot_webfaction.hosts.webfaction.seen import Seen
from tests.hosts.webfaction.fake import FakePanel


def connect(
    monkeypatch: pytest.MonkeyPatch, panel: FakePanel, config_dir: Path, username: str
) -> None:
    """Let the account of a user at ``http://127.0.0.1/`` lead to a panel, in a new process."""
    folder = config_dir / "webfaction" / f"{username}@127.0.0.1"
    seen = Seen(lambda: panel)
    memory = Memory(lambda: seen, Books(folder, WEBFACTION.carry_over))
    monkeypatch.setitem(account._memories, folder, memory)
