"""Write the tables of options.rst from the parsers: ``python docs/options.py``.

They are in the page, not made by Sphinx, so that who reads it on GitHub sees them. A test compares.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from certbot_webfaction.command import SUBCOMMANDS, command_parser
from certbot_webfaction.command.configuration import common_options
from certbot_webfaction.hosts.register import HOSTS
from certbot_webfaction.plugin.door import add_options
from certbot_webfaction.plugin.webfaction import DnsAuthenticator

PAGE = Path(__file__).with_name("options.rst")

_TABLE = re.compile(r"(?ms)^\.\. Table: (\S+)$.*?^\.\. End of table$")


def with_tables(page: str) -> str:
    """The text of the page with its tables as the parsers have them now."""
    tables = _tables()

    def table(found: re.Match[str]) -> str:
        rows = "".join(
            f"   * - ``{names}``\n     - {meaning}\n" for names, meaning in tables[found[1]]
        )
        head = ".. list-table::\n   :widths: 40 60\n\n"
        return f".. Table: {found[1]}\n\n{head}{rows}\n.. End of table"

    return _TABLE.sub(table, page)


def _tables() -> Mapping[str, list[tuple[str, str]]]:
    tables = {}
    for host in HOSTS.values():
        parser = argparse.ArgumentParser(add_help=False)
        add_options(host, _adder(parser, host.name))
        tables[host.name] = list(_rows(parser))
    parser = argparse.ArgumentParser(add_help=False)
    DnsAuthenticator.add_parser_arguments(_adder(parser, "dns-webfaction"))
    tables["dns-webfaction"] = list(_rows(parser))
    shared = argparse.ArgumentParser(add_help=False)
    common_options(shared)
    common = {option for action in shared._actions for option in action.option_strings}
    tables["command"] = [row for row in _rows(shared) if not row[0].startswith("--webfaction-")]
    [subcommands] = [
        action.choices
        for action in command_parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    ]
    for name in SUBCOMMANDS:
        tables[name] = list(_rows(subcommands[name], common | {"-h"}))
    return tables


def _adder(parser: argparse.ArgumentParser, prefix: str) -> Any:
    def add(name: str, **settings: Any) -> None:
        parser.add_argument(f"--{prefix}-{name}", **settings)

    return add


def _rows(
    parser: argparse.ArgumentParser, without: set[str] | frozenset[str] = frozenset()
) -> Iterator[tuple[str, str]]:
    """The options and what each means; defaults that the help does not tell are added."""
    for action in parser._actions:
        if without.intersection(action.option_strings):
            continue
        takes_value = action.nargs != 0
        argument = action.metavar or action.option_strings[0].rpartition("-")[2].upper()
        if action.choices:
            argument = f"{{{','.join(action.choices)}}}"
        if action.nargs == "?":
            argument = f"[{argument}]"
        names = ", ".join(action.option_strings) + (f" {argument}" if takes_value else "")
        meaning = (action.help or "") % vars(action)
        told = action.default in (None, False, [], argparse.SUPPRESS) or "(default" in meaning
        yield names, meaning if told else f"{meaning} (default: {action.default})"


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
