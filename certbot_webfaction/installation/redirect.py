"""The app that sends visitors of http websites to https and still serves challenge files."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from certbot import errors

from certbot_webfaction.account import HostAccount
from certbot_webfaction.books.journal import Journal, MadeApp
from certbot_webfaction.books.wanted import REDIRECT, REDIRECT_APP, redirects
from certbot_webfaction.hosts.webfaction.choosing import File, choose_files
from certbot_webfaction.hosts.webfaction.model import App, Website
from certbot_webfaction.hosts.webfaction.mount import Mount
from certbot_webfaction.panel.model import CHALLENGE_PATH

logger = logging.getLogger(__name__)

CONTENT = (REDIRECT,)

# The host name is taken without a port; R without NE lets Apache escape the path again, and the
# query is kept because the substitution has none of its own.
HTACCESS = rf"""# Written by certbot-webfaction: https for everything but ACME challenges.
RewriteEngine On
RewriteCond %{{REQUEST_URI}} !^{CHALLENGE_PATH.replace(".", chr(92) + ".")}/
RewriteCond %{{HTTP_HOST}} ^([^:]+)
RewriteRule ^ https://%1%{{REQUEST_URI}} [R=301,L]
"""


def ensure_app(account: HostAccount, journal: Journal) -> None:
    """See that the app is there with its ``.htaccess``; what is not ours is never overwritten.

    :raises certbot.errors.PluginError: if somebody else's app or ``.htaccess`` is in the way, or
        the app's type does not obey ``.htaccess`` files
    """
    app = account.panel.app(REDIRECT_APP)
    made_by_us = REDIRECT_APP in journal.apps or app is None
    files = choose_files(account)
    if app is None:
        journal.apps[REDIRECT_APP] = MadeApp(account.options.app_type)
        account.save(journal)
        app = account.panel.create_app(REDIRECT_APP, account.options.app_type)
    if made_by_us and not app.htaccess:
        raise errors.PluginError(
            f"Apps of type {app.type} can't redirect, so nothing was redirected. Choose another"
            " --webfaction-app-type, for example static_php70, or give --no-redirect."
        )
    if app.directory is None or not app.htaccess:
        raise errors.PluginError(
            f"The app {REDIRECT_APP} on the panel is of type {app.type}, which can't redirect."
            " Rename or delete it there, or choose --webfaction-app-type, and run the command"
            " again."
        )
    present = files.read(app.directory, ".htaccess")
    if present != HTACCESS:
        if present is not None or not made_by_us:
            raise errors.PluginError(
                f"The app {REDIRECT_APP} on the panel was not made by certbot-webfaction, or its"
                " .htaccess was changed. Nothing was redirected. Rename or delete that app on the"
                " panel, and run the command again."
            )
        files.place([File(app.directory, ".htaccess", HTACCESS)])
    journal.apps[REDIRECT_APP] = MadeApp(app.type, done=True)
    account.save(journal)


def remove_app(account: HostAccount, journal: Journal) -> None:
    """Remove the app if we made it, nothing mounts it and nobody put anything else into it."""
    app = account.panel.app(REDIRECT_APP)
    if app is not None:
        if reason := _why_it_stays(account, app):
            logger.warning("The app %s stays on the panel: %s.", REDIRECT_APP, reason)
        else:
            account.panel.delete_app(REDIRECT_APP)
    del journal.apps[REDIRECT_APP]
    account.save(journal)


def _why_it_stays(account: HostAccount, app: App) -> str:
    for website in account.panel.websites():
        if any(mount.app == REDIRECT_APP for mount in website.mounts):
            return f"the website {website.name} uses it"
    if app.directory is None:
        return ""
    files = choose_files(account)
    if files.read(app.directory, ".htaccess") not in (None, HTACCESS):
        return "its .htaccess was changed"
    others = set(files.listing(app.directory)) - {".htaccess", ".well-known"}
    return f"somebody put {', '.join(sorted(others))} into it" if others else ""


def content_behind(website: Website, websites: Iterable[Website]) -> tuple[Mount, ...] | None:
    """What a website that redirects would show: the content of an https website of its domains."""
    for other in websites:
        if other.https and set(website.domains) & set(other.domains) and not redirects(other):
            return other.content
    return None
