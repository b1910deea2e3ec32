"""What would come of redirecting an http site to https, found out before anybody is redirected."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from certbot_webfaction.account import Account
from certbot_webfaction.panel.model import HttpSite
from certbot_webfaction.web.visit import Visit, visit_name
from certbot_webfaction.web.waiting import wait_until_right


@dataclass(frozen=True)
class Outlook:
    """``in_place``: it sends its visitors to https by itself.

    ``harm`` says why its visitors would lose the website, ``""`` if they would not; ``hidden`` what
    of it they would not find any more, each in words.
    """

    in_place: bool = False
    harm: str = ""
    hidden: tuple[str, ...] = ()


PATIENCE = 10.0
"""Seconds in which https has to answer as http does: a web server's processes take a new website
over one after another."""


def look_ahead(
    account: Account, site: HttpSite, wrong: Mapping[str, str], *, quiet: bool
) -> Outlook:
    """Walk the addresses of a site as its visitors would, over http and over https.

    Nothing is looked at where the wait is 0.

    :param wrong: names of it that serve another certificate than ours, with words for it
    :param quiet: whether progress is kept from the terminal
    """
    hidden = tuple(account.panel.hidden_by_redirect(site))
    if account.options.wait == 0:
        return Outlook(hidden=hidden)
    if wrong:
        served = "; ".join(f"{name}: {words}" for name, words in wrong.items())
        flag = account.host.flag("connect-to")
        harm = (
            f"its visitors do not get our certificate ({served}). If a CDN stands before it, let it"
            f" ask the account over https, and give {flag} ADDRESS to look past it"
        )
        return Outlook(harm=harm, hidden=hidden)
    visits, lost = _visit(account, site, quiet)
    if lost:
        harm = "; ".join(f"{name}: {why}" for name, why in lost.items())
        return Outlook(harm=harm, hidden=hidden)
    in_place = bool(visits) and all(visit.goes_to_https for visit in visits.values())
    return Outlook(in_place=in_place, hidden=hidden)


def _visit(
    account: Account, site: HttpSite, quiet: bool
) -> tuple[dict[str, Visit], dict[str, str]]:
    """Visit the names of a site; return that, and what their visitors would lose to the last."""
    visits: dict[str, Visit] = {}

    def check(name: str) -> str | None:
        visits[name] = visit_name(name, account.options.route)
        return visits[name].lost

    names = [name for name in site.names if not name.startswith("*.")]
    lost = wait_until_right(
        "https to answer as http does",
        {name: functools.partial(check, name) for name in names},
        min(PATIENCE, account.options.wait),
        quiet=quiet,
    )
    return visits, lost
