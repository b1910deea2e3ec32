"""``certbot-webfaction status``: one table for the account. It changes nothing anywhere."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
from collections.abc import Sequence
from typing import Any

from certbot import configuration

from certbot_webfaction.account import open_account, read_options
from certbot_webfaction.command.diagnosis.findings import (
    Problem,
    Scene,
    account_problems,
    problems_of,
)
from certbot_webfaction.command.diagnosis.survey import (
    DomainState,
    Survey,
    look_at_served,
    take_survey,
)
from certbot_webfaction.command.screen import BOLD, RED, Screen, standard_output
from certbot_webfaction.hosts.webfaction.model import Account

SUMMARY = "show the account's websites, certificates and lineages in one table"
DESCRIPTION = """\
Shows each domain of the account with its websites, the app at its challenge path, its certificate
on the panel, what is served now, and the next renewal. Rows that start with “!” are out of step;
what to do stands below the table. Nothing is changed.

  WEBSITE      its http and its https website; one name if both have the same, - for none
  APP          the app that answers challenges; (none) where one is to be mounted yet
  CERTIFICATE  its lineage, or the certificate that the panel uses in place of one; (shared): the
               host's own, about which browsers warn
  LEFT         days until that expires, with - in front if it has
  SERVED       yes: visitors get the panel's certificate; other: another one; none: none; shared:
               the host's own; ?: not looked at, as for wildcards and with --webfaction-wait 0
  RENEWS       days until certbot renews it; due: the next `certbot renew` does

--json prints one object: "version" (1), "account" ("username", "web_server"), "problems" of the
account, and "domains", a list of objects: "domain", "http_website", "https_website",
"challenge_app", "challenge_mount", "certificate" (on the panel: "name", "expires", "fingerprint"),
"served" ("fingerprint", "description"), "lineage" ("name", "expires", "renews", "fingerprint",
"authenticator", "installer"), "in_step" and "problems" ("kind", "text", "remedy"). What there is
none of is null. Times are in ISO 8601 and UTC, fingerprints are SHA-256 of the leaf in hexadecimal.
More keys may come; these stay.
"""

_HEADS = ("  DOMAIN", "WEBSITE", "APP", "CERTIFICATE", "LEFT", "SERVED", "RENEWS")
_ELASTIC = ((1, 2, 3), (0,))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's own options."""
    parser.add_argument("--json", action="store_true", help="print all of it for scripts")


@dataclasses.dataclass(frozen=True)
class _Row:
    state: DomainState
    problems: Sequence[Problem]


def run(config: configuration.NamespaceConfig, arguments: argparse.Namespace) -> int:
    """Print the table, or the object with ``--json``; return 0.

    :raises certbot.errors.PluginError: if the panel can't be asked
    """
    account = open_account(read_options(config), config.config_dir)
    survey = take_survey(account, config)
    domains = survey.domains()
    served = look_at_served(survey, domains, account.options)
    now = datetime.datetime.now(datetime.timezone.utc)
    states = [survey.state(domain, served) for domain in domains]
    rows = [_Row(state, problems_of(Scene(state, survey, config, now))) for state in states]
    if arguments.json:
        whole = as_json(account.login(), rows, account_problems(survey, config))
        print(json.dumps(whole, indent=2, ensure_ascii=False))
    else:
        screen = standard_output()
        table = [] if config.quiet else [_table(account.login(), rows, now, screen)]
        if told := [*table, *_out_of_step(rows, survey, config, screen)]:
            print("\n\n".join(told))
    return 0


def _table(host: Account, rows: Sequence[_Row], now: datetime.datetime, screen: Screen) -> str:
    wrong = sum(bool(row.problems) for row in rows)
    counted = f"{len(rows)} domain" if len(rows) == 1 else f"{len(rows)} domains"
    state = f"{wrong} out of step" if wrong else "all in step"
    lines = [f"{host.username} on {host.web_server}: {counted}, {state}", ""]
    head, *body = screen.table(_HEADS, [_cells(row, now) for row in rows], *_ELASTIC)
    lines.append(screen.coloured(head, BOLD))
    for row, line in zip(rows, body, strict=True):
        lines.append(screen.coloured(line, RED) if row.problems else line)
    return "\n".join(lines)


