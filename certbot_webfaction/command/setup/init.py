"""``certbot-webfaction init``: from nothing to a certbot that works on this account."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from certbot import configuration
from certbot.display import util as display_util

from certbot_webfaction.account import read_options
from certbot_webfaction.command.configuration import usual_config_dir
from certbot_webfaction.command.crontab import (
    has_plugin,
    read_crontab,
    renewing_jobs,
    renewing_line,
    write_crontab,
)
from certbot_webfaction.command.setup import predecessor
from certbot_webfaction.command.setup.credentials import accepted_credentials
from certbot_webfaction.command.setup.credentials_file import plan_credentials
from certbot_webfaction.command.setup.predecessor import Predecessor, read_predecessor
from certbot_webfaction.command.setup.questions import Questions
from certbot_webfaction.command.setup.user_configuration import (
    options_for_cron,
    plan_user_configuration,
    user_configuration,
)
from certbot_webfaction.phrases import credentials_option

SUMMARY = "set certbot up for an account: credentials, directories, cron"
DESCRIPTION = f"""\
Sets certbot up for a WebFaction account: asks for user name and password of the
control panel, logs in, and then writes

  * the credentials file that the plugin reads (mode 0600);
  * without root, certbot's user configuration (~/.config/letsencrypt/cli.ini),
    which puts certbot's directories below ~/letsencrypt;
  * if you agree, a line in your crontab that renews certificates.

Nothing is written before every question is answered and the login has worked.
Files that are there are only completed, after you have seen and agreed to the
change. Run again, it changes only what you give it.

Without a terminal each answer needs its flag:

  certbot-webfaction init --username alice --password-stdin --cron <password

If you used letsencrypt_webfaction, --from takes the account from its
configuration and prints the command that takes over each certificate in it
({predecessor.DEFAULT}; this takes Python 3.11 or newer).
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's own options."""
    group = parser.add_argument_group("answers")
    group.add_argument("--username", metavar="NAME", help="user name on the control panel")
    group.add_argument(
        "--password-stdin",
        action="store_true",
        help="read its password from standard input, one line; as an argument, every user of the"
        " machine could see it",
    )
    group.add_argument(
        "--machine",
        metavar="NAME",
        help="the account's machine, as the panel spells it (Web500); accounts on one machine need"
        " none, and on the machine itself it is found",
    )
    group.add_argument(
        "--from",
        dest="predecessor",
        metavar="FILE",
        nargs="?",
        type=Path,
        const=predecessor.DEFAULT,
        help="take the account from letsencrypt_webfaction's configuration"
        f" (without FILE: {predecessor.DEFAULT})",
    )
    group.add_argument(
        "--cli-ini",
        action=argparse.BooleanOptionalAction,
        help="write certbot's user configuration, or don't (default: unless you are root)",
    )
    group.add_argument(
        "--cron",
        action=argparse.BooleanOptionalAction,
        help="add a line to the crontab that renews certificates daily, or don't",
    )
    group.add_argument(
        "-y", "--yes", action="store_true", help="agree to every change that is asked about"
    )
    group.add_argument(
        "-n", "--non-interactive", action="store_true", help="ask nothing, even at a terminal"
    )


def run(config: configuration.NamespaceConfig, arguments: argparse.Namespace) -> int:
    """Ask everything, log in, and then write what was agreed to."""
    silent = config.noninteractive_mode or arguments.non_interactive
    questions = Questions(terminal=sys.stdin.isatty() and not silent, yes=arguments.yes)

    cli_ini = user_configuration(arguments)
    write_cli_ini = None
    if arguments.cli_ini if arguments.cli_ini is not None else os.geteuid() != 0:
        write_cli_ini = plan_user_configuration(cli_ini, config, arguments, questions)
    there = cli_ini.exists() or write_cli_ini is not None
    old = _predecessor(arguments, questions)
    options = read_options(config)
    credentials = accepted_credentials(options, old, arguments, questions)
    write_credentials = plan_credentials(options, credentials, questions)
    certbot_options = options_for_cron(cli_ini, config, arguments, there=there)
    write_cron = _plan_cron(certbot_options, config, arguments, questions)

    for write in (write_credentials, write_cli_ini, write_cron):
        if write:
            write()
    _say_what_next(old, credentials_option(config))
    return 0


def _predecessor(arguments: argparse.Namespace, questions: Questions) -> Predecessor:
    """What letsencrypt_webfaction's configuration says, if the user wants that."""
    if arguments.predecessor is not None:
        return read_predecessor(arguments.predecessor)
    there = predecessor.DEFAULT.expanduser().exists() and questions.terminal
    if (
        there
        and not arguments.username
        and questions.agrees(f"Take the account from {predecessor.DEFAULT}?", "--from")
    ):
        return read_predecessor(predecessor.DEFAULT)
    return Predecessor()


def _plan_cron(
    certbot_options: list[str],
    config: configuration.NamespaceConfig,
    arguments: argparse.Namespace,
    questions: Questions,
) -> Callable[[], None] | None:
    """Decide whether the crontab gets a line that renews certificates."""
    if arguments.cron is False:
        return None
    line = renewing_line(certbot_options)
    crontab = read_crontab()
    if crontab is None:
        display_util.notify(
            "The crontab can't be read here. Have this run once a day, so that certificates are"
            f" renewed:\n{line}"
        )
        return None
    for job in renewing_jobs(crontab, config.config_dir, usual_config_dir(config, arguments)):
        if has_plugin(job.program):
            display_util.notify(f"The crontab renews certificates already: {job.line}")
            return None
        display_util.notify(
            f"The crontab runs {job.program}, which does not have this plugin: {job.line}"
        )
    question = f"Add a line to the crontab that renews certificates ({line})?"
    if not (arguments.cron or questions.agrees(question, "--cron or --no-cron")):
        return None
    separator = "" if not crontab or crontab.endswith("\n") else "\n"

    def write() -> None:
        write_crontab(f"{crontab}{separator}{line}\n")
        display_util.notify(f"Added to the crontab: {line}")

    return write


def _say_what_next(old: Predecessor, account: str) -> None:
    commands = old.certbot_lines() or ["certbot run -a webfaction -i webfaction"]
    commands = [f"{command}{account}" for command in commands]
    display_util.notify(
        "\n".join(["Next, to get and install certificates:", *(f"  {line}" for line in commands)])
    )
    if old.certificates:
        display_util.notify(
            "After that, take letsencrypt_webfaction out of the crontab: one of the two is enough."
        )
