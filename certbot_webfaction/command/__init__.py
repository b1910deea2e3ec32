"""The command ``certbot-webfaction``: parses, calls a subcommand, prints what went wrong."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from certbot import configuration, errors

from certbot_webfaction.command import deploy
from certbot_webfaction.command.configuration import (
    HOST,
    common_options,
    read_configuration,
)
from certbot_webfaction.command.diagnosis import doctor, status
from certbot_webfaction.command.output import set_up_output
from certbot_webfaction.command.setup import init, secure
from certbot_webfaction.hosts.host import Host
from certbot_webfaction.hosts.register import HOSTS
from certbot_webfaction.plugin.door import lineages_of


class Subcommand(Protocol):
    """What each subcommand's module has."""

    SUMMARY: str
    """One line for the list of subcommands."""

    DESCRIPTION: str
    """What goes before the options in its help; line breaks stay."""

    def add_arguments(self, parser: argparse.ArgumentParser, host: Host) -> None:
        """Declare the subcommand's own options, which may be a host's."""

    def run(
        self, config: configuration.NamespaceConfig, arguments: argparse.Namespace
    ) -> int | dict[str, Any]:
        """Carry it out for one account.

        :param config: certbot's configuration, the plugin's options in it
        :param arguments: the command line, with the subcommand's own options
        :returns: the exit status, or what is to be printed for scripts
        :raises certbot.errors.Error: if it fails; the text is printed and the exit status is 1
        """


SUBCOMMANDS: Mapping[str, Subcommand] = {
    "init": init,
    "secure": secure,
    "status": status,
    "doctor": doctor,
    "deploy": deploy,
}

_LABELS = " or ".join(host.label for host in HOSTS.values())

INTERRUPTED = 130
"""The exit status after Ctrl-C: 128 and the number of SIGINT, as shells have it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``certbot-webfaction``.

    :param argv: the command line without the program's name, by default this process's
    :returns: the exit status
    """
    words = list(sys.argv[1:] if argv is None else argv)
    named = _host_in(words)
    arguments = command_parser(named or HOST).parse_args(words)
    try:
        config = read_configuration(arguments)
        set_up_output(quiet=config.quiet)
        hosts = [named] if named else _hosts_there(config, arguments.subcommand)
        exit_status = _run(words, config, hosts)
        sys.stdout.flush()
        return exit_status
    except BrokenPipeError:
        # The reader of our output has seen enough. Python flushes standard output once more at its
        # end (docs.python.org, library/signal, "Note on SIGPIPE").
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (errors.Error, OSError) as error:
        return _tell(arguments, error)
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return INTERRUPTED


def _run(words: Sequence[str], config: configuration.NamespaceConfig, hosts: Sequence[Host]) -> int:
    """Carry a command line out for each host; what fails at one keeps none from its turn."""
    exit_status, documents = 0, []
    for host in hosts:
        arguments = command_parser(host).parse_args(words)
        config.installer = host.name  # its errors are those of a plugin that the user named
        if host is not hosts[0] and not config.quiet and not _prints_json(arguments):
            print()
        try:
            done = SUBCOMMANDS[arguments.subcommand].run(config, arguments)
        except BrokenPipeError:
            raise
        except (errors.Error, OSError) as error:
            done = _tell(arguments, error)
        if isinstance(done, int):
            exit_status = max(exit_status, done)
        else:
            documents.append(done)
    if documents:
        whole = documents if len(hosts) > 1 else documents[0]
        print(json.dumps(whole, indent=2, ensure_ascii=False))
    return exit_status


def _prints_json(arguments: argparse.Namespace) -> bool:
    return any(vars(arguments).get(name) for name in ("json", "report"))


def _tell(arguments: argparse.Namespace, error: Exception) -> int:
    sys.stdout.flush()
    print(f"certbot-webfaction {arguments.subcommand}: {error}", file=sys.stderr)
    return 1


def _hosts_there(config: configuration.NamespaceConfig, subcommand: str) -> Sequence[Host]:
    """The hosts of the accounts that are set up here, for a command line that names none.

    :raises certbot.errors.Error: if there are several, and the subcommand is for one; if there is
        none for a subcommand that can say nothing without
    """
    folder = Path(config.config_dir)
    signs: tuple[Callable[[Host], bool], ...] = (
        lambda host: (folder / f"{host.name}.ini").exists(),
        lambda host: host.at_hand is not None and host.at_hand({}) is not None,
        lambda host: _renews(config, host),
    )
    found = ([host for host in HOSTS.values() if is_there(host)] for is_there in signs)
    there = next(filter(None, found), [])
    if len(there) > 1 and subcommand not in ("status", "doctor"):
        flags = " or ".join(f"--host {host.name}" for host in there)
        raise errors.Error(f"There are accounts on several hosts here. Name one: {flags}.")
    if not there and subcommand in ("status", "doctor", "secure"):
        raise errors.Error(
            f"No account is set up in {folder}. `certbot-webfaction init --host NAME` does that,"
            f" where NAME is {' or '.join(HOSTS)}."
        )
    return there or [HOST]


def _renews(config: configuration.NamespaceConfig, host: Host) -> bool:
    """Whether a lineage names a plugin of the host, whose credentials file may be gone."""
    return any(
        {renewal.authenticator, renewal.installer} & set(host.plugins)
        for renewal in lineages_of(config).renewals()
    )


def _host_in(argv: Sequence[str]) -> Host | None:
    """The host that a command line names, by itself or by an option, which only that host has."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--host")
    try:
        named = parser.parse_known_args(argv)[0].host
    except argparse.ArgumentError:
        return None
    by_option = (host for host in HOSTS.values() for word in argv if word.startswith(host.flag("")))
    return HOSTS.get(named) if named else next(by_option, None)


def command_parser(host: Host = HOST) -> argparse.ArgumentParser:
    """The command line's parser, with the options that it has for a host."""
    parser = argparse.ArgumentParser(
        prog="certbot-webfaction",
        description=f"Sets certbot up for an account on {_LABELS}, and shows and checks its state.",
        allow_abbrev=False,
    )
    subparsers = parser.add_subparsers(
        dest="subcommand", metavar="SUBCOMMAND", required=True, title="subcommands"
    )
    for name, subcommand in SUBCOMMANDS.items():
        subparser = subparsers.add_parser(
            name,
            help=subcommand.SUMMARY,
            description=subcommand.DESCRIPTION,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        subcommand.add_arguments(subparser, host)
        common_options(subparser, host)
    return parser
