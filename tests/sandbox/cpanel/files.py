"""The home directory as Fileman lets a client see and change it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.sandbox.cpanel.errors import PanelError


class Home:
    """The files below one home directory; paths are absolute or relative to it."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def path(self, text: str) -> Path:
        """Where a path leads; never out of the home directory."""
        path = (self._home / text).resolve()
        if path != self._home.resolve() and self._home.resolve() not in path.parents:
            raise PanelError(f"You do not have permission to access “{text}”.")
        return path

    def existing_directory(self, text: str) -> Path:
        """A directory that is there."""
        path = self.path(text)
        if not path.is_dir():
            raise PanelError(f"The directory “{path}” does not exist.")
        return path

    def existing_file(self, directory: str, name: str) -> Path:
        """A file that is there."""
        path = self.path(str(self.path(directory) / name))
        if not path.is_file():
            raise PanelError(f"The file “{path}” does not exist.")
        return path

    def save(self, directory: str, name: str, content: str) -> Path:
        """Make or replace a file in a directory that exists."""
        if not name or "/" in name:
            raise PanelError(f"“{name}” is not a valid file name.")
        path = self.existing_directory(directory) / name
        path.write_text(content, newline="")
        path.chmod(0o644)
        return path

    def make_directory(self, parent: str, name: str, permissions: str) -> Path:
        """Make one directory in another that exists."""
        path = self.path(str(self.path(parent) / name))
        if path.exists():
            raise PanelError("directory already exists")
        if not path.parent.is_dir():
            raise PanelError("No such file or directory")
        path.mkdir()
        path.chmod(int(permissions or "0755", 8))
        return path

    def remove(self, text: str) -> Path:
        """Remove a file, or a directory with all that is in it."""
        path = self.path(text)
        if path == self._home.resolve() or not path.exists():
            raise PanelError(f"“{text}” does not exist.")
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
        return path

    @contextmanager
    def temporary_file(self, directory: Path, name: str) -> Iterator[Path]:
        """A place for a file, whose directories are made and removed as needed."""
        new = [each for each in (directory, *directory.parents) if not each.exists()]
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / name
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)
            for made in new:
                made.rmdir()


def described(path: Path) -> dict[str, Any]:
    """A file or directory as it is listed; recorded: an empty file's size is ``""``."""
    status = path.lstat()
    kind = "link" if path.is_symlink() else "dir" if path.is_dir() else "file"
    return {
        "file": path.name,
        "fullpath": str(path),
        "type": kind,
        "nicemode": f"{status.st_mode & 0o7777:04o}",
        "size": status.st_size or "",
        "ctime": int(status.st_ctime),
        "mtime": int(status.st_mtime),
    }
