"""The user's crontab: whether it renews certificates, and the line that makes it."""

from __future__ import annotations

import itertools
import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
        said = done.stderr.strip().rstrip(".")
        raise errors.Error(
            f"The crontab could not be changed: {said}. Add this line to it with `crontab -e`:\n"
            f"{text.splitlines()[-1]}"
        )


CRON_PATH = "/usr/bin:/bin"
"""Where cron looks for programs unless the crontab says otherwise (crontab(5))."""


@dataclass(frozen=True)
class Job:
    """A line of a crontab that runs ``certbot renew``, and that certbot."""

    line: str
    program: Path


def renewing_jobs(crontab: str, config_dir: str, usual_dir: str) -> list[Job]:
    """The jobs of a crontab that renew the lineages below a configuration directory.

    :param usual_dir: the directory that a certbot takes which is not told one
    """
    path, jobs = CRON_PATH, []
    for line in crontab.splitlines():
        if assignment := re.fullmatch(r"""\s*PATH\s*=\s*["']?(.*?)["']?\s*""", line):
            path = assignment[1]
        elif not line.lstrip().startswith("#"):
            for program, *arguments in _runs_of_certbot(line):
                if _renews(arguments, config_dir, usual_dir):
                    name = str(_expanded(program))
                    jobs.append(Job(line, Path(shutil.which(name, path=path) or name)))
    return jobs


def _runs_of_certbot(line: str) -> Iterator[list[str]]:
    """Each certbot that a line of a crontab runs, with its arguments."""
    words = shlex.shlex(line, posix=True, punctuation_chars=True)
    words.whitespace_split, words.commenters = True, ""
    try:
        for _, group in itertools.groupby(words, lambda word: word.startswith(tuple(";&|<>()"))):
            command = list(group)
            names = [word.rpartition("/")[2] for word in command]
            if "certbot" in names:
                yield command[names.index("certbot") :]
    except ValueError:  # a quotation that does not end: no shell runs it either
        return


def _renews(arguments: Sequence[str], config_dir: str, usual_dir: str) -> bool:
    words = [word for argument in arguments for word in argument.split("=", 1)]
    if "renew" not in words or "--dry-run" in words:
        return False
    has_file = "--config" in words or "-c" in words  # what that says is taken to be right
    untold = config_dir if has_file else usual_dir
    given = dict(itertools.pairwise(words)).get("--config-dir", untold)
    return _expanded(given).resolve() == Path(config_dir).resolve()


def _expanded(word: str) -> Path:
    # Path.expanduser raises where there is no such user.
    return Path(os.path.expanduser(os.path.expandvars(word)))  # noqa: PTH111


def has_plugin(certbot: Path) -> bool:
    """Whether a certbot has this plugin: the one beside this Python, or another's that has it."""
    if certbot.resolve() == certbot_program().resolve():
        return True
    try:
        with certbot.open("rb") as file:
            first = file.readline(1000).decode("utf-8", "replace")
    except OSError:
        return False
    interpreter = next((word for word in first.removeprefix("#!").split() if "python" in word), "")
    if not (first.startswith("#!") and interpreter):
        return False  # another program than a Python would not take the following for what it is
    asked = [shutil.which(interpreter, path=CRON_PATH) or interpreter, "-c", _IMPORT]
    environ = {"PATH": CRON_PATH, "HOME": str(Path.home())}
    try:
        # S603: it is the Python of a certbot that the user has cron run
        done = subprocess.run(asked, env=environ, cwd="/", capture_output=True, check=False)  # noqa: S603
    except OSError:
        return False
    return done.returncode == 0


_IMPORT = "import certbot_webfaction"


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
