"""Clients that others wrote find in the stand-in what they find on a host."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from tests.sandbox.cpanel.authority import Authority
from tests.sandbox.cpanel.judges import prepared
from tests.sandbox.cpanel.sandbox import CpanelSandbox

pytestmark = pytest.mark.timeout(600)  # their environments may have to be made first

_NOT_LOOKED = 7
"""The exit status of o2switch-cli for a change that it did not look for in the public DNS."""

_FLOWS = Path(__file__).with_name("flows")


def test_aiocpanel_fetches_the_best_certificate(sandbox: CpanelSandbox) -> None:
    """Once AutoSSL, which it asks for, has done its work; a wrong token is told from that."""
    sandbox.account.switches.autossl_at_once = True
    printed = _flow(sandbox, "aiocpanel", "of_aiocpanel.py")
    sandbox.wait_applied()
    first = x509.load_pem_x509_certificates(printed.encode())[0]
    assert first.fingerprint(SHA256()).hex() == sandbox.served("example.com").fingerprint
    assert "PRIVATE KEY" in printed
    assert [call.outcome.partition(":")[0] for call in sandbox.panel.calls] == [
        "fault",
        "ok",
        "ok",
        "refused",
    ]


def test_cpanel_api_calls_both_apis(sandbox: CpanelSandbox, authority: Authority) -> None:
    """It installs, reads back, and handles files; with a token and with the password."""
    issued = authority.issue("example.com")
    parts = "\f".join((issued.certificate, issued.private_key, issued.chain))
    password = sandbox.account.password
    _flow(sandbox, "cpanel-api", "of_cpanel_api.py", password, input=parts)
    sandbox.wait_applied()
    assert "".join(sandbox.served("example.com").chain) == issued.certificate + issued.chain
    assert {call.transport for call in sandbox.panel.calls} == {"execute", "json-api"}


def test_o2switch_cli_edits_zones(sandbox: CpanelSandbox) -> None:
    """It adds, changes, finds and removes a record; at the apex, as ``@``, it fails as recorded."""

    def addresses() -> list[tuple[str, str]]:
        zone = sandbox.account.zone("example.com")
        return [(each.name, each.data[0]) for each in zone.records() if each.type == "A"]

    before = addresses()
    _o2switch(sandbox, "upsert", "--host", "app.example.com", "--ip", "192.0.2.1")
    assert addresses() == [*before, ("app.example.com", "192.0.2.1")]
    _o2switch(sandbox, "upsert", "--host", "app.example.com", "--ip", "192.0.2.2")
    assert addresses() == [*before, ("app.example.com", "192.0.2.2")]
    found = json.loads(_o2switch(sandbox, "search", "app.example.com").stdout)
    assert "192.0.2.2" in json.dumps(found)
    _o2switch(sandbox, "delete", "--host", "app.example.com")
    assert addresses() == before
    apex = _o2switch(sandbox, "upsert", "--host", "example.com", "--ip", "192.0.2.3", check=False)
    assert apex.returncode != 0
    assert "Error ID" in apex.stdout + apex.stderr
    assert addresses() == before


def test_certbot_dns_cpanel_gets_and_installs_a_wildcard(sandbox: CpanelSandbox) -> None:
    """From the real CA by dns-01, two values at one name; then on the bare domain's host.

    Ours renews that with the same files.
    """
    certbot = prepared("certbot-dns-cpanel") / "certbot"
    sandbox.account.add_record("example.com", "other.example.com", "TXT", "not certbot's")
    done = subprocess.run(
        [
            certbot,
            *("run", "--non-interactive", "-a", "cpanel", "-i", "cpanel"),
            *("--cpanel-credentials", sandbox.credentials, "--cpanel-propagation-seconds", "1"),
            *("-d", "example.com", "-d", "*.example.com"),
        ],
        env={**sandbox.environ(), "XDG_CONFIG_HOME": str(_without_our_options(sandbox))},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    sandbox.wait_applied()
    lineage = sandbox.config_dir / "live/example.com"
    assert "".join(sandbox.served("example.com").chain) == (lineage / "fullchain.pem").read_text()
    assert sandbox.account.texts() == {"other.example.com": ["not certbot's"]}
    assert sandbox.ca.dns.texts("_acme-challenge.example.com") == set()
    methods = sandbox.panel.calls.methods()
    assert methods.count("ZoneEdit::add_zone_record") == 2
    assert methods.count("ZoneEdit::remove_zone_record") == 2
    sandbox.certbot("renew", "--force-renewal")
    sandbox.wait_applied()
    assert "".join(sandbox.served("example.com").chain) == (lineage / "fullchain.pem").read_text()


def test_a_judge_that_cannot_be_installed_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is skipped."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(subprocess.CalledProcessError):
        prepared("cpanel-api", tmp_path)


def _without_our_options(sandbox: CpanelSandbox) -> Path:
    """certbot's user configuration for a certbot whose ``cpanel`` is not ours."""
    settings = (Path(sandbox.settings()["XDG_CONFIG_HOME"]) / "letsencrypt/cli.ini").read_text()
    directory = sandbox.directory / "certbot/judge"
    (directory / "letsencrypt").mkdir(parents=True)
    lines = [line for line in settings.splitlines() if not line.startswith("cpanel-")]
    (directory / "letsencrypt/cli.ini").write_text("\n".join(lines))
    return directory


def _flow(
    sandbox: CpanelSandbox, judge: str, flow: str, *arguments: str, input: str | None = None
) -> str:
    """Run one of the flows with a new token; return what it printed."""
    account = sandbox.account
    token = account.create_token("judge").token
    words = [str(sandbox.server.port), account.username, token, *arguments]
    done = subprocess.run(
        [prepared(judge) / "python", "-I", _FLOWS / flow, *words],
        env=sandbox.environ(),
        input=input,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _o2switch(
    sandbox: CpanelSandbox, *words: str, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run one of its commands about DNS, its settings from the environment."""
    account = sandbox.account
    token = account.tokens.get("judge") or account.create_token("judge")
    settings = {
        "O2SWITCH_CLI_CPANEL_HOST": "localhost",
        "O2SWITCH_CLI_PORT": str(sandbox.server.port),
        "O2SWITCH_CLI_CPANEL_USER": account.username,
        "O2SWITCH_CLI_CPANEL_TOKEN": token.token,
        "O2SWITCH_CLI_VERIFY_DNS_AFTER_MUTATION": "false",
    }
    done = subprocess.run(
        [prepared("o2switch-cli") / "o2switch-cli", "--json", "--yes", "dns", *words],
        env={**sandbox.environ(), **settings},
        cwd=account.home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert not check or done.returncode in (0, _NOT_LOOKED), done.stdout + done.stderr
    return done
