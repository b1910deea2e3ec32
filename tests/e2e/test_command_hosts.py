"""`certbot-webfaction --host`: each subcommand on each host."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess

import pytest

from tests.e2e import command
from tests.e2e.cpanel import install_by_hand
from tests.sandbox.base import AnySandbox
from tests.sandbox.cpanel.sandbox import CpanelSandbox
from tests.sandbox.opalstack.sandbox import OpalstackSandbox
from tests.sandbox.sandbox import Sandbox

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
    hostname = opalstack.account.server.hostname
    assert f"This host: {hostname}, user alice; files are written here." in done.stdout
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


def test_in_a_shell_of_cpanel_nothing_is_asked_for(cpanel: CpanelSandbox) -> None:
    """Nor written: the panel is at hand there."""
    cpanel.credentials.unlink()
    done = command.run(cpanel, "init", "--host", "cpanel", *WRITTEN_HERE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("The panel wants no credentials here.\nNext, ")
    assert not cpanel.credentials.exists()


def test_a_token_that_cpanel_refuses_is_not_written(cpanel: CpanelSandbox) -> None:
    """The account may be locked after a few, so it is tried once."""
    cpanel.credentials.unlink()
    cpanel.panel.calls.clear()
    done = init_cpanel(cpanel, "X" * 32)
    assert done.returncode == 1
    assert "refused" in done.stderr
    assert not cpanel.credentials.exists()
    assert len(cpanel.panel.calls.methods()) <= 1


BOTH = ("-d", "example.com", "-d", "www.example.com")
JOB = f"0 5 * * * {command.certbot()} renew -q"


@pytest.fixture(params=["cpanel", "opalstack"])
def secured(request: pytest.FixtureRequest) -> tuple[str, AnySandbox]:
    """A host's name, and an account of it with a website that got https."""
    host: str = request.param
    sandbox: CpanelSandbox | OpalstackSandbox = request.getfixturevalue(host)
    if isinstance(sandbox, OpalstackSandbox):
        app = sandbox.account.add_app("blog")
        sandbox.account.add_site("blog", ("example.com", "www.example.com"), {"/": app})
        sandbox.wait_applied()
    sandbox.certbot("run", "-a", host, "-i", host, *BOTH)
    sandbox.wait_applied()
    return host, sandbox


def keeper_of(sandbox: AnySandbox, host: str) -> tuple[str, str]:
    """Who status and doctor say sees to the certificate of a site, and what the doctor says."""
    sandbox.wait_applied()
    told = command.run(sandbox, "status", "--host", host, "--json")
    rows = {each["domain"]: each for each in json.loads(told.stdout)["domains"]}
    done = command.run(sandbox, "doctor", "--host", host, "-d", "example.com")
    return rows["example.com"]["keeper"], " ".join(done.stdout.split())


def test_whose_a_certificate_is_is_told_on_cpanel(cpanel: CpanelSandbox) -> None:
    """AutoSSL's, the user's own, ours; one that AutoSSL will renew is no problem near its end."""
    cpanel.account.run_autossl()
    keeper, told = keeper_of(cpanel, "cpanel")
    assert keeper == "host"
    assert ", kept by cPanel itself (example.com)" in told
    assert "; cPanel renews it by itself (example.com)" in told
    assert "Where no wildcard and no other CA is needed it does so for free" in told
    shown = command.run(cpanel, "status", "--host", "cpanel")
    assert "(host)" in shown.stdout

    install_by_hand(cpanel, "example.com", "example.com", "www.example.com")
    keeper, told = keeper_of(cpanel, "cpanel")
    assert keeper == "user"
    assert ", your own (example.com)" in told

    cpanel.certbot("run", "-a", "cpanel", "-i", "cpanel", *BOTH)
    keeper, told = keeper_of(cpanel, "cpanel")
    assert keeper == "certbot"
    assert ", of the lineage example.com (example.com)" in told


