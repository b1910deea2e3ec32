"""``certbot-webfaction status``: one table for the account. It changes nothing anywhere."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
from collections.abc import Mapping, Sequence
from typing import Any

from certbot import configuration

from certbot_webfaction.command.configuration import host_of
from certbot_webfaction.command.diagnosis.findings import account_problems, problems_of
from certbot_webfaction.command.diagnosis.survey import Lineage, Subject, Survey
from certbot_webfaction.command.screen import BOLD, RED, Screen, standard_output
from certbot_webfaction.hosts.host import Host
from certbot_webfaction.panel.findings import Problem
from certbot_webfaction.panel.model import HttpSite, HttpsSite, Login, Place
from certbot_webfaction.plugin.door import account_of
from certbot_webfaction.text import grouped

SUMMARY = "show the account's websites, certificates and lineages in one table"
DESCRIPTION = """\
Shows each domain of the account with its websites, the app at its challenge path, its certificate
on the panel, what is served now, and the next renewal. Rows that start with “!” are out of step;
what to do stands below the table. Nothing is changed.

  WEBSITE      its http and its https website; one name if both have the same, - for none
  APP          the app that answers challenges; (none) where one is to be mounted yet
  CERTIFICATE  its lineage, or the certificate that the panel uses in place of one; with (host):
               the host keeps it by itself; (shared): the host's own, about which browsers warn
  LEFT         days until that expires, with - in front if it has
  SERVED       yes: visitors get the panel's certificate; other: another one; none: none; shared:
               the host's own; ?: not looked at, as for wildcards and with --…-wait 0
  RENEWS       days until certbot renews it; due: the next `certbot renew` does

--json prints one object: "version" (1), "account" ("username", "web_server"), "problems" of the
account, and "domains", a list of objects: "domain", "http_website", "https_website",
"challenge_app", "challenge_mount", "certificate" (on the panel: "name", "expires", "fingerprint"),
"keeper" (who sees to that: "certbot", "host" for the host itself, "user"),
"served" ("fingerprint", "description"), "lineage" ("name", "expires", "renews", "fingerprint",
"authenticator", "installer"), "in_step" and "problems" ("kind", "text", "remedy"). What there is
none of is null. Times are in ISO 8601 and UTC, fingerprints are SHA-256 of the leaf in hexadecimal.
More keys may come; these stay.
"""

_HEADS = ("  DOMAIN", "WEBSITE", "APP", "CERTIFICATE", "LEFT", "SERVED", "RENEWS")
_ELASTIC = ((1, 2, 3), (0,))


def add_arguments(parser: argparse.ArgumentParser, host: Host) -> None:
    """Declare the subcommand's own options."""
    parser.add_argument("--json", action="store_true", help="print all of it for scripts")


_Rows = Mapping[Subject, Sequence[Problem]]
"""What is wrong with each domain."""


def run(config: configuration.NamespaceConfig, arguments: argparse.Namespace) -> int:
    """Print the table, or the object with ``--json``; return 0.

    :raises certbot.errors.PluginError: if the panel can't be asked
    """
    account = account_of(config, host_of(arguments))
    login = account.login()
    survey = Survey(account)
    subjects = [Subject(survey, domain) for domain in survey.domains()]
    survey.ask_served(subjects)
    rows = {subject: problems_of(subject) for subject in subjects}
    problems = account_problems(survey)
    if arguments.json:
        whole = _as_json(login, rows, problems)
        print(json.dumps(whole, indent=2, ensure_ascii=False))
        return 0
    screen = standard_output()
    told = [] if config.quiet else [_table(login, rows, screen)]
    told += _out_of_step(rows, problems, screen)
    if told:
        print("\n\n".join(told))
    return 0


def _table(login: Login, rows: _Rows, screen: Screen) -> str:
    wrong = sum(map(bool, rows.values()))
    counted = f"{len(rows)} domain" if len(rows) == 1 else f"{len(rows)} domains"
    state = f"{wrong} out of step" if wrong else "all in step"
    lines = [f"{login.username} on {login.server}: {counted}, {state}", ""]
    head, *body = screen.table(_HEADS, [_cells(*row) for row in rows.items()], *_ELASTIC)
    lines.append(screen.coloured(head, BOLD))
    for problems, line in zip(rows.values(), body, strict=True):
        lines.append(screen.coloured(line, RED) if problems else line)
    return "\n".join(lines)


