"""``python -m tests.sandbox.demo``: what the plugin is for, shown and checked in under two minutes.

A Django site goes from http to https by the very command that the README gives users, and its
certificate is renewed. The exit status is 0 only if every check was made and holds.
"""

from __future__ import annotations

import ssl
import subprocess
import sys
from pathlib import Path

from tests.sandbox.sandbox import Sandbox
from tests.sandbox.site import DOMAINS
from tests.sandbox.visitor import Served

README = Path(__file__).parents[2] / "README.md"
_QUERY_PATH = "/?colour=green%20blue"


class CheckFailedError(Exception):
    """What the demo says is not true."""


def main() -> int:
    """Run the demo; return the exit status."""
    try:
        command = certbot_run_line(README.read_text())
        with Sandbox(delay=1.0) as sandbox:
            _demonstrate(sandbox, command)
    except CheckFailedError as failure:
        print(f"\nFAILED: {failure}")
        return 1
    print("\nEverything above was checked, and is true.")
    return 0


def certbot_run_line(readme: str) -> str:
    """The first line of the README that starts with ``certbot run``."""
    for line in readme.splitlines():
        if line.startswith("certbot run "):
            return line
    raise CheckFailedError("README.md has no line that starts with 'certbot run'.")


def _demonstrate(sandbox: Sandbox, command: str) -> None:
    _headline("A WebFaction account with a Django site over http")
    sandbox.add_django_site()
    sandbox.front_end.wait_applied()
    for domain in DOMAINS:
        page = sandbox.http(domain).text.strip()
        _check(f"http://{domain}/ answers: {page}", "Hello from Django, in plain text" in page)
        problem = _verification_problem(sandbox, domain)
        _check(f"https://{domain}/ fails: {problem}", bool(problem))

    _headline("The command from README.md")
    _run(sandbox, command)
    first = _show_https(sandbox)
    sandbox.front_end.wait_applied()  # the plugin waits for https, not for the redirect
    for domain in DOMAINS:
        answer = sandbox.http(domain, _QUERY_PATH)
        _check(
            f"http://{domain}{_QUERY_PATH} leads to {answer.location} ({answer.status})",
            answer.status == 301 and answer.location == f"https://{domain}{_QUERY_PATH}",
        )

    _headline("Sixty days later")
    _run(sandbox, "certbot renew --force-renewal")
    second = _show_https(sandbox)
    print(f"  fingerprint before: {first.fingerprint}")
    _check(f"fingerprint after:  {second.fingerprint}", first.fingerprint != second.fingerprint)

    _headline("The panel's certificates")
    certificates = sandbox.host.snapshot().certificates
    for certificate in certificates:
        names = ", ".join(certificate.domains)
        print(f"  {certificate.name}: {names}; expires {certificate.expiry_date}")
    _check(
        "that is one certificate, for both domains",
        [set(certificate.domains) for certificate in certificates] == [set(DOMAINS)],
    )


def _show_https(sandbox: Sandbox) -> Served:
    """Check both domains over https; return the certificate that they serve."""
    for domain in DOMAINS:
        problem = _verification_problem(sandbox, domain)
        _check(f"https://{domain}/ has a chain to the CA's root {problem}".strip(), not problem)
        page = sandbox.fetch_verified(domain).text.strip()
        _check(f"and answers: {page}", "Hello from Django, securely" in page)
    bare, www = (sandbox.served(domain) for domain in DOMAINS)
    _check(f"issued by {bare.issuer} for {', '.join(bare.names)}", bare == www)
    return bare


def _verification_problem(sandbox: Sandbox, domain: str) -> str:
    """What a browser would complain about at the domain over https, or ``""``."""
    try:
        sandbox.fetch_verified(domain)
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    return ""


def _run(sandbox: Sandbox, command: str) -> None:
    """Run a command line as the account's user, its output shown as it comes."""
    print(f"  $ {command}")
    with subprocess.Popen(
        command,
        shell=True,
        env=sandbox.environ(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        clean = True
        for line in process.stdout:
            print(f"  | {line}", end="", flush=True)
            clean = clean and not line.startswith("Traceback")  # one at exit leaves the status 0
    _check("the command succeeded", process.returncode == 0 and clean)


def _headline(text: str) -> None:
    print(f"\n{text}\n")


def _check(what: str, holds: bool) -> None:
    print(f"  {'ok   ' if holds else 'NOT  '}{what}", flush=True)
    if not holds:
        raise CheckFailedError(what)


if __name__ == "__main__":
    sys.exit(main())
