"""The app that sends visitors of http websites to https and still serves challenge files."""

from __future__ import annotations

import logging

from certbot import errors

from certbot_webfaction.account import HostAccount
from certbot_webfaction.files import File, choose_files
from certbot_webfaction.installation.wanted import REDIRECT_APP
from certbot_webfaction.journal import Journal, MadeApp
from certbot_webfaction.panel.model import App
from certbot_webfaction.panel.mount import CHALLENGE_PATH, Mount

logger = logging.getLogger(__name__)

CONTENT = (Mount(REDIRECT_APP, "/"),)

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
    entry = journal.apps.get(REDIRECT_APP)
    app = _find(account)
    if entry and entry.done and app:
        return
    made_by_us = entry is not None or app is None
    files = choose_files(account)
    if app is None:
        journal.apps[REDIRECT_APP] = MadeApp(account.options.app_type)
        account.save(journal)
        app = account.panel.create_app(REDIRECT_APP, account.options.app_type)
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
    app = _find(account)
    if app is not None and app.directory is not None:
        websites = account.panel.websites()
        if any(mount.app == REDIRECT_APP for website in websites for mount in website.mounts):
            return
        files = choose_files(account)
        if files.read(app.directory, ".htaccess") in (None, HTACCESS):
            others = set(files.listing(app.directory)) - {".htaccess", ".well-known"}
            if others:
                logger.warning(
                    "The app %s stays on the panel: somebody put %s into it.",
                    REDIRECT_APP,
                    ", ".join(sorted(others)),
                )
            else:
                account.panel.delete_app(REDIRECT_APP)
        else:
            logger.warning(
                "The app %s stays on the panel: its .htaccess was changed.", REDIRECT_APP
            )
    del journal.apps[REDIRECT_APP]
    account.save(journal)


def _find(account: HostAccount) -> App | None:
    return next((app for app in account.panel.apps() if app.name == REDIRECT_APP), None)
