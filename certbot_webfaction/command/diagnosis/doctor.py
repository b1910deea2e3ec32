"""``certbot-webfaction doctor``: where the way from a domain to its certificate breaks."""

from __future__ import annotations

import argparse
import datetime
import platform
import re
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from certbot import configuration, errors

from certbot_webfaction.account import HostAccount, open_account, read_options
from certbot_webfaction.challenges.causes import describe
from certbot_webfaction.challenges.placement import Place
from certbot_webfaction.challenges.probe import probe
from certbot_webfaction.command.configuration import usual_config_dir
from certbot_webfaction.command.crontab import read_crontab, renewing_jobs
from certbot_webfaction.command.diagnosis.findings import (
    DOMAIN_CHECKS,
    Check,
    Finding,
    Fine,
    Note,
    Problem,
    Scene,
    account_problems,
    challenge_app,
    listed,
)
from certbot_webfaction.command.diagnosis.survey import (
    Survey,
    look_at_served,
    peek_documents,
    read_lineages,
    take_survey,
)
from certbot_webfaction.command.schedule import find_schedule
from certbot_webfaction.command.screen import GREEN, RED, YELLOW, Screen, standard_output
from certbot_webfaction.hosts.webfaction.choosing import LocalFiles, PlacingError, choose_files
from certbot_webfaction.hosts.webfaction.model import Account
from certbot_webfaction.names import a_label
from certbot_webfaction.phrases import credentials_option
from certbot_webfaction.web.challenge_file import WrongAnswer

SUMMARY = "check everything from the credentials to the served certificate"
DESCRIPTION = """\
Checks, in order: the credentials file, the login, the machine, what this plugin and certbot have
noted; then for each domain its http website, the app that answers challenges, the challenge path
(a file is placed, fetched and removed), its https website and certificate, whether the panel has
the lineage's certificate and visitors get it, the days left, and its renewal; then what runs
`certbot renew`, and the versions. Below what is wrong stands what to do.

Without -d these are the domains of all lineages that name this plugin, and of the https websites
that use their certificates. No website, certificate or document is changed.

The exit status is 0 only if nothing is wrong. With -q only what is wrong is printed, so that this
line in a crontab mails only then:

  0 6 * * 1  ~/certbot/bin/certbot-webfaction doctor -q
"""

