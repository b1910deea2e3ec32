"""Files over the panel's file manager, for machines that are not the host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from certbot import errors

from certbot_webfaction.hosts.cpanel.answers import objects, text
from certbot_webfaction.hosts.cpanel.client import Client
from certbot_webfaction.panel.errors import PanelRefusedError
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
        """As `Files.place`; each file is looked for afterwards, for a virus scan drops some."""
        placed: list[PlacedFile] = []
        for file in files:
            check_path(file.directory, file.path)
            placed.append(PlacedFile(file.directory, file.path))
            try:
                self._place(file, replace, placed[-1].made)
            except PanelRefusedError as error:
                raise PlacingError(file, _clause(error), placed) from error
            except _RefusedError as error:
                raise PlacingError(file, str(error), placed) from error
        return placed

    def _place(self, file: File, replace: bool, made: list[str]) -> None:
        parents, name = split(file.path)
        directory = self._enter(file.directory, parents, made) or file.directory
        there = self._entries(directory)
        if name in there and (not replace or there[name] != "file"):
            if there[name] != "file" or self._content(directory, name) != file.content:
                raise _RefusedError("there is something else of that name")
            return
        self._client.write(
            f"write {file.path} in {file.directory}",
            "",
            "Fileman::save_file_content",
            lambda: (
                name in self._entries(directory) and self._content(directory, name) == file.content
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
        if name not in self._entries(directory):
            raise _RefusedError(
                "the panel said that it was written, but it is not there. A virus scan or another"
                " protection of the host removes it; ask the host"
            )

    def remove(self, placed: Sequence[PlacedFile]) -> list[tuple[PlacedFile, str]]:
        failed = []
        for file in placed:
            check_path(file.directory, file.path)
            try:
                self._unlink(file.directory, file.path, is_directory=False)
            except PanelRefusedError as error:
                failed.append((file, _clause(error)))
        for directory, path in deepest_first(placed):
            self._unlink(directory, path, is_directory=True)
        return failed

    def _unlink(self, directory: str, path: str, *, is_directory: bool) -> None:
        """Remove a file, or a directory that is empty: the panel would remove a full one, too."""
        parents, name = split(path)
        try:
            parent = self._enter(directory, parents)
        except _RefusedError:
            return  # the way to it is another one now
        if parent is None or name not in self._entries(parent):
            return
        if is_directory and (
            self._entries(parent)[name] != "dir" or self._entries(f"{parent}/{name}")
        ):
            return
        self._client.write(
            f"remove {path} from {directory}",
            "Remove it in the panel's file manager.",
            "Fileman::fileop",
            lambda: name not in self._entries(parent),
            lambda: self._client.ask_api2(
                "Fileman::fileop", op="unlink", sourcefiles=f"{parent}/{name}", doubledecode="0"
            ),
        )

    def read(self, directory: str, path: str) -> str | None:
        check_path(directory, path)
        parents, name = split(path)
        try:
            parent = self._enter(directory, parents)
        except _RefusedError:
            return None
        if parent is None or self._entries(parent).get(name) != "file":
            return None
        return self._content(parent, name)

    def listing(self, directory: str) -> list[str]:
        parent, _, name = directory.rstrip("/").rpartition("/")
        return sorted(self._entries(directory)) if name in self._entries(parent) else []

    def _enter(
        self, directory: str, parents: Sequence[str], made: list[str] | None = None
    ) -> str | None:
        """The path of a directory below another; with ``made``, what is missing is made.

        :returns: `None` where one is missing
        :raises _RefusedError: if something else is in the way
        """
        path = directory.rstrip("/")
        for depth, part in enumerate(parents, 1):
            kind = self._entries(path).get(part)
            if kind is None:
                if made is None:
                    return None
                self._make(path, part)
                made.append("/".join(parents[:depth]))
            elif kind != "dir":
                raise _RefusedError(f"{part} in {path} is no directory")
            path = f"{path}/{part}"
        return path

    def _make(self, path: str, name: str) -> None:
        self._client.write(
            f"make the directory {name} in {path}",
            "",
            "Fileman::mkdir",
            lambda: self._entries(path).get(name) == "dir",
            lambda: self._client.ask_api2(
                "Fileman::mkdir", path=path, name=name, permissions="0755"
            ),
        )

    def _entries(self, directory: str) -> Mapping[str, str]:
        """What is in a directory, hidden files too: names, and ``file``, ``dir`` or ``link``."""
        return self._client.read_as(
            f"list {directory}", "Fileman::list_files", _entries, dir=directory, show_hidden="1"
        )

    def _content(self, directory: str, name: str) -> str:
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


def _clause(error: errors.PluginError) -> str:
    return str(error).rstrip(".")
