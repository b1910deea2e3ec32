"""What putting small text files into directories of an account means, whichever way they go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from certbot import errors


@dataclass(frozen=True)
class File:
    """A text file at ``path`` below an absolute ``directory`` of the account."""

    directory: str
    path: str
    content: str


@dataclass
class PlacedFile:
    """A file that was placed below a directory, and the directories below it that we made."""

    directory: str
    path: str
    made: list[str] = field(default_factory=list)


class PlacingError(errors.PluginError):
    """A file could not be placed; ``file`` is that one.

    ``placed`` is what was made until then, as `Files.place` returns it.
    """

    def __init__(self, file: File, reason: str, placed: list[PlacedFile]) -> None:
        super().__init__(f"{file.path} could not be written in {file.directory}: {reason}.")
        self.file = file
        self.placed = placed


class Files(Protocol):
    """Where files are put. Nothing ever leaves a file's directory through a symlink."""

    def place(self, files: Sequence[File], *, replace: bool = False) -> list[PlacedFile]:
        """Write files with mode 0644, and directories that are missing with mode 0755.

        Who reads a file while it is written finds all of it or nothing.

        :param replace: whether something else of a file's name, a symlink included, gives way
        :returns: for each file what was made for it
        :raises certbot.errors.PluginError: if one could not be written; `PlacingError` names it
        """

    def remove(self, placed: Sequence[PlacedFile]) -> list[tuple[PlacedFile, str]]:
        """Remove files, then those of their directories that were made for them and are empty.

        :returns: each file that is still there, with the reason
        :raises certbot.errors.PluginError: if the host could not be asked
        """

    def read(self, directory: str, path: str) -> str | None:
        """Read the file at ``path`` below a directory; ``None``: there is none.

        :raises certbot.errors.PluginError: if it can't be read
        """

    def listing(self, directory: str) -> list[str]:
        """The names of everything in a directory, hidden files too; none if it is missing.

        :raises certbot.errors.PluginError: if it can't be read
        """


def check_path(directory: str, path: str) -> None:
    """Refuse a directory or a path below it that names anything but just that.

    :raises certbot.errors.PluginError: if a part is empty, ``.`` or ``..``, or not printable
    """
    absolute = directory.startswith("/") and directory.isprintable()
    relative = path.isprintable() and not {"", ".", ".."} & set(path.split("/"))
    if not (absolute and relative) or ".." in directory.split("/"):
        raise errors.PluginError(
            f"{path!r:.200} in {directory!r:.200} is no path that files are written to."
        )


def split(path: str) -> tuple[list[str], str]:
    """The directories on a path, and its last name."""
    *parents, name = path.split("/")
    return parents, name


def new_name(name: str) -> str:
    """The name under which a file is written before it gets its own."""
    return f".{name}.new"


def deepest_first(placed: Sequence[PlacedFile]) -> list[tuple[str, str]]:
    """The directories that were made for files, each once: what they are below, and their path."""
    made = {(file.directory, path) for file in placed for path in file.made}
    return sorted(made, key=lambda entry: (-entry[1].count("/"), entry))
