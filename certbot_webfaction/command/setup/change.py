"""Completing a file of the user: what changes is shown first, and the rest of it stays."""

from __future__ import annotations

import difflib
import stat
from pathlib import Path

from certbot import errors
from certbot.display import util as display_util

from certbot_webfaction.command.setup.questions import Questions


def read_text(path: Path) -> str | None:
    """A file's text, `None` if there is no such file.

    :raises certbot.errors.Error: if it can't be read
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:  # the ends of its lines stay
            return file.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise errors.Error(f"{path} can't be read: {error}. Nothing was changed.") from error


def agreed(path: Path, before: str | None, after: str, questions: Questions) -> bool:
    """Show how a file is to change, and ask; what is not there yet takes nobody's consent.

    Only the lines that change are shown: others may hold secrets.
    """
    if before is None or before == after:
        return True
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), str(path), f"{path} (new)", lineterm="", n=0
    )
    display_util.notify("\n".join(lines))
    return questions.agrees(f"Change {path} so?", "--yes")


def mode_of(path: Path) -> int:
    """The permissions of a file, those of its owner alone if there is none."""
    return stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o600
