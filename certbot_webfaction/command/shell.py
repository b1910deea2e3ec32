"""What a line of shell commands runs: read, not run."""

from __future__ import annotations

import itertools
import os
import pwd
import re
import shlex
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """A run of certbot: the program, and its arguments, apart where a = joins them.

    ``user`` is the user that stands before it, as lines of the system's crontab have one.
    """

    program: Path
    words: tuple[str, ...]
    user: str = ""

    def value_of(self, option: str) -> str:
        """What an option is given, ``""`` if it is not."""
        return dict(itertools.pairwise(self.words)).get(option, "")


@dataclass
class Shell:
    """A shell that is about to run commands: where it looks for programs, and where it is."""

    path: str
    folder: Path

    def runs_of_certbot(self, line: str) -> Iterator[Run]:
        """Each certbot that a line runs, as far as can be told without running it."""
        for command in _commands(line):
            yield from self._runs(command)

    def _runs(self, command: Sequence[str]) -> Iterator[Run]:
        path = self.path
        while command and (prefix := _PREFIX.fullmatch(command[0])):
            path = self._path(prefix["path"]) if prefix["path"] else path
            command = command[1:]
        if not command:
            self.path = path
            return
        name, argument = command[0], command[-1]
        if name == "cd":
            self.folder /= expanded(argument)
        elif name in (".", "source") and argument.endswith("/activate"):  # of a virtual environment
            self.path = f"{self.folder / expanded(argument).parent}:{self.path}"
        elif name not in _RUN_NOTHING:
            yield from Shell(path, self.folder)._run_by(command)

    def _run_by(self, command: Sequence[str]) -> Iterator[Run]:
        """What a command runs that may be certbot, or a shell, or run one of both."""
        for index, word in enumerate(command):
            name, arguments = word.rpartition("/")[2], command[index + 1 :]
            if name in _SHELLS:
                yield from self._runs_in(arguments)
                return
            if name == "certbot":
                words = [part for each in arguments for part in each.split("=", 1)]
                user = command[0] if index and _is_user(command[0]) else ""
                yield Run(self._program(word), tuple(words), user)
                return

    def _runs_in(self, arguments: Sequence[str]) -> Iterator[Run]:
        """What ``bash -c '…'`` runs."""
        for option, script in itertools.pairwise(arguments):
            if re.fullmatch(r"-[a-z]*c[a-z]*", option):
                # A shell at login has the PATH of the user's profile: most likely ours.
                path = os.environ.get("PATH", self.path) if "l" in option else self.path
                yield from Shell(path, self.folder).runs_of_certbot(script)
                return

    def _program(self, word: str) -> Path:
        if "/" in word:
            return self.folder / expanded(word)
        return Path(shutil.which(word, path=self.path) or word)

    def _path(self, value: str) -> str:
        folders = re.sub(r"\$\{?PATH\b\}?", lambda _: self.path, value).split(":")
        return ":".join(str(self.folder / expanded(folder)) for folder in folders)


_PREFIX = re.compile(r"env|export|PATH=(?P<path>.+)|\w+=.*")
"""What may stand before a command, or be one that changes the environment."""

_SHELLS = ("sh", "bash", "dash", "ksh", "zsh")

_RUN_NOTHING = ("echo", "printf", "test", "[", "which", "type", "command", "logger", "true")
"""Commands whose arguments are no commands."""


def _commands(line: str) -> list[list[str]]:
    """The simple commands of a line, each as its words; none where no shell would run it."""
    words = shlex.shlex(line, posix=True, punctuation_chars=True)
    words.whitespace_split, words.commenters = True, ""
    commands: list[list[str]] = [[]]
    try:
        for word in words:
            if word.startswith("#"):
                break  # the rest is a comment, whatever quotes are in it
            if word.startswith(tuple(";&|<>()")):
                commands.append([])
            else:
                commands[-1].append(word)
    except ValueError:  # a quotation that does not end
        return []
    return [command for command in commands if command]


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def expanded(word: str) -> Path:
    """A path with ``~`` and variables as they are here."""
    # Path.expanduser raises where there is no such user.
    return Path(os.path.expanduser(os.path.expandvars(word)))  # noqa: PTH111
