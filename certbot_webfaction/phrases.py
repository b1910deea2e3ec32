"""Commands that are shown for the person at the terminal to copy."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

from certbot import configuration


def get_command(config: configuration.NamespaceConfig, domains: Iterable[str]) -> str:
    """The command that gets and installs one certificate for all these domains."""
    names = list(dict.fromkeys(domains))
    account = credentials_option(config)
    authenticator = "webfaction"
    if any(name.startswith("*.") for name in names):
        authenticator = "dns-webfaction"
        account += account.replace("--", "--dns-", 1)
    options = shlex.join(word for name in names for word in ("-d", name))
    return f"certbot run -a {authenticator} -i webfaction --expand {options}{account}"


def install_command(config: configuration.NamespaceConfig, source: str) -> str:
    """The command that installs a lineage, or the leaf at a path."""
    what = f"--cert-name {source}"
    if source.startswith("/"):
        what = f"--cert-path {shlex.quote(source)} --key-path FILE"
    return f"certbot install {what} -i webfaction{credentials_option(config)}"


def reconfigure_command(config: configuration.NamespaceConfig, lineage: str) -> str:
    """The command that makes renewals of a lineage reach the installer; certbot 2.3 brought it."""
    account = credentials_option(config)
    return f"certbot reconfigure --cert-name {lineage} -i webfaction{account}"


def credentials_option(config: configuration.NamespaceConfig) -> str:
    """What such a command ends with, so that it is about the account that this run is about.

    :returns: ``""`` where that is the account of the default credentials file
    """
    given = config.webfaction_credentials
    if not given or Path(given) == Path(config.config_dir) / "webfaction.ini":
        return ""
    return f" --webfaction-credentials {shlex.quote(given)}"
