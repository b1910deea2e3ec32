"""certbot's configuration for ``certbot-webfaction``, as certbot itself would read it."""

from __future__ import annotations

import argparse
import contextlib
import io
from typing import Any

from certbot import configuration, errors

from certbot_webfaction.account import add_options

CERTBOT_OPTIONS = ("config_dir", "work_dir", "logs_dir")
"""certbot's own options that every subcommand has, as attributes of a configuration."""

PREFIX = "webfaction_"
"""What the plugin's options start with, as attributes of a configuration."""


def common_options(parser: argparse.ArgumentParser) -> None:
    """Declare certbot's options and the plugin's; those not given are absent from the result."""
    group = parser.add_argument_group("certbot's options, as in its cli.ini files")
    group.add_argument(
        "-c",
        "--config",
        metavar="FILE",
        default=argparse.SUPPRESS,
        help="read this file over certbot's usual cli.ini files",
    )
    for name in CERTBOT_OPTIONS:
        option = f"--{name.replace('_', '-')}"
        group.add_argument(option, metavar="DIR", default=argparse.SUPPRESS, help=_HELP[name])
    group.add_argument(
        "-q",
        "--quiet",
        action="store_true",
        default=argparse.SUPPRESS,
        help="print only what is wrong",
    )

    group = parser.add_argument_group("options of the plugin webfaction, as certbot has them")

    def add(name: str, **settings: Any) -> None:
        default = settings.pop("default", None)
        if default is not None:
            settings["help"] += f" (default: {default})"
        group.add_argument(f"--webfaction-{name}", default=argparse.SUPPRESS, **settings)

    add_options(add)


_HELP = {
    "config_dir": "certbot's configuration: lineages, accounts, webfaction.ini",
    "work_dir": "certbot's working directory: backups of what was installed",
    "logs_dir": "certbot's logs",
}


def read_configuration(arguments: argparse.Namespace) -> configuration.NamespaceConfig:
    """Read certbot's ``cli.ini`` files, with the command line's options over them.

    :param arguments: what `common_options` declared and the user gave
    :raises certbot.errors.Error: if a ``cli.ini`` can't be used
    """
    # certbot's own parser reads the files. A parser of ours would have to repeat where they lie,
    # how values are written and what the more than a hundred attributes of a configuration are,
    # in every version. It needs all plugins, because cli.ini may hold any plugin's options.
    from certbot._internal import cli
    from certbot._internal.plugins import disco

    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            parsed: Any = cli.prepare_and_parse_args(
                disco.PluginsRegistry.find_all(),
                # The verb that the plugin is to take itself for; nothing of it is run.
                ["install", *_given(arguments)],
            )
    except SystemExit as error:
        reason = said.getvalue().partition("error: ")[2].strip()
        raise errors.ConfigurationError(f"certbot can't be configured so: {reason}") from error
    # Before 2.2 certbot gave the bare namespace.
    config = (
        parsed
        if isinstance(parsed, configuration.NamespaceConfig)
        else configuration.NamespaceConfig(parsed)
    )
    config.installer = "webfaction"  # whose errors are those of a plugin that the user named
    if config.quiet:
        config.noninteractive_mode = True
    return config


def usual_config_dir(config: configuration.NamespaceConfig, arguments: argparse.Namespace) -> str:
    """The configuration directory of a certbot that is not told one, such as a job of cron.

    :param config: what `read_configuration` made of ``arguments``
    """
    if not hasattr(arguments, "config_dir"):
        return str(config.config_dir)
    return str(read_configuration(argparse.Namespace()).config_dir)


def _given(arguments: argparse.Namespace) -> list[str]:
    """The options that were given, for certbot's parser."""
    given: dict[str, Any] = vars(arguments)
    options = [
        f"--{name.replace('_', '-')}={value}"
        for name, value in given.items()
        if name in CERTBOT_OPTIONS or name.startswith(PREFIX)
    ]
    if "quiet" in given:
        options.append("--quiet")
    if "config" in given:
        options += ["-c", given["config"]]
    return options
