"""What would come of redirecting an http site to https, found out before anybody is redirected."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from certbot_webfaction.account import Account
from certbot_webfaction.panel.model import HttpSite
from certbot_webfaction.web.visit import visit_all

SETTLING = 2.0
"""Seconds after which a wrong answer is looked at again: a web server's processes take over one
after another what has just changed."""


@dataclass(frozen=True)
class Outlook:
    """``in_place``: it sends its visitors to https by itself.

    ``harm`` says why its visitors would lose the website, ``""`` if they would not; ``hidden`` what
    of it they would not find any more, each in words.
    """

    in_place: bool = False
    harm: str = ""
    hidden: tuple[str, ...] = ()


def look_ahead(
    account: Account,
    site: HttpSite,
    wrong: Mapping[str, str],
    sleep: Callable[[float], None] = time.sleep,
) -> Outlook:
    """Walk the addresses of a site as its visitors would, over http and over https.

    Nothing is looked at where the wait is 0.

    :param wrong: names of it that serve another certificate than ours, with words for it
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
    names = [name for name in site.names if not name.startswith("*.")]
    visits = visit_all(names, account.options.route)
    if doubtful := [name for name, visit in visits.items() if visit.lost]:
        sleep(SETTLING)
        visits.update(visit_all(doubtful, account.options.route))
    lost = {name: visit.lost for name, visit in visits.items() if visit.lost}
    if lost:
        harm = "; ".join(f"{name}: {why}" for name, why in lost.items())
        return Outlook(harm=harm, hidden=hidden)
    in_place = bool(visits) and all(visit.goes_to_https for visit in visits.values())
    return Outlook(in_place=in_place, hidden=hidden)
