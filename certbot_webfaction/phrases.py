"""Commands that are shown for the person at the terminal to copy."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass

import certbot

from certbot_webfaction.names import has_wildcard, without_covered

CAN_RECONFIGURE = tuple(map(int, certbot.__version__.split(".")[:2])) >= (2, 3)
"""Whether this certbot has the verb ``reconfigure``."""


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

    def authenticator(self, names: Iterable[str]) -> str:
        """The plugin that answers challenges for these names."""
        return self.dns_plugin if has_wildcard(names) else self.plugin

    def get(self, domains: Iterable[str], lineage: str = "", options: str = "") -> str:
        """The command that gets and installs one certificate for all these domains.

        Not named are those that a wildcard among them covers, and those with an underscore, which
        no CA certifies (CA/Browser Forum, ballot SC12).

        :param lineage: what is to be of these domains from now on, ``""``: a new or larger one
        :param options: more options for it
        """
        known = without_covered(name.lower() for name in domains)
        names = [name for name in known if name.startswith("*.") or "_" not in name]
        authenticator, account = self.authenticator(names), self.account
        if authenticator != self.plugin:
            account += account.replace(f"--{self.plugin}", f"--{authenticator}", 1)
        named = shlex.join(word for name in names for word in ("-d", name))
        which = "--expand" if not lineage else f"--cert-name {lineage} --renew-with-new-domains"
        words = " ".join(filter(None, (which, options, named)))
        return f"certbot run -a {authenticator} -i {self.plugin} {words}{account}"

    def replace(self, lineage: str, domains: Iterable[str]) -> str:
        """The command that gets a lineage's certificate anew from the CA and installs it."""
        return f"{self.get(domains)} --cert-name {lineage} --force-renewal"

    def install(self, source: str) -> str:
        """The command that installs a lineage, or the leaf at a path."""
        what = f"--cert-name {source}"
        if source.startswith("/"):
            what = f"--cert-path {shlex.quote(source)} --key-path FILE -d DOMAIN"
        return f"certbot install {what} -i {self.plugin}{self.account}"

    def redirect(self, lineage: str) -> str:
        """The command that has the http sites of a lineage redirect to https."""
        return f"certbot enhance -n --redirect --cert-name {lineage} -i {self.plugin}{self.account}"

    def reconfigure(self, lineage: str, file: object) -> str:
        """A sentence that says how to make renewals of a lineage reach the installer.

        :param file: its renewal file
        """
        if CAN_RECONFIGURE:
            command = f"certbot reconfigure --cert-name {lineage} -i {self.plugin}{self.account}"
            return f"`{command}` puts it there."
        return f"Write installer = {self.plugin} into {file}."

    def renew_with(self, lineage: str, names: Iterable[str], file: object) -> str:
        """A sentence that says how to make renewals of a lineage use these plugins.

        :param file: its renewal file
        """
        authenticator = self.authenticator(names)
        if CAN_RECONFIGURE:
            command = f"certbot reconfigure --cert-name {lineage} -a {authenticator}"
            return f"`{command} -i {self.plugin}{self.account}` has this plugin renew it."
        return f"Write authenticator = {authenticator} and installer = {self.plugin} into {file}."
