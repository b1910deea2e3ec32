"""Walking a website's address as a visitor does, over http and over https."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from certbot_webfaction.names import a_label
from certbot_webfaction.text import printable
from certbot_webfaction.web import workers
from certbot_webfaction.web.route import Route
from certbot_webfaction.web.walk import BROWSER, Client, Walk, walk

VISITOR = Client(agent=BROWSER, followed=(301, 302, 303, 307, 308), anywhere=True)
"""How a browser asks, but for scripts and cookies."""


def visit(name: str, scheme: str, route: Route) -> Walk:
    """Walk from a name's ``/`` to where its redirects lead: ten at most, to any host.

    :param scheme: ``http`` or ``https``; certificates are not checked
    """
    return walk(f"{scheme}://{a_label(name)}/", VISITOR, route)


def _last(walk: Walk) -> str:
    return printable(walk.urls[-1], 200)


@dataclass(frozen=True)
class Visit:
    """What a visitor of a name meets over http and over https."""

    http: Walk
    https: Walk

    @property
    def goes_to_https(self) -> bool:
        """Whether http sends its visitors to https of the same name by itself."""
        start, *then = (urlsplit(url) for url in self.http.urls)
        return bool(then) and (then[0].scheme, then[0].hostname) == ("https", start.hostname)

    @property
    def lost(self) -> str | None:
        """Why visitors of http would lose their website by being sent to https; `None` if not.

        They do not where https ends with a status below 400, or with the same as http did. It is a
        clause that begins with "https".
        """
        http, https = self.http, self.https
        back = [url for url in https.urls if urlsplit(url).scheme == "http"]
        if back:
            return f"https sends its visitors back to http, to {printable(back[0], 200)}"
        if https.trouble is not None:
            return f"https gives no answer at {_last(https)}: {https.trouble.value}"
        if https.loops:
            target = printable(https.refused_redirect, 200)
            return f"https redirects without end, at last to {target}"
        if https.status < 400 or https.status == http.status:
            return None
        before = f"answers with {http.status}" if http.trouble is None else "gives no answer"
        return f"https answers with status {https.status} at {_last(https)}, where http {before}"


def visit_all(names: Iterable[str], route: Route) -> dict[str, Visit]:
    """Visit names over http and https, all at the same time.

    :param names: no wildcards
    """
    return workers.run({name: functools.partial(visit_name, name, route) for name in names})


def visit_name(name: str, route: Route) -> Visit:
    """Visit a name over http and over https."""
    return Visit(visit(name, "http", route), visit(name, "https", route))
