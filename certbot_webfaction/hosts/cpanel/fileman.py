"""Files over the panel's file manager, for machines that are not the host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from certbot_webfaction.hosts.cpanel.answers import objects, text
from certbot_webfaction.hosts.cpanel.client import Client
from certbot_webfaction.panel.errors import ImpossibleError, PanelRefusedError
from certbot_webfaction.panel.files import (
    File,
    PlacedFile,
    PlacingError,
    check_path,
    deepest_first,
    split,
)

_UTF8 = {"from_charset": "UTF-8", "to_charset": "UTF-8"}


class PanelFiles:
    """Files over the panel: a directory is entered step by step, and links are never followed.

    The file manager writes a file in place, so that who reads it meanwhile may find a part of it;
    nobody knows a challenge file before the CA is told.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def place(self, files: Sequence[File], *, replace: bool = False) -> list[PlacedFile]:
        """As `Files.place`; all are looked for in the end, for a virus scan drops some."""
        visit, after = _Visit(self._client), _Visit(self._client)
        placed: list[PlacedFile] = []
        for file in files:
            check_path(file.directory, file.path)
            placed.append(PlacedFile(file.directory, file.path))
            with _placing(file, placed):
                visit.place(file, replace, placed[-1].made)
        for file in files:
            with _placing(file, placed):
                after.see(file)
        return placed

    def remove(self, placed: Sequence[PlacedFile]) -> list[tuple[PlacedFile, str]]:
        visit = _Visit(self._client)
        failed = []
        for file in placed:
            check_path(file.directory, file.path)
            try:
                visit.unlink(file.directory, file.path, "file")
            except PanelRefusedError as error:
                failed.append((file, _clause(error)))
        for directory, path in deepest_first(placed):
            visit.unlink(directory, path, "dir")
        return failed

    def read(self, directory: str, path: str) -> str | None:
        check_path(directory, path)
        visit = _Visit(self._client)
        parents, name = split(path)
        try:
            parent = visit.enter(directory, parents)
        except _RefusedError:
            return None
        if parent is None or visit.entries(parent).get(name) != "file":
            return None
        return visit.content(parent, name)

    def listing(self, directory: str) -> list[str]:
        visit = _Visit(self._client)
        parent, _, name = directory.rstrip("/").rpartition("/")
        return sorted(visit.entries(directory)) if name in visit.entries(parent) else []


class _Visit:
    """One visit to the file manager, which lists a directory once, and then knows what it did."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._seen: dict[str, dict[str, str]] = {}

    def place(self, file: File, replace: bool, made: list[str]) -> None:
        """Write a file; note in ``made`` which directories are made for it."""
        parents, name = split(file.path)
        directory = self.enter(file.directory, parents, made) or file.directory
        kind = self.entries(directory).get(name)
        if kind and not (replace and kind == "file"):
            if kind != "file" or self.content(directory, name) != file.content:
                raise _RefusedError("there is something else of that name")
            return
        self._client.write(
            f"write {file.path} in {file.directory}",
            "",
            "Fileman::save_file_content",
            lambda: (
                name in self.entries(directory, anew=True)
                and self.content(directory, name) == file.content
            ),
            lambda: self._client.ask(
                "Fileman::save_file_content",
                dir=directory,
                file=name,
                content=file.content,
                fallback="0",
                **_UTF8,
            ),
        )
        self.entries(directory)[name] = "file"

    def see(self, file: File) -> None:
        """See that a file is there."""
        directory, _, name = f"{file.directory.rstrip('/')}/{file.path}".rpartition("/")
        if name not in self.entries(directory):
            raise _RefusedError(
                "the panel said that it was written, but it is not there. A virus scan or another"
                " protection of the host removes it; ask the host"
            )

    def unlink(self, directory: str, path: str, kind: str) -> None:
        """Remove a ``file``, or a ``dir`` that is empty: the panel would remove a full one, too."""
        parents, name = split(path)
        try:
            parent = self.enter(directory, parents)
        except _RefusedError:
            return  # the way to it is another one now
        if parent is None or self.entries(parent).get(name) != kind:
            return
        if kind == "dir" and self.entries(f"{parent}/{name}", anew=True):
            return
        self._client.write(
            f"remove {path} from {directory}",
            "Remove it in the panel's file manager.",
            "Fileman::fileop",
            lambda: name not in self.entries(parent, anew=True),
            lambda: self._client.ask_api2(
                "Fileman::fileop", op="unlink", sourcefiles=f"{parent}/{name}", doubledecode="0"
            ),
        )
        self.entries(parent).pop(name, None)

    def enter(
        self, directory: str, parents: Sequence[str], made: list[str] | None = None
    ) -> str | None:
        """The path of a directory below another; with ``made``, what is missing is made.

        :returns: `None` where one is missing
        :raises _RefusedError: if something else is in the way
        """
        path = directory.rstrip("/")
        for depth, part in enumerate(parents, 1):
            kind = self.entries(path).get(part)
            if kind is None:
                if made is None:
                    return None
                made.append("/".join(parents[:depth]))  # before: a refusal may be none
                self._make(path, part)
            elif kind != "dir":
                raise _RefusedError(f"{part} in {path} is no directory")
            path = f"{path}/{part}"
        return path

    def _make(self, path: str, name: str) -> None:
        def send() -> None:
            self._client.ask_api2("Fileman::mkdir", path=path, name=name, permissions="0755")
            self._seen[f"{path}/{name}"] = {}

        self._client.write(
            f"make the directory {name} in {path}",
            "",
            "Fileman::mkdir",
            lambda: self.entries(path, anew=True).get(name) == "dir",
            send,
        )
        self.entries(path)[name] = "dir"

    def entries(self, directory: str, *, anew: bool = False) -> dict[str, str]:
        """What is in a directory, hidden files too: names, and ``file``, ``dir`` or ``link``."""
        if anew or directory not in self._seen:
            self._seen[directory] = self._client.read_as(
                f"list {directory}", "Fileman::list_files", _entries, dir=directory, show_hidden="1"
            )
        return self._seen[directory]

    def content(self, directory: str, name: str) -> str:
        """What is in a file."""
        return self._client.read_as(
            f"read {name} in {directory}",
            "Fileman::get_file_content",
            _content,
            dir=directory,
            file=name,
            update_html_document_encoding="0",
            **_UTF8,
        )


class _RefusedError(Exception):
    """What we do not do ourselves, and why."""


def _entries(told: Any) -> dict[str, str]:
    """A flat list as servers have been seen to give it, or two lists as documented."""
    lists = [told.get("dirs"), told.get("files")] if isinstance(told, Mapping) else [told]
    parts = [each for part in lists for each in objects(part, "file", "type")]
    return {text(each.get("file")): text(each.get("type")) for each in parts}


def _content(told: Any) -> str:
    return text(next(iter(objects(told)), {}).get("content"))


@contextmanager
def _placing(file: File, placed: list[PlacedFile]) -> Iterator[None]:
    try:
        yield
    except ImpossibleError as error:
        raise PlacingError(file, _clause(error), placed[:-1]) from error  # nothing was written
    except (PanelRefusedError, _RefusedError) as error:
        raise PlacingError(file, _clause(error), placed) from error


def _clause(error: Exception) -> str:
    return str(error).rstrip(".")
