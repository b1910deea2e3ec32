"""The user's crontab: whether it renews certificates, and the line that makes it."""

from __future__ import annotations

import re
import secrets
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from certbot import errors


def read_crontab() -> str | None:
    """The crontab of the current user, ``""`` if there is none, `None` where it can't be told."""
    program = shutil.which("crontab")
    if program is None:
        return None
    done = subprocess.run(  # noqa: S603 - the system's program; nothing comes from elsewhere
        [program, "-l"], capture_output=True, text=True, errors="surrogateescape", check=False
    )
    if done.returncode == 0:
        return done.stdout
    # crontab(1) fails where there is none yet, and says so (Vixie's and BusyBox's words).
    if "no crontab" in done.stderr or "No such file" in done.stderr:
        return ""
    return None


def write_crontab(text: str) -> None:
    """Replace the crontab of the current user.

    :raises certbot.errors.Error: with what crontab(1) says; the old one is in place then
    """
    program = shutil.which("crontab") or "crontab"
    done = subprocess.run(  # noqa: S603 - the system's program; nothing comes from elsewhere
        [program, "-"],
        input=text,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
    )
    if done.returncode:
        raise errors.Error(
            f"The crontab could not be changed: {done.stderr.strip()}. Add this line to it with"
            f" `crontab -e`:\n{text.splitlines()[-1]}"
        )


def renewing_lines(crontab: str) -> list[str]:
    """The lines of a crontab that run ``certbot renew``."""
    pattern = re.compile(r"[^#\n]*\bcertbot\S*\s(.*\s)?renew\b.*")
    return [line for line in crontab.splitlines() if pattern.fullmatch(line.strip())]


def renewing_line(options: Sequence[str]) -> str:
    """A line that runs ``certbot renew -q`` once a day, at a random time so that CAs get rest.

    :param options: what certbot needs besides, to find its configuration
    """
    words = [str(certbot_program()), "renew", "-q", *options]
    # A % ends the command in crontabs (crontab(5)).
    command = shlex.join(words).replace("%", r"\%")
    return f"{secrets.randbelow(60)} {secrets.randbelow(24)} * * * {command}"


def certbot_program() -> Path:
    """The certbot that has this plugin: the one beside this Python."""
    beside = Path(sys.executable).with_name("certbot")
    if beside.exists():
        return beside
    return Path(shutil.which("certbot") or "certbot")
