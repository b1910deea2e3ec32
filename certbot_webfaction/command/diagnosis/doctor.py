"""``certbot-webfaction doctor``: where the way from a domain to its certificate breaks."""

from __future__ import annotations

import argparse
import platform
import re
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from certbot import configuration, errors

from certbot_webfaction.account import Account
from certbot_webfaction.challenges.causes import describe
from certbot_webfaction.challenges.probe import probe
from certbot_webfaction.command.configuration import host_of, usual_config_dir
from certbot_webfaction.command.crontab import needs_of, read_crontab, renewing_jobs
from certbot_webfaction.command.diagnosis.findings import (
    CHECKS,
    Check,
    account_problems,
    answers_http,
)
from certbot_webfaction.command.diagnosis.survey import Subject, Survey
from certbot_webfaction.command.schedule import find_schedule
from certbot_webfaction.command.screen import GREEN, RED, YELLOW, Screen, standard_output
from certbot_webfaction.errors import parts_of
from certbot_webfaction.hosts.host import Host
from certbot_webfaction.lineages import Lineages
from certbot_webfaction.names import a_label
from certbot_webfaction.panel.files import PlacingError
from certbot_webfaction.panel.findings import Finding, Fine, Note, Problem
from certbot_webfaction.panel.model import Place
from certbot_webfaction.plugin.door import account_of, lineages_of, read_options
from certbot_webfaction.text import grouped, listed

SUMMARY = "check everything from the credentials to the served certificate"
DESCRIPTION = """\
Checks, in order: the credentials file, the login, this machine, what this plugin and certbot have
noted; then for each domain its http website, the app or directory for challenges, the challenge
path (a file is placed, fetched and removed), its https website and certificate, whether the panel
has the lineage's certificate and visitors get it and find something, the days left, and its
renewal; then what runs `certbot renew`, and the versions. Below what is wrong stands what to do.

Without -d these are the domains of all lineages that name this plugin, and of the https websites
that use their certificates. No website, certificate or document is changed.

The exit status is 0 only if nothing is wrong. With -q only what is wrong is printed, so that this
line in a crontab mails only then:

  0 6 * * 1  ~/certbot/bin/certbot-webfaction doctor -q
"""


def add_arguments(parser: argparse.ArgumentParser, host: Host) -> None:
    """Declare the subcommand's own options."""
    parser.add_argument(
        "-d",
        "--domain",
        "--domains",
        metavar="DOMAIN",
        dest="doctor_domains",
        action="append",
        default=[],
        help="check this domain; may be given more than once, or with commas between domains",
    )
    parser.add_argument(
        "--report",
        action="store_true",
        help="check nothing; print what the panel is like, to paste into a bug report: versions,"
        " features and shapes of answers, without names and secrets",
    )


def run(
    config: configuration.NamespaceConfig, arguments: argparse.Namespace
) -> int | dict[str, Any]:
    """Make all checks; return 0 if nothing is wrong, else 1. With ``--report`` return that."""
    host = host_of(arguments)
    if arguments.report:
        return {"host": host.name, **_versions(), **account_of(config, host).panel.report()}
    named = list(_named(arguments.doctor_domains))
    report = Report(standard_output(), quiet=bool(config.quiet), holder=host.holder)
    title = "options"
    try:
        read_options(config, host)
        title = "credentials"
        account = account_of(config, host)
    except errors.PluginError as error:
        report.tell(title, _problem(title, error))
        report.tell_unmade(CHECKS, "because there are no credentials")
    else:
        report.tell(title, permissions(account.options.credentials, host))
        _check_account(account, named, report)
    usual_dir = usual_config_dir(config, arguments)
    report.tell("cron", renewing(config.config_dir, usual_dir, lineages_of(config), host))
    report.tell("versions", Fine(", ".join(map(" ".join, _versions().items()))))
    return 1 if report.failed else 0


def _versions() -> dict[str, str]:
    ours = {each: version(each) for each in ("certbot", "certbot-webfaction")}
    return {**ours, "Python": platform.python_version()}


def _named(given: Sequence[str]) -> Iterator[str]:
    """The domains that options name, as certbot's own ``-d`` does."""
    for name in ",".join(given).split(","):
        domain = name.strip()
        if domain and not re.fullmatch(_DOMAIN, a_label(domain)):
            raise errors.Error(
                f"{domain} is no domain, so nothing was checked. Name one as in the panel, such as"
                " example.com."
            )
        if domain:
            yield domain


