"""One account on a host, and everything that one process knows of it."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from certbot.plugins.dns_common import CredentialsConfiguration

from certbot_webfaction.books import Books
from certbot_webfaction.books.rebuild import rebuild
from certbot_webfaction.errors import ExplainedError
from certbot_webfaction.hosts.host import Credentials, Host, Options
from certbot_webfaction.lineages import Lineages
from certbot_webfaction.lineages.renewals import Renewal
from certbot_webfaction.names import a_label
from certbot_webfaction.panel.errors import LoginRefusedError
from certbot_webfaction.panel.interface import IPanel
from certbot_webfaction.panel.model import Login
from certbot_webfaction.phrases import Phrases
from certbot_webfaction.replacing import Version, version
from certbot_webfaction.web.served import Expected


@dataclass
class Memory:
    """What one process remembers of an account, whichever plugin object asks.

    ``connect`` gives what `Host.connect` gives, at the first call. ``finished`` tells that what an
    earlier run left was finished or undone, ``caught_up`` that a ``certbot renew`` made up for
    failed uploads, ``cleaned_up`` that it saw to what was left in the account's DNS. ``looks`` are
    those at served certificates that wait for the end of the process, and ``sweep`` sweeps what is
    used no more before them, giving what could not be done.
    """

    connect: Callable[[], Any]
    books: Books
    finished: bool = False
    caught_up: bool = False
    cleaned_up: bool = False
    looks: dict[str, Expected] = field(default_factory=dict)
    sweep: Callable[[], Sequence[Any]] = list

    @cached_property
    def connection(self) -> Any:
        """What all panels of the account share."""
        return self.connect()


_memories: dict[Path, Memory] = {}


@dataclass(frozen=True)
class Account:
    """An account: its host, its panel, its books, the lineages here, commands about it.

    Plugins are made anew for each lineage of a ``certbot renew``, with options of its own; what
    they share is in ``memory``. The panel is opened when it is first needed: a run with nothing to
    do is not to import the client.
    """

    host: Host
    options: Options
    open_panel: Callable[[], IPanel]
    lineages: Lineages
    phrases: Phrases
    memory: Memory

    @cached_property
    def panel(self) -> IPanel:
        """Its panel."""
        return self.open_panel()

    @property
    def books(self) -> Books:
        """What is wanted of it, and what was done to it."""
        return self.memory.books

    @property
    def credentials_named(self) -> str:
        """The sentence that names its credentials file where a login is refused."""
        return f"The credentials file is {self.options.credentials}."

    def login(self) -> Login:
        """Log in unless this process has.

        :raises LoginRefusedError: names the credentials file too
        """
        try:
            return self.panel.login()
        except LoginRefusedError as error:
            todo = f"{error.todo} {self.credentials_named}".strip()
            raise type(error)(error.what, todo, error.said) from error

    def read_books(self) -> None:
        """Read the books; rebuild what is damaged, or missing where it should not be.

        :raises certbot.errors.PluginError: if the panel is needed for that and does not answer
        """
        if lost := self.books.read():
            rebuild(self.books, lost, self.panel, self.lineages, self._installed_here())

    def way_on(self, lineage: str, domains: Sequence[str]) -> str:
        """A sentence that says how to go on with these domains of a lineage alone.

        :returns: ``""`` where the lineage has no others, or there is none
        """
        files = self.lineages.files(lineage)
        if not lineage or not domains or not files.exist():
            return ""
        if set(map(a_label, files.names())) <= set(map(a_label, domains)):
            return ""
        command = self.phrases.get(domains, lineage)
        return f"If the others are gone for good, go on without them: `{command}`."

    def _installed_here(self) -> list[str]:
        """The lineages whose renewals use our installer for this account."""
        return [
            renewal.lineage
            for renewal in self.lineages.renewals()
            if renewal.installer == self.host.name and self.renews(renewal, self.host.name)
        ]

    def renews(self, renewal: Renewal, plugin: str) -> bool:
        """Whether renewals of a lineage that use ``plugin`` log in to this account."""
        given = renewal.parameters.get(f"{plugin.replace('-', '_')}_credentials")
        path = Path(given) if given else self.options.default_credentials
        if path == self.options.credentials:
            return True
        try:
            other = read_credentials(self.host, replace(self.options, credentials=path))
        except ExplainedError:
            return False  # certbot itself reports it, at every renewal
        return _folder_name(self.host, other) == self.books.folder.name


def open_account(host: Host, options: Options, lineages: Lineages, config_dir: Path) -> Account:
    """Open the account that the options name, without a call to its panel.

    :param config_dir: certbot's configuration directory, where the books lie
    :raises certbot.errors.PluginError: if the credentials file is missing or can't be used
    """
    credentials = read_credentials(host, options)
    folder = config_dir / host.name / _folder_name(host, credentials)
    if folder not in _memories:
        books = Books(folder, host.carry_over)
        _memories[folder] = Memory(lambda: host.connect(credentials), books)
    memory = _memories[folder]
    is_default = options.credentials == options.default_credentials
    phrases = Phrases(
        host.name, host.dns_plugin or host.name, "" if is_default else str(options.credentials)
    )
    return Account(
        host, options, lambda: host.open(memory.connection, options), lineages, phrases, memory
    )


def read_credentials(host: Host, options: Options) -> Credentials:
    """Read the credentials file, unless the panel can be reached without one.

    :raises certbot.errors.PluginError: if it is missing, can't be read, or lacks a value
    """
    path = options.credentials
    is_needed = host.at_hand is None or path != options.default_credentials
    file = _read_file(host, path, is_needed=is_needed)
    found = _values(file, host, path) if file else {}
    if options.api_url:
        found["api_url"] = options.api_url
    if host.at_hand and (ready := host.at_hand(found)) is not None:
        return ready
    if file is None:
        raise _no_file(host, path)
    file.require({key.name: f"the panel's {key.words}" for key in host.keys if not key.optional})
    return {"api_url": host.api_url, **found}


def _read_file(host: Host, path: Path, *, is_needed: bool) -> CredentialsConfiguration | None:
    try:
        return _parse_file(path, host.name, version(path))
    except (FileNotFoundError, NotADirectoryError) as error:
        if is_needed:
            raise _no_file(host, path) from error
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ExplainedError(f"The credentials file {path} can't be read: {error}.") from error


@functools.cache  # every lineage of a renewal opens its account, and certbot warns of the mode
def _parse_file(path: Path, prefix: str, _present: Version) -> CredentialsConfiguration:
    file = CredentialsConfiguration(str(path), lambda key: f"{prefix}_{key}")
    file.confobj.interpolation = False  # a % in a password is a %
    return file


def _no_file(host: Host, path: Path) -> ExplainedError:
    flags = [f"--{plugin}-credentials" for plugin in host.plugins]
    return ExplainedError(
        f"There is no credentials file {path}, so the panel can't be reached.",
        f"Run `certbot-webfaction init --host {host.name}` to write it, or name yours with"
        f" {' or '.join(flags)}.",
    )


def _values(file: CredentialsConfiguration, host: Host, path: Path) -> dict[str, str]:
    """The values of a file by our names for them; what is missing or empty is not in it."""
    names = {key.name: key.name for key in host.keys} | {"api_url": "api_url", **host.aliases}
    found: dict[str, str] = {}
    for spelled, name in names.items():
        if value := _value(file, host, path, spelled):
            found.setdefault(name, value)
    return found


def _value(file: CredentialsConfiguration, host: Host, path: Path, key: str) -> str:
    value: Any = file.conf(key)
    if value is None or isinstance(value, str):
        return value or ""
    raise ExplainedError(
        f"{host.name}_{key} in {path} is no single value.",
        "Put a value that holds a comma, a #, quotes or outer spaces in quotes, for example:"
        f" {host.name}_{key} = '''…'''",
    )


def _folder_name(host: Host, credentials: Credentials) -> str:
    address = credentials["api_url"].partition("//")[2] or credentials["api_url"]
    server = address.partition("/")[0].rpartition("@")[2]
    return re.sub(r"[^A-Za-z0-9_.@-]", "_", f"{host.user_of(credentials)}@{server}")
