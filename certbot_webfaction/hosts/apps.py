"""Apps that are made on a panel to hold files, and what somebody else put into them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from certbot_webfaction.panel.errors import PanelRefusedError
from certbot_webfaction.panel.files import Files
from certbot_webfaction.panel.interface import Notes
from certbot_webfaction.panel.model import Change
from certbot_webfaction.text import printable

logger = logging.getLogger(__name__)

APP = "app"
"""What a change of ours to an app is called; ``after`` has what is the panel's ``own`` in it."""

CHALLENGE_APP = "letsencrypt"
"""What the app for challenge files is called where one has to be made."""


@contextmanager
def unless_refused(change: Change, notes: Notes) -> Iterator[None]:
    """Forget a refused app: one that has appeared meanwhile under its name is not ours."""
    try:
        yield
    except PanelRefusedError:
        notes.forget(change)
        raise


def put_there_by_others(files: Files, directory: str, change: Change, *ours: str) -> str:
    """What is in an app's directory besides what we and the panel put there, for a message.

    Challenge files that could not be removed are nobody's content: that is a key authorization,
    which starts with its name (RFC 8555, section 8.1).

    :param ours: names of what we put there, other than challenge files
    """
    own = {".well-known", *ours, *change.after.get("own", ())}
    found = (name for name in files.listing(directory) if name not in own)
    others = [n for n in found if not (files.read(directory, n) or "").startswith(f"{n}.")]
    return printable(", ".join(others))


def is_empty(files: Files, directory: str, change: Change) -> bool:
    """Whether an app of ours may be deleted; else a warning names what somebody put into it."""
    others = put_there_by_others(files, directory, change)
    if others:
        # A run that was killed may not have made it, and then somebody else did.
        logger.warning("The app %s stays on the panel: somebody put %s into it.", change.on, others)
    return not others
