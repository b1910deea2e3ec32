"""Which website, app and directory answer an http-01 challenge (RFC 8555, section 8.3)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from certbot import errors

from certbot_webfaction.account import CHALLENGE_APP
from certbot_webfaction.hosts.webfaction.model import App, Website, serving
from certbot_webfaction.hosts.webfaction.mount import Mount
from certbot_webfaction.names import a_label
from certbot_webfaction.panel.model import CHALLENGE_PATH


class Place(NamedTuple):
    """Where a domain's challenge files go: an app, mounted on the http website that serves it.

    ``app`` is `None` where an app of the mount's name has to be made first; ``mounted`` is false
    where the mount has to be.
    """

    domain: str
    website: Website
    mount: Mount
    app: App | None
    mounted: bool = True

    @property
    def directory(self) -> str:
        """The app's directory; ``""`` where there is none yet."""
        return (self.app and self.app.directory) or ""

    def path(self, token: str) -> str:
        """Where below the app's directory the file for ``token`` belongs."""
        below = f"{CHALLENGE_PATH}/{token}"
        return below.removeprefix(self.mount.path.rstrip("/")).removeprefix("/")


def find_places(
    domains: Sequence[str], websites: Iterable[Website], apps: Iterable[App], own_app: str | None
) -> list[Place]:
    """Find for each domain the place of its challenge file.

    An app that serves files takes it where it is mounted; on other websites an app of its own has
    to be mounted at the challenge path.

    :param own_app: what ``--webfaction-app`` names: the one app to use
    :raises certbot.errors.PluginError: for all domains at once, if no http website serves them
    """
    websites = tuple(websites)
    found = {domain: next(iter(serving(websites, domain, https=False)), None) for domain in domains}
    lost = [domain for domain, website in found.items() if website is None]
    if lost:
        raise errors.PluginError(_nowhere(lost, websites))
    by_name = {app.name: app for app in apps}
    own_app = own_app or None  # an empty option is as none
    return [
        _place(domain, website, by_name, own_app)
        for domain, website in found.items()
        if website is not None
    ]


def _place(domain: str, website: Website, apps: dict[str, App], own_app: str | None) -> Place:
    matching = [mount for mount in website.mounts if mount.path == "/" or mount.serves_challenges]
    best = max(matching, key=lambda mount: len(mount.path), default=None)
    name = own_app or CHALLENGE_APP
    if best is not None and own_app in (None, best.app):
        app = apps.get(best.app)
        if app is not None and app.directory is not None:
            return Place(domain, website, best, app)
    app = apps.get(name)
    if app is not None and app.directory is None:
        raise errors.PluginError(
            f"The app {name}, which would hold the challenge files for {domain}, is of type"
            f" {app.type} and serves no files. Name another app with --webfaction-app; it is made"
            " if there is none of that name."
        )
    if best is not None and best.path == CHALLENGE_PATH:
        there = apps.get(best.app)
        if there is not None and there.directory is not None:
            remedy = f"Leave out --webfaction-app: {best.app} serves files, too."
        else:
            remedy = "Remove that mount in the panel, and run the command again."
        raise errors.PluginError(
            f"The app {best.app} is mounted at {CHALLENGE_PATH} on the website {website.name},"
            f" where challenge files for {domain} have to be served by the app {name}. {remedy}"
        )
    return Place(domain, website, Mount(name, CHALLENGE_PATH), app, mounted=False)


def _nowhere(domains: Collection[str], websites: Sequence[Website]) -> str:
    lines = [
        "These domains are on no http website of the account, so their challenges can't be"
        " answered. The CA was not asked."
    ]
    lines += [f"  {domain}: {why_nowhere(domain, websites)}" for domain in domains]
    lines.append("Changes in the panel take a few minutes. Then run the command again.")
    return "\n".join(lines)


def why_nowhere(domain: str, websites: Sequence[Website]) -> str:
    """What is known of a domain that no http website serves, and what to do."""
    secure = [website for website in websites if website.https and website.serves(domain)]
    if secure:
        return (
            f"only the https website {secure[0].name} serves it, and a CA starts at port 80."
            " Create an http website with this domain in the panel."
        )
    return _nearest(domain, websites)


def _nearest(domain: str, websites: Sequence[Website]) -> str:
    by_domain = {
        a_label(name): website.name
        for website in websites
        if not website.https
        for name in website.domains
    }
    if not by_domain:
        return "the account has no http website. Create one with this domain in the panel."
    import difflib  # only for this message

    near = difflib.get_close_matches(a_label(domain), by_domain, n=3, cutoff=0.5)
    if not near:
        return "no domain of the account is like it. Create an http website with it in the panel."
    known = ", ".join(f"{name} (website {by_domain[name]})" for name in near)
    return f"nearest is {known}. Correct the name, or add the domain to a website in the panel."
