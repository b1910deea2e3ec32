"""Commands that are shown for the person at the terminal to copy."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

from certbot import configuration

from certbot_webfaction.installation.wanted import expand_command


def get_command(config: configuration.NamespaceConfig, domains: Iterable[str]) -> str:
    """The command that gets and installs one certificate for all these domains."""
    command = expand_command(domains)
    option = credentials_option(config)
    if "-a dns-webfaction" in command:
        option += option.replace("--", "--dns-", 1)
    return command + option


def install_command(config: configuration.NamespaceConfig, lineage: str) -> str:
    """The command that installs a lineage, or the files that ``lineage`` stands for."""
    return f"certbot install --cert-name {lineage} -i webfaction{credentials_option(config)}"


def credentials_option(config: configuration.NamespaceConfig) -> str:
    """What such a command ends with, so that it is about the account that this run is about.

    :returns: ``""`` where that is the account of the default credentials file
    """
    given = config.webfaction_credentials
    if not given or Path(given) == Path(config.config_dir) / "webfaction.ini":
        return ""
    return f" --webfaction-credentials {shlex.quote(given)}"
