"""``certbot-webfaction init``: from nothing to a certbot that works on this account."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from certbot import configuration
from certbot.display import util as display_util

from certbot_webfaction.account import Account
from certbot_webfaction.command.configuration import (
    DIRECTORIES,
    HOST,
    host_of,
    usual_config_dir,
)
from certbot_webfaction.command.crontab import (
    needs_of,
    read_crontab,
    renewing_jobs,
    write_crontab,
)
from certbot_webfaction.command.setup.credentials import accepted_credentials
from certbot_webfaction.command.setup.credentials_file import plan_credentials
from certbot_webfaction.command.setup.questions import Questions
from certbot_webfaction.command.setup.user_configuration import (
    given_directories,
    line_for_cron,
    missing_directories,
    plan_user_configuration,
    user_configuration,
)
from certbot_webfaction.hosts.host import Host
from certbot_webfaction.hosts.webfaction import predecessor
from certbot_webfaction.hosts.webfaction.predecessor import Predecessor, read_predecessor
from certbot_webfaction.plugin.door import account_of, lineages_of, read_options

SUMMARY = "set certbot up for an account: credentials, directories, cron"
DESCRIPTION = """\
Sets certbot up for an account:
asks for what {label}'s control panel lets you in with ({words}),
logs in, and then writes

  * the credentials file that the plugin reads (mode 0600);
  * without root, certbot's user configuration (~/.config/letsencrypt/cli.ini),
    which puts certbot's directories below ~/letsencrypt;
  * if you agree, a line in your crontab that renews certificates.

Nothing is written before every question is answered and the login has worked.
Files that are there are only completed, after you have seen and agreed to the
change. Run again, it changes only what you give it.

Without a terminal each answer needs its flag:

  certbot-webfaction init --host {host} --cron \\
      {flags}

For an account on another host, --host names that; it asks for what is needed
there.
"""
"""With what a host's credentials are in the places of braces."""

_AT_HAND = "; nothing in a shell of the host"

_PREDECESSOR = f"""
If you used letsencrypt_webfaction, --from takes the account from its
configuration and prints the command that takes over each certificate in it
({predecessor.DEFAULT}; this takes Python 3.11 or newer).
"""


def add_arguments(parser: argparse.ArgumentParser, host: Host) -> None:
    """Declare the subcommand's own options, those for a host's credentials among them."""
    needed = [key for key in host.keys if not key.optional]
    parser.description = DESCRIPTION.format(
        label=host.label,
        words=", ".join(key.words for key in needed) + (_AT_HAND if host.at_hand else ""),
        host=host.name,
        flags=" ".join(f"{key.flag} {f'<{key.name}' if key.secret else 'NAME'}" for key in needed),
    )
    group = parser.add_argument_group("answers")
    _add_keys(group, host)
    if host is HOST:
        parser.description += _PREDECESSOR
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


def _add_keys(group: argparse._ArgumentGroup, host: Host) -> None:
    """Declare the options that give a host's credentials."""
    for key in host.keys:
        if key.secret:
            group.add_argument(
                key.flag,
                dest=f"{key.name}_stdin",
                action="store_true",
                help=f"read its {key.words} from standard input, one line; as an argument, every"
                " user of the machine could see it",
            )
        else:
            group.add_argument(
                key.flag,
                dest=key.name,
                metavar="NAME",
                help=key.help or f"{key.words} on the control panel",
            )


def run(config: configuration.NamespaceConfig, arguments: argparse.Namespace) -> int:
    """Ask everything, log in, and then write what was agreed to."""
    silent = config.noninteractive_mode or arguments.non_interactive
    questions = Questions(terminal=sys.stdin.isatty() and not silent, yes=arguments.yes)
    write_cli_ini = _plan_directories(config, arguments, questions)
    old = _predecessor(arguments, questions)
    host = host_of(arguments)
    options = read_options(config, host)
    on_stdin = [key.name for key in host.keys if getattr(arguments, f"{key.name}_stdin", False)]
    credentials = accepted_credentials(
        host, options, _given_values(old, arguments), questions, on_stdin
    )
    write_credentials = plan_credentials(host, options, credentials, questions)
    line = line_for_cron(config, arguments, written=write_cli_ini is not None)
    write_cron = _plan_cron(line, config, arguments, questions)

    for write in filter(None, (write_credentials, write_cli_ini, write_cron)):
        write()
    _say_what_next(account_of(config, host), old)
    return 0


