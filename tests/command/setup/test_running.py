"""What a run of certbot said: what is wrong in it, and whether that is so for every other run."""

from __future__ import annotations

from pathlib import Path

import pytest
from acme import messages
from certbot._internal.display import util as display_util

from certbot_webfaction.command.setup import running
from certbot_webfaction.command.setup.running import Ca, is_refused_for_domain, why_all_fail
from certbot_webfaction.panel.errors import PanelUnreachableError
from tests.command.diagnosis.scene import Account

REPORT = """\
Requesting a certificate for bad.example.com

Certbot failed to authenticate some domains (authenticator: webfaction). The CA reported these:
  Domain: bad.example.com
  Type:   unauthorized
  Detail: 127.0.0.1: Invalid response: 403

Hint: The challenge files came back right.

"""
ADVICE = """\
Saving debug log to /logs/letsencrypt.log
Some challenges have failed.
Ask for help or search for solutions at https://community.letsencrypt.org. See the logfile.
"""


CA = Ca("https://localhost:1/dir", verify=True)
"""Nobody can reach it."""


@pytest.fixture
def account(tmp_path: Path) -> Account:
    """An account."""
    return Account(tmp_path)


def limited(detail: str) -> str:
    """What certbot says where a CA's limit is reached."""
    detail += (
        ", retry after 2026-12-01 12:00:00 UTC: see https://letsencrypt.org/docs/rate-limits/#a"
    )
    error = {"type": "urn:ietf:params:acme:error:rateLimited", "detail": detail}
    return display_util.describe_acme_error(messages.Error.from_json(error))


def test_what_the_ca_found_wrong_is_told_and_no_advice() -> None:
    """certbot tells it as a notice; without one, it is the error, told once."""
    told = running._what_is_wrong(REPORT, ADVICE)
    assert "Detail: 127.0.0.1: Invalid response: 403" in told
    assert "community" not in told
    assert running._what_is_wrong("Requesting", ADVICE * 2) == "Some challenges have failed."


def test_a_limit_for_a_domain_is_not_one_for_all(account: Account) -> None:
    """As boulder says it; one for the ACME account ends the run."""
    week = limited('too many certificates (50) already issued for "example.com" in the last 168h')
    same = limited("too many certificates (5) already issued for this exact set of identifiers")
    orders = limited("too many new orders (300) from this account in the last 3h0m0s")
    assert [is_refused_for_domain(said) for said in (week, same, orders)] == [True, False, False]
    ended = why_all_fail(orders, account.account, CA)
    assert ended.startswith("The CA takes no more")
    for said in (week, same):
        assert why_all_fail(said, account.account, CA).startswith("The CA (https")


def test_a_refused_login_is_not_tried_again(account: Account) -> None:
    """The panel may lock the account."""
    said = f"WebFaction refused it. The credentials file is {account.account.options.credentials}."
    assert why_all_fail(said, account.account, CA).startswith("The panel refuses the")
    assert account.panel.verbs() == []


def test_a_panel_that_does_not_answer_ends_the_run(account: Account) -> None:
    """With its own words; so does a CA, and otherwise only what certbot says."""
    account.panel.fail(1, "websites", error=PanelUnreachableError("No answer.", "Wait."))
    assert why_all_fail("odd", account.account, CA) == "No answer. Wait."
    assert why_all_fail("odd", account.account, CA) == (
        "The CA (https://localhost:1/dir) can't be reached: ConnectionError."
    )
    locked = "Another instance of Certbot is already running."
    assert why_all_fail(locked, account.account, CA).startswith("Nothing more can")


def test_what_a_wildcard_is_not_for_is_no_news() -> None:
    """Other websites that it covers have theirs, which `secure` tells by itself."""
    beside = (
        "The certificate example.com was not put everywhere: the https website blog also serves"
    )
    assert running._what_is_wrong("", f"{beside} www.blog.example.com.\nOdd.\n") == "Odd."
