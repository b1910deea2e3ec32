"""WebFaction's websites as http and https sites, and what they show as JSON."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from certbot_webfaction.hosts.webfaction.model import Mount, Website
from certbot_webfaction.panel.model import HttpSite, HttpsSite, State
from certbot_webfaction.panel.serving import Sites

REDIRECT_APP = "redirect_to_https"
REDIRECT = Mount(REDIRECT_APP, "/")
"""What http websites that redirect have in place of their own content."""


def redirects(website: Website) -> bool:
    """Whether an http website sends its visitors to https by our app."""
    return any(mount.meaning == REDIRECT.meaning for mount in website.mounts)


def http_sites(websites: Sequence[Website]) -> tuple[HttpSite, ...]:
    """The http websites."""
    return tuple(
        HttpSite(
            id=website.name,
            label=f"http website {website.name}",
            names=_names(website),
            redirects=redirects(website),
            state=content_behind(website, websites) if redirects(website) else content(website),
            address=website.ip,
        )
        for website in websites
        if not website.https
    )


def https_sites(websites: Sequence[Website]) -> tuple[HttpsSite, ...]:
    """The https websites, and those that could be made from http websites."""
    there = [
        HttpsSite(
            id=website.name,
            label=f"https website {website.name}",
            names=_names(website),
            holds=website.certificate or None,
            state=https_state(website),
        )
        for website in websites
        if website.https
    ]
    secure = Sites(there)
    taken = set(secure.by_id)
    for website in websites:
        names = [] if website.https else [n for n in _names(website) if not secure.serving(n)]
        if names:
            name = first_free(website.name, lambda name: name not in taken)
            taken.add(name)
            label = f"https website {name}"
            there.append(HttpsSite(name, label, tuple(names), made_from=website.name))
    return tuple(there)


def _names(website: Website) -> tuple[str, ...]:
    return tuple(dict.fromkeys(domain.lower() for domain in website.domains))


def first_free(name: str, is_free: Callable[[str], bool]) -> str:
    """The name itself if it is free, else with a number: 2, or the first that is."""
    numbered = (f"{name}_{number}" for number in itertools.count(2))
    return next(filter(is_free, itertools.chain([name], numbered)))


def content(website: Website) -> State:
    """What visitors of a website see: each app, its path, and the mount's number on the website.

    Challenge mounts are left out, as they come and go.
    """
    return [
        [mount.app, mount.path, number]
        for number, mount in enumerate(website.mounts)
        if not mount.serves_challenges
    ]


def content_behind(website: Website, websites: Iterable[Website]) -> State:
    """What an http website that redirects would show: the content of an https one of its domains.

    :returns: `None` where there is none
    """
    for other in websites:
        if other.https and website.labels & other.labels and not redirects(other):
            return content(other)
    return None


def hidden_by_redirect(site: HttpSite, websites: Sequence[Website]) -> list[str]:
    """The mounts of an http website that the https ones of its names lack, or have another app at.

    :returns: each with its app, and with what https shows there
    """
    secure = Sites(https_sites(websites))
    behind = [each.state for name in site.names for each in secure.serving(name) if each.exists]
    hidden = []
    for app, path, _ in site.state or ():
        url_path = Mount(app, path).url_path
        for state in behind:
            there = {there_path: there_app for there_app, there_path in state["content"]}
            shown = there.get(url_path, "nothing of its own")
            if shown != app:
                hidden.append(f"{url_path} (the app {app}; https shows {shown} there)")
    return list(dict.fromkeys(hidden))


def mounts_of(shown: Iterable[Sequence[Any]], challenges: Iterable[Mount]) -> tuple[Mount, ...]:
    """The mounts that show what `content` returned, in their old order among challenge mounts."""
    mounts = list(challenges)
    for app, path, number in sorted(shown, key=lambda each: each[2]):
        mounts.insert(number, Mount(app, path))
    return tuple(mounts)


def https_state(website: Website) -> dict[str, Any]:
    """What an https website is, in an order of its own and as DNS and URLs mean it."""
    return {
        "certificate": website.certificate,
        "ip": website.ip,
        "domains": sorted(website.labels),
        "content": sorted(list(mount.meaning) for mount in website.mounts),
    }
