"""certbot's user configuration, with which it needs no root: its directories below the home."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from certbot import errors
from certbot._internal import constants
from certbot.display import util as display_util

from certbot_webfaction.command.configuration import option
from certbot_webfaction.command.setup.change import agreed, mode_of, read_text
from certbot_webfaction.command.setup.questions import Questions
from certbot_webfaction.replacing import replacing

_HEAD = "# certbot's directories, so that it needs no root here.\n"


def user_configuration(given: str | None) -> Path:
    """The file: what ``--config`` names, else the one of certbot's own list that is the user's."""
    return Path(given or constants.CLI_DEFAULTS["config_files"][-1]).expanduser().absolute()


def missing_directories(
    path: Path, now: Mapping[str, str], given: Collection[str]
) -> dict[str, str]:
    """The directories that the user configuration is yet to tell certbot, by attribute.

    They are those given on the command line, and those that no configuration file names.

    :param now: the directories that certbot has
    :param given: the attributes of those that the command line names
    """
    home, text = Path("~/letsencrypt").expanduser(), read_text(path) or ""
    return {
        name: directory if name in given else str(home / name.removesuffix("_dir"))
        for name, directory in now.items()
        if (name in given or directory == constants.CLI_DEFAULTS[name])
        and not re.search(rf"(?m)^\s*(--)?{option(name)}\b", text)
    }


def plan_user_configuration(
    path: Path, missing: Mapping[str, str], questions: Questions
) -> Callable[[], None] | None:
    """Decide whether certbot's user configuration is to say where these directories are.

    :returns: writes it; `None` if it is to stay as it is
    """
    before = read_text(path)
    text = before or _HEAD
    separator = "" if text.endswith("\n") else "\n"
    lines = "".join(f"{option(name)} = {directory}\n" for name, directory in missing.items())
    after = f"{text}{separator}{lines}"
    if not missing or not agreed(path, before, after, questions):
        return None

    def write() -> None:
        try:
            with replacing(path, mode_of(path)) as new:
                new.write_text(after, encoding="utf-8")
        except OSError as error:
            raise errors.Error(
                f"certbot's user configuration {path} could not be written: {error.strerror}. What"
                " was said to be written before is written. Put that right and run the command"
                " again, or leave the file out with --no-cli-ini."
            ) from error
        display_util.notify(f"Wrote certbot's user configuration {path}.")

    return write


def options_for_cron(path: Path, given: Mapping[str, str], *, there: bool) -> list[str]:
    """What a certbot that cron starts, without XDG_CONFIG_HOME, has to be told.

    :param path: the user configuration
    :param given: the directories that the command line names; the file may name others, for it is
        only completed
    :param there: whether the file will be there
    """
    is_elsewhere = path != Path("~/.config/letsencrypt/cli.ini").expanduser()
    file = ["--config", str(path)] if there and is_elsewhere else []
    return file + [
        word for name, directory in given.items() for word in (f"--{option(name)}", directory)
    ]