_DOMAIN = r"(\*\.)?([a-z0-9_-]{1,63}\.)+(?!\d+$)[a-z0-9-]{1,63}"
"""A name as DNS knows it, or a wildcard; neither an address nor a URL."""


class Report:
    """Prints findings as they come, those that say the same for many domains on one line.

    ``failed`` holds the domains for which a check found something wrong, by the check's title;
    ``""`` stands for the account as a whole.

    :param holder: what the check “app” is called on this host
    """

    def __init__(self, screen: Screen, *, quiet: bool, holder: str = "app") -> None:
        self.failed: dict[str, set[str]] = {}
        self._screen = screen
        self._quiet = quiet
        self._called = {"app": holder}

    def tell(self, title: str, *findings: Finding) -> None:
        """Print findings about the account as a whole."""
        self.tell_of_domains(title, [("", finding) for finding in findings])

    def tell_of_domains(self, title: str, findings: Sequence[tuple[str, Finding]]) -> None:
        """Print a check's findings, each beside its domain."""
        found = grouped(findings)
        about = {each: f" ({listed(names)})" if any(names) else "" for each, names in found.items()}
        fine = [each.text + where for each, where in about.items() if isinstance(each, Fine)]
        if fine:
            self._line("ok", GREEN, title, listed(fine))
        for finding, domains in found.items():
            if isinstance(finding, Fine):
                continue
            is_wrong = isinstance(finding, Problem)
            if is_wrong:
                self.failed.setdefault(title, set()).update(domains)
            mark, colour = ("wrong", RED) if is_wrong else ("-", YELLOW)
            names = f"{', '.join(domains)}: " if any(domains) else ""
            self._line(mark, colour, title, f"{names}{finding.text}", always=is_wrong)
            self._line("", GREEN, "  do this", finding.remedy, always=is_wrong)

    def tell_unmade(self, checks: Sequence[Check], because: str) -> None:
        """Print that checks can't be made; said once, where their ground is missing."""
        if checks:
            titles = ", ".join(self._called.get(check.title, check.title) for check in checks)
            self._line("-", YELLOW, "", f"Not checked, {because}: {titles}.")

    def has_failed(self, title: str, domain: str) -> bool:
        """Whether a check found something wrong for a domain, or for the account as a whole."""
        return bool(self.failed.get(title, set()) & {domain, ""})

    def _line(self, mark: str, colour: str, title: str, text: str, *, always: bool = False) -> None:
        if self._quiet and not always:
            return
        head = f"{mark:5}  {self._called.get(title, title):14}  " if title else f"{mark:5}  "
        lines = text.splitlines() or [""]
        told = [self._screen.paragraph(head + lines[0], 23, hanging=len(head))]
        told += [self._screen.paragraph(line, 23) for line in lines[1:]]
        told[0] = self._screen.coloured(mark, colour) + told[0][len(mark) :]
        print("\n".join(told), flush=True)


def _problem(kind: str, error: errors.PluginError) -> Problem:
    what, todo = parts_of(error)
    return Problem(kind, what.rstrip("."), todo or "Put that right, and run this again.")


def permissions(credentials: Path, host: Host) -> Finding:
    """Whether the credentials file is its owner's alone."""
    if not credentials.exists():
        return Fine("none are needed here")
    mode = credentials.stat().st_mode & 0o777
    if mode & 0o077:
        secret = next(key.words for key in host.keys if key.secret)
        return Problem(
            "permissions",
            f"others on this machine may read or change {credentials} (mode {mode:04o})",
            f"`chmod 600 {credentials}`, and change the {secret} if others use this machine.",
        )
    return Fine(f"{credentials}, only for its owner")


def _check_account(account: Account, named: Sequence[str], report: Report) -> None:
    """Check the login, what the host has to say, the books and the domains."""
    found: list[tuple[str, Finding]]
    try:
        login = account.login()
        survey, subjects = _look(account, named)
        found = [("login", Fine(f"{login.username} on {login.server}")), *account.panel.examine()]
    except errors.PluginError as error:
        survey, subjects = _look(account, named, offline=True)
        found = [("login", _problem("login", error))]
    for title, finding in found:
        report.tell(title, finding)
    lineages = len(survey.lineages)
    counted = "1 lineage" if lineages == 1 else f"{lineages} lineages"
    fine = Fine(f"{counted}; no earlier run left anything")
    of_books: Sequence[Finding] = account_problems(survey) or [fine]
    report.tell("documents", *of_books)
    if "login" in report.failed:
        unmade = [check for check in CHECKS if "login" in check.needs]
        report.tell_unmade(unmade, "because the panel could not be asked")
    if subjects:
        _check_domains(survey, subjects, report)
    else:
        plugin, which = account.host.name, account.phrases.account
        remedy = (
            f"`certbot run -a {plugin} -i {plugin} -d DOMAIN{which}` gets a first certificate;"
            f" `certbot-webfaction doctor -d DOMAIN{which}` checks before that."
        )
        none = Note("no lineage names this plugin yet, so there is none to check", remedy)
        report.tell("domains", none)