def _out_of_step(
    rows: Sequence[_Row], survey: Survey, config: configuration.NamespaceConfig, screen: Screen
) -> list[str]:
    """A paragraph for each problem, with all domains that have it."""
    told: dict[Problem, list[str]] = {}
    for row in rows:
        for problem in row.problems:
            told.setdefault(problem, []).append(row.state.domain)
    paragraphs = [
        _paragraph(f"{', '.join(domains)}: {problem.text}.", problem, screen)
        for problem, domains in told.items()
    ]
    for problem in account_problems(survey, config):
        text = f"{problem.text[:1].upper()}{problem.text[1:]}"
        paragraphs.append(_paragraph(f"{text.rstrip('.')}.", problem, screen))
    return paragraphs


def _paragraph(text: str, problem: Problem, screen: Screen) -> str:
    told = screen.paragraph(f"! {text}", 2, hanging=2)
    return f"{screen.coloured('!', RED)}{told[1:]}\n{screen.paragraph(problem.remedy, 2)}"


def _cells(row: _Row, now: datetime.datetime) -> list[str]:
    state, lineage = row.state, row.state.lineage
    left: datetime.timedelta | None = None
    if lineage and _uses_lineage(state) and state.leaf in ("", lineage.fingerprint):
        left = lineage.expires - now
    elif state.certificate and state.certificate.expires:
        left = state.certificate.expires - now.date()
    renews = lineage.renews if lineage else None
    return [
        f"{'!' if row.problems else ' '} {state.domain}",
        _websites(state),
        _app(state),
        _certificate(state),
        _days(left) if left is not None else "-",
        _served(state),
        "-" if renews is None else _days(renews - now) if renews > now else "due",
    ]


def _websites(state: DomainState) -> str:
    http, https = state.http and state.http.name, state.https and state.https.name
    return (http or "-") if http == https else f"{http or '-'}, {https or '-'}"


def _app(state: DomainState) -> str:
    if state.place is None:
        return "-"
    return state.place.mount.app if state.place.mounted else "(none)"


def _certificate(state: DomainState) -> str:
    if state.lineage and _uses_lineage(state):
        return state.lineage.name
    if state.https is None:
        return "-"
    return state.https.certificate or "(shared)"


def _uses_lineage(state: DomainState) -> bool:
    """Whether the domain has no other certificate than its lineage's, old or new."""
    used = state.https.certificate if state.https else ""
    lineage = state.lineage
    return lineage is not None and (
        not used or used == state.installed_as or state.leaf == lineage.fingerprint
    )


def _served(state: DomainState) -> str:
    if state.https is None:
        return "-"
    if state.served is None:
        return "?"
    if not state.served.leaf:
        return "none"
    if not state.https.certificate:
        return "shared"
    return "yes" if state.served.leaf == state.leaf else "other"


def _days(left: datetime.timedelta) -> str:
    days = abs(left).days
    sign = "-" if left < datetime.timedelta(0) else ""
    return f"{sign}{days} d" if days else "today"


def as_json(host: Account, rows: Sequence[_Row], problems: Sequence[Problem]) -> dict[str, Any]:
    """What ``--json`` prints; `DESCRIPTION` tells users of the keys."""
    return {
        "version": 1,
        "account": {"username": host.username, "web_server": host.web_server},
        "problems": [dataclasses.asdict(problem) for problem in problems],
        "domains": [_domain_as_json(row) for row in rows],
    }


def _domain_as_json(row: _Row) -> dict[str, Any]:
    state, lineage, known = row.state, row.state.lineage, row.state.certificate
    return {
        "domain": state.domain,
        "http_website": state.http.name if state.http else None,
        "https_website": state.https.name if state.https else None,
        "challenge_app": state.place.mount.app if state.place and state.place.mounted else None,
        "challenge_mount": state.place.mount.path if state.place and state.place.mounted else None,
        "certificate": known
        and {
            "name": known.name,
            "expires": known.expires and known.expires.isoformat(),
            "fingerprint": state.leaf or None,
        },
        "served": state.served
        and {"fingerprint": state.served.leaf or None, "description": state.served.words},
        "lineage": lineage
        and {
            "name": lineage.name,
            "expires": lineage.expires.isoformat(),
            "renews": lineage.renews and lineage.renews.isoformat(),
            "fingerprint": lineage.fingerprint,
            "authenticator": lineage.renewal.authenticator or None,
            "installer": lineage.renewal.installer or None,
        },
        "in_step": not row.problems,
        "problems": [dataclasses.asdict(problem) for problem in row.problems],
    }
