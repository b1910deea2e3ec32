"""Fetching challenge files over http as a CA does, before it is asked to."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from certbot_webfaction.panel.model import CHALLENGE_PATH
from certbot_webfaction.web import dialling
from certbot_webfaction.web.dialling import Trouble
from certbot_webfaction.web.route import Route
from certbot_webfaction.web.waiting import wait_until_right
from certbot_webfaction.web.walk import BROWSER, Client, Walk, walk

CA = Client(
    # Without a word that sites keep robots out by ("bot", "crawl", "spider", "curl", "python", …):
    # the agents of CAs have none, and get in.
    agent="Mozilla/5.0 (compatible; challenge file check)",
    followed=(301, 302, 307, 308),  # boulder, va/http.go
    anywhere=False,
)
"""How Let's Encrypt asks."""


@dataclass(frozen=True)
class ChallengeFile:
    """What a CA will ask a domain for: the token in the path, and the content to come back."""

    domain: str
    token: str
    content: str

    @property
    def url(self) -> str:
        """Where the CA starts."""
        return f"http://{self.domain}{CHALLENGE_PATH}/{self.token}"

    def is_in(self, walk: Walk) -> bool:
        """Whether a CA would be content; it ignores space at the end (RFC 8555, section 8.3)."""
        return walk.status == 200 and walk.body.rstrip() == self.content


@dataclass(frozen=True)
class WrongAnswer:
    """What a domain gave instead of its challenge file.

    ``addresses`` are all that DNS has (empty where ``--…-connect-to`` leads elsewhere), ``walk`` is
    what a CA would see, and ``by_ipv4`` the same over IPv4 where that went over IPv6. ``by_agent``
    tells that a browser gets the file: the site keeps others out by their user agents.
    """

    addresses: tuple[str, ...]
    walk: Walk
    by_ipv4: Walk | None = None
    by_agent: bool = False


def wait_until_served(
    files: Sequence[ChallengeFile], route: Route, wait: float, *, quiet: bool = False
) -> dict[str, WrongAnswer]:
    """Fetch each file until it comes back right or the wait is over.

    :param wait: seconds
    :returns: for each domain that did not serve its file, what it served instead
    """
    checks = {file.domain: functools.partial(_check, file, route) for file in files}
    return wait_until_right("the web server to serve challenge files", checks, wait, quiet=quiet)


def _check(file: ChallengeFile, route: Route) -> WrongAnswer | None:
    """Ask over IPv6 first and, as Let's Encrypt, over IPv4 only where IPv6 does not connect."""
    try:
        candidates = route.addresses(file.domain)
    except OSError as error:
        kind = dialling.trouble(error)
        return WrongAnswer((), Walk((file.url,), trouble=kind, detail=str(error)))
    seen, by_ipv4 = walk(file.url, CA, route, candidates[0]), None
    if len(candidates) > 1 and not file.is_in(seen):
        by_ipv4 = walk(file.url, CA, route, candidates[1])
        if len(seen.urls) == 1 and seen.trouble in _NOT_CONNECTED:
            seen, by_ipv4 = by_ipv4, None
    if file.is_in(seen):
        return None
    by_agent = False
    if seen.status in _REFUSALS or seen.trouble is Trouble.BROKEN:
        browser = replace(CA, agent=BROWSER)
        by_agent = file.is_in(walk(file.url, browser, route, seen.address))
    known: tuple[str, ...] = ()
    if route.address is None:
        with contextlib.suppress(OSError):
            known = route.resolver(file.domain)
    return WrongAnswer(known, seen, by_ipv4, by_agent)


_NOT_CONNECTED = (Trouble.REFUSED, Trouble.TIMED_OUT, Trouble.UNREACHABLE)

_REFUSALS = (401, 403, 405, 406, 410, 418, 429, 503)
"""What recipes against robots answer with; nginx's 444 closes the connection."""
