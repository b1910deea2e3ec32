"""``python -m tests.sandbox.demo [HOST]``: what the plugin is for, shown and checked.

In under two minutes a site of an account on that host goes from http to https, by the very command
that the README gives the host's users, and its certificate is renewed. The exit status is 0 only if
every check was made and holds.
"""

from __future__ import annotations

import re
import ssl
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from tests.sandbox.base import AnySandbox
from tests.sandbox.cpanel.sandbox import CpanelSandbox
from tests.sandbox.cpanel.store import names_of
from tests.sandbox.opalstack.sandbox import OpalstackSandbox
from tests.sandbox.sandbox import Sandbox
from tests.sandbox.site import DOMAINS
from tests.sandbox.visitor import Served

README = Path(__file__).parents[2] / "README.md"
_QUERY_PATH = "/?colour=green%20blue"


class CheckFailedError(Exception):
    """What the demo says is not true."""


class Account(ABC):
    """An account with a site over http; ``plain`` and ``secure`` are what that says to visitors."""

    words: ClassVar[str]
    plain = "Hello from Django, in plain text"
    secure = "Hello from Django, securely"
    sandbox: AnySandbox

    @abstractmethod
    def add_site(self) -> None:
        """Make the site."""

    @abstractmethod
    def certificates(self) -> Mapping[str, Sequence[str]]:
        """The panel's certificates of the user by what it calls them, with their domains."""


class OnWebFaction(Account):
    """A Django project behind the web server."""

    words = "A WebFaction account with a Django site"

    def __init__(self) -> None:
        self.sandbox = self._sandbox = Sandbox(delay=1.0)

    def add_site(self) -> None:
        """Make the site."""
        self._sandbox.add_django_site()

    def certificates(self) -> Mapping[str, Sequence[str]]:
        """The objects of the panel."""
        return {each.name: each.domains for each in self._sandbox.host.snapshot().certificates}


class OnCpanel(Account):
    """A page in the document root, and no credentials at all."""

    words = "A cPanel account with a site"
    plain = secure = "Hello from the document root"

    def __init__(self) -> None:
        self.sandbox = self._sandbox = CpanelSandbox(delay=1.0)

    def add_site(self) -> None:
        """Make the site."""
        self._sandbox.credentials.unlink()
        root = self._sandbox.account.host(DOMAINS[0]).document_root
        (root / "index.html").write_text(self.plain)

    def certificates(self) -> Mapping[str, Sequence[str]]:
        """The panel's store."""
        stored = self._sandbox.account.store.certificates.values()
        return {each.id: names_of(each.parsed) for each in stored}


class OnOpalstack(Account):
    """A Django project on a proxied app."""

    words = "An Opalstack account with a Django site"

    def __init__(self) -> None:
        self.sandbox = self._sandbox = OpalstackSandbox()

    def add_site(self) -> None:
        """Make the site."""
        self._sandbox.add_django_site()

    def certificates(self) -> Mapping[str, Sequence[str]]:
        """The objects of the panel but the shared one."""
        account = self._sandbox.account
        certs = [cert for cert in account.things("cert") if cert.id != account.shared_cert.id]
        return {cert.name: cert.listed_domains for cert in certs}


ACCOUNTS: Mapping[str, Callable[[], Account]] = {
    "webfaction": OnWebFaction,
    "cpanel": OnCpanel,
    "opalstack": OnOpalstack,
}


def main(argv: Sequence[str]) -> int:
    """Run the demo for the host that the command line names; return the exit status."""
    host = next(iter(argv), "webfaction")
    try:
        if host not in ACCOUNTS:
            raise CheckFailedError(f"HOST is one of {', '.join(ACCOUNTS)}.")
        command = certbot_run_line(README.read_text(), host)
        account = ACCOUNTS[host]()
        with account.sandbox:
            _demonstrate(account, command)
    except CheckFailedError as failure:
        print(f"\nFAILED: {failure}")
        return 1
    print("\nEverything above was checked, and is true.")
    return 0


def certbot_run_line(readme: str, host: str) -> str:
    """The first ``certbot run`` of the README with the host's plugin."""
    start = f"certbot run -a {host} "
    if found := re.search(rf"{start}[^`\n]+", readme):
        return found[0]
    raise CheckFailedError(f"README.md has no '{start}'.")


def _demonstrate(account: Account, command: str) -> None:
    sandbox = account.sandbox
    _headline(f"{account.words} over http")
    account.add_site()
    sandbox.wait_applied()
    for domain in DOMAINS:
        page = sandbox.http(domain).text.strip()
        _check(f"http://{domain}/ answers: {page}", account.plain in page)
        problem = _verification_problem(sandbox, domain)
        _check(f"https://{domain}/ fails: {problem}", bool(problem))

    _headline("The command from README.md")
    _run(sandbox, command)
    first = _show_https(account)
    sandbox.wait_applied()  # the plugin waits for https, not for the redirect
    for domain in DOMAINS:
        answer = sandbox.http(domain, _QUERY_PATH)
        _check(
            f"http://{domain}{_QUERY_PATH} leads to {answer.location} ({answer.status})",
            answer.status == 301 and answer.location == f"https://{domain}{_QUERY_PATH}",
        )

    _headline("Sixty days later")
    _run(sandbox, "certbot renew --force-renewal")
    second = _show_https(account)
    print(f"  fingerprint before: {first.fingerprint}")
    _check(f"fingerprint after:  {second.fingerprint}", first.fingerprint != second.fingerprint)

    _headline("The panel's certificates")
    certificates = account.certificates()
    for name, names in certificates.items():
        print(f"  {name}: {', '.join(names)}")
    _check(
        "that is one certificate, for both domains",
        [set(names) for names in certificates.values()] == [set(DOMAINS)],
    )


def _show_https(account: Account) -> Served:
    """Check both domains over https; return the certificate that they serve."""
    sandbox = account.sandbox
    for domain in DOMAINS:
        problem = _verification_problem(sandbox, domain)
        _check(f"https://{domain}/ has a chain to the CA's root {problem}".strip(), not problem)
        page = sandbox.fetch_verified(domain).text.strip()
        _check(f"and answers: {page}", account.secure in page)
    bare, www = (sandbox.served(domain) for domain in DOMAINS)
    _check(f"issued by {bare.issuer} for {', '.join(bare.names)}", bare == www)
    return bare


def _verification_problem(sandbox: AnySandbox, domain: str) -> str:
    """What a browser would complain about at the domain over https, or ``""``."""
    try:
        sandbox.fetch_verified(domain)
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    return ""


def _run(sandbox: AnySandbox, command: str) -> None:
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
    sys.exit(main(sys.argv[1:]))
