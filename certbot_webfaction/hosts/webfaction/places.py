"""Which app and directory answer an http-01 challenge (RFC 8555, section 8.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from certbot_webfaction.hosts.apps import APP, CHALLENGE_APP
from certbot_webfaction.hosts.seen import FRESH
from certbot_webfaction.hosts.webfaction.apps import make_app
from certbot_webfaction.hosts.webfaction.model import App, Mount, Website
from certbot_webfaction.hosts.webfaction.seen import Seen
from certbot_webfaction.hosts.webfaction.sites import http_sites
from certbot_webfaction.names import a_label
from certbot_webfaction.panel.errors import PanelError
from certbot_webfaction.panel.files import Files
from certbot_webfaction.panel.interface import Notes
from certbot_webfaction.panel.model import CHALLENGE_PATH, Change, HttpSite, Place
from certbot_webfaction.panel.serving import Sites
from certbot_webfaction.text import capitalized

MOUNT = "mount"
"""What a change of ours to a website's mounts is called; ``after`` has ``website``, ``app`` and
``path``."""

_ANSWERS = "a .htaccess in {directory} or a code file there answers in place of the file."

_HTACCESS = (
    f"{_ANSWERS} {{To}}: that always helps. Where it is only a RewriteRule that answers,"
    " “RewriteRule ^{below}/ - [L]” before it does, too."
)
_HTACCESS_AT_THE_PATH = f"{_ANSWERS} Delete it{{or_to}}."


@dataclass(frozen=True)
class Places:
    """Finds and makes the places of challenge files.

    ``own_app`` is what ``--webfaction-app`` names: the one app to use.
    """

    seen: Seen
    own_app: str | None
    app_type: str

    def find(self, site: HttpSite, domain: str) -> Place:
        """As `IPanel.find_place`, from what was seen at any time."""
        website = self._website(site, domain, within=None)
        return _find(domain, site, website, self.seen.apps(), self.own_app)

    def _website(self, site: HttpSite, domain: str, *, within: float | None) -> Website:
        website = self.seen.website(site.id, https=False, within=within)
        if website is None:
            raise PanelError(
                f"The http website {site.id} is gone from the panel, so challenges for {domain}"
                " can't be answered there.",
                "Run the command again.",
            )
        return website

    def make(self, places: Sequence[Place], files: Files, notes: Notes) -> list[Place]:
        """As `IPanel.make_places`."""
        if all(place.ready for place in places):
            return list(places)
        self._make_apps([place for place in places if not place.directory], files, notes)
        # An update replaces all of a website: what somebody has changed there by now has to be in.
        sites = Sites(http_sites(self.seen.websites(0)))
        found = [
            self.find(next(iter(sites.serving(place.domain)), place.site), place.domain)
            for place in places
        ]
        by_website: dict[str, list[Place]] = {}
        for place in found:
            if not place.ready:
                by_website.setdefault(place.site.id, []).append(place)
        for lacking in by_website.values():
            self._mount(lacking, notes)
        return [replace(place, ready=True) for place in found]

    def _make_apps(self, lacking: Sequence[Place], files: Files, notes: Notes) -> None:
        domains: dict[str, list[str]] = {}
        for place in lacking:
            domains.setdefault(place.holder, []).append(a_label(place.domain))
        for name, names in domains.items():
            after = {"type": self.app_type}
            change = Change(APP, name, after=after, purpose=Change.CHALLENGE, names=names)
            if make_app(self.seen, files, change, notes).directory is None:
                raise PanelError(
                    f"The app {name} was made to hold challenge files, but apps of its type serve"
                    " none.",
                    "Name a type that does with --webfaction-app-type, for example static_php70.",
                )

    def _mount(self, places: Sequence[Place], notes: Notes) -> None:
        """Mount an app at the challenge path of a website, for all these places on it."""
        first = places[0]
        website = self._website(first.site, first.domain, within=FRESH)
        mount = Mount(first.holder, CHALLENGE_PATH)
        change = Change(
            MOUNT,
            f"{website.name} {mount.path}",
            after={"website": website.name, "app": mount.app, "path": mount.path},
            purpose=Change.CHALLENGE,
            names=[a_label(place.domain) for place in places],
        )
        with notes.changing(change):
            self.seen.update_website(replace(website, mounts=(*website.mounts, mount)))


def _find(
    domain: str, site: HttpSite, website: Website, apps: Mapping[str, App], own_app: str | None
) -> Place:
    """Find the place of a domain's challenge files.

    An app that serves files takes them where it is mounted; on other websites an app of its own
    has to be mounted at the challenge path.
    """
    best = _mount_at(website)
    if best and (serving := _serving(best, apps, own_app)):
        return _place(domain, site, best, serving)
    name = own_app or CHALLENGE_APP
    app = apps.get(name)
    if app is not None and app.directory is None:
        raise PanelError(
            f"The app {name}, which would hold the challenge files for {domain}, is of type"
            f" {app.type} and serves no files.",
            "Name another app with --webfaction-app; it is made if there is none of that name.",
        )
    if best and best.url_path == CHALLENGE_PATH:
        raise _in_the_way(domain, website, best, apps.get(best.app), name)
    return _place(domain, site, Mount(name, CHALLENGE_PATH), app, ready=False)


def _mount_at(website: Website) -> Mount | None:
    """The mount that answers at the challenge path: that of the longest path."""
    matching = [mount for mount in website.mounts if mount.url_path == "/"]
    matching += website.challenges
    return max(matching, key=lambda mount: len(mount.url_path), default=None)


def _serving(mount: Mount, apps: Mapping[str, App], own_app: str | None) -> App | None:
    """The app that is mounted, if it serves files and is one to use."""
    app = apps.get(mount.app) if own_app in (None, mount.app) else None
    return app if app and app.directory is not None else None


def _in_the_way(
    domain: str, website: Website, mount: Mount, there: App | None, name: str
) -> PanelError:
    todo = "Remove that mount in the panel, and run the command again."
    if there is not None and there.directory is not None:
        todo = f"Leave out --webfaction-app: {mount.app} serves files, too."
    return PanelError(
        f"The app {mount.app} is mounted at {CHALLENGE_PATH} on the website {website.name}, where"
        f" challenge files for {domain} have to be served by the app {name}.",
        todo,
    )


def _place(
    domain: str, site: HttpSite, mount: Mount, app: App | None, *, ready: bool = True
) -> Place:
    """The place in an app; in none yet, it has to be made first."""
    directory = (app and app.directory) or ""
    below = CHALLENGE_PATH.removeprefix(mount.url_path.rstrip("/")).removeprefix("/")
    alternative = _own_app(mount, site)
    interference = ""
    if app is not None and app.htaccess:
        # Patterns in a .htaccess are for the path below its directory (httpd, mod_rewrite).
        interference = (_HTACCESS if below and alternative else _HTACCESS_AT_THE_PATH).format(
            directory=directory,
            or_to=f", or {alternative}" if alternative else "",
            To=capitalized(alternative),
            below=below.replace(".", r"\."),
        )
    return Place(
        domain=domain,
        site=site,
        directory=directory,
        below=below,
        holder=mount.app,
        mount=mount.url_path,
        ready=ready,
        interference=interference,
        alternative=alternative,
    )


def _own_app(mount: Mount, site: HttpSite) -> str:
    """How to get challenge files into an app of their own; ``""`` where they are."""
    if mount.app == CHALLENGE_APP:
        return ""
    if mount.url_path == CHALLENGE_PATH:  # another app can't be mounted beside it
        return (
            f"take the app {mount.app} off {CHALLENGE_PATH} of the {site.label} in the panel, and"
            f" run the command again with --webfaction-app {CHALLENGE_APP}"
        )
    return f"keep challenge files in an app of their own with --webfaction-app {CHALLENGE_APP}"


def undo_mount(seen: Seen, mount: dict[str, str]) -> None:
    """Take off a mount that was made for challenges."""
    website = seen.website(mount["website"], https=False)
    if website is None:
        return
    meant = Mount(mount["app"], mount["path"]).meaning
    others = tuple(each for each in website.mounts if each.meaning != meant)
    if others != website.mounts:
        seen.update_website(replace(website, mounts=others))
