"""Which app and directory answer an http-01 challenge (RFC 8555, section 8.3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from certbot_webfaction.hosts.apps import APP, CHALLENGE_APP, is_empty, unless_refused
from certbot_webfaction.hosts.opalstack.model import STATIC, App, Osuser, Route, Site
from certbot_webfaction.hosts.opalstack.seen import Seen, home_here
from certbot_webfaction.names import a_label
from certbot_webfaction.panel.errors import PanelError
from certbot_webfaction.panel.files import Files
from certbot_webfaction.panel.interface import Notes
from certbot_webfaction.panel.model import CHALLENGE_PATH, Change, HttpSite, Place

ROUTE = "route"
"""What a change of ours to a site's routes is called; ``after`` has the ``app``."""

_HOSTS_OWN = (
    "the host's own Let's Encrypt, which is switched on for this site, answers challenges itself."
    " Switch it off in the panel (the site's HTTPS setting) and run the command again."
)


@dataclass(frozen=True)
class Places:
    """Finds and makes the places of challenge files.

    ``own_app`` is what ``--opalstack-app`` names; ``anywhere`` tells that files are to be written
    here whatever this machine is called.
    """

    seen: Seen
    own_app: str | None
    anywhere: bool

    def find(self, site: HttpSite, domain: str) -> Place:
        """As `IPanel.find_place`, from what was seen at any time."""
        there = self._enabled(site, domain)
        user, home = self._user_on(there.server, domain)
        name = self.own_app or CHALLENGE_APP
        route = next((each for each in there.routes if each.path == CHALLENGE_PATH), None)
        if route is None:
            app = self._app(name, user, domain)
            return _place(domain, site, there, name, _directory(home, app) if app else "")
        if route.to and _is_ours(route.to, user) and self.own_app in (None, route.to.name):
            directory = _directory(home, route.to)
            return _place(domain, site, there, route.to.name, directory, is_ready=True)
        other = f"The app {route.to.name}" if route.to else "Another app"
        raise PanelError(
            f"{other} is routed at {CHALLENGE_PATH} on the {site.label}, where challenge files for"
            f" {domain} have to be served by the app {name} of {user.name}.",
            "Remove that route in the panel, and run the command again.",
        )

    def _enabled(self, site: HttpSite, domain: str) -> Site:
        there = self.seen.site(site.id, within=None)
        if there is None:
            raise PanelError(
                f"The {site.label} is gone from the panel, so challenges for {domain} can't be"
                " answered there.",
                "Run the command again.",
            )
        if there.disabled:
            raise PanelError(
                f"The {site.label} is disabled in the panel, so challenges for {domain} can't be"
                " answered there.",
                "Enable it in the panel, and run the command again.",
            )
        return there

    def here(self) -> tuple[Osuser, Path] | None:
        """The user of the account whose apps are on this machine, and their home directory."""
        user, home = self.seen.this_user(anywhere=self.anywhere), home_here()
        return None if user is None or home is None else (user, home)

    def _user_on(self, server: str | None, domain: str) -> tuple[Osuser, Path]:
        """The same, on this server if one is given.

        :raises PanelError: if there is none, with where challenge files for the domain belong
        """
        here = self.here()
        if here is not None and server in (None, here[0].server):
            return here
        servers = {each.server: each.hostname for each in self.seen.osusers()}
        where = servers.get(server or "", "the server of its site")
        raise PanelError(
            f"The challenge file for {domain} has to be written on {where}, by a user of the"
            " account, and Opalstack's API writes no files. The CA was not asked.",
            "Run the command in a shell there, or with --preferred-challenges dns.",
        )

    def _app(self, name: str, user: Osuser, domain: str) -> App | None:
        named = [a for a in self.seen.apps() if (a.name, a.osuser) == (name, user.id)]
        for app in named:
            if not _is_ours(app, user):
                raise PanelError(
                    f"The app {name}, which would hold the challenge files for {domain}, is of"
                    f" type {app.type} and serves no files.",
                    "Name another app with --opalstack-app; it is made if there is none of that"
                    " name.",
                )
        return next(iter(named), None)

    def make(self, places: Sequence[Place], files: Files, notes: Notes) -> list[Place]:
        """As `IPanel.make_places`."""
        lacking = [place for place in places if not place.ready]
        if not lacking:
            return list(places)
        app = self._make_app(lacking, files, notes)
        for site in dict.fromkeys(place.site.id for place in lacking):
            self._make_route(site, app, _names(p for p in lacking if p.site.id == site), notes)
        return [self.find(place.site, place.domain) for place in places]

    def _make_app(self, lacking: Sequence[Place], files: Files, notes: Notes) -> App:
        name, names = lacking[0].holder, _names(lacking)
        user, home = self._user_on(None, lacking[0].domain)
        for app in self.seen.apps(anew=True):
            if (app.name, app.osuser) == (name, user.id):
                if made := notes.noted(APP, name):  # for a certificate that is yet to come of it
                    with notes.changing(made):
                        made.names = list(dict.fromkeys([*made.names, *names]))
                return app
        after = {"user": user.id, "id": ""}
        change = Change(APP, name, after=after, purpose=Change.CHALLENGE, names=names)
        with notes.changing(change):
            with unless_refused(change, notes):
                app = self.seen.create_app(name, user)
            change.after["id"] = app.id
            change.after["own"] = files.listing(_directory(home, app))
        return app

    def _make_route(self, site: str, app: App, names: list[str], notes: Notes) -> None:
        change = Change(ROUTE, site, after={"app": app.id}, purpose=Change.CHALLENGE, names=names)
        # First, so that it is taken also by a server that takes the first that fits.
        ours = Route(app.id, CHALLENGE_PATH, app)
        with notes.changing(change):
            self.seen.route(
                site,
                lambda routes: (
                    routes
                    if any(route.path == CHALLENGE_PATH for route in routes)
                    else (ours, *routes)
                ),
            )