def _out_of_step(rows: _Rows, problems: Sequence[Problem], screen: Screen) -> list[str]:
    """A paragraph for each problem, with all domains that have it."""
    told = grouped((subject.domain, each) for subject, wrong in rows.items() for each in wrong)
    paragraphs = [
        _paragraph(f"{', '.join(domains)}: {problem.text}.", problem, screen)
        for problem, domains in told.items()
    ]
    for problem in problems:
        text = f"{problem.text[:1].upper()}{problem.text[1:].rstrip('.')}."
        paragraphs.append(_paragraph(text, problem, screen))
    return paragraphs


def _paragraph(text: str, problem: Problem, screen: Screen) -> str:
    told = screen.paragraph(f"! {text}", 2, hanging=2)
    return f"{screen.coloured('!', RED)}{told[1:]}\n{screen.paragraph(problem.remedy, 2)}"


def _cells(subject: Subject, problems: Sequence[Problem]) -> list[str]:
    now = subject.survey.now
    renews = subject.lineage.renews if subject.lineage else None
    return [
        f"{'!' if problems else ' '} {subject.domain}",
        _websites(subject),
        _app(subject),
        _certificate(subject),
        _left(subject, now),
        _served(subject),
        "-" if renews is None else _days(renews - now) if renews > now else "due",
    ]


def _name(site: HttpSite | HttpsSite | None) -> str:
    """What the panel's user calls a site."""
    return (site.name or site.id) if site else "-"


def _websites(subject: Subject) -> str:
    http, https = _name(subject.http), _name(subject.https)
    return http if http == https else f"{http}, {https}"


def _app(subject: Subject) -> str:
    if isinstance(subject.place, Place):
        return subject.place.holder if subject.place.ready else "(none)"
    return "-"


def _certificate(subject: Subject) -> str:
    if subject.in_place:
        return subject.in_place.name
    if subject.https is None:
        return "-"
    label = subject.certificate.label if subject.certificate else subject.holds
    if subject.keeper == "host":
        return f"{label} (host)"
    return label or "(shared)"


def _left(subject: Subject, now: datetime.datetime) -> str:
    """Days until what stands in the column before expires."""
    lineage, known = subject.in_place, subject.certificate
    if lineage and subject.leaf in (None, lineage.fingerprint):
        return _days(lineage.expires - now)
    return _days(known.expires - now.date()) if known and known.expires else "-"


def _served(subject: Subject) -> str:
    if subject.https is None:
        return "-"
    if subject.served is None:
        return "?"
    if not subject.served.leaf:
        return "none"
    if not subject.holds:
        return "shared"
    return "yes" if subject.served.leaf == subject.leaf else "other"


def _days(left: datetime.timedelta) -> str:
    days = abs(left).days
    sign = "-" if left < datetime.timedelta(0) else ""
    return f"{sign}{days} d" if days else "today"


def _as_json(login: Login, rows: _Rows, problems: Sequence[Problem]) -> dict[str, Any]:
    """What ``--json`` prints; `DESCRIPTION` tells users of the keys."""
    return {
        "version": 1,
        "account": {"username": login.username, "web_server": login.server},
        "problems": list(map(dataclasses.asdict, problems)),
        "domains": [_domain_as_json(*row) for row in rows.items()],
    }


def _domain_as_json(subject: Subject, problems: Sequence[Problem]) -> dict[str, Any]:
    place, known, lineage = subject.ready_place, subject.certificate, subject.lineage
    return {
        "domain": subject.domain,
        "http_website": subject.http and _name(subject.http),
        "https_website": subject.https and _name(subject.https),
        "challenge_app": place and place.holder,
        "challenge_mount": place and place.mount,
        "certificate": known
        and {
            "name": known.label,
            "expires": known.expires and known.expires.isoformat(),
            "fingerprint": subject.leaf,
        },
        "keeper": subject.keeper,
        "served": subject.served
        and {"fingerprint": subject.served.leaf or None, "description": subject.served.words},
        "lineage": lineage and _lineage_as_json(lineage),
        "in_step": not problems,
        "problems": list(map(dataclasses.asdict, problems)),
    }


def _lineage_as_json(lineage: Lineage) -> dict[str, str | None]:
    return {
        "name": lineage.name,
        "expires": lineage.expires.isoformat(),
        "renews": lineage.renews.isoformat() if lineage.renews else None,
        "fingerprint": lineage.fingerprint,
        "authenticator": lineage.renewal.authenticator or None,
        "installer": lineage.renewal.installer or None,
    }
