"""``certbot-webfaction status``: one table for the account. It changes nothing anywhere."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from certbot import configuration

from certbot_webfaction.command.configuration import host_of
from certbot_webfaction.command.diagnosis.findings import account_problems, problems_of
from certbot_webfaction.command.diagnosis.survey import Subject, Survey, name_of
from certbot_webfaction.command.screen import BOLD, RED, Screen, standard_output
from certbot_webfaction.hosts.host import Host
from certbot_webfaction.panel.findings import Problem
from certbot_webfaction.panel.model import Place
from certbot_webfaction.plugin.door import account_of
from certbot_webfaction.text import capitalized, grouped

SUMMARY = "show the account's websites, certificates and lineages in one table"
DESCRIPTION = """\
Shows each domain of the account with its websites, what is at its challenge path, its certificate
on the panel, what is served now, and the next renewal. Rows that start with “!” are out of step;
what to do stands below the table. Nothing is changed.

  WEBSITE      its http and its https website; one name if both have the same, - for none
  APP          the app that answers challenges; (none) where one is to be mounted yet; DOCUMENT ROOT
               on hosts without apps
  CERTIFICATE  its lineage, or the certificate that the panel uses in place of one; with (host):
               the host keeps it by itself; (shared): the host's own, about which browsers warn
  LEFT         days until that expires, with - in front if it has
  SERVED       yes: visitors get the panel's certificate; other: another one; none: none; shared:
               the host's own; ?: not looked at, as for wildcards and with --…-wait 0
  RENEWS       days until certbot renews it; due: the next `certbot renew` does

--json prints one object: "version" (1), "host", "account" ("username", "web_server"), "problems" of
the account, and "domains", a list of objects: "domain", "http_website", "https_website",
"challenge_app", "challenge_mount", "certificate" (on the panel: "name", "expires", "fingerprint"),
"keeper" (who sees to that: "certbot", "host" for the host itself, "user"),
"served" ("fingerprint", "description"), "lineage" ("name", "expires", "renews", "fingerprint",
"authenticator", "installer"), "in_step" and "problems" ("kind", "text", "remedy"). What there is
none of is null. Times are in ISO 8601 and UTC, fingerprints are SHA-256 of the leaf in hexadecimal.
More keys may come; these stay. Where there are accounts on several hosts and no --host names one,
it is a list of such objects, one for each account that could be asked.

The exit status is 0 unless an account could not be asked, whatever is out of step.
"""

_HEADS = ("  DOMAIN", "WEBSITE", "APP", "CERTIFICATE", "LEFT", "SERVED", "RENEWS")
_ELASTIC = ((1, 2, 3), (0,))


def add_arguments(parser: argparse.ArgumentParser, host: Host) -> None:
    """Declare the subcommand's own options."""
    parser.add_argument("--json", action="store_true", help="print all of it for scripts")


_Rows = Mapping[Subject, Sequence[Problem]]
"""What is wrong with each domain."""


def run(
    config: configuration.NamespaceConfig, arguments: argparse.Namespace
) -> int | dict[str, Any]:
    """Print the table, and return 0; with ``--json`` return the object.

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
        return {
            "version": 1,
            "host": account.host.name,
            "account": {"username": login.username, "web_server": login.server},
            "problems": list(map(dataclasses.asdict, problems)),
            "domains": [_as_json(*row) for row in rows.items()],
        }
    screen = standard_output()
    told = _out_of_step(rows, problems, screen)
    if not config.quiet:
        wrong = sum(map(bool, rows.values()))
        counted = f"{len(rows)} domain" if len(rows) == 1 else f"{len(rows)} domains"
        state = f"{wrong} out of step" if wrong else "all in step"
        head = f"{login.username} on {login.server}: {counted}, {state}"
        told = [head, _table(rows, account.host.holder, screen), *told]
    if told:
        print("\n\n".join(told))
    return 0


def _table(rows: _Rows, holder: str, screen: Screen) -> str:
    heads = [holder.upper() if head == "APP" else head for head in _HEADS]
    head, *body = screen.table(heads, [_cells(*row) for row in rows.items()], *_ELASTIC)
    lines = [screen.coloured(head, BOLD)]
    for problems, line in zip(rows.values(), body, strict=True):
        lines.append(screen.coloured(line, RED) if problems else line)
    return "\n".join(lines)


def _out_of_step(rows: _Rows, problems: Sequence[Problem], screen: Screen) -> list[str]:
    """A paragraph for each problem, with all domains that have it."""
    told = grouped((subject.domain, each) for subject, wrong in rows.items() for each in wrong)
    texts = [(f"{', '.join(domains)}: {each.text}.", each) for each, domains in told.items()]
    texts += [(f"{capitalized(each.text.rstrip('.'))}.", each) for each in problems]
    return [
        f"{screen.coloured('!', RED)}{screen.paragraph(f'! {text}', 2, hanging=2)[1:]}\n"
        f"{screen.paragraph(problem.remedy, 2)}"
        for text, problem in texts
    ]


def _cells(subject: Subject, problems: Sequence[Problem]) -> list[str]:
    now, place = subject.survey.now, subject.place
    http, https = map(name_of, (subject.http, subject.https))
    holder = place.holder if isinstance(place, Place) else "-"
    renews = subject.lineage.renews if subject.lineage else None
    return [
        f"{'!' if problems else ' '} {subject.domain}",
        http if http == https else f"{http}, {https}",
        "(none)" if isinstance(place, Place) and not place.ready else holder,
        _certificate(subject),
        _left(subject, now),
        _served(subject),
        "-" if renews is None else _days(renews - now) if renews > now else "due",
    ]


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


def _as_json(subject: Subject, problems: Sequence[Problem]) -> dict[str, Any]:
    """What ``--json`` prints of a domain; `DESCRIPTION` tells users of the keys."""
    place, known, lineage = subject.ready_place, subject.certificate, subject.lineage
    return {
        "domain": subject.domain,
        "http_website": subject.http and name_of(subject.http),
        "https_website": subject.https and name_of(subject.https),
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
        "lineage": lineage
        and {
            "name": lineage.name,
            "expires": lineage.expires.isoformat(),
            "renews": lineage.renews and lineage.renews.isoformat(),
            "fingerprint": lineage.fingerprint,
            "authenticator": lineage.renewal.authenticator or None,
            "installer": lineage.renewal.installer or None,
        },
        "in_step": not problems,
        "problems": list(map(dataclasses.asdict, problems)),
    }
