"""Scenes on a cPanel account, and what certbot does there."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tests.sandbox.certbot import Result
from tests.sandbox.certificates import write_secret
from tests.sandbox.cpanel.authority import Authority
from tests.sandbox.cpanel.installs import Given
from tests.sandbox.cpanel.sandbox import CpanelSandbox

BOTH = ("-a", "cpanel", "-i", "cpanel")
SITE = ("-d", "example.com", "-d", "www.example.com")


def on_the_host(sandbox: CpanelSandbox) -> None:
    """Have no credentials: certbot runs in a shell of the account, where ``uapi`` is."""
    sandbox.credentials.unlink()


def elsewhere(sandbox: CpanelSandbox) -> dict[str, str]:
    """The environment of a machine that has a token, and no ``uapi``."""
    text = sandbox.credentials.read_text().replace("cpanel_url", "cpanel_api_url")
    sandbox.credentials.write_text(text)
    path = os.pathsep.join(
        each
        for each in sandbox.settings()["PATH"].split(os.pathsep)
        if each != str(sandbox.command.directory)
    )
    return {"PATH": path}


def page(sandbox: CpanelSandbox, servername: str, text: str) -> None:
    """Have a virtual host show a text."""
    (sandbox.account.host(servername).document_root / "index.html").write_text(text)


def run(sandbox: CpanelSandbox, *arguments: str, check: bool = True, **more: Any) -> Result:
    """Run certbot, and wait until the sites are as the panel says."""
    result = sandbox.certbot(*arguments, check=check, **more)
    sandbox.wait_applied()
    return result


def calls(sandbox: CpanelSandbox) -> list[str]:
    """The functions that were called since this was asked, in order."""
    methods = sandbox.panel.calls.methods()
    sandbox.panel.calls.clear()
    return methods


def live(sandbox: CpanelSandbox, lineage: str, part: str) -> str:
    """A part of a lineage, PEM."""
    return (sandbox.config_dir / "live" / lineage / f"{part}.pem").read_text()


def serves(sandbox: CpanelSandbox, domain: str, lineage: str) -> bool:
    """Whether a TLS client is served a lineage's leaf and chain for a domain."""
    fullchain = live(sandbox, lineage, "fullchain")
    return "".join(sandbox.served(domain).chain).split() == fullchain.split()


def journal(sandbox: CpanelSandbox) -> list[dict[str, Any]]:
    """What is noted of the account."""
    (path,) = Path(sandbox.config_dir).glob("cpanel/*/journal.json")
    changes: list[dict[str, Any]] = json.loads(path.read_text())["changes"]
    return changes


def install_by_hand(sandbox: CpanelSandbox, servername: str, *domains: str) -> str:
    """Install a certificate of another CA's as somebody's hand does; return its leaf."""
    issued = sandbox.account.autossl_authority.issue(*domains)
    given = Given(issued.certificate, issued.private_key, issued.chain)
    sandbox.account.install(servername, given)
    sandbox.wait_applied()
    return issued.certificate


def install_files(sandbox: CpanelSandbox, domain: str) -> str:
    """Have certbot install files with another CA's certificate; return its leaf."""
    issued = Authority("Elsewhere").issue(domain)
    paths = []
    files = {"cert": issued.certificate, "key": issued.private_key, "chain": issued.chain}
    for name, text in files.items():
        path = sandbox.directory / f"{name}.pem"
        write_secret(path, text)
        paths += [f"--{name}-path", str(path)]
    run(sandbox, "install", "-i", "cpanel", *paths, "-d", domain, "--no-redirect")
    return issued.certificate


def without_https(sandbox: CpanelSandbox) -> bool:
    """Whether no virtual host has a certificate."""
    return all(host.installed is None for host in sandbox.account.hosts)
