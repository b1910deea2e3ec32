"""`certbot-webfaction init --host`: a token that works is written, one that does not is not."""

from __future__ import annotations

import stat
import subprocess

from tests.e2e import command
from tests.sandbox.cpanel.sandbox import CpanelSandbox
from tests.sandbox.opalstack.sandbox import OpalstackSandbox

WRITTEN_HERE = ("--no-cron", "--no-cli-ini")


def init_opalstack(
    sandbox: OpalstackSandbox, token: str, *args: str
) -> subprocess.CompletedProcess[str]:
    """Set certbot up for the account with a token."""
    url = f"--opalstack-api-url={sandbox.api.url}"
    answers = ("--token-stdin", url, *WRITTEN_HERE, *args)
    return command.run(sandbox, "init", "--host", "opalstack", *answers, input=f"{token}\n")


def init_cpanel(sandbox: CpanelSandbox, token: str) -> subprocess.CompletedProcess[str]:
    """Set certbot up for the account with a token, from elsewhere."""
    url = f"--cpanel-api-url={sandbox.server.url}"
    account = ("--server", "localhost", "--username", sandbox.account.username)
    answers = (*account, "--token-stdin", url, *WRITTEN_HERE)
    return command.run(sandbox, "init", "--host", "cpanel", *answers, input=f"{token}\n")


def test_a_token_of_opalstack_is_written_and_works(opalstack: OpalstackSandbox) -> None:
    """The file is its owner's alone, and what comes next is the host's own command."""
    token = opalstack.account.token.key
    opalstack.credentials.unlink()
    done = init_opalstack(opalstack, token)
    assert done.returncode == 0, done.stderr
    assert "certbot run -a opalstack -i opalstack" in done.stdout
    assert f"opalstack_token = {token}" in opalstack.credentials.read_text()
    assert stat.S_IMODE(opalstack.credentials.stat().st_mode) == 0o600
    assert token not in done.stdout + done.stderr
    app = opalstack.account.add_app("blog")
    opalstack.account.add_site("blog", ("example.com",), {"/": app})
    opalstack.wait_applied()
    opalstack.certbot("run", "-a", "opalstack", "-i", "opalstack", "-d", "example.com")
    opalstack.wait_applied()
    opalstack.fetch_verified("example.com")


def test_a_token_that_opalstack_refuses_is_not_written(opalstack: OpalstackSandbox) -> None:
    """What is there stays."""
    before = opalstack.credentials.read_text()
    done = init_opalstack(opalstack, "x" * 40, "--yes")
    assert done.returncode == 1
    assert "certbot-webfaction init: The panel refused API token. It says:" in done.stderr
    assert opalstack.credentials.read_text() == before


def test_a_token_of_cpanel_is_written_and_works(cpanel: CpanelSandbox) -> None:
    """With server and user."""
    token = cpanel.account.create_token("second").token
    cpanel.credentials.unlink()
    done = init_cpanel(cpanel, token)
    assert done.returncode == 0, done.stderr
    text = cpanel.credentials.read_text()
    assert f"cpanel_token = {token}" in text
    assert f"cpanel_username = {cpanel.account.username}" in text
    assert token not in done.stdout + done.stderr
    cpanel.certbot("run", "-a", "cpanel", "-i", "cpanel", "-d", "example.com")
    cpanel.wait_applied()
    cpanel.fetch_verified("example.com")


def test_a_token_that_cpanel_refuses_is_not_written(cpanel: CpanelSandbox) -> None:
    """The account may be locked after a few, so it is tried once."""
    cpanel.credentials.unlink()
    cpanel.panel.calls.clear()
    done = init_cpanel(cpanel, "X" * 32)
    assert done.returncode == 1
    assert "refused" in done.stderr
    assert not cpanel.credentials.exists()
    assert len(cpanel.panel.calls.methods()) <= 1
