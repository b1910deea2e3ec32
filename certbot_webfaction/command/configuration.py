"""certbot's configuration for ``certbot-webfaction``, as certbot itself would read it."""

from __future__ import annotations

import argparse
import contextlib
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from certbot import configuration, errors
from certbot._internal import cli, constants
from certbot._internal.plugins import disco

from certbot_webfaction.hosts.host import Host
from certbot_webfaction.hosts.register import HOSTS
from certbot_webfaction.hosts.webfaction import WEBFACTION
from certbot_webfaction.plugin.door import add_options

HOST: Host = WEBFACTION
"""The host that the command is about, unless it is told another one."""

DIRECTORIES = {
    "config_dir": f"certbot's configuration: lineages, accounts, {HOST.name}.ini",
    "work_dir": "certbot's working directory: backups of what was installed",
    "logs_dir": "certbot's logs",
}
"""certbot's own options that every subcommand has, as attributes of a configuration."""


def host_of(arguments: argparse.Namespace) -> Host:
    """The host that a command line is about."""
    return HOSTS[getattr(arguments, "panel", HOST.name)]


def option(attribute: str) -> str:
    """An option's name without dashes before it, from that of its attribute."""
    return attribute.replace("_", "-")


def common_options(parser: argparse.ArgumentParser, host: Host = HOST) -> None:
    """Declare certbot's options and the plugin's; those not given are absent from the result."""
    parser.add_argument(
        "--host",
        dest="panel",
        choices=HOSTS,
        default=host.name,
        help="whose control panel the account is on (default: those whose credentials file is"
        " there); with --help, its options are shown",
    )
    group = parser.add_argument_group("certbot's options, as in its cli.ini files")
    group.add_argument(
        "-c",
        "--config",
        metavar="FILE",
        default=argparse.SUPPRESS,
        help="read this file over certbot's usual cli.ini files",
    )
    for name, meaning in DIRECTORIES.items():
        flag = f"--{option(name)}"
        group.add_argument(flag, metavar="DIR", default=argparse.SUPPRESS, help=meaning)
    group.add_argument(
        "-q",
        "--quiet",
        action="store_true",
        default=argparse.SUPPRESS,
        help="print only what is wrong",
    )

    group = parser.add_argument_group(f"options of the plugin {host.name}, as certbot has them")

    def add(name: str, **settings: Any) -> None:
        default = settings.pop("default", None)
        if default is not None:
            settings["help"] += f" (default: {default})"
        group.add_argument(host.flag(name), default=argparse.SUPPRESS, **settings)

    add_options(host, add)


def read_configuration(arguments: argparse.Namespace) -> configuration.NamespaceConfig:
    """Read certbot's ``cli.ini`` files, with the command line's options over them.

    :param arguments: what `common_options` declared and the user gave
    :raises certbot.errors.Error: if a ``cli.ini`` can't be used
    """
    # certbot's own parser reads the files. A parser of ours would have to repeat where they lie,
    # how values are written and what the more than a hundred attributes of a configuration are,
    # in every version. It needs all plugins, because cli.ini may hold any plugin's options.
    said = io.StringIO()
    # Those that certbot reads, the one whose word counts first.
    files = [*_given_file(arguments), *reversed(constants.CLI_DEFAULTS["config_files"])]
    try:
        with contextlib.redirect_stderr(said):
            parsed: Any = cli.prepare_and_parse_args(
                disco.PluginsRegistry.find_all(),
                # The verb that the plugin is to take itself for; nothing of it is run.
                ["install", *given_options(arguments)],
            )
    except (SystemExit, UnicodeDecodeError) as error:
        reason = said.getvalue().partition("error: ")[2].strip() or f"{error}"
        raise errors.ConfigurationError(refusal(reason, files)) from error
    # Before 2.2 certbot gave the bare namespace.
    config = (
        parsed
        if isinstance(parsed, configuration.NamespaceConfig)
        else configuration.NamespaceConfig(parsed)
    )
    # Its errors are those of a plugin that the user named.
    config.installer = host_of(arguments).name
    if config.quiet:
        config.noninteractive_mode = True
    return config


def refusal(reason: str, files: Sequence[str]) -> str:
    """Say what certbot's parser does not take, with the file that says it if one does."""
    keys = "|".join(re.findall(r"--([\w-]+)", reason))
    for path in (Path(file).expanduser() for file in files):
        try:
            text = path.read_text() if path.exists() else ""
        except UnicodeDecodeError as error:
            return f"{path} is not text in {error.encoding}: save it in that encoding."
        if keys and re.search(rf"(?m)^\s*(--)?({keys})\s*(=|$)", text):
            return f"certbot can't be configured as {path} says: {reason}"
    return f"certbot can't be configured so: {reason}"


def usual_config_dir(config: configuration.NamespaceConfig, arguments: argparse.Namespace) -> str:
    """The configuration directory of a certbot that is not told one, such as a job of cron.

    :param config: what `read_configuration` made of ``arguments``
    """
    if not hasattr(arguments, "config_dir"):
        return str(config.config_dir)
    return str(read_configuration(argparse.Namespace()).config_dir)


def given_options(arguments: argparse.Namespace) -> list[str]:
    """The options that were given, as certbot takes them."""
    given: dict[str, Any] = vars(arguments)
    prefix = f"{host_of(arguments).name}_"
    options = [
        f"--{option(name)}={value}"
        for name, value in given.items()
        if name in DIRECTORIES or name.startswith(prefix)
    ]
    if "quiet" in given:
        options.append("--quiet")
    for file in _given_file(arguments):
        options += ["-c", file]
    return options


def _given_file(arguments: argparse.Namespace) -> list[str]:
    return [arguments.config] if hasattr(arguments, "config") else []
