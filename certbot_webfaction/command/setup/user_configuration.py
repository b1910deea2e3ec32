"""certbot's user configuration, with which it needs no root: its directories below the home."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from certbot import configuration, errors
from certbot._internal import constants
from certbot.display import util as display_util

from certbot_webfaction.command.configuration import CERTBOT_OPTIONS
from certbot_webfaction.command.setup.change import agreed, mode_of, read_text
from certbot_webfaction.command.setup.questions import Questions
from certbot_webfaction.replacing import replacing

_HEAD = "# certbot's directories, so that it needs no root here.\n"


def user_configuration(arguments: argparse.Namespace) -> Path:
    """The file: what ``--config`` names, else the one of certbot's own list that is the user's."""
    given: str | None = getattr(arguments, "config", None)
    return Path(given or constants.CLI_DEFAULTS["config_files"][-1]).expanduser().absolute()


def plan_user_configuration(
    path: Path,
    config: configuration.NamespaceConfig,
    arguments: argparse.Namespace,
    questions: Questions,
) -> Callable[[], None] | None:
    """Decide what certbot's user configuration is to say of its directories.

    ``config`` goes by it from now on.

    :returns: writes it; `None` if it is to stay as it is
    """
    before = read_text(path)
    missing = {
        name: directory
        for name, directory in _directories(config, arguments).items()
        if not re.search(rf"(?m)^\s*(--)?{_option(name)}\b", before or "")
    }
    after = _with_directories(before or "", missing)
    if not missing or not agreed(path, before, after, questions):
        return None
    for name, directory in missing.items():
        setattr(config, name, directory)

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


def options_for_cron(
    path: Path,
    config: configuration.NamespaceConfig,
    arguments: argparse.Namespace,
    *,
    there: bool,
) -> list[str]:
    """What a certbot that cron starts, without XDG_CONFIG_HOME, has to be told.

    :param path: the user configuration
    :param there: whether it will be there
    """
    is_elsewhere = path != Path("~/.config/letsencrypt/cli.ini").expanduser()
    file = ["--config", str(path)] if there and is_elsewhere else []
    # The file may name others, for it is only completed.
    given = [name for name in CERTBOT_OPTIONS if hasattr(arguments, name)]
    return file + [word for name in given for word in (f"--{_option(name)}", getattr(config, name))]


def _directories(
    config: configuration.NamespaceConfig, arguments: argparse.Namespace
) -> dict[str, str]:
    """The directories that certbot is to be told, by attribute of its configuration.

    They are those given, and those that no configuration file names yet.
    """
    home = Path("~/letsencrypt").expanduser()
    told = {}
    for name in CERTBOT_OPTIONS:
        if hasattr(arguments, name):
            told[name] = getattr(config, name)
        elif getattr(config, name) == constants.CLI_DEFAULTS[name]:
            told[name] = str(home / name.removesuffix("_dir"))
    return told


def _with_directories(text: str, missing: Mapping[str, str]) -> str:
    lines = "".join(f"{_option(name)} = {directory}\n" for name, directory in missing.items())
    separator = "" if not text or text.endswith("\n") else "\n"
    return f"{text or _HEAD}{separator}{lines}"


def _option(name: str) -> str:
    return name.replace("_", "-")
