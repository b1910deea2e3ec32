"""``certbot-webfaction secure``: https for every website of an account, through certbot itself."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from certbot import configuration, errors
from certbot.display import util as display_util

from certbot_webfaction.challenges.nowhere import why_nowhere
from certbot_webfaction.command.configuration import given_options, host_of, usual_config_dir
from certbot_webfaction.command.diagnosis.doctor import renewing
from certbot_webfaction.command.diagnosis.findings import account_problems
from certbot_webfaction.command.diagnosis.survey import Survey
from certbot_webfaction.command.setup.missing import Missing, find_missing
from certbot_webfaction.command.setup.questions import Questions
from certbot_webfaction.command.setup.running import Ca
from certbot_webfaction.command.setup.user_configuration import line_for_cron
from certbot_webfaction.command.setup.work import Work
from certbot_webfaction.hosts.host import Host
from certbot_webfaction.panel.findings import Fine
from certbot_webfaction.panel.model import HttpSite
from certbot_webfaction.phrases import Phrases
from certbot_webfaction.plugin.door import account_of, lineages_of
from certbot_webfaction.text import capitalized, grouped, listed

SUMMARY = "get https for every website of the account that has none"
DESCRIPTION = """\
Gets a certificate for each http website whose names reach this account and have no good one, one
after another: `certbot run` for each, which installs it and redirects http to https where nothing
is lost by that. A certificate that is there already and only not installed is installed.

What is good stays as it is, whoever keeps it: certbot, the host, or you. Names that can't be
certified are listed with the reason. A website that fails does not stop the others; it is listed
at the end. Run again, it does only what is missing.

It stops before Let's Encrypt's limits are reached (50 new certificates for a registered domain in
a week, 300 orders in three hours), and says when to go on.

  certbot-webfaction secure --dry-run      shows what it would run
  certbot-webfaction secure --limit 5      gets five certificates at most

The exit status is 0 only if nothing failed. With -q only what failed is printed.
"""


def add_arguments(parser: argparse.ArgumentParser, host: Host) -> None:
    """Declare the subcommand's own options."""
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="print the certbot lines that would be run, and run none",
    )
    for option, meaning in (("--only", "only the"), ("--except", "not the")):
        parser.add_argument(
            option,
            dest=f"{option[2:]}_domains",
            metavar="DOMAIN",
            action="extend",
            nargs="+",
            default=[],
            help=f"{meaning} websites that serve this domain; may be given more than once",
        )
    parser.add_argument(
        "--no-redirect",
        action="store_true",
        help="don't redirect http to https (default: as certbot does, where nothing is lost by it)",
    )
    parser.add_argument(
        "--limit", type=_count, metavar="N", help="get at most this many certificates in this run"
    )
    group = parser.add_argument_group("the account at the CA, where there is none yet")
    group.add_argument(
        "-m", "--email", metavar="ADDRESS", help="its e-mail address (default: none)"
    )
    group.add_argument(
        "--agree-tos", action="store_true", help="agree to the CA's terms of service"
    )


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def run(config: configuration.NamespaceConfig, arguments: argparse.Namespace) -> int:
    """Get what is missing; return 0 if nothing failed, else 1."""
    account = account_of(config, host_of(arguments))
    account.login()
    survey = Survey(account)
    sites = _chosen(survey, arguments)
    common = _common_options(config, arguments)
    by_dns = (config.pref_challs or [""])[0] == "dns-01"
    missing = find_missing(survey, sites, config.server, by_dns=by_dns)
    for problem in account_problems(survey):
        display_util.notify(f"{capitalized(problem.text.rstrip('.'))}. {problem.remedy}")
    _tell_found(missing)
    ca = Ca(config.server, verify=not config.no_verify_ssl)
    redirect = ["--no-redirect"] if arguments.no_redirect else []
    work = Work(account, ca, redirect, common, dry_run=arguments.dry_run)
    try:
        work.do(missing.steps, arguments.limit)
    finally:
        work.tell_rest()
    if not arguments.no_redirect:
        _tell_unredirected(missing, account.phrases)
    if not arguments.dry_run:
        _tell_renewing(config, arguments)
    return 1 if work.failed else 0


def _chosen(survey: Survey, arguments: argparse.Namespace) -> list[HttpSite]:
    """The http sites that the command line means."""
    only = _sites(survey, "only", arguments.only_domains) or survey.http.all
    without = _sites(survey, "except", arguments.except_domains)
    return [site for site in survey.http.all if site in only and site not in without]


def _sites(survey: Survey, kind: str, given: Sequence[str]) -> list[HttpSite]:
    found = []
    for name in filter(None, map(str.strip, ",".join(given).split(","))):
        sites = survey.http.reached(name)
        if not sites:
            raise errors.Error(
                f"--{kind} {name} names no http website of the account, so nothing was done:"
                f" {why_nowhere(name, survey.http, survey.https)}"
            )
        found += sites
    return found


def _common_options(
    config: configuration.NamespaceConfig, arguments: argparse.Namespace
) -> list[str]:
    """The options that each run of certbot takes, so that it finds or makes its ACME account.

    :raises certbot.errors.Error: if there is none, and nobody agrees to the CA's terms
    """
    options = [option for option in given_options(arguments) if option != "--quiet"]
    if config.account or any(Path(config.accounts_dir).glob("*/regr.json")):
        return options
    if not (config.tos or arguments.agree_tos or arguments.dry_run):
        questions = Questions(
            terminal=sys.stdin.isatty() and not config.noninteractive_mode, yes=False
        )
        question = f"Do you agree to the terms of service of the CA ({config.server})?"
        if not questions.agrees(question, "--agree-tos"):
            raise errors.Error(
                "The CA gives no certificates to who does not agree to its terms of service."
                " Nothing was changed."
            )
    email = arguments.email or config.email
    contact = ["--email", email] if email else ["--register-unsafely-without-email"]
    return [*options, "--agree-tos", *contact]


def _tell_found(missing: Missing) -> None:
    for keeper, names in missing.good.items():
        display_util.notify(f"Good as it is ({keeper}): {listed(names, 10)}")
    for reason, names in grouped(missing.left.items()).items():
        display_util.notify(f"Left as it is: {', '.join(names)}: {reason.rstrip('.')}.")


def _tell_unredirected(missing: Missing, phrases: Phrases) -> None:
    """Name what a run that was killed has left, which looks as what was not to be redirected."""
    for lineage, names in missing.unredirected.items():
        display_util.notify(
            f"Not redirected to https: {listed(names, 10)}. If you did not want it so, run"
            f" `{phrases.redirect(lineage)}`."
        )


def _tell_renewing(config: configuration.NamespaceConfig, arguments: argparse.Namespace) -> None:
    """Say what is missing so that certificates are renewed."""
    usual_dir = usual_config_dir(config, arguments)
    finding = renewing(config.config_dir, usual_dir, lineages_of(config), host_of(arguments))
    if isinstance(finding, Fine):
        return
    display_util.notify(
        f"{capitalized(finding.text)}. Add this line with `crontab -e`, or have it run daily"
        " otherwise:\n" + line_for_cron(config, arguments)
    )
