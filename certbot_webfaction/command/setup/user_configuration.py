"""certbot's user configuration, with which it needs no root: its directories below the home."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from certbot import configuration, errors
from certbot._internal import constants
from certbot.display import util as display_util

from certbot_webfaction.command.configuration import DIRECTORIES, option
from certbot_webfaction.command.crontab import renewing_line
from certbot_webfaction.command.setup.questions import Questions
from certbot_webfaction.replacing import replacing

_HEAD = "# certbot's directories, so that it needs no root here.\n"


def user_configuration(arguments: argparse.Namespace) -> Path:
    """The file: what ``--config`` names, else the one of certbot's own list that is the user's."""
    given = getattr(arguments, "config", constants.CLI_DEFAULTS["config_files"][-1])
    return Path(given).expanduser().absolute()


def given_directories(
    config: configuration.NamespaceConfig, arguments: argparse.Namespace
) -> dict[str, str]:
    """The directories that the command line names, by attribute."""
    return {name: str(getattr(config, name)) for name in DIRECTORIES if hasattr(arguments, name)}


def missing_directories(
    path: Path, now: Mapping[str, str], given: Collection[str]
) -> dict[str, str]:
    """The directories that the user configuration is yet to tell certbot, by attribute.

    They are those given on the command line, and those that no configuration file names.

    :param now: the directories that certbot has
    :param given: the attributes of those that the command line names
    """
    home, text = Path("~/letsencrypt").expanduser(), _text(path) or ""
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
    before = _text(path)
    text = before or _HEAD
    separator = "" if text.endswith("\n") else "\n"
    lines = "".join(f"{option(name)} = {directory}\n" for name, directory in missing.items())
    after = f"{text}{separator}{lines}"
    if not missing or not questions.agrees_to_change(path, before, after):
        return None

    def write() -> None:
        try:
            mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
            with replacing(path, mode) as new:
                new.write_text(after, encoding="utf-8")
        except OSError as error:
            raise errors.Error(
                f"certbot's user configuration {path} could not be written: {error.strerror}. What"
                " was said to be written before is written. Put that right and run the command"
                " again, or leave the file out with --no-cli-ini."
            ) from error
        display_util.notify(f"Wrote certbot's user configuration {path}.")

    return write


def _text(path: Path) -> str | None:
    try:
        with path.open(encoding="utf-8", newline="") as file:  # the ends of its lines stay
            return file.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise errors.Error(f"{path} can't be read: {error}. Nothing was changed.") from error


def line_for_cron(
    config: configuration.NamespaceConfig, arguments: argparse.Namespace, *, written: bool = False
) -> str:
    """The line of a crontab that renews what a command line is about.

    :param written: whether the user configuration will be there even if it is not yet
    """
    path, given = user_configuration(arguments), given_directories(config, arguments)
    return renewing_line(options_for_cron(path, given, there=written or path.exists()))


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
