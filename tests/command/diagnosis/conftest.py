"""Accounts to look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from certbot_webfaction.hosts.webfaction.model import Domain
from tests.command.diagnosis.scene import SHOP, Account


@pytest.fixture
def account(tmp_path: Path) -> Account:
    """An account with one app, the DNS of example.com, and nothing else."""
    account = Account(tmp_path)
    account.panel.zones["example.com"] = Domain("example.com", ())
    return account


@pytest.fixture
def healthy(account: Account) -> Account:
    """The same with a website whose lineage is installed."""
    account.add_website("shop", SHOP)
    account.add_lineage(SHOP)
    account.install(SHOP, "shop")
    return account
