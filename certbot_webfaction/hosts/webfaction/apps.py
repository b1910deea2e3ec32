"""Apps that we make, and what somebody else put into them."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from certbot_webfaction.hosts.webfaction.model import App
from certbot_webfaction.hosts.webfaction.seen import Seen
from certbot_webfaction.panel.errors import PanelRefusedError
from certbot_webfaction.panel.files import Files
from certbot_webfaction.panel.interface import Notes
from certbot_webfaction.panel.model import Change
from certbot_webfaction.text import printable

logger = logging.getLogger(__name__)

APP = "app"
"""What a change of ours to an app is called; ``after`` has its ``type``, and what is the panel's
``own`` in its directory."""


def make_app(seen: Seen, files: Files, change: Change, notes: Notes) -> App:
    """Make the app that ``change`` is to tell of, and note what the panel puts into it."""
    with notes.changing(change):
        try:
            app = seen.create_app(change.on, change.after["type"])
        except PanelRefusedError:
            notes.forget(change)  # an app of that name that has appeared meanwhile is not ours
            raise
        if app.directory is not None:
            change.after["own"] = files.listing(app.directory)
    return app


def put_there_by_others(files: Files, app: App, change: Change, *ours: str) -> list[str]:
    """What is in an app's directory besides what we and the panel put there.

    :param ours: names of what we put there, other than challenge files
    """
    if app.directory is None:
        return []
    own = {".well-known", *ours, *change.after.get("own", ())}
    found = (name for name in files.listing(app.directory) if name not in own)
    return [name for name in found if not _is_challenge_file(files, app.directory, name)]


def _is_challenge_file(files: Files, directory: str, name: str) -> bool:
    """Whether a file is one that could not be removed after a challenge, so nobody's content.

    Its content is a key authorization, which starts with its name (RFC 8555, section 8.1).
    """
    return (files.read(directory, name) or "").startswith(f"{name}.")


def undo_app(seen: Seen, files: Files, change: Change) -> None:
    """Remove an app that held challenge files, unless it is used or is somebody else's by now."""
    app = seen.apps().get(change.on)
    used = any(mount.app == change.on for site in seen.websites() for mount in site.mounts)
    if app is None or app.type != change.after["type"] or used:
        return
    # A run that was killed may not have made it, and then somebody else did.
    if others := put_there_by_others(files, app, change):
        logger.warning(
            "The app %s stays on the panel: somebody put %s into it.", app.name, listed(others)
        )
    else:
        seen.delete_app(app.name)


def listed(names: Sequence[str]) -> str:
    """Names of files that somebody chose, for a message."""
    return printable(", ".join(names))
