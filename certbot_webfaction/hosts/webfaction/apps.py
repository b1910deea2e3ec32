"""Making and deleting apps."""

from __future__ import annotations

from certbot_webfaction.hosts.apps import is_empty, unless_refused
from certbot_webfaction.hosts.webfaction.model import App
from certbot_webfaction.hosts.webfaction.seen import Seen
from certbot_webfaction.panel.files import Files
from certbot_webfaction.panel.interface import Notes
from certbot_webfaction.panel.model import Change


def make_app(seen: Seen, files: Files, change: Change, notes: Notes) -> App:
    """Make the app that ``change`` is to tell of, and note what the panel puts into it.

    ``after`` of the change has its ``type``.
    """
    with notes.changing(change):
        with unless_refused(change, notes):
            app = seen.create_app(change.on, change.after["type"])
        if app.directory is not None:
            change.after["own"] = files.listing(app.directory)
    return app


def undo_app(seen: Seen, files: Files, change: Change) -> None:
    """Remove an app that held challenge files, unless it is used or is somebody else's by now."""
    app = seen.apps().get(change.on)
    used = any(mount.app == change.on for site in seen.websites() for mount in site.mounts)
    if app is None or app.type != change.after["type"] or used:
        return
    if app.directory is None or is_empty(files, app.directory, change):
        seen.delete_app(app.name)
