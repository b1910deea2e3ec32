"""Getting what is missing: when one failure after another ends the run."""

from __future__ import annotations

from pathlib import Path

import pytest

from certbot_webfaction.command.setup.work import Work
from tests.command.diagnosis.scene import Account
from tests.web.web import Web


@pytest.fixture
def account(tmp_path: Path) -> Account:
    """An account whose panel answers."""
    account = Account(tmp_path)
    account.config.namespace.no_verify_ssl = False
    return account


def test_what_is_said_of_three_in_a_row_is_said_of_all(account: Account) -> None:
    """Of two it may be chance, and one that works in between shows that it is none of all."""
    with Web() as ca:
        account.config.namespace.server = f"http://127.0.0.1:{ca.port}/"
        work = Work(account.account, account.config, [], [], print)
        ends = [bool(work._why_all_fail(said)) for said in ("a", "a", "", "a", "b", "a")]
        assert not any(ends)
        assert [bool(work._why_all_fail("a")) for _ in range(2)] == [False, True]


def test_two_certificates_that_were_got_in_vain_end_the_run(account: Account) -> None:
    """Each counts at the CA."""
    with Web() as ca:
        account.config.namespace.server = f"http://127.0.0.1:{ca.port}/"
        work = Work(account.account, account.config, [], [], print, wasted=1)
        assert work._why_all_fail("a") == ""
        work.wasted = 2
        assert work._why_all_fail("b").startswith("two certificates")
