"""The cPanel sandbox as a whole: certbot, the CA, the panel and the sites together."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import pytest
import requests

from tests.sandbox.cpanel.client import Client, result, run
from tests.sandbox.cpanel.installs import Given
from tests.sandbox.cpanel.sandbox import CpanelSandbox
from tests.waiting import until


def test_a_certificate_by_hand(sandbox: CpanelSandbox) -> None:
    """certbot's own webroot proves the name, the panel installs, a strict browser is content."""
    root = sandbox.account.home / "public_html"
    (root / "index.html").write_text("hello")
    domains = ("-d", "example.com", "-d", "www.example.com")
    sandbox.certbot("certonly", "--webroot", "-w", str(root), *domains)
    live = sandbox.config_dir / "live/example.com"
    parts = [(live / f"{part}.pem").read_text() for part in ("cert", "privkey", "chain")]
    with pytest.raises(ssl.SSLCertVerificationError):
        sandbox.fetch_verified("example.com")
    sandbox.account.install("example.com", Given(*parts))
    sandbox.wait_applied()
    assert sandbox.fetch_verified("www.example.com").text == "hello"
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        sandbox.fetch_verified("mail.example.com")
    sandbox.account.uninstall("example.com")
    sandbox.account.run_autossl()
    sandbox.wait_applied()
    assert sandbox.fetch_verified("mail.example.com").text == "hello"


def test_the_panels_certificate_can_be_verified(sandbox: CpanelSandbox) -> None:
    """Against the root that the sandbox names, and against no other."""
    client = Client(sandbox.panel, sandbox.server.url, str(sandbox.trusted))
    assert client.data("Variables", "get_user_information")["user"] == "alice"
    with pytest.raises(requests.exceptions.SSLError):
        Client(sandbox.panel, sandbox.server.url).uapi("Features", "list_features")
    assert sandbox.panel.calls[-1].transport == "execute"


def test_the_command_is_on_the_users_path(sandbox: CpanelSandbox) -> None:
    """With the account's home, and no credential."""
    shell = 'uapi --output=json Variables get_user_information > "$HOME/out"'
    subprocess.run(["sh", "-c", shell], env=sandbox.environ(), check=True)
    assert sandbox.account.username in (sandbox.account.home / "out").read_text()
    assert sandbox.command.runs == [["--output=json", "Variables", "get_user_information"]]


def test_the_panel_looks_at_domains_itself(sandbox: CpanelSandbox) -> None:
    """Through the real web server."""
    client = Client(sandbox.panel, sandbox.server.url, str(sandbox.trusted))
    where = {"dcv_file_relative_path": ".well-known/acme-challenge", "dcv_file_extension": ""}
    (good,) = client.data("DCV", "check_domains_via_http", domain="example.com", **where)
    assert good["failure_reason"] is None
    (sandbox.account.home / "public_html/.htaccess").write_text("Require all denied\n")
    (bad,) = client.data("DCV", "check_domains_via_http", domain="example.com", **where)
    assert "403" in bad["failure_reason"]


def test_reset_makes_a_new_account(sandbox: CpanelSandbox) -> None:
    """Sites, records, tokens, certbot's files and the log of calls are gone; the servers stay."""
    sandbox.account.add_addon("shop.example")
    sandbox.account.add_record("example.com", "a.example.com", "TXT", "1")
    sandbox.account.switches.json_input = False
    run(sandbox.command.path, "Features", "list_features")
    (sandbox.config_dir / "live").mkdir()
    sandbox.wait_applied()
    token, port = sandbox.account.tokens["certbot"], sandbox.ports.https
    sandbox.reset()
    sandbox.wait_applied()
    assert sandbox.http("shop.example").status == 404
    assert sandbox.ca.dns.texts("a.example.com") == set()
    assert not sandbox.account.is_token(token.token)
    assert list(sandbox.config_dir.iterdir()) == [sandbox.credentials]
    assert sandbox.panel.calls == []
    assert sandbox.ports.https == port
    done = run(sandbox.command.path, "--output=json", "Features", "list_features")
    assert result(done)["status"] == 1


def test_nothing_is_left_after_closing() -> None:
    """Neither processes nor the directory."""
    with CpanelSandbox() as sandbox:
        directory = sandbox.directory
        assert _processes_of(directory)
    until(lambda: not directory.exists() and not _processes_of(directory))


def _processes_of(directory: Path) -> list[str]:
    mark = f"WEBFACTION_SANDBOX={directory}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes():
                found.append(entry.name)
        except OSError:
            pass  # it has ended
    return found
