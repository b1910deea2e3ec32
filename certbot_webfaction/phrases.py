"""Commands that are shown for the person at the terminal to copy."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass

import certbot


@dataclass(frozen=True)
class Phrases:
    """Commands about one account.

    ``plugin`` is the host's plugin, ``dns_plugin`` the one that answers for wildcards.
    ``credentials`` is the path of the credentials file, ``""`` for the default one.
    """

    plugin: str
    dns_plugin: str
    credentials: str = ""

    @property
    def account(self) -> str:
        """What a command ends with, so that it is about this account."""
        if not self.credentials:
            return ""
        return f" --{self.plugin}-credentials {shlex.quote(self.credentials)}"

    def get(self, domains: Iterable[str]) -> str:
        """The command that gets and installs one certificate for all these domains."""
        names = list(dict.fromkeys(domains))
        authenticator, account = self.plugin, self.account
        if self.dns_plugin != self.plugin and any(name.startswith("*.") for name in names):
            authenticator = self.dns_plugin
            account += account.replace(f"--{self.plugin}", f"--{self.dns_plugin}", 1)
        options = shlex.join(word for name in names for word in ("-d", name))
        return f"certbot run -a {authenticator} -i {self.plugin} --expand {options}{account}"

    def replace(self, lineage: str, domains: Iterable[str]) -> str:
        """The command that gets a lineage's certificate anew from the CA and installs it."""
        return f"{self.get(domains)} --cert-name {lineage} --force-renewal"

    def install(self, source: str) -> str:
        """The command that installs a lineage, or the leaf at a path."""
        what = f"--cert-name {source}"
        if source.startswith("/"):
            what = f"--cert-path {shlex.quote(source)} --key-path FILE"
        return f"certbot install {what} -i {self.plugin}{self.account}"

    def redirect(self, lineage: str) -> str:
        """The command that has the http sites of a lineage redirect to https."""
        return f"certbot enhance --redirect --cert-name {lineage} -i {self.plugin}{self.account}"

    def reconfigure(self, lineage: str, file: object) -> str:
        """A sentence that says how to make renewals of a lineage reach the installer.

        :param file: its renewal file
        """
        # certbot 2.3 brought `reconfigure`.
        if tuple(map(int, certbot.__version__.split(".")[:2])) >= (2, 3):
            command = f"certbot reconfigure --cert-name {lineage} -i {self.plugin}{self.account}"
            return f"`{command}` puts it there."
        return f"Write installer = {self.plugin} into {file}."

    def renew_with(self, lineage: str, names: Iterable[str], file: object) -> str:
        """A sentence that says how to make renewals of a lineage use these plugins.

        :param file: its renewal file
        """
        wildcard = any(name.startswith("*.") for name in names)
        authenticator = self.dns_plugin if wildcard else self.plugin
        if tuple(map(int, certbot.__version__.split(".")[:2])) >= (2, 3):
            command = f"certbot reconfigure --cert-name {lineage} -a {authenticator}"
            return f"`{command} -i {self.plugin}{self.account}` has this plugin renew it."
        return f"Write authenticator = {authenticator} and installer = {self.plugin} into {file}."