CHALLENGE_PATH_CHECK = Check("challenge path", lambda _: None, ("login", "website", "app"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
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


def run(config: configuration.NamespaceConfig, arguments: argparse.Namespace) -> int:
    """Make all checks; return 0 if nothing is wrong, else 1."""
    named = list(_named(arguments.doctor_domains))
    report = Report(standard_output(), quiet=bool(config.quiet))
    _check_account(config, named, report)
    report.tell("cron", _cron(config, usual_config_dir(config, arguments)))
    report.tell("versions", _versions())
    return 1 if report.failed else 0


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
    """

    def __init__(self, screen: Screen, *, quiet: bool) -> None:
        self.failed: dict[str, set[str]] = {}
        self._screen = screen
        self._quiet = quiet

    def tell(self, title: str, *findings: Finding) -> None:
        """Print findings about the account as a whole."""
        for finding in findings:
            self._print(title, finding, [])

    def tell_of_domains(self, title: str, findings: Sequence[tuple[str, Finding]]) -> None:
        """Print a check's findings, each beside its domain."""
        fine: dict[str, list[str]] = {}
        for domain, finding in findings:
            if isinstance(finding, Fine):
                fine.setdefault(finding.text, []).append(domain)
        if fine:
            groups = [f"{text} ({listed(domains)})" for text, domains in fine.items()]
            self._print(title, Fine(listed(groups)), [])
        alike: dict[Finding, list[str]] = {}
        for domain, finding in findings:
            if not isinstance(finding, Fine):
                alike.setdefault(finding, []).append(domain)
        for finding, domains in alike.items():
            self._print(title, finding, domains)

    def tell_unmade(self, checks: Sequence[Check], because: str) -> None:
        """Print that checks can't be made; said once, where their ground is missing."""
        if checks:
            titles = ", ".join(check.title for check in checks)
            self._line("-", YELLOW, "", f"Not checked, {because}: {titles}.")

    def has_failed(self, title: str, domain: str) -> bool:
        """Whether a check found something wrong for a domain, or for the account as a whole."""
        return bool(self.failed.get(title, set()) & {domain, ""})

    def _print(self, title: str, finding: Finding, domains: list[str]) -> None:
        about = f"{', '.join(domains)}: " if domains else ""
        if isinstance(finding, Fine):
            self._line("ok", GREEN, title, finding.text)
            return
        if isinstance(finding, Problem):
            self.failed.setdefault(title, set()).update(domains or [""])
            self._line("wrong", RED, title, f"{about}{finding.text}", always=True)
        else:
            self._line("-", YELLOW, title, f"{about}{finding.text}")
        always = isinstance(finding, Problem)
        self._line("", GREEN, "  do this", finding.remedy, always=always)

    def _line(self, mark: str, colour: str, title: str, text: str, *, always: bool = False) -> None:
        if self._quiet and not always:
            return
        head = f"{mark:5}  {title:14}  " if title else f"{mark:5}  "
        lines = text.splitlines() or [""]
        told = [self._screen.paragraph(head + lines[0], 23, hanging=len(head))]
        told += [self._screen.paragraph(line, 23) for line in lines[1:]]
        told[0] = self._screen.coloured(mark, colour) + told[0][len(mark) :]
        print("\n".join(told), flush=True)


def _check_account(
    config: configuration.NamespaceConfig, named: Sequence[str], report: Report
) -> None:
    account, survey = _reach_account(config, report)
    if account is not None:
        _check_documents(survey or _survey_offline(account, config), config, report)
        if survey is None:
            panel_checks = [check for check in _checks() if "login" in check.needs]
            report.tell_unmade(panel_checks, "because the panel could not be asked")
            survey = _survey_offline(account, config)
        _check_domains(account, survey, named, config, report)
    else:
        report.tell_unmade(_checks(), "because there are no credentials")


def _checks() -> list[Check]:
    """The checks of a domain: the challenge path is tried after the app is found."""
    checks = list(DOMAIN_CHECKS)
    at = [check.title for check in checks].index("app") + 1
    return [*checks[:at], CHALLENGE_PATH_CHECK, *checks[at:]]


# The account


def _reach_account(
    config: configuration.NamespaceConfig, report: Report
) -> tuple[HostAccount | None, Survey | None]:
    """Open the account and ask its panel, as far as that is possible."""
    try:
        options = read_options(config)
    except errors.PluginError as error:
        report.tell("options", Problem("options", *_split(str(error))))
        return None, None
    file = str(options.credentials)
    try:
        account = open_account(options, config.config_dir)
    except errors.PluginError as error:
        report.tell("credentials", Problem("credentials", *_split(str(error), file)))
        return None, None
    report.tell("credentials", _permissions(options.credentials))
    try:
        host = account.login()
        survey = take_survey(account, config)
    except errors.PluginError as error:
        report.tell("login", Problem("login", *_split(str(error), file)))
        return account, None
    report.tell("login", Fine(f"{host.username} on {host.web_server}"))
    report.tell("machine", _machine(account, host))
    return account, survey


def _split(message: str, file: str = "") -> tuple[str, str]:
    """A message's first sentence, and the rest of it: in our messages that says what to do.

    :param file: a path in it, which may hold anything
    """
    what, stop, remedy = message.replace(file, file.replace(" ", _TIE)).partition(". ")
    if not stop:
        return message.rstrip("."), "Put that right, and run this again."
    return what.replace(_TIE, " "), remedy.replace(_TIE, " ")


_TIE = "\x1f"
"""Stands for a space where no sentence ends."""


def _permissions(credentials: Path) -> Finding:
    mode = credentials.stat().st_mode & 0o777
    if mode & 0o077:
        return Problem(
            "permissions",
            f"others on this machine may read or change {credentials} (mode {mode:04o})",
            f"`chmod 600 {credentials}`, and change the password if others use this machine.",
        )
    return Fine(f"{credentials}, only for its owner")


def _machine(account: HostAccount, host: Account) -> Finding:
    is_local = isinstance(choose_files(account), LocalFiles)
    webapps = Path(host.home) / "webapps"
    if is_local and not webapps.is_dir():
        return Problem(
            "machine",
            f"there is no {webapps} here, so this machine is not {host.web_server}, but"
            " --webfaction-files local has files written here",
            "Leave --webfaction-files out, or give `api`, here and in the renewal files.",
        )
    where = "written here" if is_local else "written over its API"
    return Fine(f"{host.web_server}; files are {where}")


def _survey_offline(account: HostAccount, config: configuration.NamespaceConfig) -> Survey:
    lineages, unreadable = read_lineages(config, account)
    documents = peek_documents(account, config)
    return Survey((), (), (), lineages, documents, unreadable=unreadable)


def _check_documents(survey: Survey, config: configuration.NamespaceConfig, report: Report) -> None:
    findings: Sequence[Finding] = account_problems(survey, config)
    lineages = len(survey.lineages)
    counted = "1 lineage" if lineages == 1 else f"{lineages} lineages"
    report.tell("documents", *(findings or [Fine(f"{counted}; no earlier run left anything")]))


# Its domains


def _check_domains(
    account: HostAccount,
    survey: Survey,
    named: Sequence[str],
    config: configuration.NamespaceConfig,
    report: Report,
) -> None:
    domains = survey.expand(named) if named else survey.our_domains()
    if not domains:
        account_of = credentials_option(config)
        report.tell(
            "domains",
            Note(
                "no lineage names this plugin yet, so there is none to check",
                f"`certbot run -a webfaction -i webfaction -d DOMAIN{account_of}` gets a first"
                f" certificate; `certbot-webfaction doctor -d DOMAIN{account_of}` checks before"
                " that.",
            ),
        )
        return
    served = look_at_served(survey, domains, account.options)
    now = datetime.datetime.now(datetime.timezone.utc)
    scenes = [
        Scene(survey.state(domain, served), survey, config, now, meant=bool(named))
        for domain in domains
    ]
    for check in _checks():
        standing = [scene for scene in scenes if not _lacks(check, scene.state.domain, report)]
        if check is CHALLENGE_PATH_CHECK:
            findings = _try_challenge_paths(account, standing)
        else:
            found = [(scene.state.domain, check.find(scene)) for scene in standing]
            findings = [(domain, finding) for domain, finding in found if finding is not None]
        report.tell_of_domains(check.title, findings)
        _tell_what_follows(check, report)


def _lacks(check: Check, domain: str, report: Report) -> bool:
    return any(report.has_failed(title, domain) for title in check.needs)


def _tell_what_follows(check: Check, report: Report) -> None:
    """Say once which later checks can't be made for the domains that failed this one."""
    failed = sorted(report.failed.get(check.title, ()))
    following = [later for later in _checks() if check.title in later.needs]
    if failed:
        report.tell_unmade(following, f"because of that, for {', '.join(failed)}")


def _try_challenge_paths(
    account: HostAccount, scenes: Sequence[Scene]
) -> list[tuple[str, Finding]]:
    """Place a file for each domain with a mounted app, fetch it, and remove it."""
    places = [
        scene.state.place
        for scene in scenes
        if scene.state.place and isinstance(challenge_app(scene), Fine)
    ]
    return _try_places(account, places) if places else []


def _try_places(account: HostAccount, places: Sequence[Place]) -> list[tuple[str, Finding]]:
    try:
        wrong = probe(account, places)
    except PlacingError as error:
        problem = Problem(
            "challenge-path",
            f"no file can be placed in its app: {str(error).rstrip('.')}",
            "Put that right, or keep challenge files in an app of their own with --webfaction-app"
            " NAME.",
        )
        closed = [place for place in places if _is_in(error.file.directory, place)]
        rest = [place for place in places if place not in closed]
        found: list[tuple[str, Finding]] = [(place.domain, problem) for place in closed]
        return found + (_try_places(account, rest) if rest and closed else [])
    except errors.PluginError as error:
        problem = Problem("challenge-path", "no file can be placed", str(error))
        return [(place.domain, problem) for place in places]
    return [(place.domain, _came_back(place, wrong.get(place.domain), account)) for place in places]


def _is_in(directory: str, place: Place) -> bool:
    return place.app is not None and place.app.directory == directory


def _came_back(place: Place, wrong: WrongAnswer | None, account: HostAccount) -> Finding:
    if account.options.wait == 0:
        return Note("a file was placed, but not fetched: --webfaction-wait is 0", "Leave it out.")
    if wrong is None:
        return Fine("a file placed there comes back")
    *told, cause = describe(wrong, place, account.options)
    text = "\n".join(["a file placed there does not come back", *told])
    return Problem("challenge-path", text, f"Likely cause: {cause}")


# This machine


def _cron(config: configuration.NamespaceConfig, usual_dir: str) -> Finding:
    crontab = read_crontab()
    jobs = renewing_jobs(crontab or "", config.config_dir, usual_dir)
    schedule = find_schedule(config, jobs)
    if schedule:
        return Fine(schedule)
    if crontab is None:
        return Note(
            "the crontab can't be read here, so it is not known what runs `certbot renew`",
            "Have `certbot renew -q` run once a day.",
        )
    for job in jobs:
        return Problem(
            "no-cron",
            f"the crontab runs {job.program}, which does not have this plugin, so certificates"
            " will expire",
            "`certbot-webfaction init` offers a line for the crontab.",
        )
    return Problem(
        "no-cron",
        "nothing here runs `certbot renew` by itself, so certificates will expire",
        "`certbot-webfaction init` offers the line for the crontab.",
    )


def _versions() -> Finding:
    return Fine(
        f"certbot {version('certbot')}, certbot-webfaction {version('certbot-webfaction')},"
        f" Python {platform.python_version()}"
    )
