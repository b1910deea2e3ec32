"""The command on the host: what it is given, and what it makes of what comes back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from certbot_webfaction.hosts.cpanel import CPANEL
from certbot_webfaction.hosts.cpanel.client import Client
from certbot_webfaction.hosts.cpanel.credentials import at_hand, user_of
from certbot_webfaction.hosts.cpanel.model import handle_of
from certbot_webfaction.panel.errors import ImpossibleError, PanelError, PanelUnreachableError
from tests.hosts.cpanel.test_client import upload
from tests.sandbox.cpanel.account import Account
from tests.sandbox.cpanel.command import Command
from tests.sandbox.cpanel.panel import Panel
from tests.sandbox.faults import HANG_BEFORE, RESET_BEFORE, TRUNCATED


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """``uapi`` on the PATH of an account."""
    running = Command(Panel(Account(tmp_path / "home")), tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{running.directory}:{os.environ['PATH']}")
    yield running
    running.close()


@pytest.fixture
def account(command: Command) -> Account:
    """Its account."""
    return command._panel.account


def here(username: str = "") -> Client:
    """A client on the host, which never waits."""
    return Client({"api_url": "uapi", "username": username}, lambda _: None)


def test_secrets_go_over_standard_input(command: Command) -> None:
    """Neither key nor certificate is an argument."""
    ours, client = upload("example.com"), here()
    client.domains()
    client.install("example.com", "virtual host", ours, "")
    assert all(len(arguments) == 4 for arguments in command.runs)
    assert all("--input=json" in arguments for arguments in command.runs)


def test_a_command_without_standard_input_gets_arguments(
    command: Command, account: Account
) -> None:
    """Encoded, so that a plus stays a plus; it is tried twice, as one failure may be anything."""
    account.switches.json_input = False
    ours, client = upload("example.com"), here()
    for _ in range(3):
        client.domains()
    found = client.install("example.com", "virtual host", ours, "")
    assert found["example.com"].handle == handle_of(ours.leaf)
    assert sum("--input=json" in arguments for arguments in command.runs) == 2
    assert any("%2B" in word for arguments in command.runs for word in arguments)


@pytest.mark.parametrize("decodes", [True, False])
def test_what_it_makes_of_its_input_is_found_out(account: Account, *, decodes: bool) -> None:
    """By an install that is refused otherwise; a refusal for another reason stays one."""
    account.switches.json_input_decoded = decodes
    client = here()
    client.domains()
    first, second = upload("example.com"), upload("example.com")
    for ours in (first, second):
        found = client.install("example.com", "virtual host", ours, "")
        assert found["example.com"].handle == handle_of(ours.leaf)
    account.switches.takes_ecdsa = False
    with pytest.raises(PanelError, match=r"ASN\.1"):
        client.install("example.com", "virtual host", upload("example.com"), "")


def test_noise_of_the_host_is_no_failure(command: Command, account: Account) -> None:
    """On either stream, and whatever the exit status."""
    switches = account.switches
    switches.hook_noise = switches.leading_noise = switches.exit_status = True
    assert here().domains()[0].domain == "example.com"


@pytest.mark.parametrize("fault", [RESET_BEFORE, TRUNCATED])
def test_a_run_that_dies_is_repeated(command: Command, fault: object) -> None:
    """It prints nothing, or half an answer."""
    command._panel.faults.on(2, fault)  # type: ignore[arg-type]  # either
    client = here()
    client.domains()
    assert client.domains()[0].domain == "example.com"


def test_a_run_that_hangs_is_ended(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while."""
    monkeypatch.setattr("certbot_webfaction.hosts.cpanel.transports.COMMAND_TIMEOUT", 0.5)
    for number in range(1, 5):
        command._panel.faults.on(number, HANG_BEFORE)
    with pytest.raises(PanelUnreachableError, match="no answer in"):
        here().domains()


def test_root_is_told_to_name_the_account(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is heard once it does."""
    account.switches.caller_is_root = True
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(PanelError, match="cpanel_username = NAME"):
        here().domains()
    assert here("alice").domains()


def test_the_older_api_is_not_tried_in_a_shell(account: Account) -> None:
    """It does not work on many hosts; a token does."""
    with pytest.raises(ImpossibleError, match="too old"):
        here().ask_api2("ZoneEdit::fetchzone_records", domain="example.com")


def test_the_command_needs_no_credentials(command: Command) -> None:
    """A token wins over it, and what is incomplete is for nobody."""
    token = {"username": "alice", "token": "T", "host": "host7"}
    assert at_hand({}) == {"api_url": "uapi"}
    assert at_hand({"username": "alice"}) == {"username": "alice", "api_url": "uapi"}
    assert at_hand(token) == {**token, "api_url": "https://host7:2083/"}
    assert at_hand({**token, "api_url": "https://x/"}) == {**token, "api_url": "https://x/"}
    assert at_hand({**token, "api_url": CPANEL.api_url}) == at_hand(token)
    assert at_hand({"username": "alice", "token": "T"}) is None
    assert at_hand({"host": "host7"}) is None
    assert user_of({"username": "bob"}) == "bob"
    assert user_of({})


def test_without_the_command_a_token_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """This is no cPanel host."""
    monkeypatch.setenv("PATH", "/nonexistent")
    assert at_hand({}) is None
    with pytest.raises(PanelUnreachableError, match="can't be run"):
        here().domains()