def _plan_directories(
    config: configuration.NamespaceConfig, arguments: argparse.Namespace, questions: Questions
) -> Callable[[], None] | None:
    """Decide what certbot's user configuration is to say; ``config`` goes by it from now on.

    By default nothing where it is root's.
    """
    if not (os.geteuid() if arguments.cli_ini is None else arguments.cli_ini):
        return None
    cli_ini = user_configuration(arguments)
    now = {name: str(getattr(config, name)) for name in DIRECTORIES}
    missing = missing_directories(cli_ini, now, given_directories(config, arguments))
    write = plan_user_configuration(cli_ini, missing, questions)
    for name, directory in missing.items() if write else ():
        setattr(config, name, directory)
    return write


def _predecessor(arguments: argparse.Namespace, questions: Questions) -> Predecessor:
    """What letsencrypt_webfaction's configuration says, if the user wants that."""
    if host_of(arguments) is not HOST:
        return Predecessor()
    file: Path | None = arguments.predecessor
    is_there = questions.terminal and predecessor.DEFAULT.expanduser().exists()
    if not file and is_there and not arguments.username:
        agrees = questions.agrees(f"Take the account from {predecessor.DEFAULT}?", "--from")
        file = predecessor.DEFAULT if agrees else None
    return read_predecessor(file) if file else Predecessor()


def _given_values(old: Predecessor, arguments: argparse.Namespace) -> dict[str, str]:
    """What the command line gives for the credentials file, and what the predecessor had."""
    host = host_of(arguments)
    given = {key.name: getattr(arguments, key.name) for key in host.keys if not key.secret}
    given["api_url"] = getattr(arguments, f"{host.name}_api_url", "")
    return {**old.credentials, **{name: value for name, value in given.items() if value}}


def _plan_cron(
    line: str,
    config: configuration.NamespaceConfig,
    arguments: argparse.Namespace,
    questions: Questions,
) -> Callable[[], None] | None:
    """Decide whether the crontab gets a line that renews certificates."""
    if arguments.cron is False:
        return None
    crontab = read_crontab()
    if crontab is None:
        display_util.notify(
            "The crontab can't be read here. Have this run once a day, so that certificates are"
            f" renewed:\n{line}"
        )
        return None
    usual_dir, needs = usual_config_dir(config, arguments), needs_of(lineages_of(config))
    for job in renewing_jobs(crontab, config.config_dir, usual_dir, needs):
        if not (why := job.why_not):
            display_util.notify(f"The crontab renews certificates already: {job.line}")
            return None
        display_util.notify(f"The crontab {why}: {job.line}")
    question = f"Add a line to the crontab that renews certificates ({line})?"
    if not (arguments.cron or questions.agrees(question, "--cron or --no-cron")):
        return None
    separator = "" if not crontab or crontab.endswith("\n") else "\n"

    def write() -> None:
        write_crontab(f"{crontab}{separator}{line}\n")
        display_util.notify(f"Added to the crontab: {line}")

    return write


def _say_what_next(account: Account, old: Predecessor) -> None:
    plugin, which = account.host.name, account.phrases.account
    command = f"certbot run -a {plugin} -i {plugin}"
    lines = [f"\n  {line}{which}" for line in old.certbot_lines(command) or [command]]
    display_util.notify(f"Next, to get and install certificates:{''.join(lines)}")
    if old.certificates:
        display_util.notify(
            "After that, take letsencrypt_webfaction out of the crontab: one of the two is enough."
        )
