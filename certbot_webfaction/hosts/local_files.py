"""Files on this machine."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from certbot import errors

from certbot_webfaction.panel.files import (
    File,
    Files,
    PlacedFile,
    PlacingError,
    check_path,
    deepest_first,
    new_name,
    split,
)


class LocalFiles(Files):
    """Files on this machine."""

    def place(self, files: Sequence[File], *, replace: bool = False) -> list[PlacedFile]:
        placed: list[PlacedFile] = []
        for file in files:
            check_path(file.directory, file.path)
            placed.append(PlacedFile(file.directory, file.path))
            try:
                _place(file, replace, placed[-1].made)
            except OSError as error:
                raise PlacingError(file, error.strerror or str(error), placed) from error
        return placed

    def remove(self, placed: Sequence[PlacedFile]) -> list[tuple[PlacedFile, str]]:
        failed = []
        for file in placed:
            check_path(file.directory, file.path)
            parents, name = split(file.path)
            try:
                with _enter(file.directory, parents) as directory:
                    _unlink(directory, name)
                    _unlink(directory, new_name(name))
            except (FileNotFoundError, NotADirectoryError, _RefusedError):
                pass  # the way to it is gone, and the file with it
            except OSError as error:
                failed.append((file, error.strerror or str(error)))
        for app, path in deepest_first(placed):
            parents, name = split(path)
            # not empty, or replaced by something else: then it is no longer ours to remove
            with (
                contextlib.suppress(OSError),
                _enter(app, parents) as directory,
            ):
                os.rmdir(name, dir_fd=directory)
        return failed

    def read(self, directory: str, path: str) -> str | None:
        check_path(directory, path)
        parents, name = split(path)
        try:
            with _enter(directory, parents) as handle:
                return _read(handle, name)
        except (FileNotFoundError, NotADirectoryError, _RefusedError):
            return None
        except OSError as error:
            raise errors.PluginError(
                f"{path} in {directory} can't be read: {error.strerror or error}."
            ) from error

    def listing(self, directory: str) -> list[str]:
        try:
            return sorted(os.listdir(directory))  # noqa: PTH208 - names are wanted, not paths
        except FileNotFoundError:
            return []
        except OSError as error:
            raise errors.PluginError(
                f"{directory} can't be read: {error.strerror or error}."
            ) from error


def _place(file: File, replace: bool, made: list[str]) -> None:
    try:
        _put(file, replace, made)
    except FileNotFoundError:
        # A doctor that runs now takes the directories that it made away, empty as they are.
        _put(file, replace, made)


def _put(file: File, replace: bool, made: list[str]) -> None:
    parents, name = split(file.path)
    with _enter(file.directory, parents, made) as directory:
        if not replace and not _same(directory, name, file.content):
            raise _RefusedError("there is something else of that name")
        _write(directory, name, file.content)


class _RefusedError(OSError):
    """What we do not do ourselves; its text says why."""


@contextlib.contextmanager
def _enter(app: str, parents: Sequence[str], made: list[str] | None = None) -> Iterator[int]:
    """Open a directory below an app's; with ``made``, make and note there what is missing.

    Symlinks are resolved first, and every step on the resolved path refuses them, so that one
    that is planted meanwhile is not followed.
    """
    root = os.path.realpath(app)
    real = os.path.realpath(os.path.join(app, *parents))  # noqa: PTH118 - goes with realpath
    if os.path.commonpath([root, real]) != root:
        raise _RefusedError("a symlink leads out of the app's directory there")
    flags = os.O_RDONLY | os.O_DIRECTORY
    handle = os.open(root, flags)
    try:
        at = PurePosixPath()
        for part in PurePosixPath(real).relative_to(root).parts:
            at /= part
            try:
                below = os.open(part, flags | os.O_NOFOLLOW, dir_fd=handle)
            except FileNotFoundError:
                if made is None:
                    raise
                os.mkdir(part, dir_fd=handle)
                made.append(str(at))
                below = os.open(part, flags | os.O_NOFOLLOW, dir_fd=handle)
                os.fchmod(below, 0o755)
            os.close(handle)
            handle = below
        yield handle
    finally:
        os.close(handle)


def _write(directory: int, name: str, content: str) -> None:
    new = new_name(name)
    _unlink(directory, new)  # a killed run may have left it
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(new, flags, dir_fd=directory), "wb") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(content.encode())
    try:
        os.rename(new, name, src_dir_fd=directory, dst_dir_fd=directory)
    except OSError:
        _unlink(directory, new)
        raise


def _unlink(directory: int, name: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=directory)


def _read(directory: int, name: str) -> str | None:
    try:
        if not stat.S_ISREG(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
            return None
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=directory)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as file:
        return file.read().decode("utf-8", "replace")


def _same(directory: int, name: str, content: str) -> bool:
    """Whether there is nothing of that name, or just this content."""
    try:
        os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return True
    return _read(directory, name) == content
