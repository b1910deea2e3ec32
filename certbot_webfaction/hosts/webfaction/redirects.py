"""The app that sends visitors of http websites to https and still serves challenge files."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import replace

from certbot.display import util as display_util

from certbot_webfaction.hosts.apps import APP, put_there_by_others
from certbot_webfaction.hosts.seen import FRESH
from certbot_webfaction.hosts.webfaction.apps import make_app
from certbot_webfaction.hosts.webfaction.model import App, Website
from certbot_webfaction.hosts.webfaction.seen import Seen
from certbot_webfaction.hosts.webfaction.sites import (
    REDIRECT,
    REDIRECT_APP,
    mounts_of,
    redirects,
)
from certbot_webfaction.panel.errors import ChangedByHandError, ImpossibleError, PanelError
from certbot_webfaction.panel.files import File, Files
from certbot_webfaction.panel.interface import Notes
from certbot_webfaction.panel.model import CHALLENGE_PATH, Change, HttpSite, State

logger = logging.getLogger(__name__)

PURPOSE = "redirect"
"""What the redirecting app is made for."""

# The host name is taken without a port; R without NE lets Apache escape the path again, and the
# query is kept because the substitution has none of its own.
HTACCESS = rf"""# Written by certbot-webfaction: https for everything but ACME challenges.
RewriteEngine On
RewriteCond %{{REQUEST_URI}} !^{CHALLENGE_PATH.replace(".", chr(92) + ".")}/
RewriteCond %{{HTTP_HOST}} ^([^:]+)
RewriteRule ^ https://%1%{{REQUEST_URI}} [R=301,L]
"""


def redirect(seen: Seen, files: Files, site: HttpSite, app_type: str, notes: Notes) -> None:
    """As `IPanel.redirect`."""
    website = seen.website(site.id, https=False)
    if website is None:
        raise PanelError(
            f"The http website {site.id} is gone from the panel, so it was not redirected."
        )
    _ensure_app(seen, files, app_type, notes)
    if not redirects(website):
        seen.update_website(replace(website, mounts=(REDIRECT, *website.challenges)))


def _ensure_app(seen: Seen, files: Files, app_type: str, notes: Notes) -> None:
    """See that the app is there with its ``.htaccess``; what is not ours is never overwritten.

    :raises ImpossibleError: if somebody else's app or ``.htaccess`` is in the way, or the app's
        type does not obey ``.htaccess`` files
    """
    noted = notes.noted(APP, REDIRECT_APP)
    app = seen.apps().get(REDIRECT_APP)
    is_new = app is None
    if app is None:
        noted = Change(APP, REDIRECT_APP, after={"type": app_type}, purpose=PURPOSE)
        app = make_app(seen, files, noted, notes)
    directory = _directory(app, made_by_us=noted is not None)
    present = None if is_new else files.read(directory, ".htaccess")
    if present == HTACCESS and noted and noted.done:
        return
    if present != HTACCESS and (present is not None or noted is None):
        raise ImpossibleError(
            f"The app {REDIRECT_APP} on the panel was not made by certbot-webfaction, or its"
            " .htaccess was changed. Nothing was redirected.",
            "Rename or delete that app on the panel, and run the command again.",
        )
    if noted and not noted.done:  # its making was interrupted: what is there is the panel's
        noted.after["own"] = [name for name in files.listing(directory) if name != ".htaccess"]
    with notes.changing(noted or _change_of(app)):
        files.place([File(directory, ".htaccess", HTACCESS)], replace=is_new)


def _change_of(app: App) -> Change:
    """The note of an app that was lost."""
    return Change(APP, app.name, after={"type": app.type}, purpose=PURPOSE)


def _directory(app: App, *, made_by_us: bool) -> str:
    if app.directory is not None and app.htaccess:
        return app.directory
    if made_by_us:
        raise ImpossibleError(
            f"Apps of type {app.type} can't redirect, so nothing was redirected.",
            "Choose another --webfaction-app-type, for example static_php70, or give"
            " --no-redirect.",
        )
    raise ImpossibleError(
        f"The app {REDIRECT_APP} on the panel is of type {app.type}, which can't redirect.",
        "Rename or delete it there, or choose --webfaction-app-type, and run the command again.",
    )


def show_again(seen: Seen, files: Files, site: HttpSite, before: State, notes: Notes) -> None:
    """As `IPanel.show_again`."""
    website = seen.website(site.id, https=False)
    if website is not None and redirects(website):
        _put_back(seen, website, before)
    elif website is not None and not _shows(website, before):
        raise ChangedByHandError("it was changed by hand since certbot-webfaction made it redirect")
    if not _users(seen):
        _remove_app(seen, files, notes)


def _remove_app(seen: Seen, files: Files, notes: Notes) -> None:
    """Remove the app that nothing uses any more, if it is ours."""
    change = notes.noted(APP, REDIRECT_APP)
    app = seen.apps().get(REDIRECT_APP)
    if change is None and app is not None and _says_our_words(files, app):
        change = _change_of(app)  # the note is lost
    if change is not None:
        undo_app(seen, files, change)
        notes.forget(change)


def _says_our_words(files: Files, app: App) -> bool:
    return app.directory is not None and files.read(app.directory, ".htaccess") == HTACCESS


def _shows(website: Website, before: State) -> bool:
    shown = {mount.meaning for mount in website.content}
    return shown == {mount.meaning for mount in mounts_of(before or (), ())}


def _put_back(seen: Seen, website: Website, before: State) -> None:
    """Let a website show what it did; mounts that were added by hand since stay."""
    if why := _why_lost(before, seen.apps()):
        raise ChangedByHandError(f"what it showed before {why}", "Choose its content in the panel.")
    mounts = mounts_of(before, website.challenges)
    paths = {"/", *(mount.url_path for mount in mounts)}
    added = [mount for mount in website.content if mount.url_path not in paths]
    seen.update_website(replace(website, mounts=(*mounts, *added)))
    display_util.notify(f"The http website {website.name} shows its own content again.")


def _why_lost(before: State, apps: Collection[str]) -> str:
    """Why a website can't show what it did, as a clause; ``""`` if it can."""
    former = mounts_of(before or (), ())
    if gone := [mount.app for mount in former if mount.app not in apps]:
        return f"is gone ({', '.join(gone)})"
    was_redirect = REDIRECT.meaning in [mount.meaning for mount in former]
    return "is not known" if before is None or was_redirect else ""


def _users(seen: Seen) -> list[str]:
    """The websites that mount the redirecting app."""
    return [
        website.name
        for website in seen.websites(FRESH)
        if any(mount.app == REDIRECT_APP for mount in website.mounts)
    ]


def undo_app(seen: Seen, files: Files, change: Change) -> None:
    """Remove the redirecting app, unless it is used or somebody changed what is in it."""
    app = seen.apps().get(change.on)
    if app is None:
        return
    if reason := _why_it_stays(seen, files, app, change):
        logger.warning("The app %s stays on the panel: %s.", app.name, reason)
    else:
        seen.delete_app(app.name)


def _why_it_stays(seen: Seen, files: Files, app: App, change: Change) -> str:
    if users := _users(seen):
        return f"the website {users[0]} uses it"
    if app.directory is None:
        return ""
    if files.read(app.directory, ".htaccess") not in (None, HTACCESS):
        return "its .htaccess was changed"
    others = put_there_by_others(files, app.directory, change, ".htaccess")
    return f"somebody put {others} into it" if others else ""