def _look(
    account: Account, named: Sequence[str], *, offline: bool = False
) -> tuple[Survey, list[Subject]]:
    survey = Survey(account, offline=offline)
    domains = survey.expand(named) if named else survey.our_domains()
    return survey, [Subject(survey, domain, meant=bool(named)) for domain in domains]


def _check_domains(survey: Survey, subjects: Sequence[Subject], report: Report) -> None:
    survey.ask_served(subjects)
    survey.visit(subjects)
    _probe(survey.account, [each for each in subjects if answers_http(each)])
    for check in CHECKS:
        found = [
            (subject.domain, finding)
            for subject in subjects
            if not any(report.has_failed(title, subject.domain) for title in check.needs)
            and (finding := check.find(subject))
        ]
        report.tell_of_domains(check.title, found)
        if failed := sorted(report.failed.get(check.title, ())):
            following = [later for later in CHECKS if check.title in later.needs]
            report.tell_unmade(following, f"because of that, for {', '.join(failed)}")


def _probe(account: Account, subjects: Sequence[Subject]) -> None:
    """Try the challenge paths that are ready; each subject is told what came of it."""
    ready = {
        place.domain: (subject, place) for subject in subjects if (place := subject.ready_place)
    }
    found: list[tuple[str, Finding]]
    try:
        found = try_places(account, [place for _, place in ready.values()])
    except errors.PluginError as error:
        problem = Problem("challenge-path", "no file can be placed", str(error))
        found = [(domain, problem) for domain in ready]
    for domain, finding in found:
        ready[domain][0].probed = finding


def try_places(account: Account, places: Sequence[Place]) -> list[tuple[str, Finding]]:
    """Place a file in each, fetch it, and remove it.

    :raises certbot.errors.PluginError: if none can be placed, whatever the directory
    """
    if not places:
        return []
    try:
        wrong = probe(account, places)
    except PlacingError as error:
        # The others are tried again without the directory that took no file.
        closed = [place for place in places if place.directory == error.file.directory]
        found = [(place.domain, _closed(place, error, account)) for place in closed]
        return found + try_places(account, [place for place in places if place not in closed])
    told = describe(wrong, {place.domain: place for place in places}, account)
    return [(place.domain, _came_back(told.get(place.domain), account)) for place in places]


def _closed(place: Place, error: PlacingError, account: Account) -> Finding:
    text = f"no file can be placed in its {account.host.holder}: {str(error).rstrip('.')}"
    alternative = f", or {place.alternative}" if place.alternative else ""
    return Problem("challenge-path", text, f"Put that right{alternative}.")


def _came_back(described: Sequence[str] | None, account: Account) -> Finding:
    if account.options.wait == 0:
        flag = account.host.flag("wait")
        return Note(f"a file was placed, but not fetched: {flag} is 0", "Leave it out.")
    if described is None:
        return Fine("a file placed there comes back")
    *told, cause = described
    text = "\n".join(["a file placed there does not come back", *told])
    return Problem("challenge-path", text, f"Likely cause: {cause}")


def renewing(config_dir: str, usual_dir: str, lineages: Lineages, host: Host) -> Finding:
    """What renews the lineages below a directory by itself; a `Problem` if nothing does."""
    crontab = read_crontab()
    jobs = renewing_jobs(crontab or "", config_dir, usual_dir, needs_of(lineages))
    if schedule := find_schedule(config_dir, jobs):
        return Fine(schedule)
    if crontab is None:
        return Note(
            "the crontab can't be read here, so it is not known what runs `certbot renew`",
            "Have `certbot renew -q` run once a day.",
        )
    what, line = "nothing here runs `certbot renew` by itself", "the line"
    if jobs:
        what, line = f"the crontab {jobs[0].why_not}", "a line"
    return Problem(
        "no-cron",
        f"{what}, so certificates will expire",
        f"`certbot-webfaction init --host {host.name}` offers {line} for the crontab.",
    )
