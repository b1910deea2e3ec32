"""What is said of a host once: its names, its credentials, its options, how it is reached."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from certbot_webfaction.panel.errors import LoginRefusedError
from certbot_webfaction.panel.interface import IPanel
from certbot_webfaction.web.route import NameServer, Route

Credentials = Mapping[str, str]
"""The values of a credentials file by their keys without prefix; what is missing is not in it."""


@dataclass(frozen=True)
class Key:
    """A value of the credentials file: its name there without prefix, and words for it.

    ``help`` is what the command's option for it says, where the words don't say enough; ``option``
    is what that is called, where it is not called as the value.
    """

    name: str
    words: str
    secret: bool = False
    optional: bool = False
    help: str = ""
    option: str = ""

    @property
    def names_the_account(self) -> bool:
        """Whether another value is another account."""
        return not (self.secret or self.optional)

    @property
    def flag(self) -> str:
        """The option of ``certbot-webfaction init`` that gives it; a secret is no argument."""
        name = self.option or self.name.replace("_", "-")
        return f"--{name}{'-stdin' if self.secret else ''}"


class KeyRefusedError(LoginRefusedError):
    """The panel knows the account, but refuses what one optional key says, or wants it said.

    :param key: the key whose value was refused
    :param question: what to ask the person at the terminal; ``""`` where that was answered just now
    """

    def __init__(self, what: str, todo: str, said: str, key: str, question: str = "") -> None:
        super().__init__(what, todo, said)
        self.key = key
        self.question = question


@dataclass(frozen=True)
class Options:
    """What the user told the plugin.

    ``credentials`` is the file's path, ``default_credentials`` that where none is named; ``wait``
    is for the web server and ``propagation`` for the ``nameserver``, or else a domain's own ones,
    both in seconds; ``own`` holds the host's own options by their names without prefix; ``quiet``
    keeps what is waited for from the terminal.
    """

    credentials: Path
    default_credentials: Path
    api_url: str | None
    files: str
    wait: int
    route: Route
    own: Mapping[str, str | None] = field(default_factory=dict)
    quiet: bool = False
    propagation: int = 120
    nameserver: NameServer | None = None


def lazily(module: str, name: str) -> Callable[..., Any]:
    """What is called ``name`` in a module of a host, which is imported when it is called.

    Every run of certbot on the machine imports the hosts, and few call a panel.
    """
    return lambda *arguments: getattr(importlib.import_module(module), name)(*arguments)


@dataclass(frozen=True)
class Host:
    """A host that the plugin is for.

    ``name`` is what the plugin is called, what options and keys of the credentials file start with,
    and the file's own name. ``dns_plugin`` answers dns-01 for it, ``""`` where none does.

    ``log_in`` logs in with credentials that are not in a file yet, finds what optional keys they
    lack, and gives those that the panel accepts; it takes the keys that the user has just given,
    which are not guessed, and raises `LoginRefusedError`, as a `KeyRefusedError` where the user can
    be asked for a key.

    ``at_hand`` gives the credentials that the values of a file make, ``{}`` where there is none, if
    they are enough to reach the panel; a host without it needs all keys that are not optional.
    ``aliases`` are other names that values have in files of other programs, and ours for them.

    ``user_of`` gives the account's user name from its credentials. ``connect`` gives what all
    panels of an account share in a process (the login, what was seen), without a call. ``open``
    gives a panel over that.
    ``carry_over`` makes a document of version 1 one of version 2: the name of the document, and
    what is in it. ``options`` are those that only this host has: argparse's settings by the name
    without prefix. ``holder`` is the panel's word for what `Place.holder` names. ``files`` are the
    ways to write files that there are to choose from.
    """

    name: str
    label: str
    description: str
    api_url: str
    keys: tuple[Key, ...]
    connect: Callable[[Credentials], Any]
    open: Callable[[Any, Options], IPanel]
    log_in: Callable[[Credentials, Collection[str]], Credentials]
    user_of: Callable[[Credentials], str]
    at_hand: Callable[[Mapping[str, str]], Credentials | None] | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    dns_plugin: str = ""
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    carry_over: Callable[[str, dict[str, Any]], dict[str, Any]] | None = None
    holder: str = "directory"
    files: tuple[str, ...] = ("auto", "local", "api")

    def flag(self, option: str) -> str:
        """How the user writes one of our options."""
        return f"--{self.name}-{option}"

    @property
    def plugins(self) -> tuple[str, ...]:
        """The names of its plugins in renewal files."""
        return tuple(filter(None, (self.name, self.dns_plugin)))
