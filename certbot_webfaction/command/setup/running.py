"""Running certbot in a process of its own, and what came of it."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

import requests
from certbot import errors

from certbot_webfaction.account import Account
from certbot_webfaction.command.crontab import certbot_program

LONGEST = 20
"""Lines of what certbot said that are shown."""

ANSWER_SECONDS = 30


@dataclass(frozen=True)
class Ca:
    """A CA: the address of its directory, and whether its certificate is to be verified."""

    server: str
    verify: bool


def line_of(words: Sequence[str]) -> str:
    """The command line that runs certbot so, to be typed in a shell."""
    program = certbot_program()
    found = shutil.which("certbot")
    is_first = found is not None and program.exists() and program.samefile(found)
    return shlex.join(["certbot" if is_first else str(program), *words])


def run_certbot(words: Sequence[str]) -> tuple[bool, str]:
    """Run the certbot that has this plugin, and wait for its end, after Ctrl-C too.

    :returns: whether it failed, and its warnings and error, without its own advice
    """
    with subprocess.Popen(  # noqa: S603 - as the user would type it
        [str(certbot_program()), *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        try:
            out, err = process.communicate()
        except KeyboardInterrupt:
            process.communicate()  # the terminal has told it, too: it cleans up
            raise
    return process.returncode != 0, _what_is_wrong(out, err)


_BESIDE = re.compile(
    r"Saving debug log to|Ask for help or search for solutions at|\s*$"
    r"|The certificate \S+ was not put everywhere: "
)
"""Advice, and what is told of each website by itself: a wildcard is for many that have theirs."""

_REPORT = re.compile(r"(?ms)^Certbot failed to authenticate.*?(?=^\n(?!  )|\Z)")
"""What the CA found wrong, which certbot tells as a notice and not as an error."""


def _what_is_wrong(out: str, err: str) -> str:
    lines = [line for line in err.splitlines() if not _BESIDE.match(line)]
    if report := _REPORT.search(out):
        lines = [line for line in report[0].splitlines() if line.strip()]
    return "\n".join([*dict.fromkeys(lines)][:LONGEST])


_FOR_ALL = (
    "Another instance of Certbot is already running",
    "Missing command line flag or config entry",
    "Unable to register an account with ACME server",
    "Either run as root, or set --config-dir",
)
"""What certbot says that it would say of every certificate."""

_RATE_LIMITED = (
    "letsencrypt.org/docs/rate-limits",
    "Service busy",
    "There were too many requests of a given type",
)
"""How Let's Encrypt's boulder (ratelimits/limiter.go) ends its words about a limit, what it says
under load, and what the library ``acme`` says of an error of that type that has no words."""

_OF_A_DOMAIN = ("too many certificates", "too many failed authorizations")
"""How boulder begins those that are about names."""


def is_dns_elsewhere(said: str) -> bool:
    """Whether a record that was published in the account's DNS is not what the world sees."""
    return "the name servers do not show the records that were published" in said


def is_refused_for_domain(said: str) -> bool:
    """Whether the CA refused more certificates for a registered domain."""
    return _is_limit(said) and _OF_A_DOMAIN[0] in said and "exact set" not in said


def _is_limit(said: str) -> bool:
    return any(text in said for text in _RATE_LIMITED)


def why_all_fail(said: str, account: Account, ca: Ca) -> str:
    """Why every other certificate would fail as this one did, and what to do; ``""``: not known.

    The panel and the CA are asked; what the login of certbot met is not tried again.
    """
    if account.credentials_named in said:
        return "The panel refuses the login, and may lock the account after more of them."
    if any(text in said for text in _FOR_ALL):
        return "Nothing more can be done until that is put right."
    if _is_limit(said) and not any(text in said for text in _OF_A_DOMAIN):
        return "The CA takes no more for now; its words say how long."
    try:
        account.panel.forget()
        account.panel.http_sites()
    except errors.PluginError as error:
        return str(error)
    return _why_no_ca(ca)


def _why_no_ca(ca: Ca) -> str:
    try:
        answer = requests.get(ca.server, timeout=ANSWER_SECONDS, verify=ca.verify)
    except requests.RequestException as error:
        return f"The CA ({ca.server}) can't be reached: {type(error).__name__}."
    if answer.status_code >= 500:
        return f"The CA ({ca.server}) answers with HTTP status {answer.status_code}."
    return ""