def test_whose_a_certificate_is_is_told_on_opalstack(opalstack: OpalstackSandbox) -> None:
    """The host's as long as it sees to the site, then the user's own."""
    account = opalstack.account
    app = account.add_app("blog")
    cert = account.add_cert("blog", "example.com", by_host=True)
    site = account.add_site("blog", ("example.com",), {"/": app}, cert=cert.id, generate_le=True)
    keeper, told = keeper_of(opalstack, "opalstack")
    assert keeper == "host"
    assert "kept by Opalstack itself" in told
    own = account.add_cert("bought", "example.com")
    account.update("site", [{"id": site.id, "generate_le": False, "cert": own.id}])
    keeper, told = keeper_of(opalstack, "opalstack")
    assert keeper == "user"
    assert "bought, your own" in told


def test_status_shows_what_is_in_step(secured: tuple[str, AnySandbox]) -> None:
    """The domain, and nothing that is wrong."""
    host, sandbox = secured
    done = command.run(sandbox, "status", "--host", host)
    assert done.returncode == 0, done.stderr
    assert "example.com" in done.stdout
    assert ("blog" in done.stdout) == (host == "opalstack"), "what the panel's user calls it"
    assert ("APP" in done.stdout) == (host == "opalstack")
    assert ("DOCUMENT ROOT" in done.stdout) == (host == "cpanel")
    assert "all in step" in done.stdout, done.stdout


def test_the_host_need_not_be_named(secured: tuple[str, AnySandbox], sandbox: Sandbox) -> None:
    """It is known by the credentials file, and cPanel's by its command."""
    host, there = secured
    done = command.run(there, "status")
    assert done.returncode == 0, done.stderr
    assert "all in step" in done.stdout
    if host == "cpanel":
        there.credentials.unlink()
        done = command.run(there, "status")
        assert "example.com" in done.stdout, done.stderr
        return

    both = there.config_dir / "webfaction.ini"
    shutil.copy(sandbox.credentials, both)
    done = command.run(there, "status")
    assert "all in step" in done.stdout, done.stderr
    assert "0 domains" in done.stdout
    assert re.search(r"\n\n\w+ on \S+: ", done.stdout), "accounts stand apart"
    accounts = json.loads(command.run(there, "status", "--json").stdout)
    assert [each["host"] for each in accounts] == ["webfaction", "opalstack"]
    both.write_text(both.read_text().replace("battery", "battle"))
    done = command.run(there, "status")
    assert done.returncode == 1
    assert "certbot-webfaction status: WebFaction refused the login" in done.stderr
    assert "all in step" in done.stdout, "the other is shown all the same"
    done = command.run(there, "deploy", "--cert-name", "example.com")
    assert done.returncode == 1
    assert "Name one: --host webfaction or --host opalstack." in done.stderr


def test_the_doctor_finds_nothing_wrong(secured: tuple[str, AnySandbox]) -> None:
    """From the credentials to what is served, and what renews."""
    host, sandbox = secured
    done = command.run(sandbox, "doctor", "--host", host, env=command.add_crontab(sandbox, JOB))
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_report_tells_what_the_panel_is_like_and_nothing_of_the_user(
    secured: tuple[str, AnySandbox],
) -> None:
    """To be pasted where everybody reads it."""
    host, sandbox = secured
    secrets = dict(line.split(" = ") for line in sandbox.credentials.read_text().splitlines())
    if host == "cpanel":
        sandbox.credentials.unlink()
    done = command.run(sandbox, "doctor", "--report", "--host", host)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["host"] == host
    assert {"certbot", "certbot-webfaction", "Python", "answers"} <= told.keys()
    if host == "cpanel":
        assert (told["version"], told["features"]["sslinstall"]) == (134, True)
        assert told["answers"]["SSL::installed_hosts"][0]["certificate_text"] == "PEM"
    else:
        assert told["answers"]["site"][0]["generate_le"] == "bool"
    private = [*secrets.values(), "example.com", "alice", str(sandbox.directory)]
    assert not [each for each in private if each in done.stdout]


def test_a_certificate_is_deployed(secured: tuple[str, AnySandbox]) -> None:
    """One that was only got."""
    host, sandbox = secured
    sandbox.certbot("certonly", "-a", host, *BOTH, "--force-renewal")
    done = command.run(sandbox, "deploy", "--host", host, "--cert-name", "example.com")
    assert done.returncode == 0, done.stdout + done.stderr
    sandbox.wait_applied()
    leaf = (sandbox.config_dir / "live" / "example.com" / "cert.pem").read_text()
    assert sandbox.served("example.com").chain[0].split() == leaf.split()