def _names(places: Iterable[Place]) -> list[str]:
    return [a_label(place.domain) for place in places]


def _is_ours(app: App, user: Osuser) -> bool:
    return (app.type, app.osuser) == (STATIC, user.id)


def _directory(home: Path, app: App) -> str:
    return str(home / "apps" / app.name)


def _place(
    domain: str,
    site: HttpSite,
    there: Site,
    holder: str,
    directory: str,
    *,
    is_ready: bool = False,
) -> Place:
    """The place in an app; in none yet, it has to be made first."""
    return Place(
        domain=domain,
        site=site,
        directory=directory,
        below="",  # the web server takes a route's path off before it looks for a file
        holder=holder,
        mount=CHALLENGE_PATH,
        ready=is_ready,
        interference=_HOSTS_OWN if there.generate_le else "",
        doubt=_HOSTS_OWN if there.generate_le else "",
    )


def undo_route(seen: Seen, change: Change) -> None:
    """Take off a route that was made for challenges."""
    ours = Route(change.after["app"], CHALLENGE_PATH)
    seen.route(
        change.on,
        lambda routes: tuple(
            each for each in routes if (each.app, each.path) != (ours.app, ours.path)
        ),
    )


def undo_app(seen: Seen, files: Files, change: Change) -> None:
    """Remove an app that held challenge files, unless it is used or is somebody else's by now."""
    made = change.after
    app = next(
        (
            each
            for each in seen.apps(anew=True)
            # Without an identifier its answer was lost, or it was never made.
            if (each.name, each.type, each.osuser) == (change.on, STATIC, made["user"])
            and made["id"] in ("", each.id)
        ),
        None,
    )
    if app is None or any(r.app == app.id for site in seen.sites(0) for r in site.routes):
        return
    home = home_here()
    if home is None or is_empty(files, _directory(home, app), change):
        seen.delete_app(app)
